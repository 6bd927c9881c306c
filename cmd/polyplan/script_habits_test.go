package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polyplan/polyplan/pkg/sandbox"
)

// mainScripts are those of the main job: objects of every kind are made, changed,
// found drifted, moved, replaced and deleted, from a saved plan, too, and after
// failures.
var mainScripts = []string{"bulk_sync", "circle", "connection", "destroy", "drift", "drift-command", "enrichment", "error_subscribers",
	"import-examples", "max-deletes", "missing-secret", "model", "moved", "oauth", "organization", "partial", "permissions", "plan-file",
	"primary_keys", "protect", "prune", "replace", "schema_fields", "secrets", "seed", "sync", "target", "unmanaged",
	"update", "user", "webhook"}

// notInScripts are answers that the scripts are not run under.
var notInScripts = map[string]bool{
	"list-paging=none": true, // it would hide page-size; lists as short as those of scripts look truncated the same
	"lower-names":      true, // all names would come out otherwise; no name with capitals is ever reached
}

// otherWorlds are two sets of habits. Together they answer every question of API
// dossier 20 that a server can show in the ways in which it is not answered without
// habits: the first way, and the second where there is one.
func otherWorlds() map[string][]string {
	worlds := map[string][]string{}
	for _, h := range sandbox.Habits() {
		for i, value := range h.Try {
			word := h.Name
			if value != "" {
				word += "=" + value
			}
			if notInScripts[word] {
				continue
			}
			world := []string{"first", "second"}[i]
			worlds[world] = append(worlds[world], word)
		}
	}
	return worlds
}

// TestScriptsUnderHabits runs the main scripts where the service has other habits
// than in TestScripts. What has to come out otherwise there stands in the script,
// behind a condition [habit:NAME].
//
// The program does in it at one time what it does in TestScripts, so that it is enough
// to run it without the race detector, see pkg/internal/trial.
func TestScriptsUnderHabits(t *testing.T) {
	if os.Getenv("POLYPLAN_AGAIN") != "" {
		t.Attr("again", "whole")
		t.Skip("optional: runs again without the race detector")
	}
	for name, habits := range otherWorlds() {
		t.Run(name, func(t *testing.T) {
			p := params(habits)
			p.Dir, p.UpdateScripts = "", false
			for _, script := range mainScripts {
				p.Files = append(p.Files, filepath.Join("../../testdata/script", script+".txtar"))
			}
			testscript.Run(t, p)
		})
	}
}
