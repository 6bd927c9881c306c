package rig

import (
	"context"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

var quiet = log.New(io.Discard, "", 0)

// Run is one life of a process. The zero value applies all, waits a while for
// authorisations that the sandbox gives by itself, and is not interrupted.
type Run struct {
	Manifest *spec.Manifest
	Prune    bool
	Only     []string      // addresses; nil is all
	Wait     time.Duration // for people, and for what the service does by itself
	NoWait   bool          // for people; Wait is 0
	// Parallelism is the rig's if zero.
	Parallelism int
	Context     context.Context // context.Background() if nil
	Stop        context.Context // the first interrupt, if not nil
	Notify      func(apply.Event)
	Store       state.Store // opened anew if nil
	// PrintKey is the key of fingerprints; "rig" if empty, none if "-".
	PrintKey string
	// Round comes between the client and the service.
	Round func(http.RoundTripper) http.RoundTripper
	// Wanted is asked before anything is sent; nil wants every plan.
	Wanted func(*apply.Prepared) bool
}

// Ran is what became of a run.
type Ran struct {
	State    *state.State // as it is in memory at the end
	Prepared *apply.Prepared
	Result   *apply.Result // nil if it did not come to that
	Events   []apply.Event
	Stats    transport.Stats
	Err      error
}

// Plan is the plan of a run that reads only, and must send nothing else.
func (r *Rig) Plan(run Run) *Ran {
	r.T.Helper()
	before := len(r.Writes())
	run.Wanted = func(*apply.Prepared) bool { return false }
	ran := r.Do(run)
	if ran.Err != nil {
		r.T.Fatalf("planning: %v", ran.Err)
	}
	if sent := r.Writes(); len(sent) > before {
		r.T.Errorf("planning sent %q", sent[before:])
	}
	return ran
}

// Apply applies a manifest, which must succeed whole.
func (r *Rig) Apply(m *spec.Manifest) *Ran {
	r.T.Helper()
	return r.Run(Run{Manifest: m})
}

// Run does what run says, which must succeed whole.
func (r *Rig) Run(run Run) *Ran {
	r.T.Helper()
	ran := r.Do(run)
	if err := ran.Failure(); err != nil {
		r.T.Fatalf("applying: %v", err)
	}
	return ran
}

// Do does what run says and tells what became of it.
func (r *Rig) Do(run Run) *Ran {
	r.T.Helper()
	ran := &Ran{}
	ran.Err = r.live(run, ran)
	if ran.Err == nil && ran.Result != nil {
		for _, s := range wrongSums(ran) {
			r.T.Errorf("the report of the run: %s", s)
		}
	}
	return ran
}

func (r *Rig) live(run Run, ran *Ran) error {
	ctx := run.Context
	if ctx == nil {
		ctx = context.Background()
	}
	if run.Parallelism == 0 {
		run.Parallelism = r.opt.Parallelism
	}
	store := run.Store
	if store == nil {
		store = r.Store()
	}
	lock, err := store.Lock(ctx, state.Holder{Who: "rig", Command: "test"})
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }() // fails for the dead, who have lost it anyway
	if ran.State, err = store.Load(ctx); err != nil {
		return err
	}
	prints := r.prints(run, ran.State)
	seal(run.Manifest, prints)
	t, err := r.transport(run)
	if err != nil {
		return err
	}
	c := api.New(t, r.opt.Version)
	c.Within(sandbox.OrganizationID("Sandbox")) // what the program learns of its key
	defer func() { ran.Stats = t.Stats() }()
	req := r.request(run, ran.State)
	req.Fingerprints = prints
	if ran.Prepared, err = apply.Prepare(ctx, c, req); err != nil {
		return err
	}
	if run.Wanted != nil && !run.Wanted(ran.Prepared) {
		return nil
	}
	wait := run.Wait
	if wait == 0 && !run.NoWait {
		wait = 10 * time.Second
	}
	ran.Result, err = apply.Run(ctx, apply.Options{
		Client: c, Kinds: kinds.All(), Store: store, State: ran.State, Fingerprints: prints, Prepared: ran.Prepared,
		Parallelism: run.Parallelism, Wait: wait, ReadyWait: wait, Poll: time.Millisecond, Stop: run.Stop,
		Notify: func(e apply.Event) {
			ran.Events = append(ran.Events, e)
			if run.Notify != nil {
				run.Notify(e)
			}
		},
	})
	return err
}

