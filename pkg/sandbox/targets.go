package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func readTarget(in *reader) map[string]any {
	out := map[string]any{
		"connection_id": in.uuid("connection_id"), "object": in.text("object"),
		"configuration": copyMap(in.object("configuration")), "filter_logic": in.text("filter_logic"),
		"new_name": in.text("new_name"),
	}
	in.rest(out)
	create := in.object("create")
	for _, name := range sortedKeys(create) {
		if _, ok := create[name].(string); !ok {
			in.fail("create."+name, "want a string")
		}
	}
	if len(create) > 0 {
		out["create"] = create
	}
	return out
}

// destination is where a sync writes: an object of a connection.
type destination struct {
	conn   *record
	object *targetObject
	mode   mode
	open   bool // nothing is known of its fields
	made   []string
}

// checkTarget finds the object that the sync's target names, or makes it, and leaves
// its id in the body.
func (c *call) checkTarget(r *record) (*destination, error) {
	t := object(r.Body, "target")
	conn := c.get(kindConnection, text(t, "connection_id"))
	if conn == nil {
		return nil, invalid("target.connection_id: no such connection")
	}
	if err := c.usable(conn); err != nil {
		return nil, invalid("target.connection_id: %s", err.(*problem).message)
	}
	sv, err := c.service(conn)
	if err != nil {
		return nil, declared(http.StatusUnprocessableEntity, err)
	}
	if !sv.can().Destination {
		return nil, invalid("target.connection_id: %s is not a destination", sv.title(text(conn.Body, "type")))
	}
	into := &destination{conn: conn}
	create := object(t, "create")
	if create == nil && text(t, "new_name") != "" {
		create = map[string]any{"name": text(t, "new_name")}
		delete(t, "object") // a stand-in such as __pt_new_target
	}
	delete(t, "create")
	delete(t, "new_name")
	modes := allModes
	if sv.Target != nil {
		modes = sv.Target.Modes
	}
	if create != nil {
		if text(t, "object") != "" {
			return nil, badRequest("target: object and create exclude each other")
		}
		id, err := newObject(sv, create)
		if err != nil {
			return nil, err
		}
		t["object"] = id
		into.made = append(into.made, "") // the object itself
	}
	id := text(t, "object")
	if id == "" {
		return nil, invalid("target.object: is required")
	}
	into.object = &targetObject{ID: id, Name: id}
	known := c.targetObjects(sv, conn)
	if o := slices.IndexFunc(known, func(o targetObject) bool { return o.ID == id }); o >= 0 {
		into.object = &known[o]
		into.open = known[o].Fields == nil
	} else if sv.Target == nil || create != nil {
		into.open = true
	} else {
		return nil, invalid("target.object: %s has no object %q", sv.title(text(conn.Body, "type")), id)
	}
	m := slices.IndexFunc(modes, func(m mode) bool { return m.ID == text(r.Body, "mode") })
	if m < 0 {
		return nil, invalid("mode: %q is not supported by target %q", text(r.Body, "mode"), id)
	}
	into.mode = modes[m]
	return into, nil
}

// newObject is the id that a new target object gets.
func newObject(sv *service, create map[string]any) (string, error) {
	if sv.Target != nil && sv.Target.Creation == nil {
		return "", invalid("target.create: this connection cannot make objects")
	}
	if sv.Target != nil {
		for _, p := range sv.Target.Creation {
			if text(create, p.ID) == "" {
				return "", invalid("target.create.%s: is required", p.ID)
			}
		}
	}
	var parts []string
	for _, name := range sortedKeys(create) {
		parts = append(parts, text(create, name))
	}
	return strings.Join(parts, "."), nil
}

