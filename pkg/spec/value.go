package spec

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// table is what a map may hold.
type table struct {
	fields []resource.Field
	known  bool // false: anything goes, unchecked
	// loose: the table may lag behind the service. Unknown keys are passed
	// through, and scalars are taken for what the table wants where they can be.
	loose     bool
	lifecycle bool // at the top of a resource
}

// members reads the map n into o, which stands at p. The key owner is where
// what is missing is reported.
func (b *build) members(t table, n, owner *node, o resource.Object, p resource.Path) {
	var later []member
	meant := map[string]bool{} // what mistyped keys should have been
	for _, m := range n.members {
		f := resource.Lookup(t.fields, m.key.text)
		if f != nil && f.Type == resource.Struct && f.Members != nil {
			later = append(later, m) // its table depends on the scalars beside it
			continue
		}
		if near := b.member(t, f, m, o, p); near != "" {
			meant[near] = true
			if !t.loose && n.get(near).isNull() {
				b.lose(p.Child(near))
			}
		}
	}
	for _, m := range later {
		b.member(t, resource.Lookup(t.fields, m.key.text), m, o, p)
	}
	for i := range t.fields {
		f := &t.fields[i]
		if _, set := o[f.Name]; set {
			continue
		}
		if f.Filled != nil {
			o[f.Name] = resource.Clone(f.Filled)
			b.origin(p.Child(f.Name), FromTable)
			if inner, ok := o[f.Name].(resource.Object); ok && f.Type == resource.Struct {
				// What the struct itself requires is missing too.
				fields, known := f.Below(b.r.Object)
				b.members(table{fields: fields, known: known, loose: true}, &node{kind: mapNode}, owner, inner, p.Child(f.Name))
			}
			continue
		}
		if f.Required && !f.Keyed && !meant[f.Name] && n.get(f.Name).isNull() {
			where := "the manifest must set it"
			if p != "" {
				where = fmt.Sprintf("%s needs it", p)
			}
			b.err(owner, "missing-key", fmt.Sprintf("%q is missing", f.Name), where, b.missingFix(f))
			b.lose(p.Child(f.Name))
		}
	}
}

func (b *build) missingFix(f *resource.Field) string {
	switch {
	case f.Type == resource.Any:
		return fmt.Sprintf("add %s:, `polyplan explain %s` shows what it may hold", f.Name, b.r.Address.Kind)
	case f.Type == resource.Ref:
		return fmt.Sprintf("add %s: with the key of a %s", f.Name, f.To)
	case f.Type == resource.SourceRef:
		return fmt.Sprintf("add %s: %s.FIELD", f.Name, strings.ToUpper(resource.SourceKind))
	case len(f.Enum) > 0:
		return fmt.Sprintf("add %s: with one of %s", f.Name, strings.Join(f.Enum, ", "))
	}
	return fmt.Sprintf("add %s: (%s)", f.Name, f.Type)
}

// member reads one key of a map. Of a key that the table does not have it
// gives the one that was meant, if it can guess.
func (b *build) member(t table, f *resource.Field, m member, o resource.Object, p resource.Path) (meant string) {
	at := p.Child(m.key.text)
	switch {
	case f == nil && strings.HasPrefix(m.key.text, "x-"):
	case f == nil && !t.known:
		if v, ok := b.unchecked(m, at); ok {
			o[m.key.text] = v
		}
	case f == nil:
		return b.unknownKey(t, m, o, at)
	case f.Computed && t.loose:
		b.warn(m.key, "computed", fmt.Sprintf("%q is set by the service", f.Name), "a value given here is not sent", "remove it")
	case f.Computed:
		b.err(m.key, "computed", fmt.Sprintf("%q is set by the service", f.Name), "no manifest can set it", "remove it")
	default:
		if f.Deprecated != "" {
			b.warn(m.key, "deprecated", fmt.Sprintf("%q is deprecated", f.Name), f.Deprecated, "")
		}
		if v, ok := b.value(f, m.value, at, t.loose, m.key.text); ok {
			o[m.key.text] = v
		}
	}
	return ""
}

// unchecked passes on a value that no table describes. What sounds like a
// secret is one: nobody else would know.
func (b *build) unchecked(m member, at resource.Path) (any, bool) {
	if Sounds(m.key.text) {
		b.hiding++
		defer func() { b.hiding-- }()
	}
	v, ok := b.free(m.value, at, true)
	if ok && Sounds(m.key.text) {
		v = concealed(v)
	}
	return v, ok
}

