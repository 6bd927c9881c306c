package resource

import (
	"maps"
	"slices"
)

// Index tells which address an object of the service has, if it is one of ours.
type Index struct{ byID map[string]Address }

// NewIndex is an index of the ids in the sets; the first to name an id wins.
func NewIndex(sets ...Set) *Index {
	x := &Index{map[string]Address{}}
	for _, s := range sets {
		for _, a := range s.Addresses() {
			if id := s[a].ID; id != "" {
				x.Add(id, a)
			}
		}
	}
	return x
}

// Add makes id known as a, unless it is known already.
func (x *Index) Add(id string, a Address) {
	if _, ok := x.byID[id]; !ok {
		x.byID[id] = a
	}
}

// Address of the object of that kind with that id.
func (x *Index) Address(kind, id string) (Address, bool) {
	a, ok := x.byID[id]
	return a, ok && a.Kind == kind
}

// Decoder turns an answer of the API into canonical form.
type Decoder struct {
	index *Index
	root  Object
}

// Decode brings an answer of the API to canonical form: references back to the
// names that index knows, what the server adds dropped, members that the table
// does not know left out (see [Kind.Unknown]). It never fails: what has not
// the expected shape is kept as it is, so that it shows as a difference.
func (k *Kind) Decode(answer map[string]any, index *Index) Object {
	d := &Decoder{index: index, root: Object{}}
	answer = maps.Clone(answer) // Decoded may replace members; the answer is the caller's
	for i := range k.Fields {
		f := &k.Fields[i]
		v, ok := answer[f.APIName()]
		if !ok || v == nil || f.Computed || f.Custom {
			continue
		}
		// Scalars first: a later field's table may depend on them.
		if f.Type != Struct || f.Members == nil {
			d.root[f.Name] = d.Value(f, Normalize(v))
		}
	}
	if k.Decoded != nil {
		k.Decoded(d, answer, d.root)
	}
	for i := range k.Fields {
		f := &k.Fields[i]
		if v := answer[f.APIName()]; f.Type == Struct && f.Members != nil && v != nil {
			d.root[f.Name] = d.Value(f, Normalize(v))
		}
	}
	k.Canonical(d.root)
	return d.root
}

// Told are the values in an answer that are the server's own: those of the rows
// that are Computed.
func (k *Kind) Told(answer map[string]any) Object {
	d, out := &Decoder{index: NewIndex()}, Object{}
	for i := range k.Fields {
		f := &k.Fields[i]
		if v := Normalize(answer[f.APIName()]); f.Computed && !Empty(v) {
			out[f.Name] = d.Value(f, v)
		}
	}
	return out
}

// serverOwn are the members that every kind's answers have and no request
// (API dossier 14, first row).
var serverOwn = []string{"id", "created_at", "created_by", "updated_at", "updated_by"}

// Unknown are the members of an answer that the kind's table does not know and
// an update has to send back, lest they be cleared.
func (k *Kind) Unknown(answer map[string]any) map[string]any {
	out := map[string]any{}
next:
	for key, v := range answer {
		if slices.Contains(k.Claims, key) || slices.Contains(serverOwn, key) {
			continue
		}
		for i := range k.Fields {
			if k.Fields[i].APIName() == key {
				continue next
			}
		}
		out[key] = v
	}
	return out
}

// Value decodes the value v, already normalised, of the field f.
func (d *Decoder) Value(f *Field, v any) any {
	if f.Sensitive {
		return hide(v)
	}
	switch f.Type {
	case Ref:
		if id, ok := v.(string); ok {
			if id == "" {
				return nil
			}
			return d.Ref(f.To, id)
		}
	case SourceRef:
		if o, ok := v.(Object); ok {
			return d.Source(o)
		}
	case Struct:
		if o, ok := v.(Object); ok {
			fields, _ := f.Below(d.root)
			return d.members(fields, o, f.Lenient || f.Keeps || f.Members != nil)
		}
	case List:
		if l, ok := v.([]any); ok {
			out := make([]any, 0, len(l))
			for _, x := range l {
				out = append(out, d.Value(f.Elem, x))
			}
			return out
		}
	case Map:
		return d.mapping(f, v)
	case Any:
		return Unmask(v)
	}
	return v
}

// members decodes what a table describes. A table that may lag behind the
// service leaves the rest as it is, and does not know all that is secret.
func (d *Decoder) members(fields []Field, o Object, lags bool) Object {
	out := Object{}
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		seen[f.APIName()] = true
		if v := o[f.APIName()]; v != nil && !f.Computed {
			out[f.Name] = d.Value(f, v)
			if lags {
				out[f.Name] = Unmask(out[f.Name])
			}
		}
	}
	if lags {
		for key, v := range o {
			if !seen[key] && v != nil && Lookup(fields, key) == nil { // a field's name may be that of another member
				out[key] = Unmask(v)
			}
		}
	}
	return out
}

func (d *Decoder) mapping(f *Field, v any) any {
	out := Object{}
	switch v := v.(type) {
	case Object:
		for key, x := range v {
			out[key] = d.Value(f.Elem, x)
		}
	case []any:
		for _, x := range v {
			if o, ok := x.(Object); ok && f.KeyedBy != "" {
				key := Text(o[f.KeyedBy])
				delete(o, f.KeyedBy) // or an element that keeps what it does not know had it twice
				out[key] = d.Value(f.Elem, o)
			}
		}
	default:
		return v
	}
	return out
}

// Ref is the canonical reference to the object of the kind to with that id.
func (d *Decoder) Ref(to, id string) any {
	if a, ok := d.index.Address(to, id); ok {
		return a.Name
	}
	return Object{"id": id}
}

// Source is the canonical form of {model_id, field}.
func (d *Decoder) Source(o Object) any {
	id, _ := o["model_id"].(string)
	field, _ := o["field"].(string)
	return JoinSource(d.Ref(SourceKind, id), field)
}

// hide makes secrets of the scalars in v. A mask tells only that one is set.
func hide(v any) any {
	switch v := v.(type) {
	case nil, *Secret:
		return v
	case string:
		if v == "" {
			return nil
		}
		if IsMask(v) {
			return MaskedSecret()
		}
	case Object:
		for key, x := range v {
			v[key] = hide(x)
		}
		return v
	case []any:
		for i, x := range v {
			v[i] = hide(x)
		}
		return v
	}
	return NewSecret(v)
}

// Unmask makes secrets of the masks in v, in place, so that none is ever sent
// back or taken for a value.
func Unmask(v any) any {
	return Replace(v, func(v any) any {
		if text, ok := v.(string); ok && IsMask(text) {
			return MaskedSecret()
		}
		return v
	})
}
