package graph

import (
	"container/heap"
	"slices"
)

// Order returns all nodes such that each stands after all it needs; where that
// leaves a choice, the smallest comes first. If there is none, the error is a
// *[CycleError].
func (g *Graph[K]) Order() ([]K, error) {
	d := g.dense()
	order := make([]K, 0, len(d.nodes))
	missing := d.countNeeds()
	ready := d.withoutNeeds()
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		order = append(order, d.nodes[i])
		for _, j := range d.dependents[i] {
			if missing[j]--; missing[j] == 0 {
				heap.Push(&ready, j)
			}
		}
	}
	if len(order) < len(d.nodes) {
		return nil, &CycleError[K]{Path: g.Cycle()}
	}
	return order, nil
}

// dense is a graph with its nodes numbered in sorted order, so that comparing
// numbers compares nodes. Neighbours are sorted too.
type dense[K comparable] struct {
	nodes      []K
	needs      [][]int
	dependents [][]int
}

func (g *Graph[K]) dense() *dense[K] {
	nodes := g.Nodes()
	number := make(map[K]int, len(nodes))
	for i, node := range nodes {
		number[node] = i
	}
	d := &dense[K]{nodes: nodes, needs: make([][]int, len(nodes)), dependents: make([][]int, len(nodes))}
	for i, node := range nodes {
		for _, need := range g.needs[node] {
			d.needs[i] = append(d.needs[i], number[need])
		}
		slices.Sort(d.needs[i])
		d.needs[i] = slices.Compact(d.needs[i])
		for _, j := range d.needs[i] {
			d.dependents[j] = append(d.dependents[j], i) // in order, as i rises
		}
	}
	return d
}

func (d *dense[K]) countNeeds() []int {
	n := make([]int, len(d.nodes))
	for i, needs := range d.needs {
		n[i] = len(needs)
	}
	return n
}

func (d *dense[K]) withoutNeeds() queue {
	var q queue
	for i, needs := range d.needs {
		if len(needs) == 0 {
			q = append(q, i)
		}
	}
	return q // ascending, hence a heap already
}

// queue is a heap of node numbers: the smallest is popped first.
type queue []int

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(int)) }

func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
