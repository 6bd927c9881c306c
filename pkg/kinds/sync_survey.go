package kinds

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// surveySync holds a sync against the sources that it reads and the object that
// it writes to.
func surveySync(s resource.Surveyor, r *resource.Resource) {
	types := map[resource.Path]string{} // of the sources, by where they stand
	sources(r.Object, func(p resource.Path, model any, field string) {
		if f := columns(s, model).want(s, p, field); f != nil {
			types[p] = f.Type
		}
	})
	for _, member := range []string{"filters", "overrides"} {
		conditions := objectOf(r.Object[member])
		for _, name := range resource.Keys(conditions) {
			p := resource.Path(member).Child(name)
			surveyFunction(s, p.Child("function"), objectOf(conditions[name])["function"], types[p.Child("source")])
		}
	}
	t := objectOf(r.Object["target"])
	ref, ok := resource.ReadRef("connection", t["connection"])
	switch object := textOf(t["object"]); {
	case !ok:
	case object == "":
		surveyCreation(s, ref, objectOf(t["create"]))
	default:
		target, err := s.Target(ref, object)
		if err != nil {
			surveyObject(s, ref, object, err)
		} else if target != nil {
			w := writer{s: s, r: r, target: target, mode: surveyMode(s, r, target), types: types}
			w.identity()
			w.fields()
			w.filters()
		}
	}
}

// surveyFunction warns of a test that is not made for the type of its field.
func surveyFunction(s resource.Surveyor, p resource.Path, function any, typ string) {
	if ok, types := schema.Tests(textOf(function), typ); !ok {
		s.Warn(p, "function-type", textOf(function)+" does not fit the field's type",
			"the field is "+typ+", and the function tests "+strings.Join(types, ", "), "")
	}
}

// surveyObject tells of a target object that the service does not have, or does
// not describe.
func surveyObject(s resource.Surveyor, ref resource.Reference, object string, err error) {
	all, e := s.Targets(ref)
	switch {
	case e != nil:
		s.Unverified(subjectOf(ref), "its target objects cannot be listed: "+refusal(e))
	case all == nil:
	case slices.ContainsFunc(all.Objects, func(o schema.TargetName) bool { return o.ID == object }):
		s.Unverified(subjectOf(ref), "the fields of "+strconv.Quote(object)+" cannot be listed: "+refusal(err))
	default:
		var ids, names []string
		for _, o := range all.Objects {
			ids, names = append(ids, o.ID), append(names, o.Name)
		}
		fix := meantWhole(object, ids)
		if near, ok := diag.Nearest(object, names); ok && fix == "" {
			fix = "did you mean " + strconv.Quote(ids[slices.Index(names, near)]) + "?"
		}
		why := "the connection has no objects that a sync may write to"
		if len(ids) > 0 {
			why = "the connection has " + listed(ids)
		}
		s.Error("target.object", "unknown-object", "the target has no object "+strconv.Quote(object), why, fix)
	}
}

// surveyCreation looks at what a new target object is to be made of.
func surveyCreation(s resource.Surveyor, ref resource.Reference, create resource.Object) {
	if create == nil {
		return
	}
	all, err := s.Targets(ref)
	if err != nil {
		s.Unverified(subjectOf(ref), "its target objects cannot be listed: "+refusal(err))
	}
	if all == nil {
		return
	}
	const p = resource.Path("target.create")
	if all.Creation == nil {
		s.Error(p, "no-creation", "this target cannot make objects", "the service does not offer it for this connection",
			"name an object that is there with object: ID")
		return
	}
	var ids []string
	for _, property := range all.Creation {
		ids = append(ids, property.ID)
		v, set := create[property.ID].(string)
		if !set {
			s.Error(p, "missing-key", strconv.Quote(property.ID)+" is missing", "a new object is made of "+listed(ids), "add "+property.ID+":")
			continue
		}
		if !property.Enum {
			continue
		}
		values, err := s.Property(ref, property.ID)
		if err == nil && len(values) > 0 && !slices.Contains(values, v) {
			s.Error(p.Child(property.ID), "unknown-value", "unknown value "+strconv.Quote(v), "it is one of "+listed(values), didYouMean("", v, values))
		}
	}
	for _, key := range resource.Keys(create) {
		if !slices.Contains(ids, key) {
			s.Error(p.Child(key), "unknown-key", "unknown key "+strconv.Quote(key), "a new object is made of "+listed(ids), didYouMean("", key, ids))
		}
	}
}

