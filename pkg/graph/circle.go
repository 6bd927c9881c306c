package graph

import "slices"

// Circles returns the largest groups of nodes that all need each other, directly
// or through others, each sorted, and in the order of their smallest. A node
// that is on no cycle is in none; one that needs itself alone is a group of one.
func (g *Graph[K]) Circles() [][]K {
	d := g.dense()
	gone := d.outsideCycles()
	var (
		found [][]K
		index = make([]int, len(d.nodes)) // from 1, in the order of discovery
		low   = make([]int, len(d.nodes))
		on    = make([]bool, len(d.nodes)) // the stack
		stack []int
		count int
	)
	// Tarjan's algorithm, with a stack of its own in place of recursion, for the
	// circle may be long.
	type frame struct{ node, next int }
	for root := range d.nodes {
		if gone[root] || index[root] > 0 {
			continue
		}
		work := []frame{{root, 0}}
		for len(work) > 0 {
			f := &work[len(work)-1]
			i := f.node
			if f.next == 0 {
				count++
				index[i], low[i] = count, count
				stack, on[i] = append(stack, i), true
			}
			if f.next < len(d.needs[i]) {
				j := d.needs[i][f.next]
				f.next++
				switch {
				case gone[j]:
				case index[j] == 0:
					work = append(work, frame{j, 0})
				case on[j]:
					low[i] = min(low[i], index[j])
				}
				continue
			}
			work = work[:len(work)-1]
			if len(work) > 0 {
				up := work[len(work)-1].node
				low[up] = min(low[up], low[i])
			}
			if low[i] < index[i] {
				continue
			}
			at := slices.Index(stack, i)
			group := slices.Sorted(slices.Values(stack[at:]))
			stack = stack[:at]
			circle := make([]K, len(group))
			for n, j := range group {
				on[j], circle[n] = false, d.nodes[j]
			}
			if len(circle) > 1 || slices.Contains(d.needs[i], i) {
				found = append(found, circle)
			}
		}
	}
	slices.SortFunc(found, func(a, b []K) int { return g.less(a[0], b[0]) })
	return found
}

// Break takes edges out until there is no cycle left. For each that it meets, a
// path as that of [Graph.Cycle], choose names a node and those of its needs that
// are to go, at least one of which has to be an edge of the path. It returns
// false as soon as choose names none.
func (g *Graph[K]) Break(choose func(cycle []K) (from K, needs []K)) bool {
	for _, circle := range g.Circles() {
		in := set[K]{}
		for _, k := range circle {
			in[k] = struct{}{}
		}
		// Circles share no cycle, so each is searched by itself.
		part := New(g.less)
		for _, k := range circle {
			for _, need := range g.needs[k] {
				if _, ok := in[need]; ok {
					part.Edge(k, need)
				}
			}
		}
		for path := part.Cycle(); path != nil; path = part.Cycle() {
			from, needs := choose(path)
			before := len(part.needs[from])
			for _, need := range needs {
				g.cut(from, need)
				part.cut(from, need)
			}
			if len(part.needs[from]) == before {
				return false
			}
		}
	}
	return true
}

// cut takes an edge out.
func (g *Graph[K]) cut(from, need K) {
	g.needs[from] = slices.DeleteFunc(g.needs[from], func(k K) bool { return k == need })
	g.dependents[need] = slices.DeleteFunc(g.dependents[need], func(k K) bool { return k == from })
}
