package diff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Input is what a plan is made of.
type Input struct {
	Kinds    []*resource.Kind
	Desired  resource.Set // with fingerprints on its secrets
	Recorded resource.Set
	// Live holds what the service has of the recorded resources and of those to
	// adopt.
	Live resource.Set
	// From tells of recorded addresses that changed since the state was written
	// what they were; all sets go by the addresses of today.
	From map[resource.Address]resource.Address
	// Forget are recorded addresses to drop from the state without deleting.
	Forget map[resource.Address]bool
	// Delete are recorded addresses to delete even without Prune.
	Delete map[resource.Address]bool
	// Adopt are desired addresses whose object exists and is not recorded yet.
	Adopt map[resource.Address]bool
	// Taken are those of them whose object somebody chose: of what the service does
	// not show, such as secrets, it is taken to have what the manifest says.
	Taken map[resource.Address]bool
	// Prune deletes what left the manifest; otherwise it is listed as orphans.
	Prune bool
	// Only limits the plan to these addresses; nil means all.
	Only map[resource.Address]bool
}

// Compute compares the three sets. Cycles of the desired set must have references
// that may come later; the manifest's checks see to that.
func Compute(in Input) *Plan {
	c := &computer{in: in, kinds: map[string]*resource.Kind{}, plan: &Plan{}}
	for _, k := range in.Kinds {
		c.kinds[k.Name] = k
	}
	made := c.desired()
	c.repoint(made)
	gone := c.leftovers()
	c.order(made, gone)
	c.drift()
	return c.plan
}

type computer struct {
	in    Input
	kinds map[string]*resource.Kind
	plan  *Plan
}

func (c *computer) within(a resource.Address) bool { return c.in.Only == nil || c.in.Only[a] }

// desired makes the step of each resource of the manifest.
func (c *computer) desired() map[resource.Address]*Step {
	steps := map[resource.Address]*Step{}
	for _, a := range c.in.Desired.Addresses() {
		if c.within(a) {
			steps[a] = c.step(c.in.Desired[a])
		}
	}
	return steps
}

func (c *computer) step(d *resource.Resource) *Step {
	k, rec, live := c.kinds[d.Address.Kind], c.in.Recorded[d.Address], c.in.Live[d.Address]
	s := &Step{Address: d.Address, Name: d.DisplayName(), Record: without(d.Object, d.Unmanaged), Needs: d.Needs,
		Protect: d.Protect, Names: d.Names, Unmanaged: d.Unmanaged, Extra: d.Extra}
	for _, p := range slices.Sorted(maps.Keys(k.Extras(d.Extra))) {
		s.Risks = append(s.Risks, fmt.Sprintf("extra.%s is sent unchecked", p))
	}
	if from, ok := c.in.From[d.Address]; ok {
		s.Action, s.From = Move, from
	}
	blocked := missing(s)
	if live == nil {
		c.create(k, s, d, rec)
		if blocked != "" {
			s.block(blocked, resource.Address{})
		}
		return s
	}
	s.ID, s.Waiting = live.ID, live.Waiting
	var recorded resource.Object
	if rec != nil {
		recorded = rec.Object
	}
	adopt := c.in.Adopt[d.Address] && rec == nil
	switch {
	case adopt && c.in.Taken[d.Address]:
		rec = &resource.Resource{Object: resource.Taken(d.Object), Extra: resource.Taken(d.Extra)}
		recorded = rec.Object
	case adopt:
		recorded = unseen(k.Fields, d.Object)
	}
	liveObject := withKept(k, live.Object, rec)
	want := d.Object
	if blocked != "" {
		want, _ = assumed(want, recorded).(resource.Object)
	}
	m := merge(k, want, recorded, liveObject, d.Unmanaged)
	s.After, s.Changes = m.after, compare(k, want, m.before, m.after)
	s.Changes = append(s.Changes, extraChanges(k, live, rec, d)...)
	switch {
	case blocked != "":
		s.block(blocked, resource.Address{})
	case adopt:
		s.Action = Adopt
	case len(s.Changes) == 0:
		if s.Action == "" {
			s.Action = NoOp
			if rec != nil && rec.Protect != d.Protect {
				s.Reason = map[bool]string{true: "now protected", false: "no longer protected"}[d.Protect]
			}
		}
	case c.immutable(k, s):
		c.replace(k, s)
	case s.Action == "":
		s.Action = Update
	}
	if s.Writes() && len(s.Changes) > 0 && s.Action != Replace {
		c.needSecrets(s, d)
	}
	return s
}

func (c *computer) create(k *resource.Kind, s *Step, d, rec *resource.Resource) {
	s.Action, s.After = Create, resource.Clone(d.Object)
	s.Changes = append(compare(k, d.Object, nil, d.Object), extraChanges(k, nil, nil, d)...)
	if rec != nil {
		s.Gone, s.Reason = true, "the object was deleted outside polyplan"
	}
}

