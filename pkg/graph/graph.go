// Package graph orders things that need each other, and walks them side by side.
//
// A node needs others; these are its needs, and it is one of their dependents.
// Needs come first in every order:
//
//	g := graph.New(cmp.Compare[string])
//	g.Edge("sync", "model") // sync needs model
//	g.Edge("model", "connection")
//	order, err := g.Order() // connection, model, sync
//
// [Graph.Walk] visits each node once all its needs are done, several at a time;
// a failure skips what depends on it and nothing else. What is [Graph.Late] comes
// last. Where things need each other in a circle there is no order until
// [Graph.Break] has taken an edge out of it.
//
// All results are sorted by the graph's comparison, so that equal graphs give
// equal answers however they were built. The package knows nothing of what the
// nodes mean, and keeps no result of a walk: that is for the visitor.
package graph

import (
	"iter"
	"maps"
	"slices"
)

// Graph is a directed graph of nodes and what they need. Reading it from
// several goroutines is safe as long as none adds to it.
type Graph[K comparable] struct {
	less func(a, b K) int
	// needs has every node as a key. An edge that was added twice stands twice in
	// both: that is cheaper than a set for each node, most of which have one edge.
	needs      map[K][]K
	dependents map[K][]K
	late       set[K]
}

type set[K comparable] map[K]struct{}

// New returns an empty graph whose nodes sort by less, which compares as
// cmp.Compare does and is 0 for equal nodes only.
func New[K comparable](less func(a, b K) int) *Graph[K] {
	return &Graph[K]{less: less, needs: map[K][]K{}, dependents: map[K][]K{}, late: set[K]{}}
}

// Add adds a node, without any edge. Adding one again changes nothing.
func (g *Graph[K]) Add(node K) {
	if _, ok := g.needs[node]; !ok {
		g.needs[node] = nil
	}
}

// Edge says that from needs needs, and adds both. A node may need itself; that
// is a cycle of one.
func (g *Graph[K]) Edge(from, needs K) {
	g.Add(from)
	g.Add(needs)
	g.needs[from] = append(g.needs[from], needs)
	g.dependents[needs] = append(g.dependents[needs], from)
}

// Late adds a node that [Graph.Walk] visits last: when nothing that is not late
// is left to visit, whatever became of it. That is no need: a failure elsewhere
// does not skip it.
func (g *Graph[K]) Late(node K) {
	g.Add(node)
	g.late[node] = struct{}{}
}

// Has reports whether node was added.
func (g *Graph[K]) Has(node K) bool {
	_, ok := g.needs[node]
	return ok
}

// Len returns the number of nodes.
func (g *Graph[K]) Len() int { return len(g.needs) }

// Nodes returns all nodes, sorted.
func (g *Graph[K]) Nodes() []K { return g.sorted(maps.Keys(g.needs)) }

// Needs returns what node needs directly, sorted; nothing for an unknown node.
func (g *Graph[K]) Needs(node K) []K { return g.sorted(slices.Values(g.needs[node])) }

// Dependents returns the nodes that need node directly, sorted.
func (g *Graph[K]) Dependents(node K) []K { return g.sorted(slices.Values(g.dependents[node])) }

// sorted has each node once.
func (g *Graph[K]) sorted(nodes iter.Seq[K]) []K {
	return slices.Compact(slices.SortedFunc(nodes, g.less))
}

// Reverse returns a new graph in which every edge points the other way: what
// was needed needs.
func (g *Graph[K]) Reverse() *Graph[K] {
	r := New(g.less)
	for node := range g.needs {
		r.Add(node)
	}
	for node, needs := range g.needs {
		for _, need := range needs {
			r.Edge(need, node)
		}
	}
	return r
}

// Closure returns the given nodes with all they need, directly or through
// others, sorted. Nodes that the graph does not have are left out.
func (g *Graph[K]) Closure(from ...K) []K {
	seen := set[K]{}
	var visit []K
	reach := func(node K) {
		if _, ok := seen[node]; !ok && g.Has(node) {
			seen[node] = struct{}{}
			visit = append(visit, node)
		}
	}
	for _, node := range from {
		reach(node)
	}
	for len(visit) > 0 {
		last := len(visit) - 1
		node := visit[last]
		visit = visit[:last]
		for _, need := range g.needs[node] {
			reach(need)
		}
	}
	return g.sorted(maps.Keys(seen))
}
