package apply_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
)

// writes are the requests that change something, with the addresses that the
// state had for their ids before or has now.
func writes(r *rig.Rig, ids map[string]string) []string {
	out := []string{}
	for _, w := range r.Writes() {
		for id, a := range ids {
			w = strings.ReplaceAll(w, id, a)
		}
		out = append(out, w)
	}
	return out
}

func ids(r *rig.Rig) map[string]string {
	out := map[string]string{}
	for a, rec := range r.Load().Resources {
		out[rec.ID] = a.String()
	}
	return out
}

// A replacement makes the new object, repoints what refers to the old one,
// deletes that, and ends under the right name.
func TestReplace(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Parallelism: 1})
		r.Apply(r.Manifest(small))
		known, oldID := ids(r), r.ID("connection.pg")
		r.Server.ResetRequests()
		other := r.Manifest(rig.Replace(t, small, "type: postgresql", "type: azuresql"))
		ran := r.Apply(other)
		newID := r.ID("connection.pg")
		if newID == oldID {
			t.Error("it is the old object")
		}
		known[oldID], known[newID] = "OLD", "NEW"
		want := []string{"POST /api/connections", "PUT /api/models/model.users", "DELETE /api/connections/OLD", "PUT /api/connections/NEW"}
		if d := cmp.Diff(want, writes(r, known)); d != "" {
			t.Errorf("requests (-want +got):\n%s", d)
		}
		if d := ran.Result.Done; d.Replace != 1 || d.Update != 1 || d.Changed() != 2 {
			t.Errorf("done: %+v", d)
		}
		r.Converged(other)
		if got := r.Live("connection.pg")["name"]; got != "pg" {
			t.Errorf("the new object is called %q", got)
		}
	})
}

// A replacement whose old object cannot be deleted has failed, and does not
// count as done; the next run ends it.
func TestReplaceThatEndsHalfWay(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Apply(r.Manifest(small))
	r.Server.Fault(sandbox.Fault{Method: "DELETE", Do: sandbox.Status, Status: 403, Times: -1})
	other := r.Manifest(rig.Replace(t, small, "type: postgresql", "type: azuresql"))
	ran := r.Do(rig.Run{Manifest: other})
	if n := ran.Result.Done.Replace; n != 0 {
		t.Errorf("%d count as replaced", n)
	}
	f := ran.Result.Failed
	if len(f) != 1 || f[0].Address.String() != "connection.pg" || !strings.Contains(f[0].Err.Error(), "the new object is made") || len(ran.Result.Skipped) > 0 {
		t.Errorf("failed: %+v, skipped: %+v", f, ran.Result.Skipped)
	}
	r.Server.ResetFaults()
	next := r.Apply(other)
	if got := next.Actions(); len(got) != 2 || got[0] != "update connection.pg" || !strings.HasPrefix(got[1], "delete connection.pg-replaced-") {
		t.Errorf("the next plan: %q", got)
	}
	r.Converged(other)
}

func TestPrune(t *testing.T) {
	r := rig.New(t, rig.Options{Parallelism: 4})
	r.Apply(r.Manifest(small))
	known := ids(r)
	r.Server.ResetRequests()
	nothing := r.Manifest("connections: {}")
	orphans := r.Apply(nothing)
	if d := cmp.Diff([]string{"orphan sync.carry", "orphan model.users", "orphan connection.pg", "orphan connection.hub"}, orphans.Actions()); d != "" {
		t.Errorf("without prune (-want +got):\n%s", d)
	}
	if got := r.Writes(); len(got) > 0 {
		t.Errorf("orphans are touched: %q", got)
	}
	ran := r.Run(rig.Run{Manifest: nothing, Prune: true})
	got := writes(r, known)
	at := func(s string) int { return slices.Index(got, "DELETE /api/"+s) }
	sync, model, pg, hub := at("syncs/sync.carry"), at("models/model.users"), at("connections/connection.pg"), at("connections/connection.hub")
	if len(got) != 4 || sync < 0 || model < sync || pg < model || hub < sync {
		t.Errorf("deletes: %q", got)
	}
	if n := ran.Result.Done.Delete; n != 4 {
		t.Errorf("%d deleted", n)
	}
	r.Converged(nothing)
}

