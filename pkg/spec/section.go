package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// build is one resource in the making.
type build struct {
	*loader
	kind   *resource.Kind
	r      *resource.Resource
	key, n *node
	broken bool            // an error was found in it
	lost   []resource.Path // what of it could not be read

	aliases map[string]string // of its own fields: alias -> name
	called  map[string]string // name -> alias
	sets    []resource.Path   // where its sets stand
	hiding  int               // above 0 while what is read is secret because of what it stands in

	origins map[resource.Path]string // see Manifest.Origins
	brought map[string]string        // texts from outside -> how the manifest calls them
}

// The keys that every resource has besides those of its table.
const (
	keyProtect   = "protect"
	keyUnmanaged = "unmanaged"
	keyExtra     = "extra"
)

// values brings every resource into the form that its table describes.
func (l *loader) values() {
	l.each(func(b *build) {
		b.whole()
		b.n = nil // large manifests are large mostly in their nodes
	})
	for _, b := range l.builds {
		if b.origins != nil {
			l.m.Origins[b.r.Address] = b.origins
		}
		if b.brought != nil {
			l.m.brought[b.r.Address] = b.brought
		}
	}
}

func (b *build) report(s diag.Severity, pos diag.Pos, code, what, why, fix string) {
	b.broken = b.broken || s == diag.Error
	b.add(diag.Diagnostic{Severity: s, Pos: pos, Code: code, What: what, Why: why, Fix: fix, Address: b.r.Address.String()})
}

func (b *build) err(n *node, code, what, why, fix string) {
	b.report(diag.Error, n.pos(), code, what, why, fix)
}

func (b *build) warn(n *node, code, what, why, fix string) {
	b.report(diag.Warning, n.pos(), code, what, why, fix)
}

// lose notes that what stands at p could not be read.
func (b *build) lose(p resource.Path) {
	b.broken = true
	b.lost = append(b.lost, p)
}

// whole reads the resource as a whole.
func (b *build) whole() {
	n, ok := b.resolve(b.n)
	switch {
	case !ok:
		b.lose("")
		return
	case n.isNull():
		n = &node{src: b.key.src, line: b.key.line, col: b.key.col, kind: mapNode}
	case n.kind != mapNode && b.kind.Short != "":
		n = b.long(n)
	case n.kind != mapNode:
		b.err(b.n, "wrong-type", fmt.Sprintf("%s is %s, not a map", b.r.Address, n.kindWords()), fmt.Sprintf("a %s is a map of its fields", b.kind.Name), b.exampleOf(b.kind))
		b.lose("")
		return
	}
	b.ownAliases(n)
	var rest []member
	for _, m := range n.members {
		if resource.Lookup(b.kind.Fields, m.key.text) != nil || !b.lifecycleKey(m) {
			rest = append(rest, m)
		}
	}
	inner := *n
	inner.members = rest
	b.members(table{fields: b.kind.Fields, known: true, lifecycle: true}, &inner, b.key, b.r.Object, "")
	for i := range b.kind.Fields {
		if f := &b.kind.Fields[i]; f.Keyed && b.r.Object[f.Name] == nil {
			b.r.Object[f.Name] = b.r.Address.Name
			b.origin(resource.Path("").Child(f.Name), FromKey)
		}
	}
}

// long is the long form of a resource of which the manifest says but one field.
func (b *build) long(n *node) *node {
	key := *b.key
	key.text, key.value = b.kind.Short, b.kind.Short
	return &node{src: n.src, line: n.line, col: n.col, kind: mapNode, members: []member{{key: &key, value: n}}}
}

func (b *build) exampleOf(k *resource.Kind) string {
	return fmt.Sprintf("`polyplan explain %s` shows one", k.Name)
}

// outside notes that the value at p comes from outside.
func (b *build) outside(p resource.Path, n *node) {
	b.origin(p, n.origin)
	if s, ok := n.value.(string); ok && s != "" {
		if b.brought == nil {
			b.brought = map[string]string{}
		}
		b.brought[s] = n.origin
	}
}

