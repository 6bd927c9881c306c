package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"sync"
)

// FileStore keeps a state in a file of this machine; see File. Its methods may
// be called from several goroutines.
type FileStore struct {
	// Warn, if set, is told what did not go as it should without being an error,
	// such as a file system without locks. Set it before the first use.
	Warn func(text string)
	// Codec, if set, seals the state and its journal. Set it before the first use.
	Codec Codec
	// Address, if set, is what --state has to say in the commands that messages
	// tell; see Command. Set it before the first use.
	Address string

	path  string
	sys   files
	chunk int64 // the journal grows by
	keep  int   // generations

	mu      sync.Mutex
	held    *heldLock    // nil while the lock is not held
	journal *fileJournal // nil while none is open
	seen    identity     // what was last loaded or saved here
	seenLog logMark      // and with it what of which journal
	unsure  identity     // what a save left that failed too late to be undone
}

// File is the store in the file at path, which need not exist; its directory
// must. A symbolic link stands for what it points to.
//
// The state is replaced, never rewritten: a crash or a loss of power at any
// moment leaves the old generation or the new one. Beside it, in the directory
// .polyplan/<name of the file>/, lie the last ten generations, the journal of a
// run, and its lock. All files are readable by their owner alone.
func File(path string) *FileStore {
	return &FileStore{path: path, sys: disk{}, chunk: journalChunk, keep: generationsKept}
}

func (f *FileStore) warn(format string, args ...any) {
	if f.Warn != nil {
		f.Warn(fmt.Sprintf(format, args...))
	}
}

// identity is what tells one stored content from another.
type identity struct {
	lineage string // "" if nothing is stored
	serial  int64
	sum     string
}

var identityForm = regexp.MustCompile(`\A\{\n  "format_version": [0-9]+,\n  "checksum": "(.{71})",\n  "lineage": "([^"]*)",\n  "serial": ([0-9]+),\n`)

// identify reads the identity off a state's first lines, as they are.
func identify(b []byte) identity {
	b = b[:min(len(b), 4096)]
	m := identityForm.FindSubmatch(toLF(b))
	if m == nil {
		return identity{}
	}
	serial, _ := strconv.ParseInt(string(m[3]), 10, 64)
	return identity{string(m[2]), serial, string(m[1])}
}

// stored is what lies on the disk.
type stored struct {
	layout
	identity
	sealing
	raw     []byte  // the state as it lies there
	content []byte  // and opened
	kept    []int64 // generations
	batches []int64 // of the journal, where it has any
	log     *journalLog
	logText []byte
}

// inspect reads state and journal and checks that they belong together. It
// verifies the checksum of the state but does not take it apart.
//
// It takes no lock, so what it reads may be changing under its hands. Someone
// may save between our reading of the state and of its journal, and then they do
// not fit; or write a record while we read it, and then it looks torn. What
// looks wrong is believed when it stands still.
func (f *FileStore) inspect(ctx context.Context) (*stored, error) {
	var before []byte // the journal, when it last looked damaged
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := f.read()
		if s == nil {
			return nil, err
		}
		again, readErr := readFile(f.sys, s.main)
		if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
			return nil, readErr
		}
		if !bytes.Equal(again, s.raw) {
			continue
		}
		var d *DamagedError
		if errors.As(err, &d) && d.Damage == BadJournal && !bytes.Equal(before, s.logText) {
			before = s.logText
			continue
		}
		return s, err
	}
}

// read is one attempt at inspect. It gives what it found along with the error.
func (f *FileStore) read() (*stored, error) {
	l, err := find(f.sys, f.path)
	if err != nil {
		return nil, err
	}
	s := &stored{layout: l, sealing: sealing{f.Codec}}
	exists := true
	s.raw, err = readFile(f.sys, l.main)
	if errors.Is(err, fs.ErrNotExist) {
		exists, err = false, nil
	}
	if err != nil {
		return nil, err
	}
	if s.kept, err = l.generations(f.sys); err != nil {
		return nil, err
	}
	if s.content, err = s.open(s.raw); err != nil {
		return s, f.explain(s, err)
	}
	s.identity = identify(s.content)
	if exists {
		err := verify(s.content)
		if err == nil && s.lineage == "" {
			err = damage(s.content, "it does not say which state it is")
		}
		if err != nil {
			return s, f.explain(s, err)
		}
	}
	s.logText, err = readFile(f.sys, l.journal())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		if err := s.readLog(); err != nil {
			return s, f.explain(s, err)
		}
	}
	return s, f.explain(s, s.neighbours(f.sys))
}