// request is what Prepare is asked, made as the program makes it.
func (r *Rig) request(run Run, st *state.State) apply.Request {
	req := apply.Request{Kinds: kinds.All(), Desired: resource.Set{}, State: st, Prune: run.Prune}
	if m := run.Manifest; m != nil {
		req.Desired = m.Set
		req.Moves, req.Forget, req.Delete = map[resource.Address]resource.Address{}, map[resource.Address]bool{}, map[resource.Address]bool{}
		for _, move := range m.Moved {
			req.Moves[move.From] = move.To
		}
		for _, gone := range m.Removed {
			if gone.Delete {
				req.Delete[gone.Address] = true
			} else {
				req.Forget[gone.Address] = true
			}
		}
	}
	if run.Only != nil {
		req.Only = map[resource.Address]bool{}
		for _, s := range run.Only {
			req.Only[r.Address(s)] = true
		}
	}
	return req
}

func (r *Rig) prints(run Run, st *state.State) *resource.Fingerprinter {
	key := run.PrintKey
	switch key {
	case "":
		key = "rig"
	case "-":
		key = ""
	}
	return resource.NewFingerprinter(key, st.Lineage)
}

// seal gives the manifest's secrets their fingerprints, anew for each run.
func seal(m *spec.Manifest, prints *resource.Fingerprinter) {
	if m == nil {
		return
	}
	for _, d := range m.Set {
		resource.Secrets(d.Object, func(s *resource.Secret) { s.Seal(prints) })
	}
}

// Client is one of a run of its own.
func (r *Rig) Client() *api.Client {
	r.T.Helper()
	t, err := r.transport(Run{Parallelism: r.opt.Parallelism})
	if err != nil {
		r.T.Fatal(err)
	}
	r.T.Cleanup(t.Close)
	return api.New(t, r.opt.Version)
}

func (r *Rig) transport(run Run) (*transport.Client, error) {
	base := r.round
	if run.Round != nil {
		base = run.Round(base)
	}
	return transport.New(transport.Options{BaseURL: r.URL, Key: Key, Version: r.opt.Version, Base: base,
		Parallelism: run.Parallelism, Sleep: noSleep, Rand: func() float64 { return 0.5 }})
}

// Failure is what kept a run from doing all of its plan, nil if nothing did.
func (ran *Ran) Failure() error {
	switch {
	case ran.Err != nil:
		return ran.Err
	case ran.Result == nil || ran.Result.Complete():
		return nil
	case ran.Result.Err != nil:
		return ran.Result.Err
	}
	return &incomplete{ran.Result}
}

// incomplete says what a result lacks.
type incomplete struct{ result *apply.Result }

func (e *incomplete) Error() string {
	var parts []string
	for what, list := range map[string][]apply.Failure{"failed": e.result.Failed, "skipped": e.result.Skipped,
		"deferred": e.result.Deferred, "waiting": e.result.Waiting} {
		for _, f := range list {
			text := what + " " + f.Address.String()
			if f.Err != nil {
				text += ": " + f.Err.Error()
			}
			parts = append(parts, text)
		}
	}
	if e.result.NotStarted > 0 {
		parts = append(parts, "some not started")
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}

// Unwrap lets the causes be asked for.
func (e *incomplete) Unwrap() []error {
	var out []error
	for _, f := range e.result.Failed {
		out = append(out, f.Err)
	}
	return out
}

// Actions are the plan's steps as "action address", but for those that change
// nothing, in the order of the plan.
func (ran *Ran) Actions() []string {
	out := []string{}
	for i := range ran.Prepared.Plan.Steps {
		if s := &ran.Prepared.Plan.Steps[i]; s.Action != diff.NoOp {
			out = append(out, string(s.Action)+" "+s.Address.String())
		}
	}
	return out
}

// Step is the plan's step for an address, nil if there is none.
func (ran *Ran) Step(address string) *diff.Step {
	for i := range ran.Prepared.Plan.Steps {
		if s := &ran.Prepared.Plan.Steps[i]; s.Address.String() == address {
			return s
		}
	}
	return nil
}

// Drift are the plan's drifts as "address path", or "address gone".
func (ran *Ran) Drift() []string {
	out := []string{}
	for _, d := range ran.Prepared.Plan.Drift {
		if d.Gone {
			out = append(out, d.Address.String()+" gone")
		}
		for _, ch := range d.Changes {
			out = append(out, d.Address.String()+" "+string(ch.Path))
		}
	}
	return out
}

// Paths are the paths of a step's changes.
func Paths(s *diff.Step) []string {
	out := []string{}
	for _, ch := range s.Changes {
		out = append(out, string(ch.Path))
	}
	return out
}
