package sandbox

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
)

// Completions for the fields of a connection's configuration.

func (s *Server) parameterRoutes() {
	s.handle("POST /api/connection_types/{type}/parameter_values", completeParameter)
	s.handle("GET /api/connections/{id}/parameter_values", completeParameters)
}

func completeParameter(c *call) (*answer, error) {
	t, ok := catalog.Lookup(c.path("type"))
	if !ok {
		return nil, notFound("connection type")
	}
	in := read(c.body).required("field")
	name, id, query := in.text("field"), in.uuid("connection_id"), in.text("query")
	parameters := in.object("parameters")
	if _, sent := c.body["parameters"]; !sent && c.version == Version2025 {
		in.fail("parameters", "is required, though it may be null")
	}
	if *in.err != nil {
		return nil, *in.err
	}
	f := t.Fields[name]
	if f == nil {
		return nil, badRequest("field: %s has no field %q", t.ID, name)
	}
	if id != "" {
		conn := c.get(kindConnection, id)
		if conn == nil {
			return nil, notFound("connection")
		}
		if err := c.usable(conn); err != nil {
			return nil, err
		}
	} else if f.Enum == nil && t.Interactive(parameters) {
		return nil, badRequest("the connection is not authorized")
	}
	return data(map[string]any{name: c.values(t, name, query)}), nil
}

// completeParameters answers for every field of a connection that has choices.
func completeParameters(c *call) (*answer, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	t := typeOf(text(conn.Body, "type"))
	all := map[string]any{}
	for _, name := range t.Names() {
		if v := c.values(t, name, ""); v["values"] != nil {
			all[name] = v
		}
	}
	if len(all) == 0 {
		return data(nil), nil
	}
	return data(all), nil
}

// values are the choices for a field whose labels hold the query.
func (c *call) values(t *catalog.Type, name, query string) map[string]any {
	var choices []any
	for _, v := range t.Fields[name].Enum {
		choices = append(choices, map[string]any{"label": fmt.Sprint(v), "value": v})
	}
	choices = append(choices, list(c.s.services.of(t.ID).Parameters, name)...)
	matching := []any{}
	for _, choice := range choices {
		if v, ok := choice.(map[string]any); ok && strings.Contains(strings.ToLower(text(v, "label")), strings.ToLower(query)) {
			matching = append(matching, v)
		}
	}
	out := map[string]any{"allows_creation": false, "values": nil}
	if choices != nil {
		out["values"] = matching
	}
	return out
}
