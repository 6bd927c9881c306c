package render

import (
	"bytes"
	"testing"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/internal/golden"
)

func TestPlanJSON(t *testing.T) {
	v := fullView()
	var b bytes.Buffer
	if err := PlanJSON(&b, v.Plan, diag.List{{Severity: diag.Warning, What: "a warning", Code: "w"}}, nil); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/plan/full.json", b.Bytes())
	b.Reset()
	if err := PlanJSON(&b, &diff.Plan{}, nil, nil); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/plan/empty.json", b.Bytes())
}
