package apply_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// small is a manifest of one resource of each kind, for tests that change one
// thing.
const small = `
connections:
  pg:
    type: postgresql
    configuration: {hostname: db.example.com, port: 5432, database: app, username: polyplan, password: "${env.PG_PASSWORD}"}
  hub: {type: hubspot}
models:
  users:
    connection: pg
    configuration: {table: users}
    identifier: email
    tracking_columns: [id]
syncs:
  carry:
    mode: updateOrCreate
    schedule: manual
    target: {connection: hub, object: contacts}
    identity: {source: users.email, target: email}
    fields: {firstname: users.first_name}
`

type m = map[string]any

func keeping(version string) rig.Options {
	return rig.Options{Version: version, Sandbox: sandbox.Options{KeepBodies: true}}
}

// An update replaces the whole object, so it sends what others keep there too.
func TestUpdateKeepsWhatOthersSet(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, keeping(version))
		text := rig.Replace(t, small, "models:", "  apollo: {type: apollo, configuration: {apikey: \"${env.PG_PASSWORD}\"}}\nmodels:")
		r.Apply(r.Manifest(text))
		label := "6f1f5f5e-0f5a-4f5c-9d5e-1b2a3c4d5e6f"
		r.Edit("model.users", m{"labels": []any{label}, "enricher": m{"connection_id": r.ID("connection.apollo"),
			"configuration": m{"object": "people"}, "mappings": m{"email": "email"}}})
		r.Edit("connection.pg", m{"configuration": m{"a_setting_of_tomorrow": "on", "publication": "theirs"}})
		before := r.Live("model.users")

		// Nothing of that is ours to change back.
		if got := r.Plan(rig.Run{Manifest: r.Manifest(text)}).Actions(); len(got) > 0 {
			t.Errorf("a plan that concerns nothing of ours: %q", got)
		}
		r.Server.ResetRequests()
		changed := r.Manifest(rig.Replace(t, text, "configuration: {table: users}", "configuration: {table: public.users}", "database: app", "database: app2"))
		r.Apply(changed)
		r.Converged(changed)

		after := r.Live("model.users")
		for _, o := range []m{before, after} {
			// The service shows the built-in policy, all fields of an enrichment and
			// settings without a value, and takes them back.
			delete(o, "policies")
			delete(o["enricher"].(m), "fields")
			o["configuration"] = o["configuration"].(m)["table"]
		}
		before["configuration"] = "public.users"
		if d := cmp.Diff(plain(before), plain(after)); d != "" {
			t.Errorf("the model (-before with the new table +after):\n%s", d)
		}
		if id, _ := after["enricher"].(m)["enricher_id"].(string); id == "" {
			t.Error("the enrichment has no id")
		}
		sent := r.Sent("PUT", "/api/connections/*")
		if len(sent) != 1 {
			t.Fatalf("%d updates of connections", len(sent))
		}
		want := m{"hostname": "db.example.com", "port": 5432.0, "database": "app2", "username": "polyplan", "password": "postgres-password",
			"a_setting_of_tomorrow": "on", "publication": "theirs"}
		got := sent[0]["configuration"].(m)
		for key := range got {
			if want[key] == nil {
				delete(got, key) // a default that the service filled in
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("the configuration that was sent (-want +got):\n%s", d)
		}
	})
}

// plain is v as JSON has it.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out any
	_ = json.Unmarshal(raw, &out)
	return out
}

// Members that no table knows are sent back as they are at the time of the
// update, not as they were when the plan was made.
func TestUpdateKeepsUnknownMembers(t *testing.T) {
	r := rig.New(t, rig.Options{Unchecked: true, Sandbox: sandbox.Options{KeepBodies: true}})
	r.Apply(r.Manifest(small))
	changed := r.Manifest(rig.Replace(t, small, "table: users", "table: public.users"))
	tomorrow := &tomorrow{value: "planned"}
	r.Server.ResetRequests()
	r.Run(rig.Run{Manifest: changed, Round: tomorrow.round, Wanted: func(*apply.Prepared) bool { tomorrow.value = "changed since"; return true }})
	sent := r.Sent("PUT", "/api/models/*")
	if len(sent) != 1 || sent[0]["retention"] != "changed since" {
		t.Errorf("updates: %v", sent)
	}
}

