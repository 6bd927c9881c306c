package inventory

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// declare makes resources of all that nobody has. Their addresses come of their
// names alone, in an order that does not depend on that of the service.
func (t *taker) declare() {
	t.inv.New, t.inv.Kept, t.inv.Unshown = resource.Set{}, map[string][]resource.Path{}, map[string][]resource.Path{}
	t.names = maps.Clone(t.Env)
	rest := t.rest()
	slices.SortStableFunc(rest, func(a, b *object) int {
		if a.kind != b.kind {
			return 0
		}
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id))
	})
	index := resource.NewIndex(t.Recorded)
	for a, id := range t.inv.Known {
		index.Add(id, a)
	}
	at := map[*object]resource.Address{}
	for _, o := range rest {
		r := t.said(o, resource.NewIndex())
		if err := spec.Emit(io.Discard, t.Kinds, resource.Set{r.Address: r}); err != nil {
			t.unsaid(o, cmp.Or(errors.Unwrap(err), err)) // without the address, which is none yet
			continue
		}
		if names := variables(r.Address, r.Object); len(slices.Compact(slices.Sorted(slices.Values(names)))) < len(names) {
			t.unsaid(o, errors.New("one variable would give two of its secrets"))
			continue
		}
		if a, ok := t.address(o, r.Object); ok {
			at[o] = a
			index.Add(o.id, a)
			t.inv.New[a] = nil // taken
		}
	}
	for o, a := range at {
		r := t.said(o, index)
		r.Address, r.ID = a, o.id
		r.Needs = o.kind.Needs(r.Object)
		t.inv.New[a] = r
	}
	for _, paths := range []map[string][]resource.Path{t.inv.Kept, t.inv.Unshown} {
		for kind, list := range paths {
			slices.Sort(list)
			paths[kind] = slices.Compact(list)
		}
	}
}

// address gives a new resource an address that nothing has, and with it each of its
// secrets a variable that nothing else uses. A thing of which there can be one has
// but one address.
func (t *taker) address(o *object, object resource.Object) (resource.Address, bool) {
	key := slug(o.name)
	if !resource.ValidName(key) {
		key = o.kind.Name + "_" + key
		key = strings.TrimSuffix(key, "_")
	}
	for n := 1; ; n++ {
		a := resource.Address{Kind: o.kind.Name, Name: key}
		if n > 1 {
			a.Name += "_" + strconv.Itoa(n)
		}
		if o.kind.Singleton {
			a.Name = resource.DefaultName
		}
		_, taken := t.inv.New[a]
		taken = taken || t.Desired[a] != nil || t.Recorded[a] != nil
		if taken && o.kind.Singleton {
			return a, false
		}
		names := variables(a, object)
		if taken || !o.kind.Singleton && slices.ContainsFunc(names, func(name string) bool { return t.names[name] }) {
			continue
		}
		for _, name := range names {
			t.names[name] = true
		}
		return a, true
	}
}

// variables are those from which a manifest takes the secrets of a resource.
func variables(a resource.Address, o resource.Object) []string {
	var out []string
	for _, p := range secrets("", o) {
		out = append(out, spec.SecretEnv(a, p))
	}
	return out
}

// secrets are the places of the secrets below v.
func secrets(p resource.Path, v any) []resource.Path {
	var out []resource.Path
	switch v := v.(type) {
	case *resource.Secret:
		return []resource.Path{p}
	case resource.Object:
		for _, key := range resource.Keys(v) {
			out = append(out, secrets(p.Child(key), v[key])...)
		}
	case []any:
		for i, e := range v {
			out = append(out, secrets(p.Index(i), e)...)
		}
	}
	return out
}

// Variables are the environment variables from which the manifest takes the secrets
// of what is new, in order.
func (inv *Inventory) Variables() []string {
	var out []string
	for _, r := range inv.New {
		out = append(out, variables(r.Address, r.Object)...)
	}
	slices.Sort(out)
	return out
}

// longest is how much of a name goes into a key.
const longest = 60

// slug is the part of a name that may stand in a resource's key.
func slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			if b.Len() >= longest {
				break
			}
			b.WriteRune(r)
			gap = false
			continue
		}
		gap = true
	}
	return b.String()
}
