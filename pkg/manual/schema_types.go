package manual

import (
	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/resource"
)

// variants says what stands in the field of k whose members depend on the type
// of connection, one definition a type. Other types are allowed: the list in
// this program may lag behind the service.
func (b *builder) variants(k *resource.Kind, s schema) {
	f := typed(k)
	if f == nil {
		return
	}
	var cases []any
	for _, id := range catalog.Types() {
		fields, ok := f.Members(resource.Object{"type": id})
		if !ok {
			continue
		}
		name := k.Name + "." + id
		b.defs[name] = b.object(fields, true)
		cases = append(cases, schema{
			"if":   schema{"properties": schema{"type": schema{"const": id}}, "required": []string{"type"}},
			"then": schema{"properties": schema{f.Name: schema{"$ref": "#/$defs/" + name}}},
		})
	}
	s["allOf"] = cases
	kind := s["properties"].(schema)["type"].(schema)
	delete(kind, "type")
	kind["anyOf"] = []any{schema{"enum": catalog.Types()}, schema{"type": "string"}}
}

// typed is the field of k whose members depend on the type of connection that
// stands in k's field "type", nil if it has none.
func typed(k *resource.Kind) *resource.Field {
	if resource.Lookup(k.Fields, "type") == nil {
		return nil
	}
	for i := range k.Fields {
		if f := &k.Fields[i]; f.Type == resource.Struct && f.Members != nil {
			return f
		}
	}
	return nil
}
