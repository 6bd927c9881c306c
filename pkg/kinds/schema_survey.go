package kinds

import (
	"strconv"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// surveySchema is the schema that an object of kind SchemaFields or PrimaryKeys
// speaks of, nil if there is none or its source could not be asked.
func surveySchema(s resource.Surveyor, r *resource.Resource) (bulkReader, *schema.BulkSchema) {
	ref, ok := resource.ReadRef(Connection.Name, r.Object["connection"])
	id := textOf(r.Object["schema"])
	if !ok || id == "" {
		return bulkReader{}, nil
	}
	src, err := s.BulkSource(ref, []string{id}, true) // one question, however many schemas
	if err != nil {
		s.Unverified(subjectOf(ref), "its schemas cannot be listed: "+refusal(err))
	}
	if src == nil {
		return bulkReader{}, nil
	}
	b := bulkReader{s: s, ref: ref, src: src, subject: subjectOf(ref)}
	return b, b.want("schema", id)
}

// surveyPrimaryKeys looks for the fields of the key.
func surveyPrimaryKeys(s resource.Surveyor, r *resource.Resource) {
	b, of := surveySchema(s, r)
	if of == nil {
		return
	}
	for i, id := range listOf(r.Object["fields"]) {
		b.field(of, resource.Path("fields").Index(i), textOf(id))
	}
}

// surveySchemaFields warns of fields that the source has by itself: the service
// may refuse to add such a one, or hide what is there.
func surveySchemaFields(s resource.Surveyor, r *resource.Resource) {
	b, of := surveySchema(s, r)
	if of == nil || b.src.Partial { // what was once there may be ours by now
		return
	}
	was := s.Recorded()
	ours := objectOf(was["fields"])
	for _, member := range []string{"connection", "schema"} {
		if resource.Text(was[member]) != resource.Text(r.Object[member]) {
			ours = nil // it was another schema's
		}
	}
	fields := objectOf(r.Object["fields"])
	for _, f := range of.Fields {
		if fields[f.Name] == nil || f.Added == schema.Yes || f.Added == "" && ours[f.Name] != nil {
			continue
		}
		why := "the source reports it, so that nobody needs to add it"
		if f.Added == "" {
			why = "the source reports it, or somebody added it in the app: this version of the API does not tell"
		}
		s.Warn(resource.Path("fields").Child(f.Name), "source-field", "the schema "+strconv.Quote(of.ID)+" has the field "+strconv.Quote(f.Name)+" already", why,
			"remove it here if it is the source's own")
	}
}