// targetObjects are the objects of a connection: those of its service, and those that
// syncs have made there, with the fields that syncs have made.
func (c *call) targetObjects(sv *service, conn *record) []targetObject {
	var all []targetObject
	if t := sv.Target; t != nil {
		all = slices.Clone(t.Objects)
	}
	made := object(conn.State, "created")
	for _, id := range sortedKeys(made) {
		i := slices.IndexFunc(all, func(o targetObject) bool { return o.ID == id })
		if i < 0 {
			all = append(all, targetObject{ID: id, Name: id, NewField: true})
			continue
		}
		for _, name := range words(made, id) {
			all[i].Fields = append(slices.Clip(all[i].Fields), targetField{ID: name, Name: name, Type: "string", Identity: true, Filterable: true})
		}
	}
	return all
}

// field returns the field of the object, which is made if that is wanted and can be.
func (d *destination) field(where, id string, make bool) (targetField, error) {
	if id == "" {
		return targetField{}, invalid("%s: must not be empty", where)
	}
	if i := slices.IndexFunc(d.object.Fields, func(f targetField) bool { return f.ID == id }); i >= 0 {
		return d.object.Fields[i], nil
	}
	if make && d.object.NewField {
		d.made = append(d.made, id)
	} else if !d.open {
		return targetField{}, invalid("%s: target %q has no field %q", where, d.object.ID, id)
	}
	return targetField{ID: id, Name: id, Type: "string", Identity: true, Filterable: true}, nil
}

// store remembers with the connection what the sync has made.
func (d *destination) store(c *call) {
	if len(d.made) == 0 {
		return
	}
	conn := d.conn.clone()
	made := maps.Clone(object(conn.State, "created"))
	if made == nil {
		made = map[string]any{}
	}
	fields := words(made, d.object.ID)
	for _, name := range d.made {
		if name != "" && !oneOf(name, fields) {
			fields = append(fields, name)
		}
	}
	made[d.object.ID] = anys(fields)
	conn.State["created"] = made
	c.change.put(conn)
}

// targetView is a sync's target as it is answered. [API dossier 14]
func (c *call) targetView(body map[string]any) map[string]any {
	view := copyMap(object(body, "target"))
	id := text(view, "object")
	search := map[string]any{"object": id}
	if conn := c.get(kindConnection, text(view, "connection_id")); conn != nil {
		if t := c.s.services.of(text(conn.Body, "type")).Target; t != nil && t.Search != nil {
			schema, table, _ := strings.Cut(id, ".")
			parts := map[string]string{"schema": schema, "table": table, "object": id}
			search = map[string]any{}
			for key, part := range t.Search {
				search[key] = parts[part]
			}
		}
	}
	view["search_values"] = search
	return view
}

func (s *Server) targetRoutes() {
	s.handle("GET /api/connections/{id}/modelsync/targetobjects", listTargetObjects)
	s.handle("GET /api/connections/{id}/modelsync/targetobjects/properties/{property}", getTargetProperty)
	s.handle("GET /api/connections/{id}/modelsync/target/fields", listTargetFields)
	s.handle("GET /api/connections/{id}/modelsync/target", getTarget)
}

// targetConnection returns the connection in the path, with what it can do as a target.
func (c *call) targetConnection() (*record, *service, error) {
	conn, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, nil, err
	}
	if err := c.usable(conn); err != nil {
		return nil, nil, err
	}
	sv, err := c.service(conn)
	if err != nil {
		return nil, nil, err
	}
	if !sv.can().Destination {
		return nil, nil, badRequest("%s is not a destination", sv.title(text(conn.Body, "type")))
	}
	return conn, sv, nil
}

func (sv *service) modes() []mode {
	if sv.Target == nil {
		return allModes
	}
	return sv.Target.Modes
}