// unseen is the part of o that only the request carries which makes it, and no
// answer shows: nobody can tell whether what is adopted was made with it.
func unseen(fields []resource.Field, o resource.Object) resource.Object {
	out := resource.Object{}
	for key, v := range o {
		f := resource.Lookup(fields, key)
		below, isObject := v.(resource.Object)
		switch {
		case f == nil:
		case f.WriteOnly && f.OnCreate:
			out[key] = v
		case f.Type == resource.Struct && isObject:
			if part := unseen(f.Fields, below); len(part) > 0 {
				out[key] = part
			}
		}
	}
	return out
}

// immutable reports whether a change asks for a new object.
func (c *computer) immutable(k *resource.Kind, s *Step) bool {
	return slices.ContainsFunc(s.Changes, immutableIn(k))
}

func immutableIn(k *resource.Kind) func(Change) bool {
	return func(ch Change) bool { return Immutable(k, ch.Path) }
}

// Immutable reports whether a change at that path asks for a new object.
func Immutable(k *resource.Kind, p resource.Path) bool { return immutableAt(k.Fields, p) }

// immutableAt looks an Immutable field up at or above the path, two levels
// deep at most: nothing below changes what an object is.
func immutableAt(fields []resource.Field, p resource.Path) bool {
	for i := range fields {
		f := &fields[i]
		at := resource.Path("").Child(f.Name)
		if f.Immutable && p.Within(at) {
			return true
		}
		for j := range f.Fields {
			if f.Fields[j].Immutable && p.Within(at.Child(f.Fields[j].Name)) {
				return true
			}
		}
	}
	return false
}

// replace makes a step with an immutable change one that makes a new object.
func (c *computer) replace(k *resource.Kind, s *Step) {
	s.Action = Replace
	// Nothing of the old object is carried over to one of another type.
	d := c.in.Desired[s.Address]
	s.After = resource.Clone(d.Object)
	s.Waiting = nil
	s.Risks = append(s.Risks, "a new object takes its place; the old one and its history are deleted")
	// The protection that a manifest lifts holds until that is applied.
	if rec := c.in.Recorded[s.Address]; d.Protect || rec != nil && rec.Protect {
		c.plan.Refusals = append(c.plan.Refusals, Refusal{Address: s.Address, Policy: true, Pos: d.Pos,
			What: fmt.Sprintf("%s is protected and would be replaced", s.Address),
			Why:  fmt.Sprintf("%s cannot be changed in place", s.Changes[slices.IndexFunc(s.Changes, immutableIn(k))].Path),
			Fix:  "undo the change, or apply once with protect: false"})
	}
}

// without is o without what the manifest leaves to people in the app: of that
// nothing is recorded, for it is not ours.
func without(o resource.Object, unmanaged []resource.Path) resource.Object {
	if len(unmanaged) == 0 {
		return o
	}
	return prune(o, "", unmanaged).(resource.Object)
}

func prune(v any, p resource.Path, unmanaged []resource.Path) any {
	o, ok := v.(resource.Object)
	if !ok {
		return v
	}
	out := resource.Object{}
	for key, e := range o {
		if at := p.Child(key); !slices.ContainsFunc(unmanaged, at.Within) {
			out[key] = prune(e, at, unmanaged)
		}
	}
	return out
}

// repoint makes an update of each step that refers to an object which gets a
// new id: its own words do not change, the request does.
func (c *computer) repoint(steps map[resource.Address]*Step) {
	renewed := func(a resource.Address) bool {
		s := steps[a]
		return s != nil && (s.Action == Replace || s.Action == Create && s.Gone)
	}
	for _, a := range slices.SortedFunc(maps.Keys(steps), resource.Address.Compare) {
		s := steps[a]
		if s.ID == "" || s.Action == Replace || s.Blocked != "" {
			continue
		}
		d := c.in.Desired[a]
		for _, ref := range c.kinds[a.Kind].Refs(d.Object) {
			if ref.ID != "" || !renewed(ref.Address) || changesAt(s.Changes, ref.Path) {
				continue
			}
			s.Changes = append(s.Changes, Change{Path: ref.Path,
				Before: resource.Object{"id": steps[ref.Address].ID}, After: ref.Address.Name})
			s.Reason = "refers to " + ref.Address.String() + ", which gets a new id"
			if s.Action == NoOp {
				s.Action = Update
				c.needSecrets(s, d)
			}
		}
	}
}

func changesAt(changes []Change, p resource.Path) bool {
	return slices.ContainsFunc(changes, func(ch Change) bool { return p.Within(ch.Path) || ch.Path.Within(p) })
}

