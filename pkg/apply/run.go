package apply

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/fault"
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
	// ReadyWait is how long to wait for what the service has to do by itself before
	// an object can be written; not at all if zero.
	ReadyWait time.Duration
	// Poll is how often to ask how it stands; 2 s if zero.
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
	r := &runner{Options: o, kinds: map[string]*resource.Kind{}, result: &Result{}, steps: map[resource.Address]*diff.Step{},
		work: map[resource.Address]work{}, held: map[resource.Address]bool{}, cut: map[resource.Address]bool{},
		off: map[resource.Address]bool{}, run: randomHex(8), attempts: map[string]int{}, open: map[string]state.Intent{}}
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
	work    map[resource.Address]work
	held    map[resource.Address]bool // its name is another's until that is deleted
	cut     map[resource.Address]bool // it is made without what may come later
	off     map[resource.Address]bool // it is turned on last
	run     string                    // makes the names of this run's operations its own
	journal state.Journal
	slots   chan struct{}
	watch   *watcher
	ctx     context.Context    // ends requests
	halt    context.CancelFunc // no further step starts

	mu      sync.Mutex // the state, the result and the events
	result  *Result
	index   *resource.Index
	changed bool // the state has something to save
	counter int
	// attempts count what was sent, by address, method and path.
	attempts map[string]int
	open     map[string]state.Intent // what was intended and has no outcome yet
}

func (r *runner) execute(ctx context.Context) (*Result, error) {
	r.ctx, r.State.Tool = ctx, Tool
	if err := r.bookkeep(); err != nil {
		return nil, err
	}
	r.index = resource.NewIndex(olds(r.State.Resources), r.State.Resources)
	g := r.graph()
	if g.Len() > 0 {
		// A bug must not leave it open: it would go on to hold the state's lock.
		defer func() { _ = r.closeJournal() }()
		if err := r.openJournal(ctx); err != nil {
			return nil, fmt.Errorf("nothing was sent, for the state cannot be written: %w", err)
		}
	}
	// Twice as many steps as requests, so that requests go out while others
	// write their journal; the transport bounds the requests.
	r.slots = make(chan struct{}, 2*max(r.Parallelism, 1))
	stop, halt := context.WithCancel(r.Stop)
	r.halt = halt
	defer halt()
	defer context.AfterFunc(ctx, halt)()
	r.watch = newWatcher(r)
	results := g.Walk(stop, 0, func(walk context.Context, n node) error { return r.visit(ctx, walk, n) })
	r.watch.close()
	r.sum(results, stop)
	r.blocked()
	if err := r.closeJournal(); err != nil {
		r.fail(err)
	}
	r.unconcluded()
	if r.updateRecords() || r.changed || r.State.CutShort {
		// The work is done whatever became of the context.
		if err := r.save(context.WithoutCancel(ctx)); err != nil {
			r.fail(err)
		}
	}
	return r.result, nil
}

// openJournal makes sure that what is going to happen can be remembered.
func (r *runner) openJournal(ctx context.Context) error {
	if r.changed {
		if err := r.save(ctx); err != nil {
			return err
		}
		r.changed = false
	}
	return fault.Around("journal.open", func() (err error) {
		r.journal, err = r.Store.Journal(ctx, r.State)
		return err
	})
}

func (r *runner) closeJournal() error {
	if r.journal == nil {
		return nil
	}
	return fault.Around("journal.close", func() error {
		err := r.journal.Close()
		r.journal = nil
		return err
	})
}

