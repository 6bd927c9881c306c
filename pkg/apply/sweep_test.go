package apply_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// A scenario is a run to be disturbed: what is there before, and what is to be
// made of it.
type scenario struct {
	name   string
	before func(r *rig.Rig) *spec.Manifest // nil: nothing is there
	after  func(r *rig.Rig) *spec.Manifest
	other  func(r *rig.Rig) // what another hand does in between
}

const seed = "joined-hubspot.yaml"

func applySeed(r *rig.Rig) *spec.Manifest { return r.Example(seed) }

// withoutStripe is the example with all gone that needs stripe.
func withoutStripe(r *rig.Rig) *spec.Manifest {
	return r.Example(seed, `  stripe:
    type: stripe
    name: Stripe Connection
    configuration:
      api_key: ${env.STRIPE_API_KEY}
`, "", `  customers:
    name: Customers
    connection: stripe
    configuration: {stream_id: customers}
    fields: [balance, description, livemode]
    relations:
      email: users.email                      # this model's field: that model's field
`, "", `      subscription_plan: customers.description
`, "")
}

// ring is three models and two syncs that refer to each other in circles; base is
// what they build on.
const (
	base = `
connections:
  pg:
    type: postgresql
    configuration: {hostname: db.example.com, port: 5432, database: app, username: polyplan, password: "${env.PG_PASSWORD}"}
`
	ring = base + `
models:
  users: {connection: pg, configuration: {table: users}, relations: {id: orders.user_id}}
  orders: {connection: pg, configuration: {table: orders}, relations: {user_id: [users.id, events.user_id]}}
  events: {connection: pg, configuration: {table: events}, relations: {user_id: users.id}}
syncs:
  first:
    mode: create
    schedule: {frequency: runafter, run_after: {syncs: [second]}}
    target: {connection: pg, object: public.orders}
    fields: {id: users.id}
  second:
    mode: create
    schedule: {frequency: runafter, run_after: {syncs: [first]}}
    target: {connection: pg, object: public.orders}
    fields: {id: orders.id}
`
)

// bulk is a bulk sync with what takes requests of its own: names in the destination.
const bulk = `
connections:
  from: {type: postgresql, configuration: {hostname: a, port: 5432, database: d, username: u, password: "${env.PG_PASSWORD}"}}
  to: {type: postgresql, configuration: {hostname: b, port: 5432, database: d, username: u, password: "${env.PG_PASSWORD}"}}
bulk_syncs:
  copy:
    source: from
    destination: {connection: to, configuration: {schema: copied}}
    schedule: {frequency: daily, hour: 3}
    automatically_add_new_fields: none
    schemas:
      public.orders: true
      public.users: {output_name: people, fields: {id: true, email: {obfuscate: true}, plan: {output_name: tariff}}}
`

func applyBulk(r *rig.Rig) *spec.Manifest { return r.Manifest(bulk) }

func withoutBulk(r *rig.Rig) *spec.Manifest {
	return r.Manifest(bulk[:strings.Index(bulk, "bulk_syncs:")])
}

func changeBulk(r *rig.Rig) *spec.Manifest {
	return r.Manifest(rig.Replace(r.T, bulk, "hour: 3", "hour: 4", "public.orders: true", "public.events: true", "output_name: tariff", "output_name: rate"))
}

// others are the kinds that no data flows through: some are there once, some have no
// id, and a user is in an organisation of the same run.
const others = base + `
schema_fields:
  users: {connection: pg, schema: public.users, fields: {score: {label: Score, type: number}, tier: {label: Tier, type: string}}}
primary_keys:
  users: {connection: pg, schema: public.users, fields: [email]}
roles: {analyst: {}, ops: {}}
policies: {marketing: {actions: {edit: [analyst]}}}
organizations: {acme: {sso_domain: acme.example.com}}
users:
  ada: {email: ada@example.com, roles: [analyst]}
  eve: {email: eve@example.com, organization: acme}
webhook: {endpoint: https://hooks.example.com/polytomic, secret: "${env.STRIPE_API_KEY}"}
error_subscribers: [data@example.com]
`

