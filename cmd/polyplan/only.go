package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// only are the addresses that --target and --exclude leave; nil means all.
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
	if len(targets) == 0 {
		targets = g.Nodes()
	}
	only := map[resource.Address]bool{}
	for _, a := range g.Closure(targets...) {
		only[a] = true
	}
	if len(excludes) > 0 {
		for _, a := range g.Reverse().Closure(excludes...) {
			delete(only, a)
		}
	}
	return only, nil
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
