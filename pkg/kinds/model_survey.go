package kinds

import (
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// surveyModel looks for what the model names in its source.
func surveyModel(s resource.Surveyor, r *resource.Resource) {
	surveyEnricher(s, objectOf(r.Object["enricher"]))
	ref, ok := resource.ReadRef("connection", r.Object["connection"])
	configuration := objectOf(r.Object["configuration"])
	if !ok || configuration == nil {
		return
	}
	src, err := s.Source(ref, configuration)
	if err != nil {
		surveyConfiguration(s, ref, configuration, err)
		return
	}
	has := columnsOf(r, src)
	for i, name := range listOf(r.Object["fields"]) {
		has.want(s, resource.Path("fields").Index(i), textOf(name))
	}
	if name := textOf(r.Object["identifier"]); name != "" {
		has.want(s, "identifier", name)
	}
	for i, name := range listOf(r.Object["tracking_columns"]) {
		has.want(s, resource.Path("tracking_columns").Index(i), textOf(name))
	}
	for _, name := range resource.Keys(objectOf(objectOf(r.Object["enricher"])["mappings"])) {
		has.want(s, resource.Path("enricher.mappings").Child(name), name)
	}
	relations := objectOf(r.Object["relations"])
	for _, from := range resource.Keys(relations) {
		p := resource.Path("relations").Child(from)
		own := has.want(s, p, from)
		for i, to := range listOf(relations[from]) {
			surveyRelation(s, p.Index(i), own, to)
		}
	}
}

// surveyRelation looks for the field that a relation leads to, and at what it
// compares.
func surveyRelation(s resource.Surveyor, p resource.Path, own *schema.Field, to any) {
	model, name, ok := resource.SplitSource(to)
	if !ok {
		return
	}
	other := columns(s, model).want(s, p, name)
	if own == nil || other == nil || schema.Fits(own.Type, other.Type) && schema.Fits(other.Type, own.Type) {
		return
	}
	s.Warn(p, "types-differ", "the relation compares "+own.Type+" with "+other.Type,
		strconv.Quote(own.Name)+" is "+own.Type+" and "+strconv.Quote(other.Name)+" is "+other.Type+", so that no two may ever be equal", "")
}

// surveyConfiguration finds out what of a configuration that the service refuses
// is wrong.
func surveyConfiguration(s resource.Surveyor, ref resource.Reference, configuration resource.Object, err error) {
	keys, e := s.Keys(ref)
	if e != nil {
		s.Unverified(subjectOf(ref), refusal(err))
		return
	}
	if keys == nil {
		return // and so it was not the configuration that was refused
	}
	const p = resource.Path("configuration")
	found := surveyKeys(s, p, "models of this connection", keys, configuration)
	chosen := slices.ContainsFunc(keys.OneOf, func(key string) bool { return !resource.Empty(configuration[key]) })
	if !found && len(keys.OneOf) > 0 && !chosen {
		found = true
		s.Error(p, "missing-key", "it is not said what the model reads", "one of "+strings.Join(keys.OneOf, ", ")+" is required", "")
	}
	if !found {
		s.Error(p, "refused", "the service refuses this configuration", refusal(err), "")
	}
}

// surveyKeys holds a configuration against what it may say, and reports whether
// anything is wrong with it.
func surveyKeys(s resource.Surveyor, p resource.Path, who string, keys *schema.Keys, configuration resource.Object) (found bool) {
	for _, key := range resource.Keys(configuration) {
		values, known := keys.Values[key]
		v := scalarOf(configuration[key])
		switch {
		case !known && len(keys.Values) > 0:
			found = true
			s.Error(p.Child(key), "unknown-key", "unknown key "+strconv.Quote(key), who+" know "+listed(resource.Keys(keys.Values)),
				didYouMean("", key, resource.Keys(keys.Values)))
		case len(values) > 0 && v != "" && !slices.Contains(values, v):
			found = true
			s.Error(p.Child(key), "unknown-source", strconv.Quote(v)+" does not exist", "the connection has "+listed(values),
				didYouMean("", v, withShort(values)))
		}
	}
	return found
}

// withShort adds to names such as public.users the ones that they may be called
// by too.
func withShort(names []string) []string {
	out := slices.Clone(names)
	for _, name := range names {
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			out = append(out, name[i+1:])
		}
	}
	return out
}

