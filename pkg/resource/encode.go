package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Encoder turns an object in canonical form into the body of a request.
type Encoder struct {
	Update bool // for a PUT, else for a POST
	// Live is the answer about the object that an update is laid over; nil for a
	// new object.
	Live map[string]any

	ids  func(Address) (string, bool)
	root Object
	errs *multierror.Error
}

// Encode makes the body of a POST, or of a PUT if update, for the object o.
// The function ids tells the service's id of an address; it must know all that
// o refers to. Secrets are revealed here and nowhere else: one whose value is
// not known is an error, never a mask.
func (k *Kind) Encode(o Object, ids func(Address) (string, bool), update bool) (map[string]any, error) {
	return k.encode(&Encoder{Update: update, ids: ids, root: o})
}

// EncodeOver is Encode for an update of the object that live, an answer of the
// API, is about.
func (k *Kind) EncodeOver(live map[string]any, o Object, ids func(Address) (string, bool)) (map[string]any, error) {
	return k.encode(&Encoder{Update: true, Live: k.asSent(live), ids: ids, root: o})
}

func (k *Kind) encode(e *Encoder) (map[string]any, error) {
	body := e.members(k.Fields, e.root, "")
	for i := range k.Fields {
		if f := &k.Fields[i]; k.InPath(f.Name) {
			delete(body, f.APIName())
		}
	}
	if k.Encoded != nil {
		k.Encoded(e, e.root, body)
	}
	if e.Live != nil {
		e.carry(k.Fields, body)
	}
	return body, e.errs.ErrorOrNil()
}

// FollowCalls gives what Follow asks for; none where the kind has no Follow.
func (k *Kind) FollowCalls(before, after Object, ids func(Address) (string, bool)) ([]Call, error) {
	if k.Follow == nil {
		return nil, nil
	}
	e := &Encoder{Update: before != nil, ids: ids, root: after}
	calls := k.Follow(e, before, after)
	return calls, e.errs.ErrorOrNil()
}

// Readiness gives what Ready asks for; nil where there is nothing to wait for.
func (k *Kind) Readiness(o Object, ids func(Address) (string, bool), changed func(Path) bool) (*Readiness, error) {
	if k.Ready == nil {
		return nil, nil
	}
	e := &Encoder{ids: ids, root: o}
	r := k.Ready(e, o, changed)
	return r, e.errs.ErrorOrNil()
}

// RemovalCalls gives the requests that delete an object: a DELETE where the kind
// has no Removal.
func (k *Kind) RemovalCalls(before Object, ids func(Address) (string, bool)) ([]Call, error) {
	if k.Removal == nil {
		return []Call{{Method: "DELETE"}}, nil
	}
	e := &Encoder{Update: true, ids: ids, root: before}
	calls := k.Removal(e, before)
	return calls, e.errs.ErrorOrNil()
}

func (e *Encoder) fail(p Path, format string, args ...any) {
	e.errs = multierror.Append(e.errs, fmt.Errorf("%s: %s", p, fmt.Sprintf(format, args...)))
}

// members encodes what a table describes, and passes on what it does not.
func (e *Encoder) members(fields []Field, o Object, p Path) map[string]any {
	body := make(map[string]any, len(o))
	for _, key := range Keys(o) {
		f := Lookup(fields, key)
		switch {
		case f == nil:
			body[key] = e.Value(&Field{Name: key, Type: Any}, o[key], p.Child(key))
		case f.Custom, f.Computed, e.Update && f.OnCreate, !e.Update && f.OnUpdate:
		default:
			body[f.APIName()] = e.Value(f, o[key], p.Child(key))
		}
	}
	return body
}

// Value encodes the value v of the field f, which stands at p.
func (e *Encoder) Value(f *Field, v any, p Path) any {
	switch v := v.(type) {
	case nil:
		return nil
	case *Secret:
		plain, ok := v.Reveal()
		if !ok {
			e.fail(p, "the value of this secret is not known here, and sending its mask would destroy it")
		} else if s, _ := plain.(string); IsMask(s) {
			e.fail(p, "this secret's value is a mask, and sending it would destroy the secret")
			return nil
		}
		return plain
	}
	switch f.Type {
	case Ref:
		return e.ID(f.To, v, p)
	case SourceRef:
		return e.Source(v, p)
	case Struct:
		if o, ok := v.(Object); ok {
			fields, _ := f.Below(e.root)
			return e.members(fields, o, p)
		}
	case List:
		if l, ok := v.([]any); ok {
			out := make([]any, len(l))
			for i, x := range l {
				out[i] = e.Value(f.Elem, x, p.Index(i))
			}
			return out
		}
	case Map:
		if o, ok := v.(Object); ok {
			return e.mapping(f, o, p)
		}
	}
	return e.free(v, p) // not the expected shape, perhaps, but no secret goes out as such
}

