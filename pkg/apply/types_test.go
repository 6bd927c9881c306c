package apply_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/internal/rig"
)

// smallest is the least that a configuration of the type must say: a value for every
// required field without a default, unless a person signs in in a browser. Secrets come
// from a variable.
func smallest(t *catalog.Type) map[string]any {
	configuration := map[string]any{}
	if t.Interactive(nil) {
		return configuration
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		if f := t.Fields[name]; f.Required && f.Default == nil && !f.ReadOnly && !f.Internal() {
			configuration[name] = someValue(f)
		}
	}
	return configuration
}

func someValue(f *catalog.Field) any {
	switch {
	case f.Secret && f.Type == "string":
		return "${env.A_SECRET}"
	case len(f.Enum) > 0:
		return f.Enum[0]
	}
	switch f.Type {
	case "integer":
		return 1
	case "boolean":
		return true
	case "array":
		if f.Items == nil {
			return []any{"x"}
		}
		return []any{someValue(f.Items)}
	case "object":
		o := map[string]any{}
		for name, member := range f.Fields {
			if member.Required {
				o[name] = someValue(member)
			}
		}
		return o
	}
	return "x"
}

// The smallest connection of each type that the service has is made, and then there is
// nothing left to do.
func TestEveryConnectionType(t *testing.T) {
	all := map[string]any{}
	for _, id := range catalog.Types() {
		typ, _ := catalog.Lookup(id)
		all[id] = map[string]any{"type": id, "configuration": smallest(typ)}
	}
	if len(all) != 226 {
		t.Errorf("%d types, want 226", len(all))
	}
	connections, err := json.Marshal(all) // which is YAML
	if err != nil {
		t.Fatal(err)
	}
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Parallelism: 10, Env: map[string]string{"A_SECRET": "made-up"}})
		m := r.Manifest(fmt.Sprintf("connections: %s\n", connections))
		r.Apply(m)
		if n := r.Server.Count("connection"); n != len(all) {
			t.Errorf("%d connections, want %d", n, len(all))
		}
		r.Converged(m)
	})
}
