package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// The schema cache of a connection: what its source holds, as bulk syncs see it. What
// users change of a schema is in the connection's State under "schemas":
//
//	{"public.users": {"fields": {"score": {...}}, "keys": {"email": true}}}

func (s *Server) schemaRoutes() {
	s.handle("POST /api/connections/{id}/schemas/refresh", refreshSchemas)
	s.handle("GET /api/connections/{id}/schemas/status", getSchemaStatus)
	s.handle("GET /api/connections/{id}/schemas/{schema_id}", getSchema)
	s.handle("GET /api/connections/{id}/schemas/{schema_id}/records", sampleSchema)
	s.handle("POST /api/connections/{id}/schemas/{schema_id}/fields", putSchemaFields)
	s.handle("PATCH /api/connections/{id}/schemas/{schema_id}/fields/{field_id}", since2025(patchSchemaField))
	s.handle("DELETE /api/connections/{id}/schemas/{schema_id}/fields/{field_id}", deleteSchemaField)
	s.handle("PUT /api/connections/{id}/schemas/{schema_id}/primary_keys", putPrimaryKeys)
	s.handle("DELETE /api/connections/{id}/schemas/{schema_id}/primary_keys", deletePrimaryKeys)
}

// accepted is the empty answer of work that goes on.
func accepted() *answer { return &answer{status: http.StatusAccepted} }

func refreshSchemas(c *call) (*answer, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	if status, _ := c.status(conn); status != "healthy" {
		return nil, badRequest("the connection is not healthy")
	}
	c.s.facts.forget()
	conn = conn.clone() // a refresh is no change of the connection
	conn.State["refreshed"] = stamp(c.now)
	c.change.put(conn)
	ans := accepted()
	ans.header = map[string]string{"Location": c.base + "/api/connections/" + conn.ID + "/schemas/status"}
	return ans, nil
}

// refresh is when the cache was last asked for, and when it was there. A connection that
// nobody has authorised never had one.
func (c *call) refresh(conn *record) (started, finished time.Time) {
	if !flag(conn.State, "authorised") {
		return time.Time{}, time.Time{}
	}
	started = when(conn.State, "refreshed")
	if end := started.Add(c.s.opts.Pace); !c.now.Before(end) {
		finished = end
	}
	return started, finished
}

func getSchemaStatus(c *call) (*answer, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	started, finished := c.refresh(conn)
	status := "fresh"
	if finished.IsZero() {
		status = "refreshing"
	}
	if started.IsZero() {
		status = "unknown"
	}
	return data(map[string]any{
		"cache_status": status, "last_refresh_started": stampOrNull(started), "last_refresh_finished": stampOrNull(finished),
	}), nil
}

// schema returns the connection and the source object that the path names, from the
// cache.
func (c *call) schema() (*record, *sourceObject, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, nil, err
	}
	if started, _ := c.refresh(conn); started.IsZero() {
		return nil, nil, badRequest("the connection is not authorized")
	}
	sv, err := c.service(conn)
	if err != nil {
		return nil, nil, err
	}
	if src := sv.Source; src != nil {
		i := slices.IndexFunc(src.Objects, func(o sourceObject) bool { return o.ID == c.path("schema_id") })
		if i >= 0 {
			return conn, &src.Objects[i], nil
		}
	}
	return nil, nil, notFound("schema")
}

// edits is what users have changed of a schema.
func edits(conn *record, schema string) map[string]any {
	return object(object(conn.State, "schemas"), schema)
}

// edit stages a change of what users have changed of a schema.
func (c *call) edit(conn *record, schema string, member string, value any) {
	conn = conn.clone()
	all := copyMap(object(conn.State, "schemas"))
	one := copyMap(object(all, schema))
	one[member] = value
	all[schema] = one
	conn.State["schemas"] = all
	c.change.put(conn)
}

func getSchema(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	return data(c.schemaView(conn, o)), nil
}

