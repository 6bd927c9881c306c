package render

import (
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// wording says the values of one resource as its manifest does: sources by
// their aliases, references as addresses. With a nil kind it knows less of
// what a value means, and leaves more as it is.
type wording struct {
	kind  *resource.Kind
	root  resource.Object   // the object, for the tables that depend on it
	names map[string]string // how the manifest calls a source or a field
}

// at finds the field at a path, nil if the table ends before; and the path in
// the manifest's words, and whether a change there asks for a new object.
func (w *wording) at(p resource.Path) (f *resource.Field, called resource.Path, immutable bool) {
	if w.kind == nil {
		return nil, p, false
	}
	fields := w.kind.Fields
	for i, seg := range segments(p) {
		switch {
		case seg.list:
			called += resource.Path("[" + seg.key + "]")
			if f != nil {
				f = f.Elem
			}
		case i > 0 && f != nil && f.Type == resource.Map:
			key := seg.key
			if f.OwnField {
				key = w.name(key)
			}
			called, f = called.Child(key), f.Elem
		default:
			called = called.Child(seg.key)
			if i > 0 && f == nil {
				break // below what the table knows
			}
			if f = resource.Lookup(fields, seg.key); f != nil {
				immutable = immutable || f.Immutable
			}
		}
		fields = nil
		if f != nil && f.Type == resource.Struct {
			fields, _ = f.Below(w.root)
		}
	}
	return f, called, immutable
}

func (w *wording) name(real string) string {
	if called, ok := w.names[real]; ok {
		return called
	}
	return real
}

// value says v, which stands in the field f.
func (w *wording) value(f *resource.Field, v any) any {
	if w.kind == nil {
		return sources(w.names, v)
	}
	if f == nil {
		return v
	}
	if short := resource.Lookup(f.Fields, f.Short); short != nil {
		if _, long := v.(resource.Object); !long {
			f = short // a lone value stands for this member
		}
	}
	switch v := v.(type) {
	case string:
		switch {
		case f.Type == resource.Ref && resource.ValidName(v):
			return resource.Address{Kind: f.To, Name: v}.String()
		case f.Type == resource.SourceRef || f.OwnField:
			return w.name(v)
		}
	case []any:
		if declared := w.declared(f, v); declared != nil {
			return declared
		}
		out := make([]any, len(v))
		for i, e := range v {
			if s, ok := e.(string); ok && (f.Aliases || f.OwnField) {
				out[i] = w.name(s)
			} else {
				out[i] = w.value(f.Elem, e)
			}
		}
		return out
	case resource.Object:
		out := make(resource.Object, len(v))
		var fields []resource.Field
		if f.Type == resource.Struct {
			fields, _ = f.Below(w.root)
		}
		for key, e := range v {
			switch f.Type {
			case resource.Map:
				if f.OwnField {
					key = w.name(key)
				}
				out[key] = w.value(f.Elem, e)
			default:
				out[key] = w.value(resource.Lookup(fields, key), e)
			}
		}
		return out
	}
	return v
}

// declared is a list that declares aliases as the map that the manifest writes
// for it, since nowhere else a plan says what an alias stands for; nil if the
// list has none.
func (w *wording) declared(f *resource.Field, v []any) resource.Object {
	if !f.Aliases {
		return nil
	}
	out, aliased := resource.Object{}, false
	for _, e := range v {
		s, ok := e.(string)
		if !ok {
			return nil
		}
		called, named := w.names[s]
		if aliased = aliased || named; !named {
			called = s
		}
		out[called] = s
	}
	if !aliased || len(out) < len(v) {
		return nil
	}
	return out
}

// sources says of v what looks like a source and has another name. A bare name
// may be anything where the table is not known, and stays.
func sources(names map[string]string, v any) any {
	if len(names) == 0 {
		return v
	}
	switch v := v.(type) {
	case string:
		if called, ok := names[v]; ok && strings.Contains(v, ".") {
			return called
		}
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = sources(names, e)
		}
		return out
	case resource.Object:
		out := make(resource.Object, len(v))
		for key, e := range v {
			out[key] = sources(names, e)
		}
		return out
	}
	return v
}

// segment is a step of a path: a member or, with list, an element.
type segment struct {
	key  string
	list bool
}

// segments takes a path apart; what is not well formed stays one key.
func segments(p resource.Path) []segment {
	var out []segment
	s := string(p)
	for s != "" {
		switch {
		case s[0] == '[':
			end := strings.IndexByte(s, ']')
			if end < 0 {
				return append(out, segment{key: s})
			}
			out, s = append(out, segment{s[1:end], true}), s[end+1:]
		case s[0] == '"':
			prefix, err := strconv.QuotedPrefix(s)
			if err != nil {
				return append(out, segment{key: s})
			}
			key, _ := strconv.Unquote(prefix)
			out, s = append(out, segment{key: key}), s[len(prefix):]
		default:
			end := strings.IndexAny(s, ".[")
			if end < 0 {
				end = len(s)
			}
			out, s = append(out, segment{key: s[:end]}), s[end:]
		}
		s = strings.TrimPrefix(s, ".")
	}
	return out
}
