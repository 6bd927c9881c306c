package life

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/polyplan/polyplan/pkg/state"
)

// Careless are the lives that leave out something without which a file is lost with
// the power. They show that it is noticed.
var Careless = []string{inPlace, unsynced, unnamed}

const (
	inPlace  = "in-place"      // os.WriteFile
	unsynced = "unsynced"      // os.WriteFile beside it, then os.Rename
	unnamed  = "unsynced-name" // the same with the file synced, but not its directory
)

var writers = map[string]func(path string, b []byte) error{
	inPlace: func(path string, b []byte) error { return os.WriteFile(path, b, 0o600) },
	unsynced: func(path string, b []byte) error {
		return errors.Join(os.WriteFile(path+".tmp", b, 0o600), os.Rename(path+".tmp", path))
	},
	unnamed: func(path string, b []byte) error {
		f, err := os.Create(path + ".tmp")
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return errors.Join(err, f.Sync(), f.Close(), os.Rename(path+".tmp", path))
	},
}

// careless saves, and has no journal: each of its steps is a save. What is damaged it
// takes for nothing.
type careless struct {
	path  string
	write func(path string, b []byte) error
	state *state.State
}

func (l *careless) Find() (Position, error) {
	l.state = state.New()
	b, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Position{}, nil
	}
	if err != nil {
		return Position{}, err
	}
	s, err := state.Decode(b)
	if err != nil {
		return Position{}, err
	}
	p, err := position(s)
	if err == nil && int64(p.Outcomes) != p.Saves {
		err = fmt.Errorf("what was saved %d times has the resources of %d", p.Saves, p.Outcomes)
	}
	if err == nil {
		l.state = s
	}
	return Position{Saves: p.Saves}, err
}

func (l *careless) Go(tell func(Position) error) error {
	for {
		l.state.Serial++
		set(l.state, int(l.state.Serial))
		b, err := state.Encode(l.state)
		if err == nil {
			err = l.write(l.path, b)
		}
		if err == nil {
			err = tell(Position{Saves: l.state.Serial})
		}
		if err != nil {
			return err
		}
	}
}
