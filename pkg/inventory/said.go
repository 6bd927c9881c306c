package inventory

import (
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// said is what a manifest has to say of an object so that nothing changes, now or
// with a later update, and no more: what equals a default says nothing, and what
// others add to a list is theirs.
func (t *taker) said(o *object, index *resource.Index) *resource.Resource {
	object := o.kind.Decode(o.answer, index)
	kept, unshown := t.inv.Kept, t.inv.Unshown
	s := &sayer{kind: o.kind, root: object, organization: t.Organization,
		kept:    func(p resource.Path) { kept[o.kind.Name] = append(kept[o.kind.Name], p) },
		unshown: func(p resource.Path) { unshown[o.kind.Name] = append(unshown[o.kind.Name], p) }}
	for p := range o.kind.Extras(o.kind.UnknownExtra(o.answer)) {
		s.kept(p)
	}
	return &resource.Resource{Address: resource.Address{Kind: o.kind.Name, Name: "name"}, Object: s.members(o.kind.Fields, object, "", nil)}
}

type sayer struct {
	kind         *resource.Kind
	root         resource.Object
	organization string
	// kept and unshown note the paths of what is in none of it, see Inventory.
	kept, unshown func(resource.Path)
}

// members are those of an object that a table describes. In is the map of which it
// is an element, nil if it is none.
func (s *sayer) members(fields []resource.Field, o resource.Object, p resource.Path, in *resource.Field) resource.Object {
	out := resource.Object{}
	for i := range fields {
		f := &fields[i]
		v, set := o[f.Name]
		switch {
		case f.Computed, f.Directive, f.Deprecated != "" && !f.Required, f.Implicit && s.own(v):
			continue
		case !set && f.Required && f.Sensitive:
			v = resource.MaskedSecret() // an update needs it
		case !set:
			if f.WriteOnly && !f.OnCreate && !f.Implicit {
				s.unshown(p.Child(f.Name))
			}
			continue
		}
		if v = s.value(f, v, p.Child(f.Name)); v == nil {
			continue
		}
		byDefault := f.Default != nil && resource.Text(v) == resource.Text(f.Default) && (in == nil || in.Off != f.Name)
		if f.Required || f.Keyed || !byDefault && !resource.Empty(v) {
			out[f.Name] = v
		}
	}
	return out
}

// own reports whether v is the organisation that everything else is in.
func (s *sayer) own(v any) bool {
	if ref, ok := v.(resource.Object); ok {
		v = ref["id"]
	}
	return s.organization != "" && v == s.organization
}

// value is what there is to say of a value, nil for nothing.
func (s *sayer) value(f *resource.Field, v any, p resource.Path) any {
	switch v := v.(type) {
	case *resource.Secret:
		if !f.Sensitive {
			s.kept(p)
			return nil
		}
		return v
	case resource.Object:
		switch f.Type {
		case resource.Struct:
			fields, known := f.Below(s.root)
			if !known {
				return s.free(f, v, p)
			}
			for key := range v {
				if resource.Lookup(fields, key) == nil && !f.Keeps {
					s.kept(p.Child(key))
				}
			}
			return s.members(fields, v, p, nil)
		case resource.Map:
			return s.mapping(f, v, p)
		}
	case []any:
		if f.Type != resource.List {
			break
		}
		out := make([]any, 0, len(v))
		for i, e := range v {
			if _, byID := e.(resource.Object); byID && f.Shared && f.Elem.Type == resource.Ref {
				continue // others added it
			}
			if e = s.value(f.Elem, e, p.Index(i)); e == nil { // half a list would be another one
				s.kept(p)
				return nil
			}
			out = append(out, e)
		}
		return out
	}
	if f.Type != resource.Any {
		return v
	}
	v = s.free(f, v, p)
	if o, ok := v.(resource.Object); ok { // what it leaves out stays as it is
		maps.DeleteFunc(o, func(_ string, e any) bool { return resource.Empty(e) })
	}
	return v
}

func (s *sayer) mapping(f *resource.Field, o resource.Object, p resource.Path) any {
	out, all := resource.Object{}, true
	for key, e := range o {
		if elem, ok := e.(resource.Object); ok && f.Off != "" && elem[f.Off] == false {
			all = false // the same as none
			continue
		}
		at := p.Child(key)
		if elem, ok := e.(resource.Object); ok && f.Elem.Type == resource.Struct {
			fields, _ := f.Elem.Below(s.root)
			e = s.members(fields, elem, at, f)
			all = all && len(e.(resource.Object)) == 1
		} else {
			e = s.value(f.Elem, e, at)
		}
		if e != nil {
			out[key] = e
		}
	}
	if f.Off != "" && f.Stays && all {
		return nil // all are on, which silence says too
	}
	return out
}

// free is a value without a table, but for what is a secret there, or sounds like
// one: nobody could tell a manifest to take it for that. What its keys have, or those
// at every depth if it is Deep, belongs together: half of it would be another value.
func (s *sayer) free(f *resource.Field, v any, p resource.Path) any {
	o, ok := v.(resource.Object)
	if !ok {
		if confides(v) {
			s.kept(p)
			return nil
		}
		return v
	}
	out := resource.Object{}
	for key, e := range o {
		_, isObject := e.(resource.Object)
		switch {
		case isObject && f.Deep:
			out[key] = s.free(f, e, p.Child(key))
		case confides(resource.Object{key: e}):
			s.kept(p.Child(key))
		default:
			out[key] = e
		}
	}
	return out
}

// confides reports whether v is a secret or has one in it, by its sound too.
func confides(v any) bool {
	switch v := v.(type) {
	case *resource.Secret:
		return true
	case resource.Object:
		for key, e := range v {
			if _, isText := e.(string); isText && spec.Sounds(key) || confides(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, confides)
	}
	return false
}
