package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/internal/golden"
)

func planText(t *testing.T, style Style, v PlanView) string {
	t.Helper()
	var b bytes.Buffer
	if err := Plan(&b, style, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPlan(t *testing.T) {
	v := fullView()
	golden.Check(t, "testdata/plan/full.txt", []byte(planText(t, Style{}, v)))
	golden.Check(t, "testdata/plan/colour.txt", []byte(tags.Replace(planText(t, NewStyle(true), v))))
	v.Kinds, v.Sources, v.Width = nil, nil, 80
	golden.Check(t, "testdata/plan/narrow.txt", []byte(planText(t, Style{}, v)))
	v.Verbose = true
	golden.Check(t, "testdata/plan/verbose.txt", []byte(planText(t, Style{}, v)))
}

func TestPlanOfNothing(t *testing.T) {
	for name, p := range map[string]*diff.Plan{
		"empty":     {},
		"unchanged": {Steps: []diff.Step{{Address: address("model.a"), Name: "a", Action: diff.NoOp}}},
		"orphan":    {Steps: []diff.Step{{Address: address("model.a"), Name: "a", ID: "id", Action: diff.Orphan}}},
	} {
		got := planText(t, Style{}, PlanView{Plan: p})
		want := noChanges + "\nPlan: 0 to create, 0 to update, 0 to replace, 0 to delete.\n"
		if name == "orphan" {
			want = headOrphans + "\n\n  o model.a (\"a\", id id)\n\n" + noChanges + "\nPlan: 0 to create, 0 to update, 0 to replace, 0 to delete, 1 orphan.\n"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestPlanIsTheSameTwice(t *testing.T) {
	first := planText(t, Style{}, fullView())
	for range 20 {
		if again := planText(t, Style{}, fullView()); again != first {
			t.Fatalf("another plan:\n%s\n%s", first, again)
		}
	}
	if strings.Contains(first, "made-up") {
		t.Error("a secret shows")
	}
}
