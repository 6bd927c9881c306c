package apply

import (
	"fmt"
	"regexp"
	"strings"
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

// A key is the same for the same attempt of the same plan, and for nothing else; it
// is of the form that the service takes, and gives neither plan nor state away.
func TestIdempotencyKey(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{8,255}$`)
	seen := map[string]string{}
	for _, plan := range []string{"one-id", "other-id"} {
		for _, lineage := range []string{"lineage-a", "lineage-b"} {
			for _, what := range []string{"model.a POST /api/models", "model.b POST /api/models", "model.a POST /api/models/1"} {
				for attempt := 1; attempt <= 12; attempt++ {
					key, from := idempotencyKey(plan, lineage, what, attempt), fmt.Sprint(plan, lineage, what, attempt)
					if again := idempotencyKey(plan, lineage, what, attempt); again != key {
						t.Errorf("%s: %s, then %s", from, key, again)
					}
					if other, ok := seen[key]; ok {
						t.Errorf("%s and %s have one key", from, other)
					}
					seen[key] = from
					if !form.MatchString(key) || strings.Contains(key, plan) || strings.Contains(key, lineage) {
						t.Errorf("%s: %s", from, key)
					}
				}
			}
		}
	}
}
