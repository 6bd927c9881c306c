package apply_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// twoSyncs have a branch of their own each: the second waits for a person.
const twoSyncs = base + `
  hub: {type: hubspot}
models:
  users: {connection: pg, configuration: {table: users}}
  orders: {connection: pg, configuration: {table: orders}}
syncs:
  a:
    mode: create
    schedule: manual
    target: {connection: pg, object: public.orders}
    fields: {id: users.id}
  b:
    mode: create
    schedule: manual
    target: {connection: hub, object: contacts}
    fields: {firstname: orders.user_id}
`

// API dossier 13.7: syncs are made inactive, and turned on when all else is in
// place.
func TestActivateLast(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, keeping(version))
		m := r.Manifest(ring)
		r.Apply(m)
		for _, body := range r.Sent("POST", "/api/syncs") {
			if body["active"] != false {
				t.Errorf("a sync is made with active: %v", body["active"])
			}
		}
		got := r.Writes()
		last := []string{"POST /api/syncs/" + r.ID("sync.first") + "/activate", "POST /api/syncs/" + r.ID("sync.second") + "/activate"}
		end := slices.Sorted(slices.Values(got[len(got)-2:]))
		slices.Sort(last)
		if d := cmp.Diff(last, end); d != "" || len(r.Sent("POST", "/api/syncs/*/activate")) != 2 {
			t.Errorf("the last requests of %q (-want +got):\n%s", got, d)
		}
		r.Converged(m)
	})
}

// Turning on is a request of its own in an update too, and nothing else is sent
// if that is all; turning off goes along with the rest.
func TestActivateAnUpdate(t *testing.T) {
	off := rig.Replace(t, ring, "  first:\n", "  first:\n    active: false\n")
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, keeping(version))
		r.Apply(r.Manifest(off))
		known := ids(r)
		for _, tt := range []struct {
			name, text string
			want       []string
			put        any // active in the body
		}{
			{"on", ring, []string{"POST /api/syncs/sync.first/activate"}, nil},
			{"off", off, []string{"PUT /api/syncs/sync.first"}, false},
			{"on, and more", rig.Replace(t, ring, "  first:\n", "  first:\n    name: One\n"),
				[]string{"PUT /api/syncs/sync.first", "POST /api/syncs/sync.first/activate"}, false},
			{"stays on", ring, []string{"PUT /api/syncs/sync.first"}, true},
		} {
			r.Server.ResetRequests()
			m := r.Manifest(tt.text)
			r.Apply(m)
			if d := cmp.Diff(tt.want, writes(r, known)); d != "" {
				t.Errorf("%s: requests (-want +got):\n%s", tt.name, d)
			}
			for _, body := range r.Sent("PUT", "/api/syncs/*") {
				if body["active"] != tt.put {
					t.Errorf("%s: the update sends active: %v, want %v", tt.name, body["active"], tt.put)
				}
			}
			r.Converged(m)
		}
	})
}

// What is left to people is made as it is to be, for nothing would turn it on
// later if the run were cut off.
func TestActivateUnmanaged(t *testing.T) {
	r := rig.New(t, keeping(""))
	r.Apply(r.Manifest(rig.Replace(t, small, "schedule: manual", "schedule: manual\n    unmanaged: [active]")))
	if body := r.Sent("POST", "/api/syncs")[0]; body["active"] != true || len(r.Sent("POST", "/api/syncs/*/activate")) != 0 {
		t.Errorf("it is made with active: %v", body["active"])
	}
}

// A branch that fails does not keep the others from being turned on, and what
// waits for a person holds up nobody.
func TestActivateInSpiteOfOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		oauth string
		fault sandbox.Fault
	}{
		"a sync fails":      {sandbox.OAuthImmediate, sandbox.Fault{Method: "POST", Path: "/api/syncs", Do: sandbox.Status, Status: 422, Nth: 2}},
		"a model fails":     {sandbox.OAuthImmediate, sandbox.Fault{Method: "POST", Path: "/api/models", Do: sandbox.Status, Status: 400, Nth: 1}},
		"nobody authorises": {sandbox.OAuthNever, sandbox.Fault{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rig.New(t, rig.Options{Sandbox: sandbox.Options{OAuth: tt.oauth}})
			if tt.fault.Do != "" {
				r.Server.Fault(tt.fault)
			}
			ran := r.Do(rig.Run{Manifest: r.Manifest(twoSyncs), NoWait: true})
			if got := len(r.Sent("POST", "/api/syncs/*/activate")); got != 1 || ran.Failure() == nil {
				t.Errorf("%d syncs are turned on, want 1; the run ends with %v", got, ran.Failure())
			}
		})
	}
}

