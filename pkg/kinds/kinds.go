// Package kinds declares the resources of the service, one file a kind.
//
// A kind is a table (see [resource.Kind]): the manifest's grammar, the
// requests, the comparison, the editor's schema and the help all follow from
// it, so that a new field is a new row here and nothing elsewhere. What the
// service does that no table can say, such as answering constants among the
// mapped fields, stands in a function beside its table, with the section of
// the API dossier that dictates it.
//
// The package compares nothing and sends nothing.
package kinds

import "github.com/polyplan/polyplan/pkg/resource"

// All are the kinds that polyplan knows, in the order of a manifest's
// sections: what others build on comes first.
func All() []*resource.Kind {
	return []*resource.Kind{&Organization, &Role, &Policy, &User, &Connection, &SchemaFields, &PrimaryKeys,
		&Model, &BulkSync, &Sync, &Webhook, &ErrorSubscribers}
}

// The rows that kinds share.
var (
	nameRow = resource.Field{Name: "name", Type: resource.String, Keyed: true,
		Doc: "The name that people see in the app. Default: the resource's own key."}
	// The built-in policy is attached by the server, and others may add theirs
	// (API dossier 14).
	policiesRow = resource.Field{Name: "policies", Type: resource.List, Set: true, Shared: true,
		Elem: &resource.Field{Type: resource.Ref, To: "policy"},
		Doc:  "Permission policies of this object. Those that the manifest does not list are left in place."}
	organizationRow = resource.Field{Name: "organization_id", Type: resource.String, Implicit: true, Immutable: true,
		Doc: "The organisation that owns the object. For partner and deployment keys only: other keys are bound to one."}
)

// textOf is v if it is a string, else "".
func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// objectOf is v if it is an object, else nil, from which reading is safe.
func objectOf(v any) resource.Object {
	o, _ := v.(resource.Object)
	return o
}

// listOf is v if it is a list, else nil.
func listOf(v any) []any {
	l, _ := v.([]any)
	return l
}