func applyOthers(r *rig.Rig) *spec.Manifest { return r.Manifest(others) }

func changeOthers(r *rig.Rig) *spec.Manifest {
	return r.Manifest(rig.Replace(r.T, others, "tier: {label: Tier", "rank: {label: Rank", "[email]", "[id, rank]", "acme.example.com", "acme.example.org",
		"[analyst]", "[ops]", "eve@example.com", "eve@example.org",
		"hooks.example.com", "hooks.example.org", "STRIPE_API_KEY}\"", "STRIPE_API_KEY}\", enabled: false", "data@example.com", "data@example.org"))
}

func applyBase(r *rig.Rig) *spec.Manifest { return r.Manifest(base) }
func applyRing(r *rig.Rig) *spec.Manifest { return r.Manifest(ring) }

var scenarios = []scenario{
	{"create", nil, applySeed, nil},
	{"update", applySeed, func(r *rig.Rig) *spec.Manifest {
		r.Env["STRIPE_API_KEY"] = "stripe-api-key-2"
		return r.Example(seed, "name: HubSpot Connection", "name: HubSpot", "configuration: {table: users}",
			"configuration: {table: public.users}", "[balance, description, livemode]", "[balance, description]",
			"schedule: continuous", "schedule: {frequency: daily, hour: 8, minute: 30}")
	}, nil},
	// Its connection becomes one of another type, of the same name.
	{"replace", applySeed, func(r *rig.Rig) *spec.Manifest {
		return r.Example(seed, "type: postgresql", "type: azuresql", "port: 5432", "port: 1433")
	}, nil},
	{"prune", applySeed, withoutStripe, nil},
	{"mixed", withoutStripe, func(r *rig.Rig) *spec.Manifest {
		return r.Example(seed, "type: postgresql", "type: azuresql", "port: 5432", "port: 1433", "name: Stars Data", "name: Stars")
	}, nil},
	{"circle", applyBase, applyRing, nil},
	{"circle prune", applyRing, applyBase, nil},
	// Each object of a circle gives way to another.
	{"circle replace", applyRing, func(r *rig.Rig) *spec.Manifest {
		return r.Manifest(rig.Replace(r.T, ring, "object: public.orders", `create: {name: public.archive}`))
	}, nil},
	{"circle gone", applyRing, func(r *rig.Rig) *spec.Manifest {
		return r.Manifest(rig.Replace(r.T, ring, "table: events", "table: events, note: x"))
	}, func(r *rig.Rig) {
		for kind, name := range map[string]string{"model": "users", "sync": "second"} {
			if err := r.Server.Remove(kind, name); err != nil {
				r.T.Error(err)
			}
		}
	}},
	{"bulk", withoutBulk, applyBulk, nil},
	{"bulk update", applyBulk, changeBulk, nil},
	{"bulk prune", applyBulk, withoutBulk, nil},
	{"others", applyBase, applyOthers, nil},
	{"others update", applyOthers, changeOthers, nil},
	{"others prune", applyOthers, applyBase, nil},
	{"gone", applySeed, applySeed, func(r *rig.Rig) {
		for kind, name := range map[string]string{"connection": "Stripe Connection", "model": "User Details"} {
			if err := r.Server.Remove(kind, name); err != nil {
				r.T.Error(err)
			}
		}
	}},
}

// No kind is left out.
func TestSweptKinds(t *testing.T) {
	swept := map[string]bool{}
	for _, sc := range scenarios {
		for a := range sc.after(sc.start(t, rig.Options{Memory: state.NewMemory(), Unchecked: true})).Set {
			swept[a.Kind] = true
		}
	}
	for _, k := range kinds.All() {
		if !swept[k.Name] {
			t.Errorf("no scenario has a %s", k.Name)
		}
	}
}

