package apply

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Options are what a run needs.
type Options struct {
	Client *api.Client
	Kinds  []*resource.Kind
	Store  state.Store
	State  *state.State // as loaded; the caller holds the lock
	// Fingerprints hash the bodies of requests, for the journal.
	Fingerprints *resource.Fingerprinter
	Prepared     *Prepared
	Parallelism  int
	// Wait is how long to wait for people to authorise connections.
	Wait time.Duration
	// Poll is how often to ask whether they have; 2 s if zero.
	Poll time.Duration
	// Notify gets the events, one at a time.
	Notify func(Event)
	// Stop ends the start of new steps when it is done; the context that Run is
	// given ends those under way.
	Stop context.Context
	Now  func() time.Time // time.Now if nil
}

// Run carries a plan out and saves the state. Steps that fail are in the
// result; the error says that nothing was sent: the plan has refusals, or the
// state cannot be written.
func Run(ctx context.Context, o Options) (*Result, error) {
	if len(o.Prepared.Plan.Refusals) > 0 {
		return nil, &RefusedError{o.Prepared.Plan.Refusals}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Stop == nil {
		o.Stop = context.Background()
	}
	r := &runner{Options: o, kinds: map[string]*resource.Kind{}, result: &Result{}, actions: map[node]diff.Action{},
		steps: map[resource.Address]*diff.Step{}, run: randomHex(8)}
	for _, k := range o.Kinds {
		r.kinds[k.Name] = k
	}
	for i := range o.Prepared.Plan.Steps {
		s := &o.Prepared.Plan.Steps[i]
		r.steps[s.Address] = s
	}
	return r.execute(ctx)
}

// RefusedError says that a plan must not be carried out.
type RefusedError struct{ Refusals []diff.Refusal }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the plan is refused: %s", e.Refusals[0].What)
}

// Policy reports whether a protection forbids the plan, and not something that
// is missing.
func (e *RefusedError) Policy() bool {
	return slices.ContainsFunc(e.Refusals, func(r diff.Refusal) bool { return r.Policy })
}

type runner struct {
	Options
	kinds   map[string]*resource.Kind
	steps   map[resource.Address]*diff.Step
	actions map[node]diff.Action
	run     string // makes this run's keys its own
	journal state.Journal
	slots   chan struct{}
	watch   *watcher
	halt    context.CancelFunc // no further step starts

	mu      sync.Mutex // the state, the result and the events
	result  *Result
	changed bool // the state has something to save
	counter int
}

func (r *runner) execute(ctx context.Context) (*Result, error) {
	r.State.Tool = Tool
	r.applySettlements()
	r.forget()
	g := r.graph()
	if g.Len() > 0 {
		var err error
		if r.journal, err = r.Store.Journal(ctx, r.State); err != nil {
			return nil, fmt.Errorf("nothing was sent, for the state cannot be written: %w", err)
		}
	}
	// Twice as many steps as requests, so that requests go out while others
	// write their journal; the transport bounds the requests.
	r.slots = make(chan struct{}, 2*max(r.Parallelism, 1))
	stop, halt := context.WithCancel(r.Stop)
	r.halt = halt
	defer halt()
	r.watch = newWatcher(r)
	results := g.Walk(stop, 0, func(_ context.Context, n node) error { return r.visit(ctx, stop, n) })
	r.watch.close()
	r.sum(results, stop)
	if r.journal != nil {
		if err := r.journal.Close(); err != nil {
			r.fail(err)
		}
	}
	if r.changed || r.updateRecords() {
		// The work is done whatever became of the context.
		if err := r.Store.Save(context.WithoutCancel(ctx), r.State); err != nil {
			r.fail(fmt.Errorf("the state could not be saved; its journal holds what was done: %w", err))
		}
	}
	return r.result, nil
}

// Tool is what the state says it was written by.
var Tool = "polyplan"

// fail records what ends the run as a whole, and stops it.
func (r *runner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.result.Err == nil {
		r.result.Err = err
	}
	r.halt()
}

// node is a piece of work: an address, and which part of its step.
type node struct {
	Address resource.Address
	Phase   phase
}

type phase int

const (
	make_  phase = iota // make or change the object
	drop                // delete it, or the old one of a replacement
	finish              // give a replacement its final name
)

func compareNodes(a, b node) int {
	if c := a.Address.Compare(b.Address); c != 0 {
		return c
	}
	return int(a.Phase) - int(b.Phase)
}

