package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/state"
)

// errNoTerminal says that nobody could be asked.
var errNoTerminal = errors.New("no terminal to ask at")

// The exit codes, a contract with pipelines.
const (
	exitDone        = 0
	exitError       = 1
	exitChanges     = 2 // with --detailed-exitcode
	exitPartial     = 3
	exitWaiting     = 4 // for a person's authorisation
	exitLocked      = 5
	exitRefused     = 6 // by a protection or policy
	exitStale       = 7 // the saved plan
	exitInterrupted = 130
)

const exitHelp = `Exit codes: 0 done, 1 error, 2 changes (with --detailed-exitcode), 3 partly applied,
4 waiting for a person's authorisation, 5 state locked, 6 refused by a protection,
7 saved plan is stale, 130 interrupted.`

// exitCode is an ending that has been told already and only has a code left to
// give.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// problem is an error with all that a person needs to mend it.
type problem struct {
	Code int
	diag.Diagnostic
	Err error // the cause, for errors.Is
}

func (p *problem) Error() string { return p.Diagnostic.Error() }
func (p *problem) Unwrap() error { return p.Err }

// usage is an error in how the program was called.
func usage(what, fix string) error {
	return &problem{Code: exitError, Diagnostic: diag.Diagnostic{What: what, Fix: fix}}
}

// codeOf is the exit code that an error ends the program with.
func codeOf(err error) int {
	var (
		code    exitCode
		p       *problem
		locked  *state.LockedError
		refused *apply.RefusedError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &locked):
		return exitLocked
	case errors.As(err, &refused) && refused.Policy():
		return exitRefused
	case errors.As(err, &p) && p.Code != 0:
		return p.Code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitError
}

// hinted is an error that knows what its reader can do.
type hinted interface{ Hint() string }

// diagnosticOf brings any error to the one form in which errors are shown.
func diagnosticOf(err error) diag.Diagnostic {
	var p *problem
	if errors.As(err, &p) {
		return p.Diagnostic
	}
	d := diag.Diagnostic{What: err.Error()}
	var locked *state.LockedError
	var damaged *state.DamagedError
	var h hinted
	switch {
	case errors.As(err, &locked):
		d = diag.Diagnostic{Code: "state-locked", What: fmt.Sprintf("the state %s is locked", diag.Visible(locked.Path)),
			Why: "it is held by " + locked.Holder.String(), Fix: locked.Fix}
		if locked.Age > 0 {
			d.Why += fmt.Sprintf(", for %s", locked.Age.Round(time.Second))
		}
	case errors.As(err, &damaged):
		d = diag.Diagnostic{Code: "state-damaged", What: diag.Visible(damaged.Path) + ": " + damaged.What, Fix: damaged.Fix}
	case errors.As(err, &h):
		d.Fix = h.Hint()
	}
	return d
}
