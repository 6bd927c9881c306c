package diff

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

// What somebody chose to adopt is taken to have what the manifest says where the
// service does not show it; what is recorded of it is what agrees, and the next plan
// sees nothing but the rest.
func TestTaken(t *testing.T) {
	prints := resource.NewFingerprinter("key", "lineage")
	secret := func(v string) *resource.Secret {
		s := resource.NewSecret(v)
		s.Seal(prints)
		return s
	}
	const password, hidden = "configuration.password", "healthcheck_interval"
	for _, tt := range []struct {
		name    string
		change  func(w *world)
		taken   bool
		changes []string // of the adoption
		blocked bool
		later   func(w *world) // before the next plan
		next    []string
	}{
		{name: "not chosen", change: func(*world) {}, changes: []string{password, hidden, "extra.sso"}, next: []string{password, hidden, "extra.sso"}},
		{name: "chosen", change: func(*world) {}, taken: true},
		{name: "differs", change: func(w *world) { set("configuration.hostname", "elsewhere", w.Live[pg].Object) }, taken: true,
			changes: []string{"configuration.hostname"}, next: []string{"configuration.hostname"}},
		{name: "shown", change: func(w *world) { set(password, secret("theirs"), w.Live[pg].Object) }, taken: true,
			changes: []string{password}, next: []string{password}},
		{name: "missing", change: func(w *world) { set(password, resource.MissingSecret("not set"), w.Desired[pg].Object) }, taken: true, blocked: true,
			later: func(w *world) { set(password, secret("whatever"), w.Desired[pg].Object) }},
		{name: "missing in extra", change: func(w *world) { set("sso.token", resource.MissingSecret("not set"), w.Desired[pg].Extra) }, taken: true, blocked: true,
			later: func(w *world) { set("sso.token", secret("whatever"), w.Desired[pg].Extra) }},
		{name: "changed afterwards", change: func(*world) {}, taken: true,
			later: func(w *world) { set(password, secret("another"), w.Desired[pg].Object) }, next: []string{password}},
		{name: "extra differs", change: func(w *world) { w.Live[pg].Raw["plan"] = "free" }, taken: true,
			changes: []string{"extra.plan"}, next: []string{"extra.plan"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			set(password, secret("secret"), w.Desired[pg].Object)
			set(hidden, "3h", w.Desired[pg].Object)
			w.Desired[pg].Extra = object{"plan": "pro", "sso": object{"token": secret("token")}}
			w.Live[pg].Raw["plan"], w.Live[pg].Raw["sso"] = "pro", map[string]any{"token": resource.Mask}
			set(password, resource.MaskedSecret(), w.Live[pg].Object)
			delete(w.Recorded, pg)
			w.Adopt = map[resource.Address]bool{pg: true}
			if tt.taken {
				w.Taken = w.Adopt
			}
			tt.change(w)
			s := stepOf(t, Compute(w.Input), pg)
			if d := cmp.Diff(tt.changes, pathsOf(s)); d != "" {
				t.Errorf("changes (-want +got):\n%s", d)
			}
			if (s.Blocked != "") != tt.blocked {
				t.Errorf("blocked: %q", s.Blocked)
			}

			w.Adopt, w.Taken = nil, nil
			rec := &resource.Resource{Address: pg, ID: s.ID}
			rec.Object, rec.Extra = s.Agreed(&kinds.Connection)
			w.Recorded[pg] = stored(t, rec)
			if tt.later != nil {
				tt.later(w)
			}
			p := Compute(w.Input)
			if d := cmp.Diff(tt.next, pathsOf(stepOf(t, p, pg))); d != "" {
				t.Errorf("changes of the next plan (-want +got):\n%s", d)
			}
			if len(p.Drift) > 0 {
				t.Errorf("there is drift: %v", p.Drift)
			}
		})
	}
}

// stored is a resource as a state gives it back.
func stored(t *testing.T, r *resource.Resource) *resource.Resource {
	t.Helper()
	again := func(o object) object {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		back, _ := resource.RestoreSecrets(resource.Normalize(v)).(object)
		return back
	}
	out := *r
	out.Object, out.Extra = again(r.Object), again(r.Extra)
	return &out
}

func stepOf(t *testing.T, p *Plan, a resource.Address) *Step {
	t.Helper()
	for i := range p.Steps {
		if p.Steps[i].Address == a {
			return &p.Steps[i]
		}
	}
	t.Fatalf("the plan has no step for %s", a)
	return nil
}

func pathsOf(s *Step) []string {
	var out []string
	for _, ch := range s.Changes {
		out = append(out, string(ch.Path))
	}
	return out
}
