package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Move says that a resource has a new address, and is still the same object.
type Move struct {
	From, To resource.Address
	Pos      diag.Pos
}

// Removal says what becomes of a resource that left the manifest.
type Removal struct {
	Address resource.Address
	// Delete is false if the object stays with the service and is forgotten
	// here. It is true where the manifest does not say.
	Delete bool
	Pos    diag.Pos
}

// lifecycle reads moved and removed.
func (l *loader) lifecycle() {
	from := map[resource.Address]diag.Pos{}
	target := map[resource.Address]diag.Pos{}
	for _, n := range l.moved {
		if m, ok := l.move(n); ok {
			l.distinct(n, m.From, from, "moved")
			l.distinct(n, m.To, target, "the goal of a move")
			l.m.Moved = append(l.m.Moved, m)
		}
	}
	for _, m := range l.m.Moved {
		l.checkMove(m, from)
	}
	gone := map[resource.Address]diag.Pos{}
	for _, n := range l.removed {
		r, ok := l.removal(n)
		if !ok {
			continue
		}
		l.distinct(n, r.Address, gone, "removed")
		if at, ok := from[r.Address]; ok {
			l.errorAt(n, "removed-and-moved", fmt.Sprintf("%s is both moved and removed", r.Address), "it is moved at "+place(at), "remove one of the two entries")
		}
		if b := l.built[r.Address]; b != nil {
			l.errorAt(n, "still-declared", fmt.Sprintf("%s is removed but still declared", r.Address), "it stands at "+place(b.key.pos()), "remove the declaration, or this entry")
		}
		l.m.Removed = append(l.m.Removed, r)
	}
}

// distinct reports an address that is named twice.
func (l *loader) distinct(n *node, a resource.Address, seen map[resource.Address]diag.Pos, what string) {
	if first, ok := seen[a]; ok {
		l.errorAt(n, "duplicate-entry", fmt.Sprintf("%s is %s twice", a, what), "the first entry stands at "+place(first), "remove one of the two entries")
		return
	}
	seen[a] = n.pos()
}

// move reads {from, to}.
func (l *loader) move(n *node) (m Move, ok bool) {
	fields, ok := l.entry(n, []string{"from", "to"}, []string{"from", "to"})
	if !ok {
		return m, false
	}
	from, ok1 := l.address(fields["from"])
	to, ok2 := l.address(fields["to"])
	return Move{From: from, To: to, Pos: n.pos()}, ok1 && ok2
}

// removal reads {address, delete}.
func (l *loader) removal(n *node) (r Removal, ok bool) {
	fields, ok := l.entry(n, []string{"address", "delete"}, []string{"address"})
	if !ok {
		return r, false
	}
	a, ok := l.address(fields["address"])
	r = Removal{Address: a, Delete: true, Pos: n.pos()}
	if d := fields["delete"]; !d.isNull() {
		v, isBool := d.value.(bool)
		if !isBool {
			l.errorAt(d, "wrong-type", "wanted a boolean", "this is "+d.kindWords(), "write true or false")
			return r, false
		}
		r.Delete = v
	}
	return r, ok
}

// entry reads a map of a few keys.
func (l *loader) entry(n *node, known, required []string) (map[string]*node, bool) {
	if n.kind != mapNode {
		l.errorAt(n, "wrong-type", fmt.Sprintf("this entry is %s, not a map", n.kindWords()), "it has "+strings.Join(known, " and "), fmt.Sprintf("write {%s: ...}", strings.Join(known, ": ..., ")))
		return nil, false
	}
	out := map[string]*node{}
	good := true
	for _, m := range n.members {
		if strings.HasPrefix(m.key.text, "x-") {
			continue
		}
		if !slices.Contains(known, m.key.text) {
			good = false
			l.errorAt(m.key, "unknown-key", fmt.Sprintf("unknown key %q", m.key.text), "this entry has "+strings.Join(known, " and "), l.meantWord(m.key.text, known))
		}
		out[m.key.text] = m.value
	}
	for _, key := range required {
		if out[key].isNull() && good {
			good = false
			l.errorAt(n, "missing-key", fmt.Sprintf("%q is missing", key), "this entry has "+strings.Join(known, " and "), fmt.Sprintf("add %s: KIND.KEY", key))
		}
	}
	return out, good
}

// address reads the address of a resource of a known kind.
func (l *loader) address(n *node) (resource.Address, bool) {
	s, ok := n.value.(string)
	if n.kind != scalarNode || !ok {
		l.errorAt(n, "wrong-type", "wanted an address", "this is "+n.kindWords(), "write it as KIND.KEY")
		return resource.Address{}, false
	}
	a, err := resource.ParseAddress(s)
	if err != nil {
		l.errorAt(n, "bad-address", fmt.Sprintf("%q is not an address", s), "an address is a kind and a key, with a dot between", "write it as KIND.KEY")
		return a, false
	}
	if l.kinds[a.Kind] == nil {
		var names []string
		for _, k := range l.opts.Kinds {
			names = append(names, k.Name)
			if a.Kind == k.Section {
				a.Kind = k.Name
			}
		}
		fix := l.meantWord(a.Kind, names)
		if fix == "" {
			fix = "kinds: " + strings.Join(names, ", ")
		}
		l.errorAt(n, "unknown-kind", fmt.Sprintf("%q names no kind", s), "addresses begin with a kind of resource", fix)
		return a, false
	}
	return a, true
}

// checkMove checks a move against the manifest and the other moves.
func (l *loader) checkMove(m Move, from map[resource.Address]diag.Pos) {
	fail := func(code, what, why, fix string) {
		l.add(diag.Diagnostic{Pos: m.Pos, Code: code, What: what, Why: why, Fix: fix})
	}
	if m.From.Kind != m.To.Kind {
		fail("bad-move", fmt.Sprintf("%s cannot become a %s", m.From, m.To.Kind), "a move keeps the object, and an object keeps its kind", "name an address of the same kind")
		return
	}
	if m.From == m.To {
		fail("bad-move", fmt.Sprintf("%s is moved to itself", m.From), "nothing would change", "remove this entry")
		return
	}
	if b := l.built[m.From]; b != nil {
		fail("still-declared", fmt.Sprintf("%s is moved away but still declared", m.From), "it stands at "+place(b.key.pos()), fmt.Sprintf("rename the declaration to %s, or remove this entry", m.To.Name))
	}
	if _, goesOn := from[m.To]; l.built[m.To] == nil && !goesOn && !l.partial {
		fix := "declare it, or use removed: if the resource is gone"
		if near, ok := l.near(m.To.Kind, m.To.Name, func() []string { return l.names(m.To.Kind) }); ok {
			fix = fmt.Sprintf("did you mean %s.%s?", m.To.Kind, near)
		}
		fail("unknown-reference", fmt.Sprintf("%s is the goal of a move but not declared", m.To), "a move leads to a resource of this manifest", fix)
	}
}
