package apply

import (
	"time"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// EventKind is what happened.
type EventKind string

// The events of a run.
const (
	Started    EventKind = "started"
	Done       EventKind = "done"
	Failed     EventKind = "failed"
	Skipped    EventKind = "skipped"  // because something that it needs failed
	Deferred   EventKind = "deferred" // because something that it needs waits for a person
	Waiting    EventKind = "waiting"  // a person has to authorise it, see Link
	Authorised EventKind = "authorised"
	Preparing  EventKind = "preparing" // the service has to do something first, see Text
	Warned     EventKind = "warning"
)

// Event is one line of what a run tells.
type Event struct {
	Kind    EventKind
	Address resource.Address
	Name    string
	Action  diff.Action
	ID      string
	Took    time.Duration    // Done, Failed
	Err     error            // Failed
	Because resource.Address // Skipped, Deferred
	Link    string           // Waiting: where to authorise; "" if the service did not repeat it
	Code    string           // Waiting: what to type in there
	Text    string           // Warned, Preparing
}

// Failure is a step that did not succeed.
type Failure struct {
	Address resource.Address
	Action  diff.Action
	Err     error            // nil if it was skipped or deferred
	Because resource.Address // what it was skipped or deferred for
}

// Result is what a run did. Its sums are of steps that were really taken.
type Result struct {
	Done     diff.Summary
	Failed   []Failure // sorted by address
	Skipped  []Failure
	Deferred []Failure
	Waiting  []Failure // the connections that a person has still to authorise
	// NotStarted counts steps that an interrupt kept from starting.
	NotStarted  int
	Interrupted bool
	// Err is what ended the run as a whole: the state could not be written.
	Err error
}

// Complete reports whether all of the plan is done.
func (r *Result) Complete() bool {
	return len(r.Failed)+len(r.Skipped)+len(r.Deferred)+len(r.Waiting)+r.NotStarted == 0 && r.Err == nil
}
