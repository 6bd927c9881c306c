package inventory

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/internal/gen"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// Whatever an object holds, the manifest that is written of it asks for no change,
// and an update that something else asks for sends all the rest as it was.
func TestSaid(t *testing.T) {
	var all []*resource.Kind
	for _, k := range kinds.All() {
		unchecked := *k
		unchecked.Check = nil // what is made up means nothing
		all = append(all, &unchecked)
	}
	for _, k := range all {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				live := gen.Object(k, gen.World{}).Draw(t, k.Name)
				answered(k.Fields, live, live, nil)
				a := resource.Address{Kind: k.Name, Name: "x"}
				if k.Singleton {
					a.Name = resource.DefaultName
				}
				noted := func(resource.Path) {}
				s := &sayer{kind: k, root: live, kept: noted, unshown: noted}
				r := &resource.Resource{Address: a, Object: s.members(k.Fields, resource.Clone(live), "", nil)}
				var text bytes.Buffer
				if err := spec.Emit(&text, all, resource.Set{a: r}); err != nil {
					t.Skip(err) // a key that none can be
				}
				m, found := spec.Load(spec.Options{Kinds: all, Files: []string{"-"}, Stdin: bytes.NewReader(text.Bytes()),
					MakeUp: func(string) (string, bool) { return "1", true }}) // a number too, where one is wanted
				for _, d := range found {
					if d.Severity == diag.Error {
						t.Fatalf("%s\n%s", d.Text(), text.String())
					}
				}
				p := diff.Compute(diff.Input{Kinds: all, Desired: m.Set, Adopt: map[resource.Address]bool{a: true}, Taken: map[resource.Address]bool{a: true},
					Live: resource.Set{a: {Address: a, ID: "id", Object: hidden(resource.Clone(live)).(resource.Object), Raw: map[string]any{}}}})
				step := p.Steps[0]
				for _, ch := range step.Changes {
					t.Errorf("%s: %v → %v", ch.Path, ch.Before, ch.After)
				}
				if d := cmp.Diff(sent(t, k, live), sent(t, k, step.After)); d != "" {
					t.Errorf("an update (-of what was +sent):\n%s", d)
				}
				if t.Failed() {
					t.Log(text.String())
				}
			})
		})
	}
}

// Of a value without a table nothing is said that sounds like a secret, at any depth;
// and nothing else that the service would lose if it were said without that.
func TestFree(t *testing.T) {
	clear := func() any { return resource.Object{"token": "in clear", "n": int64(1)} }
	value := resource.Object{"token": "in clear", "plain": "p", "deep": resource.Object{"in": clear()}, "list": []any{[]any{clear()}},
		"masked": []any{resource.MaskedSecret()}, "tokens": int64(7)}
	for _, tt := range []struct {
		deep bool
		want resource.Object
		kept []resource.Path
	}{
		{false, resource.Object{"plain": "p", "tokens": int64(7)}, []resource.Path{"deep", "list", "masked", "token"}},
		{true, resource.Object{"plain": "p", "tokens": int64(7), "deep": resource.Object{"in": resource.Object{"n": int64(1)}}},
			[]resource.Path{"deep.in.token", "list", "masked", "token"}},
	} {
		var kept []resource.Path
		s := &sayer{kept: func(p resource.Path) { kept = append(kept, p) }}
		got := s.free(&resource.Field{Type: resource.Any, Deep: tt.deep}, value, "")
		slices.Sort(kept)
		if d := cmp.Diff([]any{tt.want, tt.kept}, []any{got, kept}); d != "" {
			t.Errorf("deep %v (-want +got):\n%s", tt.deep, d)
		}
	}
}

// answered makes of what a manifest may say what the service answers of it: with a name,
// with what polyplan fills in and what the type of a connection requires, in the newer
// words alone, and without what only says how to write. In is the map around it.
func answered(fields []resource.Field, root, o resource.Object, in *resource.Field) {
	for i := range fields {
		f := &fields[i]
		v := o[f.Name]
		switch {
		case f.Deprecated != "", f.Directive, f.Default != nil && f.Filled == nil && resource.Text(v) == resource.Text(f.Default) && (in == nil || in.Off != f.Name):
			delete(o, f.Name)
			continue
		case v != nil:
		case f.Keyed:
			v = "A name"
		case f.Filled != nil:
			v = resource.Clone(f.Filled)
		case f.Required && f.Sensitive:
			v = resource.NewSecret("made-up")
		case f.Required && len(f.Enum) > 0:
			v = f.Enum[0]
		case f.Required:
			v = map[resource.Type]any{resource.String: "some", resource.Int: int64(1), resource.Bool: true, resource.List: []any{}, resource.Any: resource.Object{"value": "some"}}[f.Type]
		}
		if v != nil {
			o[f.Name] = v
			within(f, root, v)
		}
	}
}

func within(f *resource.Field, root resource.Object, v any) {
	switch v := v.(type) {
	case resource.Object:
		switch f.Type {
		case resource.Struct:
			fields, _ := f.Below(root)
			answered(fields, root, v, nil)
		case resource.Map:
			for _, e := range v {
				if elem, ok := e.(resource.Object); ok && f.Elem.Type == resource.Struct {
					answered(f.Elem.Fields, root, elem, f)
				}
			}
		}
	case []any:
		for _, e := range v {
			if f.Type == resource.List {
				within(f.Elem, root, e)
			}
		}
	}
}

// hidden has secrets as the service shows them.
func hidden(v any) any { return ofSecrets(v, resource.MaskedSecret()) }

// sent is the body of an update, whatever its secrets are.
func sent(t *rapid.T, k *resource.Kind, o resource.Object) any {
	o, _ = madeUp(resource.Clone(o)).(resource.Object)
	body, err := k.Encode(o, gen.World{}.IDs, true)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func madeUp(v any) any { return ofSecrets(v, resource.NewSecret("made-up")) }

// ofSecrets is v with another secret in the place of each.
func ofSecrets(v any, other *resource.Secret) any {
	return resource.Replace(v, func(v any) any {
		if _, ok := v.(*resource.Secret); ok {
			return other
		}
		return v
	})
}