// mapping encodes a Map: as a map, or as the list that the API has for it.
func (e *Encoder) mapping(f *Field, o Object, p Path) any {
	if f.KeyedBy == "" {
		out := make(map[string]any, len(o))
		for key, v := range o {
			out[key] = e.Value(f.Elem, v, p.Child(key))
		}
		return out
	}
	out := make([]any, 0, len(o))
	for _, key := range Keys(o) {
		elem := map[string]any{}
		if m, ok := e.Value(f.Elem, o[key], p.Child(key)).(map[string]any); ok {
			elem = m
		}
		elem[f.KeyedBy] = key
		out = append(out, elem)
	}
	return out
}

// free reveals the secrets within a value that no table describes, and copies
// it, so that a request shares nothing with the object it was made of.
func (e *Encoder) free(v any, p Path) any {
	switch v := v.(type) {
	case *Secret:
		return e.Value(&Field{Type: Any}, v, p)
	case Object:
		out := make(map[string]any, len(v))
		for key, x := range v {
			out[key] = e.free(x, p.Child(key))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = e.free(x, p.Index(i))
		}
		return out
	}
	return v
}

// ID is the id that the reference v to something of the kind to stands for.
func (e *Encoder) ID(to string, v any, p Path) string {
	ref, ok := ReadRef(to, v)
	if !ok {
		e.fail(p, "this is not a reference to a %s", to)
		return ""
	}
	if ref.ID != "" {
		return ref.ID
	}
	id, ok := e.ids(ref.Address)
	if !ok || id == "" {
		e.fail(p, "%s has no id yet", ref.Address)
	}
	return id
}

// Source is the {model_id, field} that v, "model.field", stands for.
func (e *Encoder) Source(v any, p Path) map[string]any {
	model, field, ok := SplitSource(v)
	if !ok {
		e.fail(p, "this is not a source field")
		return nil
	}
	return map[string]any{"model_id": e.ID(SourceKind, model, p), "field": field}
}

// SourceKind is the kind whose fields a SourceRef names.
const SourceKind = "model"

// Reference is what a reference in canonical form says: an Address within the
// manifest, or the ID of something that the manifest does not manage.
type Reference struct {
	Path    Path // where it stands
	Address Address
	ID      string
}

// ReadRef reads a reference to the kind to.
func ReadRef(to string, v any) (Reference, bool) {
	switch v := v.(type) {
	case string:
		return Reference{Address: Address{to, v}}, v != ""
	case Object:
		id, ok := v["id"].(string)
		return Reference{ID: id}, ok && id != ""
	}
	return Reference{}, false
}

// SplitSource splits a source at its first dot into the reference to a model
// and the model's field, whose own name may hold dots.
func SplitSource(v any) (model any, field string, ok bool) {
	switch v := v.(type) {
	case string:
		m, f, ok := strings.Cut(v, ".")
		return m, f, ok && m != "" && f != ""
	case Object:
		field, ok = v["field"].(string)
		return v["model"], field, ok && field != "" && v["model"] != nil
	}
	return nil, "", false
}

// JoinSource is the canonical form of a model's field.
func JoinSource(model any, field string) any {
	if name, ok := model.(string); ok {
		return name + "." + field
	}
	return Object{"model": model, "field": field}
}

// Refs lists every reference within o in the order of their paths, those by id
// included.
func (k *Kind) Refs(o Object) []Reference {
	var out []Reference
	walkRefs(k.Fields, o, o, "", func(p Path, to string, v any) {
		if ref, ok := ReadRef(to, v); ok {
			ref.Path = p
			out = append(out, ref)
		}
	})
	return out
}

// Needs are the addresses that o refers to, sorted, each once.
func (k *Kind) Needs(o Object) []Address {
	var out []Address
	for _, r := range k.Refs(o) {
		if r.ID == "" {
			out = append(out, r.Address)
		}
	}
	slices.SortFunc(out, Address.Compare)
	return slices.Compact(out)
}

func walkRefs(fields []Field, root, o Object, p Path, visit func(Path, string, any)) {
	var keys []string
	for key := range o {
		if f := Lookup(fields, key); f != nil && f.mayRefer() {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		walkRef(Lookup(fields, key), root, o[key], p.Child(key), visit)
	}
}

// mayRefer reports whether values of the field can be references or hold some.
func (f *Field) mayRefer() bool {
	switch f.Type {
	case Ref, SourceRef, Struct:
		return true
	case List, Map:
		return f.Elem.mayRefer()
	}
	return false
}

func walkRef(f *Field, root Object, v any, p Path, visit func(Path, string, any)) {
	switch f.Type {
	case Ref:
		visit(p, f.To, v)
	case SourceRef:
		if model, _, ok := SplitSource(v); ok {
			visit(p, SourceKind, model)
		}
	case Struct:
		if o, ok := v.(Object); ok {
			fields, _ := f.Below(root)
			walkRefs(fields, root, o, p, visit)
		}
	case List:
		l, _ := v.([]any)
		for i, x := range l {
			walkRef(f.Elem, root, x, p.Index(i), visit)
		}
	case Map:
		o, _ := v.(Object)
		for _, key := range Keys(o) {
			walkRef(f.Elem, root, o[key], p.Child(key), visit)
		}
	}
}