// surveyMode is the mode of the sync, nil if the object does not have it or does
// not tell its modes.
func surveyMode(s resource.Surveyor, r *resource.Resource, target *schema.Target) *schema.Mode {
	id := textOf(r.Object["mode"])
	m := target.Mode(id)
	switch {
	case m == nil && len(target.Modes) > 0:
		var ids []string
		for _, m := range target.Modes {
			ids = append(ids, m.ID)
		}
		s.Error("mode", "unsupported-mode", strconv.Quote(target.ID)+" does not support mode "+id, "its modes are "+strings.Join(ids, ", "),
			didYouMean("choose one of these, or another object", id, ids))
	case m != nil && m.Identity && r.Object["identity"] == nil:
		s.Error("mode", "identity-missing", "mode "+id+" needs an identity", "so it is with "+strconv.Quote(target.ID),
			"add identity: {source: model.field, target: FIELD}")
	}
	return m
}

// writer checks what a sync writes to its target.
type writer struct {
	s      resource.Surveyor
	r      *resource.Resource
	target *schema.Target
	mode   *schema.Mode // nil: not known
	types  map[resource.Path]string
}

// want is the target field with that id; one that there is not is an error at p.
func (w *writer) want(p resource.Path, id, fix string) *schema.TargetField {
	f := w.target.Field(id)
	if f != nil || len(w.target.Fields) == 0 {
		return f
	}
	var ids, names []string
	for _, f := range w.target.Fields {
		ids, names = append(ids, f.ID), append(names, f.Name)
	}
	if near, ok := diag.Nearest(id, names); ok {
		fix = "did you mean " + strconv.Quote(ids[slices.Index(names, near)]) + ", which is called " + strconv.Quote(near) + "?"
	}
	w.s.Error(p, "unknown-target-field", "the target "+strconv.Quote(w.target.ID)+" has no field "+strconv.Quote(id), "it has "+listed(ids),
		didYouMean(fix, id, ids))
	return nil
}

func (w *writer) identity() {
	identity := objectOf(w.r.Object["identity"])
	if identity == nil {
		return
	}
	const p = resource.Path("identity.target")
	id := textOf(identity["target"])
	if identity["new_field"] == true {
		if !w.target.NewIdentity && w.target.Field(id) == nil {
			w.s.Error("identity.new_field", "no-new-field", "no identity field can be made in "+strconv.Quote(w.target.ID), "the service does not offer it for this object", "name a field that is there")
		}
		return
	}
	f := w.want(p, id, "")
	if f == nil {
		return
	}
	function := textOf(identity["function"])
	switch {
	case !f.Identity:
		var fit []string
		for _, other := range w.target.Fields {
			if other.Identity {
				fit = append(fit, other.ID)
			}
		}
		why := "the service allows it for no field of this object"
		if len(fit) > 0 {
			why = "the service allows it for " + listed(fit)
		}
		w.s.Error(p, "no-identity", strconv.Quote(id)+" cannot identify records of "+strconv.Quote(w.target.ID), why, "")
	case len(f.Compare) > 0 && !slices.Contains(f.Compare, function):
		w.s.Error("identity.function", "unsupported-function", function+" cannot be used with "+strconv.Quote(id), "the field supports "+strings.Join(f.Compare, ", "),
			didYouMean("choose one of these", function, f.Compare))
	}
	w.fit(p, "identity.source", f)
}

// fit warns where no value of a source fits the field that it is written to.
func (w *writer) fit(p, source resource.Path, f *schema.TargetField) {
	if typ := w.types[source]; !schema.Fits(typ, f.Type) {
		w.s.Warn(p, "types-differ", typ+" does not fit the target field "+strconv.Quote(f.ID), "the field is "+f.Type, "")
	}
}

// creates and changes are the modes that make records, and that write to those
// that are there.
var (
	creates = []string{"create", "updateOrCreate", "append", "replace", "snapshot"}
	changes = []string{"update", "updateOrCreate"}
)