// tomorrow lets models have a member that no table knows yet.
type tomorrow struct {
	value string
	base  http.RoundTripper
}

func (f *tomorrow) round(base http.RoundTripper) http.RoundTripper { f.base = base; return f }

func (f *tomorrow) RoundTrip(q *http.Request) (*http.Response, error) {
	res, err := f.base.RoundTrip(q)
	if err != nil || !strings.HasPrefix(q.URL.Path, "/api/models/") || q.Method != "GET" {
		return res, err
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	raw = bytes.Replace(raw, []byte(`{"data":{`), []byte(`{"data":{"retention":"`+f.value+`",`), 1)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	return res, nil
}

// What the manifest said once and no longer does is cleared.
func TestUpdateClearsWhatLeftTheManifest(t *testing.T) {
	r := rig.New(t, keeping(""))
	interval := rig.Replace(t, small, "    type: postgresql\n", "    type: postgresql\n    healthcheck_interval: 3h30m\n")
	r.Apply(r.Manifest(interval))
	// A secret is needed with every update, so the interval is too: the service
	// forgets what is left out.
	renamed := r.Manifest(rig.Replace(t, interval, "type: postgresql\n", "type: postgresql\n    name: Warehouse\n"))
	r.Apply(renamed)
	r.Converged(renamed)
	if got := r.Live("connection.pg")["healthcheck_interval"]; got != "3h30m" {
		t.Errorf("healthcheck_interval after a change of something else: %v", got)
	}
	without := r.Manifest(rig.Replace(t, small, "    identifier: email\n", "", "    tracking_columns: [id]\n", ""))
	r.Apply(without)
	r.Converged(without)
	if got := r.Live("connection.pg")["healthcheck_interval"]; got != "" {
		t.Errorf("healthcheck_interval after it left the manifest: %v", got)
	}
	users := r.Live("model.users")
	if users["identifier"] != "" || len(users["tracking_columns"].([]any)) > 0 {
		t.Errorf("what left the manifest: identifier %v, tracking_columns %v", users["identifier"], users["tracking_columns"])
	}
}

// What is unmanaged stays as people in the app leave it, also over an update.
func TestUpdateLeavesWhatIsUnmanaged(t *testing.T) {
	r := rig.New(t, keeping(""))
	text := small + "    unmanaged: [schedule, active]\n"
	r.Apply(r.Manifest(text))
	r.Edit("sync.carry", m{"active": false, "schedule": m{"frequency": "hourly", "minute": "15"}})
	ran := r.Apply(r.Manifest(rig.Replace(t, text, "users.first_name", "users.last_name")))
	if d := cmp.Diff([]string{"update sync.carry"}, ran.Actions()); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
	live := r.Live("sync.carry")
	if live["active"] != false || live["schedule"].(m)["frequency"] != "hourly" {
		t.Errorf("after an update: active %v, schedule %v", live["active"], live["schedule"])
	}
}

// A secret that only the service has cannot be sent, so an update that would
// destroy it is refused, and nothing is sent.
func TestUpdateRefusesToDestroyASecret(t *testing.T) {
	r := rig.New(t, keeping(""))
	r.Apply(r.Manifest(small))
	r.Edit("connection.pg", m{"configuration": m{"ssh_private_key": "set-in-the-app"}})
	r.Server.ResetRequests()
	ran := r.Do(rig.Run{Manifest: r.Manifest(rig.Replace(t, small, "database: app", "database: app2"))})
	var refused *apply.RefusedError
	if !errors.As(ran.Err, &refused) {
		t.Fatalf("the run ends with %v, want a refusal", ran.Err)
	}
	got := refused.Refusals[0]
	if !strings.Contains(got.What, "configuration.ssh_private_key") || !strings.Contains(got.Fix, "configuration.ssh_private_key") || got.Why == "" || refused.Policy() {
		t.Errorf("refusal: %+v", got)
	}
	if got := r.Writes(); len(got) > 0 {
		t.Errorf("sent: %q", got)
	}
	if got := r.Live("connection.pg")["configuration"].(m)["ssh_private_key"]; got != "set-in-the-app" {
		t.Error("the secret is destroyed")
	}
}

// The tokens of an authorised connection are the service's own affair.
func TestUpdateRenamesAnAuthorisedConnection(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, keeping(version))
		r.Apply(r.Manifest(small))
		r.Server.ResetRequests()
		renamed := r.Manifest(rig.Replace(t, small, "{type: hubspot}", "{type: hubspot, name: HubSpot}"))
		ran := r.Apply(renamed)
		if d := cmp.Diff([]string{"update connection.hub"}, ran.Actions()); d != "" {
			t.Errorf("plan (-want +got):\n%s", d)
		}
		r.Converged(renamed)
	})
}