func listTargetObjects(c *call) (*answer, error) {
	conn, sv, err := c.targetConnection()
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, o := range c.targetObjects(sv, conn) {
		modes := []any{}
		for _, m := range sv.modes() {
			modes = append(modes, map[string]any{
				"id": m.ID, "requires_identity": m.RequiresIdentity,
				"supports_per_field_mode": m.FieldMode, "supports_target_filters": m.Filters,
			})
		}
		items = append(items, map[string]any{"id": o.ID, "name": o.Name, "modes": modes})
	}
	creation := map[string]any{"supported": false}
	if sv.Target != nil && sv.Target.Creation != nil {
		properties := []any{}
		for _, p := range sv.Target.Creation {
			properties = append(properties, map[string]any{"id": p.ID, "title": p.Title, "enum": len(p.Values) > 0})
		}
		creation = map[string]any{"supported": true, "properties": properties}
	}
	return &answer{body: map[string]any{"data": c.listed(items), "target_creation": creation}}, nil
}

func getTargetProperty(c *call) (*answer, error) {
	_, sv, err := c.targetConnection()
	if err != nil {
		return nil, err
	}
	if sv.Target != nil {
		for _, p := range sv.Target.Creation {
			if p.ID != c.path("property") {
				continue
			}
			values := []any{}
			for _, v := range p.Values {
				values = append(values, map[string]any{"label": v, "value": v})
			}
			return data(map[string]any{"id": p.ID, "title": p.Title, "enum": len(p.Values) > 0, "values": values}), nil
		}
	}
	return nil, notFound("property")
}

func listTargetFields(c *call) (*answer, error) {
	conn, sv, err := c.targetConnection()
	if err != nil {
		return nil, err
	}
	if err := c.refreshes(); err != nil {
		return nil, err
	}
	id := c.query.Get("target")
	all := c.targetObjects(sv, conn)
	i := slices.IndexFunc(all, func(o targetObject) bool { return o.ID == id })
	if i < 0 {
		return nil, notFound("target object")
	}
	o := all[i]
	fields := []any{}
	for _, f := range o.Fields {
		var functions any
		if f.Identity {
			functions = []any{map[string]any{"id": "Equality", "label": "Equals"}}
		}
		remote := f.Remote
		if remote == "" {
			remote = f.Type
		}
		fields = append(fields, map[string]any{
			"id": f.ID, "name": f.Name, "type": f.Type, "source_type": remote, "description": "", "required": f.Required,
			"createable": !f.ReadOnly, "updateable": !f.ReadOnly, "filterable": f.Filterable, "association": false,
			"encryptable": f.Type == "string", "supports_identity": f.Identity, "identity_functions": functions,
		})
	}
	modes := []any{}
	for _, m := range sv.modes() {
		modes = append(modes, map[string]any{
			"mode": m.ID, "label": m.Label, "description": "", "requires_identity": m.RequiresIdentity,
			"supports_field_sync_mode": m.FieldMode, "supports_target_filters": m.Filters,
		})
	}
	return data(map[string]any{
		"id": o.ID, "name": o.Name, "fields": fields, "modes": modes, "refreshed_at": stamp(c.now),
		"properties": map[string]any{
			"supports_field_creation": o.NewField, "supports_field_encryption": true, "supports_identity_field_creation": o.NewField,
			"supports_target_filters": slices.ContainsFunc(sv.modes(), func(m mode) bool { return m.Filters }),
			"target_creator":          sv.Target != nil && sv.Target.Creation != nil,
		},
	}), nil
}

// getTarget is the older way to list targets; 2025-09-18 has dropped it.
func getTarget(c *call) (*answer, error) {
	if c.version == Version2025 {
		return nil, &problem{status: http.StatusNotFound, key: "not_found", message: "path not found"}
	}
	conn, sv, err := c.targetConnection()
	if err != nil {
		return nil, err
	}
	search := strings.ToLower(c.query.Get("search"))
	items := []any{}
	for _, o := range c.targetObjects(sv, conn) {
		if strings.Contains(strings.ToLower(o.Name), search) {
			items = append(items, o.ID)
		}
	}
	return data(map[string]any{
		"items":           map[string]any{"object": map[string]any{"has_items": true, "items": items, "requires_one_of": nil}},
		"configuration":   map[string]any{},
		"requires_one_of": []any{"object"},
	}), nil
}