func (r *runner) save(ctx context.Context) error {
	return fault.Around("save", func() error { return r.Store.Save(ctx, r.State) })
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

// visit takes a slot and does a node's work.
func (r *runner) visit(ctx, stop context.Context, n node) error {
	mine := &slot{r: r}
	if err := mine.take(stop); err != nil {
		return err
	}
	defer mine.free()
	s, began := r.at(n), r.Now()
	if n.Phase == r.work[n.Address].first && s.Writes() {
		r.tell(Event{Kind: Started, Address: n.Address, Name: s.Name, Action: s.Action})
	}
	var err error
	var w *resource.Waiting
	switch n.Phase {
	case make_:
		err = r.whenReady(ctx, stop, s, mine, func() (err error) {
			w, err = r.make(ctx, s)
			return err
		})
	case join:
		err = r.join(ctx, s)
	case untie:
		err = r.untie(ctx, s)
	case drop:
		err = r.drop(ctx, s)
	case finish:
		err = r.finish(ctx, s)
	case activate:
		err = r.activate(ctx, s)
	}
	switch {
	case errors.Is(err, errUnsent):
		return err
	case err != nil:
		r.tell(Event{Kind: Failed, Address: n.Address, Name: s.Name, Action: s.Action, Err: err, Took: r.Now().Sub(began)})
		return err
	case n.Phase == r.work[n.Address].last && s.Writes():
		r.done(s, began)
	}
	if w != nil {
		mine.free()
		return r.await(ctx, stop, s, w)
	}
	return nil
}

// slot is one of those that bound how much is under way. Who waits frees it.
type slot struct {
	r    *runner
	held bool
}

func (s *slot) take(stop context.Context) error {
	select {
	case s.r.slots <- struct{}{}:
		s.held = true
	case <-stop.Done():
		return errUnsent
	}
	if stop.Err() != nil {
		s.free()
		return errUnsent
	}
	return nil
}

func (s *slot) free() {
	if s.held {
		<-s.r.slots
		s.held = false
	}
}

func (r *runner) done(s *diff.Step, began time.Time) {
	r.mu.Lock()
	r.result.Done.Add(s.Action)
	id := s.ID
	if rec := r.State.Resources[s.Address]; rec != nil {
		id = rec.ID
	}
	r.mu.Unlock()
	r.tell(Event{Kind: Done, Address: s.Address, Name: s.Name, Action: s.Action, ID: id, Took: r.Now().Sub(began)})
}

func (r *runner) tell(e Event) {
	if r.Notify == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Notify(e)
}

// sum turns the walk's outcome into the result, one entry a step: that of the
// first of its nodes that did not end well. A step that waited is no failure,
// and what needs it is deferred, not skipped.
func (r *runner) sum(results map[node]error, stop context.Context) {
	told := map[resource.Address]bool{}
	for _, n := range slices.SortedFunc(maps.Keys(results), compareNodes) {
		if told[n.Address] {
			continue
		}
		told[n.Address] = true
		s, err := r.steps[n.Address], results[n]
		f := Failure{Address: n.Address, Action: s.Action}
		var skipped *graph.SkippedError[node]
		if errors.As(err, &skipped) {
			err = results[skipped.Because]
		}
		var waits *waitsError
		var panicked *graph.PanicError
		switch {
		case errors.Is(err, errUnsent), err == stop.Err():
			r.result.NotStarted++
		case errors.As(err, &waits) && skipped == nil:
			r.result.Waiting = append(r.result.Waiting, f)
		case skipped != nil:
			f.Because = skipped.Because.Address
			kind, list := Skipped, &r.result.Skipped
			if waits != nil {
				kind, list = Deferred, &r.result.Deferred
			}
			*list = append(*list, f)
			r.tell(Event{Kind: kind, Address: n.Address, Name: s.Name, Action: f.Action, Because: f.Because})
		default:
			if errors.As(err, &panicked) {
				err = &BugError{panicked}
			}
			f.Err = err
			r.result.Failed = append(r.result.Failed, f)
			if panicked != nil {
				r.tell(Event{Kind: Failed, Address: n.Address, Name: s.Name, Action: f.Action, Err: err})
			}
		}
	}
	r.result.Interrupted = r.interrupted()
}

// BugError says that a step ended by a panic. What that was given is not in its
// text, for it might hold a secret.
type BugError struct{ Panic *graph.PanicError }

func (*BugError) Error() string   { return "a bug in polyplan ended this step" }
func (e *BugError) Unwrap() error { return e.Panic }

// errUnsent ends a step of which nothing was sent, because the run is to end.
var errUnsent = errors.New("not started")

func (r *runner) interrupted() bool { return r.Stop.Err() != nil || r.ctx.Err() != nil }

func randomHex(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return hex.EncodeToString(b)
}
