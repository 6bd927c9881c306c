package state_test

import (
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

// A comparison that sees nothing would pass every store.
func TestStatetestDiff(t *testing.T) {
	a := state.New()
	r := statetest.Model("users", "1")
	a.Resources[r.Address] = r
	b := a.Clone()
	if d := statetest.Diff(a, b); d != "" {
		t.Errorf("of equal states: %s", d)
	}
	b.Resources[r.Address].Marks["updated_at"] = "later"
	if d := statetest.Diff(a, b); !strings.Contains(d, "+ ") || !strings.Contains(d, "later") {
		t.Errorf("of different ones: %q", d)
	}
	b = a.Clone()
	b.Doubts = []state.Intent{{Op: "1", Address: r.Address}}
	if d := statetest.Diff(a, b); !strings.Contains(d, "doubts") {
		t.Errorf("of one with a doubt: %q", d)
	}
}
