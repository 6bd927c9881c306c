package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// Executions of bulk syncs pass time as those of syncs do; see executions.go. Their Body
// holds what they were started with.

var fetchModes = []string{"none", "incremental", "full"}

func (s *Server) bulkExecutionRoutes() {
	const path = "/api/bulk/syncs/{id}"
	s.handle("POST "+path+"/executions", startBulkSync)
	s.handle("GET "+path+"/executions", listBulkExecutions)
	s.handle("GET "+path+"/executions/{execution_id}", getBulkExecution)
	s.handle("POST "+path+"/executions/{execution_id}/cancel", cancelBulkExecution)
	s.handle("POST "+path+"/cancel", cancelBulkSync)
	s.bulkStatusRoutes()
	s.bulkLogRoutes()
}

// startBulkSync also starts what is not active.
func startBulkSync(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	in := read(c.body)
	only, resync, mode := in.words("schemas"), in.flag("resync"), in.enum("resync_mode", resyncModes)
	fetch, test := in.enum("fetch_mode", fetchModes), in.flag("test")
	if in.has("resync") && c.version == Version2025 {
		in.fail("resync", "is not known; use resync_mode")
	}
	if resync && mode == "" {
		mode = "rebuild"
	}
	if test && mode != "" {
		in.fail("test", "excludes a resync")
	}
	if *in.err != nil {
		return nil, *in.err
	}
	schemas := []string{}
	for _, choice := range c.choices(r) {
		if id := text(choice, "id"); flag(choice, "enabled") && (len(only) == 0 || oneOf(id, only)) {
			schemas = append(schemas, id)
		}
	}
	for _, id := range only {
		if !oneOf(id, schemas) {
			return nil, badRequest("schemas: the bulk sync has no enabled schema %q", id)
		}
	}
	if c.runningBulk(r) != nil {
		return nil, conflict("the bulk sync is running already")
	}
	e := c.create(kindBulkExecution)
	e.Parent = r.ID
	e.Body = map[string]any{
		"type": "manual", "schemas": anys(schemas), "partial": len(only) > 0, "resync_mode": mode, "fetch_mode": fetch, "test": test,
	}
	for _, side := range []string{"source_connection_id", "destination_connection_id"} {
		if conn := c.get(kindConnection, text(r.Body, side)); conn == nil || c.usable(conn) != nil {
			e.State["error"] = "a connection of this bulk sync cannot be used"
		}
	}
	c.change.put(e)
	view := c.bulkExecutionView(r, e)
	view["status"] = "created"
	return data(view), nil
}

// runningBulk returns the bulk sync's execution that has not ended, or nil.
func (c *call) runningBulk(r *record) *record {
	for _, e := range c.s.store.children(kindBulkExecution, r.ID) {
		if status, _ := c.progress(e); !terminal(status) {
			return e
		}
	}
	return nil
}

// changed is when an execution last changed.
func (c *call) changed(e *record) time.Time {
	if _, ended := c.progress(e); !ended.IsZero() {
		return ended
	}
	return e.Updated
}

func (c *call) bulkExecutionView(r, e *record) map[string]any {
	status, ended := c.progress(e)
	mode, fetch, disposition := text(e.Body, "resync_mode"), text(e.Body, "fetch_mode"), "retain"
	if fetch == "" {
		fetch = "incremental"
	}
	switch mode {
	case "refetch":
		fetch = "full"
	case "resync":
		fetch, disposition = "full", "truncate"
	case "rebuild":
		fetch, disposition = "full", "rebuild"
	}
	schemas, records := []any{}, 0
	for _, id := range words(e.Body, "schemas") {
		view := c.schemaExecutionView(r, e, id)
		records += view["record_count"].(int)
		schemas = append(schemas, view)
	}
	return map[string]any{
		"id": e.ID, "type": e.Body["type"], "status": status, "status_message": text(e.State, "error"),
		"fetch_mode": fetch, "output_disposition": disposition,
		"is_partial": flag(e.Body, "partial"), "is_resync": mode != "", "is_test": flag(e.Body, "test"),
		"record_count": records, "error_count": 0, "warning_count": 0, "schemas": schemas,
		"created_at": stamp(e.Created), "started_at": stamp(e.Created), "completed_at": stampOrNull(ended), "updated_at": stamp(c.changed(e)),
	}
}

