package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/manual"
)

// simple is a manifest that asks for nothing from outside.
const simple = `polyplan: 1

connections:
  warehouse:
    type: postgresql
    configuration: {hostname: localhost, port: 5432, database: postgres, username: user, password: "${env.PG_PASSWORD:-none}"}
  hubspot: {type: hubspot}

models:
  users:
    name: Users
    connection: warehouse
    configuration: {table: users}

syncs:
  out:
    mode: updateOrCreate
    schedule: manual
    target: {connection: hubspot, object: contacts}
    identity: {source: users.email, target: email, function: Equality}
    fields: {firstname: users.first_name}
`

func document(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return doc
}

func TestVersion(t *testing.T) {
	e := newTestEnv(t)
	text := e.must(exitDone, "version")
	wants(t, "version", text, "polyplan "+version+"\n", "Polytomic API 2024-02-08, 2025-09-18")
	for _, flag := range []string{"--version", "-v"} {
		if d := cmp.Diff(text, e.must(exitDone, flag)); d != "" {
			t.Errorf("%s (-version +%s):\n%s", flag, flag, d)
		}
	}
	doc := document(t, e.must(exitDone, "version", "--json"))
	for key, want := range map[string]any{"format_version": "1.0", "version": version, "state_format": 1.0, "manifest_format": 1.0} {
		if doc[key] != want {
			t.Errorf("%s is %v, want %v", key, doc[key], want)
		}
	}
}

func TestValidate(t *testing.T) {
	e := newTestEnv(t)
	e.write("polyplan.yaml", simple)
	if d := cmp.Diff("polyplan.yaml: valid, 4 resources\n", e.must(exitDone, "validate")); d != "" {
		t.Errorf("valid (-want +got):\n%s", d)
	}
	doc := document(t, e.must(exitDone, "validate", "--json"))
	want := map[string]any{"format_version": "1.0", "valid": true, "diagnostics": []any{},
		"summary":    map[string]any{"files": 1.0, "resources": 4.0, "checked": 0.0, "unverified": 0.0, "errors": 0.0, "warnings": 0.0},
		"unverified": []any{}}
	if d := cmp.Diff(want, doc); d != "" {
		t.Errorf("valid --json (-want +got):\n%s", d)
	}

	e.write("bad.yaml", strings.Replace(simple, "connection: warehouse", "connection: warehous", 1))
	r := e.run("validate", "-f", "bad.yaml")
	if r.code != exitError || r.out != "" {
		t.Errorf("an invalid manifest: exit code %d and %q", r.code, r.out)
	}
	wants(t, "standard error", r.err, "bad.yaml:12:17: error:", `"warehous"`, "why:", "fix: did you mean", `"warehouse"`)
	doc = document(t, e.must(exitError, "validate", "-f", "bad.yaml", "--json"))
	if doc["valid"] != false || len(doc["diagnostics"].([]any)) != 1 {
		t.Errorf("invalid --json: %v", doc)
	}

	// Without the variable it is an error, and --sandbox makes one up.
	e.write("needs.yaml", strings.Replace(simple, ":-none", "", 1))
	wants(t, "unset variable", e.run("validate", "-f", "needs.yaml").err, "PG_PASSWORD")
	e.must(exitDone, "validate", "-f", "needs.yaml", "--sandbox")
}

// The starter is what people see first: it is valid, formatted, and can be
// planned and applied on the sandbox without anything else.
func TestInit(t *testing.T) {
	e := newTestEnv(t)
	wants(t, "init", e.must(exitDone, "init"), "wrote polyplan.yaml", "added 4 lines to .gitignore", "polyplan plan --sandbox")
	if e.read(schemaPath) != string(manual.JSONSchema(kinds.All())) {
		t.Error("init writes another schema than there is")
	}
	e.must(exitDone, "fmt", "--check")
	e.must(exitChanges, "plan", "--sandbox", "--detailed-exitcode")
	e.must(exitDone, "apply", "--sandbox", "-y")
	e.must(exitDone, "plan", "--sandbox", "--detailed-exitcode")
	for _, name := range []string{sandboxStateName, sandboxDataName} {
		if _, err := os.Stat(e.path(name)); err != nil {
			t.Error(err)
		}
	}

	e.write("polyplan.yaml", "mine")
	r := e.run("init")
	if r.code != exitError || e.read("polyplan.yaml") != "mine" {
		t.Errorf("a second init ends with %d and leaves %q", r.code, e.read("polyplan.yaml"))
	}
	wants(t, "a second init", r.err, "polyplan.yaml is there already", "--force")
	wants(t, "init --force", e.must(exitDone, "init", "--force"), "wrote polyplan.yaml")
	if e.read("polyplan.yaml") != string(starter) {
		t.Error("init --force leaves the old manifest")
	}

	// A directory that is not there yet, and a .gitignore that ends in no line end.
	e.write("other/.gitignore", "mine\n.polyplan/")
	wants(t, "init elsewhere", e.must(exitDone, "init", "-f", "other/p.yaml"), "added 3 lines", "polyplan plan --sandbox -f other/p.yaml")
	if got := e.read("other/.gitignore"); !strings.HasPrefix(got, "mine\n.polyplan/\n*.state.json\n") {
		t.Errorf(".gitignore is %q", got)
	}
}

