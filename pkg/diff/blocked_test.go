package diff

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

// A secret that could not be had blocks its own connection, what needs one that
// is not there, and nothing else.
func TestMissingSecrets(t *testing.T) {
	address := func(kind, name string) resource.Address { return resource.Address{Kind: kind, Name: name} }
	connection := func(name, host string, password *resource.Secret) *resource.Resource {
		return &resource.Resource{Address: address("connection", name), ID: "id-" + name, Object: resource.Object{"name": name, "type": "postgresql",
			"configuration": resource.Object{"hostname": host, "database": "d", "username": "u", "port": int64(5432), "password": password}}}
	}
	model := func(name, connection string) *resource.Resource {
		return &resource.Resource{Address: address("model", name), ID: "id-" + name, Needs: []resource.Address{address("connection", connection)},
			Object: resource.Object{"name": name, "connection": connection, "configuration": resource.Object{"table": "t"}}}
	}
	set := func(list ...*resource.Resource) resource.Set {
		out := resource.Set{}
		for _, r := range list {
			out[r.Address] = r
		}
		return out
	}
	gone := resource.MissingSecret("it is not set")
	print := resource.RestoreSecrets(resource.Object{resource.SecretKey: "pbkdf2:aa"}).(*resource.Secret)
	in := Input{Kinds: kinds.All(),
		Desired: set(connection("same", "a", gone), connection("moved", "b", gone), connection("new", "c", gone),
			model("on-same", "same"), model("on-new", "new"), model("added", "moved")),
		Recorded: set(connection("same", "a", print), connection("was", "a", print), model("on-same", "same")),
		Live:     set(connection("same", "a", resource.MaskedSecret()), connection("moved", "a", resource.MaskedSecret()), model("on-same", "same")),
		From:     map[resource.Address]resource.Address{address("connection", "moved"): address("connection", "was")}}
	in.Recorded[address("connection", "moved")] = connection("moved", "a", print)
	delete(in.Recorded, address("connection", "was"))
	plan := Compute(in)
	var got []string
	for i := range plan.Steps {
		s := &plan.Steps[i]
		got = append(got, strings.TrimSpace(s.Address.String()+" "+string(s.Action)+" "+s.BlockedBy.String()+" "+s.Blocked))
		if s.Blocked != "" && s.Writes() {
			t.Errorf("%s is blocked and writes", s.Address)
		}
	}
	want := []string{
		"connection.moved move  configuration.password: it is not set",
		"connection.new no-op  configuration.password: it is not set",
		"connection.same no-op  configuration.password: it is not set",
		"model.added create",
		"model.on-new no-op connection.new needs connection.new, which cannot be made",
		"model.on-same no-op",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
	if len(plan.Refusals) > 0 {
		t.Errorf("refused: %+v", plan.Refusals)
	}
	if d := cmp.Diff(Summary{Create: 1, Move: 1, Unchanged: 1, Blocked: 3}, plan.Summary()); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
	for i := range plan.Steps {
		if s := &plan.Steps[i]; s.Address.Name == "same" && len(s.Changes) > 0 {
			t.Errorf("the missing secret counts as a change: %+v", s.Changes)
		}
	}
}

// A secret under extra is told by its fingerprint, for what the service shows of
// it is a mask or nothing.
func TestExtraSecrets(t *testing.T) {
	sealed := func(v string) *resource.Secret {
		s := resource.NewSecret(v)
		s.Seal(keyed)
		return s
	}
	with := func(s *resource.Secret) *resource.Resource {
		return &resource.Resource{Extra: resource.Object{"token": s}, Raw: map[string]any{"token": "********"}}
	}
	if got := extraChanges(&resource.Kind{}, with(nil), with(sealed("a")), with(sealed("a"))); len(got) > 0 {
		t.Errorf("the same secret: %+v", got)
	}
	for name, recorded := range map[string]*resource.Resource{"another": with(sealed("b")), "none": nil} {
		if got := extraChanges(&resource.Kind{}, with(nil), recorded, with(sealed("a"))); len(got) != 1 || !got[0].Sensitive {
			t.Errorf("%s before: %+v", name, got)
		}
	}
	// Beside what is no secret, too, even if the service shows it.
	deep := func(n int64, v any) *resource.Resource {
		return &resource.Resource{Extra: resource.Object{"auth": resource.Object{"n": n, "of": []any{v}}},
			Raw: map[string]any{"auth": map[string]any{"n": n, "of": []any{"shown"}}}}
	}
	for _, tt := range []struct {
		live, recorded, desired *resource.Resource
		want                    int
	}{
		{deep(1, nil), deep(1, sealed("a")), deep(1, sealed("a")), 0},
		{deep(2, nil), deep(1, sealed("a")), deep(1, sealed("a")), 1},
		{deep(1, nil), deep(1, sealed("a")), deep(1, sealed("b")), 1},
		{deep(1, nil), nil, deep(1, sealed("a")), 1},
	} {
		got := extraChanges(&resource.Kind{}, tt.live, tt.recorded, tt.desired)
		if len(got) != tt.want || strings.Contains(resource.Text([]any{got}), "shown") {
			t.Errorf("%+v, want %d changes without what is a secret", got, tt.want)
		}
	}
}
