package diff

import (
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Change is one field that differs. A nil Before or After is absence.
type Change struct {
	Path          resource.Path
	Before, After any // secrets within are *resource.Secret, which do not print
	Sensitive     bool
	// Rekeyed says of a secret that nobody can tell whether it changed: its
	// fingerprint was made with another key.
	Rekeyed bool
}

// compare lists what differs between before and after, by path. What the
// tables call equal is equal: absence and a field's default, a picker's labels.
// Where one side is no object at all, everything that the other says is listed,
// defaults too: of a new object a reader wants to see all that is asked for.
func compare(k *resource.Kind, root, before, after resource.Object) []Change {
	c := comparison{root: root, whole: before == nil || after == nil}
	b, a := c.members(k.Fields, before, after)
	r := &reporter{}
	cmp.Equal(b, a, cmp.Reporter(r), cmp.Comparer(sameSecret), cmp.Comparer(sameList))
	changes := r.changes
	slices.SortFunc(changes, func(x, y Change) int { return compareText(string(x.Path), string(y.Path)) })
	return slices.CompactFunc(changes, func(x, y Change) bool { return x.Path == y.Path })
}

// sameSecret compares values where both are known, else fingerprints. One that was
// taken as it was is whatever the manifest says it is.
func sameSecret(a, b *resource.Secret) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	if a.Taken() || b.Taken() {
		return true
	}
	va, oka := a.Reveal()
	vb, okb := b.Reveal()
	if oka && okb {
		return resource.Text(va) == resource.Text(vb)
	}
	return a.Print() != "" && a.Print() == b.Print()
}

// comparison is what holds for one call of compare.
type comparison struct {
	root  resource.Object // what tables that depend on the object depend on
	whole bool            // an object comes or goes: a default that is set is said
}

// members drops from both sides what says the same on both, though it is
// written differently, so that only true differences are left to find.
func (c comparison) members(fields []resource.Field, b, a resource.Object) (resource.Object, resource.Object) {
	outB, outA := resource.Object{}, resource.Object{}
	for _, key := range union(b, a) {
		f := resource.Lookup(fields, key)
		if f == nil {
			f = &resource.Field{Type: resource.Any, Labelled: true}
		}
		if f.Directive || f.Computed {
			continue
		}
		vb, va := c.pair(f, b[key], a[key])
		put(outB, key, vb)
		put(outA, key, va)
	}
	return outB, outA
}

func put(o resource.Object, key string, v any) {
	if v != nil {
		o[key] = v
	}
}

// pair brings two values of a field to forms that are equal exactly if the
// table says that they are.
func (c comparison) pair(f *resource.Field, b, a any) (any, any) {
	if c.absent(f, b) && c.absent(f, a) {
		return nil, nil
	}
	if sb, sa := asSecret(b, a); sb != nil {
		return sb, sa
	}
	ob, okB := b.(resource.Object)
	oa, okA := a.(resource.Object)
	objects := (okB || b == nil) && (okA || a == nil)
	switch {
	case f.Type == resource.Struct && objects:
		fields, _ := f.Below(c.root)
		pb, pa := c.members(fields, ob, oa)
		if f.Short != "" && lone(pb, f.Short) && lone(pa, f.Short) {
			return pb[f.Short], pa[f.Short]
		}
		return orAbsent(pb, b), orAbsent(pa, a)
	case f.Type == resource.Map && objects:
		outB, outA := resource.Object{}, resource.Object{}
		for _, key := range union(ob, oa) {
			if !c.whole && (ob[key] == nil || off(f, ob[key])) && (oa[key] == nil || off(f, oa[key])) && (ob[key] == nil || oa[key] == nil) {
				continue // turned off and not there are one
			}
			vb, va := c.pair(f.Elem, ob[key], oa[key])
			// An element without a word is an element all the same.
			word := any(resource.Object{})
			if f.Off != "" {
				word = true
			}
			if _, ok := ob[key]; ok && vb == nil {
				vb = word
			}
			if _, ok := oa[key]; ok && va == nil {
				va = word
			}
			put(outB, key, vb)
			put(outA, key, va)
		}
		return orAbsent(outB, b), orAbsent(outA, a)
	case f.Type == resource.Any && okB && okA && f.Labelled && isPicker(ob) && isPicker(oa):
		if resource.Text(ob["value"]) == resource.Text(oa["value"]) {
			return a, a
		}
	case f.Type == resource.Any && objects:
		outB, outA := c.members(nil, ob, oa)
		return orAbsent(outB, b), orAbsent(outA, a)
	case f.Type == resource.List && f.Elem != nil:
		lb, _ := b.([]any)
		la, _ := a.([]any)
		if len(lb) == len(la) {
			outB, outA := make([]any, len(lb)), make([]any, len(la))
			for i := range lb {
				outB[i], outA[i] = c.pair(f.Elem, lb[i], la[i])
			}
			return outB, outA
		}
	}
	return b, a
}

