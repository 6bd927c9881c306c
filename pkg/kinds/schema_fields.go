package kinds

import (
	"maps"

	"github.com/polyplan/polyplan/pkg/resource"
)

// SchemaFields are fields of a schema that the source does not report (API
// dossier 8.5).
var SchemaFields = resource.Kind{
	Name:    "schema_fields",
	Section: "schema_fields",
	Object:  schemaPath + "/fields",
	Source:  schemaPath,
	Upsert:  "POST",
	Doc: `fields of your own in a schema of a connection

A source does not report all that it holds: what is deep inside a JSON document, or
a field that no record has yet. Such fields are declared here, and bulk syncs then
carry them like the others. Fields that somebody else added to the schema are left
alone.

Before version 2025-09-18 of the API the service does not tell its own fields from
those that were added, and never shows what the example is: changes made elsewhere to
these go unseen. So do those of a label if the service answers a field with its id
for a name.

Bulk syncs that read from the connection come after its schema fields.`,
	Example: `schema_fields:
  events:
    connection: documents
    schema: events
    fields:
      plan: {label: Plan, type: string, path: $.account.plan}
      score: {label: Score, type: number, example: 0.5}
`,
	Fields: []resource.Field{
		ofConnectionRow, ofSchemaRow,
		{Name: "fields", Type: resource.Map, KeyedBy: "field_id", Required: true, Custom: true, Apart: true, Elem: &schemaFieldRow,
			Match: []string{"field_id"}, Claims: []string{"id", "name", "remote_type", "type_spec", "is_primary_key", "association", "values", "user_managed"},
			Doc: "The fields, by their ids."},
	},
	Claims:  []string{"name"},
	Read:    readSchemaFields,
	Ready:   readyForSchema,
	Encoded: encodeSchemaFields,
	Decoded: decodeSchemaFields,
	Align:   alignSchemaFields,
	AsSent:  schemaFieldsAsSent,
	Follow: func(_ *resource.Encoder, before, after resource.Object) []resource.Call {
		return dropSchemaFields(before, objectOf(after["fields"]))
	},
	Removal: func(_ *resource.Encoder, before resource.Object) []resource.Call {
		return dropSchemaFields(before, nil)
	},
	Survey: surveySchemaFields,
}

// schemaFieldRow is a field of the user's own. Of path and example GET shows
// nothing, or nothing before 2025-09-18 (API dossier 4).
var schemaFieldRow = resource.Field{Type: resource.Struct, Fields: []resource.Field{
	{Name: "label", Type: resource.String, Required: true, Doc: "What people see."},
	{Name: "type", Type: resource.String, Required: true, Enum: fieldTypes, Doc: "The type of its values."},
	{Name: "path", Type: resource.String, WriteOnly: true, Doc: "Where the value is: for sources of JSON a JSON path."},
	{Name: "example", Type: resource.Any, WriteOnly: true, Doc: "A value such as it may hold."},
}}

// readSchemaFields leaves of a schema's fields those of the user's own: as the
// service marks them, and among these the ones that the manifest or the state
// knows. Where it marks none, knowing them has to do.
func readSchemaFields(_ resource.Getter, answer map[string]any, _ bool, known ...resource.Object) error {
	own := map[string]bool{}
	for _, o := range known {
		for id := range objectOf(o["fields"]) {
			own[id] = true
		}
	}
	var left []any
	for _, v := range listOf(answer["fields"]) {
		f := objectOf(v)
		managed, marked := f["user_managed"].(bool)
		if ours := own[textOf(f["id"])]; marked && managed && (ours || len(own) == 0) || !marked && ours {
			left = append(left, v)
		}
	}
	answer["fields"] = left
	return nil
}

func encodeSchemaFields(e *resource.Encoder, o resource.Object, body map[string]any) {
	row := resource.Field{Type: resource.Map, KeyedBy: "field_id", Elem: &schemaFieldRow}
	body["fields"] = e.Value(&row, o["fields"], "fields")
}

// schemaFieldsAsSent calls the ids of fields what requests call them.
func schemaFieldsAsSent(answer map[string]any) map[string]any {
	out, fields := maps.Clone(answer), []any{}
	for _, v := range listOf(answer["fields"]) {
		f := maps.Clone(objectOf(v))
		f["field_id"] = f["id"]
		fields = append(fields, f)
	}
	out["fields"] = fields
	return out
}

func decodeSchemaFields(_ *resource.Decoder, answer map[string]any, o resource.Object) {
	fields := resource.Object{}
	for _, v := range listOf(resource.Normalize(answer["fields"])) {
		f := objectOf(v)
		field := resource.Object{"label": f["name"], "type": f["type"]}
		if path := textOf(f["path"]); path != "" {
			field["path"] = path
		}
		fields[textOf(f["id"])] = field
	}
	if len(fields) > 0 {
		o["fields"] = fields
	}
}

// alignSchemaFields takes the label of a field whose name is its id from what was last
// applied, which is known last: nobody documented that the name is the label, and this
// one shows none.
func alignSchemaFields(live resource.Object, known ...resource.Object) {
	if len(known) == 0 {
		return
	}
	applied := objectOf(known[len(known)-1]["fields"])
	for id, v := range objectOf(live["fields"]) {
		if label := objectOf(applied[id])["label"]; label != nil && objectOf(v)["label"] == id {
			objectOf(v)["label"] = label
		}
	}
}

// dropSchemaFields deletes the fields that were there and are not to stay.
func dropSchemaFields(before, stay resource.Object) []resource.Call {
	var calls []resource.Call
	for _, id := range resource.Keys(objectOf(before["fields"])) {
		if stay[id] == nil {
			calls = append(calls, resource.Call{Method: "DELETE", Path: []string{id}})
		}
	}
	return calls
}
