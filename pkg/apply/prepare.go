package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
	// Take has the objects with these ids adopted for addresses of the manifest of
	// which nothing is recorded, and taken to be what the manifest says where the
	// service does not show it: see Prepared.Adopt.
	Take map[resource.Address]string
	// Offline compares with the state alone.
	Offline bool
	// Fingerprints are those of the state, to compare with it what the service
	// shows of secrets; nil if it shows none.
	Fingerprints *resource.Fingerprinter
	// Again is the saved plan that this is to be once more; nil for a new one.
	Again *diff.Saved
}

// Prepared is a plan and what was found on the way to it.
type Prepared struct {
	Plan *diff.Plan
	// ID tells the plan from all others: what is sent of it is sent under keys that
	// are derived from this. It is no secret, and random; a saved plan keeps its own.
	ID string
	// Settled are the doubts of an earlier run that the service has answered.
	Settled []Settlement
	// Live is what the service has of ours.
	Live resource.Set

	moved []move
	taken map[resource.Address]string
	found []*resource.Resource // objects that were there before they were recorded
}

// Prepare reads what the service has and plans. It sends GETs only and writes
// nothing.
func Prepare(ctx context.Context, c *api.Client, req Request) (*Prepared, error) {
	p := &preparer{c: c, req: req, kinds: map[string]*resource.Kind{}, adopt: map[resource.Address]bool{},
		drop: maps.Clone(req.Delete), from: map[resource.Address]resource.Address{}}
	for _, k := range req.Kinds {
		p.kinds[k.Name] = k
	}
	if p.drop == nil {
		p.drop = map[resource.Address]bool{}
	}
	st := req.State.Clone()
	moved, err := moveAll(st, req.Moves, req.Kinds)
	if err != nil {
		return nil, err
	}
	for _, m := range moved {
		p.from[m.to] = m.from
	}
	p.recorded, p.doubts = st.Resources, st.Doubts
	for a, id := range req.Take {
		p.take(a, id)
		p.recorded[a].Object = resource.Taken(req.Desired[a].Object)
	}
	p.claim()
	prepared, err := p.run(ctx)
	if err != nil {
		return nil, err
	}
	prepared.moved, prepared.taken, prepared.ID = moved, req.Take, randomHex(16)
	if req.Again != nil {
		prepared.ID = req.Again.ID
	}
	return prepared, nil
}

type preparer struct {
	c     *api.Client
	req   Request
	kinds map[string]*resource.Kind
	snap  *api.Snapshot

	recorded resource.Set // what the state holds, by the addresses of today, and what settling found
	from     map[resource.Address]resource.Address
	doubts   []state.Intent
	adopt    map[resource.Address]bool
	drop     map[resource.Address]bool // to be deleted even without Prune
	settled  []Settlement
	found    []*resource.Resource
	refusals []diff.Refusal
}

func (p *preparer) run(ctx context.Context) (*Prepared, error) {
	if p.req.Offline {
		p.replaced()
		live := resource.Set{}
		for a, r := range p.recorded {
			live[a] = unread(r)
		}
		return &Prepared{Plan: p.compute(live), Live: live}, nil
	}
	var err error
	if p.snap, err = p.c.Snapshot(ctx, p.collections()); err != nil {
		return nil, err
	}
	if err := p.c.Complete(ctx, p.snap, p.unlisted()); err != nil {
		return nil, err
	}
	p.settle()
	p.replaced()
	p.release()
	if err := p.find(ctx); err != nil {
		return nil, err
	}
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
				refs = append(refs, api.Ref{Kind: p.kinds[s.Address.Kind], ID: l.ID, Known: p.known(s.Address, p.recorded[s.Address])})
			}
		}
		if len(refs) == 0 {
			if err := p.guard(ctx, plan); err != nil {
				return nil, err
			}
			p.strangers(plan)
			p.nameRisks(plan)
			return &Prepared{Plan: plan, Settled: p.settled, Live: live, found: p.found}, nil
		}
		if err := p.c.Complete(ctx, p.snap, refs); err != nil {
			return nil, err
		}
	}
}

// claim takes references by id to what is recorded for references by name, as
// which they come back from the service.
func (p *preparer) claim() {
	index := resource.NewIndex(p.named(p.recorded))
	desired := resource.Set{}
	for a, d := range p.req.Desired {
		desired[a] = d
		k := p.kinds[a.Kind]
		if !slices.ContainsFunc(k.Refs(d.Object), func(r resource.Reference) bool { return r.ID != "" }) {
			continue
		}
		next := *d
		next.Object = resource.Clone(d.Object)
		if k.Claim(next.Object, index) {
			next.Needs = resource.UnionOf(d.Needs, k.Needs(next.Object)) // what comes before it stays
			desired[a] = &next
		}
	}
	p.req.Desired = desired
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
		return !slices.ContainsFunc(p.doubts, func(in state.Intent) bool { return in.Address.Kind == k.Name })
	})
}

// collections are those that the manifest or the state has anything in.
func (p *preparer) collections() []api.Collection {
	var out []api.Collection
	for _, k := range p.used() {
		in := map[string]bool{}
		for _, r := range p.recorded {
			if r.Address.Kind == k.Name && r.ID != "" {
				in[api.CollectionIn(k, r.ID)] = true
			}
		}
		for _, d := range p.req.Desired {
			if d.Address.Kind == k.Name {
				if c, ok := p.c.CollectionOf(k, d.Object, p.id); ok {
					in[c] = true
				}
			}
		}
		for _, c := range resource.Keys(in) {
			out = append(out, api.Collection{Kind: k, In: c})
		}
	}
	return out
}

// id is the id of a recorded object.
func (p *preparer) id(a resource.Address) (string, bool) {
	r := p.recorded[a]
	if r == nil {
		return "", false
	}
	return r.ID, r.ID != ""
}

// compute plans. What is to be adopted is not recorded yet, whatever settling
// made of it.
func (p *preparer) compute(live resource.Set) *diff.Plan {
	recorded := resource.Set{}
	for a, r := range p.recorded {
		if !p.adopt[a] {
			recorded[a] = r
		}
	}
	taken := map[resource.Address]bool{}
	for a := range p.req.Take {
		taken[a] = true
	}
	plan := diff.Compute(diff.Input{Kinds: p.req.Kinds, Desired: p.req.Desired, Recorded: recorded, Live: live,
		From: p.from, Forget: p.req.Forget, Delete: p.drop, Adopt: p.adopt, Taken: taken, Prune: p.req.Prune, Only: p.req.Only})
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
				if it.Object["name"] != s.Name {
					continue
				}
				risk := fmt.Sprintf("another %s has this name already (%s), and the service may refuse a second", k.Name, id)
				if !p.madeByAgain(s.Address, it.Object, risk) {
					s.Risks = append(s.Risks, risk)
				}
			}
		}
	}
}

// madeByAgain reports whether an object of which nothing is recorded may be what
// the saved plan, applied once already by a run of which nothing is left, made for
// that address. It is no risk then: under the key of that create the service
// answers with this object, or refuses a second.
func (p *preparer) madeByAgain(a resource.Address, o map[string]any, risk string) bool {
	again := p.req.Again
	if again == nil || madeBefore(o, again.Made) || p.c.Now().Sub(again.Made) >= keyLife {
		return false
	}
	return !slices.ContainsFunc(again.Plan.Steps, func(s diff.Step) bool { return s.Address == a && slices.Contains(s.Risks, risk) })
}
