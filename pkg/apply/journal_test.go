package apply

import (
	"testing"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// The hash of a body tells bodies apart, secrets included, and is the same in
// the next run; it needs the slow fingerprint of a secret only.
func TestHash(t *testing.T) {
	hash := func(lineage, password, table string) string {
		r := &runner{Options: Options{State: &state.State{Lineage: lineage}, Fingerprints: resource.NewFingerprinter("", lineage)}}
		s := &diff.Step{Record: resource.Object{"password": resource.NewSecret(password)}}
		return r.hash(map[string]any{"name": "n", "list": []any{map[string]any{"password": password}, table}}, s)
	}
	same := hash("a", "p", "t")
	if same == "" || same != hash("a", "p", "t") {
		t.Errorf("the same body: %q, then %q", same, hash("a", "p", "t"))
	}
	for what, other := range map[string]string{"lineage": hash("b", "p", "t"), "secret": hash("a", "p2", "t"), "value": hash("a", "p", "t2")} {
		if other == same {
			t.Errorf("another %s gives the same hash", what)
		}
	}
	if got := new(runner).hash(map[string]any{}, &diff.Step{}); got != "" {
		t.Errorf("without fingerprints: %q", got)
	}
}
