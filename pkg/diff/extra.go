package diff

import (
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// extraPath is what the paths of extra members begin with.
const extraPath = "extra."

// extraChanges compares the manifest's extra members with the live ones, or,
// where the service answers without them, with what was applied.
func extraChanges(k *resource.Kind, live, rec, d *resource.Resource) []Change {
	var applied map[resource.Path]resource.Extra
	if rec != nil {
		applied = k.Extras(rec.Extra)
	}
	wanted := k.Extras(d.Extra)
	all := maps.Clone(wanted)
	for p, x := range applied {
		if _, ok := all[p]; !ok {
			all[p] = x
		}
	}
	var out []Change
	for _, p := range slices.Sorted(maps.Keys(all)) {
		have, want, at := applied[p].Value, wanted[p].Value, extraPath+p
		if secret, ok := want.(*resource.Secret); ok {
			// Whatever the service shows of it, what was applied has the fingerprint.
			if was, _ := have.(*resource.Secret); was == nil || !sameSecret(was, secret) {
				out = append(out, Change{Path: at, Before: have, After: secret, Sensitive: true})
			}
			continue
		}
		if live != nil {
			if v, answered := all[p].Live(k, live.Raw); answered {
				have = besideSecrets(resource.Normalize(v), have, want)
			}
		}
		if resource.Text(have) != resource.Text(want) {
			out = append(out, Change{Path: at, Before: have, After: want})
		}
	}
	return out
}

// besideSecrets is what is live, but for the places of secrets: there it is what was
// applied, whatever the service shows of it.
func besideSecrets(live, applied, wanted any) any {
	want, secret := wanted.(*resource.Secret)
	if s, ok := applied.(*resource.Secret); ok && secret && sameSecret(s, want) {
		return want
	} else if ok {
		return s
	} else if secret {
		return resource.MaskedSecret()
	}
	switch l := live.(type) {
	case resource.Object:
		a, _ := applied.(resource.Object)
		w, _ := wanted.(resource.Object)
		out := make(resource.Object, len(l))
		for key, v := range l {
			out[key] = besideSecrets(v, a[key], w[key])
		}
		return out
	case []any:
		a, _ := applied.([]any)
		w, _ := wanted.([]any)
		out := make([]any, len(l))
		for i, v := range l {
			out[i] = besideSecrets(v, at(a, i), at(w, i))
		}
		return out
	}
	return live
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}
