package apply

import (
	"slices"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// node is a piece of work: an address, and which part of its step.
type node struct {
	Address resource.Address
	Phase   phase
}

type phase int

const (
	make_    phase = iota // make or change the object
	join                  // write what a circle kept from its first request
	untie                 // write what is to go without what a circle holds on to
	drop                  // delete it, or the old one of a replacement
	finish                // give it the name that the old one had
	activate              // turn it on
)

func compareNodes(a, b node) int {
	if c := a.Address.Compare(b.Address); c != 0 {
		return c
	}
	return int(a.Phase) - int(b.Phase)
}

// work says which nodes a step has.
type work struct{ first, last phase }

// graph orders the work. What makes waits for what it needs; what deletes waits
// for all that let go of it; a name is given when it is free; what is turned on
// comes last.
func (r *runner) graph() *graph.Graph[node] {
	o := &orderer{r, graph.New(compareNodes), map[resource.Address]bool{}, map[resource.Address]bool{},
		map[resource.Address][]resource.Address{}}
	for a, s := range r.steps {
		o.drops[a] = s.Action == diff.Delete && !s.Gone || s.Action == diff.Replace
		o.makes[a] = s.Action != diff.Delete && (s.Writes() || s.Waiting != nil)
		if o.makes[a] {
			o.add(a, make_)
		}
		if o.drops[a] {
			o.add(a, drop)
		}
	}
	o.orderMakes()
	o.orderDrops()
	for a, s := range r.steps {
		if !o.makes[a] {
			continue
		}
		if o.drops[a] {
			o.g.Edge(node{a, drop}, o.written(a))
		}
		if holders := r.nameHolders(s); len(holders) > 0 {
			r.held[a] = true
			n := o.add(a, finish)
			o.g.Edge(n, o.written(a))
			for _, h := range holders {
				o.g.Edge(n, node{h, drop})
			}
		}
		if r.turnsOn(s) {
			r.off[a] = true
			n := node{a, activate}
			o.g.Edge(n, node{a, r.work[a].last})
			for _, need := range slices.Concat([]resource.Address{a}, s.Needs) {
				o.waitFor(n, need)
			}
			o.add(a, activate)
			o.g.Late(n)
		}
	}
	return o.g
}

// orderer makes a run's graph.
type orderer struct {
	r            *runner
	g            *graph.Graph[node]
	makes, drops map[resource.Address]bool
	circle       map[resource.Address][]resource.Address // whose makes need each other
}

func (o *orderer) add(a resource.Address, p phase) node {
	n := node{a, p}
	o.g.Add(n)
	w, ok := o.r.work[a]
	if !ok {
		w = work{p, p}
	}
	o.r.work[a] = work{min(w.first, p), max(w.last, p)}
	return n
}

// written is the node after which an object has all that it refers to.
func (o *orderer) written(a resource.Address) node {
	if o.r.cut[a] {
		return node{a, join}
	}
	return node{a, make_}
}

// waitFor has a node wait until an object, and with it all of its circle, is
// made and written whole.
func (o *orderer) waitFor(n node, need resource.Address) {
	for _, a := range slices.Concat(o.circle[need], []resource.Address{need}) {
		if w := o.written(a); o.makes[a] && w != n {
			o.g.Edge(n, w)
		}
	}
}

// orderMakes has every object made after those that it refers to. In a circle
// one is made first without what may come later, and written again as soon as
// the others are there.
func (o *orderer) orderMakes() {
	needs := graph.New(resource.Address.Compare)
	for a, s := range o.r.steps {
		for _, need := range s.Needs {
			if o.makes[a] && o.makes[need] {
				needs.Edge(a, need)
			}
		}
	}
	for _, circle := range needs.Circles() {
		for _, a := range circle {
			o.circle[a] = circle
		}
	}
	needs.Break(func(cycle []resource.Address) (resource.Address, []resource.Address) {
		at, cost := 0, 0
		for i, a := range cycle {
			if c := o.cost(a, cycle[(i+1)%len(cycle)]); i == 0 || c <= cost {
				at, cost = i, c
			}
		}
		from, to := cycle[at], cycle[(at+1)%len(cycle)]
		switch cost {
		case orderOnly, orderLost:
			return from, []resource.Address{to}
		case twoRequests:
			o.r.cut[from] = true
			return from, o.loose(from)
		}
		return from, nil // no manifest has that, so that nothing is done
	})
	for _, a := range needs.Nodes() {
		for _, need := range needs.Needs(a) {
			if slices.Contains(o.circle[a], need) {
				// It is enough that it has an id.
				o.g.Edge(node{a, make_}, node{need, make_})
			} else {
				o.waitFor(node{a, make_}, need)
			}
		}
		if !o.r.cut[a] {
			continue
		}
		n := o.add(a, join)
		o.g.Edge(n, node{a, make_})
		for _, need := range o.loose(a) {
			switch {
			case !o.makes[need] || need == a:
			case slices.Contains(o.circle[a], need):
				o.g.Edge(n, node{need, make_})
			default:
				o.waitFor(n, need)
			}
		}
	}
}

// What it costs to have a request not wait for what it refers to.
const (
	orderOnly   = iota // nothing: what it refers to is there, and only changes what may come later
	twoRequests        // a request more
	orderLost          // what it refers to is there, and changes
	impossible
)

func (o *orderer) cost(from, to resource.Address) int {
	there := o.r.steps[to]
	k := o.r.kinds[to.Kind]
	switch {
	case !renews(there.Action) && !slices.ContainsFunc(there.Changes, func(c diff.Change) bool { return !k.Cuts(c.Path) }):
		return orderOnly
	case renews(o.r.steps[from].Action) && slices.Contains(o.loose(from), to):
		return twoRequests
	case !renews(there.Action):
		return orderLost
	}
	return impossible
}

// loose are the addresses that an object is made without if it has to be.
func (o *orderer) loose(a resource.Address) []resource.Address {
	return o.r.kinds[a.Kind].Loose(o.r.steps[a].Record)
}

// orderDrops has every object deleted after all that refer to it are written
// without that, or deleted. In a circle one is written without what it refers
// to before it goes.
func (o *orderer) orderDrops() {
	held := graph.New(resource.Address.Compare)
	for a, s := range o.r.steps {
		for _, need := range o.r.holds(s) {
			if !o.drops[need] || need == a {
				continue
			}
			if o.drops[a] {
				held.Edge(need, a)
			}
			if o.makes[a] {
				o.g.Edge(node{need, drop}, o.written(a))
			}
		}
	}
	held.Break(func(cycle []resource.Address) (resource.Address, []resource.Address) {
		at, cost := 0, impossible+1
		for i, held := range cycle {
			c := impossible
			switch by := o.r.old(cycle[(i+1)%len(cycle)]); {
			case by == nil || !slices.Contains(o.r.kinds[by.Address.Kind].Needs(by.Object), held):
				c = orderOnly // only what takes its place refers to that
			case slices.Contains(o.r.kinds[by.Address.Kind].Loose(by.Object), held):
				c = twoRequests
			}
			if c < cost {
				at, cost = i, c
			}
		}
		held, by := cycle[at], cycle[(at+1)%len(cycle)]
		if cost == impossible {
			return held, nil
		}
		if cost == twoRequests {
			n := o.add(by, untie)
			o.g.Edge(node{by, drop}, n)
			o.g.Edge(node{held, drop}, n)
			if o.makes[by] {
				o.g.Edge(n, node{by, make_})
			}
		}
		return held, []resource.Address{by}
	})
	for _, a := range held.Nodes() {
		for _, by := range held.Needs(a) {
			o.g.Edge(node{a, drop}, node{by, drop})
		}
	}
}

// old is what is known of the object of an address before the run.
func (r *runner) old(a resource.Address) *resource.Resource {
	if live := r.Prepared.Live[a]; live != nil {
		return live
	}
	return r.State.Resources[a]
}

// holds are the addresses of the objects that a step's object may still refer
// to before the step is taken.
func (r *runner) holds(s *diff.Step) []resource.Address {
	out := slices.Clone(s.Needs)
	if rec := r.State.Resources[s.Address]; rec != nil {
		out = append(out, rec.Needs...)
	}
	if live := r.Prepared.Live[s.Address]; live != nil {
		out = append(out, r.kinds[s.Address.Kind].Needs(live.Object)...)
	}
	return out
}

// nameHolders are the addresses whose objects are deleted in this run and may
// bear the name of the step's until then.
func (r *runner) nameHolders(s *diff.Step) []resource.Address {
	if !r.kinds[s.Address.Kind].UniqueName {
		return nil
	}
	var out []resource.Address
	if s.Action == diff.Replace {
		out = append(out, s.Address)
	}
	for a, rec := range r.State.Resources {
		if to, ok := successor(rec); ok && to == s.Address && r.steps[a] != nil && r.steps[a].Action == diff.Delete {
			out = append(out, a)
		}
	}
	return out
}
