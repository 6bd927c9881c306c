package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// An execution is stored once, when it is started, and once more when somebody cancels
// it or sets its status. How far it has got follows from the clock: it runs at once,
// and has completed when Options.Pace has passed.

func (s *Server) executionRoutes() {
	s.handle("POST /api/syncs/{id}/executions", startSync)
	s.handle("POST /api/syncs/{id}/cancel", cancelSync)
	s.handle("GET /api/syncs/{id}/status", getSyncStatus)
	s.handle("GET /api/syncs/{id}/executions", listExecutions)
	s.handle("GET /api/syncs/{id}/executions/{execution_id}", getExecution)
	s.handle("PUT /api/syncs/{id}/executions/{execution_id}", setExecution)
	s.handle("POST /api/syncs/{id}/executions/{execution_id}/cancel", cancelExecution)
	s.handle("GET /api/syncs/{id}/executions/{execution_id}/{type}", listExecutionLogs)
	s.handle("GET /api/syncs/{id}/executions/{execution_id}/{type}/{filename}", getExecutionLog)
	s.mux.HandleFunc("GET "+logPath+"{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Write([]byte(logFileText))
	})
}

const (
	logPath     = "/sandbox/logs/"
	logFileText = "id,email\n1,ada@example.com\n"
)

var executionStatuses = []string{
	"created", "scheduled", "queued", "waiting", "running", "processing", "canceling", "canceled", "completed", "failed", "interrupted",
}

var executionLogs = []string{"records", "errors", "warnings", "inserts", "updates", "deletes"}

func startSync(c *call) (*answer, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	in := read(c.body)
	in.words("identities")
	in.flag("resync")
	in.flag("test")
	if *in.err != nil {
		return nil, *in.err
	}
	if !flag(r.Body, "active") {
		return nil, conflict("the sync is not active")
	}
	if c.running(r) != nil {
		return nil, conflict("the sync is running already")
	}
	e := c.create(kindExecution)
	e.Parent = r.ID
	e.Body["type"] = "manual"
	for _, id := range modelIDs(r.Body) {
		if c.get(kindModel, id) == nil {
			e.State["error"] = "a model of this sync no longer exists"
		}
	}
	c.change.put(e)
	return data(map[string]any{"id": e.ID, "status": "created", "created_at": stamp(e.Created)}), nil
}

// progress is how far an execution has got, and when it ended.
func (c *call) progress(e *record) (status string, ended time.Time) {
	if set := text(e.State, "status"); set != "" {
		if terminal(set) {
			return set, when(e.State, "set")
		}
		return set, time.Time{}
	}
	end := e.Created.Add(c.s.opts.Pace)
	if cancelled := when(e.State, "canceled"); !cancelled.IsZero() {
		if end = cancelled.Add(c.s.opts.Pace / 2); c.now.Before(end) {
			return "canceling", time.Time{}
		}
		return "canceled", end
	}
	switch {
	case text(e.State, "error") != "":
		return "failed", e.Created
	case c.now.Before(end):
		return "running", time.Time{}
	}
	return "completed", end
}

func terminal(status string) bool {
	return oneOf(status, []string{"canceled", "completed", "failed", "interrupted"})
}

// running returns the sync's execution that has not ended, or nil.
func (c *call) running(sy *record) *record {
	for _, e := range c.s.store.children(kindExecution, sy.ID) {
		if status, _ := c.progress(e); !terminal(status) {
			return e
		}
	}
	return nil
}

func (c *call) executionView(e *record) map[string]any {
	status, ended := c.progress(e)
	counts, errors := map[string]any{}, []any{}
	done := 0
	if status == "completed" {
		done = 1
	}
	for name, n := range map[string]int{"total": done, "insert": 0, "update": 0, "upserts": done, "delete": 0, "error": 0, "warnings": 0} {
		counts[name] = n
	}
	if why := text(e.State, "error"); why != "" {
		errors = append(errors, why)
		counts["error"] = 1
	}
	return map[string]any{
		"id": e.ID, "type": e.Body["type"], "status": status, "counts": counts, "errors": errors,
		"created_at": stamp(e.Created), "started_at": stamp(e.Created), "completed_at": stampOrNull(ended),
	}
}

func (c *call) cancel(e *record) {
	e = c.update(e)
	delete(e.State, "status")
	e.State["canceled"] = stamp(c.now)
	c.change.put(e)
}

