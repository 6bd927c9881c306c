package apply_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

func byHand(version string) rig.Options {
	return rig.Options{Version: version, Sandbox: sandbox.Options{OAuth: sandbox.OAuthManual, KeepBodies: true}}
}

func addresses(list []apply.Failure) []string {
	out := []string{}
	for _, f := range list {
		out = append(out, f.Address.String())
	}
	return out
}

// Without time to wait, what needs a person is deferred and all else done; the
// next run goes on.
func TestDefer(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, byHand(version))
		wanted := r.Example(seed)
		ran := r.Do(rig.Run{Manifest: wanted, NoWait: true})
		if ran.Err != nil || ran.Result.Complete() || len(ran.Result.Failed)+len(ran.Result.Skipped) > 0 {
			t.Fatalf("result: %+v, %v", ran.Result, ran.Err)
		}
		if d := cmp.Diff([]string{"connection.airtable", "connection.hubspot"}, addresses(ran.Result.Waiting)); d != "" {
			t.Errorf("waiting (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]string{"model.stars", "sync.customers_to_hubspot"}, addresses(ran.Result.Deferred)); d != "" {
			t.Errorf("deferred (-want +got):\n%s", d)
		}
		if n := ran.Result.Done.Create; n != 6 {
			t.Errorf("%d created, want 6", n)
		}
		links := 0
		for _, e := range ran.Events {
			if e.Kind == apply.Waiting && strings.HasPrefix(e.Link, r.URL+"/sandbox/authorize/") {
				links++
			}
		}
		if links != 2 {
			t.Errorf("%d links were told: %+v", links, ran.Events)
		}
		// One is authorised in between, the other is not yet.
		if err := r.Server.Authorize("Airtable Connection"); err != nil {
			t.Fatal(err)
		}
		ran = r.Do(rig.Run{Manifest: wanted, NoWait: true})
		if d := cmp.Diff([]string{"connection.hubspot"}, addresses(ran.Result.Waiting)); d != "" || ran.Result.Done.Create != 1 {
			t.Errorf("waiting (-want +got):\n%s\ndone: %+v", d, ran.Result.Done)
		}
		if err := r.Server.Authorize("HubSpot Connection"); err != nil {
			t.Fatal(err)
		}
		r.Apply(wanted)
		r.Converged(wanted)
	})
}

// A run that waits goes on as soon as the person is done, and holds nobody up
// meanwhile, though it does one thing at a time.
func TestWait(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		opt := byHand(version)
		opt.Parallelism = 1
		r := rig.New(t, opt)
		wanted := r.Example(seed)
		seen := map[string]bool{}
		ran := r.Run(rig.Run{Manifest: wanted, Wait: time.Minute, Notify: func(e apply.Event) {
			seen[string(e.Kind)+" "+e.Address.String()] = true
			// The people come when all is done that needs none of them.
			ready := true
			for _, s := range []string{"waiting connection.airtable", "waiting connection.hubspot", "done model.users", "done model.customers"} {
				ready = ready && seen[s]
			}
			if ready && !seen["people"] {
				seen["people"] = true
				for _, name := range []string{"Airtable Connection", "HubSpot Connection"} {
					if err := r.Server.Authorize(name); err != nil {
						t.Error(err)
					}
				}
			}
		}})
		if n := ran.Result.Done.Create; n != 8 {
			t.Errorf("%d created", n)
		}
		if !seen["authorised connection.hubspot"] {
			t.Error("nobody was told that hubspot is authorised")
		}
		if n := r.Server.MaxInFlight(); n != 1 {
			t.Errorf("%d requests in flight", n)
		}
		r.Converged(wanted)
	})
}

// An interrupt ends the waiting; nothing is lost.
func TestInterruptWhileWaiting(t *testing.T) {
	r := rig.New(t, byHand(""))
	wanted := r.Manifest(small)
	stop, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	ran := r.Do(rig.Run{Manifest: wanted, Wait: time.Hour, Stop: stop, Notify: func(e apply.Event) {
		if e.Kind == apply.Done && e.Address.String() == "model.users" {
			interrupt() // nothing but the waiting is left
		}
	}})
	if ran.Err != nil || !ran.Result.Interrupted || !slices.Contains(addresses(ran.Result.Waiting), "connection.hub") {
		t.Errorf("result: %+v, %v", ran.Result, ran.Err)
	}
	if err := r.Server.Authorize("hub"); err != nil {
		t.Fatal(err)
	}
	r.Apply(wanted)
	r.Converged(wanted)
}

// A replacement by something that a person has to authorise waits with all the
// rest of it, and the old object serves until then.
func TestReplaceThatWaits(t *testing.T) {
	r := rig.New(t, byHand(""))
	text := strings.ReplaceAll(small, "{type: hubspot}", `{type: postgresql, configuration: {hostname: h, port: 5432, database: d, username: u, password: "${env.PG_PASSWORD}"}}`)
	text = strings.ReplaceAll(text, "object: contacts", "object: public.users")
	text = strings.ReplaceAll(text, "{firstname: users.first_name}", "{first_name: users.first_name}")
	r.Apply(r.Manifest(text))
	r.Converged(r.Manifest(text))
	oldID := r.ID("connection.hub")
	wanted := r.Manifest(small)
	for range 2 {
		ran := r.Do(rig.Run{Manifest: wanted, NoWait: true})
		if d := cmp.Diff([]string{"connection.hub"}, addresses(ran.Result.Waiting)); d != "" || len(ran.Result.Failed) > 0 || ran.Result.Done.Replace > 0 {
			t.Errorf("waiting (-want +got):\n%s\nfailed: %v\ndone: %+v", d, ran.Result.Failed, ran.Result.Done)
		}
		if _, ok := r.Server.Object("connection", oldID); !ok {
			t.Fatal("the old object is deleted before the new one can be used")
		}
	}
	if err := r.Server.Authorize(r.ID("connection.hub")); err != nil {
		t.Fatal(err)
	}
	r.Apply(wanted)
	r.Converged(wanted)
}