func TestMove(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Apply(r.Manifest(small))
	before := ids(r)
	r.Server.ResetRequests()
	// With the display name kept nothing is written; all that refers to it follows.
	moved := r.Manifest(rig.Replace(t, small, "  pg:\n    type: postgresql", "  warehouse:\n    type: postgresql\n    name: pg", "connection: pg", "connection: warehouse") +
		"moved: [{from: connection.pg, to: connection.warehouse}]\n")
	ran := r.Apply(moved)
	if d := cmp.Diff([]string{"move connection.warehouse"}, ran.Actions()); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
	if got := ran.Drift(); len(got) > 0 {
		t.Errorf("drift: %q", got)
	}
	if got := r.Writes(); len(got) > 0 || ran.Result.Done.Move != 1 {
		t.Errorf("sent: %q, done: %+v", got, ran.Result.Done)
	}
	r.Converged(moved)
	if before[r.ID("connection.warehouse")] != "connection.pg" {
		t.Error("it is another object")
	}
	// A new name goes along with the new address.
	renamed := r.Manifest(rig.Replace(t, small, "  users:\n", "  people:\n", "users.", "people.", "  pg:\n    type: postgresql", "  warehouse:\n    type: postgresql\n    name: pg",
		"connection: pg", "connection: warehouse") + "moved: [{from: model.users, to: model.people}]\n")
	ran = r.Apply(renamed)
	if d := cmp.Diff([]string{"move model.people"}, ran.Actions()); d != "" || len(r.Writes()) != 1 || ran.Result.Done.Move != 1 {
		t.Errorf("plan (-want +got):\n%s\nsent: %q", d, r.Writes())
	}
	r.Converged(renamed)
	if before[r.ID("model.people")] != "model.users" {
		t.Error("it is another object")
	}
}

func TestForget(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Apply(r.Manifest(small))
	id := r.ID("connection.pg")
	r.Server.ResetRequests()
	// What refers to it may go on to do so by its id, which changes nothing.
	kept := r.Manifest(rig.Replace(t, small, `  pg:
    type: postgresql
    configuration: {hostname: db.example.com, port: 5432, database: app, username: polyplan, password: "${env.PG_PASSWORD}"}
`, "", "connection: pg", "connection: {id: "+id+"}") + "removed: [{address: connection.pg, delete: false}]\n")
	ran := r.Run(rig.Run{Manifest: kept, Prune: true})
	if d := cmp.Diff([]string{"forget connection.pg"}, ran.Actions()); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
	if got := append(r.Writes(), ran.Drift()...); len(got) > 0 {
		t.Errorf("sent or drifted: %q", got)
	}
	again := r.Plan(rig.Run{Manifest: kept, Prune: true})
	if got := append(again.Actions(), again.Drift()...); len(got) > 0 {
		t.Errorf("the next plan: %q", got)
	}
	if r.Server.Count("connection") != 2 {
		t.Error("the object is gone")
	}
}

func TestProtect(t *testing.T) {
	r := rig.New(t, rig.Options{})
	text := rig.Replace(t, small, "type: postgresql\n", "type: postgresql\n    protect: true\n")
	r.Apply(r.Manifest(text))
	r.Server.ResetRequests()
	for name, run := range map[string]rig.Run{
		"replace":                          {Manifest: r.Manifest(rig.Replace(t, text, "type: postgresql", "type: azuresql"))},
		"replace, the word left out":       {Manifest: r.Manifest(rig.Replace(t, text, "type: postgresql", "type: azuresql", "    protect: true\n", ""))},
		"delete":                           {Manifest: r.Manifest("connections: {}"), Prune: true},
		"delete, as the manifest tells to": {Manifest: r.Manifest("removed: [{address: connection.pg}]")},
	} {
		var refused *apply.RefusedError
		ran := r.Do(run)
		if !errors.As(ran.Err, &refused) || !refused.Policy() {
			t.Errorf("%s: %v", name, ran.Failure())
		}
	}
	if got := r.Writes(); len(got) > 0 {
		t.Errorf("sent: %q", got)
	}
	unprotected := r.Manifest(rig.Replace(t, text, "protect: true", "protect: false"))
	r.Apply(unprotected)
	other := r.Manifest(rig.Replace(t, small, "type: postgresql", "type: azuresql"))
	r.Apply(other)
	r.Converged(other)
}

func TestOnly(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Apply(r.Manifest(small))
	both := r.Manifest(rig.Replace(t, small, "table: users", "table: public.users", "users.first_name", "users.last_name"))
	ran := r.Run(rig.Run{Manifest: both, Only: []string{"model.users"}})
	if d := cmp.Diff([]string{"update model.users"}, ran.Actions()); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"update sync.carry"}, r.Apply(both).Actions()); d != "" {
		t.Errorf("what is left (-want +got):\n%s", d)
	}
	r.Converged(both)
}

