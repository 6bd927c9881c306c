package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// applied is a world in which the simple manifest is applied to the sandbox.
func applied(t *testing.T, manifest string) *testEnv {
	t.Helper()
	e := newTestEnv(t)
	e.Vars["POLYPLAN_SANDBOX"] = "1"
	e.Vars["PG_PASSWORD"] = "the-password"
	e.write("polyplan.yaml", manifest)
	e.must(exitDone, "apply", "-y")
	return e
}

// listed are the addresses of the state.
func listed(t *testing.T, e *testEnv) []string {
	t.Helper()
	var out []string
	for _, r := range document(t, e.must(exitDone, "state", "list", "--json"))["resources"].([]any) {
		out = append(out, r.(map[string]any)["address"].(string))
	}
	return out
}

func TestStateListAndShow(t *testing.T) {
	e := newTestEnv(t)
	wants(t, "an empty state", e.must(exitDone, "state", "list"), "holds no resources")
	wants(t, "an empty state", e.must(exitDone, "show"), "holds no resources")

	e = applied(t, simple)
	want := []string{"connection.hubspot", "connection.warehouse", "model.users", "sync.out"}
	if d := cmp.Diff(want, listed(t, e)); d != "" {
		t.Errorf("state list --json (-want +got):\n%s", d)
	}
	text := e.must(exitDone, "state", "list")
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if !strings.HasPrefix(line, want[i]+" ") {
			t.Errorf("line %d of state list is %q, want %s", i+1, line, want[i])
		}
	}
	for _, format := range []string{"text", "json", "markdown", "html"} {
		for _, args := range [][]string{{"show"}, {"state", "show", "connection.warehouse"}} {
			got := e.must(exitDone, append(args, "--format", format)...)
			wants(t, strings.Join(args, " ")+" as "+format, got, "connection.warehouse")
			if format != "markdown" { // which is for comments, and has no values
				wants(t, strings.Join(args, " ")+" as "+format, got, "localhost")
			}
			if strings.Contains(got, "the-password") || strings.Contains(got, "pbkdf2") {
				t.Errorf("%v as %s shows a secret or its fingerprint", args, format)
			}
		}
	}
	wants(t, "an unknown address", e.run("state", "show", "model.user").err, `"model.user"`, "did you mean model.users?")
	wants(t, "no address", e.run("state", "show").err, "lacks an address")
}

func TestStateMove(t *testing.T) {
	e := applied(t, simple)
	wants(t, "mv", e.must(exitDone, "state", "mv", "model.users", "model.people"), "moved model.users → model.people")
	if d := cmp.Diff([]string{"connection.hubspot", "connection.warehouse", "model.people", "sync.out"}, listed(t, e)); d != "" {
		t.Errorf("after mv (-want +got):\n%s", d)
	}
	// The manifest follows, and nothing is left to do.
	e.write("polyplan.yaml", strings.NewReplacer("  users:", "  people:", "users.", "people.").Replace(simple))
	e.must(exitDone, "plan", "--detailed-exitcode")

	before := e.read(sandboxStateName)
	for _, test := range []struct{ args, what, fix string }{
		{"model.people", "takes two addresses", "FROM TO"},
		{"model.people connection.people", "cannot become", "write model.NAME"},
		{"connection.hubspot connection.warehouse", "holds another resource at connection.warehouse", "state rm connection.warehouse"},
		{"model.poeple model.x", "model.poeple", "did you mean model.people?"},
		{"model.people model.X", "is not an address", "lower-case"},
	} {
		r := e.run(append([]string{"state", "mv"}, strings.Fields(test.args)...)...)
		if r.code != exitError {
			t.Errorf("mv %s ends with %d", test.args, r.code)
		}
		wants(t, "mv "+test.args, r.err, test.what, test.fix)
	}
	if e.read(sandboxStateName) != before {
		t.Error("a refused mv changed the state")
	}
}

func TestStateRemove(t *testing.T) {
	e := applied(t, strings.Replace(simple, "    mode:", "    protect: true\n    mode:", 1))
	r := e.run("state", "rm", "model.users", "sync.out")
	if r.code != exitRefused {
		t.Errorf("forgetting what is protected ends with %d, want %d", r.code, exitRefused)
	}
	wants(t, "standard error", r.err, "sync.out is protected", "--force")
	if n := len(listed(t, e)); n != 4 {
		t.Errorf("a refused rm left %d resources of 4", n)
	}

	r = e.run("state", "rm", "model.users")
	if r.code != exitDone || r.out != "forgot model.users\n" {
		t.Errorf("rm ends with %d and says %q", r.code, r.out)
	}
	wants(t, "standard error", r.err, "stays in the service, unmanaged (id ", "model.users is still used by sync.out")
	wants(t, "what referred to it", e.must(exitDone, "state", "show", "sync.out"), "id: ")
	e.must(exitDone, "state", "rm", "--force", "sync.out", "connection.hubspot")
	if d := cmp.Diff([]string{"connection.warehouse"}, listed(t, e)); d != "" {
		t.Errorf("after rm (-want +got):\n%s", d)
	}
}
