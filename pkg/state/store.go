package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Store keeps one state. Its methods may be called from several goroutines.
type Store interface {
	// Load reads the state and replays its journal; where there is none it gives
	// a new one with Serial 0. It takes no lock and writes nothing.
	// Errors: *DamagedError, *NewerFormatError.
	Load(ctx context.Context) (*State, error)

	// Save makes s the next generation and raises s.Serial. It refuses with a
	// *ConflictError when what is stored is not what s was loaded from, and with a
	// *LockedError when another run holds the lock. After an error the old
	// generation is whole and s is as it was. When it returns nil the new
	// generation is durable and the journal of the old one is gone; a Journal that
	// is still open takes no more records.
	Save(ctx context.Context, s *State) error

	// Lock asks for the lock and refuses with a *LockedError when it is held.
	// See LockWait.
	Lock(ctx context.Context, who Holder) (Lock, error)

	// Journal opens the journal of s, which must be what is stored (else:
	// *ConflictError). A journal of s that is there already is continued. It
	// reserves room for the run's records and for the next generation and proves
	// that they can be written: after an error nothing may be sent.
	Journal(ctx context.Context, s *State) (Journal, error)
}

// Journal is the append-only record of one run's steps. Its methods may be
// called from many goroutines at once, which then share the cost of a sync.
// After an error of the medium every further Intend fails.
type Journal interface {
	// Intend returns nil once the intent is durable. It refuses when ctx is done.
	Intend(ctx context.Context, in Intent) error
	// Outcome returns nil once the outcome is durable. It does not heed a ctx that
	// is done: what happened has happened.
	Outcome(ctx context.Context, out Outcome) error
	// Close gives up what the journal holds open. The records stay.
	Close() error
}

// Lock is a lock that is held.
type Lock interface {
	// Unlock frees it. A second call does nothing.
	Unlock() error
}

// Holder says who holds a lock, for people to read.
type Holder struct {
	Who     string    `json:"who"` // a user, or a job of a pipeline
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Command string    `json:"command"` // "polyplan apply"
	Since   time.Time `json:"since"`   // filled in by the store if zero
}

// String is one line, as "ada on build-3 (pid 71, polyplan apply)".
func (h Holder) String() string {
	if h == (Holder{}) {
		return "another run"
	}
	who := h.Who
	if who == "" {
		who = "someone"
	}
	if h.Host != "" {
		who += " on " + h.Host
	}
	var more []string
	if h.PID != 0 {
		more = append(more, fmt.Sprintf("pid %d", h.PID))
	}
	if h.Command != "" {
		more = append(more, h.Command)
	}
	if len(more) > 0 {
		who += " (" + strings.Join(more, ", ") + ")"
	}
	return who
}

// LockWait asks for the lock until it gets it, wait has passed, or ctx is done.
// Before it starts to wait it calls notify, if not nil, once for each holder.
// When it gives up it returns the last *LockedError, also when ctx ended.
func LockWait(ctx context.Context, store Store, who Holder, wait time.Duration, notify func(*LockedError)) (Lock, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	told := map[Holder]bool{}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		lock, err := store.Lock(ctx, who)
		var held *LockedError
		if err == nil || wait <= 0 || !errors.As(err, &held) {
			return lock, err
		}
		if notify != nil && !told[held.Holder] {
			notify(held)
			told[held.Holder] = true
		}
		select {
		case <-time.After(pause):
		case <-deadline.C:
			return nil, err
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock: %w", errors.Join(context.Cause(ctx), err))
		}
	}
}
