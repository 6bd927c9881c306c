package resource

import (
	"maps"
	"slices"
)

// Cuts reports whether the reference at p may be left out of the request that
// makes the object.
func (k *Kind) Cuts(p Path) bool {
	return slices.ContainsFunc(k.Fields, func(f Field) bool {
		return f.Cut != nil && p.Within(Path("").Child(f.Name))
	})
}

// Loose are the addresses that o refers to only where that may be left out of
// the request which makes it, sorted.
func (k *Kind) Loose(o Object) []Address {
	var loose, firm []Address
	for _, r := range k.Refs(o) {
		switch {
		case r.ID != "":
		case k.Cuts(r.Path):
			loose = append(loose, r.Address)
		default:
			firm = append(firm, r.Address)
		}
	}
	slices.SortFunc(loose, Address.Compare)
	return slices.DeleteFunc(slices.Compact(loose), func(a Address) bool { return slices.Contains(firm, a) })
}

// Cut is o without all that may be left out for the sake of a circle.
func (k *Kind) Cut(o Object) Object {
	out := maps.Clone(o)
	for _, r := range k.Refs(o) {
		for i := range k.Fields {
			f := &k.Fields[i]
			if f.Cut == nil || r.ID != "" || !r.Path.Within(Path("").Child(f.Name)) {
				continue
			}
			if delete(out, f.Name); len(f.Cut) > 0 {
				out[f.Name] = Clone(f.Cut)
			}
		}
	}
	return out
}

// LastField is the field of the kind that is turned on when all else is in
// place, nil if it has none.
func (k *Kind) LastField() *Field {
	for i := range k.Fields {
		if k.Fields[i].Last != "" {
			return &k.Fields[i]
		}
	}
	return nil
}

// RefersTo reports whether objects of the kind may refer to those of another.
func (k *Kind) RefersTo(other string) bool {
	return slices.ContainsFunc(k.Fields, func(f Field) bool { return f.refersTo(other) })
}

func (f *Field) refersTo(kind string) bool {
	switch f.Type {
	case Ref:
		return f.To == kind
	case SourceRef:
		return kind == SourceKind
	}
	return f.Elem != nil && f.Elem.refersTo(kind) || slices.ContainsFunc(f.Fields, func(f Field) bool { return f.refersTo(kind) })
}

// Tells reports whether an item of a list, which need not have all that a GET
// answers, tells to which objects of another kind the object refers.
func (k *Kind) Tells(item map[string]any, other string) bool {
	if _, ok := item[k.Uses[other]]; ok {
		return true
	}
	return !slices.ContainsFunc(k.Fields, func(f Field) bool {
		_, ok := item[f.APIName()]
		return !ok && f.refersTo(other)
	})
}
