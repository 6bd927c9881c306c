package graph

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// SkippedError is the result of a node that was not visited because one it
// needs, directly or through others, failed.
type SkippedError[K comparable] struct {
	Because K // the node whose visit failed; the smallest, if several did
}

// Error names the failed node.
func (e *SkippedError[K]) Error() string { return fmt.Sprintf("skipped: %v failed", e.Because) }

// PanicError is the result of a node whose visit panicked.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // of the visit, as debug.Stack formats it
}

// Error returns the panic's value; the stack is for those who ask for it.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errExited stands for a visit that ended its goroutine instead of returning.
var errExited = errors.New("the visit ended its goroutine")

// Walk visits every node after all it needs were visited with success, at most
// workers at once (0 or less: as many as there are), and returns when the last
// visit has. Among the nodes that are ready the smallest is started first; with
// one worker they are visited in the order of [Graph.Order]. Late ones are
// started when no others are ready or visited, but for those that only wait, see
// [Aside].
//
// The result holds an error for each node whose visit was not a success, and is
// empty when all were:
//   - what visit returned, or a *[PanicError] when it panicked;
//   - a *[SkippedError] for what depends on a failed one, while all others go on;
//   - ctx.Err() for the rest that was not started when ctx was cancelled. Visits
//     that run by then are waited for, and ctx is theirs to heed;
//   - a *[CycleError] for every node, none being visited, when there is no order.
//
// The graph must not change during the walk. visit is called from several
// goroutines.
func (g *Graph[K]) Walk(ctx context.Context, workers int, visit func(ctx context.Context, k K) error) map[K]error {
	order, err := g.Order()
	if err != nil {
		all := make(map[K]error, g.Len())
		for _, k := range g.Nodes() {
			all[k] = err
		}
		return all
	}

	type result struct {
		node  int
		aside bool // it goes on, and only waits
		err   error
	}
	var (
		d       = g.dense()
		missing = d.countNeeds()
		ready   queue
		late    queue // ready too, but for later
		results = make(chan result)
		running = 0
		busy    = map[int]bool{} // what runs, is not late and does more than wait
		done    = make([]bool, len(d.nodes))
		failed  = make(map[K]error)
	)
	isReady := func(i int) {
		if _, ok := g.late[d.nodes[i]]; ok {
			heap.Push(&late, i)
		} else {
			heap.Push(&ready, i)
		}
	}
	start := func(q *queue) {
		for len(*q) > 0 && (workers <= 0 || running < workers) && ctx.Err() == nil {
			i := heap.Pop(q).(int)
			running++
			if q == &ready {
				busy[i] = true
			}
			ctx := context.WithValue(ctx, asideKey{}, func() { results <- result{node: i, aside: true} })
			go func() {
				r := result{node: i, err: errExited}
				// Deferred, as even a visit that calls runtime.Goexit must be
				// counted, or the walk would wait for it for ever.
				defer func() { results <- r }()
				r.err = recovered(ctx, d.nodes[i], visit)
			}()
		}
	}
	for _, i := range d.withoutNeeds() {
		isReady(i)
	}
	for {
		start(&ready)
		if len(busy) == 0 {
			start(&late)
		}
		if running == 0 {
			break
		}
		r := <-results
		delete(busy, r.node)
		if r.aside {
			continue
		}
		running--
		done[r.node] = true
		if r.err != nil {
			failed[d.nodes[r.node]] = r.err
			continue // its dependents never become ready
		}
		for _, j := range d.dependents[r.node] {
			if missing[j]--; missing[j] == 0 {
				isReady(j)
			}
		}
	}

	visited := make(map[K]bool, len(d.nodes))
	for i, k := range d.nodes {
		visited[k] = done[i]
	}
	return g.explain(ctx, order, visited, failed)
}

type asideKey struct{}

// Aside is called by a visit, with the context that it was given, that from now
// on only waits for something outside: what is late does not wait for it.
func Aside(ctx context.Context) {
	if aside, ok := ctx.Value(asideKey{}).(func()); ok {
		aside()
	}
}

// explain adds to failed why each node that was not visited was not. It does so
// after the walk, so that the node blamed does not depend on who failed first.
func (g *Graph[K]) explain(ctx context.Context, order []K, visited map[K]bool, failed map[K]error) map[K]error {
	blame := make(map[K]K)
	for k := range failed {
		blame[k] = k
	}
	for _, k := range order {
		if visited[k] {
			continue
		}
		failed[k] = ctx.Err()
		for _, need := range g.needs[k] {
			root, ok := blame[need]
			if !ok {
				continue
			}
			if old, ok := blame[k]; !ok || g.less(root, old) < 0 {
				blame[k] = root
				failed[k] = &SkippedError[K]{Because: root}
			}
		}
	}
	return failed
}

func recovered[K comparable](ctx context.Context, k K, visit func(context.Context, K) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return visit(ctx, k)
}
