package spec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// pendingRef is a reference that waits until all resources are known.
type pendingRef struct {
	b       *build
	path    resource.Path
	to      string // kind
	name    string
	field   string // of a source; "" for a reference to the resource as such
	pos     diag.Pos
	written string // as people see it in the manifest
}

// ref reads a reference to a resource of the kind to.
func (b *build) ref(to string, n *node, p resource.Path) (any, bool) {
	switch {
	case n.kind == mapNode:
		id, ok := b.id(to, n)
		if !ok {
			return nil, false
		}
		return resource.Object{"id": id}, true
	case n.kind == scalarNode:
		if name, ok := n.value.(string); ok && name != "" {
			b.refs = append(b.refs, pendingRef{b: b, path: p, to: to, name: name, pos: n.pos(), written: n.shown()})
			return name, true
		}
	}
	b.err(n, "wrong-type", fmt.Sprintf("wanted the key of a %s", to), "this is "+n.kindWords(), "write the key alone, or {id: UUID} for one that this manifest does not manage")
	return nil, false
}

// shown is how the manifest writes a scalar: what came from outside is not
// quoted.
func (n *node) shown() string {
	if n.outside {
		return n.origin
	}
	return n.text
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// id reads {id: UUID}.
func (b *build) id(to string, n *node) (string, bool) {
	good := true
	for _, m := range n.members {
		if m.key.text != "id" {
			good = false
			b.err(m.key, "unknown-key", fmt.Sprintf("unknown key %q", m.key.text), "a reference is the key of a resource, or {id: UUID}", b.meantWord(m.key.text, []string{"id"}))
		}
	}
	v := n.get("id")
	if v.isNull() {
		if good {
			b.err(n, "missing-key", `"id" is missing`, "a reference is the key of a resource, or {id: UUID}", "write the key alone if the manifest declares it")
		}
		return "", false
	}
	v, ok := b.resolve(v)
	if !ok {
		b.broken = true
		return "", false
	}
	id, ok := v.value.(string)
	switch {
	case !ok || id == "":
		b.err(v, "wrong-type", "an id is a string", "this is "+v.kindWords(), "")
		return "", false
	case v.secret:
		b.err(v, "secret-shown", "a reference comes from a secret", "references show in every plan", notSecret)
		return "", false
	case uuidForm.MatchString(id):
	case !v.outside && b.built[resource.Address{Kind: to, Name: id}] != nil:
		b.err(v, "not-an-id", fmt.Sprintf("%q is the key of a %s and not an id", id, to), "an id names something that this manifest does not manage", fmt.Sprintf("write %s alone, without {id: ...}", id))
		return "", false
	default:
		b.warn(v, "not-an-id", "this does not look like an id of the service", "its ids are UUIDs", "")
	}
	return id, good
}

// sourceRef reads a field of another resource: "model.field", or {model, field}.
func (b *build) sourceRef(n *node, p resource.Path) (any, bool) {
	const kind = resource.SourceKind
	form := fmt.Sprintf("write %s.FIELD, or {%s: KEY, field: FIELD}", strings.ToUpper(kind), kind)
	if n.kind == mapNode {
		return b.longSource(n, p, form)
	}
	s, ok := n.value.(string)
	if n.kind != scalarNode || !ok {
		b.err(n, "wrong-type", "wanted a source field", "this is "+n.kindWords(), form)
		return nil, false
	}
	name, field, ok := resource.SplitSource(s)
	if !ok {
		what := "this is not a source field"
		if !n.outside {
			what = fmt.Sprintf("%q is not a source field", s)
		}
		fix := form
		if !n.outside && b.built[resource.Address{Kind: kind, Name: s}] != nil {
			fix = fmt.Sprintf("name a field of it: %s.FIELD", s)
		}
		b.err(n, "bad-source", what, fmt.Sprintf("a source is a %s and one of its fields, with a dot between", kind), fix)
		return nil, false
	}
	key, _ := name.(string)
	// Addresses are what plans print, so people paste them.
	if rest, f, ok := resource.SplitSource(field); key == kind && ok && b.built[resource.Address{Kind: kind, Name: kind}] == nil {
		if inner, _ := rest.(string); b.built[resource.Address{Kind: kind, Name: inner}] != nil && !n.outside {
			b.err(n, "bad-source", fmt.Sprintf("%q says %q", s, kind), "a source is a "+kind+" by its nature", fmt.Sprintf("write %s.%s", inner, f))
			return nil, false
		}
	}
	b.refs = append(b.refs, pendingRef{b: b, path: p, to: kind, name: key, field: field, pos: n.pos(), written: n.shown()})
	return s, true
}

func (b *build) longSource(n *node, p resource.Path, form string) (any, bool) {
	const kind = resource.SourceKind
	good := true
	for _, m := range n.members {
		if m.key.text != kind && m.key.text != "field" {
			good = false
			b.err(m.key, "unknown-key", fmt.Sprintf("unknown key %q", m.key.text), fmt.Sprintf("a source has %s and field", kind), b.meantWord(m.key.text, []string{kind, "field"}))
		}
	}
	for _, key := range []string{kind, "field"} {
		if n.get(key).isNull() && good {
			good = false
			b.err(n, "missing-key", fmt.Sprintf("%q is missing", key), "a source is a "+kind+" and one of its fields", form)
		}
	}
	if !good {
		return nil, false
	}
	field, ok := b.value(&resource.Field{Type: resource.String}, n.get("field"), p.Child("field"), false, "field")
	m, okModel := b.resolve(n.get(kind))
	if !ok || !okModel {
		b.broken = true
		return nil, false
	}
	name, isString := field.(string)
	if !isString || name == "" || m.secret {
		b.err(n, "bad-source", "this is not a source field", "its field is empty or a secret", form)
		return nil, false
	}
	if m.kind == mapNode {
		id, ok := b.id(kind, m)
		if !ok {
			return nil, false
		}
		return resource.JoinSource(resource.Object{"id": id}, name), true
	}
	key, ok := m.value.(string)
	if m.kind != scalarNode || !ok || key == "" {
		b.err(m, "wrong-type", fmt.Sprintf("wanted the key of a %s", kind), "this is "+m.kindWords(), form)
		return nil, false
	}
	b.refs = append(b.refs, pendingRef{b: b, path: p, to: kind, name: key, field: name, pos: m.pos(), written: m.shown()})
	return resource.JoinSource(key, name), true
}

// references resolves what waited: the names must exist, and aliases of fields
// become names.
func (l *loader) references() {
	for _, r := range l.refs {
		a := resource.Address{Kind: r.to, Name: r.name}
		target := l.built[a]
		if target == nil {
			l.unknownRef(r)
			continue
		}
		l.m.Graph.Edge(r.b.r.Address, a)
		if r.field == "" {
			continue
		}
		if name, ok := target.aliases[r.field]; ok {
			v := resource.JoinSource(r.name, name)
			lookup(r.b.r.Object, r.path, func(any) any { return v })
			r.b.name(resource.Text(v), r.name+"."+r.field)
		} else if alias, ok := target.called[r.field]; ok {
			r.b.name(r.name+"."+r.field, r.name+"."+alias)
		}
	}
}

func (l *loader) unknownRef(r pendingRef) {
	r.b.lose(r.path)
	if l.partial || l.misnamed[resource.Address{Kind: r.to, Name: r.name}] {
		return // follows from what was reported there
	}
	word, shown := r.name, fmt.Sprintf("%q", r.name)
	if strings.HasPrefix(r.written, "${") {
		word, shown = "", r.written
	}
	d := diag.Diagnostic{Pos: r.pos, Code: "unknown-reference", Address: r.b.r.Address.String(), What: fmt.Sprintf("unknown %s %s", r.to, shown)}
	if r.field != "" && d.Pos.End > d.Pos.Col+len(r.name) && strings.HasPrefix(r.written, r.name+".") {
		d.Pos.End = d.Pos.Col + len([]rune(r.name))
	}
	d.Why = fmt.Sprintf("this manifest has no %s called %s", r.to, shown)
	k := l.kinds[r.to]
	rest, isAddress := strings.CutPrefix(word, r.to+".")
	switch other := l.otherKind(r); {
	case k == nil:
		d.Fix = "write {id: UUID}: this version cannot manage any " + r.to
	case isAddress && l.built[resource.Address{Kind: r.to, Name: rest}] != nil:
		d.Fix = fmt.Sprintf("write %q: references stand without their kind", rest)
	case word != "" && other != nil:
		d.Why = fmt.Sprintf("%q is a %s (%s), not a %s", word, other.kind.Name, place(other.key.pos()), r.to)
		d.Fix = fmt.Sprintf("name a %s, or declare one under %s:", r.to, k.Section)
	default:
		if near, ok := l.near(r.to, word, func() []string { return l.names(r.to) }); ok && word != "" {
			d.Fix = fmt.Sprintf("did you mean %q (%s)?", near, place(l.built[resource.Address{Kind: r.to, Name: near}].key.pos()))
		} else {
			d.Fix = fmt.Sprintf("declare it under %s:, or write {id: UUID} for one that this manifest does not manage", k.Section)
		}
	}
	l.add(d)
}

// otherKind finds a resource of the wanted name in another kind.
func (l *loader) otherKind(r pendingRef) *build {
	for _, k := range l.opts.Kinds {
		if b := l.built[resource.Address{Kind: k.Name, Name: r.name}]; b != nil {
			return b
		}
	}
	return nil
}
