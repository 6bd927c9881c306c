package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

// flushTime is how long a batch may take to be written, all attempts together.
const flushTime = 2 * time.Minute

// readJournal puts together the text of the journal of a generation, as it would
// lie in a file: the header of its first batch, then the records of all. It is
// nil where there is no batch. Along with an error it gives what precedes the
// damage; to salvage what there is, also what follows it.
func (o *ObjectStore) readJournal(ctx context.Context, serial int64, salvage bool) (text []byte, batches []int64, err error) {
	if batches, err = o.row(ctx, journalDir(serial)); err != nil || len(batches) == 0 {
		return nil, nil, err
	}
	var id string
	var damaged error // what is wrong first
	next := int64(0)
	for _, n := range batches {
		b, err := o.objects.Get(ctx, batchObject(serial, n))
		if err != nil {
			return nil, batches, fmt.Errorf("reading the journal: %w", err)
		}
		header, records, err := (sealing{o.Codec}).readBatch(b)
		if err != nil {
			err = fmt.Errorf("batch %d: %w", n, err)
		}
		switch {
		case fatal(err):
			return finished(text), batches, err
		case n != next:
			err = badJournal("its batch %d is missing", next)
		case err == nil && id != "" && header.ID != id:
			err = badJournal("its batch %d belongs to another journal", n)
		}
		if next = n + 1; damaged == nil {
			damaged = err
		}
		switch {
		case damaged != nil && !salvage:
			return finished(text), batches, damaged
		case header.ID == "" || id != "" && header.ID != id:
		case id == "":
			id = header.ID
			text = append(text, b...)
		default:
			text = append(text, records...)
		}
	}
	return finished(text), batches, damaged
}

// finished ends the text of a journal as in a file, where NULs follow.
func finished(text []byte) []byte {
	if text == nil {
		return nil
	}
	return append(text, 0)
}

// readBatch checks that a batch is whole and splits off its header, which is zero if
// it cannot be read.
func (x sealing) readBatch(b []byte) (header journalHeader, records []byte, err error) {
	payload, size, ok := unframe("", b)
	if !ok {
		return header, nil, badJournal("its first record is damaged")
	}
	if payload, err = x.openRecord(payload); fatal(err) {
		return header, nil, err
	} else if err != nil {
		return header, nil, badJournal("%v", err)
	}
	log := &journalLog{}
	if err := log.readHeader(payload); err != nil {
		return header, nil, err
	}
	records = b[size:]
	for at := 0; at < len(records); at += size {
		if _, size, ok = unframe(log.header.ID, records[at:]); !ok {
			return log.header, records, badJournal("the record at byte %d is damaged", at)
		}
	}
	return log.header, records, nil
}

// batchHeader begins every batch of a run, a line that nobody else would write.
func (o *ObjectStore) batchHeader(found *stored, s *State) (logWriter, []byte, error) {
	w, h := resume(found, s)
	h.Writer = newID()
	line, err := w.line("", h)
	return w, line, err
}

// closeJournal takes the next place in the journal of the generation that s is
// about to replace.
func (o *ObjectStore) closeJournal(ctx context.Context, found *stored, s *State) error {
	old := *s
	old.Serial = last(found.kept)
	if found.lineage != "" {
		old.Lineage = found.lineage
	}
	_, header, err := o.batchHeader(found, &old)
	if err != nil {
		return err
	}
	return o.create(ctx, batchObject(last(found.kept), int64(len(found.batches))), header)
}

// objectJournal is the journal of one run. Callers that come while a batch is
// being written share the next one, so that it costs a request for each ready
// set of steps and not for each step.
type objectJournal struct {
	store  *ObjectStore
	lease  *lease
	serial int64
	header []byte // of every batch

	mu     sync.Mutex // guards what follows
	err    error      // no more records
	log    logWriter
	synced int64  // the text is durable up to here
	batch  *batch // gathering

	io     sync.Mutex // held while a batch is written; before mu
	next   int64      // the number of the next batch
	closed bool
}

// Journal implements Store. The journal holds the lock until it is closed.
func (o *ObjectStore) Journal(ctx context.Context, s *State) (Journal, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.journal != nil {
		return nil, errors.New("opening the journal: this store has one open already")
	}
	if err := o.borrow(ctx); err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j, err := o.openJournal(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", errors.Join(err, o.release()))
	}
	o.journal = j
	return j, nil
}

