package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Memory keeps a state in memory, for tests. It behaves as a FileStore does,
// down to what its formats keep and drop, and can be made to fail.
type Memory struct {
	// Fault, if set, is asked before every operation and makes it fail by
	// returning an error. The operations are "load", "save", "lock", "unlock",
	// "journal", "intend", "outcome" and "close". Set it before the first use.
	Fault func(op string) error

	shared  *memory
	dead    bool
	held    int // uses of the lock by this handle
	journal *memoryJournal
	seen    identity
	seenLog logMark
}

// memory is what the handles of one store share. Its mutex guards them too.
type memory struct {
	sync.Mutex
	content []byte // nil while there is no state
	journal []byte // nil while there is no journal
	holder  *Holder
}

// NewMemory is an empty store.
func NewMemory() *Memory { return &Memory{shared: &memory{}} }

// Another is the same store as another process would have it open.
func (m *Memory) Another() *Memory { return &Memory{shared: m.shared} }

// Kill ends the handle as death would its process: its lock is free, what it
// has not made durable is lost, and every later call fails.
func (m *Memory) Kill() {
	m.shared.Lock()
	defer m.shared.Unlock()
	m.dead = true
	if m.held > 0 {
		m.held, m.shared.holder = 0, nil
	}
}

// Bytes are the stored state and journal as they would lie on a disk.
func (m *Memory) Bytes() (state, journal []byte) {
	m.shared.Lock()
	defer m.shared.Unlock()
	return slices.Clone(m.shared.content), slices.Clone(m.shared.journal)
}

// FailAt is a Fault that lets n-1 operations pass and fails the n-th with err.
func FailAt(n int64, err error) func(string) error {
	var count atomic.Int64
	return func(string) error {
		if count.Add(1) == n {
			return err
		}
		return nil
	}
}

var errDead = errors.New("this handle's process is dead")

// enter begins an operation; unless it fails, the caller must unlock shared.
func (m *Memory) enter(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.Fault != nil {
		if err := m.Fault(op); err != nil {
			return err
		}
	}
	m.shared.Lock()
	if m.dead {
		m.shared.Unlock()
		return errDead
	}
	return nil
}

// found is what is stored, as a FileStore finds it.
func (m *Memory) found() (*stored, error) {
	s := &stored{content: m.shared.content, identity: identify(m.shared.content)}
	if s.content != nil {
		if err := verify(s.content); err != nil {
			return nil, err
		}
	}
	if m.shared.journal != nil {
		s.logText = append(slices.Clip(m.shared.journal), 0) // as on a disk, NULs follow
		if err := s.readLog(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context) (*State, error) {
	if err := m.enter(ctx, "load"); err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	defer m.shared.Unlock()
	found, err := m.found()
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	s, err := found.state()
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	m.seen, m.seenLog = found.identity, found.mark()
	return s, nil
}

// Save implements Store.
func (m *Memory) Save(ctx context.Context, s *State) error {
	if err := m.enter(ctx, "save"); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	defer m.shared.Unlock()
	if err := m.save(s); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

func (m *Memory) save(s *State) error {
	if m.held == 0 && m.shared.holder != nil {
		return lockedBy("memory", "", *m.shared.holder, endsWithRun)
	}
	if m.journal != nil {
		m.seenLog = m.journal.stop()
	}
	found, err := m.found()
	if err != nil {
		return err
	}
	if err := fence("memory", found, s, m.seen, m.seenLog); err != nil {
		return err
	}
	next := *s
	next.Serial++
	content, err := Encode(&next)
	if err != nil {
		return err
	}
	s.Serial, s.CutShort = next.Serial, false
	m.shared.content, m.shared.journal = content, nil
	m.seen, m.seenLog = identify(content), logMark{}
	return nil
}

// Lock implements Store.
func (m *Memory) Lock(ctx context.Context, who Holder) (Lock, error) {
	if err := m.enter(ctx, "lock"); err != nil {
		return nil, fmt.Errorf("locking the state: %w", err)
	}
	defer m.shared.Unlock()
	if h := m.shared.holder; h != nil {
		return nil, lockedBy("memory", "", *h, endsWithRun)
	}
	if who.Since.IsZero() {
		who.Since = time.Now().UTC().Truncate(time.Second)
	}
	m.shared.holder = &who
	m.held++
	return &memoryLock{m: m}, nil
}

type memoryLock struct {
	m    *Memory
	done bool
}

// Unlock implements Lock.
func (l *memoryLock) Unlock() error {
	if err := l.m.enter(context.Background(), "unlock"); err != nil {
		return fmt.Errorf("freeing the lock: %w", err)
	}
	defer l.m.shared.Unlock()
	if !l.done {
		l.done = true
		l.m.release()
	}
	return nil
}

func (m *Memory) release() {
	if m.held--; m.held == 0 {
		m.shared.holder = nil
	}
}

// Journal implements Store.
func (m *Memory) Journal(ctx context.Context, s *State) (Journal, error) {
	if err := m.enter(ctx, "journal"); err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	defer m.shared.Unlock()
	j, err := m.openJournal(s)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	return j, nil
}

func (m *Memory) openJournal(s *State) (Journal, error) {
	if m.journal != nil {
		return nil, errors.New("this store has one open already")
	}
	if m.held == 0 && m.shared.holder != nil {
		return nil, lockedBy("memory", "", *m.shared.holder, endsWithRun)
	}
	found, err := m.found()
	if err != nil {
		return nil, err
	}
	if err := fence("memory", found, s, m.seen, m.seenLog); err != nil {
		return nil, err
	}
	log, lines, err := begin(found, s, 0)
	if err != nil {
		return nil, err
	}
	if m.held++; m.shared.holder == nil {
		m.shared.holder = &Holder{}
	}
	m.shared.journal = slices.Clone(lines)
	m.journal = &memoryJournal{m: m, log: log}
	m.seenLog = logMark{id: log.id, end: -1}
	return m.journal, nil
}

var _ Store = (*Memory)(nil)
