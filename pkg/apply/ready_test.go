package apply_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// reading is a service that takes an hour to read the schemas of a source.
func reading(version string, c *clock) rig.Options {
	return rig.Options{Version: version, Parallelism: 1, Sandbox: sandbox.Options{Clock: c.now, Pace: time.Hour, KeepBodies: true}}
}

// A bulk sync waits until the service has read its source, and holds nobody up
// meanwhile, though one thing is done at a time.
func TestWaitForSchemas(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		var c clock
		r := rig.New(t, reading(version, &c))
		wanted := r.Manifest(bulk + `
models:
  users: {connection: from, configuration: {table: users}}
`)
		var told []string
		seen := map[string]bool{}
		ran := r.Run(rig.Run{Manifest: wanted, Wait: time.Minute, Notify: func(e apply.Event) {
			seen[string(e.Kind)+" "+e.Address.String()] = true
			if e.Kind == apply.Preparing {
				told = append(told, fmt.Sprintf("%s: %s", e.Address, e.Text))
			}
			if seen["done model.users"] && seen["preparing bulk_sync.copy"] {
				c.put(2 * time.Hour)
			}
		}})
		if d := cmp.Diff([]string{"bulk_sync.copy: the service reads the schemas of connection.from"}, told); d != "" {
			t.Errorf("told (-want +got):\n%s", d)
		}
		if n := ran.Result.Done.Create; n != 4 {
			t.Errorf("%d created", n)
		}
		if n := len(keys(r, "/api/bulk/syncs")); n != 1 {
			t.Errorf("it was asked for %d times", n)
		}
		r.Converged(wanted)
		stored, _ := r.Server.Object("bulk_sync", "copy")
		for _, name := range []string{"people", "tariff"} {
			if !strings.Contains(fmt.Sprint(stored), "user_output_name:"+name) {
				t.Errorf("nothing is called %s", name)
			}
		}
		if n := len(r.Plan(rig.Run{Manifest: wanted}).Prepared.Plan.Steps[3].Changes); n != 0 {
			t.Errorf("%d changes are left", n)
		}
	})
}

// What the service says of its cache may lag behind. A refusal for that alone is
// waited out, each attempt under a key of its own; another is final.
func TestRefusedForBeingEarly(t *testing.T) {
	for message, again := range map[string]bool{"cache refresh in progress": true, "mode not supported": false} {
		for _, status := range []int{400, 422} {
			r := rig.New(t, rig.Options{Sandbox: sandbox.Options{Pace: -1}})
			wanted := applyBulk(r)
			round := &early{message: message, status: status, times: 3}
			ran := r.Do(rig.Run{Manifest: wanted, Round: round.round})
			if (ran.Failure() == nil) != again {
				t.Fatalf("%d %s: %v", status, message, ran.Failure())
			}
			if !again {
				if len(round.keys) != 1 {
					t.Errorf("%s: asked for %d times", message, len(round.keys))
				}
				continue
			}
			if len(round.keys) != 4 {
				t.Errorf("%s: keys %q", message, round.keys)
			}
			seen := map[string]bool{}
			for _, key := range round.keys {
				if seen[key] || key == "" {
					t.Errorf("keys %q", round.keys)
				}
				seen[key] = true
			}
			r.Converged(wanted)
		}
	}
}

// Waiting has an end, and an interrupt ends it too; nothing was sent.
func TestWaitForSchemasEnds(t *testing.T) {
	var c clock
	r := rig.New(t, reading("", &c))
	wanted := applyBulk(r)
	ran := r.Do(rig.Run{Manifest: wanted, Wait: 5 * time.Millisecond})
	if len(ran.Result.Failed) != 1 || !strings.Contains(ran.Result.Failed[0].Err.Error(), "the service reads the schemas of connection.from, still after 5ms; apply again when it is done") {
		t.Errorf("failed: %+v", ran.Result.Failed)
	}
	stop, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	ran = r.Do(rig.Run{Manifest: wanted, Wait: time.Hour, Stop: stop, Notify: func(e apply.Event) {
		if e.Kind == apply.Preparing {
			interrupt()
		}
	}})
	if !ran.Result.Interrupted || ran.Result.NotStarted != 1 || len(ran.Result.Failed) > 0 {
		t.Errorf("result: %+v", ran.Result)
	}
	if n := len(keys(r, "/api/bulk/syncs")); n != 0 {
		t.Errorf("it was asked for %d times", n)
	}
	c.put(2 * time.Hour)
	r.Apply(wanted)
	r.Converged(wanted)
}

// early refuses the first creates of a bulk sync.
type early struct {
	message string
	status  int
	times   int
	keys    []string
	base    http.RoundTripper
}

func (e *early) round(base http.RoundTripper) http.RoundTripper {
	e.base = base
	return e
}

func (e *early) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method != "POST" || q.URL.Path != "/api/bulk/syncs" {
		return e.base.RoundTrip(q)
	}
	e.keys = append(e.keys, q.Header.Get("Idempotency-Key"))
	if len(e.keys) > e.times {
		return e.base.RoundTrip(q)
	}
	body := fmt.Sprintf(`{"key": "early", "message": %q, "status": %d}`, e.message, e.status)
	return &http.Response{StatusCode: e.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: q,
		Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1}, nil
}
