package sandbox

import "time"

func (s *Server) bulkStatusRoutes() {
	s.handle("GET /api/bulk/syncs/{id}/status", getBulkStatus)
	s.handle("GET /api/bulk/syncs/status", listBulkStatus)
}

// nextRun is when a bulk sync will start by itself, or nil. The sandbox knows that only of
// what runs again and again.
func (c *call) nextRun(r *record) any {
	schedules := c.schedulesOf(r)
	if flag(r.Body, "active") && len(schedules) > 0 && schedules[0].Body["frequency"] == "continuous" {
		return stamp(c.now.Add(5 * time.Minute))
	}
	return nil
}

// latest are the execution of the bulk sync that runs and the last that has ended; nil
// where there is none.
func (c *call) latest(r *record) (current, last *record) {
	for _, e := range c.s.store.children(kindBulkExecution, r.ID) {
		if status, _ := c.progress(e); terminal(status) {
			last = e
		} else {
			current = e
		}
	}
	return current, last
}

func getBulkStatus(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	status := map[string]any{
		"next_execution_time": c.nextRun(r),
		"ingestion_status": map[string]any{
			"enabled": false, "is_running": false, "status": "ok", "status_message": "",
			"highwater_mark": "", "position": "", "position_time": nil, "updated_at": stamp(r.Updated),
		},
	}
	current, last := c.latest(r)
	if current != nil {
		status["current_execution"] = c.bulkExecutionView(r, current)
	}
	if last != nil {
		status["last_execution"] = c.bulkExecutionView(r, last)
	}
	return data(status), nil
}

// listBulkStatus answers how the bulk syncs stand that sync_id names, or all of them, or
// all active ones.
func listBulkStatus(c *call) (*answer, error) {
	all, _, err := c.boolQuery("all")
	if err != nil {
		return nil, err
	}
	active, byActive, err := c.boolQuery("active")
	if err != nil {
		return nil, err
	}
	var chosen []*record
	if all || byActive {
		for _, r := range c.list(kindBulkSync) {
			if all || flag(r.Body, "active") == active {
				chosen = append(chosen, r)
			}
		}
	} else {
		for _, id := range c.query["sync_id"] {
			r := c.get(kindBulkSync, id)
			if r == nil {
				return nil, notFound("bulk sync")
			}
			chosen = append(chosen, r)
		}
	}
	items := []any{}
	for _, r := range chosen {
		view := map[string]any{"sync_id": r.ID, "nextExecutionTime": c.nextRun(r), "schemas": []any{}}
		e, last := c.latest(r)
		if e == nil {
			e = last
		}
		if e != nil {
			schemas := []any{}
			for _, id := range words(e.Body, "schemas") {
				one := c.schemaExecutionView(r, e, id)
				one["execution_id"] = e.ID
				for _, name := range []string{"output_name", "created_at", "updated_at"} {
					delete(one, name)
				}
				schemas = append(schemas, one)
			}
			view["status"], _ = c.progress(e)
			view["schemas"] = schemas
		}
		items = append(items, view)
	}
	return data(c.listed(items)), nil
}