// Drift and change are told apart.
func TestDrift(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Apply(r.Manifest(small))
	r.Edit("sync.carry", m{"mode": "update"})
	changed := r.Manifest(rig.Replace(t, small, "users.first_name", "users.last_name"))
	ran := r.Apply(changed)
	if d := cmp.Diff([]string{"sync.carry mode"}, ran.Drift()); d != "" {
		t.Errorf("drift (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"fields.firstname", "mode"}, rig.Paths(ran.Step("sync.carry"))); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	r.Converged(changed)
}

// A create whose answer is lost, and lost again when it is asked for, is found
// by its name.
func TestAdoptAfterALostReply(t *testing.T) {
	for _, path := range []string{"/api/connections", "/api/models", "/api/syncs"} {
		r := rig.New(t, rig.Options{})
		r.Server.Fault(sandbox.Fault{Method: "POST", Path: path, Do: sandbox.LoseReply, Times: -1})
		wanted := r.Manifest(small)
		ran := r.Do(rig.Run{Manifest: wanted})
		if len(ran.Result.Failed) == 0 || len(r.Load().Doubts) == 0 {
			t.Fatalf("%s: failed: %v, doubts: %v", path, ran.Result.Failed, r.Load().Doubts)
		}
		r.Server.ResetFaults()
		next := r.Apply(wanted)
		if n := next.Prepared.Plan.Summary().Adopt; n == 0 {
			t.Errorf("%s: plan: %q", path, next.Actions())
		}
		r.Converged(wanted)
	}
}

// Of several objects that could be the one a person has to choose.
func TestSeveralCandidates(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Server.Fault(sandbox.Fault{Method: "POST", Path: "/api/models", Do: sandbox.LoseReply, Times: -1})
	wanted := r.Manifest(small)
	r.Do(rig.Run{Manifest: wanted})
	r.Server.ResetFaults()
	// Another hand makes one of the same name.
	twin := twinOf(r, wanted)
	r.Server.ResetRequests()
	ran := r.Do(rig.Run{Manifest: wanted})
	var refused *apply.RefusedError
	if !errors.As(ran.Err, &refused) || refused.Policy() || !strings.Contains(refused.Refusals[0].Why, twin) {
		t.Fatalf("the run ends with %v", ran.Failure())
	}
	if got := r.Writes(); len(got) > 0 {
		t.Errorf("sent: %q", got)
	}
	if err := r.Server.Remove("model", twin); err != nil {
		t.Fatal(err)
	}
	r.Apply(wanted)
	r.Converged(wanted)
}

// twinOf makes a second model as another run with a state of its own would, and
// returns its id.
func twinOf(r *rig.Rig, wanted *spec.Manifest) string {
	r.T.Helper()
	other := *r
	other.Path += ".other"
	text := strings.ReplaceAll(small, "connection: pg", "connection: {id: "+r.ID("connection.pg")+"}")
	models := text[strings.Index(text, "models:"):strings.Index(text, "syncs:")]
	other.Apply(other.Manifest(models))
	return other.ID("model.users")
}

// A reference by id to what the state manages is one by name, as it comes back.
func TestReferenceByIDToOurs(t *testing.T) {
	r := rig.New(t, rig.Options{})
	r.Apply(r.Manifest(small))
	id := r.ID("connection.pg")
	r.Converged(r.Manifest(rig.Replace(t, small, "    connection: pg\n", "    connection: {id: "+id+"}\n")))
}

// What the service takes and does not answer is compared with what was applied.
func TestExtraThatIsNotAnswered(t *testing.T) {
	r := rig.New(t, rig.Options{Unchecked: true})
	with := rig.Replace(t, small, "    identifier: email\n", "    identifier: email\n    extra: {of_tomorrow: 1}\n")
	r.Apply(r.Manifest(with))
	r.Apply(r.Manifest(with))
	if got := r.Plan(rig.Run{Manifest: r.Manifest(with)}).Actions(); len(got) != 0 {
		t.Errorf("a second plan has %v", got)
	}
	other := rig.Replace(t, with, "of_tomorrow: 1", "of_tomorrow: 2")
	if got := r.Plan(rig.Run{Manifest: r.Manifest(other)}).Actions(); len(got) != 1 {
		t.Errorf("a plan that changes it has %v", got)
	}
	if got := r.Plan(rig.Run{Manifest: r.Manifest(small)}).Actions(); len(got) != 1 {
		t.Errorf("a plan that leaves it out has %v", got)
	}
}

// What is left to people in the app is not recorded: it never was ours, so that
// it cannot have drifted.
func TestUnmanagedIsNotRecorded(t *testing.T) {
	r := rig.New(t, rig.Options{})
	left := rig.Replace(t, small, "    schedule: manual\n", "    schedule: manual\n    unmanaged: [schedule]\n")
	r.Apply(r.Manifest(left))
	r.Edit("sync.carry", m{"schedule": m{"frequency": "continuous"}})
	r.Apply(r.Manifest(left))
	p := r.Plan(rig.Run{Manifest: r.Manifest(small)})
	if got := p.Drift(); len(got) != 0 {
		t.Errorf("drift: %v", got)
	}
	if got := p.Actions(); len(got) != 1 {
		t.Errorf("taking the schedule back is %v", got)
	}
}
