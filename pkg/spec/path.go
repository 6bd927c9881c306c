package spec

import (
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// step is one key, or one index, of a path.
type step struct {
	key     string
	index   int
	isIndex bool
}

// pathSteps takes a path apart: fields."a.b"[0].
func pathSteps(s string) (steps []step, ok bool) {
	for first := true; s != ""; first = false {
		switch {
		case s[0] == '[':
			digits, rest, ok := strings.Cut(s[1:], "]")
			i, err := strconv.Atoi(digits)
			if first || !ok || err != nil || i < 0 {
				return nil, false
			}
			steps = append(steps, step{index: i, isIndex: true})
			s = rest
			continue
		case !first && s[0] != '.':
			return nil, false
		case !first:
			s = s[1:]
		}
		if strings.HasPrefix(s, `"`) {
			quoted, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, false
			}
			key, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, false
			}
			steps = append(steps, step{key: key})
			s = s[len(quoted):]
			continue
		}
		end := strings.IndexAny(s, ".[")
		if end < 0 {
			end = len(s)
		}
		if end == 0 {
			return nil, false
		}
		steps = append(steps, step{key: s[:end]})
		s = s[end:]
	}
	return steps, len(steps) > 0
}

// pathOf writes steps as a path.
func pathOf(steps []step) (p resource.Path) {
	for _, s := range steps {
		if s.isIndex {
			p = p.Index(s.index)
		} else {
			p = p.Child(s.key)
		}
	}
	return p
}

// unknownStep finds the first key of a path that the kind's table does not
// have, and the keys that it has there.
func (b *build) unknownStep(steps []step) (bad string, known []string) {
	fields := b.kind.Fields
	var f *resource.Field
	for _, s := range steps {
		switch {
		case f == nil:
		case f.Type == resource.Map && !s.isIndex, f.Type == resource.List && s.isIndex:
			f = f.Elem
			continue
		case f.Type == resource.Struct && !s.isIndex:
			var ok bool
			if fields, ok = f.Below(b.r.Object); !ok {
				return "", nil
			}
			if f.Lenient && resource.Lookup(fields, s.key) == nil {
				return "", nil
			}
		case f.Type == resource.Any:
			return "", nil
		default:
			return s.text(), nil
		}
		if f = resource.Lookup(fields, s.key); f == nil || s.isIndex || f.Computed {
			for i := range fields {
				if !fields[i].Computed {
					known = append(known, fields[i].Name)
				}
			}
			return s.text(), known
		}
	}
	return "", nil
}

func (s step) text() string {
	if s.isIndex {
		return strconv.Itoa(s.index)
	}
	return s.key
}

// lookup walks o along p; replace, if not nil, gives the value there its
// successor.
func lookup(o resource.Object, p resource.Path, replace func(any) any) any {
	steps, ok := pathSteps(string(p))
	if !ok {
		return nil
	}
	var v any = o
	for i, s := range steps {
		last := i == len(steps)-1
		switch at := v.(type) {
		case resource.Object:
			v = at[s.key]
			if last && replace != nil {
				v = replace(v)
				at[s.key] = v
			}
		case []any:
			if !s.isIndex || s.index >= len(at) {
				return nil
			}
			v = at[s.index]
			if last && replace != nil {
				v = replace(v)
				at[s.index] = v
			}
		default:
			return nil
		}
	}
	return v
}