// openJournal writes a first batch without records. After that either nobody
// has saved over the generation yet, and nobody can without seeing the batch; or
// somebody has, and this run stops here.
func (o *ObjectStore) openJournal(ctx context.Context, s *State) (*objectJournal, error) {
	found, err := o.fence(ctx, s)
	if err != nil {
		return nil, err
	}
	w, header, err := o.batchHeader(found, s)
	if err != nil {
		return nil, err
	}
	first := int64(len(found.batches))
	j := &objectJournal{store: o, lease: o.held, serial: found.serial, header: header, log: w, next: first + 1}
	if j.synced = int64(len(header)); found.log != nil {
		j.synced = int64(found.log.end)
	}
	j.batch = &batch{start: j.synced}
	next := *s
	next.Serial++ // as if it were saved
	if err := o.create(ctx, batchObject(j.serial, first), header); err != nil {
		return nil, o.overtaken(ctx, &next, err)
	}
	kept, err := o.row(ctx, generationsPrefix)
	if err != nil {
		return nil, err
	}
	if last(kept) != j.serial {
		return nil, o.overtaken(ctx, &next, fs.ErrExist)
	}
	o.seenLog = logMark{id: w.id, end: -1}
	return j, nil
}

// Intend implements Journal.
func (j *objectJournal) Intend(ctx context.Context, in Intent) error {
	return noteIntent(ctx, in, j.add)
}

// Outcome implements Journal.
func (j *objectJournal) Outcome(_ context.Context, out Outcome) error {
	return noteOutcome(out, j.add)
}

// add makes a record durable.
func (j *objectJournal) add(r record, op string) error {
	mine, err := j.append(r, op)
	if err != nil {
		return err
	}
	j.io.Lock()
	defer j.io.Unlock()
	if !mine.done {
		j.flush()
	}
	return mine.err
}

func (j *objectJournal) append(r record, op string) (*batch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return nil, j.err
	}
	text, err := j.log.frame(r, op, j.synced)
	if err != nil {
		return nil, err
	}
	j.log.wrote(r, op)
	j.batch.lines = append(j.batch.lines, text...)
	return j.batch, nil
}

// flush writes the batch that is gathering. The caller holds io.
func (j *objectJournal) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	// Before the batch is taken, so that whoever comes meanwhile still gets into it.
	err := j.lease.alive(ctx)
	j.mu.Lock()
	b := j.batch
	j.batch = &batch{start: b.start + int64(len(b.lines))}
	if j.err != nil {
		err = j.err
	}
	j.mu.Unlock()
	if err == nil {
		err = j.store.create(ctx, batchObject(j.serial, j.next), bytes.Join([][]byte{j.header, b.lines}, nil))
		if errors.Is(err, fs.ErrExist) {
			err = &LockLostError{"another run has taken over: it wrote to the journal or saved the state"}
		}
		if err == nil { // who slept while it was written must send nothing on the strength of it
			err = j.lease.alive(ctx)
		}
	}
	b.done, b.err = true, err
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		if j.err == nil {
			j.err = fmt.Errorf("the journal takes no more records: %w", err)
		}
		return
	}
	j.next++
	j.synced = j.batch.start
}

// stop ends the taking of records, after those that are under way.
func (j *objectJournal) stop() logMark {
	j.io.Lock()
	defer j.io.Unlock()
	j.mu.Lock()
	pending := len(j.batch.lines) > 0
	j.mu.Unlock()
	if pending {
		j.flush()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	mark := logMark{id: j.log.id, end: j.synced}
	if j.err != nil && !errors.Is(j.err, ErrJournalClosed) {
		mark.end = -1 // what of it was written is not known
	}
	if j.err == nil {
		j.err = ErrJournalClosed
	}
	return mark
}

// Close implements Journal.
func (j *objectJournal) Close() error {
	o := j.store
	o.mu.Lock()
	defer o.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	mark := j.stop()
	if o.seenLog.id == mark.id { // not if a save has ended it
		o.seenLog = mark
	}
	o.journal = nil
	return o.release()
}
