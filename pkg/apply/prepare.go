package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Request says what to plan.
type Request struct {
	Kinds   []*resource.Kind
	Desired resource.Set
	State   *state.State
	Moves   map[resource.Address]resource.Address
	Forget  map[resource.Address]bool
	Delete  map[resource.Address]bool
	Prune   bool
	Only    map[resource.Address]bool // nil: all
	// Offline compares with the state alone.
	Offline bool
}

// Prepared is a plan and what was found on the way to it.
type Prepared struct {
	Plan *diff.Plan
	// Settled are the doubts of an earlier run that the service has answered.
	Settled []Settlement
	// Live is what the service has of ours.
	Live resource.Set
}

// Settlement is what became of a create whose answer nobody saw.
type Settlement struct {
	Intent state.Intent
	ID     string // the object that was made; "" if none was
}

// Prepare reads what the service has and plans. It sends GETs only and writes
// nothing.
func Prepare(ctx context.Context, c *api.Client, req Request) (*Prepared, error) {
	p := &preparer{c: c, req: req, kinds: map[string]*resource.Kind{}}
	for _, k := range req.Kinds {
		p.kinds[k.Name] = k
	}
	return p.run(ctx)
}

type preparer struct {
	c     *api.Client
	req   Request
	kinds map[string]*resource.Kind
	snap  *api.Snapshot

	recorded resource.Set // what the state holds, and what settling found
	adopt    map[resource.Address]bool
	settled  []Settlement
	refusals []diff.Refusal
}

func (p *preparer) run(ctx context.Context) (*Prepared, error) {
	p.recorded = resource.Set{}
	for a, r := range p.req.State.Resources {
		p.recorded[a] = r
	}
	p.adopt = map[resource.Address]bool{}
	if p.req.Offline {
		live := resource.Set{}
		for a, r := range p.recorded {
			live[a] = unread(r)
		}
		return &Prepared{Plan: p.compute(live), Live: live}, nil
	}
	var err error
	if p.snap, err = p.c.Snapshot(ctx, p.used()); err != nil {
		return nil, err
	}
	p.settle()
	if err := p.c.Complete(ctx, p.snap, p.stale()); err != nil {
		return nil, err
	}
	for {
		live := p.live()
		plan := p.compute(live)
		// What is going to be written has to be read whole, for it is sent whole.
		var refs []api.Ref
		for i := range plan.Steps {
			s := &plan.Steps[i]
			if l := live[s.Address]; s.Writes() && s.Action != diff.Delete && l != nil && l.Raw == nil {
				refs = append(refs, api.Ref{Kind: p.kinds[s.Address.Kind], ID: l.ID})
			}
		}
		if len(refs) == 0 {
			p.nameRisks(plan)
			return &Prepared{Plan: plan, Settled: p.settled, Live: live}, nil
		}
		if err := p.c.Complete(ctx, p.snap, refs); err != nil {
			return nil, err
		}
	}
}

// used are the kinds that the manifest or the state has anything of.
func (p *preparer) used() []*resource.Kind {
	return slices.DeleteFunc(slices.Clone(p.req.Kinds), func(k *resource.Kind) bool {
		for _, set := range []resource.Set{p.req.Desired, p.recorded} {
			for a := range set {
				if a.Kind == k.Name {
					return false
				}
			}
		}
		return !slices.ContainsFunc(p.req.State.Doubts, func(in state.Intent) bool { return in.Address.Kind == k.Name })
	})
}

// clockSkew is how much earlier than its intent an object may seem to have been
// made, where the intent's time is not the server's.
const clockSkew = 5 * time.Minute

// settle looks for the objects of creates whose answer nobody saw. Exactly one
// of that name, made since and not ours yet, is the one; of several a person
// has to choose.
func (p *preparer) settle() {
	ours := map[string]bool{}
	for _, r := range p.recorded {
		ours[r.ID] = true
	}
	for _, in := range p.req.State.Doubts {
		if p.kinds[in.Address.Kind] == nil || p.recorded[in.Address] != nil {
			p.settled = append(p.settled, Settlement{Intent: in})
			continue
		}
		var found []string
		for _, id := range p.snap.IDs(in.Address.Kind) {
			it, _ := p.snap.Item(in.Address.Kind, id)
			if name, _ := it.Object["name"].(string); name == in.Name && !ours[id] && !madeBefore(it.Object, in.Time) {
				found = append(found, id)
			}
		}
		switch len(found) {
		case 0:
			p.settled = append(p.settled, Settlement{Intent: in})
		case 1:
			p.settled = append(p.settled, Settlement{Intent: in, ID: found[0]})
			ours[found[0]] = true
			r := &resource.Resource{Address: in.Address, ID: found[0], Object: resource.Object{"name": in.Name}}
			if p.req.Desired[in.Address] != nil {
				p.adopt[in.Address] = true
			}
			p.recorded[in.Address] = r
		default:
			p.refusals = append(p.refusals, diff.Refusal{Address: in.Address,
				What: fmt.Sprintf("%s may have been made by a run that was cut off, and several objects could be it", in.Address),
				Why:  fmt.Sprintf("the service has %d objects named %q made since: %v", len(found), in.Name, found),
				Fix:  "delete or rename all of them but the one to keep, and run again"})
		}
	}
}

