package apply

import (
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// move is a resource that got another address.
type move struct{ from, to resource.Address }

// moveAll gives resources their new addresses, and with them all that refers to
// them and what is in doubt. An address that is taken is left until it is free.
func moveAll(st *state.State, moves map[resource.Address]resource.Address, all []*resource.Kind) ([]move, error) {
	var done []move
	left := maps.Clone(moves)
	for progress := true; progress; {
		progress = false
		for _, from := range slices.SortedFunc(maps.Keys(left), resource.Address.Compare) {
			to := left[from]
			if st.Resources[from] == nil || st.Resources[to] != nil {
				continue
			}
			if err := st.Move(from, to, all); err != nil {
				return nil, err
			}
			delete(left, from)
			done = append(done, move{from, to})
			progress = true
		}
	}
	for from, to := range left { // of what was never recorded there may be a doubt
		for i := range st.Doubts {
			if st.Doubts[i].Address == from && st.Resources[to] == nil {
				st.Doubts[i].Address = to
			}
		}
	}
	return done, nil
}

// release makes references by id of those to what is going to be forgotten.
func (p *preparer) release() {
	for a := range p.req.Forget {
		gone := p.recorded[a]
		if gone == nil {
			continue
		}
		for _, other := range p.recorded {
			if k := p.kinds[other.Address.Kind]; k != nil {
				k.Release(other.Object, a, gone.ID)
			}
		}
	}
}

// bookkeep brings into the state all that needs no request: what became of
// doubts, new addresses, what is to be forgotten, what is going to be replaced.
// It is saved before anything is sent, for all that follows builds on it.
func (r *runner) bookkeep() error {
	for _, m := range r.Prepared.moved {
		if err := r.State.Move(m.from, m.to, r.Kinds); err != nil {
			return err
		}
		r.changed = true
	}
	r.settleAll()
	r.keepFound()
	for a, s := range r.steps {
		switch {
		case s.Action == diff.Forget && r.State.Resources[a] != nil:
			if err := r.State.Remove(a, r.Kinds); err != nil {
				return err
			}
			r.changed = true
			r.result.Done.Add(diff.Forget)
		case (s.Action == diff.Move || s.Action == diff.Adopt) && !s.Writes():
			r.result.Done.Add(s.Action)
		}
	}
	r.keepOld()
	r.distrust()
	return nil
}

// distrust takes their marks from those that refer to an object which gets a
// new id or goes. Their records say the same before and after they are written
// anew, so a run that ends in between, or does not write them, would leave the
// next to believe that they were.
func (r *runner) distrust() {
	for _, rec := range r.State.Resources {
		for _, need := range rec.Needs {
			if s := r.steps[need]; s != nil && renews(s.Action) && rec.Marks[replacedBy] == "" {
				rec.Marks, r.changed = nil, true
			}
		}
	}
}

// renews reports whether an address stands for another object after the action
// than before.
func renews(a diff.Action) bool {
	return a == diff.Create || a == diff.Replace || a == diff.Delete || a == diff.Forget
}

// updateRecords writes down what a plan without changes still has to say of a
// resource: other needs, a new protection, marks that moved without a change.
// It reports whether there was anything.
func (r *runner) updateRecords() bool {
	changed := false
	for a, s := range r.steps {
		rec, live := r.State.Resources[a], r.Prepared.Live[a]
		if rec == nil || s.Blocked != "" || s.Action != diff.NoOp && s.Action != diff.Move && s.Action != diff.Adopt || s.Writes() {
			continue
		}
		next := *rec
		next.Object, next.Needs, next.Protect, next.Unmanaged, next.Extra = s.Record, s.Needs, s.Protect, s.Unmanaged, s.Extra
		if live != nil && live.Raw != nil {
			next.Marks = marks(r.kinds[a.Kind], live.Raw)
			if live.Waiting == nil {
				next.Waiting = nil
			}
		}
		if rec.Protect == next.Protect && (rec.Waiting == nil) == (next.Waiting == nil) && slices.Equal(rec.Needs, next.Needs) && slices.Equal(rec.Unmanaged, next.Unmanaged) && maps.Equal(rec.Marks, next.Marks) &&
			sameText(rec.Object, next.Object) && (len(rec.Extra)+len(next.Extra) == 0 || sameText(rec.Extra, next.Extra)) {
			continue
		}
		r.State.Resources[a] = &next
		changed = true
	}
	return changed
}

// sameText compares objects as the state writes them: secrets by fingerprint.
func sameText(a, b resource.Object) bool { return resource.Text(a) == resource.Text(b) }
