package apply_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// clock is that of a service, which goes as it likes.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) put(by time.Duration) { c.ahead.Store(int64(by)) }

// keys are the idempotency keys of the creates of a kind of object.
func keys(r *rig.Rig, path string) []string {
	var out []string
	for _, q := range r.Server.Requests() {
		if q.Method == "POST" && q.Path == path {
			out = append(out, q.Key)
		}
	}
	return out
}

// What became of a create is found out whatever this machine's clock thinks of
// the service's: by that alone objects are dated, and keys grow old.
func TestDoubtWithClocksApart(t *testing.T) {
	for _, ahead := range []time.Duration{0, -72 * time.Hour, 72 * time.Hour, -20 * 365 * 24 * time.Hour, 13 * 365 * 24 * time.Hour} {
		for _, made := range []bool{true, false} {
			var c clock
			c.put(ahead)
			r := rig.New(t, rig.Options{Sandbox: sandbox.Options{Clock: c.now}})
			do := sandbox.Refuse
			if made {
				do = sandbox.LoseReply
			}
			r.Server.Fault(sandbox.Fault{Method: "POST", Path: "/api/models", Do: do, Times: -1})
			wanted := r.Manifest(small)
			r.Do(rig.Run{Manifest: wanted})
			r.Server.ResetFaults()
			next := r.Apply(wanted)
			if got := next.Prepared.Plan.Summary().Adopt; made && got != 1 {
				t.Errorf("%v ahead: %d adopted, want the model that was made", ahead, got)
			}
			seen := map[string]bool{}
			for _, k := range keys(r, "/api/models") {
				seen[k] = true
			}
			if len(seen) != 1 {
				t.Errorf("%v ahead, made %v: the create was sent under %d keys, want its own alone", ahead, made, len(seen))
			}
			r.Converged(wanted)
		}
	}
}

// A key is of use for a day of the service's. After that what was not found was
// not made, and is made under a key of its own.
func TestDoubtThatIsOld(t *testing.T) {
	for age, same := range map[time.Duration]bool{time.Hour: true, 22 * time.Hour: true, 25 * time.Hour: false, 1000 * time.Hour: false} {
		var c clock
		r := rig.New(t, rig.Options{Sandbox: sandbox.Options{Clock: c.now}})
		r.Server.Fault(sandbox.Fault{Method: "POST", Path: "/api/models", Do: sandbox.Refuse, Times: -1})
		wanted := r.Manifest(small)
		r.Do(rig.Run{Manifest: wanted})
		r.Server.ResetFaults()
		before := keys(r, "/api/models")[0]
		r.Server.ResetRequests()
		c.put(age)
		next := r.Apply(wanted)
		if after := keys(r, "/api/models"); len(after) != 1 || (after[0] == before) != same {
			t.Errorf("after %v: sent under %q, before under %q", age, after, before)
		}
		if s := next.Prepared.Settled; len(s) != 1 || s[0].Open != same {
			t.Errorf("after %v: settled: %+v", age, s)
		}
		r.Converged(wanted)
	}
}

// The one object that could be it, but cannot be made what the manifest wants,
// is left alone: it may be somebody else's.
func TestDoubtAboutAStranger(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Server.Fault(sandbox.Fault{Method: "POST", Path: "/api/connections", Do: sandbox.Refuse, Times: -1})
	wanted := r.Manifest(small)
	r.Do(rig.Run{Manifest: wanted})
	r.Server.ResetFaults()
	other := *r
	other.Path += ".other"
	name, _ := wanted.Set[r.Address("connection.pg")].Object["name"].(string)
	other.Apply(other.Manifest("connections:\n  x: {type: stripe, name: " + name + ", configuration: {api_key: \"${env.STRIPE_API_KEY}\"}}\n"))
	stranger := other.ID("connection.x")
	r.Server.ResetRequests()
	ran := r.Do(rig.Run{Manifest: wanted, Prune: true})
	var refused *apply.RefusedError
	if !errors.As(ran.Err, &refused) || !strings.Contains(refused.Refusals[0].Why, stranger) || !strings.Contains(refused.Error(), "another type") {
		t.Fatalf("the run ends with %v", ran.Failure())
	}
	if got := r.Writes(); len(got) > 0 {
		t.Errorf("sent: %q", got)
	}
	// Given another name it is not taken for ours.
	if err := r.Server.Edit("connection", stranger, map[string]any{"name": "Somebody else's"}); err != nil {
		t.Fatal(err)
	}
	r.Apply(wanted)
	if _, ok := r.Server.Object("connection", stranger); !ok {
		t.Error("the other's object is gone")
	}
}