func (w *writer) fields() {
	fields, mode := objectOf(w.r.Object["fields"]), textOf(w.r.Object["mode"])
	for _, id := range resource.Keys(fields) {
		w.field(resource.Path("fields").Child(id), id, objectOf(fields[id]), mode)
	}
	if !slices.Contains(creates, mode) || w.target.Loose {
		return
	}
	identity := textOf(objectOf(w.r.Object["identity"])["target"])
	for _, f := range w.target.Fields {
		if !f.Required || f.NoCreate || fields[f.ID] != nil || f.ID == identity {
			continue
		}
		what, fix := "the required field "+strconv.Quote(f.ID)+" is not mapped", "add "+f.ID+": model.field"
		if slices.Contains(changes, mode) {
			w.s.Warn("fields", "required-field", what, "records that the target does not have yet cannot be made without it", fix)
		} else {
			w.s.Error("fields", "required-field", what, strconv.Quote(w.target.ID)+" takes no record without it", fix)
		}
	}
}

func (w *writer) field(p resource.Path, id string, o resource.Object, mode string) {
	quoted := strconv.Quote(id)
	if o["new"] == true {
		if !w.target.NewFields && w.target.Field(id) == nil {
			w.s.Error(p, "no-new-field", "no field can be made in "+strconv.Quote(w.target.ID), "the service does not offer it for this object", "map a field that is there")
		}
		return
	}
	fix := ""
	if w.target.NewFields {
		fix = "add new: true to make it"
	}
	f := w.want(p, id, fix)
	if f == nil {
		return
	}
	own := textOf(o["sync_mode"])
	makes := slices.Contains(creates, mode) && !f.NoCreate
	alters := slices.Contains(changes, mode) && own != "create" && !f.NoUpdate
	switch {
	case mode == "remove":
	case !makes && !alters && (f.NoCreate || f.NoUpdate):
		w.s.Error(p, "not-writable", "the target field "+quoted+" cannot be written in mode "+mode, unwritable(f), "remove the mapping")
	case own == "create" && w.mode != nil && !w.mode.FieldMode:
		w.s.Error(p.Child("sync_mode"), "no-field-mode", "fields have no modes of their own in mode "+mode, "so it is with "+strconv.Quote(w.target.ID), "remove sync_mode")
	}
	if o["encryption_enabled"] == true && f.NoCipher {
		w.s.Error(p.Child("encryption_enabled"), "not-encryptable", "the target field "+quoted+" cannot be encrypted", "the service does not offer it for this field", "remove encryption_enabled")
	}
	w.fit(p, p.Child("source"), f)
	w.constant(p.Child("value"), o["value"], f)
}

func unwritable(f *schema.TargetField) string {
	switch {
	case f.NoCreate && f.NoUpdate:
		return "the service only reads it"
	case f.NoCreate:
		return "it can be written only in records that are there"
	}
	return "it can be written only in new records"
}

// constant warns of a constant that a field cannot hold.
func (w *writer) constant(p resource.Path, v any, f *schema.TargetField) {
	s, ok := v.(string)
	if !ok {
		return
	}
	var err error
	switch f.Type {
	case "number":
		_, err = strconv.ParseFloat(s, 64)
	case "boolean":
		_, err = strconv.ParseBool(s)
	}
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		w.s.Warn(p, "types-differ", "this constant does not fit the target field "+strconv.Quote(f.ID), "the field is "+f.Type, "")
	}
}

func (w *writer) filters() {
	filters := objectOf(w.r.Object["target_filters"])
	if len(filters) > 0 && w.mode != nil && !w.mode.Filters {
		w.s.Error("target_filters", "no-target-filters", "mode "+w.mode.ID+" has no target filters", "so it is with "+strconv.Quote(w.target.ID), "remove them")
		return
	}
	for _, name := range resource.Keys(filters) {
		p, o := resource.Path("target_filters").Child(name), objectOf(filters[name])
		f := w.want(p.Child("target"), textOf(o["target"]), "")
		if f == nil {
			continue
		}
		if f.NoFilter {
			w.s.Error(p.Child("target"), "not-filterable", "the target field "+strconv.Quote(f.ID)+" cannot be filtered by", "the service does not offer it for this field", "")
		}
		surveyFunction(w.s, p.Child("function"), o["function"], f.Type)
	}
}
