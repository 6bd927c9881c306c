package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// only are the addresses that --target and --exclude leave; nil means all. What
// is made or changed goes with all that it needs. What is deleted goes the other
// way, with all that needs it, and never while something that is kept needs it.
func (s *session) only(desired resource.Set) (map[resource.Address]bool, error) {
	if len(s.opts.targets)+len(s.opts.excludes) == 0 {
		return nil, nil
	}
	g := graph.New(resource.Address.Compare)
	for _, set := range []resource.Set{s.state.Resources, desired} {
		for a, r := range set {
			g.Add(a)
			for _, n := range r.Needs {
				g.Edge(a, n)
			}
		}
	}
	targets, err := addresses(g, "--target", s.opts.targets)
	if err != nil {
		return nil, err
	}
	excludes, err := addresses(g, "--exclude", s.opts.excludes)
	if err != nil {
		return nil, err
	}
	goes := func(a resource.Address) bool { return desired[a] == nil }
	stays := func(a resource.Address) bool { return desired[a] != nil }
	only := map[resource.Address]bool{}
	switch {
	case len(targets) == 0:
		for _, a := range g.Nodes() {
			only[a] = true
		}
	default:
		for _, a := range slices.Concat(reach(g, targets, stays), reach(g.Reverse(), targets, goes)) {
			only[a] = true
		}
	}
	for _, a := range slices.Concat(excludes, reach(g.Reverse(), excludes, stays)) {
		delete(only, a)
	}
	for a := range s.state.Resources {
		if only[a] {
			continue
		}
		for _, n := range reach(g, []resource.Address{a}, goes) {
			delete(only, n)
		}
	}
	return only, nil
}

// reach are those of the wanted kind that can be reached from some addresses,
// themselves among them.
func reach(g *graph.Graph[resource.Address], from []resource.Address, wanted func(resource.Address) bool) []resource.Address {
	return slices.DeleteFunc(g.Closure(from...), func(a resource.Address) bool { return !wanted(a) })
}

// addresses reads the addresses that a flag gives; each has to exist.
func addresses(g *graph.Graph[resource.Address], flag string, words []string) ([]resource.Address, error) {
	var out []resource.Address
	for _, w := range words {
		a, err := resource.ParseAddress(w)
		if err == nil && g.Has(a) {
			out = append(out, a)
			continue
		}
		return nil, unknownAddress(flag, w, g.Nodes())
	}
	return out, nil
}

// unknownAddress is the error for a word that names nothing here.
func unknownAddress(where, word string, known []resource.Address) error {
	names := make([]string, len(known))
	for i, a := range known {
		names[i] = a.String()
	}
	fix := "`polyplan state list` and `polyplan graph` list the addresses"
	near, ok := diag.Nearest(word, names)
	for _, a := range known {
		if a.Name == word { // the kind was left out
			near, ok = a.String(), true
		}
	}
	if ok {
		fix = "did you mean " + near + "?"
	}
	return usage(fmt.Sprintf("%s: nothing has the address %q", where, diag.Visible(word)), fix)
}

// addressesOf are the addresses of several sets, sorted.
func addressesOf(sets ...resource.Set) []resource.Address {
	all := map[resource.Address]bool{}
	for _, s := range sets {
		for a := range s {
			all[a] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), resource.Address.Compare)
}