// leftovers makes the steps of what is recorded and no longer in the manifest.
func (c *computer) leftovers() map[resource.Address]*Step {
	steps := map[resource.Address]*Step{}
	for _, a := range c.in.Recorded.Addresses() {
		if c.in.Desired[a] != nil || !c.within(a) {
			continue
		}
		rec, live := c.in.Recorded[a], c.in.Live[a]
		s := &Step{Address: a, Name: rec.DisplayName(), ID: rec.ID, Needs: rec.Needs, Protect: rec.Protect, Gone: live == nil}
		k := c.kinds[a.Kind]
		switch {
		case c.in.Forget[a]:
			s.Action, s.Reason = Forget, "the manifest says to leave the object alone"
		case s.Gone:
			s.Action, s.Reason = Forget, "the object no longer exists"
		case !c.in.Prune && !c.in.Delete[a]:
			s.Action, s.Reason = Orphan, "no longer in the manifest; kept without --prune"
		default:
			s.Action = Delete
			if k != nil {
				s.Changes = compare(k, rec.Object, rec.Object, nil)
			}
			if s.Protect {
				c.plan.Refusals = append(c.plan.Refusals, Refusal{Address: a, Policy: true,
					What: fmt.Sprintf("%s is protected and would be deleted", a),
					Why:  "it was applied with protect: true, which holds until it is applied with protect: false",
					Fix:  fmt.Sprintf("apply it once with protect: false, leave it out with --exclude %[1]s, or let go of the object with removed: [{address: %[1]s, delete: false}]", a)})
			}
		}
		steps[a] = s
	}
	return steps
}

// order lines the steps up: what is needed first; then deletes, what needs
// others first.
func (c *computer) order(made, gone map[resource.Address]*Step) {
	line := func(steps map[resource.Address]*Step) []resource.Address {
		g := graph.New(resource.Address.Compare)
		for a, s := range steps {
			g.Add(a)
			for _, n := range s.Needs {
				if steps[n] != nil && n != a {
					g.Edge(a, n)
				}
			}
		}
		// What is on a circle is written twice; it stands where it is written first.
		g.Break(func(cycle []resource.Address) (resource.Address, []resource.Address) {
			for i, a := range slices.Backward(cycle) {
				if loose := c.loose(steps[a]); slices.Contains(loose, cycle[(i+1)%len(cycle)]) {
					return a, loose
				}
			}
			return cycle[len(cycle)-1], cycle[:1] // a state edited by hand
		})
		order, _ := g.Order()
		return order
	}
	first := line(made)
	c.spread(made, first)
	for _, a := range first {
		c.plan.Steps = append(c.plan.Steps, *made[a])
	}
	last := line(gone)
	slices.Reverse(last)
	for _, a := range last {
		c.plan.Steps = append(c.plan.Steps, *gone[a])
	}
	slices.SortStableFunc(c.plan.Refusals, func(x, y Refusal) int { return x.Address.Compare(y.Address) })
}

// loose are the needs of a step that its object can be without for a while.
func (c *computer) loose(s *Step) []resource.Address {
	k, o := c.kinds[s.Address.Kind], s.Record
	if rec := c.in.Recorded[s.Address]; o == nil && rec != nil {
		o = rec.Object
	}
	if k == nil {
		return nil
	}
	return k.Loose(o)
}

// drift compares what was applied with what the service has.
func (c *computer) drift() {
	for _, a := range c.in.Recorded.Addresses() {
		rec, live, k := c.in.Recorded[a], c.in.Live[a], c.kinds[a.Kind]
		if !c.within(a) || k == nil {
			continue
		}
		d := Drift{Address: a, Name: rec.DisplayName(), Gone: live == nil}
		if live != nil {
			// The recorded object laid over the live one shows what has to change
			// back; turned round, that is what was changed.
			unmanaged := rec.Unmanaged
			if want := c.in.Desired[a]; want != nil {
				unmanaged = want.Unmanaged
			}
			seen := live.Object
			if k.Align != nil {
				// It bears the names that the manifest gives now.
				seen = resource.Clone(seen)
				k.Align(seen, rec.Object)
			}
			m := merge(k, rec.Object, rec.Object, withKept(k, seen, rec), unmanaged)
			for _, ch := range compare(k, rec.Object, m.before, m.after) {
				if ch.Rekeyed {
					continue // it may be the same
				}
				ch.Before, ch.After = ch.After, ch.Before
				d.Changes = append(d.Changes, ch)
			}
		}
		if d.Gone || len(d.Changes) > 0 {
			c.plan.Drift = append(c.plan.Drift, d)
		}
	}
}

// Same reports whether the desired resource says just what is recorded, so that
// only a change outside could make it differ from the live object.
func Same(k *resource.Kind, desired, recorded *resource.Resource) bool {
	if desired == nil || recorded == nil {
		return desired == recorded
	}
	want := without(desired.Object, desired.Unmanaged)
	return len(compare(k, want, recorded.Object, want)) == 0 && len(extraChanges(k, nil, recorded, desired)) == 0
}