// readLog reads the journal and drops it if it is older than the state.
func (s *stored) readLog() error {
	log, err := s.sealing.readLog(s.logText)
	switch {
	case log != nil && log.header.Lineage == s.lineage && log.header.Serial < s.serial:
		return nil // its run ended before it could remove it
	case err != nil:
		return err
	case s.lineage == "" && log.header.Serial > 0:
		return &DamagedError{Damage: Missing, What: fmt.Sprintf(
			"the state is missing, yet a run that started from its generation %d left a journal", log.header.Serial)}
	case s.lineage != "" && log.header.Lineage != s.lineage:
		return &DamagedError{Damage: Unrelated, What: "the journal beside the state is of another lineage: another state was put in its place"}
	case log.header.Serial > s.serial:
		return &DamagedError{Damage: Older, What: fmt.Sprintf(
			"the state is generation %d, yet a run that started from generation %d left a journal", s.serial, log.header.Serial)}
	}
	s.log = log
	return nil
}

// neighbours compares the state with the newest of the kept generations.
func (s *stored) neighbours(sys files) error {
	if len(s.kept) == 0 {
		return nil
	}
	newest := s.kept[len(s.kept)-1]
	if s.lineage == "" {
		return &DamagedError{Damage: Missing, What: fmt.Sprintf("the state is missing, yet its generation %d is here", newest)}
	}
	b, err := s.readState(sys, s.generation(newest))
	if fatal(err) && !errors.Is(err, fs.ErrNotExist) { // pruned since
		return err
	}
	other := identify(b)
	switch {
	case other.lineage == s.lineage && newest <= s.serial:
		return nil
	case verify(b) != nil: // a spoiled copy spoils nothing else
		return nil
	case other.lineage != s.lineage:
		return &DamagedError{Damage: Unrelated, What: "the state is of another lineage than the generations beside it: another state was put in its place"}
	case newest > s.serial:
		return &DamagedError{Damage: Older, What: fmt.Sprintf("the state is generation %d, yet generation %d was saved already: an older one was put back", s.serial, newest)}
	}
	return nil
}

// unrelated reports whether another, of which something was found, is of another
// lineage than the state.
func (s *stored) unrelated(other identity) bool {
	return s.lineage != "" && other.lineage != "" && other.lineage != s.lineage
}

// explain completes an error with the place and the next step.
func (f *FileStore) explain(s *stored, err error) error {
	var d *DamagedError
	var n *NewerFormatError
	switch {
	case errors.As(err, &n):
		n.Path = f.path
	case errors.As(err, &d):
		d.Path = f.path
		d.Fix = f.remedy(s, d.Damage)
	}
	return err
}

// Load implements Store.
func (f *FileStore) Load(ctx context.Context) (*State, error) {
	found, err := f.inspect(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	s, err := found.state()
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", f.explain(found, err))
	}
	f.mu.Lock()
	f.seen, f.seenLog = found.identity, found.mark()
	f.mu.Unlock()
	return s, nil
}

// state takes apart what was found and replays the journal.
func (s *stored) state() (*State, error) {
	var out *State
	switch {
	case s.lineage != "":
		var err error
		if out, err = Decode(s.content); err != nil {
			return nil, err
		}
	case s.log != nil:
		out = s.log.header.fresh()
	default:
		return New(), nil
	}
	if s.log != nil {
		if err := replay(out, s.log.steps); err != nil {
			return nil, err
		}
	}
	out.CutShort = len(s.logText) > 0
	return out, nil
}

var _ Store = (*FileStore)(nil)
