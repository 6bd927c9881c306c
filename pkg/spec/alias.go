package spec

import (
	"fmt"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// ownAliases learns how the resource calls its own fields before anything
// speaks of them, for a map has no order.
func (b *build) ownAliases(n *node) {
	for _, m := range n.members {
		f := resource.Lookup(b.kind.Fields, m.key.text)
		if f == nil || !f.Aliases || m.value.kind != mapNode {
			continue
		}
		b.aliases, b.called = map[string]string{}, map[string]string{}
		for _, a := range m.value.members {
			v, ok := b.resolve(a.value)
			if !ok || v.kind != scalarNode || v.secret {
				continue // found wrong where it is read
			}
			name, isString := v.value.(string)
			if !isString || name == "" {
				continue
			}
			if first, twice := b.called[name]; twice {
				b.err(a.key, "duplicate-alias", fmt.Sprintf("%q and %q stand for one field", first, a.key.text), "a field has one alias, by which plans call it", "remove one of the two")
				continue
			}
			b.aliases[a.key.text], b.called[name] = name, a.key.text
		}
		for _, a := range m.value.members {
			if other, isName := b.called[a.key.text]; isName && other != a.key.text {
				b.err(a.key, "ambiguous-alias", fmt.Sprintf("%q is an alias and also the name of the field %q", a.key.text, other), "a source could mean either", "choose another alias")
			}
		}
	}
}

// aliased reads a set of names that is written as a map from aliases.
func (b *build) aliased(n *node, p resource.Path) (any, bool) {
	type named struct {
		name string
		at   *node
	}
	var all []named
	for _, m := range n.members {
		v, ok := b.resolve(m.value)
		switch {
		case !ok:
			b.broken = true
			continue
		case v.isNull():
			b.err(m.key, "empty-element", fmt.Sprintf("the alias %q stands for nothing", m.key.text), "it names a field of the source", fmt.Sprintf("write the field's name or id: %s: NAME", m.key.text))
			continue
		}
		if v.secret {
			b.err(m.value, "secret-shown", "a field's name comes from a secret", "field names show in every plan", notSecret)
			continue
		}
		name, ok := b.scalar(&resource.Field{Type: resource.String}, v, v.outside)
		if s, _ := name.(string); ok && s != "" {
			all = append(all, named{s, m.value})
			b.name(s, m.key.text)
		}
	}
	slices.SortFunc(all, func(a, b named) int { return compareText(a.name, b.name) })
	out := make([]any, len(all))
	for i, x := range all {
		out[i] = x.name
		b.r.At[p.Index(i)] = x.at.pos()
	}
	return out, true
}

// own is the name of one of the resource's own fields, which the manifest may
// call by its alias.
func (b *build) own(s string) string {
	name, ok := b.aliases[s]
	if !ok {
		if alias, ok := b.called[s]; ok {
			b.name(s, alias)
		}
		return s
	}
	b.name(name, s)
	return name
}

// name notes how plans call a source or a field.
func (b *build) name(real, called string) {
	if real == called {
		return
	}
	if b.r.Names == nil {
		b.r.Names = map[string]string{}
	}
	b.r.Names[real] = called
}