// graph orders the work. What makes waits for what it needs; what deletes
// waits for all that let go of it.
func (r *runner) graph() *graph.Graph[node] {
	g := graph.New(compareNodes)
	makes, drops := map[resource.Address]bool{}, map[resource.Address]bool{}
	for a, s := range r.steps {
		switch {
		case s.Action == diff.Delete:
			drops[a] = true
		case s.Action == diff.Replace:
			makes[a], drops[a] = true, true
		case s.Writes() || s.Waiting != nil:
			makes[a] = true
		}
	}
	for a := range makes {
		n := node{a, make_}
		g.Add(n)
		r.actions[n] = r.steps[a].Action
		for _, need := range r.steps[a].Needs {
			if makes[need] && need != a {
				g.Edge(n, node{need, make_})
			}
		}
	}
	for a := range drops {
		n := node{a, drop}
		g.Add(n)
		r.actions[n] = diff.Delete
		if makes[a] {
			g.Edge(n, node{a, make_})
			last := node{a, finish}
			g.Edge(last, n)
			r.actions[last] = diff.Update
		}
	}
	for a, s := range r.steps {
		needs := s.Needs
		if rec := r.State.Resources[a]; rec != nil {
			needs = append(slices.Clone(needs), rec.Needs...)
		}
		for _, need := range needs {
			if !drops[need] || need == a {
				continue
			}
			if makes[a] {
				g.Edge(node{need, drop}, node{a, make_})
			}
			if drops[a] {
				g.Edge(node{need, drop}, node{a, drop})
			}
		}
	}
	return g
}

// visit takes a slot and does a node's work.
func (r *runner) visit(ctx, stop context.Context, n node) error {
	if err := r.acquire(stop); err != nil {
		return err
	}
	held := true
	defer func() {
		if held {
			<-r.slots
		}
	}()
	s, began := r.steps[n.Address], r.Now()
	quiet := n.Phase == finish || !s.Writes()
	if !quiet {
		r.tell(Event{Kind: Started, Address: n.Address, Name: s.Name, Action: r.actions[n]})
	}
	var err error
	switch n.Phase {
	case make_:
		var w *resource.Waiting
		if w, err = r.make(ctx, s); err == nil {
			if !quiet {
				r.done(n, s, began)
			}
			if w != nil {
				<-r.slots
				held = false
				return r.await(ctx, stop, s, w)
			}
		}
	case drop:
		if err = r.drop(ctx, s); err == nil && s.Action == diff.Delete {
			r.done(n, s, began)
		}
	case finish:
		err = r.finish(ctx, s)
	}
	if err != nil {
		r.tell(Event{Kind: Failed, Address: n.Address, Name: s.Name, Action: r.actions[n], Err: err, Took: r.Now().Sub(began)})
	}
	return err
}

func (r *runner) acquire(stop context.Context) error {
	select {
	case r.slots <- struct{}{}:
	case <-stop.Done():
		return stop.Err()
	}
	if err := stop.Err(); err != nil {
		<-r.slots
		return err
	}
	return nil
}

func (r *runner) done(n node, s *diff.Step, began time.Time) {
	r.mu.Lock()
	r.result.Done.Add(s.Action)
	id := ""
	if rec := r.State.Resources[s.Address]; rec != nil {
		id = rec.ID
	}
	r.mu.Unlock()
	r.tell(Event{Kind: Done, Address: n.Address, Name: s.Name, Action: s.Action, ID: id, Took: r.Now().Sub(began)})
}

func (r *runner) tell(e Event) {
	if r.Notify == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Notify(e)
}

// sum turns the walk's outcome into the result. A step that waited is no
// failure, and what needs it is deferred, not skipped.
func (r *runner) sum(results map[node]error, stop context.Context) {
	nodes := make([]node, 0, len(results))
	for n := range results {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, compareNodes)
	for _, n := range nodes {
		err, f := results[n], Failure{Address: n.Address, Action: r.actions[n]}
		var skipped *graph.SkippedError[node]
		var waits *waitsError
		switch {
		case errors.As(err, &waits):
			r.result.Waiting = append(r.result.Waiting, f)
		case errors.As(err, &skipped):
			f.Because = skipped.Because.Address
			kind := Skipped
			if errors.As(results[skipped.Because], &waits) {
				kind = Deferred
				r.result.Deferred = append(r.result.Deferred, f)
			} else if errors.Is(results[skipped.Because], context.Canceled) && stop.Err() != nil {
				r.result.NotStarted++
				continue
			} else {
				r.result.Skipped = append(r.result.Skipped, f)
			}
			r.tell(Event{Kind: kind, Address: n.Address, Name: r.steps[n.Address].Name, Action: f.Action, Because: f.Because})
		case errors.Is(err, context.Canceled) && err == stop.Err():
			r.result.NotStarted++
		default:
			f.Err = err
			r.result.Failed = append(r.result.Failed, f)
		}
	}
	r.result.Interrupted = r.Stop.Err() != nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return hex.EncodeToString(b)
}