func (b *build) unknownKey(t table, m member, o resource.Object, at resource.Path) (meant string) {
	var known, deprecated []string
	for i := range t.fields {
		switch f := &t.fields[i]; {
		case f.Computed:
		case f.Deprecated != "":
			deprecated = append(deprecated, f.Name)
		default:
			known = append(known, f.Name)
		}
	}
	if t.lifecycle {
		known = append(known, keyProtect, keyUnmanaged, keyExtra)
	}
	fix := ""
	meant, ok := diag.Nearest(m.key.text, known)
	if !ok {
		meant, ok = diag.Nearest(m.key.text, deprecated)
	}
	if ok {
		fix = fmt.Sprintf("did you mean %q?", meant)
	} else if len(known) <= 24 {
		fix = "known keys: " + strings.Join(known, ", ")
	}
	if m.key.text == keyExtra && !t.lifecycle {
		fix = fmt.Sprintf("write extra: among the fields of the %s itself; it may hold objects as the API's requests do", b.kind.Name)
	}
	what := fmt.Sprintf("unknown key %q", m.key.text)
	if !t.loose {
		if t.lifecycle && fix != "" && meant == "" {
			fix += "; fields of the API that polyplan does not know go under extra:"
		}
		b.err(m.key, "unknown-key", what, fmt.Sprintf("%s has no such field", b.place(at.Parent())), fix)
		return meant
	}
	b.warn(m.key, "unknown-key", what, "polyplan's list of fields does not have it; it is sent as it is", fix)
	if v, ok := b.unchecked(m, at); ok {
		o[m.key.text] = v
	}
	return meant
}

// place says where in the resource p is, in words.
func (b *build) place(p resource.Path) string {
	if p == "" {
		return "a " + b.kind.Name
	}
	return string(p)
}

// value reads the value n of the field f, which stands at p under the key
// called. It is false where there is none, or none that can be used.
func (b *build) value(f *resource.Field, n *node, p resource.Path, loose bool, called string) (any, bool) {
	if f.Sensitive {
		n = n.copied(func(*node) {}) // to be hidden here, and not in another place that has it by an alias
	}
	written := n
	n, ok := b.bring(n)
	if !ok {
		b.lose(p)
		return nil, false
	}
	if n.isNull() {
		return nil, false
	}
	if f.Sensitive && n.outside && n.missing == nil && n.kind == scalarNode && n.value == "" {
		// Sent, it would overwrite the secret that the service holds.
		empty := *n
		empty.missing = &missing{found: diag.List{{Pos: written.pos(), What: n.origin + " is empty", Fix: "set it, or remove this key if there is no secret"}}}
		n = &empty
	}
	if f.Sensitive && !b.sensitive(written, n, p, called) {
		return nil, false
	}
	if n.missing != nil && f.Type != resource.Ref && f.Type != resource.SourceRef {
		return b.lacking(f.Sensitive, n, p, written)
	}
	b.r.At[p] = written.pos()
	if what, why := b.open(f, p); what != "" && n.secret {
		b.err(written, "secret-shown", what+" comes from a secret", why, notSecret)
		b.lose(p)
		return nil, false
	}
	if n.origin != "" {
		b.outside(p, n)
		b.used(f, p, n, written.pos())
	}
	if n.missing != nil { // of a reference
		return b.lacking(false, n, p, written)
	}
	if f.Sensitive {
		b.hiding++
		defer func() { b.hiding-- }()
	}
	v, ok := b.typed(f, n, p, loose)
	switch {
	case !ok:
		b.lose(p)
	case f.Sensitive || n.secret:
		v = concealed(v)
	}
	return v, ok
}

// lacking takes note of a value that could not be had. A secret may be missing:
// until it is there its resource is left as it is, and all else goes on.
func (b *build) lacking(secret bool, n *node, p resource.Path, written *node) (any, bool) {
	if !secret && !n.secret && b.hiding == 0 {
		b.found.Add(n.missing.found...)
		b.lose(p)
		return nil, false
	}
	b.r.At[p] = written.pos()
	b.origin(p, n.origin)
	for _, d := range n.missing.found {
		if !n.missing.quiet {
			b.add(diag.Diagnostic{Severity: diag.Warning, Pos: d.Pos, Code: "missing-secret", What: d.What, Address: b.r.Address.String(),
				Why: fmt.Sprintf("%s is left as it is until this secret is there", b.r.Address), Fix: d.Fix})
		}
	}
	return resource.MissingSecret(n.missing.found[0].What), true
}

