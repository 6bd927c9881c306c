package sandbox

import "net/http"

// syncModes are those that the API knows; a target supports some of them.
var syncModes = []string{"create", "update", "updateOrCreate", "replace", "append", "remove", "snapshot"}

func (s *Server) syncRoutes() {
	s.handle("GET /api/syncs", listSyncs)
	s.handle("POST /api/syncs", createSync)
	s.handle("GET /api/syncs/{id}", getSync)
	s.handle("PUT /api/syncs/{id}", updateSync)
	s.handle("DELETE /api/syncs/{id}", deleteSync)
	s.handle("POST /api/syncs/{id}/activate", activateSync)
	s.handle("GET /api/syncs/schedules", listSchedules)
	s.executionRoutes()
	s.targetRoutes()
}

func listSyncs(c *call) (*answer, error) {
	active, byActive, err := c.boolQuery("active")
	if err != nil {
		return nil, err
	}
	mode, target := c.query.Get("mode"), c.query.Get("target_connection_id")
	if mode != "" && !oneOf(mode, syncModes) {
		return nil, badRequest("mode: %q is none of %q", mode, syncModes)
	}
	if target != "" && !isUUID(target) {
		return nil, badRequest("target_connection_id: want a UUID")
	}
	var matching []*record
	for _, r := range c.list(kindSync) {
		if byActive && flag(r.Body, "active") != active ||
			mode != "" && text(r.Body, "mode") != mode ||
			target != "" && text(object(r.Body, "target"), "connection_id") != target {
			continue
		}
		matching = append(matching, r)
	}
	paging := c.s.opts.Switches.ListPaging
	if c.version == Version2025 {
		paging = "" // declared there, so beyond doubt
	}
	records, next, err := c.page(matching, paging)
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, r := range records {
		view := c.syncView(r)
		if c.version == Version2025 {
			view = lightSync(view)
		}
		items = append(items, view)
	}
	return c.pageAnswer(items, next), nil
}

// lightSync is a sync in a list of 2025-09-18.
func lightSync(view map[string]any) map[string]any {
	light := map[string]any{}
	for _, name := range []string{
		"active", "created_at", "created_by", "id", "mode", "model_ids", "name", "only_enrich_updates", "organization_id",
		"schedule", "skip_initial_backfill", "sync_all_records", "updated_at", "updated_by",
	} {
		light[name] = view[name]
	}
	light["target_connection_id"] = object(view, "target")["connection_id"]
	light["target_object"] = object(view, "target")["object"]
	return light
}

func getSync(c *call) (*answer, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	return data(c.syncView(r)), nil
}

func createSync(c *call) (*answer, error) {
	r := c.create(kindSync)
	if err := c.writeSync(r); err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(c.syncView(r)), nil
}

func updateSync(c *call) (*answer, error) {
	old, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	r, err := c.replaceSync(old)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(c.syncView(r)), nil
}

// replaceSync returns the sync as the call's body makes it.
func (c *call) replaceSync(old *record) (*record, error) {
	r := c.update(old)
	return r, c.writeSync(r)
}

// deleteSync ends a running execution with the sync.
func deleteSync(c *call) (*answer, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	if c.s.opts.Switches.BusySyncDelete && c.running(r) != nil {
		return nil, conflict("the sync is running")
	}
	c.remove(r)
	return &answer{}, nil
}

func activateSync(c *call) (*answer, error) {
	old, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	in := read(c.body).required("active")
	active := in.flag("active")
	if *in.err != nil {
		return nil, *in.err
	}
	r := c.update(old)
	r.Body["active"] = active
	c.change.put(r)
	return data(map[string]any{"id": r.ID, "active": active}), nil
}

// writeSync checks the body and stores it in r, in a normal form: constants apart from
// mapped fields, the object of a create by its name, filters complete.
func (c *call) writeSync(r *record) error {
	in := c.readInto(r).required("name", "mode", "fields", "target", "schedule")
	name, mode := in.text("name"), in.enum("mode", syncModes)
	policies := in.uuids("policies")
	active := !c.s.opts.Switches.InactiveByDefault
	if in.has("active") {
		active = in.flag("active")
	}
	body := map[string]any{
		"name": name, "mode": mode, "active": active, "policies": anys(policies),
		"filter_logic":          in.text("filter_logic"),
		"sync_all_records":      in.flag("sync_all_records"),
		"only_enrich_updates":   in.flag("only_enrich_updates"),
		"skip_initial_backfill": in.flag("skip_initial_backfill"),
		"encryption_passphrase": in.text("encryption_passphrase"),
	}
	in.rest(body)
	body["fields"], body["override_fields"] = readSyncFields(in)
	body["filters"] = readFilters(in)
	body["overrides"] = readOverrides(in)
	if in.has("identity") {
		body["identity"] = readIdentity(in.in("identity").required("source", "target", "function"))
	}
	body["target"] = readTarget(in.in("target").required("connection_id"))
	body["schedule"] = readSchedule(in.in("schedule").required("frequency"))
	if *in.err != nil {
		return *in.err
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	if err := c.newName(r, name, c.list(kindSync)); err != nil {
		return declared(http.StatusUnprocessableEntity, err)
	}
	if err := c.checkPolicies(r, policies); err != nil {
		return err
	}
	r.Body = body
	into, err := c.checkTarget(r)
	if err != nil {
		return err
	}
	if err := c.checkSyncFields(r, into); err != nil {
		return err
	}
	if err := c.checkFilters(r, into); err != nil {
		return err
	}
	return c.checkSchedule(r)
}

// modelIDs lists the models that a sync uses, each once, in the order of first use.
func modelIDs(body map[string]any) []string {
	var ids []string
	use := func(part map[string]any, member string) {
		if id := text(object(part, member), "model_id"); id != "" && !oneOf(id, ids) {
			ids = append(ids, id)
		}
	}
	use(object(body, "identity"), "source")
	for _, f := range objects(body, "fields") {
		use(f, "source")
	}
	for _, name := range []string{"filters", "overrides"} {
		for _, f := range objects(body, name) {
			use(f, "field")
		}
	}
	return ids
}

// syncView is a sync as GET, POST and PUT answer it.
func (c *call) syncView(r *record) map[string]any {
	view := map[string]any{
		"id": r.ID, "organization_id": r.Org, "policies": r.policies(),
		"fields":    fieldsView(r.Body),
		"target":    c.targetView(r.Body),
		"schedule":  c.scheduleView(object(r.Body, "schedule")),
		"model_ids": anys(modelIDs(r.Body)),
	}
	for _, name := range []string{"name", "mode", "active", "filter_logic", "sync_all_records", "only_enrich_updates", "skip_initial_backfill"} {
		view[name] = r.Body[name]
	}
	if id := object(r.Body, "identity"); id != nil {
		view["identity"] = id
	}
	c.conditions(view, r.Body)
	r.stamps(view)
	return withRest(view, r.Body)
}
