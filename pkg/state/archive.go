package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Archive is a Store that keeps what it held before, and can be mended.
type Archive interface {
	Store

	// History lists the generations that are kept, newest first.
	History(ctx context.Context) ([]Generation, error)

	// Generation reads one that is kept.
	Generation(ctx context.Context, serial int64) (*State, error)

	// Recover puts together what can still be read, changing nothing: the newest
	// whole generation and, of the runs since, all that their journals tell. With a
	// serial other than 0 it is that generation, as it was.
	Recover(ctx context.Context, serial int64) (*Recovery, error)

	// Replace makes s the next generation whatever is stored, damaged or of another
	// lineage, and raises s.Serial above its own and all that are stored. What it
	// replaces is kept, and what is damaged put aside.
	Replace(ctx context.Context, s *State) error

	// Break frees a lock that a dead run left behind and says whose it was. The id
	// is that of the *LockedError, "" for whichever it is.
	Break(ctx context.Context, id string) (Holder, error)

	// Close gives up what the store holds open.
	Close() error
}

var (
	_ Archive = (*FileStore)(nil)
	_ Archive = (*ObjectStore)(nil)
)

// Recovery is what a store could put together.
type Recovery struct {
	State *State
	From  int64    // the generation it was built from; 0 if none could be read
	Steps int      // steps of runs that were added to it
	Found []string // what is wrong, for people
}

// remains are the parts of a store that a recovery may be built from.
type remains struct {
	serials    []int64 // of the generations, oldest first
	generation func(serial int64) (*State, error)
	// journal gives of the journal of a generation what can be read of it, with an
	// error that says what cannot; both nil if there is none.
	journal func(serial int64) (*journalLog, error)
	runs    int64 // the serial of the newest journal
}

func (r remains) recover() (*Recovery, error) {
	out := &Recovery{}
	for _, serial := range slices.Backward(r.serials) {
		s, err := r.generation(serial)
		if fatal(err) {
			return nil, err
		}
		if err == nil {
			out.State, out.From = s, serial
			break
		}
		out.Found = append(out.Found, fmt.Sprintf("generation %d cannot be read: %v", serial, err))
	}
	for serial := out.From; serial <= r.runs; serial++ {
		log, err := r.journal(serial)
		if fatal(err) {
			return nil, err
		}
		if err != nil {
			out.Found = append(out.Found, fmt.Sprintf("of the run that began from generation %d: %v", serial, err))
		}
		if log == nil {
			if serial < r.runs && !slices.Contains(r.serials, serial+1) {
				out.Found = append(out.Found, fmt.Sprintf("generation %d is missing, and so is the journal of the run before it", serial+1))
			}
			continue
		}
		if out.State == nil {
			if out.State = log.header.fresh(); serial > 0 {
				out.Found = append(out.Found, fmt.Sprintf("no generation is left, so that what was made before generation %d is not known", serial))
			}
		}
		if log.header.Lineage != out.State.Lineage {
			out.Found = append(out.Found, fmt.Sprintf("the journal of generation %d is of another lineage and was left out", serial))
			continue
		}
		if err := replay(out.State, log.steps); err != nil {
			out.Found = append(out.Found, fmt.Sprintf("of the run that began from generation %d: %v", serial, err))
		}
		out.Steps += len(log.steps)
	}
	if out.State == nil {
		return nil, ErrNothingLeft
	}
	return out, nil
}

// ErrNothingLeft says that no part of a state could be read.
var ErrNothingLeft = errors.New("nothing that is kept can be read: no generation, and no journal of a first run")

// fatal errors end a recovery: they say nothing about the state, or that it must
// not be touched.
func fatal(err error) bool {
	var d *DamagedError
	return err != nil && !errors.As(err, &d)
}

// describe fills in what a generation says of itself.
func (g *Generation) describe(content []byte, err error) {
	var s *State
	if err == nil {
		s, err = Decode(content)
	}
	if g.Err = err; err == nil {
		g.Tool, g.Resources = s.Tool, len(s.Resources)
	}
}
