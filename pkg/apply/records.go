package apply

import (
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// applySettlements brings into the state what became of the doubts that the
// service has answered. A doubt whose object does not exist stays until its
// create is sent again or is no longer wanted: its key may be of use.
func (r *runner) applySettlements() {
	for _, s := range r.Prepared.Settled {
		a := s.Intent.Address
		switch step := r.steps[a]; {
		case s.ID != "":
			if r.State.Resources[a] == nil {
				r.State.Resources[a] = &resource.Resource{Address: a, ID: s.ID, Object: resource.Object{"name": s.Intent.Name}}
			}
			r.State.Settle(s.Intent.Op)
			r.changed = true
		case step == nil || step.Action != diff.Create:
			r.State.Settle(s.Intent.Op)
			r.changed = true
		}
	}
}

// forget drops from the state what the plan says to leave alone, and moves
// what only got a new address.
func (r *runner) forget() {
	for a, s := range r.steps {
		rec := r.State.Resources[a]
		switch {
		case s.Action == diff.Forget && rec != nil:
			delete(r.State.Resources, a)
			r.result.Done.Add(diff.Forget)
			r.changed = true
		case s.Action == diff.Move && r.State.Resources[s.From] != nil:
			moved := *r.State.Resources[s.From]
			moved.Address = a
			delete(r.State.Resources, s.From)
			r.State.Resources[a] = &moved
			r.changed = true
			if !s.Writes() {
				r.result.Done.Add(diff.Move)
			}
		case s.Action == diff.Adopt && !s.Writes():
			r.result.Done.Add(diff.Adopt)
		}
	}
}

// updateRecords writes down what a plan without changes still has to say of a
// resource: other needs, a new protection, marks that moved without a change.
// It reports whether there was anything.
func (r *runner) updateRecords() bool {
	changed := false
	for a, s := range r.steps {
		rec, live := r.State.Resources[a], r.Prepared.Live[a]
		if rec == nil || s.Action != diff.NoOp && s.Action != diff.Move && s.Action != diff.Adopt || s.Writes() {
			continue
		}
		next := *rec
		next.Object, next.Needs, next.Protect = s.Record, s.Needs, s.Protect
		if live != nil && live.Raw != nil {
			next.Marks = marks(r.kinds[a.Kind], live.Raw)
		}
		if rec.Protect == next.Protect && slices.Equal(rec.Needs, next.Needs) && maps.Equal(rec.Marks, next.Marks) &&
			sameText(rec.Object, next.Object) {
			continue
		}
		r.State.Resources[a] = &next
		changed = true
	}
	return changed
}

// sameText compares objects as the state writes them: secrets by fingerprint.
func sameText(a, b resource.Object) bool { return resource.Text(a) == resource.Text(b) }
