package check

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

func TestPlaces(t *testing.T) {
	change := func(p resource.Path, sensitive bool) []diff.Change {
		return []diff.Change{{Path: p, Before: "a", After: "b", Sensitive: sensitive}}
	}
	for _, tt := range []struct {
		name string
		step diff.Step
		why  string
	}{
		{"unchanged", diff.Step{Action: diff.NoOp, ID: "c1"}, ""},
		{"new", diff.Step{Action: diff.Create}, "it does not exist yet"},
		{"replaced", diff.Step{Action: diff.Replace, ID: "c1"}, "this plan replaces it"},
		{"waiting", diff.Step{Action: diff.NoOp, ID: "c1", Waiting: &resource.Waiting{}}, "it waits for a person's authorisation"},
		{"another name", diff.Step{Action: diff.Update, ID: "c1", Changes: change("name", false)}, ""},
		{"another host", diff.Step{Action: diff.Update, ID: "c1", Changes: change("configuration.hostname", false)}, "this plan changes its configuration"},
		{"another password", diff.Step{Action: diff.Update, ID: "c1", Changes: change("configuration.password", true)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.step.Address = resource.Address{Kind: "connection", Name: "pg"}
			c, why := Places(kinds.All(), &diff.Plan{Steps: []diff.Step{tt.step}})(tt.step.Address)
			if d := cmp.Diff(tt.why, why); d != "" {
				t.Errorf("why (-want +got):\n%s", d)
			}
			if want := (schema.Connection{Key: "connection.pg", ID: "c1"}); why == "" && c != want {
				t.Errorf("it is %v, want %v", c, want)
			}
		})
	}
	if _, why := Places(kinds.All(), &diff.Plan{})(resource.Address{Kind: "connection", Name: "other"}); why == "" {
		t.Error("what the plan does not have can be asked about")
	}
}