// scalarOf is a member of a configuration, or what a picker holds.
func scalarOf(v any) string {
	if o := objectOf(v); o != nil {
		v = o["value"]
	}
	s, _ := v.(string)
	return s
}

func subjectOf(ref resource.Reference) string {
	if ref.ID != "" {
		return ref.ID
	}
	return ref.Address.String()
}

// columnSet is what a model may speak of: the fields of its source, and its own.
type columnSet struct {
	subject string // its address, or its id
	model   string // how messages call it
	fields  []schema.Field
	open    string // why there may be others
}

// columnsOf are the columns of a model of the manifest, nil if its source could
// not be asked for.
func columnsOf(r *resource.Resource, src *schema.Source) *columnSet {
	if src == nil {
		return nil
	}
	out := &columnSet{subject: r.Address.String(), model: r.Address.Name, fields: slices.Clone(src.Fields)}
	if len(src.Fields) == 0 {
		out.open = "the service lists no fields of its source"
	}
	own := objectOf(r.Object["additional_fields"])
	for _, name := range resource.Keys(own) {
		out.fields = append(out.fields, schema.Field{Name: name, Type: textOf(objectOf(own[name])["type"])})
	}
	return out
}

// columns are what others may take from the model that a source or a relation
// names; nil if they could not be asked for. A mistake in its configuration is told where that
// stands.
func columns(s resource.Surveyor, model any) *columnSet {
	ref, ok := resource.ReadRef(resource.SourceKind, model)
	if !ok {
		return nil
	}
	if ref.ID != "" {
		return foreignColumns(s, ref.ID)
	}
	r := s.Get(ref.Address)
	if r == nil {
		return nil
	}
	connection, ok := resource.ReadRef("connection", r.Object["connection"])
	configuration := objectOf(r.Object["configuration"])
	if !ok || configuration == nil {
		return nil
	}
	src, _ := s.Source(connection, configuration)
	out := columnsOf(r, src)
	if out != nil && r.Object["enricher"] != nil {
		out.open = "its enricher adds fields that the service does not list"
	}
	return out
}

// foreignColumns are those of a model that the manifest does not manage.
func foreignColumns(s resource.Surveyor, id string) *columnSet {
	m, err := s.Model(id)
	if err != nil {
		s.Unverified(id, "the service has no model of this id")
	}
	if m == nil {
		return nil
	}
	src, err := s.Source(resource.Reference{ID: m.Connection.ID}, m.Configuration)
	if err != nil {
		s.Unverified(id, refusal(err))
	}
	if src == nil {
		return nil
	}
	out := &columnSet{subject: id, model: m.Name, fields: slices.Concat(src.Fields, m.Own)}
	if len(src.Fields) == 0 || m.Enriched {
		out.open = "the service does not list all fields of this model"
	}
	return out
}

// want is the column of that name, or nil: one that there is not is an error at
// p, unless there may be columns that nobody knows.
func (c *columnSet) want(s resource.Surveyor, p resource.Path, name string) *schema.Field {
	if c == nil || name == "" {
		return nil
	}
	var names, labels []string
	for i := range c.fields {
		f := &c.fields[i]
		if f.Name == name {
			return f
		}
		names = append(names, f.Name)
		if f.Label != "" && f.Label != f.Name {
			labels = append(labels, f.Label)
		}
	}
	if c.open != "" {
		s.Unverified(c.subject, c.open)
		return nil
	}
	fix := didYouMean("", name, names)
	if near, ok := diag.Nearest(name, labels); ok && fix == "" {
		for _, f := range c.fields {
			if f.Label == near {
				fix = "did you mean " + strconv.Quote(f.Name) + ", which is called " + strconv.Quote(near) + "?"
			}
		}
	}
	s.Error(p, "unknown-field", "the source of the model "+strconv.Quote(c.model)+" has no field "+strconv.Quote(name),
		"it has "+listed(names), fix)
	return nil
}
