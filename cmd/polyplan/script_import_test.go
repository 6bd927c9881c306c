package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// imports applies every file of examples, each in a world of its own, and loses the
// state: an import must give one that says the same. Then it loses the manifest as
// well: an import must write one that fits. Either sends GETs only, and leaves
// nothing to do.
func imports(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	worlds := 0
	eachExample(ts, neg, args, func(polyplan func(...string), f, state string) {
		worlds++
		dir := ts.MkAbs("world-" + strconv.Itoa(worlds))
		text, err := os.ReadFile(f)
		ts.Check(err)
		ts.Check(os.Mkdir(dir, 0o755))
		ts.Check(os.WriteFile(filepath.Join(dir, "example.yaml"), text, 0o644))
		in := func(words ...string) { polyplan(append(words, "-C", dir)...) }
		in("apply", "-y", "-f", "example.yaml", "--state", state)
		w.server.ResetRequests()
		nothingSent := func(what string) {
			for _, r := range w.server.Requests() {
				if r.Method != "GET" {
					ts.Fatalf("%s: %s: %s %s was sent", filepath.Base(f), what, r.Method, r.Path)
				}
			}
		}

		in("import", "--all", "-f", "example.yaml", "--state", "again.json")
		before, after := resourcesOf(ts, in, state), resourcesOf(ts, in, "again.json")
		for address := range after {
			if before[address] == nil { // other organisations of the partner
				delete(after, address)
			}
		}
		if d := cmp.Diff(before, after); d != "" {
			ts.Fatalf("%s: resources of the state (-after apply +after import):\n%s", filepath.Base(f), d)
		}
		in("plan", "--detailed-exitcode", "-f", "example.yaml", "--state", "again.json")
		in("drift", "--detailed-exitcode", "--state", "again.json")
		nothingSent("with the manifest")

		in("import", "--all", "--json")
		var doc struct{ Variables []string }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
		for _, name := range doc.Variables {
			ts.Setenv(name, w.secret("HELPER_SECRET"))
		}
		in("fmt", "--check")
		in("validate")
		in("plan", "--detailed-exitcode")
		in("apply", "-y")
		in("plan", "--detailed-exitcode")
		in("drift", "--detailed-exitcode")
		nothingSent("without the manifest")
		for _, name := range doc.Variables {
			ts.Setenv(name, "")
		}
	})
}

// resourcesOf are the resources of a state, as programs read it, by address.
func resourcesOf(ts *testscript.TestScript, polyplan func(...string), state string) map[string]any {
	polyplan("show", "--json", "--state", state)
	var doc struct{ Resources []map[string]any }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
	out := map[string]any{}
	for _, r := range doc.Resources {
		out[r["address"].(string)] = r
	}
	return out
}
