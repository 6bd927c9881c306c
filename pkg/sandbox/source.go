package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// found is what a model's configuration leads to.
type found struct {
	fields []field
	open   bool // any field may exist: a query can name its columns as it likes
}

func (f *found) has(name string) bool {
	return f.open || f.get(name) != nil
}

func (f *found) get(name string) *field {
	for i := range f.fields {
		if f.fields[i].Name == name {
			return &f.fields[i]
		}
	}
	return nil
}

// scalar is the value of a configuration member; of a picker's object it is the value
// inside.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case map[string]any:
		return scalar(v["value"])
	}
	return ""
}

// usable refuses a connection that nobody has authorised yet.
func (c *call) usable(r *record) error {
	if flag(r.State, "authorised") || c.s.opts.Switches.UseUnauthorized {
		return nil
	}
	p := badRequest("connection %q is not authorized", text(r.Body, "name"))
	p.upstream = true
	return p
}

// narrow reduces the objects of a source to those that the configuration names. Keys
// that it does not set narrow nothing.
func (src *source) narrow(configuration map[string]any) ([]sourceObject, bool, error) {
	objects, free, chosen := src.Objects, false, false
	for _, k := range src.Keys {
		value := scalar(configuration[k.Key])
		if value == "" {
			continue
		}
		chosen = chosen || oneOf(k.Key, src.RequiresOneOf)
		if k.Free {
			free = true
			continue
		}
		objects = slices.DeleteFunc(slices.Clone(objects), func(o sourceObject) bool { return !oneOf(value, o.Keys[k.Key]) })
		if len(objects) == 0 {
			p := badRequest("configuration: %s %q does not exist", k.Key, value)
			p.upstream = true
			return nil, false, p
		}
	}
	if len(src.RequiresOneOf) > 0 && !chosen {
		return nil, false, badRequest("configuration: one of %s is required", strings.Join(src.RequiresOneOf, ", "))
	}
	return objects, free, nil
}

// lookup returns what a model of the connection with this configuration reads.
func (c *call) lookup(conn *record, configuration map[string]any) (*found, error) {
	if err := c.usable(conn); err != nil {
		return nil, err
	}
	sv, err := c.service(conn)
	if err != nil {
		return nil, err
	}
	src := sv.Source
	if src == nil {
		return &found{open: true}, nil
	}
	if config, live := c.live(conn); live {
		return c.lookupLive(src, config, configuration)
	}
	objects, free, err := src.narrow(configuration)
	if err != nil {
		return nil, err
	}
	out := &found{open: free}
	for _, o := range objects {
		for _, f := range o.Fields {
			if out.get(f.Name) == nil {
				out.fields = append(out.fields, f)
			}
		}
	}
	return out, nil
}

// sourceOf returns what the source of an existing model holds. If its connection is gone,
// nothing is known of it.
func (c *call) sourceOf(model *record) *found {
	if out, ok := remembered(model); ok {
		return out
	}
	if conn := c.get(kindConnection, text(model.Body, "connection_id")); conn != nil {
		if out, err := c.lookup(conn, object(model.Body, "configuration")); err == nil {
			return out
		}
	}
	return &found{open: true}
}

// reads returns what an existing model reads, its own additional fields included.
func (c *call) reads(model *record) *found {
	out := c.sourceOf(model)
	for _, extra := range objects(model.Body, "additional_fields") {
		out.fields = append(out.fields, field{Name: text(extra, "name"), Label: text(extra, "label"), Type: text(extra, "type")})
	}
	return out
}

// answerModelConfiguration is a model's configuration as the service shows it: with
// every key of its type, pickers as {value, label} with the label of the source, and
// the tracking columns once more. [API dossier 14]
func (c *call) answerModelConfiguration(conn *record, body map[string]any) map[string]any {
	sent := object(body, "configuration")
	shown := copyMap(sent)
	shown["tracking_columns"] = nil
	if columns := list(body, "tracking_columns"); len(columns) > 0 {
		shown["tracking_columns"] = columns
	}
	if conn == nil {
		return shown
	}
	src := c.s.services.of(text(conn.Body, "type")).Source
	if src == nil {
		return shown
	}
	at, _, _ := src.narrow(sent)
	for _, k := range src.Keys {
		value := scalar(sent[k.Key])
		switch {
		case k.Picker && value == "":
			shown[k.Key] = map[string]any{}
		case k.Picker:
			label := text(object(sent, k.Key), "label")
			if len(at) > 0 && at[0].Labels[k.Key] != "" {
				label = at[0].Labels[k.Key]
			}
			shown[k.Key] = map[string]any{"value": value, "label": label}
		case value == "":
			shown[k.Key] = ""
		}
	}
	return shown
}

