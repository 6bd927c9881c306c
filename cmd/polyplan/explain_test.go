package main

import (
	"strings"
	"testing"
)

func TestExplainManual(t *testing.T) {
	e := newTestEnv(t) // there is no manifest
	wants(t, "explain", e.must(exitDone, "explain"), "connections", "models", "syncs")
	wants(t, "explain sync", e.must(exitDone, "explain", "sync"), "identity", "Example:")
	wants(t, "explain sync.schedule", e.must(exitDone, "explain", "sync.schedule"), "frequency")
	wants(t, "explain connection.postgresql", e.must(exitDone, "explain", "connection.postgresql"), "hostname")
	wants(t, "explain sync as Markdown", e.must(exitDone, "explain", "sync", "--format", "markdown"), "## ")
	if doc := document(t, e.must(exitDone, "explain", "sync", "--json")); doc["title"] != "sync" || doc["format_version"] != "1.0" {
		t.Errorf("explain sync --json: %v", doc)
	}
	r := e.run("explain", "snyc")
	if r.code != exitError {
		t.Errorf("an unknown kind ends with %d", r.code)
	}
	wants(t, "an unknown kind", r.err, "did you mean sync?")
}

func TestExplainResource(t *testing.T) {
	e := newTestEnv(t)
	manifest := strings.Replace(simple, ":-none", "", 1)
	e.write("polyplan.yaml", manifest)
	r := e.run("explain", "connection.warehouse")
	wants(t, "before anything is applied", r.out, "declared at polyplan.yaml:4:3; not in the state", "polyplan.yaml:6:", "localhost")
	wants(t, "what is missing", r.err, "warning: the environment variable PG_PASSWORD is not set")
	wants(t, "a kind's page stays one", e.must(exitDone, "explain", "connection.postgresql"), "hostname")

	// An address of the manifest wins over a page of the manual.
	e.write("clash.yaml", strings.NewReplacer("  users:", "  configuration:", "users.", "configuration.").Replace(simple))
	wants(t, "a clash", e.must(exitDone, "explain", "model.configuration", "-f", "clash.yaml"), "declared at clash.yaml:10:3")
	wants(t, "without it", e.must(exitDone, "explain", "model.configuration"), "model.configuration: ")

	e = applied(t, manifest)
	got := e.must(exitDone, "explain", "connection.warehouse.configuration.password")
	wants(t, "a secret", got, "value     (secret)", "from ${env.PG_PASSWORD}", "recorded  the same", "live      the same")
	wants(t, "a default", e.must(exitDone, "explain", "connection.warehouse.name"), "warehouse", "the resource's key")
	e.Vars["PG_PASSWORD"] = "another-password"
	wants(t, "a secret that changed", e.must(exitDone, "explain", "connection.warehouse"), "recorded: (another secret)")
	e.write("polyplan.yaml", strings.Replace(manifest, "name: Users", "name: People", 1))
	wants(t, "a value that changed", e.must(exitDone, "explain", "model.users"), "People", "recorded: Users", "live: Users")
	wants(t, "without the service", e.must(exitDone, "explain", "model.users.name", "--live=false"), "recorded  Users")
	for _, format := range []string{"text", "json", "markdown"} {
		got := e.must(exitDone, "explain", "connection.warehouse", "--format", format)
		for _, secret := range []string{"the-password", "another-password", "pbkdf2"} {
			if strings.Contains(got, secret) {
				t.Errorf("explain as %s shows %s", format, secret)
			}
		}
	}
	doc := document(t, e.must(exitDone, "explain", "model.users.name", "--json"))
	value := doc["values"].([]any)[0].(map[string]any)
	if value["value"] != "People" || value["recorded"] != "Users" || value["live"] != "Users" {
		t.Errorf("explain --json: %v", value)
	}

	wants(t, "an unknown value", e.run("explain", "model.users.nothing").err, "model.users has no nothing", "polyplan explain model")
	wants(t, "an unknown address", e.run("explain", "model.user").err, "did you mean model.users?")
	// Of what the manual and the manifest have, the nearer alone is suggested.
	for word, want := range map[string]string{"connection.warehous": "connection.warehouse", "connection.warehuose.name": "connection.warehouse.name", "connection.postgresql.hostnam": "connection.postgresql.hostname",
		"connection.postgresq": "connection.postgresql", "conection": "connection", "model.usrs": "model.users", "model.relation": "model.relations"} {
		if got := e.run("explain", word).err; strings.Count(got, "did you mean") != 1 || !strings.Contains(got, "did you mean "+want+"?") {
			t.Errorf("explain %s: %s, want %s suggested", word, got, want)
		}
	}
	delete(e.Vars, "POLYPLAN_SANDBOX")
	wants(t, "live without a key", e.run("explain", "model.users", "--live", "--state", sandboxStateName).err, "no API key")
}
