package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/resource"
)

const modelPath = "/state/s.json"

func onModel(m files) *FileStore { return &FileStore{path: modelPath, sys: m, chunk: 8 << 10, keep: 3} }

// content is what a state says, in a form to compare.
func content(s *State) string {
	c := s.Clone()
	c.Serial, c.Lineage = 1, strings.Repeat("0", 8)+"-0000-4000-8000-000000000000"
	b, err := encode(c)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// script is a life of several runs, told step by step. Each step says what it
// leads to before it is taken, and learns whether it was acknowledged.
type script struct {
	store  *FileStore
	states []string // all that were ever led to
	acked  int      // index of the last one that was acknowledged
	serial int64    // of the last acknowledged save
	live   *State
}

func newScript(store *FileStore) (*script, error) {
	s, err := store.Load(context.Background())
	if err != nil {
		return nil, err
	}
	return &script{store: store, states: []string{content(s)}, live: s}, nil
}

func (s *script) will() { s.states = append(s.states, content(s.live)) }

func (s *script) done(err error) error {
	if err == nil {
		s.acked = len(s.states) - 1
	}
	return err
}

func (s *script) save() error {
	s.live.Tool += "+"
	s.will()
	err := s.done(s.store.Save(context.Background(), s.live))
	if err == nil {
		s.serial = s.live.Serial
	}
	return err
}

func (s *script) object(name string, size int) *resource.Resource {
	a := resource.Address{Kind: "model", Name: name}
	return &resource.Resource{Address: a, ID: "id-" + name, Object: resource.Object{"text": strings.Repeat("x", size)}}
}

// batch makes several records durable at once, as workers do that meet.
func (s *script) batch(j Journal, size int, names ...string) error {
	fj := j.(*fileJournal)
	put := func(r record, in Intent, out *Outcome) error {
		b, missing, err := fj.append(r, in.Op)
		for missing > 0 && err == nil {
			if err = fj.grow(missing); err == nil {
				b, missing, err = fj.append(r, in.Op)
			}
		}
		if err == nil && b != fj.batch {
			err = errors.New("not in this batch")
		}
		s.live.Record(in, out)
		s.will()
		return err
	}
	flush := func() error {
		fj.io.Lock()
		defer fj.io.Unlock()
		b := fj.batch
		fj.flush()
		return s.done(b.err)
	}
	var intents []Intent
	for _, name := range names {
		in := Intent{Op: "op-" + name, Address: resource.Address{Kind: "model", Name: name}, Action: Create}
		form := intentJSON(in)
		intents = append(intents, in)
		if err := put(record{Intent: &form}, in, nil); err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	for _, in := range intents {
		out := Outcome{Op: in.Op, OK: true, Resource: s.object(in.Address.Name, size)}
		if err := put(record{Outcome: outcomeToJSON(out)}, in, &out); err != nil {
			return err
		}
	}
	return flush()
}

// life is the script: a first run, more runs, of which one dies and is
// continued, and enough saves for generations to be dropped. Each run makes
// pairs of objects of those sizes, the last also one beyond the room that its
// journal reserved at first.
func (s *script) life(sizes ...int) error {
	for run, saves := range []bool{true, false, true} {
		j, err := s.store.Journal(context.Background(), s.live)
		if err != nil {
			return err
		}
		for i, size := range sizes {
			name := fmt.Sprintf("r%d-%d", run, i)
			if err := s.batch(j, size, name+"a", name+"b"); err != nil {
				return err
			}
		}
		if run == 2 {
			if err := s.batch(j, 10<<10, "big"); err != nil {
				return err
			}
		}
		if err := j.Close(); err != nil {
			return err
		}
		if saves {
			if err := s.save(); err != nil {
				return err
			}
		}
	}
	delete(s.live.Resources, resource.Address{Kind: "model", Name: "big"})
	for range 2 {
		if err := s.save(); err != nil {
			return err
		}
	}
	return nil
}

// check loads what the next process would find. It must be what was last
// acknowledged, or what was being written.
func (s *script) check(m *model) (*State, error) {
	got, err := onModel(m).Load(context.Background())
	if err != nil {
		return nil, fmt.Errorf("does not load: %w", err)
	}
	text := content(got)
	for i := len(s.states) - 1; i >= s.acked; i-- {
		if s.states[i] == text && got.Serial >= s.serial {
			return got, nil
		}
	}
	return nil, fmt.Errorf("serial %d (acknowledged %d), and the content is none of the last %d:\n%.2000s",
		got.Serial, s.serial, len(s.states)-s.acked, text)
}

// recover is what the next run does first; it leaves nothing lying about.
func (s *script) recover(m *model) error {
	got, err := s.check(m)
	if err != nil {
		return err
	}
	want := content(got)
	store := onModel(m)
	if got, err = store.Load(context.Background()); err != nil {
		return err
	}
	j, err := store.Journal(context.Background(), got)
	if err == nil {
		err = j.Close()
	}
	if err == nil {
		err = store.Save(context.Background(), got)
	}
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	again, err := onModel(m).Load(context.Background())
	if err != nil {
		return fmt.Errorf("after the next run: %w", err)
	}
	if content(again) != want {
		return errors.New("the next run lost something")
	}
	if left := m.left(); len(left) > 0 {
		return fmt.Errorf("left behind: %q", left)
	}
	return nil
}

// TestPowerLoss takes the power away after every single operation of a life, in
// every way that the model knows.
func TestPowerLoss(t *testing.T) {
	m := newModel("/", "/state")
	s, err := newScript(onModel(m))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	points, states := 0, 0
	few, part := 10, 300
	switch {
	case trial.IsLong():
		few, part = 12, 1000
	case trial.Few(t):
		few, part = 5, 30
	}
	m.after = func() {
		points++
		m.crashes(rng, few, part, func(c *model) {
			if states++; t.Failed() {
				return
			}
			if _, err := s.check(c); err != nil {
				t.Errorf("operation %d, crash state %d: %v", points, states, err)
			} else if states%50 == 0 {
				if err := s.recover(c); err != nil {
					t.Errorf("operation %d, crash state %d: %v", points, states, err)
				}
			}
		})
	}
	if err := s.life(10, 700, 3000); err != nil {
		t.Fatal(err)
	}
	if left := m.left(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	trial.Unfailed(t, fmt.Sprintf("torn or stale states: %d ways to lose the power at %d points", states, points))
	if states < 2000 {
		t.Errorf("only %d crash states: the script no longer exercises the store", states)
	}
}

// TestPowerLossInRecovery takes the power away while the next run recovers from
// a loss of power.
func TestPowerLossInRecovery(t *testing.T) {
	m := newModel("/", "/state")
	s, err := newScript(onModel(m))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	points, states := 0, 0
	m.after = func() {
		if points++; points%9 != 0 || t.Failed() {
			return
		}
		first := m.crash(func() bool { return rng.IntN(2) == 0 })
		first.after = func() {
			first.crashes(rng, 3, 4, func(c *model) {
				states++
				if _, err := s.check(c); err != nil && !t.Failed() {
					t.Errorf("operation %d, crash state %d: %v", points, states, err)
				}
			})
		}
		if err := s.recover(first); err != nil {
			t.Errorf("operation %d: %v", points, err)
		}
	}
	if err := s.life(10, 700, 3000); err != nil {
		t.Fatal(err)
	}
	trial.Unfailed(t, fmt.Sprintf("torn or stale states: %d ways to lose the power while recovering from that", states))
}