// schemaView is a schema with what users have changed. Whether a primary key was detected
// or set does not show. [API dossier 8.5]
func (c *call) schemaView(conn *record, o *sourceObject) map[string]any {
	changed := edits(conn, o.ID)
	keys := object(changed, "keys")
	fields := []any{}
	add := func(id, name, typ, remote, path string, detected, user bool) {
		if set, ok := keys[id].(bool); ok {
			detected = set
		}
		view := map[string]any{"id": id, "name": name, "type": fieldType(typ), "remote_type": remote, "is_primary_key": detected}
		if c.version == Version2025 {
			view["path"], view["user_managed"] = path, user
		}
		fields = append(fields, view)
	}
	keyed := slices.ContainsFunc(o.Fields, func(f field) bool { return f.Key })
	for _, f := range o.Fields {
		name := f.Label
		if name == "" {
			name = f.Name
		}
		add(f.Name, name, f.Type, f.Remote, "", f.Key || f.Unique && !keyed, false)
		keyed = keyed || f.Unique
	}
	own := object(changed, "fields")
	for _, id := range sortedKeys(own) {
		f := object(own, id)
		name := text(f, "label")
		if c.s.opts.Switches.HideFieldLabels {
			name = id
		}
		add(id, name, text(f, "type"), text(f, "type"), text(f, "path"), false, true)
		withRest(fields[len(fields)-1].(map[string]any), f)
	}
	return map[string]any{"id": o.ID, "name": o.Name, "fields": fields}
}

// fieldType is the type of a schema's field, which knows fewer than models do.
func fieldType(typ string) string {
	if oneOf(typ, []string{"string", "number", "boolean", "datetime", "array", "object", "binary"}) {
		return typ
	}
	return "unknown"
}

func sampleSchema(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	if config, live := c.live(conn); live {
		rows, err := c.rows(&source{Objects: []sourceObject{*o}}, config, nil, sampleRows)
		if err != nil {
			return nil, err
		}
		return data(rows), nil
	}
	row := map[string]any{}
	for _, f := range o.Fields {
		row[f.Name] = f.Example
	}
	return data([]any{row}), nil
}

// hasField reports whether the schema has the field, of the source or a user's.
func hasField(conn *record, o *sourceObject, id string) bool {
	return object(object(edits(conn, o.ID), "fields"), id) != nil ||
		slices.ContainsFunc(o.Fields, func(f field) bool { return f.Name == id })
}

func putSchemaFields(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	own := copyMap(object(edits(conn, o.ID), "fields"))
	in := c.readOver(false)
	in.each("fields", func(f *reader) {
		f.required("field_id", "label", "type")
		id := f.text("field_id")
		if own[id] != nil && f.more == made {
			f.more = kept
		}
		if slices.ContainsFunc(o.Fields, func(f field) bool { return f.Name == id }) {
			f.fail("field_id", "%q is a field of the source", id)
		}
		own[id] = f.rest(map[string]any{"label": f.text("label"), "type": f.text("type"), "path": f.text("path"), "example": f.m["example"]})
	})
	if *in.err != nil {
		return nil, *in.err
	}
	c.edit(conn, o.ID, "fields", own)
	return accepted(), nil
}

// patchSchemaField changes what it names of a user's field.
func patchSchemaField(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	id := c.path("field_id")
	own := copyMap(object(edits(conn, o.ID), "fields"))
	if own[id] == nil {
		if hasField(conn, o, id) {
			return nil, badRequest("field %q is the source's own", id)
		}
		return nil, notFound("field")
	}
	in := read(c.body)
	changed := copyMap(object(own, id))
	for _, name := range []string{"label", "type", "path"} {
		if v := in.text(name); in.has(name) {
			changed[name] = v
		}
	}
	if v, sent := in.m["example"]; sent {
		changed["example"] = v
	}
	if *in.err != nil {
		return nil, *in.err
	}
	own[id] = changed
	c.edit(conn, o.ID, "fields", own)
	return &answer{}, nil
}

func deleteSchemaField(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	id := c.path("field_id")
	own := copyMap(object(edits(conn, o.ID), "fields"))
	if own[id] == nil {
		if hasField(conn, o, id) {
			return nil, badRequest("field %q is the source's own", id)
		}
		return nil, notFound("field")
	}
	delete(own, id)
	c.edit(conn, o.ID, "fields", own)
	return accepted(), nil
}

// putPrimaryKeys replaces all that users have set; an empty list leaves nothing of it.
func putPrimaryKeys(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	in := read(c.body)
	in.each("fields", func(f *reader) {
		f.required("field_id", "is_primary_key")
		id := f.text("field_id")
		if !hasField(conn, o, id) {
			f.fail("field_id", "the schema has no field %q", id)
		}
		keys[id] = f.flag("is_primary_key")
	})
	if *in.err != nil {
		return nil, *in.err
	}
	c.edit(conn, o.ID, "keys", keys)
	return accepted(), nil
}

func deletePrimaryKeys(c *call) (*answer, error) {
	conn, o, err := c.schema()
	if err != nil {
		return nil, err
	}
	c.edit(conn, o.ID, "keys", map[string]any{})
	return accepted(), nil
}
