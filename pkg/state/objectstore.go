package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/clock"
	"github.com/polyplan/polyplan/pkg/fault"
)

// ObjectStore keeps a state in objects; see OnObjects. Its methods may be called
// from several goroutines.
type ObjectStore struct {
	// Warn, if set, is told what did not go as it should without being an error.
	// Set it before the first use.
	Warn func(text string)
	// Codec, if set, seals generations and journal. Set it before the first use.
	Codec Codec
	// Address, if set, is what --state has to say in the commands that messages
	// tell; see Command. Set it before the first use.
	Address string
	// Lease is how long a lock stands without a sign of life. Set it before the
	// first use; the default is LeaseDefault.
	Lease time.Duration

	place   string
	objects Objects
	keep    int64
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error

	mu      sync.Mutex
	held    *lease         // nil while the lock is not held
	watched watch          // whose lock was seen, since when
	journal *objectJournal // nil while none is open
	seen    identity       // what was last loaded or saved here
	seenLog logMark        // and with it what of which journal
}

// LeaseDefault is the Lease of a store that has no other.
const LeaseDefault = time.Minute

// OnObjects is the store that keeps a state in objects, which it closes with
// itself. The place is what people call it; it must not hold a password. Of old
// generations the last keep stay, the same number for all who share the place.
//
// No object is ever written twice:
//
//	generations/000000000042        a generation
//	journal/000000000042/00000007   a batch of records of a run that began from it
//	lock/000000000007               the lock: a claim, a sign of life, or its end
//
// The next of each row is created only where none is, so of two writers one
// wins, whatever became of locks and clocks. A save first takes the next place
// in the journal of the old generation: from then on no run that began from it
// can note what it is about to do, and so it sends nothing more. Journals go
// with their generations, so that one that got lost can be rebuilt.
func OnObjects(place string, objects Objects, keep int) *ObjectStore {
	return &ObjectStore{Lease: LeaseDefault, place: place, objects: objects, keep: int64(keep), now: time.Now, sleep: clock.Sleep}
}

// Close gives up what is held open. A lock that is held stays.
func (o *ObjectStore) Close() error { return o.objects.Close() }

func (o *ObjectStore) warn(format string, args ...any) {
	if o.Warn != nil {
		o.Warn(fmt.Sprintf(format, args...))
	}
}

const (
	generationsPrefix = "generations/"
	journalPrefix     = "journal/"
	lockPrefix        = "lock/"
)

func generationObject(serial int64) string { return fmt.Sprintf("%s%012d", generationsPrefix, serial) }
func journalDir(serial int64) string       { return fmt.Sprintf("%s%012d/", journalPrefix, serial) }
func batchObject(serial, batch int64) string {
	return fmt.Sprintf("%s%08d", journalDir(serial), batch)
}
func lockObject(n int64) string { return fmt.Sprintf("%s%012d", lockPrefix, n) }

