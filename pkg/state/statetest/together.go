package statetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

var ada = state.Holder{Who: "ada", Host: "build-3", PID: 71, Command: "polyplan apply"}

func lock(t *testing.T, open func() state.Store) {
	one, two := open(), open()
	held, err := one.Lock(context.Background(), ada)
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []state.Store{one, two} {
		_, err = store.Lock(context.Background(), state.Holder{Who: "bob"})
		var l *state.LockedError
		if !errors.As(err, &l) {
			t.Fatalf("a second Lock: %v, want a *LockedError", err)
		}
		since := l.Holder.Since
		l.Holder.Since = ada.Since
		if l.Holder != ada || since.IsZero() || l.Fix == "" {
			t.Errorf("%+v", l)
		}
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := two.Lock(context.Background(), ada)
	if err != nil {
		t.Fatalf("after Unlock: %v", err)
	}
	if err := held.Unlock(); err != nil { // nothing of his is left to free
		t.Fatal(err)
	}
	if _, err := one.Lock(context.Background(), ada); err == nil {
		t.Error("a second Unlock freed another's lock")
	}
	if err := again.Unlock(); err != nil {
		t.Fatal(err)
	}
}

func saveNeedsLock(t *testing.T, open func() state.Store) {
	one, two := open(), open()
	filled(t, one)
	held, err := one.Lock(context.Background(), ada)
	if err != nil {
		t.Fatal(err)
	}
	s := load(t, two) // reading needs none
	var l *state.LockedError
	if err := two.Save(context.Background(), s); !errors.As(err, &l) {
		t.Errorf("Save while another holds the lock: %v, want a *LockedError", err)
	}
	if _, err := two.Journal(context.Background(), s); !errors.As(err, &l) {
		t.Errorf("Journal while another holds the lock: %v, want a *LockedError", err)
	}
	save(t, one, load(t, one)) // he who holds it saves
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
}

func journalHoldsLock(t *testing.T, open func() state.Store) {
	one, two := open(), open()
	j := journal(t, one, filled(t, one))
	var l *state.LockedError
	if _, err := two.Lock(context.Background(), ada); !errors.As(err, &l) {
		t.Errorf("Lock while a journal is open: %v, want a *LockedError", err)
	}
	if _, err := one.Journal(context.Background(), load(t, one)); err == nil {
		t.Error("a second journal was opened")
	}
	closeJournal(t, j)
	held, err := two.Lock(context.Background(), ada)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// writersAtOnce counts that every save that was acknowledged is there: each
// adds one resource, and none of them is ever lost.
func writersAtOnce(t *testing.T, open func() state.Store) {
	const writers, saves = 16, 2
	var wg sync.WaitGroup
	var generations [writers*saves + 1]atomic.Int32
	for w := range writers {
		wg.Go(func() {
			store := open()
			for i, tries := 0, 0; i < saves; tries++ {
				s, err := store.Load(context.Background())
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				r := Model(fmt.Sprintf("w%d-%d", w, i), "id")
				s.Resources[r.Address] = r
				err = store.Save(context.Background(), s)
				var c *state.ConflictError
				var l *state.LockedError
				switch {
				case err == nil:
					generations[s.Serial].Add(1)
					i++
				case errors.As(err, &c), errors.As(err, &l):
					backOff(tries)
				default:
					t.Errorf("Save: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	got := load(t, open())
	if got.Serial != writers*saves || len(got.Resources) != writers*saves {
		t.Errorf("serial %d, %d resources, want %d of both", got.Serial, len(got.Resources), writers*saves)
	}
	for serial := 1; serial < len(generations); serial++ {
		if n := generations[serial].Load(); n != 1 {
			t.Errorf("generation %d was acknowledged %d times", serial, n)
		}
	}
}

// races lets writers who all loaded the same generation save at once, round after
// round: one of them is acknowledged, and the next round finds what he wrote.
func races(t *testing.T, open func() state.Store) {
	const writers = 16
	rounds := 5
	if trial.IsLong() {
		rounds = 200
	}
	var stores [writers]state.Store
	for w := range stores {
		stores[w] = open()
	}
	a := addr("model.winner")
	lost, last := 0, ""
	for round := range rounds {
		var states [writers]*state.State
		for w, store := range stores {
			s := load(t, store)
			if r := s.Resources[a]; s.Serial != int64(round) || r == nil && last != "" || r != nil && r.ID != last {
				t.Fatalf("round %d begins from %d, %+v; %q was acknowledged", round, s.Serial, r, last)
			}
			s.Resources[a] = &resource.Resource{Address: a, ID: fmt.Sprintf("writer %d of round %d", w, round)}
			states[w] = s
		}
		var won [writers]bool
		var over atomic.Bool
		var wg sync.WaitGroup
		for w, store := range stores {
			wg.Go(func() {
				for tries := 0; ; tries++ {
					err := store.Save(context.Background(), states[w])
					var c *state.ConflictError
					var l *state.LockedError
					switch {
					case errors.As(err, &l) && !over.Load():
						backOff(tries)
						continue
					case err == nil:
						won[w] = true
						over.Store(true)
					case !errors.As(err, &c) && !errors.As(err, &l):
						t.Errorf("Save: %v", err)
					}
					return
				}
			})
		}
		wg.Wait()
		saves := 0
		for w := range writers {
			if won[w] {
				saves++
				last = states[w].Resources[a].ID
			}
		}
		if saves != 1 {
			lost++
			t.Errorf("round %d: %d saves were acknowledged", round, saves)
		}
	}
	s := load(t, open())
	if s.Serial != int64(rounds) || s.Resources[a].ID != last {
		lost++
		t.Errorf("ends with %d, %+v; %q was acknowledged", s.Serial, s.Resources[a], last)
	}
	trial.None(t, fmt.Sprintf("lost generations: %d rounds of %d racing writers (%s)", rounds, writers,
		strings.TrimPrefix(path.Dir(t.Name()), "Test")), lost)
}

// backOff waits before another try, so that who has the lock gets on with it.
func backOff(tries int) { time.Sleep(rand.N(time.Millisecond << min(tries, 6))) }

// readersAtOnce checks that readers never see less than what was acknowledged
// before they began, nor anything torn, while a run goes on.
func readersAtOnce(t *testing.T, open func() state.Store) {
	store := open()
	s := filled(t, store)
	var acknowledged atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			reader := open()
			for {
				select {
				case <-done:
					return
				default:
				}
				atLeast := acknowledged.Load()
				got, err := reader.Load(context.Background())
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				if n := int64(len(got.Resources)); n < 2+atLeast {
					t.Errorf("%d resources, %d were acknowledged before", n, 2+atLeast)
					return
				}
			}
		})
	}
	for run := range 5 {
		j := journal(t, store, s)
		for i := range 5 {
			name := fmt.Sprintf("r%d-%d", run, i)
			in := state.Intent{Op: name, Address: resource.Address{Kind: "model", Name: name}, Action: state.Create}
			out := state.Outcome{Op: name, OK: true, Resource: Model(name, name)}
			if err := errors.Join(j.Intend(context.Background(), in), j.Outcome(context.Background(), out)); err != nil {
				t.Fatal(err)
			}
			s.Record(in, &out)
			acknowledged.Add(1)
		}
		closeJournal(t, j)
		save(t, store, s)
	}
	close(done)
	wg.Wait()
}