func TestSchema(t *testing.T) {
	e := newTestEnv(t)
	text := e.must(exitDone, "schema")
	document(t, text)
	e.must(exitDone, "schema", "--out", "a/b/schema.json")
	if d := cmp.Diff(text, e.read("a/b/schema.json")); d != "" {
		t.Errorf("--out (-stdout +file):\n%s", d)
	}
}

func TestFmt(t *testing.T) {
	const untidy = "polyplan:   1\n\n\n\nmodels:\n    a: {connection: {id: 00000000-0000-4000-8000-000000000000}, configuration: {table: t}}   # kept\n"
	e := newTestEnv(t)
	e.write("polyplan.yaml", untidy)
	if err := os.Chmod(e.path("polyplan.yaml"), 0o640); err != nil {
		t.Fatal(err)
	}
	r := e.run("fmt", "--check")
	if r.code != exitError || r.out != "polyplan.yaml\n" || e.read("polyplan.yaml") != untidy {
		t.Errorf("--check ends with %d, lists %q", r.code, r.out)
	}
	wants(t, "--diff", e.must(exitDone, "fmt", "--diff"), "polyplan.yaml:\n", "- polyplan:   1", "+ polyplan: 1")
	if e.read("polyplan.yaml") != untidy {
		t.Error("--diff writes")
	}
	if d := cmp.Diff("polyplan.yaml\n", e.must(exitDone, "fmt")); d != "" {
		t.Errorf("fmt (-want +got):\n%s", d)
	}
	tidy := e.read("polyplan.yaml")
	wants(t, "the formatted file", tidy, "polyplan: 1\n\nmodels:\n", "# kept")
	if info, err := os.Stat(e.path("polyplan.yaml")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode became %v (%v)", info.Mode(), err)
	}
	if got := e.must(exitDone, "fmt"); got != "" {
		t.Errorf("formatting again changes %q", got)
	}

	e.Stdin = strings.NewReader(untidy)
	if d := cmp.Diff(tidy, e.must(exitDone, "fmt", "-")); d != "" {
		t.Errorf("a filter (-want +got):\n%s", d)
	}
	e.Stdin = strings.NewReader("a: [")
	if r := e.run("fmt", "-"); r.code != exitError || r.out != "" {
		t.Errorf("text that cannot be parsed: exit code %d and %q", r.code, r.out)
	}

	// Below a directory links are passed over; one that is named stays one.
	e.write("dir/a.yaml", untidy)
	e.write("dir/.hidden/b.yaml", untidy)
	e.write("outside.yaml", untidy)
	if err := os.Symlink("../outside.yaml", e.path("dir/link.yaml")); err != nil {
		t.Fatal(err)
	}
	r = e.run("fmt", "dir")
	if d := cmp.Diff(filepath.Join("dir", "a.yaml")+"\n", r.out); r.code != exitDone || d != "" {
		t.Errorf("a directory ends with %d (-want +got):\n%s", r.code, d)
	}
	wants(t, "standard error", r.err, "passed over "+filepath.Join("dir", "link.yaml"))
	if e.read("outside.yaml") != untidy || e.read("dir/.hidden/b.yaml") != untidy {
		t.Error("fmt wrote what it should pass over")
	}
	e.must(exitDone, "fmt", "dir/link.yaml")
	if info, err := os.Lstat(e.path("dir/link.yaml")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v", err)
	}
	if d := cmp.Diff(tidy, e.read("outside.yaml")); d != "" {
		t.Errorf("through a named link (-want +got):\n%s", d)
	}
	wants(t, "a file that is not there", e.run("fmt", "none.yaml").err, "cannot read none.yaml", "no such file")
}

func TestGraph(t *testing.T) {
	e := newTestEnv(t)
	e.write("polyplan.yaml", strings.Replace(simple, ":-none", "", 1)) // no variable needs to be set
	wants(t, "mermaid", e.must(exitDone, "graph"), "flowchart", "connection.warehouse")
	wants(t, "dot", e.must(exitDone, "graph", "--format", "dot"), "digraph")
	wants(t, "svg", e.must(exitDone, "graph", "--format=svg", "--lineage"), "<svg", "first_name")
	doc := document(t, e.must(exitDone, "graph", "--json"))
	if n := len(doc["nodes"].([]any)); n != 4 {
		t.Errorf("the graph has %d nodes, want 4", n)
	}
	e.must(exitDone, "graph", "--output", "g.mmd")
	if d := cmp.Diff(e.must(exitDone, "graph"), e.read("g.mmd")); d != "" {
		t.Errorf("--output (-stdout +file):\n%s", d)
	}
	wants(t, "an unknown format", e.run("graph", "--format", "png").err, `unknown format "png"`, "mermaid")
}
