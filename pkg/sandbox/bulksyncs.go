package sandbox

import (
	"net/http"
	"slices"
)

// A bulk sync's Body holds, under "schemas", what was chosen of each schema of its source
// when it was last written; see bulkselect.go. Its schedules are records below it; see
// bulkschedules.go.

var (
	discoverModes  = []string{"all", "onlyIncremental", "onlyNonIncremental", "none"}
	normalizeModes = []string{"enabled", "disabled", "legacy"}
)

func (s *Server) bulkSyncRoutes() {
	s.handle("GET /api/bulk/syncs", listBulkSyncs)
	s.handle("POST /api/bulk/syncs", createBulkSync)
	s.handle("GET /api/bulk/syncs/{id}", getBulkSync)
	s.handle("PUT /api/bulk/syncs/{id}", updateBulkSync)
	s.handle("DELETE /api/bulk/syncs/{id}", deleteBulkSync)
	s.handle("POST /api/bulk/syncs/{id}/activate", activateBulkSync)
	s.bulkDiscoveryRoutes()
	s.bulkSchemaRoutes()
	s.bulkScheduleRoutes()
	s.bulkExecutionRoutes()
}

func (c *call) findBulkSync() (*record, error) { return c.find(kindBulkSync, "id", "bulk sync") }

// listBulkSyncs is expressly unpaged in 2024-02-08. [API dossier 1.1]
func listBulkSyncs(c *call) (*answer, error) {
	active, byActive, err := c.boolQuery("active")
	if err != nil {
		return nil, err
	}
	matching := slices.DeleteFunc(c.list(kindBulkSync), func(r *record) bool {
		return byActive && flag(r.Body, "active") != active
	})
	paging := "none"
	if c.version == Version2025 {
		paging = c.s.opts.Switches.ListPaging
	}
	records, next, err := c.page(matching, paging)
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, r := range records {
		items = append(items, c.bulkSyncView(r, c.schedulesOf(r)))
	}
	return c.pageAnswer(items, next), nil
}

func getBulkSync(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	if refresh, _, err := c.boolQuery("refresh_schemas"); err != nil {
		return nil, err
	} else if conn := c.get(kindConnection, text(r.Body, "source_connection_id")); refresh && conn != nil {
		conn = conn.clone()
		conn.State["refreshed"] = stamp(c.now)
		c.change.put(conn)
	}
	return data(c.bulkSyncView(r, c.schedulesOf(r))), nil
}

func createBulkSync(c *call) (*answer, error) {
	r := c.create(kindBulkSync)
	schedules, err := c.writeBulkSync(r, nil, true)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(c.bulkSyncView(r, schedules)), nil
}

// updateBulkSync declares no 422.
func updateBulkSync(c *call) (*answer, error) {
	old, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	r := c.update(old)
	schedules, err := c.writeBulkSync(r, old, false)
	if err != nil {
		return nil, declared(http.StatusBadRequest, err)
	}
	c.change.put(r)
	return data(c.bulkSyncView(r, schedules)), nil
}

// replaceBulkSync returns the bulk sync as the call's body makes it, its schemas
// included: in the app they are part of it.
func (c *call) replaceBulkSync(old *record) (*record, error) {
	r := c.update(old)
	_, err := c.writeBulkSync(r, old, true)
	return r, err
}

// deleteBulkSync ends a running execution with the bulk sync, and its schedules.
func deleteBulkSync(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	c.remove(r)
	return &answer{}, nil
}

// activateBulkSync also cancels what runs when it deactivates, unlike that of a sync.
func activateBulkSync(c *call) (*answer, error) {
	old, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	in := read(c.body).required("active")
	active := in.flag("active")
	if *in.err != nil {
		return nil, *in.err
	}
	if e := c.runningBulk(old); e != nil && !active {
		c.cancel(e)
	}
	r := c.update(old)
	r.Body["active"] = active
	c.change.put(r)
	return data(map[string]any{"id": r.ID, "active": active}), nil
}

// bulkSyncView is a bulk sync as GET, POST and PUT answer it, without its schemas. The two
// versions show the schedules in different forms.
func (c *call) bulkSyncView(r *record, schedules []*record) map[string]any {
	view := map[string]any{"id": r.ID, "organization_id": r.Org, "policies": r.policies()}
	for _, name := range []string{
		"name", "mode", "active", "source_connection_id", "source_configuration", "destination_connection_id",
		"destination_configuration", "automatically_add_new_objects", "automatically_add_new_fields", "normalize_names",
		"disable_record_timestamps", "data_cutoff_timestamp", "concurrency_limit", "resync_concurrency_limit",
	} {
		view[name] = r.Body[name]
	}
	if c.version == Version2025 {
		view["default_schedule"], view["additional_schedules"] = c.schedulesView(schedules)
	} else {
		view["schedule"] = c.multiView(schedules)
		view["discover"] = flag(r.Body, "discover")
	}
	r.stamps(view)
	return withRest(view, r.Body)
}
