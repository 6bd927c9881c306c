package life

import (
	"context"
	"errors"
	"fmt"

	"github.com/polyplan/polyplan/pkg/state"
)

// Store is the life of the program: journal and saves of a state.FileStore.
const Store = "store"

type stored struct {
	store *state.FileStore
	state *state.State
	at    Position
}

func (l *stored) Find() (Position, error) {
	s, err := l.store.Load(context.Background())
	if err != nil {
		return Position{}, err
	}
	l.state = s
	l.at, err = position(s)
	return l.at, err
}

func (l *stored) Go(tell func(Position) error) error {
	if l.state == nil {
		return errors.New("nothing was found to go on from")
	}
	var warned error
	l.store.Warn = func(text string) { warned = errors.Join(warned, errors.New(text)) }
	lock, err := l.store.Lock(context.Background(), state.Holder{Who: "a life"})
	if err != nil {
		return err
	}
	for err == nil && warned == nil {
		err = l.run(tell)
	}
	return errors.Join(err, warned, lock.Unlock())
}

// run is that of a plan of a few steps.
func (l *stored) run(tell func(Position) error) error {
	j, err := l.store.Journal(context.Background(), l.state)
	if err != nil {
		return err
	}
	for range 1 + l.at.Saves%5 {
		if err := l.step(j, tell); err != nil {
			return errors.Join(err, j.Close())
		}
	}
	if err := l.store.Save(context.Background(), l.state); err != nil {
		return errors.Join(err, j.Close())
	}
	l.at.Saves++
	return errors.Join(tell(l.at), j.Close())
}

// step is a create, or the end of one that a cut left without an outcome.
func (l *stored) step(j state.Journal, tell func(Position) error) error {
	n := l.at.Outcomes + 1
	in, out := intent(n), state.Outcome{Op: fmt.Sprint(n), OK: true, Resource: written(n)}
	if l.at.Intents < n {
		if err := j.Intend(context.Background(), in); err != nil {
			return err
		}
		l.at.Intents++
		if err := tell(l.at); err != nil {
			return err
		}
	}
	if err := j.Outcome(context.Background(), out); err != nil {
		return err
	}
	l.state.Record(in, &out)
	l.at.Outcomes++
	return tell(l.at)
}
