package sandbox

import (
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
)

func (s *Server) typeRoutes() {
	s.handle("GET /api/connection_types", listTypes)
	s.handle("GET /api/connection_types/{id}", getTypeSchema)
}

func listTypes(c *call) (*answer, error) {
	items := []any{}
	for _, id := range catalog.Types() {
		t, sv := typeOf(id), c.s.services.of(id)
		can := sv.can()
		defaults := map[string]any{}
		for name, f := range t.Fields {
			if f.Default != nil {
				defaults[name] = f.Default
			}
		}
		items = append(items, map[string]any{
			"id": id, "name": sv.title(id), "logo_url": logoURL(id), "use_oauth": t.OAuth && t.Interactive(nil),
			"capabilities": map[string]any{
				"source": can.Source, "destination": can.Destination, "enrichment": can.Enrichment, "orchestration": can.Orchestration,
			},
			"initialConfiguration": defaults,
		})
	}
	return data(items), nil
}

// getTypeSchema answers a bare JSON Schema: one of the two places without an envelope.
func getTypeSchema(c *call) (*answer, error) {
	id := c.path("id")
	t, ok := catalog.Lookup(id)
	if !ok {
		return nil, notFound("connection type")
	}
	schema := schemaOf(&catalog.Field{Type: "object", Fields: t.Fields})
	required, _ := schema["required"].([]any)
	if required = append(required, anys(t.RequiredButUndescribed)...); len(required) > 0 {
		schema["required"] = required
	}
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["$id"] = c.base + "/api/connection_types/" + id
	return &answer{body: schema}, nil
}

// schemaOf writes a field as JSON Schema, with the vendor's own key words.
func schemaOf(f *catalog.Field) map[string]any {
	schema := map[string]any{"type": f.Type}
	for name, v := range map[string]any{
		"default": f.Default, "format": f.Format, "widget": f.Widget,
		"sensitive": f.Secret, "readOnly": f.ReadOnly, "hidden": f.Hidden, "api_field": f.APIField,
	} {
		if v != nil && v != "" && v != false || name == "default" && v != nil {
			schema[name] = v
		}
	}
	if f.Enum != nil {
		schema["enum"] = f.Enum
	}
	if f.Fields != nil {
		properties, required := map[string]any{}, []any{}
		for _, name := range sortedKeys(f.Fields) {
			member := schemaOf(f.Fields[name])
			member["title"] = strings.ReplaceAll(strings.ToUpper(name[:1])+name[1:], "_", " ")
			properties[name] = member
			if f.Fields[name].Required {
				required = append(required, name)
			}
		}
		schema["properties"] = properties
		if len(required) > 0 {
			schema["required"] = required
		}
	}
	if f.Items != nil {
		schema["items"] = schemaOf(f.Items)
	}
	if f.AdditionalProperties != nil {
		schema["additionalProperties"] = schemaOf(f.AdditionalProperties)
	} else if f.Closed {
		schema["additionalProperties"] = false
	}
	return schema
}
