package diff

import (
	"fmt"
	"maps"

	"github.com/polyplan/polyplan/pkg/resource"
)

// needSecrets refuses an update that would destroy a secret which only the
// service knows: an update replaces the whole object (API dossier 10).
func (c *computer) needSecrets(s *Step, d *resource.Resource) {
	sent := unknownSecrets("", s.After, false)
	if live := c.in.Live[s.Address]; live != nil {
		sent = append(sent, masks(c.kinds[s.Address.Kind], live, d)...)
	}
	for _, p := range sent {
		c.plan.Refusals = append(c.plan.Refusals, Refusal{Address: s.Address, Pos: d.Pos,
			What: fmt.Sprintf("%s cannot be updated: the value of %s is not known", s.Address, p),
			Why:  "an update replaces the whole object, and the service shows this secret only as a mask; sending the update would destroy it",
			Fix:  fmt.Sprintf("set %s in the manifest from ${env.NAME} or ${file:path}", p)})
	}
}

// masks are the members unknown to the table which the service shows masked
// and an update would send back so.
func masks(k *resource.Kind, live, d *resource.Resource) []resource.Path {
	unknown := k.Unknown(live.Raw)
	maps.DeleteFunc(unknown, func(key string, _ any) bool { return d.Extra[key] != nil })
	return unknownSecrets("extra", resource.Normalize(unknown), true)
}

// unknownSecrets are the places below v of secrets without a value, and of
// texts that are masks if those count.
func unknownSecrets(p resource.Path, v any, texts bool) []resource.Path {
	var out []resource.Path
	switch v := v.(type) {
	case string:
		if texts && resource.IsMask(v) {
			out = append(out, p)
		}
	case *resource.Secret:
		if !v.Known() {
			out = append(out, p)
		}
	case resource.Object:
		for _, key := range resource.Keys(v) {
			out = append(out, unknownSecrets(p.Child(key), v[key], texts)...)
		}
	case []any:
		for i, e := range v {
			out = append(out, unknownSecrets(p.Index(i), e, texts)...)
		}
	}
	return out
}

// withKept adds to a live object what GET does not answer and the answer to a
// write once showed, and takes from it what was a mask already when the object
// was made without it: there is nothing behind such a mask.
func withKept(k *resource.Kind, live resource.Object, rec *resource.Resource) resource.Object {
	if rec == nil || len(rec.Kept) == 0 {
		return live
	}
	out := maps.Clone(live)
	for key, v := range rec.Kept {
		switch {
		case out[key] != nil:
			out[key] = withoutBlank(out[key], v)
		case len(unknownSecrets("", v, false)) == 0:
			out[key] = v
		}
	}
	return out
}

// withoutBlank is v without the masks that blank has, too.
func withoutBlank(v, blank any) any {
	live, ok := v.(resource.Object)
	masks, same := blank.(resource.Object)
	if !ok || !same {
		return v
	}
	out := maps.Clone(live)
	for key, mask := range masks {
		l, secret := out[key].(*resource.Secret)
		if _, is := mask.(*resource.Secret); is && secret && !l.Known() {
			delete(out, key)
		} else if out[key] != nil {
			out[key] = withoutBlank(out[key], mask)
		}
	}
	return out
}