// start brings a world to where a scenario begins.
func (sc *scenario) start(t *testing.T, opt rig.Options) *rig.Rig {
	t.Helper()
	if strings.HasPrefix(sc.name, "bulk") || strings.HasPrefix(sc.name, "others") {
		opt.Sandbox.Pace = -1 // the schemas of a source are there at once
	}
	if strings.HasPrefix(sc.name, "others") {
		opt.Sandbox.Keys = []sandbox.Key{{Value: rig.Key, Partner: true}} // nobody else makes organisations
	}
	r := rig.New(t, opt)
	if sc.before != nil {
		r.Apply(sc.before(r))
	}
	if sc.other != nil {
		sc.other(r)
	}
	r.Server.ResetRequests()
	return r
}

// whole are the scenarios that the quick tests, too, disturb at every point.
var whole = map[string]bool{"create": true, "update": true}

// points are the numbers of what to disturb in a scenario, from 1 on without end. Of
// most scenarios the quick tests take every fourth, from somewhere on; where few will
// do, it is one.
func (sc *scenario) points(few bool) iter.Seq[int] {
	first, step := 1, 1
	switch {
	case few:
		first += rand.IntN(16)
	case !whole[sc.name] && !trial.IsLong():
		step = 4
		first += rand.IntN(step)
	}
	return func(yield func(int) bool) {
		for n := first; yield(n) && !few; n += step {
		}
	}
}

// tally counts disturbed runs, and those that the next run did not make up for.
type tally struct {
	few       bool // disturbed runs will do
	runs, bad atomic.Int64
}

// newTally is one that ends up as a figure: orphans, duplicates and lost objects
// over so many runs, disturbed in the way that is named.
func newTally(t *testing.T, disturbed string) *tally {
	c := &tally{few: trial.Few(t)}
	t.Cleanup(func() { // when the subtests are done
		trial.None(t, fmt.Sprintf("orphans, duplicates: %d runs, %s", c.runs.Load(), disturbed), int(c.bad.Load()))
	})
	return c
}

// settled lets a run follow a disturbed one, which has to leave nothing to do,
// and holds the world against the manifest.
func (c *tally) settled(t *testing.T, r *rig.Rig, m *spec.Manifest, at string) bool {
	t.Helper()
	c.runs.Add(1)
	again := r.Do(rig.Run{Manifest: m, Prune: true})
	if err := again.Failure(); err != nil {
		t.Errorf("%s: the next run: %v", at, err)
		c.bad.Add(1)
		return false
	}
	unlike := r.Unlike(m)
	for _, s := range unlike {
		t.Errorf("%s: after the next run: %s", at, s)
	}
	if len(unlike) > 0 {
		c.bad.Add(1)
	}
	return len(unlike) == 0
}

// Every request of every scenario goes wrong, each in every way, once and from
// then on; the next run makes up for it.
func TestSweepRequests(t *testing.T) {
	count := newTally(t, "a request goes wrong")
	faults := map[string]sandbox.Fault{
		"refused":        {Do: sandbox.Refuse},
		"500":            {Do: sandbox.Status, Status: 500},
		"500 after":      {Do: sandbox.Status, Status: 500, After: true},
		"reply lost":     {Do: sandbox.LoseReply},
		"body cut":       {Do: sandbox.CutBody},
		"503":            {Do: sandbox.Status, Status: 503},
		"503 after":      {Do: sandbox.Status, Status: 503, After: true},
		"429":            {Do: sandbox.Status, Status: 429},
		"page":           {Do: sandbox.HTML},
		"page for an OK": {Do: sandbox.HTML, Status: 200, After: true},
	}
	// What comes but once is mostly sent again and never seen, and refusals of
	// all sorts are much the same: one scenario sees them all, the rest these. Of what
	// is written in ways that the rest know, it is enough that answers are lost.
	telling := map[string]map[int]bool{"refused": {-1: true}, "500 after": {-1: true}, "reply lost": {1: true, -1: true},
		"page for an OK": {1: true, -1: true}}
	for _, sc := range scenarios {
		for name, fault := range faults {
			for _, times := range []int{1, -1} {
				if sc.before != nil && !telling[name][times] || strings.HasPrefix(sc.name, "others") && name != "reply lost" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d", sc.name, name, times), func(t *testing.T) {
					t.Parallel()
					sc.sweep(t, count, func(n int) sandbox.Fault {
						f := fault
						f.Nth, f.Times = n, times
						return f
					})
				})
			}
		}
	}
}

