package main

import (
	"fmt"
	"io"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/render"
)

// teller tells of a run while it goes on: as events for programs, or as lines
// and, at a terminal, a line that moves.
type teller struct {
	s        *session
	progress *render.Progress
	json     io.Writer
	err      error
	waits    []apply.Event // who still has to authorise what
	stop     chan struct{}
}

func (s *session) newTeller(plan *diff.Plan) (*teller, error) {
	t := &teller{s: s, stop: make(chan struct{})}
	if s.opts.format == "json" {
		t.json = s.env.Stdout
		return t, render.VersionJSON(t.json, version)
	}
	t.progress = render.NewProgress(s.env.Stderr, render.ProgressOptions{Verb: "applying", Total: steps(plan),
		Terminal: s.env.ErrTerminal, Columns: s.env.Width, Now: s.env.Now, Style: s.errStyle()})
	s.talk.set(t.progress) // so that what others say stands above the line that moves
	if s.env.ErrTerminal {
		go func() {
			tick := time.NewTicker(250 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-t.stop:
					return
				case <-tick.C:
					t.progress.Tick()
				}
			}
		}()
	}
	return t, nil
}

// tell gets the events one at a time.
func (t *teller) tell(e apply.Event) {
	if e.Kind == apply.Waiting {
		t.waits = append(t.waits, e)
	}
	if e.Kind == apply.Waiting && t.s.opts.open && e.Link != "" {
		if err := openBrowser(e.Link); err != nil {
			t.s.note("warning: the browser was not opened: %s", err)
		}
	}
	if t.json != nil {
		if err := render.EventJSON(t.json, e); err != nil && t.err == nil {
			t.err = err
		}
		return
	}
	line := render.EventLine(t.s.errStyle(), e)
	switch e.Kind {
	case apply.Started:
		t.progress.Started(line)
	case apply.Done:
		t.progress.Done(line)
	case apply.Failed:
		t.progress.Failed(line)
	case apply.Skipped, apply.Deferred:
		t.progress.Skipped(line)
	default:
		t.progress.Line(line)
	}
}

func (t *teller) close(result *apply.Result) error {
	close(t.stop)
	if t.json != nil {
		if result != nil {
			if err := render.ResultJSON(t.json, result); err != nil && t.err == nil {
				t.err = err
			}
		}
	} else {
		t.s.talk.set(t.s.env.Stderr)
		if err := t.progress.Close(); err != nil && t.err == nil {
			t.err = err
		}
	}
	if t.err != nil {
		return fmt.Errorf("writing the events: %w", t.err)
	}
	return nil
}