// sensitive looks at a value that is a secret because of where it goes.
func (b *build) sensitive(written, n *node, p resource.Path, called string) bool {
	good := true
	literal := false
	written.scalars(func(s *node) {
		if s.value == nil || s.outside || strings.Contains(s.text, "${") {
			return
		}
		if s.src != nil {
			b.common.Lock()
			s.src.conceal(s)
			b.common.Unlock()
		}
		if resource.IsMask(s.text) {
			good = false
			b.err(s, "mask", "this is a mask and not a secret", "the service shows masks in place of secrets; sent back, one would destroy the secret", b.secretFix(called))
			b.lose(p)
			return
		}
		literal = literal || s.text != ""
	})
	if good && literal {
		b.warn(written, "secret-in-manifest", "a secret is written out in the manifest", "whoever can read the manifest can read it", b.secretFix(called))
	}
	return good && (n.kind != scalarNode || n.value != "" || n.missing != nil)
}

func (b *build) secretFix(called string) string {
	own := strings.ToUpper(strings.ReplaceAll(ownName(b.r.Address), "-", "_"))
	name := own + "_" + strings.ToUpper(strings.ReplaceAll(called, "-", "_"))
	if !envForm.MatchString(name) {
		name = own + "_SECRET"
	}
	return fmt.Sprintf("write ${env.%s} and set that variable", name)
}

// typed reads a value that is not null by its type.
func (b *build) typed(f *resource.Field, n *node, p resource.Path, loose bool) (any, bool) {
	switch f.Type {
	case resource.Any:
		return b.free(n, p, false)
	case resource.Struct:
		return b.structure(f, n, p, loose)
	case resource.List:
		return b.list(f, n, p, loose)
	case resource.Map:
		return b.mapping(f, n, p, loose)
	case resource.Ref:
		return b.ref(f.To, n, p)
	case resource.SourceRef:
		return b.sourceRef(n, p)
	}
	return b.scalar(f, n, loose || n.outside)
}

func (b *build) structure(f *resource.Field, n *node, p resource.Path, loose bool) (any, bool) {
	fields, known := f.Below(b.r.Object)
	loose = loose || f.Lenient || f.Members != nil
	o := resource.Object{}
	if short := resource.Lookup(fields, f.Short); short != nil && f.Short != "" && b.isShort(short, fields, n) {
		v, ok := b.value(short, n, p.Child(f.Short), loose, f.Short)
		if !ok {
			return nil, false
		}
		o[f.Short] = v
		inner := &node{src: n.src, line: n.line, col: n.col, kind: mapNode, members: []member{{&node{text: f.Short}, n}}}
		b.members(table{fields: fields, known: known, loose: loose}, inner.without(f.Short), n, o, p)
		return o, true
	}
	if n.kind != mapNode {
		fix := "write its keys below it, indented"
		if len(fields) > 0 {
			fix = fmt.Sprintf("write it as in {%s: ...}", fields[0].Name)
		}
		b.err(n, "wrong-type", fmt.Sprintf("%s is %s, not a map", p, n.kindWords()), "it has fields of its own", fix)
		return nil, false
	}
	b.members(table{fields: fields, known: known, loose: loose}, n, n, o, p)
	return o, true
}

func (n *node) without(key string) *node {
	c := *n
	c.members = nil
	for _, m := range n.members {
		if m.key.text != key {
			c.members = append(c.members, m)
		}
	}
	return &c
}

// isShort reports whether n is the short form of a struct: the value of its
// member short alone. A map is one only if it is the long form of a reference.
func (b *build) isShort(short *resource.Field, fields []resource.Field, n *node) bool {
	if n.kind != mapNode {
		return true
	}
	var form []string
	switch short.Type {
	case resource.Ref:
		form = []string{"id"}
	case resource.SourceRef:
		form = []string{resource.SourceKind, "field"}
	}
	for _, m := range n.members {
		if resource.Lookup(fields, m.key.text) != nil {
			return false
		}
	}
	for _, key := range form {
		if n.get(key) == nil {
			return false
		}
	}
	return len(form) > 0 && len(form) == len(n.members)
}

