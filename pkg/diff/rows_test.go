package diff

import (
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/rows"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

// API dossier 14, row by row: a plan against what the service answers is empty
// exactly where the answer says what the manifest says, and an unchanged
// manifest never drifts by the service's own doing.
func TestRows(t *testing.T) {
	prints := resource.NewFingerprinter("key", "lineage")
	for _, row := range rows.All() {
		for _, c := range row.Cases {
			t.Run(row.Kind+": "+row.Name+": "+c.Name, func(t *testing.T) {
				k := kind(t, row.Kind)
				a := resource.Address{Kind: row.Kind, Name: "x"}
				desired := rows.Manifest(row.Kind, c.Manifest)
				k.Canonical(desired)
				resource.Secrets(desired, func(s *resource.Secret) { s.Seal(prints) })
				recorded := resource.Clone(desired)
				if c.Recorded != nil {
					recorded = rows.Manifest(row.Kind, c.Recorded)
					k.Canonical(recorded)
					resource.Secrets(recorded, func(s *resource.Secret) { s.Seal(prints) })
				}
				recorded = forgetSecrets(recorded)
				live := k.Decode(rows.Answer(row.Kind, c.Answer), rows.Index())
				resource.Secrets(live, func(s *resource.Secret) { s.Seal(prints) })
				if k.Align != nil {
					k.Align(live, desired, recorded)
				}
				plan := Compute(Input{
					Kinds:    kinds.All(),
					Desired:  resource.Set{a: {Address: a, Object: desired}},
					Recorded: resource.Set{a: {Address: a, ID: "id", Object: recorded}},
					Live:     resource.Set{a: {Address: a, ID: "id", Object: live, Raw: rows.Answer(row.Kind, c.Answer)}},
				})
				step := plan.Steps[0]
				if (step.Action != NoOp) != c.Differs {
					t.Errorf("action %s, differs should be %v; changes %v", step.Action, c.Differs, step.Changes)
				}
				if !c.Differs && len(plan.Drift) > 0 && c.Recorded == nil {
					t.Errorf("drift: %v", plan.Drift)
				}
			})
		}
	}
}

func kind(t *testing.T, name string) *resource.Kind {
	t.Helper()
	for _, k := range kinds.All() {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

// forgetSecrets leaves of a secret what a state keeps: its fingerprint.
func forgetSecrets(o resource.Object) resource.Object {
	return resource.Replace(resource.Clone(o), func(v any) any {
		if s, ok := v.(*resource.Secret); ok {
			return resource.RestoreSecrets(resource.Object{resource.SecretKey: s.Print()})
		}
		return v
	}).(resource.Object)
}
