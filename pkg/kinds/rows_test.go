package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/rows"
	"github.com/polyplan/polyplan/pkg/resource"
)

// API dossier 14, row by row: what the service answers decodes to what the
// manifest says, or to something else where it is something else. Where both
// say the same in different forms, pkg/diff has the test of the same name.
func TestRows(t *testing.T) {
	for _, row := range rows.All() {
		for _, c := range row.Cases {
			if c.Compared || c.Recorded != nil {
				continue
			}
			t.Run(row.Kind+": "+row.Name+": "+c.Name, func(t *testing.T) {
				k := kindOf(t, row.Kind)
				want := rows.Manifest(row.Kind, c.Manifest)
				got := k.Decode(overTheWire(t, rows.Answer(row.Kind, c.Answer)), rows.Index())
				if k.Align != nil {
					k.Align(got, want)
				}
				setOrNot := cmp.Comparer(func(a, b *resource.Secret) bool { return (a == nil) == (b == nil) })
				d := cmp.Diff(want, got, setOrNot)
				if (d != "") != c.Differs {
					t.Errorf("differs: %v, want %v (-manifest +answer):\n%s", d != "", c.Differs, d)
				}
				once := resource.Clone(want)
				k.Canonical(once)
				if d := cmp.Diff(want, once, setOrNot); d != "" {
					t.Errorf("the manifest of this case is not canonical:\n%s", d)
				}
			})
		}
	}
}