func (sc *scenario) sweep(t *testing.T, count *tally, fault func(n int) sandbox.Fault) {
	for n := range sc.points(count.few) {
		r := sc.start(t, rig.Options{Memory: state.NewMemory(), Unchecked: true})
		m := sc.after(r)
		f := fault(n)
		r.Server.Fault(f)
		r.Do(rig.Run{Manifest: m, Prune: true, NoWait: true})
		met := f.Times > 0 && r.Server.FaultsLeft() == 0 || f.Times < 0 && len(r.Server.Requests()) >= n
		r.Server.ResetFaults()
		if !count.settled(t, r, m, fmt.Sprintf("request %d", n)) {
			return
		}
		if !met {
			return
		}
	}
}

// The process dies at every request, before the service has it or when the
// answer is on its way; nothing that it does afterwards reaches anything.
func TestSweepDeath(t *testing.T) {
	count := newTally(t, "the process dies at a request (simulated)")
	for _, sc := range scenarios {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", sc.name, after), func(t *testing.T) {
				t.Parallel()
				for n := range sc.points(count.few) {
					mem := state.NewMemory()
					r := sc.start(t, rig.Options{Memory: mem, Unchecked: true})
					m := sc.after(r)
					process := mem.Another()
					killer := &killer{n: n, after: after, kill: process.Kill}
					r.Do(rig.Run{Manifest: m, Prune: true, NoWait: true, Store: process, Round: killer.round})
					if !count.settled(t, r, m, fmt.Sprintf("death at request %d", n)) || !killer.dead {
						return
					}
				}
			})
		}
	}
}

// The run that takes up what a dead one left dies too, here and there; the next
// makes up for both.
func TestSweepDeathTwice(t *testing.T) {
	count := newTally(t, "and the run that recovers dies too (simulated)")
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			apart := 8
			if trial.IsLong() {
				apart = 4
			}
			for first := 2; ; first += apart - 1 {
				alive := false
				for second := 1 + first%apart; ; second += apart {
					mem := state.NewMemory()
					r := sc.start(t, rig.Options{Memory: mem, Unchecked: true})
					m := sc.after(r)
					var dead bool
					for i, n := range []int{first, second} {
						process := mem.Another()
						killer := &killer{n: n, after: true, kill: process.Kill}
						r.Do(rig.Run{Manifest: m, Prune: true, NoWait: true, Store: process, Round: killer.round})
						process.Kill()
						dead = killer.dead
						alive = alive || i == 0 && !dead
					}
					if !count.settled(t, r, m, fmt.Sprintf("death at request %d, then at %d", first, second)) {
						return
					}
					if !dead || alive || count.few {
						break
					}
				}
				if alive || count.few {
					break
				}
			}
		})
	}
}

// killer ends a process at its n-th request.
type killer struct {
	n     int
	after bool
	kill  func()

	mu   sync.Mutex
	seen int
	dead bool
	base http.RoundTripper
}

func (k *killer) round(base http.RoundTripper) http.RoundTripper {
	k.base = base
	return k
}

var errDead = errors.New("the process is dead")

