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
	make_  phase = iota // make or change the object
	drop                // delete it, or the old one of a replacement
	finish              // give it the name that the old one had
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
// for all that let go of it; a name is given when it is free.
func (r *runner) graph() *graph.Graph[node] {
	g := graph.New(compareNodes)
	add := func(a resource.Address, p phase) node {
		n := node{a, p}
		g.Add(n)
		w, ok := r.work[a]
		if !ok {
			w = work{p, p}
		}
		r.work[a] = work{min(w.first, p), max(w.last, p)}
		return n
	}
	makes, drops := map[resource.Address]bool{}, map[resource.Address]bool{}
	for a, s := range r.steps {
		drops[a] = s.Action == diff.Delete && !s.Gone || s.Action == diff.Replace
		makes[a] = s.Action != diff.Delete && (s.Writes() || s.Waiting != nil)
		if makes[a] {
			add(a, make_)
		}
		if drops[a] {
			add(a, drop)
		}
	}
	for a, s := range r.steps {
		for _, need := range s.Needs {
			if makes[a] && makes[need] && need != a {
				g.Edge(node{a, make_}, node{need, make_})
			}
		}
		for _, need := range r.holds(s) {
			switch {
			case !drops[need] || need == a:
			case drops[a]:
				g.Edge(node{need, drop}, node{a, drop})
				fallthrough
			case makes[a]:
				if makes[a] {
					g.Edge(node{need, drop}, node{a, make_})
				}
			}
		}
		if makes[a] && drops[a] {
			g.Edge(node{a, drop}, node{a, make_})
		}
		if holders := r.nameHolders(s); makes[a] && len(holders) > 0 {
			r.held[a] = true
			n := add(a, finish)
			g.Edge(n, node{a, make_})
			for _, h := range holders {
				g.Edge(n, node{h, drop})
			}
		}
	}
	return g
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