// origin notes where the value at p comes from.
func (b *build) origin(p resource.Path, from string) {
	if b.origins == nil {
		b.origins = map[resource.Path]string{}
	}
	b.origins[p] = from
}

// lifecycleKey reads a key that says how to treat the resource rather than
// what it is; false if m is none.
func (b *build) lifecycleKey(m member) bool {
	switch m.key.text {
	case keyProtect:
		v, ok := b.typed(&resource.Field{Type: resource.Bool}, m.value, keyProtect, false)
		b.r.Protect = ok && v == true
	case keyUnmanaged:
		b.unmanaged(m.value)
	case keyExtra:
		n, ok := b.resolve(m.value)
		switch {
		case !ok:
			b.broken = true
		case n.isNull():
		case n.kind != mapNode:
			b.err(m.value, "wrong-type", fmt.Sprintf("extra is %s, not a map", n.kindWords()), "it carries fields of the API that polyplan does not know", "write the API's field under extra:, with its value")
		default:
			b.knownExtra(b.kind.Fields, b.kind.Claims, n, "")
			if v, ok := b.free(n, keyExtra, true); ok {
				b.r.Extra, _ = v.(resource.Object)
			}
		}
	default:
		return false
	}
	return true
}

// knownExtra refuses what the table has a field for: as extra it would go out
// unchecked, or be written over by the field; and what is written or left out with
// other fields. Within an object that the table describes there may be more.
func (b *build) knownExtra(fields []resource.Field, claims []string, n *node, p resource.Path) {
	for _, m := range n.members {
		f := resource.LookupAPI(fields, m.key.text)
		if f == nil {
			if slices.Contains(claims, m.key.text) {
				b.err(m.key, "known-extra", fmt.Sprintf("extra holds %q, which polyplan knows", m.key.text),
					"it writes this together with other fields, or the service alone sets it", "remove it")
			}
			continue
		}
		if f.Computed {
			b.err(m.key, "computed", fmt.Sprintf("%q is set by the service", m.key.text), "no manifest can set it", "remove it")
			continue
		}
		p := p.Child(f.Name)
		if within, ok := b.resolve(m.value); ok && within.kind == mapNode && f.HoldsExtra() {
			b.knownExtra(f.Fields, f.Claims, within, p)
			continue
		}
		b.err(m.key, "known-extra", fmt.Sprintf("extra holds %q, which polyplan knows", m.key.text),
			"extra is for fields of the API that it does not know, and sends them unchecked", fmt.Sprintf("write it as the field %s of the %s", p, b.kind.Name))
	}
}

// unmanaged reads the list of paths that are left to people.
func (b *build) unmanaged(n *node) {
	list := []*node{n}
	if n.kind == listNode {
		list = n.items
	}
	for _, item := range list {
		item, ok := b.resolve(item)
		if !ok {
			b.broken = true
			continue
		}
		s, ok := item.value.(string)
		if item.kind != scalarNode || !ok || s == "" {
			if !item.isNull() {
				b.err(item, "wrong-type", fmt.Sprintf("unmanaged holds %s", item.kindWords()), "it lists fields of this resource that are left to people in the app", "write it as in unmanaged: [schedule, active]")
			}
			continue
		}
		steps, ok := pathSteps(s)
		if !ok {
			b.err(item, "bad-path", fmt.Sprintf("%q is not a path", s), "a path is the keys that lead to a value, with dots between", `write it as in schedule.hour; quote keys with dots: fields."a.b"`)
			continue
		}
		if bad, known := b.unknownStep(steps); bad != "" {
			fix := "known fields: " + strings.Join(known, ", ")
			if near, ok := diag.Nearest(bad, known); ok {
				fix = fmt.Sprintf("did you mean %q?", near)
			}
			b.err(item, "unknown-path", fmt.Sprintf("%s has no field %q", b.r.Address, s), fmt.Sprintf("%q is not a field there", bad), fix)
			continue
		}
		b.r.Unmanaged = append(b.r.Unmanaged, pathOf(steps))
	}
}
