package sandbox

import "strings"

var (
	bulkModes   = []string{"replicate", "snapshot"}
	resyncModes = []string{"refetch", "resync", "rebuild"}
)

// bulk is what bulk syncs can do with a service. Without better knowledge they read what
// models read, write where model syncs write, and their configurations may be anything.
type bulk struct {
	NoSource       bool           `json:"no_source"`
	NoCutoff       bool           `json:"no_cutoff"` // of a source: it knows no data_cutoff_timestamp
	TrackingFields bool           `json:"tracking_fields"`
	Modes          []string       `json:"modes"`       // of a destination; nil means all
	Source         map[string]any `json:"source"`      // JSON Schema of source_configuration
	Destination    map[string]any `json:"destination"` // JSON Schema of destination_configuration
}

// bulk returns what is known of the service, never nil.
func (sv *service) bulk() *bulk {
	if sv.Bulk != nil {
		return sv.Bulk
	}
	return &bulk{}
}

// canBulk reports whether bulk syncs can read from the service, or write to it. Some
// destinations, such as Airtable, are none for model syncs.
func (sv *service) canBulk(source bool) bool {
	if source {
		return sv.can().Source && !sv.bulk().NoSource
	}
	return sv.can().Destination || sv.bulk().Destination != nil
}

func (b *bulk) modes() []string {
	if b.Modes == nil {
		return bulkModes
	}
	return b.Modes
}

func (s *Server) bulkDiscoveryRoutes() {
	s.handle("GET /api/connections/{id}/bulksync/source", getBulkSource)
	s.handle("GET /api/connections/{id}/bulksync/target", getBulkDestination)
}

// bulkConnection returns the connection in the path if bulk syncs can use it.
func (c *call) bulkConnection(source bool) (*record, *service, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, nil, err
	}
	if err := c.usable(conn); err != nil {
		return nil, nil, err
	}
	sv := c.s.services.of(text(conn.Body, "type"))
	if !sv.canBulk(source) {
		return nil, nil, badRequest("%s does not take part in bulk syncs so", sv.title(text(conn.Body, "type")))
	}
	return conn, sv, nil
}

// anySchema describes a configuration that nothing is known of.
func anySchema(schema map[string]any) map[string]any {
	if schema == nil {
		return map[string]any{"type": "object", "properties": map[string]any{}}
	}
	return schema
}

func getBulkSource(c *call) (*answer, error) {
	conn, sv, err := c.bulkConnection(true)
	if err != nil {
		return nil, err
	}
	fields, given, err := c.boolQuery("include_fields")
	if err != nil {
		return nil, err
	}
	schemas := []any{}
	objects, _ := c.bulkObjects(conn)
	for i := range objects {
		view := c.schemaView(conn, &objects[i])
		if given && !fields {
			delete(view, "fields")
		}
		schemas = append(schemas, view)
	}
	return data(map[string]any{
		"configuration": anySchema(sv.bulk().Source), "schemas": c.listed(schemas),
		"capabilities": map[string]any{"supports_tracking_fields": sv.bulk().TrackingFields},
	}), nil
}

func getBulkDestination(c *call) (*answer, error) {
	_, sv, err := c.bulkConnection(false)
	if err != nil {
		return nil, err
	}
	modes := []any{}
	for _, id := range sv.bulk().modes() {
		modes = append(modes, map[string]any{
			"id": id, "label": strings.ToUpper(id[:1]) + id[1:], "description": "",
			"requires_identity": false, "supports_field_sync_mode": false, "supports_target_filters": false,
		})
	}
	return data(map[string]any{
		"configuration": anySchema(sv.bulk().Destination), "modes": modes, "supported_resync_modes": anys(resyncModes),
	}), nil
}

// configureBulk returns what is stored for a configuration: what was sent, of the types
// that the schema has, and its defaults, which the service adds. [API dossier 8.13]
func configureBulk(at string, schema, sent map[string]any) (map[string]any, error) {
	stored := copyMap(sent)
	properties := object(schema, "properties")
	for _, name := range sortedKeys(properties) {
		property := object(properties, name)
		if stored[name] == nil {
			delete(stored, name)
			if property["default"] != nil {
				stored[name] = property["default"]
			} else if oneOf(name, words(schema, "required")) {
				return nil, invalid("%s.%s: is required", at, name)
			}
		}
		v, given := stored[name]
		if given {
			var ok bool
			if stored[name], ok = convert(text(property, "type"), v); !ok {
				return nil, invalid("%s.%s: want a value of type %s", at, name, text(property, "type"))
			}
		}
		if property["properties"] == nil {
			continue
		}
		inner, err := configureBulk(at+"."+name, property, object(stored, name))
		if err != nil {
			return nil, err
		}
		if given || len(inner) > 0 {
			stored[name] = inner
		}
	}
	return stored, nil
}
