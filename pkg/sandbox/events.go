package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Events are not stored: what there is to tell follows from the executions, and an event's
// id from what it tells. What belongs to a deleted sync is forgotten with it.

// eventLife is how long the service keeps an event.
const eventLife = 48 * time.Hour

// eventTypes are spelt as the service spells them: errors of a sync, but an error of a bulk
// sync.
var eventTypes = []string{
	"sync.running", "sync.failed", "sync.canceled", "sync.completed", "sync.completed_with_errors",
	"bulk_sync.running", "bulk_sync.completed", "bulk_sync.canceled", "bulk_sync.failed", "bulk_sync.completed_with_error",
}

func (s *Server) eventRoutes() {
	s.handle("GET /api/events", listEvents)
	s.handle("GET /api/events_types", func(c *call) (*answer, error) { return data(anys(eventTypes)), nil })
}

// event is something that happened to an execution.
type event struct {
	id, typ string
	at      time.Time
	payload map[string]any
}

// listEvents lists the newest first. It declares no 400.
func listEvents(c *call) (*answer, error) {
	org := c.query.Get("organization_id")
	if org != "" && org != c.org {
		if !c.key.manages() || c.organization(org) == nil {
			return nil, invalid("organization_id: this key belongs to another organization")
		}
		c.org = org
	}
	typ := c.query.Get("type")
	if typ != "" && !oneOf(typ, eventTypes) {
		return nil, invalid("type: %q is none of %q", typ, eventTypes)
	}
	after, err := c.timeQuery("starting_after")
	if err != nil {
		return nil, err
	}
	before, err := c.timeQuery("ending_before")
	if err != nil {
		return nil, err
	}
	limit := 10
	if asked := c.query.Get("limit"); asked != "" {
		if limit, err = strconv.Atoi(asked); err != nil || limit < 1 || limit > 100 {
			return nil, invalid("limit: want a number from 1 to 100")
		}
	}
	items := []any{}
	for _, e := range c.events() {
		if typ != "" && e.typ != typ || !after.IsZero() && !e.at.After(after) || !before.IsZero() && !e.at.Before(before) || len(items) == limit {
			continue
		}
		items = append(items, map[string]any{
			"id": e.id, "type": e.typ, "organization_id": c.org, "created_at": stamp(e.at), "event": e.payload,
		})
	}
	return data(c.listed(items)), nil
}

// timeQuery returns the query parameter, or the zero time.
func (c *call) timeQuery(name string) (time.Time, error) {
	if c.query.Get(name) == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, c.query.Get(name))
	if err != nil {
		return t, invalid("%s: want a time such as 2024-01-15T09:30:00Z", name)
	}
	return t, nil
}

// events are those of the last 48 hours, newest first.
func (c *call) events() []event {
	var all []event
	add := func(e *record, typ string, at time.Time, payload map[string]any) {
		if c.now.Sub(at) < eventLife {
			all = append(all, event{derivedID("event", e.ID, typ), typ, at, payload})
		}
	}
	for _, kind := range []struct{ sync, execution, prefix string }{
		{kindSync, kindExecution, "sync."}, {kindBulkSync, kindBulkExecution, "bulk_sync."},
	} {
		for _, r := range c.list(kind.sync) {
			for _, e := range c.s.store.children(kind.execution, r.ID) {
				payload := eventPayload(r, e)
				add(e, kind.prefix+"running", e.Created, payload)
				if status, ended := c.progress(e); terminal(status) {
					add(e, kind.prefix+eventOf(status), ended, c.endPayload(e, status, payload))
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.id, b.id)) })
	return all
}

// eventOf is the last word of an event's type; an interruption is a failure to events.
func eventOf(status string) string {
	if status == "interrupted" {
		return "failed"
	}
	return status
}

// eventPayload is what every event of an execution tells.
func eventPayload(r, e *record) map[string]any {
	payload := map[string]any{"sync_id": r.ID, "sync_name": r.Body["name"], "execution_id": e.ID, "organization_id": r.Org}
	if r.Kind == kindSync {
		payload["target_connection_id"] = object(r.Body, "target")["connection_id"]
		return payload
	}
	for _, name := range []string{"source_connection_id", "destination_connection_id"} {
		payload[name] = r.Body[name]
	}
	payload["trigger_source"] = e.Body["type"]
	return payload
}

// endPayload is what the event at the end of an execution tells.
func (c *call) endPayload(e *record, status string, payload map[string]any) map[string]any {
	payload = copyMap(payload)
	switch {
	case eventOf(status) == "failed":
		payload["error"] = text(e.State, "error")
	case status == "completed" && e.Kind == kindExecution:
		payload["status"], payload["trigger"] = status, e.Body["type"]
		counts := object(c.executionView(e), "counts")
		for name, count := range map[string]string{
			"record_count": "total", "inserted_count": "insert", "updated_count": "update", "upserted_count": "upserts",
			"error_count": "error", "warning_count": "warnings",
		} {
			payload[name] = counts[count]
		}
		for _, name := range []string{"total_records", "inserted_records", "updated_records", "deleted_records", "errored_records", "warnings"} {
			payload[name] = []any{}
		}
	}
	return payload
}
