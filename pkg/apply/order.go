package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// turnsOn reports whether a step turns its object on, which is done last. What
// is left to people is not ours to turn on later, so it is made as it has to be.
func (r *runner) turnsOn(s *diff.Step) bool {
	f := r.kinds[s.Address.Kind].LastField()
	if f == nil || s.After[f.Name] != true || slices.ContainsFunc(s.Unmanaged, resource.Path(f.Name).Within) {
		return false
	}
	return renews(s.Action) || slices.ContainsFunc(s.Changes, func(c diff.Change) bool { return c.Path == resource.Path(f.Name) })
}

// onlyTurnsOn reports whether a step that turns its object on does nothing else.
func (r *runner) onlyTurnsOn(s *diff.Step) bool {
	return !renews(s.Action) && len(s.Changes) == 1 && s.Asks == ""
}

// at is the step as far as a node of it goes, so that what is recorded on the
// way is what the service has by then.
func (r *runner) at(n node) *diff.Step {
	s := r.steps[n.Address]
	cut := n.Phase == make_ && r.cut[n.Address]
	off := n.Phase != activate && r.off[n.Address]
	if !cut && !off {
		return s
	}
	k, next := r.kinds[n.Address.Kind], *s
	if cut {
		next.After, next.Record = k.Cut(s.After), k.Cut(s.Record)
	}
	if off {
		f := k.LastField()
		next.After, next.Record = maps.Clone(next.After), maps.Clone(next.Record)
		next.After[f.Name], next.Record[f.Name] = false, false
		// An update leaves it as it is: somebody may have turned it on by now.
		next.Unmanaged = append(slices.Clone(s.Unmanaged), resource.Path(f.Name))
	}
	return &next
}

// join writes an object whole that was made without what refers to others of its
// circle.
func (r *runner) join(ctx context.Context, s *diff.Step) error {
	id, _ := r.id(s.Address)
	if _, err := r.put(ctx, s, id, r.held[s.Address]); err != nil {
		return fmt.Errorf("it is made, but not written whole: %w", err)
	}
	return nil
}

// activate turns an object on.
func (r *runner) activate(ctx context.Context, s *diff.Step) error {
	k := r.kinds[s.Address.Kind]
	id, ok := r.id(s.Address)
	if !ok {
		id = s.ID // it is adopted, and needed nothing else
	}
	err := r.turn(ctx, s, s.Address, id, true, func() *resource.Resource {
		rec := &resource.Resource{Address: s.Address, ID: id, Object: s.Record, Needs: s.Needs, Protect: s.Protect, Unmanaged: s.Unmanaged, Extra: s.Extra}
		if old := r.recorded(s); old != nil {
			rec.Waiting, rec.Kept = old.Waiting, old.Kept
		}
		return rec
	})
	if err != nil || r.Client.ListsWhole(k) {
		return err
	}
	// To turn it on moved its marks, by which the next plan need not read it.
	answer, err := r.Client.Get(ctx, k, id, s.Record)
	if err != nil {
		return nil // then it reads it
	}
	rec := r.record(k, s, answer, false)
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Kept = r.State.Resources[s.Address].Kept
	r.State.Resources[s.Address] = rec
	return nil
}

// turn turns an object on or off, and remembers of it what record says.
func (r *runner) turn(ctx context.Context, s *diff.Step, a resource.Address, id string, on bool, record func() *resource.Resource) error {
	f := r.kinds[a.Kind].LastField()
	call := resource.Call{Method: "POST", Path: []string{f.Last}, Body: map[string]any{f.APIName(): on}}
	err := r.calls(ctx, s, diff.Update, a, id, []resource.Call{call}, func(out *state.Outcome) { out.Resource = record() })
	if err != nil {
		return fmt.Errorf("turning it %s: %w", map[bool]string{true: "on", false: "off"}[on], err)
	}
	return nil
}

// untie writes an object that is to go without what it refers to, where others
// that are to go refer to it.
func (r *runner) untie(ctx context.Context, s *diff.Step) error {
	k, a := r.kinds[s.Address.Kind], s.Address
	if s.Action == diff.Replace {
		a = oldAddress(s.Address, s.ID)
	}
	fresh, err := r.Client.GetWhole(ctx, k, s.ID)
	if transport.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	live := r.decode(k, a, fresh)
	body, err := k.EncodeOver(fresh.Object, k.Cut(live.Object), r.id)
	if err != nil {
		return err
	}
	if body, err = r.body(k, body, k.Unknown(live.Raw), nil, nil); err != nil {
		return err
	}
	method, path := api.Written(k, s.ID)
	in := r.intent(s, string(diff.Update), method, path, body)
	in.Address = a
	if err := r.intend(ctx, in); err != nil {
		return err
	}
	_, err = r.Client.Update(ctx, k, s.ID, body, in.Key)
	out := state.Outcome{Op: in.Op, OK: err == nil, MayHaveEffect: api.MayHaveEffect(err)}
	if err == nil {
		out.Resource = r.changedRecord(a, func(rec *resource.Resource) { rec.Object = k.Cut(rec.Object) })
	}
	return r.conclude(in, out, err)
}

// changedRecord is what is recorded at an address, with a change and, as it was
// not read since, without marks of the service's.
func (r *runner) changedRecord(a resource.Address, change func(*resource.Resource)) *resource.Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := *r.State.Resources[a]
	if successor := rec.Marks[replacedBy]; successor != "" {
		rec.Marks = map[string]string{replacedBy: successor}
	} else {
		rec.Marks = nil
	}
	change(&rec)
	return &rec
}

// busyTries is how often a run asks for the deletion of an object that ends what
// it is doing, a beat of its watch apart.
const busyTries = 30

// halted deletes an object that is busy: turns it off, lest it begin anew, has it
// end what it does, and tries again until that has ended (API dossier 12, 20).
func (r *runner) halted(ctx context.Context, s *diff.Step, a resource.Address, busy error, remove func() error) error {
	k := r.kinds[a.Kind]
	if f := k.LastField(); f != nil {
		err := r.turn(ctx, s, a, s.ID, false, func() *resource.Resource {
			return r.changedRecord(a, func(rec *resource.Resource) {
				if rec.Object[f.Name] != nil {
					rec.Object = maps.Clone(rec.Object)
					rec.Object[f.Name] = false
				}
			})
		})
		if err != nil {
			return fmt.Errorf("%w; %w", busy, err)
		}
	}
	stop := resource.Call{Method: "POST", Path: []string{k.Cancel}}
	if err := r.calls(ctx, s, diff.Update, a, s.ID, []resource.Call{stop}, func(*state.Outcome) {}); err != nil {
		return fmt.Errorf("%w; telling it to stop: %w", busy, err)
	}
	for range busyTries {
		if busy = remove(); !transport.IsConflict(busy) {
			return busy
		}
		select {
		case <-ctx.Done():
			return busy
		case <-r.watch.tick():
		}
	}
	return fmt.Errorf("it was told to stop, but goes on; delete it when it has: %w", busy)
}
