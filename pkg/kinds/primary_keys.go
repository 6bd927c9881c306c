package kinds

import "github.com/polyplan/polyplan/pkg/resource"

// PrimaryKeys are the fields that identify a record of a schema (API dossier 8.5).
var PrimaryKeys = resource.Kind{
	Name:    "primary_keys",
	Section: "primary_keys",
	Object:  schemaPath + "/primary_keys",
	Source:  schemaPath,
	Upsert:  "PUT",
	Doc: `the fields of a schema that bulk syncs take for its primary key

The service finds out itself what identifies a record of a schema; here stands what
it is to go by instead. The manifest says the whole key: a field that it leaves out
is no part of it, whatever the service found. Deleting the resource goes back to
that.

What the service shows is the key that holds, not where it is from. So where it
found the very fields that the manifest says, there is nothing to write.

Bulk syncs that read from the connection come after its primary keys.`,
	Example: `primary_keys:
  orders:
    connection: warehouse
    schema: public.orders
    fields: [shop_id, order_number]
`,
	Fields: []resource.Field{
		ofConnectionRow, ofSchemaRow,
		{Name: "fields", Type: resource.List, Set: true, Required: true, Custom: true, Elem: &resource.Field{Type: resource.String},
			Doc: "The ids of the fields that make up the key."},
	},
	Claims:  []string{"name"},
	After:   []string{SchemaFields.Name},
	Ready:   readyForSchema,
	Encoded: encodePrimaryKeys,
	Decoded: decodePrimaryKeys,
	Survey:  surveyPrimaryKeys,
}

// A schema is a part of what the source of a connection holds. It has no id of its
// own but what the source calls it.
const schemaPath = "/api/connections/{connection}/schemas/{schema}"

var (
	ofConnectionRow = resource.Field{Name: "connection", Type: resource.Ref, To: Connection.Name, Required: true, Immutable: true,
		Doc: "The connection to the source."}
	ofSchemaRow = resource.Field{Name: "schema", Type: resource.String, Required: true, Immutable: true,
		Doc: "The schema's id, such as public.users: a table, an object, a stream."}
)

// encodePrimaryKeys says of every field of the schema whether it is a part of the
// key. To leave one out would be to leave it to what the service found.
func encodePrimaryKeys(e *resource.Encoder, o resource.Object, body map[string]any) {
	keys, list := map[string]bool{}, []any{}
	for _, v := range listOf(o["fields"]) {
		keys[textOf(v)] = true
	}
	for _, v := range listOf(e.Live["fields"]) {
		if id := textOf(objectOf(v)["id"]); id != "" && !keys[id] {
			keys[id] = false
		}
	}
	for _, id := range resource.Keys(keys) {
		list = append(list, map[string]any{"field_id": id, "is_primary_key": keys[id]})
	}
	body["fields"] = list
}

func decodePrimaryKeys(_ *resource.Decoder, answer map[string]any, o resource.Object) {
	var keys []any
	for _, v := range listOf(answer["fields"]) {
		if f := objectOf(v); f["is_primary_key"] == true {
			keys = append(keys, f["id"])
		}
	}
	if keys != nil {
		o["fields"] = keys
	}
}