// While a run waits for a person, what does not need him is turned on.
func TestActivateWhileWaiting(t *testing.T) {
	r := rig.New(t, rig.Options{Sandbox: sandbox.Options{OAuth: sandbox.OAuthManual}})
	m := r.Manifest(twoSyncs)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ran := r.Run(rig.Run{Manifest: m, Context: ctx, Wait: time.Hour, Notify: func(e apply.Event) {
		if e.Kind == apply.Done && e.Address.String() == "sync.a" {
			if err := r.Server.Authorize("hub"); err != nil {
				t.Error(err)
			}
		}
	}})
	if ran.Result.Done.Create != 6 {
		t.Errorf("%d created, want 6", ran.Result.Done.Create)
	}
	r.Converged(m)
}

// A new sync is turned on only when the one that it replaces is gone: both would
// write the same records.
func TestActivateAReplacement(t *testing.T) {
	r := rig.New(t, rig.Options{Parallelism: 1})
	made := func(table string) string {
		return rig.Replace(t, small, "{connection: hub, object: contacts}", "{connection: pg, create: {name: public."+table+"}}",
			"identity: {source: users.email, target: email}", "identity: {source: users.email, target: mail}")
	}
	r.Apply(r.Manifest(made("one")))
	known := ids(r)
	r.Server.ResetRequests()
	m := r.Manifest(made("two"))
	r.Apply(m)
	for id, a := range ids(r) {
		if known[id] == "" {
			known[id] = "new " + a
		}
	}
	want := []string{"POST /api/syncs", "DELETE /api/syncs/sync.carry", "POST /api/syncs/new sync.carry/activate"}
	if d := cmp.Diff(want, writes(r, known)); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	r.Converged(m)
}

// Until a sync is turned on it is recorded as it is, so that a run that ends
// before leaves no drift, and the next has one thing to do.
func TestActivationCutOff(t *testing.T) {
	r := rig.New(t, rig.Options{})
	m := r.Manifest(small)
	r.Server.Fault(sandbox.Fault{Method: "POST", Path: "/api/syncs/*/activate", Do: sandbox.Status, Status: 403, Times: -1})
	ran := r.Do(rig.Run{Manifest: m})
	if err := ran.Failure(); err == nil || !strings.Contains(err.Error(), "failed sync.carry: turning it on: ") {
		t.Errorf("the run ends with %v", err)
	}
	r.Server.ResetFaults()
	again := r.Plan(rig.Run{Manifest: m})
	if d := cmp.Diff([]string{"update sync.carry"}, again.Actions()); d != "" || len(again.Drift()) > 0 {
		t.Errorf("the next plan has drift %q, and (-want +got):\n%s", again.Drift(), d)
	}
	r.Apply(m)
	r.Converged(m)
}

// API dossier 13.4 and 13.5: one object of each circle is made without what leads
// on, and written again; to be deleted it is first written without.
func TestCircles(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Parallelism: 1, Sandbox: sandbox.Options{KeepBodies: true}})
		m := r.Manifest(ring)
		r.Apply(m)
		known := ids(r)
		want := []string{"POST /api/connections",
			"POST /api/models", "POST /api/models", "POST /api/models", "PUT /api/models/model.users",
			"POST /api/syncs", "POST /api/syncs", "PUT /api/syncs/sync.second",
			"POST /api/syncs/sync.first/activate", "POST /api/syncs/sync.second/activate"}
		got := writes(r, known)
		sameRequests(t, want, got)
		inOrder(t, got, "POST /api/connections", "POST /api/models", "PUT /api/models/model.users")
		inOrder(t, got, "POST /api/models", "POST /api/syncs", "PUT /api/syncs/sync.second")
		inOrder(t, got, "POST /api/syncs", "POST /api/syncs/sync.first/activate")
		inOrder(t, got, "PUT /api/syncs/sync.second", "POST /api/syncs/sync.second/activate")
		if first := r.Sent("POST", "/api/syncs")[0]["schedule"]; !cmp.Equal(first, map[string]any{"frequency": "manual"}) {
			t.Errorf("the first sync has the schedule %v", first)
		}
		r.Converged(m)

		r.Server.ResetRequests()
		rest := r.Manifest(base)
		r.Run(rig.Run{Manifest: rest, Prune: true})
		want = []string{"PUT /api/models/model.users", "PUT /api/syncs/sync.second", "DELETE /api/syncs/sync.first", "DELETE /api/syncs/sync.second",
			"DELETE /api/models/model.orders", "DELETE /api/models/model.events", "DELETE /api/models/model.users"}
		got = writes(r, known)
		sameRequests(t, want, got)
		inOrder(t, got, "PUT /api/syncs/sync.second", "DELETE /api/syncs/sync.first", "DELETE /api/syncs/sync.second", "DELETE /api/models/model.orders")
		inOrder(t, got, "PUT /api/models/model.users", "DELETE /api/models/model.orders", "DELETE /api/models/model.events", "DELETE /api/models/model.users")
		r.Converged(rest)
	})
}

