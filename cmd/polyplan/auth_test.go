package main

import (
	"strings"
	"testing"
)

func TestAuth(t *testing.T) {
	e := newTestEnv(t)
	e.write("polyplan.yaml", simple)
	s := serveSandbox(t, e, "--oauth", "manual", "--control")
	e.Vars["POLYTOMIC_DEPLOYMENT_URL"], e.Vars["POLYTOMIC_API_KEY"] = s.url, "sandbox"
	wants(t, "before it exists", e.run("auth", "connection.hubspot").err, "it does not exist yet", "polyplan apply")
	e.must(exitWaiting, "apply", "-y")

	link := func(args ...string) string {
		t.Helper()
		out := e.must(exitWaiting, append([]string{"auth", "connection.hubspot"}, args...)...)
		at := strings.Index(out, s.url+"/sandbox/authorize/")
		if at < 0 {
			t.Fatalf("there is no link:\n%s", out)
		}
		return strings.Fields(out[at:])[0]
	}
	first, second := link(), link()
	if first == second {
		t.Errorf("the second link is the first: %s", first)
	}
	lines := strings.Split(strings.TrimSpace(e.must(exitWaiting, "auth", "connection.hubspot", "--json")), "\n")
	if len(lines) != 3 {
		t.Fatalf("auth --json prints %q", lines)
	}
	for i, want := range []string{"version", "event", "summary"} {
		if got := document(t, lines[i])["type"]; got != want {
			t.Errorf("line %d is a %v, want %s", i+1, got, want)
		}
	}

	// Who needs nobody, and who has changes to apply first.
	r := e.run("auth", "connection.warehouse", "model.users")
	if r.code != exitError {
		t.Errorf("auth of what needs nobody ends with %d", r.code)
	}
	wants(t, "standard error", r.err, "connection.warehouse: error: nobody has to authorise it", "model.users: error: nobody has to authorise it")
	wants(t, "an unknown address", e.run("auth", "connection.hubspto").err, "did you mean connection.hubspot?")
	wants(t, "no address", e.run("auth").err, "auth lacks an address")
	e.write("changed.yaml", strings.Replace(simple, "{type: hubspot}", "{type: hubspot, name: Another}", 1))
	wants(t, "changes", e.run("auth", "connection.hubspot", "-f", "changed.yaml").err, "it has changes that are not applied", "apply --target connection.hubspot")

	s.post(t, "/sandbox/authorize", `{"name": "hubspot"}`)
	wants(t, "once it is authorised", e.must(exitDone, "auth", "connection.hubspot"), "authorised\nAuth: 1 authorised, 0 waiting.")
	wants(t, "afterwards", e.run("auth", "connection.hubspot").err, "nobody has to authorise it")
	wants(t, "apply goes on", e.must(exitDone, "apply", "-y"), "1 created")
	e.must(exitDone, "plan", "--detailed-exitcode")
}
