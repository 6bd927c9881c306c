package graph

import (
	"fmt"
	"slices"
	"strings"
)

// CycleError says that nodes need each other in a circle.
type CycleError[K comparable] struct {
	// Path is the circle: each node needs the next, and the last the first,
	// which is the smallest.
	Path []K
}

// Error returns "cycle: a → b → a".
func (e *CycleError[K]) Error() string {
	var b strings.Builder
	b.WriteString("cycle: ")
	for _, k := range e.Path {
		fmt.Fprintf(&b, "%v → ", k)
	}
	if len(e.Path) > 0 {
		fmt.Fprint(&b, e.Path[0])
	}
	return b.String()
}

// Cycle returns nil when there is none, else the shortest cycle as a path that
// begins at its smallest node: each node needs the next, and the last needs the
// first. Among equally short ones it is that with the smallest beginning.
//
// To be sure of the shortest can take time quadratic in the size of the graph.
// The search therefore ends after a fixed number of steps, with the shortest
// that it has met; graphs of up to a few thousand nodes stay far below.
func (g *Graph[K]) Cycle() []K {
	d := g.dense()
	s := search{needs: d.needs, gone: d.outsideCycles(), parent: make([]int, len(d.nodes)), round: make([]int, len(d.nodes))}
	steps := searchSteps
	var best []int
	for i := range d.nodes {
		if s.gone[i] {
			continue
		}
		if path := s.through(i, len(best), &steps); path != nil {
			best = path
		}
		if len(best) == 1 || best != nil && steps < 0 {
			break
		}
		// Every cycle through i has been considered: those still to be found
		// begin at a greater node.
		s.gone[i] = true
	}
	var path []K
	for _, i := range best {
		path = append(path, d.nodes[i])
	}
	return path
}

const searchSteps = 5_000_000

// outsideCycles marks the nodes that can be on no cycle, because all that they
// need ends somewhere, or all that needs them begins somewhere.
func (d *dense[K]) outsideCycles() []bool {
	gone := make([]bool, len(d.nodes))
	trim := func(ahead, back [][]int) {
		left := make([]int, len(d.nodes))
		var ends []int
		for i := range d.nodes {
			for _, j := range ahead[i] {
				if !gone[j] {
					left[i]++
				}
			}
			if !gone[i] && left[i] == 0 {
				ends = append(ends, i)
			}
		}
		for len(ends) > 0 {
			i := ends[len(ends)-1]
			ends = ends[:len(ends)-1]
			gone[i] = true
			for _, j := range back[i] {
				if left[j]--; left[j] == 0 && !gone[j] {
					ends = append(ends, j)
				}
			}
		}
	}
	trim(d.needs, d.dependents)
	trim(d.dependents, d.needs)
	return gone
}

// search finds shortest ways breadth first. parent and round are its memory,
// kept to spare clearing it: a parent counts only when its round is the current.
type search struct {
	needs  [][]int
	gone   []bool
	parent []int
	round  []int
	now    int
	queue  []int
}

// through returns a shortest cycle through start, or nil if there is none
// shorter than shorter (0: of any length). It takes one off steps for every
// edge that it follows.
func (s *search) through(start, shorter int, steps *int) []int {
	s.now++
	s.queue = append(s.queue[:0], start)
	s.round[start] = s.now
	depth, levelEnd := 1, 1 // length of a cycle closed from this level; where the level ends in the queue
	for at := 0; at < len(s.queue); at++ {
		if at == levelEnd {
			depth, levelEnd = depth+1, len(s.queue)
		}
		if shorter > 0 && depth >= shorter {
			return nil
		}
		i := s.queue[at]
		for _, j := range s.needs[i] {
			*steps--
			if j == start {
				return s.wayTo(start, i)
			}
			if !s.gone[j] && s.round[j] != s.now {
				s.round[j], s.parent[j] = s.now, i
				s.queue = append(s.queue, j)
			}
		}
	}
	return nil
}

func (s *search) wayTo(start, i int) []int {
	path := []int{i}
	for i != start {
		i = s.parent[i]
		path = append(path, i)
	}
	slices.Reverse(path)
	return path
}