// sameRequests compares requests whose order is not all settled.
func sameRequests(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

// inOrder checks the part of the order that is settled: every request like one
// of these goes out before all like the next.
func inOrder(t *testing.T, got []string, requests ...string) {
	t.Helper()
	for i, next := range requests[1:] {
		first := slices.Index(got, next)
		if first < 0 || !slices.Contains(got[:first], requests[i]) || slices.Contains(got[first:], requests[i]) {
			t.Errorf("%s does not go out before %s:\n%s", requests[i], next, strings.Join(got, "\n"))
		}
	}
}

// A circle that a change closes takes no second request: what it leads to is
// there.
func TestCircleOfOldAndNew(t *testing.T) {
	r := rig.New(t, rig.Options{Parallelism: 1})
	r.Apply(r.Manifest(rig.Replace(t, ring, ", relations: {id: orders.user_id}", "")))
	known := ids(r)
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"closed", ring, []string{"PUT /api/models/model.users"}},
		{"closed by a new one", rig.Replace(t, ring, "events.user_id]}}", "events.user_id], id: items.user_id}}\n  items: {connection: pg, configuration: {table: events}, relations: {user_id: orders.id}}"),
			[]string{"POST /api/models", "PUT /api/models/model.orders"}},
		{"opened", rig.Replace(t, ring, ", relations: {id: orders.user_id}", ""), []string{"PUT /api/models/model.users", "PUT /api/models/model.orders", "DELETE /api/models/model.items"}},
	} {
		r.Server.ResetRequests()
		m := r.Manifest(tt.text)
		r.Run(rig.Run{Manifest: m, Prune: true})
		for id, a := range ids(r) {
			known[id] = a
		}
		got := writes(r, known)
		slices.Sort(got)
		slices.Sort(tt.want)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: requests (-want +got):\n%s", tt.name, d)
		}
		r.Converged(m)
	}
}

// A model may be joined with itself.
func TestCircleOfOne(t *testing.T) {
	r := rig.New(t, rig.Options{Memory: state.NewMemory()})
	m := r.Manifest(rig.Replace(t, ring, "{id: orders.user_id}", "{id: users.id}"))
	r.Apply(m)
	r.Converged(m)
	rest := r.Manifest(base)
	r.Run(rig.Run{Manifest: rest, Prune: true})
	r.Converged(rest)
}

// A sync that the service does not delete while it runs is turned off, told to
// stop, and deleted when it has; if it never does, it stays, and stays off.
func TestDeleteOfARunningSync(t *testing.T) {
	for name, pace := range map[string]time.Duration{"stops": 10 * time.Second, "goes on": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			var ticks atomic.Int64
			clock := func() time.Time {
				return time.Unix(1_700_000_000, 0).Add(time.Duration(ticks.Add(1)) * 100 * time.Millisecond)
			}
			r := rig.New(t, rig.Options{Parallelism: 1, Sandbox: sandbox.Options{Clock: clock, Pace: pace, Switches: sandbox.Switches{BusySyncDelete: true}}})
			m := r.Manifest(small)
			r.Apply(m)
			known, id := ids(r), r.ID("sync.carry")
			q, _ := http.NewRequest("POST", r.URL+"/api/syncs/"+id+"/executions", strings.NewReader("{}"))
			q.Header.Set("Authorization", "Bearer "+rig.Key)
			res, err := http.DefaultClient.Do(q)
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("starting the sync: %v, %v", res, err)
			}
			res.Body.Close()
			r.Server.ResetRequests()
			ran := r.Do(rig.Run{Prune: true})
			got := slices.Compact(writes(r, known))
			want := []string{"DELETE /api/syncs/sync.carry", "POST /api/syncs/sync.carry/activate", "POST /api/syncs/sync.carry/cancel", "DELETE /api/syncs/sync.carry"}
			if d := cmp.Diff(want, got[:4]); d != "" {
				t.Errorf("requests (-want +got):\n%s", d)
			}
			if name == "stops" {
				if err := ran.Failure(); err != nil || r.Server.Count("sync") != 0 {
					t.Errorf("the run ends with %v", err)
				}
				return
			}
			if err := ran.Failure(); err == nil || !strings.Contains(err.Error(), "it was told to stop, but goes on") {
				t.Errorf("the run ends with %v", err)
			}
			again := r.Plan(rig.Run{Manifest: m})
			if d := cmp.Diff([]string{"update sync.carry"}, again.Actions()); d != "" || len(again.Drift()) > 0 {
				t.Errorf("the next plan has drift %q, and (-want +got):\n%s", again.Drift(), d)
			}
		})
	}
}
