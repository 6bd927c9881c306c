package resource

import "slices"

// Precede gives, for each address of the set, those that come before it without
// being referred to: see [Kind.After].
func Precede(kinds []*Kind, set Set) map[Address][]Address {
	// What refers to a thing, kind by kind.
	type thing struct {
		kind string // of what refers to it
		ref  Reference
	}
	users := map[thing][]Address{}
	first := map[string]bool{}
	for _, k := range kinds {
		for _, name := range k.After {
			first[name] = true
		}
	}
	refs := func(k *Kind, a Address) []Reference {
		out := k.Refs(set[a].Object)
		for i := range out {
			out[i].Path = ""
		}
		return out
	}
	for _, k := range kinds {
		if !first[k.Name] {
			continue
		}
		for a := range set {
			if a.Kind == k.Name {
				for _, ref := range refs(k, a) {
					users[thing{k.Name, ref}] = append(users[thing{k.Name, ref}], a)
				}
			}
		}
	}
	out := map[Address][]Address{}
	for _, k := range kinds {
		if len(k.After) == 0 {
			continue
		}
		for a := range set {
			if a.Kind != k.Name {
				continue
			}
			for _, ref := range refs(k, a) {
				for _, name := range k.After {
					out[a] = append(out[a], users[thing{name, ref}]...)
				}
			}
			slices.SortFunc(out[a], Address.Compare)
			out[a] = slices.Compact(out[a])
		}
	}
	return out
}