// A secret that changed is known by its fingerprint, and sent; one that did not
// is sent with every update all the same.
func TestUpdateRotatesASecret(t *testing.T) {
	r := rig.New(t, keeping(""))
	r.Apply(r.Manifest(small))
	r.Env["PG_PASSWORD"] = "rotated"
	rotated := r.Manifest(small)
	ran := r.Apply(rotated)
	s := ran.Step("connection.pg")
	if d := cmp.Diff([]string{"configuration.password"}, rig.Paths(s)); d != "" || !s.Changes[0].Sensitive || s.Changes[0].Rekeyed {
		t.Errorf("changes: %+v\n%s", s.Changes, d)
	}
	r.Converged(rotated)
	if got := r.Live("connection.pg")["configuration"].(m)["password"]; got != "rotated" {
		t.Errorf("password: %v", got)
	}
	rekeyed := r.Plan(rig.Run{Manifest: r.Manifest(small), PrintKey: "another"})
	s = rekeyed.Step("connection.pg")
	if d := cmp.Diff([]string{"configuration.password"}, rig.Paths(s)); d != "" || !s.Changes[0].Rekeyed {
		t.Errorf("with another key of fingerprints: %+v\n%s", s.Changes, d)
	}
	// Without a key the lineage has to do.
	r.Run(rig.Run{Manifest: r.Manifest(small), PrintKey: "-"})
	if got := r.Plan(rig.Run{Manifest: r.Manifest(small), PrintKey: "-"}).Actions(); len(got) > 0 {
		t.Errorf("the same secret without a key: %q", got)
	}
}

// What another hand changes between the plan and the update is kept, if it is
// not ours; and what it deletes is not made again behind the plan's back.
func TestUpdateReadsAgain(t *testing.T) {
	r := rig.New(t, keeping(""))
	r.Apply(r.Manifest(small))
	meanwhile := func(f func()) func(*apply.Prepared) bool {
		return func(*apply.Prepared) bool { f(); return true }
	}
	text := rig.Replace(t, small, "database: app", "database: app2")
	r.Run(rig.Run{Manifest: r.Manifest(text), Wanted: meanwhile(func() {
		r.Edit("connection.pg", m{"configuration": m{"publication": "theirs"}})
	})})
	if got := r.Live("connection.pg")["configuration"].(m); got["publication"] != "theirs" || got["database"] != "app2" {
		t.Errorf("configuration: %v %v", got["publication"], got["database"])
	}
	text = rig.Replace(t, text, "users.first_name", "users.last_name")
	ran := r.Do(rig.Run{Manifest: r.Manifest(text), Wanted: meanwhile(func() { r.Remove("sync.carry") })})
	if f := ran.Result.Failed; len(f) != 1 || !strings.Contains(f[0].Err.Error(), "plan again") {
		t.Errorf("failed: %+v", f)
	}
	if n := r.Server.Count("sync"); n != 0 {
		t.Errorf("%d syncs", n)
	}
	again := r.Manifest(text)
	r.Apply(again)
	r.Converged(again)
}