// orAbsent is o, or nil where there was nothing.
func orAbsent(o resource.Object, was any) any {
	if len(o) == 0 && (was == nil || resource.Empty(was)) {
		return nil
	}
	return o
}

// lone reports whether o says nothing but member, or nothing at all.
func lone(o resource.Object, member string) bool {
	return len(o) == 0 || len(o) == 1 && o[member] != nil
}

// absent reports whether v says no more than silence.
func (c comparison) absent(f *resource.Field, v any) bool {
	return resource.Empty(v) || !c.whole && f.Default != nil && resource.Text(v) == resource.Text(f.Default)
}

// asSecret makes secrets of both if one is: a value that was readable before
// is compared, and hidden from now on.
func asSecret(b, a any) (any, any) {
	_, okB := b.(*resource.Secret)
	_, okA := a.(*resource.Secret)
	if !okB && !okA {
		return nil, nil
	}
	wrap := func(v any) any {
		if _, ok := v.(*resource.Secret); ok || v == nil {
			return v
		}
		return resource.NewSecret(v)
	}
	if b == nil {
		return (*resource.Secret)(nil), wrap(a)
	}
	return wrap(b), wrap(a)
}

// sameList compares lists as one value: an element's index says little to a
// reader, and go-cmp's search for the shortest edit doubles with each level of
// nesting.
func sameList(a, b []any) bool { return slices.EqualFunc(a, b, sameValue) }

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && sameList(a, b)
	case resource.Object:
		b, ok := b.(resource.Object)
		return ok && maps.EqualFunc(a, b, sameValue)
	case *resource.Secret:
		b, ok := b.(*resource.Secret)
		return ok && sameSecret(a, b)
	}
	return a == b
}

// reporter gathers the paths at which go-cmp finds two objects unequal.
type reporter struct {
	path    cmp.Path
	changes []Change
}

func (r *reporter) PushStep(s cmp.PathStep) { r.path = append(r.path, s) }
func (r *reporter) PopStep()                { r.path = r.path[:len(r.path)-1] }

func (r *reporter) Report(res cmp.Result) {
	if res.Equal() {
		return
	}
	var p resource.Path
	for _, s := range r.path {
		if key, ok := s.(cmp.MapIndex); ok {
			p = p.Child(key.Key().String())
		}
	}
	x, y := r.path.Last().Values()
	r.leaves(p, value(x), value(y))
}

// leaves reports each leaf of what was added or removed, so that a new object
// is shown field by field.
func (r *reporter) leaves(p resource.Path, b, a any) {
	ob, okB := b.(resource.Object)
	oa, okA := a.(resource.Object)
	if (okB && b != nil || okA && a != nil) && (okB || b == nil) && (okA || a == nil) && len(ob)+len(oa) > 0 {
		for _, key := range union(ob, oa) {
			r.leaves(p.Child(key), ob[key], oa[key])
		}
		return
	}
	c := Change{Path: p, Before: b, After: a}
	for _, v := range []any{b, a} {
		resource.Secrets(v, func(*resource.Secret) { c.Sensitive = true })
	}
	if sb, ok := b.(*resource.Secret); ok {
		if sa, ok := a.(*resource.Secret); ok && sb.Print() != "" {
			c.Rekeyed = sa.Print() != "" && !resource.Comparable(sb.Print(), sa.Print())
		}
	}
	r.changes = append(r.changes, c)
}
