package life

import (
	"errors"
	"testing"

	"github.com/polyplan/polyplan/pkg/state"
)

var errEnough = errors.New("enough")

// A life goes on where it was cut off, whatever step that was after.
func TestLives(t *testing.T) {
	for _, name := range append([]string{Store}, Careless...) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			told := Position{}
			for until := range int64(40) {
				l, err := In(name, dir)
				if err != nil {
					t.Fatal(err)
				}
				found, err := l.Find()
				if err != nil || found != told {
					t.Fatalf("found %+v, %v; told was %+v", found, err, told)
				}
				err = l.Go(func(p Position) error {
					if p.Steps() != told.Steps()+1 || p.Before(told) {
						t.Fatalf("%+v follows %+v", p, told)
					}
					if told = p; p.Steps() >= until {
						return errEnough
					}
					return nil
				})
				if !errors.Is(err, errEnough) {
					t.Fatal(err)
				}
			}
		})
	}
}

// A state that is none of those that a life leads to is no position.
func TestPosition(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(s *state.State)
		good  bool
	}{
		{"whole", func(*state.State) {}, true},
		{"a step is open", func(s *state.State) { s.Doubts = []state.Intent{intent(21)} }, true},
		{"another step is open", func(s *state.State) { s.Doubts = []state.Intent{intent(22)} }, false},
		{"a step is missing", func(s *state.State) { delete(s.Resources, written(19).Address) }, false},
		{"an older step in place of a newer", func(s *state.State) { s.Resources[written(19).Address] = written(19 - kept) }, false},
		{"a step of which a part is missing", func(s *state.State) { s.Resources[written(20).Address].Object = nil }, false},
	} {
		s := state.New()
		set(s, 20)
		tt.spoil(s)
		if p, err := position(s); (err == nil) != tt.good || p.Outcomes != 20 {
			t.Errorf("%s: %+v, %v", tt.name, p, err)
		}
	}
}
