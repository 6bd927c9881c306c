package resource

import "slices"

// Rename makes every reference within o, an object of this kind, that names
// from name to instead. Both must be of one kind. It works in place and reports
// whether there was any.
func (k *Kind) Rename(o Object, from, to Address) bool {
	return k.replaceRefs(o, from, to.Name)
}

// Release turns every reference within o that names a into one to the object
// of the service with that id, as for something that the manifest does not
// manage. It works in place and reports whether there was any.
func (k *Kind) Release(o Object, a Address, id string) bool {
	return k.replaceRefs(o, a, Object{"id": id})
}

// Claim turns every reference within o by an id that index knows into one by
// name: something that the manifest manages after all. It works in place and
// reports whether there was any.
func (k *Kind) Claim(o Object, index *Index) bool {
	found := false
	r := replacer{o, func(to string, v any) any {
		if ref, ok := ReadRef(to, v); ok && ref.ID != "" {
			if a, ours := index.Address(to, ref.ID); ours {
				found = true
				return a.Name
			}
		}
		return v
	}}
	r.members(k.Fields, o)
	if found {
		k.Canonical(o)
	}
	return found
}

// replaceRefs puts by in place of every reference to from.
func (k *Kind) replaceRefs(o Object, from Address, by any) bool {
	found := slices.ContainsFunc(k.Refs(o), func(r Reference) bool { return r.Address == from })
	if !found {
		return false
	}
	r := replacer{o, func(to string, v any) any {
		if v == from.Name && to == from.Kind {
			return Clone(by)
		}
		return v
	}}
	r.members(k.Fields, o)
	k.Canonical(o) // a set is sorted by the names in it
	return true
}

// replacer walks an object as walkRefs does, and writes where that only looks.
type replacer struct {
	root Object
	ref  func(kind string, v any) any
}

func (r replacer) members(fields []Field, o Object) {
	for _, key := range Keys(o) {
		if f := Lookup(fields, key); f != nil {
			o[key] = r.value(f, o[key])
		}
	}
}

func (r replacer) value(f *Field, v any) any {
	switch f.Type {
	case Ref:
		return r.ref(f.To, v)
	case SourceRef:
		if model, field, ok := SplitSource(v); ok {
			return JoinSource(r.ref(SourceKind, model), field)
		}
	case Struct:
		if o, ok := v.(Object); ok {
			fields, _ := f.Below(r.root)
			r.members(fields, o)
		}
	case List:
		l, _ := v.([]any)
		for i, x := range l {
			l[i] = r.value(f.Elem, x)
		}
	case Map:
		o, _ := v.(Object)
		for _, key := range Keys(o) {
			o[key] = r.value(f.Elem, o[key])
		}
	}
	return v
}
