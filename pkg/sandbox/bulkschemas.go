package sandbox

import (
	"net/http"
	"slices"
)

func (s *Server) bulkSchemaRoutes() {
	const path = "/api/bulk/syncs/{id}/schemas"
	s.handle("GET "+path, listBulkSchemas)
	s.handle("PATCH "+path, patchBulkSchemas)
	s.handle("GET "+path+"/{schema_id}", getBulkSchema)
	s.handle("PUT "+path+"/{schema_id}", updateBulkSchema)
	s.handle("POST "+path+"/{schema_id}/cancel", cancelBulkSchema)
}

// bulkSchema returns the bulk sync in the path and what is chosen of the schema there.
func (c *call) bulkSchema() (*record, map[string]any, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, nil, err
	}
	for _, choice := range c.choices(r) {
		if text(choice, "id") == c.path("schema_id") {
			return r, choice, nil
		}
	}
	return nil, nil, notFound("schema")
}

// listBulkSchemas shows neither fields nor filters. [API dossier 4]
func listBulkSchemas(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	enabled, byEnabled, err := c.boolQuery("filters[enabled]")
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, choice := range c.choices(r) {
		if !byEnabled || flag(choice, "enabled") == enabled {
			items = append(items, c.bulkSchemaLight(r, choice))
		}
	}
	return data(c.listed(items)), nil
}

func getBulkSchema(c *call) (*answer, error) {
	r, choice, err := c.bulkSchema()
	if err != nil {
		return nil, err
	}
	return data(c.bulkSchemaView(r, choice)), nil
}

// patchBulkSchemas replaces what is chosen of the schemas it lists and leaves alone the
// others. One that is listed without fields has all of them enabled.
func patchBulkSchemas(c *call) (*answer, error) {
	old, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	in := c.readInto(old)
	var changed []map[string]any
	in.each("schemas", func(s *reader) { changed = append(changed, readBulkSchema(s.required("id"), s.each, "obfuscated")) })
	if *in.err != nil {
		return nil, *in.err
	}
	r, err := c.chooseAgain(old, changed)
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, choice := range c.choices(r) {
		items = append(items, c.bulkSchemaLight(r, choice))
	}
	return data(c.listed(items)), nil
}

// updateBulkSchema is a full replacement of what is chosen of one schema.
func updateBulkSchema(c *call) (*answer, error) {
	old, choice, err := c.bulkSchema()
	if err != nil {
		return nil, err
	}
	in := c.readInto(old)
	changed := readBulkSchema(in, in.each, "obfuscated")
	if *in.err != nil {
		return nil, *in.err
	}
	changed["id"] = choice["id"]
	r, err := c.chooseAgain(old, []map[string]any{changed})
	if err != nil {
		return nil, err
	}
	return data(c.bulkSchemaView(r, changed)), nil
}

// chooseAgain stages the bulk sync with these choices instead of those for the same schemas.
// That is no change of the bulk sync itself: who changed it last stays.
func (c *call) chooseAgain(old *record, changed []map[string]any) (*record, error) {
	source := c.get(kindConnection, text(old.Body, "source_connection_id"))
	known, open := c.bulkObjects(source)
	all := c.choices(old)
	for _, choice := range changed {
		id := text(choice, "id")
		if i := slices.IndexFunc(known, func(o sourceObject) bool { return o.ID == id }); i >= 0 {
			if err := settleSchema(source, &known[i], choice); err != nil {
				return nil, declared(http.StatusBadRequest, err)
			}
		}
		n := slices.IndexFunc(all, func(s map[string]any) bool { return text(s, "id") == id })
		switch {
		case n >= 0:
			all[n] = choice
		case open:
			all = append(all, choice)
		default:
			return nil, badRequest("schemas: the source has no schema %q", id)
		}
	}
	r := old.clone()
	stored := []any{}
	for _, choice := range all {
		stored = append(stored, choice)
	}
	r.Body["schemas"] = stored
	c.change.put(r)
	return r, nil
}

// bulkSchemaLight is what a list shows of a schema.
func (c *call) bulkSchemaLight(r *record, choice map[string]any) map[string]any {
	view := c.bulkSchemaView(r, choice)
	delete(view, "fields")
	delete(view, "filters")
	return view
}

func (c *call) bulkSchemaView(r *record, choice map[string]any) map[string]any {
	id := text(choice, "id")
	name, fieldNames := id, map[string]string{}
	source := c.get(kindConnection, text(r.Body, "source_connection_id"))
	known, _ := c.bulkObjects(source)
	for i := range known {
		if known[i].ID == id {
			name = known[i].Name
			fieldNames, _ = bulkFields(source, &known[i])
		}
	}
	fields := []any{}
	for _, f := range objects(choice, "fields") {
		fieldName := fieldNames[text(f, "id")]
		if fieldName == "" {
			fieldName = text(f, "id")
		}
		own := text(f, "user_output_name")
		fields = append(fields, withRest(map[string]any{
			"id": f["id"], "enabled": f["enabled"], "obfuscated": f["obfuscate"],
			"output_name": outputName(r, own, fieldName), "user_output_name": own,
		}, f))
	}
	view := copyMap(choice)
	view["fields"], view["filters"] = fields, orEmpty(list(choice, "filters"))
	view["output_name"] = outputName(r, text(choice, "user_output_name"), name)
	return view
}

// cancelBulkSchema takes a schema out of the execution that runs.
func cancelBulkSchema(c *call) (*answer, error) {
	r, choice, err := c.bulkSchema()
	if err != nil {
		return nil, err
	}
	e := c.runningBulk(r)
	if e == nil {
		return data(map[string]any{"message": "nothing to cancel"}), nil
	}
	if id := text(choice, "id"); oneOf(id, words(e.Body, "schemas")) && !oneOf(id, words(e.State, "canceled_schemas")) {
		e = c.update(e)
		e.State["canceled_schemas"] = anys(append(words(e.State, "canceled_schemas"), id))
		c.change.put(e)
	}
	return data(map[string]any{"message": "canceling"}), nil
}
