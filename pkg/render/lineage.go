package render

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Lineage is the graph of fields: from connections over the fields of models to
// the target fields that take them. It follows from the source fields in the
// tables of the kinds. What is only tested or joined on is an indirect edge, and
// a constant has no source. What goes from connection to connection without a
// model, as in a bulk sync, is drawn as far as the manifest names it.
func Lineage(set resource.Set, kinds []*resource.Kind) Graph {
	l := &lineage{set: set, kinds: map[string]*resource.Kind{}, seen: map[string]bool{}, g: Graph{Flow: true}}
	for _, k := range kinds {
		l.kinds[k.Name] = k
	}
	for _, a := range set.Addresses() {
		if k := l.kinds[a.Kind]; k != nil {
			l.resource = set[a]
			l.members(k.Fields, set[a].Object, sink{})
			l.flow(k)
		}
	}
	return l.g
}

type lineage struct {
	set      resource.Set
	kinds    map[string]*resource.Kind
	seen     map[string]bool
	resource *resource.Resource // being looked at
	g        Graph
}

// sink is what takes a source field: the thing in a resource around it.
type sink struct {
	path   resource.Path
	name   string // the target field, or the user's own key
	direct bool   // the value itself is carried on
	own    bool   // name is a field of the resource itself
}

func (l *lineage) members(fields []resource.Field, o resource.Object, at sink) {
	if target, ok := o["target"].(string); ok && target != "" {
		at.name, at.direct = target, true
	}
	for _, key := range resource.Keys(o) {
		f := resource.Lookup(fields, key)
		if f == nil {
			continue
		}
		below := at
		if f.Type != resource.SourceRef || at.path == "" {
			below = sink{path: at.path.Child(key), name: key, direct: f.Type == resource.SourceRef}
		}
		l.value(f, o[key], below)
	}
}

func (l *lineage) value(f *resource.Field, v any, at sink) {
	switch f.Type {
	case resource.SourceRef:
		l.source(v, at)
	case resource.Struct:
		if o, ok := v.(resource.Object); ok {
			fields, _ := f.Below(l.resource.Object)
			l.members(fields, o, at)
		}
	case resource.List:
		list, _ := v.([]any)
		for _, x := range list {
			l.value(f.Elem, x, at)
		}
	case resource.Map:
		o, _ := v.(resource.Object)
		for _, key := range resource.Keys(o) {
			// Keyed by a member in the API, it is the target's field; else the
			// key is a name of the user's, or of the resource's own field.
			l.value(f.Elem, o[key], sink{path: at.path.Child(key), name: key, direct: f.KeyedBy != "", own: f.OwnField})
		}
	}
}

// source draws the way from a model's connections to its field and on to at.
func (l *lineage) source(v any, at sink) {
	model, field, ok := resource.SplitSource(v)
	if !ok {
		return
	}
	ref, ok := resource.ReadRef(resource.SourceKind, model)
	if !ok {
		return
	}
	name := field
	if s, ok := v.(string); ok {
		if _, called, ok := resource.SplitSource(l.resource.Names[s]); ok {
			name = called // by the alias that the manifest gives it
		}
	}
	from := l.field(ref, field, name)
	a := l.resource.Address
	if at.own {
		l.edge(from, l.field(resource.Reference{Address: a}, at.name, at.name), false)
		return
	}
	to := string(resource.Path(a.String()) + "." + at.path)
	l.node(Node{Address: to, Kind: a.Kind, Name: at.name})
	l.edge(from, to, at.direct)
}

// field is the address of a field of a model, with all that leads to it.
func (l *lineage) field(model resource.Reference, field, name string) string {
	to := string(resource.Path(addressOf(model, resource.SourceKind)).Child(field))
	if !l.node(Node{Address: to, Kind: resource.SourceKind, Name: name}) {
		return to
	}
	r, k := l.set[model.Address], l.kinds[model.Address.Kind]
	if r == nil || k == nil || model.ID != "" {
		return to
	}
	for _, ref := range k.Refs(r.Object) {
		if ref.Path.Parent() != "" {
			continue // joins and enrichments are not where it reads from
		}
		f := resource.Lookup(k.Fields, string(ref.Path))
		from := addressOf(ref, f.To)
		n := Node{Address: from, Kind: f.To}
		if c := l.set[ref.Address]; c != nil && ref.ID == "" {
			n.Name = c.DisplayName()
		}
		l.node(n)
		l.edge(from, to, true)
	}
	return to
}

// addressOf is the address of what ref refers to, or what the manifest writes
// for something that it does not manage.
func addressOf(ref resource.Reference, kind string) string {
	if ref.ID != "" {
		return fmt.Sprintf("%s {id: %s}", kind, ref.ID)
	}
	return ref.Address.String()
}

// node adds a node once; it reports whether it was new.
func (l *lineage) node(n Node) bool {
	if l.seen[n.Address] {
		return false
	}
	l.seen[n.Address] = true
	l.g.Nodes = append(l.g.Nodes, n)
	return true
}

func (l *lineage) edge(from, to string, direct bool) {
	l.g.Edges = append(l.g.Edges, Edge{From: from, To: to, Indirect: !direct})
}

// flow draws what the resource carries from connection to connection.
func (l *lineage) flow(k *resource.Kind) {
	r := l.resource
	var from, into []string
	for _, ref := range k.Refs(r.Object) {
		f := fieldAt(k.Fields, ref.Path)
		if f == nil || f.Flow == resource.NoFlow {
			continue
		}
		end := addressOf(ref, f.To)
		n := Node{Address: end, Kind: f.To}
		if c := l.set[ref.Address]; c != nil && ref.ID == "" {
			n.Name = c.DisplayName()
		}
		l.node(n)
		if f.Flow == resource.From {
			from = append(from, end)
		} else {
			into = append(into, end)
		}
	}
	if len(from)+len(into) == 0 {
		return
	}
	a := r.Address.String()
	parts := l.parts(k.Fields, r.Object, resource.Path(a), "")
	if len(parts) == 0 {
		parts = []Node{{Address: a, Kind: r.Address.Kind, Name: r.DisplayName()}}
	}
	for _, part := range parts {
		l.node(part)
		for _, end := range from {
			l.edge(end, part.Address, true)
		}
		for _, end := range into {
			l.edge(part.Address, end, true)
		}
	}
}

// parts are the smallest things that the manifest names of what goes.
func (l *lineage) parts(fields []resource.Field, o resource.Object, at resource.Path, name string) []Node {
	var out []Node
	for i := range fields {
		f := &fields[i]
		m, ok := o[f.Name].(resource.Object)
		if f.Flow != resource.What || !ok {
			continue
		}
		for _, key := range resource.Keys(m) {
			e, _ := m[key].(resource.Object)
			if f.Off != "" && e[f.Off] == false {
				continue
			}
			here, called := at.Child(f.Name).Child(key), key
			if name != "" {
				called = name + "." + key
			}
			below := l.parts(f.Elem.Fields, e, here, called)
			if len(below) == 0 {
				below = []Node{{Address: string(here), Kind: l.resource.Address.Kind, Name: called}}
			}
			out = append(out, below...)
		}
	}
	return out
}

// fieldAt is the row of what stands at p, which leads through structs alone; nil
// if there is none.
func fieldAt(fields []resource.Field, p resource.Path) *resource.Field {
	var f *resource.Field
	for _, name := range strings.Split(string(p), ".") {
		if f = resource.Lookup(fields, name); f == nil {
			return nil
		}
		fields = f.Fields
	}
	return f
}