// row lists the numbers of a row of objects, in order.
func (o *ObjectStore) row(ctx context.Context, prefix string) ([]int64, error) {
	items, err := o.objects.List(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", strings.TrimSuffix(prefix, "/"), err)
	}
	var out []int64
	for _, item := range items {
		if n, err := strconv.ParseInt(strings.TrimPrefix(item.Name, prefix), 10, 64); err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

func last(row []int64) int64 {
	if len(row) == 0 {
		return 0
	}
	return row[len(row)-1]
}

// looks is how often inspect looks at what seems to be damaged, at first within
// firstLook, and then after twice the time before.
const (
	looks     = 4
	firstLook = 50 * time.Millisecond
)

// inspect reads the newest generation and its journal. Like that of a FileStore
// it takes no lock, and believes what looks wrong only when it stands still. Not
// every server that is said to speak S3 lists an object as soon as it was written,
// or only once it can be read, so that is given a moment.
func (o *ObjectStore) inspect(ctx context.Context) (*stored, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	kept, err := o.row(ctx, generationsPrefix)
	var batches []int64 // of the journal, when it last looked damaged
	for look := 1; err == nil; {
		s, damaged := o.read(ctx, kept)
		var now []int64
		if now, err = o.row(ctx, generationsPrefix); err != nil {
			break
		}
		if last(now) != last(kept) {
			kept = now
			continue
		}
		if passing(damaged) && !slices.Equal(batches, s.batches) {
			batches = s.batches
			continue
		}
		if passing(damaged) && look < looks {
			err = o.sleep(ctx, firstLook<<(look-1))
			look++
			continue
		}
		return s, o.explain(damaged)
	}
	return nil, err
}

// passing reports whether an error may be gone at a second look: something was
// listed and is not there, or the other way round.
func passing(err error) bool {
	var d *DamagedError
	if errors.As(err, &d) {
		return d.Damage == BadJournal || d.Damage == Missing
	}
	return errors.Is(err, fs.ErrNotExist)
}

// read is one attempt at inspect. It gives what it found along with the error.
func (o *ObjectStore) read(ctx context.Context, kept []int64) (*stored, error) {
	s := &stored{sealing: sealing{o.Codec}, kept: kept}
	at := last(kept)
	if at == 0 {
		if err := o.nothingElse(ctx); err != nil {
			return s, err
		}
	} else {
		var err error
		if s.content, err = o.generation(ctx, at); err != nil {
			return s, err
		}
		s.identity = identify(s.content)
	}
	var err error
	if s.logText, s.batches, err = o.readJournal(ctx, at, false); err != nil {
		return s, err
	}
	if s.logText == nil {
		return s, nil
	}
	return s, s.readLog()
}

// generation reads one and checks that it is what it is called.
func (o *ObjectStore) generation(ctx context.Context, serial int64) ([]byte, error) {
	raw, err := o.objects.Get(ctx, generationObject(serial))
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", serial, err)
	}
	content, err := sealing{o.Codec}.open(raw)
	if err == nil {
		err = verify(content)
	}
	if err == nil && identify(content).serial != serial {
		err = damage(content, fmt.Sprintf("it is kept as generation %d and says that it is %d", serial, identify(content).serial))
	}
	return content, err
}

// nothingElse makes sure that no generations means that there never were any.
func (o *ObjectStore) nothingElse(ctx context.Context) error {
	items, err := o.objects.List(ctx, journalPrefix)
	if err != nil {
		return err
	}
	for _, item := range items {
		if name := path.Dir(item.Name) + "/"; name != journalDir(0) {
			return &DamagedError{Damage: Missing, What: "the state is missing, yet a run that started from it left a journal at " + path.Dir(item.Name)}
		}
	}
	return nil
}

// explain completes an error with the place and the next step.
func (o *ObjectStore) explain(err error) error {
	var d *DamagedError
	var n *NewerFormatError
	switch {
	case errors.As(err, &n):
		n.Path = o.place
	case errors.As(err, &d):
		d.Path = o.place
		d.Fix = "to put together what is left: " + Command(o.Address, "state", "recover")
	}
	return err
}

// Load implements Store.
func (o *ObjectStore) Load(ctx context.Context) (*State, error) {
	found, err := o.inspect(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	s, err := found.state()
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", o.explain(err))
	}
	o.mu.Lock()
	o.seen, o.seenLog = found.identity, found.mark()
	o.mu.Unlock()
	return s, nil
}

// Save implements Store.
func (o *ObjectStore) Save(ctx context.Context, s *State) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.locked(ctx, func() error { return o.save(ctx, s) }); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

// locked does something while the lock is held.
func (o *ObjectStore) locked(ctx context.Context, do func() error) error {
	if err := o.borrow(ctx); err != nil {
		return err
	}
	defer func() { // also after a panic: else the lock would stand until its lease ends
		if err := o.release(); err != nil {
			o.warn("freeing the lock: %v", err)
		}
	}()
	return do()
}

func (o *ObjectStore) save(ctx context.Context, s *State) error {
	// From here on the journal would be that of an older generation.
	if o.journal != nil {
		o.seenLog = o.journal.stop()
	}
	found, err := o.fence(ctx, s)
	if err != nil {
		return err
	}
	next := *s
	next.Serial = found.serial + 1
	if err := o.write(ctx, found, &next); err != nil {
		return err
	}
	s.Serial, s.CutShort = next.Serial, false
	return nil
}

// fence refuses to go on when what is stored is not what s was loaded from.
func (o *ObjectStore) fence(ctx context.Context, s *State) (*stored, error) {
	found, err := o.inspect(ctx)
	if err != nil {
		return nil, err
	}
	if err := fence(o.place, found, s, o.seen, o.seenLog); err != nil {
		return nil, err
	}
	if len(found.kept) == 0 && len(found.batches) == 0 {
		return found, o.probe(ctx)
	}
	return found, nil
}

// write makes s the next generation after what was found.
func (o *ObjectStore) write(ctx context.Context, found *stored, s *State) error {
	content, sealed, err := found.encode(s)
	if err != nil {
		return err
	}
	if err := o.held.alive(ctx); err != nil {
		return err
	}
	if err := fault.Around("generation.end", func() error { return o.closeJournal(ctx, found, s) }); err != nil {
		return o.overtaken(ctx, s, err)
	}
	if err := fault.Around("generation.create", func() error { return o.create(ctx, generationObject(s.Serial), sealed) }); err != nil {
		return o.overtaken(ctx, s, err)
	}
	kept, err := o.row(ctx, generationsPrefix)
	if err != nil {
		return fmt.Errorf("making sure that generation %d is the newest: %w", s.Serial, err)
	}
	if !o.follows(kept, s.Serial) {
		return o.overtaken(ctx, s, fs.ErrExist)
	}
	o.seen, o.seenLog = identify(content), logMark{}
	o.prune(ctx, kept)
	return nil
}

// follows reports whether the generations after serial, if others have added
// any, were made from it. Where one is missing, or so many were made that those
// from back then are no longer kept, serial was written by one who slept.
func (o *ObjectStore) follows(kept []int64, serial int64) bool {
	newest := last(kept)
	if newest >= serial+o.keep {
		return false
	}
	for n := serial; n <= newest; n++ {
		if _, ok := slices.BinarySearch(kept, n); !ok {
			return false
		}
	}
	return true
}

// overtaken turns the loss of a race into a conflict.
func (o *ObjectStore) overtaken(ctx context.Context, s *State, err error) error {
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	conflict := &ConflictError{Path: o.place, Lineage: s.Lineage, Serial: s.Serial - 1,
		StoredLineage: s.Lineage, StoredSerial: s.Serial - 1, StoredModified: true}
	if found, err := o.inspect(ctx); err == nil && found.lineage != "" {
		conflict.StoredLineage, conflict.StoredSerial = found.lineage, found.serial
		conflict.StoredModified = found.serial == s.Serial-1
	}
	return conflict
}

// prune removes generations beyond those that are kept, and their journals. Its
// failures are no failure of the save, and the next save makes up for them.
func (o *ObjectStore) prune(ctx context.Context, kept []int64) {
	newest := last(kept)
	for _, serial := range kept {
		if serial > newest-o.keep {
			break
		}
		batches, err := o.objects.List(ctx, journalDir(serial))
		if err == nil {
			old := []string{generationObject(serial)}
			for _, item := range batches {
				old = append(old, item.Name)
			}
			err = o.objects.Delete(ctx, old...)
		}
		if err != nil {
			o.warn("the state is saved, but removing its old generation %d failed: %v", serial, err)
			return
		}
	}
}

var _ Store = (*ObjectStore)(nil)