// schemaExecutionView is how one schema of an execution stands.
func (c *call) schemaExecutionView(r, e *record, id string) map[string]any {
	status, ended := c.progress(e)
	switch {
	case oneOf(id, words(e.State, "canceled_schemas")):
		status = "canceled"
	case status == "canceling":
		status = "running" // schemas know no canceling
	}
	records := 0
	if status == "completed" {
		records = 1
	}
	name := id
	for _, choice := range c.choices(r) {
		if text(choice, "id") == id {
			name = text(c.bulkSchemaView(r, choice), "output_name")
		}
	}
	return map[string]any{
		"schema": id, "output_name": name, "status": status, "status_message": text(e.State, "error"),
		"record_count": records, "error_count": 0, "warning_count": 0,
		"created_at": stamp(e.Created), "started_at": stamp(e.Created), "completed_at": stampOrNull(ended), "updated_at": stamp(c.changed(e)),
	}
}

// listBulkExecutions lists the newest first; those that have ended by their last change.
func listBulkExecutions(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	terminated, _, err := c.boolQuery("only_terminal")
	if err != nil {
		return nil, err
	}
	ascending, _, err := c.boolQuery("ascending")
	if err != nil {
		return nil, err
	}
	size := 100
	if asked := c.query.Get("limit"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 || n > 100 {
			return nil, badRequest("limit: want a number from 1 to 100")
		}
		size = n
	}
	all := c.s.store.children(kindBulkExecution, r.ID)
	if terminated {
		all = slices.DeleteFunc(all, func(e *record) bool {
			status, _ := c.progress(e)
			return !terminal(status)
		})
		slices.SortStableFunc(all, func(a, b *record) int { return c.changed(a).Compare(c.changed(b)) })
	}
	if !ascending {
		slices.Reverse(all)
	}
	from := 0
	if token := c.query.Get("page_token"); token != "" {
		if from = 1 + slices.IndexFunc(all, func(e *record) bool { return e.ID == token }); from == 0 {
			return nil, notFound("page")
		}
	}
	to := min(len(all), from+size)
	items, next := []any{}, ""
	for _, e := range all[from:to] {
		items = append(items, c.bulkExecutionView(r, e))
	}
	if to < len(all) {
		next = all[to-1].ID
	}
	return c.pageAnswer(items, next), nil
}

// bulkExecution returns the bulk sync and the execution in the path.
func (c *call) bulkExecution() (r, e *record, err error) {
	if r, err = c.findBulkSync(); err != nil {
		return nil, nil, err
	}
	if e, err = c.find(kindBulkExecution, "execution_id", "execution"); err == nil && e.Parent != r.ID {
		err = notFound("execution")
	}
	return r, e, err
}

func getBulkExecution(c *call) (*answer, error) {
	r, e, err := c.bulkExecution()
	if err != nil {
		return nil, err
	}
	return data(c.bulkExecutionView(r, e)), nil
}

func cancelBulkExecution(c *call) (*answer, error) {
	_, e, err := c.bulkExecution()
	if err != nil {
		return nil, err
	}
	return c.cancelled(e), nil
}

func cancelBulkSync(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	return c.cancelled(c.runningBulk(r)), nil
}

// cancelled asks an execution to end, which goes on for a while. There may be none.
func (c *call) cancelled(e *record) *answer {
	if e == nil {
		return data(map[string]any{"message": "nothing to cancel"})
	}
	if status, _ := c.progress(e); terminal(status) {
		return data(map[string]any{"message": "nothing to cancel"})
	}
	if when(e.State, "canceled").IsZero() {
		c.cancel(e)
	}
	return data(map[string]any{"message": "canceling"})
}
