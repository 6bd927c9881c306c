package diff

import (
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// merged is what a comparison of the three views of one object gives.
type merged struct {
	// after is the whole object as it has to be: the manifest's fields, and
	// what others keep there.
	after resource.Object
	// before is the live object as far as it can be compared with after:
	// secrets and write-only fields are the recorded ones, what is left to the
	// service is gone.
	before resource.Object
}

// merge lays the desired object over the live one. Recorded tells which of the
// fields that the manifest leaves out were ours. The result shares nothing that
// changes with its arguments.
func merge(k *resource.Kind, desired, recorded, live resource.Object, unmanaged []resource.Path) merged {
	m := &merger{root: desired, unmanaged: unmanaged}
	if len(desired) == 0 {
		m.root = live
	}
	b, a := m.members(k.Fields, "", desired, recorded, live, &resource.Field{})
	return merged{after: resource.Clone(a), before: resource.Clone(b)}
}

type merger struct {
	root      resource.Object // what tables that depend on the object depend on
	unmanaged []resource.Path
}

func (m *merger) left(p resource.Path) bool {
	return slices.ContainsFunc(m.unmanaged, p.Within)
}

// members merges the members of a value of the field in. If that is Whole, those
// which the manifest leaves out are to go.
func (m *merger) members(fields []resource.Field, p resource.Path, desired, recorded, live resource.Object, in *resource.Field) (before, after resource.Object) {
	before, after = resource.Object{}, resource.Object{}
	for _, key := range union(desired, live, recorded) {
		f, whole := resource.Lookup(fields, key), in.Whole
		if f == nil {
			// What no table describes belongs to its key as a whole.
			f, whole = &resource.Field{Name: key, Type: resource.Any, Labelled: true, Whole: !in.Deep, Deep: in.Deep}, whole && !in.Keeps
		}
		if f.Computed {
			continue
		}
		v := three{desired[key], recorded[key], live[key]}
		if f.WriteOnly && v.live == nil {
			v.live = v.recorded // GET never answers it
		}
		b, a := m.field(f, p.Child(key), v, whole)
		if b != nil {
			before[key] = b
		}
		if a != nil {
			after[key] = a
		}
	}
	return before, after
}

// three are the views of one value; nil is absence.
type three struct{ desired, recorded, live any }

func (m *merger) field(f *resource.Field, p resource.Path, v three, whole bool) (before, after any) {
	switch {
	case m.left(p):
		return v.live, v.live
	case f.Directive:
		return v.desired, v.desired
	case f.Once && v.live != nil:
		return v.live, v.live
	case v.desired == nil && v.recorded == nil && f.Implicit:
		return nil, nil
	case v.desired == nil && f.Stays:
		return v.live, v.live
	case v.desired == nil && f.Shared:
		if theirs := m.shared(v); len(theirs) > 0 {
			return v.live, theirs
		}
		return v.live, nil
	case v.desired == nil && (v.recorded != nil || whole):
		return known(v.live, v.recorded), nil
	case v.desired == nil:
		return v.live, v.live
	}
	return m.value(f, p, v)
}

// value merges a value that the manifest sets.
func (m *merger) value(f *resource.Field, p resource.Path, v three) (before, after any) {
	d, isObject := v.desired.(resource.Object)
	l, liveObject := v.live.(resource.Object)
	r, _ := v.recorded.(resource.Object)
	switch f.Type {
	case resource.Struct:
		if isObject && (liveObject || v.live == nil) {
			fields, _ := f.Below(m.root)
			b, a := m.members(fields, p, d, r, l, f)
			return orNil(b, v.live), a
		}
	case resource.Any:
		if isObject && liveObject && !isPicker(d) {
			b, a := m.members(nil, p, d, r, l, f)
			return b, a
		}
	case resource.Map:
		if isObject && (liveObject || v.live == nil) {
			b, a := resource.Object{}, resource.Object{}
			whole := f.Whole && (f.Open == nil || !f.Open(m.root))
			for _, key := range union(d, l) {
				if d[key] == nil && f.Off != "" {
					b[key], a[key] = l[key], l[key]
					if (whole || r[key] != nil) && !off(f, l[key]) && !m.left(p.Child(key)) {
						a[key] = turnedOff(f, l[key])
					}
					continue
				}
				eb, ea := m.field(f.Elem, p.Child(key), three{d[key], r[key], l[key]}, whole)
				if eb != nil {
					b[key] = eb
				}
				if ea != nil {
					a[key] = ea
				}
			}
			return orNil(b, v.live), a
		}
	case resource.List:
		if f.Shared {
			return v.live, m.shared(v)
		}
	}
	return known(v.live, v.recorded), v.desired
}

// off reports whether an element of a map is turned off.
func off(f *resource.Field, v any) bool {
	o, ok := v.(resource.Object)
	return ok && f.Off != "" && o[f.Off] == false
}

// turnedOff is an element of a map, turned off and otherwise as it is.
func turnedOff(f *resource.Field, v any) any {
	o, ok := v.(resource.Object)
	if !ok {
		return v
	}
	o = maps.Clone(o)
	o[f.Off] = false
	return o
}

// shared merges a set that others add to: theirs stay, ours that the manifest
// no longer lists go.
func (m *merger) shared(v three) []any {
	desired, _ := v.desired.([]any)
	recorded, _ := v.recorded.([]any)
	live, _ := v.live.([]any)
	out := slices.Clone(desired)
	for _, e := range live {
		if !holds(desired, e) && !holds(recorded, e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b any) int { return compareText(a, b) })
	return out
}

// known puts the recorded secrets, whose fingerprints are known, in the place
// of the live ones, which are masked.
func known(live, recorded any) any {
	switch l := live.(type) {
	case *resource.Secret:
		// The service may mask what the tables do not call secret.
		if recorded != nil && !l.Known() {
			return recorded
		}
	case resource.Object:
		r, _ := recorded.(resource.Object)
		out := make(resource.Object, len(l))
		for key, v := range l {
			out[key] = known(v, r[key])
		}
		return out
	case []any:
		r, _ := recorded.([]any)
		if len(r) != len(l) {
			return l
		}
		out := make([]any, len(l))
		for i, v := range l {
			out[i] = known(v, r[i])
		}
		return out
	}
	return live
}

// isPicker reports whether o is a choice of the app's pickers, {value, label}.
func isPicker(o resource.Object) bool {
	for key := range o {
		if key != "value" && key != "label" {
			return false
		}
	}
	return len(o) > 0
}

func orNil(o resource.Object, live any) any {
	if live == nil && len(o) == 0 {
		return nil
	}
	return o
}

func holds(list []any, v any) bool {
	return slices.ContainsFunc(list, func(e any) bool { return resource.Text(e) == resource.Text(v) })
}

func compareText(a, b any) int {
	x, y := resource.Text(a), resource.Text(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// union are the keys of all, sorted, each once.
func union(all ...resource.Object) []string {
	var keys []string
	for _, o := range all {
		for key := range o {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
