package state

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// fileJournal appends to a file whose room was written and synced before. The
// callers that come while a sync is under way share the next one.
type fileJournal struct {
	store *FileStore
	file  file

	mu     sync.Mutex // guards what follows
	err    error      // no more records
	log    logWriter
	synced int64  // durable up to here
	at     int64  // the next record goes here
	size   int64  // of the room
	batch  *batch // gathering

	io     sync.Mutex // held while the file is written; before mu
	closed bool
}

// batch is what goes into the file with one write and one sync.
type batch struct {
	lines []byte
	start int64
	done  bool
	err   error
}

// Intend implements Journal.
func (j *fileJournal) Intend(ctx context.Context, in Intent) error {
	return noteIntent(ctx, in, j.add)
}

// Outcome implements Journal.
func (j *fileJournal) Outcome(_ context.Context, out Outcome) error {
	return noteOutcome(out, j.add)
}

// add makes a record durable.
func (j *fileJournal) add(r record, op string) error {
	mine, missing, err := j.append(r, op)
	for missing > 0 && err == nil {
		if err = j.grow(missing); err == nil {
			mine, missing, err = j.append(r, op)
		}
	}
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

// append puts a record into the batch that is gathering, or says how much room
// is missing. For an intent there must be room for its outcome too and for
// those of all open ones: a disk that fills up must stop requests, not the
// record of what they did.
func (j *fileJournal) append(r record, op string) (mine *batch, missing int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return nil, 0, j.err
	}
	text, err := j.log.frame(r, op, j.synced)
	if err != nil {
		return nil, 0, err
	}
	need := j.at + int64(len(text))
	if r.Intent != nil {
		need += int64(len(j.log.open)+1) * j.share()
	}
	if need >= j.size { // never quite full, see journalLog.checkEnd
		return nil, need + 1 - j.size, nil
	}
	j.log.wrote(r, op)
	j.at += int64(len(text))
	j.batch.lines = append(j.batch.lines, text...)
	return j.batch, 0, nil
}

// share is the room kept for the outcome of each open intent.
func (j *fileJournal) share() int64 { return j.store.chunk / 8 }

// flush writes the batch that is gathering. The caller holds io.
func (j *fileJournal) flush() {
	j.mu.Lock()
	b := j.batch
	j.batch = &batch{start: b.start + int64(len(b.lines))}
	err := j.err
	j.mu.Unlock()
	if err == nil {
		if _, err = j.file.WriteAt(b.lines, b.start); err == nil {
			err = j.file.Sync()
		}
	}
	b.done, b.err = true, err
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		// A second sync may report success for what the first one lost.
		j.fail(err)
		return
	}
	j.synced = b.start + int64(len(b.lines))
}

func (j *fileJournal) fail(err error) {
	if j.err == nil {
		j.err = fmt.Errorf("the journal takes no more records: %w", err)
	}
}

// grow adds room, synced before any record uses it.
func (j *fileJournal) grow(missing int64) error {
	j.io.Lock()
	defer j.io.Unlock()
	j.mu.Lock()
	from, err := j.size, j.err
	j.mu.Unlock()
	if err != nil {
		return err
	}
	to := roundUp(from+missing, j.store.chunk)
	if _, err := j.file.WriteAt(make([]byte, to-from), from); err != nil {
		return fmt.Errorf("making room in the journal: %w", err)
	}
	err = j.file.Sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.fail(err)
		return j.err
	}
	j.size = to
	return nil
}

// stop ends the taking of records, after those that are under way.
func (j *fileJournal) stop() logMark {
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
		mark.end = -1 // what of it reached the disk is not known
	}
	if j.err == nil {
		j.err = ErrJournalClosed
	}
	return mark
}

// Close implements Journal.
func (j *fileJournal) Close() error {
	f := j.store
	f.mu.Lock()
	defer f.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	mark := j.stop()
	if f.seenLog.id == j.log.id { // not if a save has ended it
		f.seenLog = mark
	}
	f.journal = nil
	return errors.Join(j.file.Close(), remove(f.sys, f.held.spare()), f.release())
}
