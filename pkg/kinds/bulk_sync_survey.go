package kinds

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// surveyBulkSync holds a bulk sync against what its source has and what its
// destination takes.
func surveyBulkSync(s resource.Surveyor, r *resource.Resource) {
	schemas := objectOf(r.Object["schemas"])
	if ref, ok := sideOf(r, "source"); ok {
		fields := slices.ContainsFunc(resource.Keys(schemas), func(id string) bool {
			o := objectOf(schemas[id])
			return o["fields"] != nil || o["filters"] != nil || o["tracking_field"] != nil || o["partition_key"] != nil
		})
		src, err := s.BulkSource(ref, resource.Keys(schemas), fields)
		if err != nil { // a cache that is being filled is refused in the same way (API dossier 8.13)
			s.Unverified(subjectOf(ref), "bulk syncs cannot read it now: "+refusal(err))
		}
		if src != nil {
			surveySide(s, r, "source", src.Configuration)
			b := bulkReader{s: s, ref: ref, src: src, subject: subjectOf(ref)}
			for _, id := range resource.Keys(schemas) {
				b.schema(resource.Path("schemas").Child(id), id, objectOf(schemas[id]))
			}
			additional := objectOf(r.Object["additional_schedules"])
			for _, name := range resource.Keys(additional) {
				for i, id := range listOf(objectOf(additional[name])["schemas"]) {
					b.want(resource.Path("additional_schedules").Child(name).Child("schemas").Index(i), textOf(id))
				}
			}
		}
	}
	if ref, ok := sideOf(r, "destination"); ok {
		t, err := s.BulkTarget(ref)
		if err != nil {
			s.Unverified(subjectOf(ref), "bulk syncs cannot write to it: "+refusal(err))
		}
		if t != nil {
			surveySide(s, r, "destination", t.Configuration)
			if mode := textOf(r.Object["mode"]); mode != "" && len(t.Modes) > 0 && !slices.Contains(t.Modes, mode) {
				s.Error("mode", "unsupported-mode", "the destination does not support mode "+mode, "its modes are "+strings.Join(t.Modes, ", "), "choose one of these")
			}
		}
	}
}

func sideOf(r *resource.Resource, name string) (resource.Reference, bool) {
	return resource.ReadRef(Connection.Name, objectOf(r.Object[name])["connection"])
}

// surveySide holds the settings of one side against the schema that the service
// has for them.
func surveySide(s resource.Surveyor, r *resource.Resource, name string, doc schema.Document) {
	if len(doc) == 0 {
		return
	}
	st := settings{s: s, doc: doc, at: resource.Path(name).Child("configuration"), of: "bulk syncs with this " + name,
		v: objectOf(objectOf(r.Object[name])["configuration"])}
	st.missing = func(at resource.Path, p schema.Problem) {
		if len(p.Path) > 0 || !doc.HasDefault(p.Missing) {
			s.Error(at, "missing-key", strconv.Quote(p.Missing)+" is missing", "the service's schema of "+st.of+" requires it", "add "+p.Missing+":")
		}
	}
	st.told = func(string) bool { return false }
	st.survey(name + " of " + r.Address.String())
}

// bulkReader checks what is said of the schemas of a source.
type bulkReader struct {
	s       resource.Surveyor
	ref     resource.Reference // to the source
	src     *schema.BulkSource
	subject string
}

// want is the schema with that id; one that there is not is an error at p.
func (b bulkReader) want(p resource.Path, id string) *schema.BulkSchema {
	found := b.src.Schema(id)
	switch {
	case found != nil:
	case b.src.Partial || len(b.src.Schemas) == 0:
		b.s.Unverified(b.subject, "it is not known whether it has the schema "+strconv.Quote(id))
	default:
		var ids []string
		for _, schema := range b.src.Schemas {
			ids = append(ids, schema.ID)
		}
		b.s.Error(p, "unknown-schema", "the source has no schema "+strconv.Quote(id), "it has "+listed(ids), meantWhole(id, ids))
	}
	return found
}

// field is the field of a schema with that id, or one that the manifest adds to
// it; one that there is not is an error at p.
func (b bulkReader) field(of *schema.BulkSchema, p resource.Path, id string) *schema.Field {
	var ids []string
	for i := range of.Fields {
		if of.Fields[i].Name == id {
			return &of.Fields[i]
		}
		ids = append(ids, of.Fields[i].Name)
	}
	added := b.added(of.ID)
	if f := objectOf(added[id]); f != nil {
		return &schema.Field{Name: id, Type: textOf(f["type"])}
	}
	if len(ids) == 0 {
		b.s.Unverified(b.subject, "the service lists no fields of "+strconv.Quote(of.ID))
	} else {
		ids = append(ids, resource.Keys(added)...)
		b.s.Error(p, "unknown-field", "the schema "+strconv.Quote(of.ID)+" has no field "+strconv.Quote(id), "it has "+listed(ids), didYouMean("", id, ids))
	}
	return nil
}

// added are the fields that the manifest adds to a schema of the source.
func (b bulkReader) added(id string) resource.Object {
	out := resource.Object{}
	for _, r := range b.s.All(SchemaFields.Name) {
		ref, ok := resource.ReadRef(Connection.Name, r.Object["connection"])
		if ok && ref == b.ref && r.Object["schema"] == id {
			maps.Copy(out, objectOf(r.Object["fields"]))
		}
	}
	return out
}

func (b bulkReader) schema(p resource.Path, id string, o resource.Object) {
	found := b.want(p, id)
	if found == nil {
		return
	}
	field := func(p resource.Path, id string) *schema.Field { return b.field(found, p, id) }
	for _, id := range resource.Keys(objectOf(o["fields"])) {
		field(p.Child("fields").Child(id), id)
	}
	for _, member := range []string{"tracking_field", "partition_key"} {
		if id := textOf(o[member]); id != "" {
			field(p.Child(member), id)
		}
	}
	if o["tracking_field"] != nil && !b.src.Tracking {
		b.s.Error(p.Child("tracking_field"), "no-tracking-field", "this source takes no tracking field", "the service finds its changed records by itself", "remove it")
	}
	filters := objectOf(o["filters"])
	for _, name := range resource.Keys(filters) {
		f, at := objectOf(filters[name]), p.Child("filters").Child(name)
		if found := field(at.Child("field"), textOf(f["field"])); found != nil {
			surveyFunction(b.s, at.Child("function"), f["function"], found.Type)
		}
	}
}
