// Package life is what a machine does with a disk until its power is cut, and how
// it finds the disk afterwards.
//
// A life keeps a state that takes one step after another. What a state says after n
// steps depends on n alone, so whatever is found shows by itself how far it came,
// and that it is whole.
package life

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Position is how far a life came. Each step makes one of the numbers one more.
type Position struct {
	Saves    int64
	Intents  int
	Outcomes int
}

// Steps are all steps up to p.
func (p Position) Steps() int64 { return p.Saves + int64(p.Intents) + int64(p.Outcomes) }

// Before reports whether p lacks a step that q has.
func (p Position) Before(q Position) bool {
	return p.Saves < q.Saves || p.Intents < q.Intents || p.Outcomes < q.Outcomes
}

// Life is a way to keep a state in a directory.
type Life interface {
	// Find reads what is there. Its error says that this is not what the life led to.
	Find() (Position, error)
	// Go goes on from what was found, and tells each step when it is done and, as far
	// as the life knows, cannot get lost. It ends by an error alone.
	Go(tell func(Position) error) error
}

// In starts the life of that name in a directory.
func In(name, dir string) (Life, error) {
	path := filepath.Join(dir, "polyplan.state.json")
	if name == Store {
		return &stored{store: state.File(path)}, nil
	}
	if write, ok := writers[name]; ok {
		return &careless{path: path, write: write}, nil
	}
	return nil, fmt.Errorf("there is no life %q", name)
}

// kept is how many resources a state has at most.
const kept = 8

// written is the resource that the n-th outcome writes.
func written(n int) *resource.Resource {
	return &resource.Resource{
		Address: resource.Address{Kind: "model", Name: fmt.Sprintf("m%d", n%kept)},
		ID:      strconv.Itoa(n),
		Object:  resource.Object{"text": strings.Repeat(fmt.Sprintf("%d ", n), 1+n*37%900)},
	}
}

func intent(n int) state.Intent {
	return state.Intent{Op: strconv.Itoa(n), Address: written(n).Address, Action: state.Create}
}

// set makes s what it is after so many outcomes.
func set(s *state.State, outcomes int) {
	s.Resources = resource.Set{}
	for n := max(1, outcomes-kept+1); n <= outcomes; n++ {
		r := written(n)
		s.Resources[r.Address] = r
	}
}

// position is how far s came, and an error if s is not what that position leads to.
func position(s *state.State) (Position, error) {
	p := Position{Saves: s.Serial}
	for _, r := range s.Resources {
		n, err := strconv.Atoi(r.ID)
		if err != nil {
			return p, err
		}
		p.Outcomes = max(p.Outcomes, n)
	}
	want := s.Clone()
	set(want, p.Outcomes)
	want.Doubts = nil
	if p.Intents = p.Outcomes + len(s.Doubts); p.Intents > p.Outcomes {
		want.Doubts = []state.Intent{intent(p.Intents)}
	}
	a, err := encode(want)
	b, err2 := encode(s)
	if err := errors.Join(err, err2); err != nil {
		return p, err
	}
	if !bytes.Equal(a, b) {
		return p, fmt.Errorf("the state is none that %+v leads to:\n%.1000s", p, b)
	}
	return p, nil
}

// encode is state.Encode also for a state that was never saved.
func encode(s *state.State) ([]byte, error) {
	c := s.Clone()
	c.Serial++
	return state.Encode(c)
}