func cancelSync(c *call) (*answer, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	e := c.running(r)
	if e == nil {
		return data(map[string]any{"message": "nothing to cancel"}), nil
	}
	if when(e.State, "canceled").IsZero() {
		c.cancel(e)
	}
	return data(map[string]any{"message": "canceling"}), nil
}

func getSyncStatus(c *call) (*answer, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	status := map[string]any{"next_execution_time": nil}
	if frequency := text(object(r.Body, "schedule"), "frequency"); flag(r.Body, "active") && frequency == "continuous" {
		status["next_execution_time"] = stamp(c.now.Add(5 * time.Minute))
	}
	for _, e := range c.s.store.children(kindExecution, r.ID) {
		if s, _ := c.progress(e); terminal(s) {
			status["last_execution"] = c.executionView(e)
		} else {
			status["current_execution"] = c.executionView(e)
		}
	}
	return data(status), nil
}

func listExecutions(c *call) (*answer, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	completed, _, err := c.boolQuery("only_completed")
	if err != nil {
		return nil, err
	}
	ascending, _, err := c.boolQuery("ascending")
	if err != nil {
		return nil, err
	}
	all := c.s.store.children(kindExecution, r.ID)
	all = slices.DeleteFunc(all, func(e *record) bool {
		status, _ := c.progress(e)
		return completed && status != "completed"
	})
	if !ascending {
		slices.Reverse(all)
	}
	from := 0
	if token := c.query.Get("page_token"); token != "" {
		if from = 1 + slices.IndexFunc(all, func(e *record) bool { return e.ID == token }); from == 0 {
			return nil, notFound("page")
		}
	}
	to := min(len(all), from+c.s.opts.Switches.PageSize)
	items, next := []any{}, ""
	for _, e := range all[from:to] {
		items = append(items, c.executionView(e))
	}
	if to < len(all) {
		next = all[to-1].ID
	}
	return c.pageAnswer(items, next), nil
}

// execution returns the execution in the path.
func (c *call) execution() (*record, error) {
	r, err := c.find(kindSync, "id", "sync")
	if err != nil {
		return nil, err
	}
	e, err := c.find(kindExecution, "execution_id", "execution")
	if err == nil && e.Parent != r.ID {
		err = notFound("execution")
	}
	return e, err
}

func getExecution(c *call) (*answer, error) {
	e, err := c.execution()
	if err != nil {
		return nil, err
	}
	return data(c.executionView(e)), nil
}

// setExecution sets the status of a stalled execution. 2025-09-18 has dropped it.
func setExecution(c *call) (*answer, error) {
	if c.version == Version2025 {
		return nil, notFound("path")
	}
	e, err := c.execution()
	if err != nil {
		return nil, err
	}
	in := read(c.body).required("status")
	status := in.enum("status", executionStatuses)
	if *in.err != nil {
		return nil, *in.err
	}
	e = c.update(e)
	e.State["status"], e.State["set"] = status, stamp(c.now)
	c.change.put(e)
	return data(c.executionView(e)), nil
}

// cancelExecution came with 2025-09-18.
func cancelExecution(c *call) (*answer, error) {
	if c.version == Version2024 {
		return nil, notFound("path")
	}
	e, err := c.execution()
	if err != nil {
		return nil, err
	}
	if status, _ := c.progress(e); !terminal(status) && status != "canceling" {
		c.cancel(e)
	}
	return data(map[string]any{"message": "canceling"}), nil
}

// listExecutionLogs answers signed addresses, which need no key.
func listExecutionLogs(c *call) (*answer, error) {
	e, err := c.execution()
	if err != nil {
		return nil, err
	}
	typ := c.path("type")
	if !oneOf(typ, executionLogs) {
		return nil, badRequest("type: %q is none of %q", typ, executionLogs)
	}
	urls := []any{}
	if status, _ := c.progress(e); terminal(status) {
		urls = append(urls, c.base+logPath+typ+"-"+e.ID+".csv")
	}
	return data(map[string]any{"urls": urls, "expires": stamp(c.now.Add(5 * time.Minute))}), nil
}

func getExecutionLog(c *call) (*answer, error) {
	e, err := c.execution()
	if err != nil {
		return nil, err
	}
	typ, name := c.path("type"), c.path("filename")
	if !oneOf(typ, executionLogs) {
		return nil, badRequest("type: %q is none of %q", typ, executionLogs)
	}
	if name != typ+"-"+e.ID+".csv" {
		return nil, notFound("log file")
	}
	return data(map[string]any{"url": c.base + logPath + name, "expires": stamp(c.now.Add(5 * time.Minute))}), nil
}