func madeBefore(o map[string]any, t time.Time) bool {
	s, _ := o["created_at"].(string)
	made, err := time.Parse(time.RFC3339, s)
	return err == nil && !t.IsZero() && made.Before(t.Add(-clockSkew))
}

// stale are the recorded objects that the lists do not show as they are: those
// missing from them, and those whose marks moved or whose desired form is not
// what was applied.
func (p *preparer) stale() []api.Ref {
	var refs []api.Ref
	for _, a := range p.recorded.Addresses() {
		k, r := p.kinds[a.Kind], p.recorded[a]
		if k == nil || r.ID == "" {
			continue
		}
		it, ok := p.snap.Item(a.Kind, r.ID)
		if ok && (it.Full || p.unmoved(k, r, it) && p.same(k, a, r)) {
			continue
		}
		refs = append(refs, api.Ref{Kind: k, ID: r.ID})
	}
	return refs
}

func (p *preparer) same(k *resource.Kind, a resource.Address, r *resource.Resource) bool {
	to := a
	if n, ok := p.req.Moves[a]; ok {
		to = n
	}
	d := p.req.Desired[to]
	return d == nil || diff.Same(k, d, r)
}

// unmoved reports whether the marks of a listed object are those recorded, so
// that it is still as it was written.
func (p *preparer) unmoved(k *resource.Kind, r *resource.Resource, it api.Item) bool {
	now := marks(k, it.Object)
	if len(now) == 0 || len(now) != len(r.Marks) {
		return false
	}
	for key, v := range now {
		if r.Marks[key] != v {
			return false
		}
	}
	return true
}

// marks are the members of an answer that move when the object changes.
func marks(k *resource.Kind, answer map[string]any) map[string]string {
	out := map[string]string{}
	for _, key := range k.Marks {
		if v := resource.Text(resource.Normalize(answer[key])); v != "" {
			out[key] = v
		}
	}
	return out
}

// unread is a live object that was not read because it did not change.
func unread(r *resource.Resource) *resource.Resource {
	return &resource.Resource{Address: r.Address, ID: r.ID, Object: r.Object, Waiting: r.Waiting}
}

// live decodes what the service has of ours.
func (p *preparer) live() resource.Set {
	there := resource.Set{}
	for a, r := range p.recorded {
		if _, ok := p.snap.Item(a.Kind, r.ID); ok {
			there[a] = r
		}
	}
	index := newIndex(there, p.req.Moves)
	live := resource.Set{}
	for a, r := range there {
		k := p.kinds[a.Kind]
		if k == nil {
			continue
		}
		it, _ := p.snap.Item(a.Kind, r.ID)
		if !it.Full {
			live[a] = unread(r)
			continue
		}
		l := decode(k, a, it.Object, index)
		if k.Align != nil {
			k.Align(l.Object, p.known(a, r)...)
		}
		live[a] = l
	}
	return live
}

// known are the objects whose names a live one is aligned with: the recorded
// first, for they are what was sent.
func (p *preparer) known(a resource.Address, r *resource.Resource) []resource.Object {
	out := []resource.Object{r.Object}
	if n, ok := p.req.Moves[a]; ok {
		a = n
	}
	if d := p.req.Desired[a]; d != nil {
		out = append([]resource.Object{d.Object}, out...)
	}
	return out
}

// newIndex tells addresses of today by the ids of what is there.
func newIndex(there resource.Set, moves map[resource.Address]resource.Address) *resource.Index {
	x := resource.NewIndex()
	for _, a := range there.Addresses() {
		to := a
		if n, ok := moves[a]; ok {
			to = n
		}
		x.Add(there[a].ID, to)
	}
	return x
}

func decode(k *resource.Kind, a resource.Address, answer map[string]any, index *resource.Index) *resource.Resource {
	r := &resource.Resource{Address: a, Raw: answer, Object: k.Decode(answer, index)}
	r.ID, _ = answer["id"].(string)
	if k.Waiting != nil {
		r.Waiting = k.Waiting(answer)
	}
	return r
}

func (p *preparer) compute(live resource.Set) *diff.Plan {
	recorded := resource.Set{}
	for a, r := range p.recorded {
		if !p.adopt[a] {
			recorded[a] = r
		}
	}
	plan := diff.Compute(diff.Input{Kinds: p.req.Kinds, Desired: p.req.Desired, Recorded: recorded, Live: live,
		Moves: p.req.Moves, Forget: p.req.Forget, Delete: p.req.Delete, Adopt: p.adopt, Prune: p.req.Prune, Only: p.req.Only})
	plan.Refusals = append(plan.Refusals, p.refusals...)
	return plan
}

// nameRisks points at creates whose name the service has already, though it
// takes each only once.
func (p *preparer) nameRisks(plan *diff.Plan) {
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if k := p.kinds[s.Address.Kind]; s.Action == diff.Create && k.UniqueName {
			for _, id := range p.snap.IDs(k.Name) {
				it, _ := p.snap.Item(k.Name, id)
				if it.Object["name"] == s.Name {
					s.Risks = append(s.Risks, fmt.Sprintf("the service has a %s of this name already (%s) and may refuse a second", k.Name, id))
				}
			}
		}
	}
}
