package gen_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/internal/gen"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`)

func TestID(t *testing.T) {
	a, b := resource.Address{Kind: "model", Name: "users"}, resource.Address{Kind: "model", Name: "other"}
	if id := gen.ID(a); !uuidForm.MatchString(id) || id == gen.ID(b) || id != gen.ID(a) {
		t.Errorf("ID = %s", id)
	}
	if _, ok := gen.Small.IDs(b); ok {
		t.Error("the small world knows a stranger")
	}
	if got, ok := gen.Small.Index().Address("model", gen.ID(a)); got != a || !ok {
		t.Errorf("the index has %v", got)
	}
}

// Objects are canonical, have what is required and can be sent.
func TestObject(t *testing.T) {
	for _, k := range kinds.All() {
		t.Run(k.Name, func(t *testing.T) {
			set := map[string]int{}
			rapid.Check(t, func(t *rapid.T) {
				o := gen.Object(k, gen.Small).Draw(t, "o")
				again := resource.Clone(o)
				k.Canonical(again)
				if d := cmp.Diff(resource.Text(o), resource.Text(again)); d != "" {
					t.Fatalf("not canonical:\n%s", d)
				}
				for i := range k.Fields {
					f := &k.Fields[i]
					if o[f.Name] != nil {
						set[f.Name]++
					} else if f.Required {
						t.Fatalf("no %s", f.Name)
					}
				}
				if _, err := k.Encode(o, gen.Small.IDs, false); err != nil {
					t.Fatal(err)
				}
			})
			for i := range k.Fields {
				if f := &k.Fields[i]; !f.Computed && set[f.Name] == 0 {
					t.Errorf("%s was never set", f.Name)
				}
			}
		})
	}
}

func TestSet(t *testing.T) {
	most := 0
	rapid.Check(t, func(t *rapid.T) {
		set := gen.Set(kinds.All(), 3).Draw(t, "set")
		most = max(most, len(set))
		for a, r := range set {
			if r.Address != a || !uuidForm.MatchString(r.ID) {
				t.Fatalf("%s is %+v", a, r)
			}
			for _, need := range r.Needs {
				if set[need] == nil || need == a {
					t.Fatalf("%s needs %s", a, need)
				}
			}
		}
	})
	if most < 5 {
		t.Errorf("the largest set has %d resources", most)
	}
}
