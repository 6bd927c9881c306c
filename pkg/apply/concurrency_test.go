package apply_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// A failed step skips what needs it and nobody else, and every failure is told.
func TestFailureStaysInItsBranch(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Env["PG_PASSWORD"] = "invalid" // the sandbox refuses it
	text := strings.ReplaceAll(small, "syncs:", `  customers: {connection: stripe, configuration: {stream_id: customers}}
  wrong: {connection: stripe, configuration: {stream_id: no_such_stream}}
syncs:`)
	text = strings.ReplaceAll(text, "models:", "  stripe: {type: stripe, configuration: {api_key: \"${env.STRIPE_API_KEY}\"}}\nmodels:")
	ran := r.Do(rig.Run{Manifest: r.Manifest(text)})
	if d := cmp.Diff([]string{"connection.pg", "model.wrong"}, addresses(ran.Result.Failed)); d != "" {
		t.Errorf("failed (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"model.users", "sync.carry"}, addresses(ran.Result.Skipped)); d != "" {
		t.Errorf("skipped (-want +got):\n%s", d)
	}
	for _, f := range ran.Result.Skipped {
		if f.Because.String() != "connection.pg" {
			t.Errorf("%s is skipped because of %s", f.Address, f.Because)
		}
	}
	if n := ran.Result.Done.Create; n != 3 {
		t.Errorf("%d created, want 3", n)
	}
	kinds := map[apply.EventKind]int{}
	for _, e := range ran.Events {
		kinds[e.Kind]++
	}
	if d := cmp.Diff([]int{5, 3, 2, 2}, []int{kinds[apply.Started], kinds[apply.Done], kinds[apply.Failed], kinds[apply.Skipped]}); d != "" {
		t.Errorf("started, done, failed, skipped (-want +got):\n%s", d)
	}
	r.Env["PG_PASSWORD"] = "right"
	right := r.Manifest(strings.ReplaceAll(text, "no_such_stream", "charges"))
	r.Apply(right)
	r.Converged(right)
}

// many is a manifest of n connections that need nothing of each other.
func many(n int) string {
	var b strings.Builder
	b.WriteString("connections:\n")
	for i := range n {
		fmt.Fprintf(&b, "  c%03d: {type: stripe, configuration: {api_key: \"${env.STRIPE_API_KEY}\"}}\n", i)
	}
	return b.String()
}

// As many requests are in flight as may be, if there is that much to do, and
// never more.
func TestParallelism(t *testing.T) {
	for _, n := range []int{1, 3, 8} {
		r := rig.New(t, rig.Options{Parallelism: n})
		// All that may be in flight wait for each other; if one were missing
		// nothing would go on, and one too many would be seen.
		g := &gathering{n: n}
		g.full = sync.NewCond(&g.mu)
		r.Server.Fault(sandbox.Fault{Method: "POST", Do: sandbox.Wait, Times: 2 * n, Hold: g.wait})
		wanted := r.Manifest(many(4 * n))
		r.Apply(wanted)
		if got := r.Server.MaxInFlight(); got != n {
			t.Errorf("%d requests in flight, want %d", got, n)
		}
		r.Converged(wanted)
	}
}

// gathering lets those who wait go n at a time.
type gathering struct {
	n, came int
	mu      sync.Mutex
	full    *sync.Cond
}

func (g *gathering) wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.came++
	round := (g.came + g.n - 1) / g.n * g.n
	g.full.Broadcast()
	for g.came < round {
		g.full.Wait()
	}
}

// The first interrupt lets what is in flight end, starts nothing more, and
// saves.
func TestStop(t *testing.T) {
	r := rig.New(t, rig.Options{Parallelism: 2})
	stop, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	r.Server.Fault(sandbox.Fault{Method: "POST", Do: sandbox.Wait, Nth: 3, Hold: interrupt})
	wanted := r.Manifest(many(20))
	ran := r.Do(rig.Run{Manifest: wanted, Stop: stop})
	res := ran.Result
	if ran.Err != nil || !res.Interrupted || len(res.Failed)+len(res.Skipped) > 0 || res.NotStarted == 0 || res.Done.Create+res.NotStarted != 20 {
		t.Errorf("result: %+v, %v", res, ran.Err)
	}
	if got := len(r.Load().Resources); got != res.Done.Create || got != r.Server.Count("connection") {
		t.Errorf("the state has %d, the service %d, %d were done", got, r.Server.Count("connection"), res.Done.Create)
	}
	r.Apply(wanted)
	r.Converged(wanted)
}

// The second interrupt ends requests; what they may have done is in doubt, and
// the next run finds out.
func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Parallelism: 4})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		release := make(chan struct{})
		r.Server.Fault(sandbox.Fault{Method: "POST", Do: sandbox.Wait, Nth: 3, Times: 2, Hold: func() {
			cancel()
			<-release // the service goes on when the client is gone
		}})
		wanted := r.Manifest(many(12))
		ran := r.Do(rig.Run{Manifest: wanted, Context: ctx})
		if ran.Err != nil || !ran.Result.Interrupted || ran.Result.Err != nil || ran.Result.NotStarted == 0 {
			t.Errorf("result: %+v, %v", ran.Result, ran.Err)
		}
		if len(r.Load().Doubts) == 0 {
			t.Error("nothing is in doubt")
		}
		close(release)
		r.Apply(wanted)
		r.Converged(wanted)
	})
}

// A bug in one step is a failure of that step.
func TestPanic(t *testing.T) {
	r := rig.New(t, rig.Options{})
	wanted := r.Manifest(many(3))
	var panicked sync.Once
	ran := r.Do(rig.Run{Manifest: wanted, Notify: func(e apply.Event) {
		if e.Kind == apply.Started {
			panicked.Do(func() { panic(errors.New("a bug")) })
		}
	}})
	if ran.Err != nil || len(ran.Result.Failed) != 1 || ran.Result.Done.Create != 2 {
		t.Errorf("result: %+v, %v", ran.Result, ran.Err)
	}
	r.Apply(wanted)
	r.Converged(wanted)
}

// Wherever in its requests a step ends by a panic, what it did is not forgotten:
// the next run finds it.
func TestPanicAtEveryRequest(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			r := rig.New(t, rig.Options{Memory: state.NewMemory()})
			wanted := r.Manifest(small)
			p := &panicker{n: n, after: after}
			ran := r.Do(rig.Run{Manifest: wanted, Round: p.round})
			var bug *apply.BugError
			if met := p.seen >= n; met && (!errors.As(ran.Failure(), &bug) || strings.Contains(ran.Failure().Error(), errBug.Error())) {
				t.Errorf("request %d, after %v: the run ends with %v", n, after, ran.Failure())
			} else if !met {
				break
			}
			r.Apply(wanted)
			r.Converged(wanted)
		}
	}
}

var errBug = errors.New("what a panic was given")

// panicker panics at the n-th request that changes something.
type panicker struct {
	n     int
	after bool
	mu    sync.Mutex
	seen  int
	base  http.RoundTripper
}

func (p *panicker) round(base http.RoundTripper) http.RoundTripper {
	p.base = base
	return p
}

func (p *panicker) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method == http.MethodGet {
		return p.base.RoundTrip(q)
	}
	p.mu.Lock()
	p.seen++
	met := p.seen == p.n
	p.mu.Unlock()
	if met && !p.after {
		panic(errBug)
	}
	res, err := p.base.RoundTrip(q)
	if met {
		_ = res.Body.Close()
		panic(errBug)
	}
	return res, err
}
