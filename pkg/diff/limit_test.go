package diff

import (
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
)

func TestLimitDeletes(t *testing.T) {
	a := func(name string) resource.Address { return resource.Address{Kind: "model", Name: name} }
	steps := []Step{{Address: a("e"), Action: Delete}, {Address: a("b"), Action: Replace}, {Address: a("c"), Action: Delete, Gone: true},
		{Address: a("d"), Action: Orphan}, {Address: a("f"), Action: Forget}, {Address: a("g"), Action: Create}}
	for most, want := range []string{"deletes or replaces 2 objects, and --max-deletes 0 allows 0", "2 objects, and --max-deletes 1 allows 1", ""} {
		p := &Plan{Steps: steps}
		p.LimitDeletes(most, "--max-deletes "+string(rune('0'+most)))
		if want == "" {
			if len(p.Refusals) > 0 {
				t.Errorf("%d: refused: %+v", most, p.Refusals)
			}
			continue
		}
		if len(p.Refusals) != 1 || !p.Refusals[0].Policy || !strings.Contains(p.Refusals[0].What, want) || !strings.Contains(p.Refusals[0].Why, "model.b, model.e") {
			t.Errorf("%d: got %+v, want %q", most, p.Refusals, want)
		}
	}
}
