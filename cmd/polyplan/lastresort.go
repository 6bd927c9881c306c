package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/remote"
)

// lastResort keeps what a run did that could not save its state. Mostly the
// journal holds it, and the next run finds it there. Where that cannot be read
// back either, as when the whole directory is gone, the state goes to another
// place: a directory of this run's, or the one for temporary files, and if
// nothing can be written at all, to the terminal, ids and addresses. Where another
// run has gone on, or may have, there is nothing to put back: it reads the journal,
// and asks the service about what is in doubt.
func (s *session) lastResort(cause error) error {
	var conflict *state.ConflictError
	var lost *state.LockLostError
	if errors.As(cause, &conflict) && conflict.StoredLineage != "" || errors.As(cause, &lost) {
		return cause
	}
	next := s.state.Clone()
	next.Serial++ // as the save would have made it
	ctx := context.WithoutCancel(s.ctx)
	if again, err := s.store.Load(ctx); err == nil && sameContent(again, next) {
		d := diagnosticOf(cause)
		d.Why = "its journal holds what was done, and the next run finds it there"
		return &problem{Diagnostic: d, Err: cause}
	}
	content, err := state.Encode(next)
	if err == nil {
		content, err = lateKeys{s}.Seal(content)
	}
	if err == nil {
		for _, dir := range []string{firstOf(s.dir(), "."), os.TempDir()} {
			path := filepath.Join(dir, fmt.Sprintf("polyplan.rescued-%d.state.json", next.Serial))
			if replaceFile(path, content, 0o600) != nil {
				continue
			}
			if absolute, err := filepath.Abs(path); err == nil {
				path = absolute
			}
			back := fmt.Sprintf("cp %s %s", diag.Visible(path), diag.Visible(s.statePath()))
			if remote.IsURL(s.opts.state) {
				back = diag.Visible(state.Command(s.address(s.opts.state), "state", "push", path))
			}
			return &problem{Diagnostic: diag.Diagnostic{Code: "state-rescued", What: cause.Error(),
				Why: fmt.Sprintf("what was done is in %s instead, and nowhere else", diag.Visible(path)),
				Fix: "mend what keeps the state from being written, then: " + back}, Err: cause}
		}
	}
	s.note("the state could not be written anywhere; these are the objects that it would hold:")
	for _, a := range next.Resources.Addresses() {
		s.note("  %s  %s", a, next.Resources[a].ID)
	}
	return cause
}

// sameContent reports whether two states hold the same, whatever generation they
// are.
func sameContent(a, b *state.State) bool {
	one, two := a.Clone(), b.Clone()
	one.Serial, one.Tool = two.Serial, two.Tool
	x, err := state.Encode(one)
	y, err2 := state.Encode(two)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}