func (b *build) list(f *resource.Field, n *node, p resource.Path, loose bool) (any, bool) {
	if f.Aliases && n.kind == mapNode {
		return b.aliased(n, p)
	}
	items := n.items
	if n.kind != listNode {
		if !f.OneOrList {
			fix := "begin each element with \"- \", or write [a, b]"
			if n.kind == scalarNode {
				fix = "put it in brackets: [...]"
			}
			b.err(n, "wrong-type", fmt.Sprintf("%s is %s, not a list", p, n.kindWords()), "it may hold several values", fix)
			return nil, false
		}
		items = []*node{n}
	}
	elem := f.Elem
	if f.OwnField && !elem.OwnField {
		own := *elem
		own.OwnField = true
		elem = &own
	}
	out := make([]any, 0, len(items))
	for _, item := range items {
		if item.isNull() {
			b.err(item, "empty-element", fmt.Sprintf("an element of %s is empty", p), "a list has no use for nothing", "remove it")
			b.lose(p.Index(-1))
			continue
		}
		lost := len(b.lost)
		v, ok := b.value(elem, item, p.Index(len(out)), loose, lastKey(p))
		switch {
		case ok:
			out = append(out, v)
		case len(b.lost) > lost:
			b.lost = append(b.lost[:lost], p.Index(-1)) // another takes its place
		}
	}
	if f.Set && len(out) > 1 {
		b.sets = append(b.sets, p)
	}
	return out, true
}

// lastKey is the key by which people know what stands at p.
func lastKey(p resource.Path) string {
	steps, _ := pathSteps(string(p))
	for i := len(steps) - 1; i >= 0; i-- {
		if !steps[i].isIndex {
			return steps[i].key
		}
	}
	return ""
}

func (b *build) mapping(f *resource.Field, n *node, p resource.Path, loose bool) (any, bool) {
	if n.kind == listNode && f.Off != "" {
		return b.turnedOn(f, n, p)
	}
	if n.kind != mapNode {
		fix := "write a key and a value for each"
		if f.KeyedBy != "" {
			fix = fmt.Sprintf("write each %s as a key, with the rest as its value", f.KeyedBy)
		}
		b.err(n, "wrong-type", fmt.Sprintf("%s is %s, not a map", p, n.kindWords()), "its elements have names, so that a change to one is seen as that", fix)
		return nil, false
	}
	out := make(resource.Object, len(n.members))
	for _, m := range n.members {
		key := m.key.text
		switch {
		case key == "":
			b.err(m.key, "bad-key", fmt.Sprintf("a key of %s is empty", p), "it names something", "")
			b.lose(p)
			continue
		case key == resource.SecretKey:
			b.err(m.key, "bad-key", fmt.Sprintf("%q cannot be a key", key), "states use it for secrets", "")
			b.lose(p)
			continue
		case strings.Contains(key, "${"):
			b.err(m.key, "bad-key", "a key holds ${...}", "only values can come from outside: a key is what people know the thing by", "write the key itself")
			b.lose(p)
			continue
		}
		if f.OwnField {
			key = b.own(key)
			if _, twice := out[key]; twice {
				b.err(m.key, "duplicate-key", fmt.Sprintf("%q is the same field as another key of %s", m.key.text, p), "an alias and the name that it stands for are one field", "remove one of the two")
				continue
			}
		}
		if v, ok := b.value(f.Elem, m.value, p.Child(key), loose, m.key.text); ok {
			out[key] = v
		}
	}
	return out, true
}

// turnedOn reads a map from a list of the keys of which it says no more than that
// they are on.
func (b *build) turnedOn(f *resource.Field, n *node, p resource.Path) (any, bool) {
	out := make(resource.Object, len(n.items))
	for _, item := range n.items {
		key, isText := item.value.(string)
		switch {
		case item.kind != scalarNode || !isText || key == "":
			b.err(item, "wrong-type", fmt.Sprintf("an element of %s is %s", p, item.kindWords()), "it is a list of names",
				"write each as a name, in quotes if need be; or write a map to say more of them")
			b.lose(p)
		case key == resource.SecretKey:
			b.err(item, "bad-key", fmt.Sprintf("%q cannot be a key", key), "states use it for secrets", "")
			b.lose(p)
		case strings.Contains(key, "${"):
			b.err(item, "bad-key", "a key holds ${...}", "only values can come from outside: a key is what people know the thing by", "write the key itself")
			b.lose(p)
		case out[key] != nil:
			b.report(diag.Warning, item.pos(), "duplicate-element", fmt.Sprintf("%s has this element twice", p), "it is a set, in which each stands once", "remove one of the two")
		default:
			b.r.At[p.Child(key)] = item.pos()
			out[key] = resource.Object{f.Off: true}
		}
	}
	return out, true
}
