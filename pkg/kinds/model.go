package kinds

import (
	"maps"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Model is what a sync takes its records from (API dossier 8.6).
var Model = resource.Kind{
	Name:    "model",
	Section: "models",
	Path:    "/api/models",
	Doc: `a query over one connection, whose records syncs carry on

What is read stands in the configuration and depends on the connection's type:
a table, a query, a stream. Models are joined with relations: the model that is
joined names the base model's field, and a sync may then mix the fields of
both.`,
	Example: `models:
  users:
    connection: warehouse
    configuration: {table: users}
  orders:
    connection: warehouse
    configuration: {query: "${file:sql/orders.sql}"}
    fields: [email, total, last_order_at]
    relations:
      email: users.email
`,
	Fields: []resource.Field{
		nameRow,
		{Name: "connection", API: "connection_id", Type: resource.Ref, To: "connection", Required: true,
			Doc: "The connection that it reads from."},
		{Name: "configuration", Type: resource.Any, Required: true, Labelled: true, Code: "sql",
			Doc: "What it reads: table, query or view of a database, stream_id, ... by the connection's type. Keys that the manifest leaves out are left as they are."},
		{Name: "fields", Type: resource.List, Set: true, Implicit: true, Aliases: true, Custom: true,
			Elem: &resource.Field{Type: resource.String},
			Doc:  "The source fields to select: a list of names, or a map from a name of your own to the source's field id. Default: all."},
		{Name: "relations", Type: resource.Map, Whole: true, OwnField: true, Custom: true, Cut: resource.Object{}, Match: []string{"from", "to"},
			Elem: &resource.Field{Type: resource.List, OneOrList: true, Set: true, Elem: &resource.Field{Type: resource.SourceRef}},
			Doc:  "Joins: this model's field, and the field of the base model that it equals. A list when one field joins several models."},
		{Name: "additional_fields", Type: resource.Map, Whole: true, KeyedBy: "name", Match: []string{"name"},
			Claims: []string{"id", "remote_type", "description", "unique", "user_added", "created_at", "created_by", "updated_at", "updated_by"},
			Elem: &resource.Field{Type: resource.Struct, Fields: []resource.Field{
				{Name: "label", Type: resource.String, Required: true, Doc: "What people see."},
				{Name: "type", Type: resource.String, Required: true, Enum: fieldTypes, Doc: "The type of its values."},
				{Name: "example", Type: resource.String, Directive: true, Doc: "A value such as it may hold."},
			}},
			Doc: "Fields that the source does not report, by name; for JSON sources the name is a path such as metadata.plan."},
		{Name: "identifier", Type: resource.String, OwnField: true,
			Doc: "The field that identifies a record."},
		{Name: "tracking_columns", Type: resource.List, Set: true, OwnField: true, Elem: &resource.Field{Type: resource.String},
			Doc: "Columns by which changed records are found."},
		{Name: "enricher", Type: resource.Struct, Fields: []resource.Field{
			{Name: "connection", API: "connection_id", Type: resource.Ref, To: "connection", Required: true, Doc: "The enriching connection."},
			{Name: "configuration", Type: resource.Any, Labelled: true, Doc: "What to enrich with, by the connection's type."},
			{Name: "mappings", Type: resource.Map, Whole: true, OwnField: true, Elem: &resource.Field{Type: resource.String},
				Doc: "This model's field, and the input of the enrichment that it feeds."},
			{Name: "fields", Type: resource.List, Set: true, Implicit: true,
				Elem: &resource.Field{Type: resource.Struct, Short: "name", Fields: []resource.Field{
					{Name: "name", Type: resource.String, Required: true, Doc: "The field's name."}}},
				Doc: "The fields to add. Default: all."},
			{Name: "enricher_id", Type: resource.String, Doc: "The service's id of the enrichment; carried along by itself."},
		}, Doc: "Adds fields from an enrichment service to each record."},
		{Name: "labels", Type: resource.List, Set: true, Shared: true, Elem: &resource.Field{Type: resource.String},
			Doc: "Ids of labels. The API can neither list nor make labels; those that the manifest does not list are left in place."},
		policiesRow,
		{Name: "refresh", Type: resource.Bool, Directive: true, OnUpdate: true,
			Doc: "Whether an update reads the source's fields anew."},
		organizationRow,
	},
	Claims:    []string{"type", "version"},
	Unguarded: true,
	Slow:      true,
	Marks:     []string{"version", "updated_at"},
	ListIsFull: func(_ string, item map[string]any) bool { // API dossier 8.6
		return len(listOf(item["fields"])) > 0
	},
	Encoded: encodeModel,
	Decoded: decodeModel,
	AsSent:  modelAsSent,
	Survey:  surveyModel,
}

var fieldTypes = []string{"unknown", "string", "number", "boolean", "datetime", "array", "object", "binary"}

func encodeModel(e *resource.Encoder, o resource.Object, body map[string]any) {
	if fields, ok := o["fields"]; ok {
		body["fields"] = fields
	}
	if relations := objectOf(o["relations"]); relations != nil {
		list := []any{}
		for _, from := range resource.Keys(relations) {
			p := resource.Path("relations").Child(from)
			for i, to := range listOf(relations[from]) {
				list = append(list, map[string]any{"from": from, "to": e.Source(to, p.Index(i))})
			}
		}
		body["relations"] = list
	}
}

// modelAsSent finds the user's own fields among the others.
func modelAsSent(answer map[string]any) map[string]any {
	out := maps.Clone(answer)
	out["additional_fields"] = slices.DeleteFunc(slices.Clone(listOf(answer["fields"])), func(v any) bool { return objectOf(v)["user_added"] != true })
	return out
}

// decodeModel takes apart what the service answers as one list of fields:
// objects, the user's own among them (API dossier 14).
func decodeModel(d *resource.Decoder, answer map[string]any, o resource.Object) {
	var names []any
	own := resource.Object{}
	for _, v := range listOf(answer["fields"]) {
		f := objectOf(v)
		name := textOf(f["name"])
		if added, _ := f["user_added"].(bool); added {
			own[name] = resource.Object{"label": f["label"], "type": f["type"]}
		} else if name != "" {
			names = append(names, name)
		}
	}
	if names != nil {
		o["fields"] = names
	}
	if len(own) > 0 {
		o["additional_fields"] = own
	}
	relations := resource.Object{}
	for _, v := range listOf(answer["relations"]) {
		from := textOf(objectOf(v)["from"])
		relations[from] = append(listOf(relations[from]), d.Source(objectOf(objectOf(v)["to"])))
	}
	if len(relations) > 0 {
		o["relations"] = relations
	}
	if labels := listOf(o["labels"]); labels != nil {
		o["labels"] = labelIDs(labels)
	}
	if resource.Empty(o["enricher"]) {
		delete(o, "enricher")
	}
	delete(objectOf(o["configuration"]), "tracking_columns") // the server's copy
}

// labelIDs are the ids of labels, which are objects in answers and ids in
// requests. Nobody knows what the objects call it: id, or else the one member
// that ends so, as in label_id. An object without is left out: nothing else
// could be sent back in its place (API dossier 20).
func labelIDs(labels []any) []any {
	ids := []any{}
	for _, v := range labels {
		if l := objectOf(v); l != nil {
			v = l["id"]
			for _, key := range resource.Keys(l) {
				if v == nil && strings.HasSuffix(key, "id") {
					v = l[key]
				}
			}
		}
		if id := textOf(v); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}