func (k *killer) RoundTrip(q *http.Request) (*http.Response, error) {
	k.mu.Lock()
	k.seen++
	dying := k.seen == k.n
	if k.dead || dying && !k.after {
		if dying {
			k.dead = true
			k.kill()
		}
		k.mu.Unlock()
		return nil, errDead
	}
	k.mu.Unlock()
	res, err := k.base.RoundTrip(q)
	k.mu.Lock()
	defer k.mu.Unlock()
	if dying {
		k.dead = true
		k.kill()
	}
	if k.dead && err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		return nil, errDead
	}
	return res, err
}

// A run is interrupted at every request: once, which lets what is under way
// finish, or twice, which ends the requests too. It ends, says so, and the next
// run takes it up.
func TestSweepInterrupt(t *testing.T) {
	count := newTally(t, "interrupted at a request")
	for _, sc := range scenarios {
		for _, twice := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/twice %v", sc.name, twice), func(t *testing.T) {
				t.Parallel()
				for n := range sc.points(count.few) {
					r := sc.start(t, rig.Options{Memory: state.NewMemory(), Unchecked: true})
					m := sc.after(r)
					ctx, end := context.WithCancel(context.Background())
					stop, halt := context.WithCancel(ctx)
					at := &interrupter{n: n, interrupt: halt}
					if twice {
						at.interrupt = end
					}
					ran := r.Do(rig.Run{Manifest: m, Prune: true, NoWait: true, Context: ctx, Stop: stop, Round: at.round})
					end()
					if res := ran.Result; res != nil && at.met() {
						if !res.Interrupted {
							t.Errorf("interrupted at request %d: the result does not say so", n)
						}
						if !twice && len(res.Failed) > 0 {
							t.Errorf("interrupted once at request %d: %v", n, res.Failed)
						}
					}
					if !count.settled(t, r, m, fmt.Sprintf("interrupted at request %d", n)) || !at.met() {
						return
					}
				}
			})
		}
	}
}

// interrupter interrupts a run when its n-th request is on its way.
type interrupter struct {
	n         int
	interrupt func()
	seen      atomic.Int64
	base      http.RoundTripper
}

func (i *interrupter) round(base http.RoundTripper) http.RoundTripper {
	i.base = base
	return i
}

func (i *interrupter) met() bool { return i.seen.Load() >= int64(i.n) }

func (i *interrupter) RoundTrip(q *http.Request) (*http.Response, error) {
	if i.seen.Add(1) == int64(i.n) {
		i.interrupt()
	}
	return i.base.RoundTrip(q)
}

// Every operation on the state fails, once; what was sent is known all the
// same, and nothing is sent that is not.
func TestSweepState(t *testing.T) {
	count := newTally(t, "an operation on the state fails")
	errDisk := errors.New("the disk is full")
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			for n := range sc.points(count.few) {
				mem := state.NewMemory()
				r := sc.start(t, rig.Options{Memory: mem, Unchecked: true})
				m := sc.after(r)
				process := mem.Another()
				met := ""
				fault := state.FailAt(int64(n), errDisk)
				process.Fault = func(op string) error {
					err := fault(op)
					if err != nil {
						met = op
					}
					return err
				}
				ran := r.Do(rig.Run{Manifest: m, Prune: true, NoWait: true, Store: process})
				at := fmt.Sprintf("operation %d (%s)", n, met)
				if err := ran.Failure(); met != "" && met != "unlock" && !errors.Is(err, errDisk) {
					t.Errorf("%s: the run ends with %v, want the disk's error", at, err)
				}
				if met == "lock" || met == "load" || met == "journal" {
					for _, q := range r.Server.Requests() {
						if q.Method != "GET" {
							t.Errorf("%s: %s %s was sent", at, q.Method, q.Path)
						}
					}
				}
				// A process that is gone holds nothing.
				process.Kill()
				if !count.settled(t, r, m, at) || met == "" {
					return
				}
			}
		})
	}
}
