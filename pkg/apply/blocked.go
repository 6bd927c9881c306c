package apply

import (
	"errors"
	"slices"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// ErrBlocked ends a step that the plan itself says cannot be taken, because a
// secret could not be had.
var ErrBlocked = errors.New("it is left as it is")

// blockedError says which secret, and why.
type blockedError struct{ why string }

func (e *blockedError) Error() string        { return e.why }
func (e *blockedError) Is(target error) bool { return target == ErrBlocked }

// blocked tells of the steps that the plan does not take.
func (r *runner) blocked() {
	for i := range r.Prepared.Plan.Steps {
		s := &r.Prepared.Plan.Steps[i]
		if s.Blocked == "" {
			continue
		}
		f := Failure{Address: s.Address, Action: diff.Update, Because: s.BlockedBy}
		if s.ID == "" {
			f.Action = diff.Create
		}
		e := Event{Address: s.Address, Name: s.Name, Action: f.Action}
		if s.BlockedBy != (resource.Address{}) {
			e.Kind, e.Because = Skipped, s.BlockedBy
			r.result.Skipped = append(r.result.Skipped, f)
		} else {
			f.Err = &blockedError{s.Blocked}
			e.Kind, e.Err = Failed, f.Err
			r.result.Failed = append(r.result.Failed, f)
		}
		r.tell(e)
	}
	byAddress := func(a, b Failure) int { return a.Address.Compare(b.Address) }
	slices.SortStableFunc(r.result.Failed, byAddress)
	slices.SortStableFunc(r.result.Skipped, byAddress)
}