func (s *Server) sourceRoutes() {
	s.handle("GET /api/connections/{id}/modelsync/source", getSource)
	s.handle("GET /api/connections/{id}/modelsync/source/fields", getSourceFields)
	s.handle("GET /api/connections/{id}/modelsync/enrichment-source", getEnrichmentSource)
	s.handle("POST /api/enrichment/{connection_id}/inputfields", getEnrichmentInputs)
}

// params are the parameters params[key]=value of the query, as a model's configuration.
func (c *call) params(conn *record) (map[string]any, error) {
	out := map[string]any{}
	if src := c.s.services.of(text(conn.Body, "type")).Source; src != nil && c.s.opts.Switches.RefusePickerParams {
		for _, k := range src.Keys {
			if k.Picker && c.query.Has("params["+k.Key+"]") {
				return nil, badRequest("params[%s]: want an object", k.Key)
			}
		}
	}
	for name, values := range c.query {
		if key, ok := strings.CutPrefix(name, "params["); ok && strings.HasSuffix(key, "]") && len(values) > 0 {
			out[strings.TrimSuffix(key, "]")] = values[0]
		}
	}
	return out, nil
}

// getSource lists what a model's configuration may say, narrowed by what it says already.
func getSource(c *call) (*answer, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	if err := c.usable(conn); err != nil {
		return nil, err
	}
	sv, err := c.service(conn)
	if err != nil {
		return nil, err
	}
	src := sv.Source
	items := map[string]any{}
	if src == nil {
		return data(map[string]any{"items": nil, "configuration": map[string]any{}, "requires_one_of": nil}), nil
	}
	params, err := c.params(conn)
	if err != nil {
		return nil, err
	}
	for _, k := range src.Keys {
		if k.Free {
			items[k.Key] = map[string]any{"has_items": false, "items": nil, "requires_one_of": nil}
			continue
		}
		// What stands at this key now must not narrow its own choice.
		others := copyMap(params)
		delete(others, k.Key)
		objects, _, err := (&source{Keys: src.Keys, Objects: src.Objects}).narrow(others)
		if err != nil {
			return nil, err
		}
		choice, seen := []any{}, map[string]bool{}
		for _, o := range objects {
			if len(o.Keys[k.Key]) == 0 || seen[o.Keys[k.Key][0]] {
				continue
			}
			value := o.Keys[k.Key][0]
			seen[value] = true
			if k.Picker {
				choice = append(choice, map[string]any{"value": value, "label": o.Labels[k.Key]})
			} else {
				choice = append(choice, value)
			}
		}
		items[k.Key] = map[string]any{"has_items": true, "items": choice, "requires_one_of": nil}
	}
	var requires any
	if len(src.RequiresOneOf) > 0 {
		requires = anys(src.RequiresOneOf)
	}
	return data(map[string]any{"items": items, "configuration": map[string]any{}, "requires_one_of": requires}), nil
}

// getSourceFields lists the fields that a model with this configuration would have; none
// where any may exist, for whoever checks against the list would find too few.
func getSourceFields(c *call) (*answer, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	params, err := c.params(conn)
	if err != nil {
		return nil, err
	}
	at, err := c.lookup(conn, params)
	if err != nil {
		return nil, err
	}
	items := []any{}
	if !at.open {
		for _, f := range at.fields {
			items = append(items, fieldView(conn, f, false))
		}
	}
	return data(c.listed(items)), nil
}

// enrichment returns the connection in the path and how it enriches.
func (c *call) enrichment(wildcard string) (*record, *enrichment, error) {
	conn, err := c.find(kindConnection, wildcard, "connection")
	if err != nil {
		return nil, nil, err
	}
	e := c.s.services.of(text(conn.Body, "type")).Enrichment
	if e == nil {
		return nil, nil, &problem{status: http.StatusNotFound, key: "not_found", message: "this connection does not enrich"}
	}
	return conn, e, nil
}

func getEnrichmentSource(c *call) (*answer, error) {
	_, e, err := c.enrichment("id")
	if err != nil {
		return nil, err
	}
	return data(map[string]any{
		"items":           map[string]any{e.Key: map[string]any{"has_items": true, "items": anys(e.Objects), "requires_one_of": nil}},
		"configuration":   map[string]any{},
		"requires_one_of": nil,
	}), nil
}

// getEnrichmentInputs lists the sets of inputs of which one must be mapped.
func getEnrichmentInputs(c *call) (*answer, error) {
	_, e, err := c.enrichment("connection_id")
	if err != nil {
		return nil, err
	}
	in := read(c.body)
	of := scalar(in.object("configuration")[e.Key])
	if *in.err != nil {
		return nil, *in.err
	}
	if of != "" && !oneOf(of, e.Objects) {
		return nil, notFound(e.Key)
	}
	sets := []any{}
	for _, set := range e.Inputs {
		sets = append(sets, anys(set))
	}
	return data(sets), nil
}
