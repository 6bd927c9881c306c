package sandbox

import (
	"testing"
	"time"
)

func TestEvents(t *testing.T) {
	clk := newClock()
	c := start(t, Options{Clock: clk.now, Pace: time.Minute})
	s := c.seed()
	clk.advance(time.Hour)
	bulk := id(c.post("/api/bulk/syncs", s.bulkBody()))
	run := c.post("/api/syncs/"+s.sync+"/executions", m{})
	clk.advance(10 * time.Minute)
	c.post("/api/bulk/syncs/"+bulk+"/executions", m{})
	c.post("/api/bulk/syncs/"+bulk+"/cancel", nil)
	clk.advance(10 * time.Minute)

	types := func(query string) (all []string) {
		for _, e := range c.items("/api/events" + query) {
			all = append(all, e.(m)["type"].(string))
		}
		return all
	}
	equal(t, "newest first", []string{"bulk_sync.canceled", "bulk_sync.running", "sync.completed", "sync.running"}, types(""))
	equal(t, "by type", []string{"sync.completed"}, types("?type=sync.completed"))
	equal(t, "limit", []string{"bulk_sync.canceled"}, types("?limit=1"))
	equal(t, "after", []string{"bulk_sync.canceled", "bulk_sync.running"}, types("?starting_after=2024-02-08T11:01:00Z"))
	equal(t, "before", []string{"sync.running"}, types("?ending_before=2024-02-08T11:01:00Z"))
	equal(t, "own organization", 4, len(types("?organization_id="+OrganizationID("Sandbox"))))

	done := c.items("/api/events?type=sync.completed")[0].(m)
	equal(t, "event", m{"id": done["id"], "type": "sync.completed", "organization_id": OrganizationID("Sandbox"), "created_at": "2024-02-08T11:01:00Z", "event": m{
		"sync_id": s.sync, "sync_name": "Customer data to HubSpot Sync", "execution_id": run["id"], "organization_id": OrganizationID("Sandbox"),
		"target_connection_id": s.hubspot, "status": "completed", "trigger": "manual",
		"record_count": 1.0, "inserted_count": 0.0, "updated_count": 0.0, "upserted_count": 1.0, "error_count": 0.0, "warning_count": 0.0,
		"total_records": []any{}, "inserted_records": []any{}, "updated_records": []any{}, "deleted_records": []any{}, "errored_records": []any{}, "warnings": []any{},
	}}, done)
	equal(t, "same id again", done, c.items("/api/events?type=sync.completed")[0].(m))
	payload := c.items("/api/events?type=bulk_sync.running")[0].(m)["event"].(m)
	equal(t, "source", s.hubspot, payload["source_connection_id"])
	equal(t, "trigger_source", "manual", payload["trigger_source"])

	if err := c.s.Remove("model", "Stars Data"); err != nil {
		t.Fatal(err)
	}
	c.post("/api/syncs/"+s.sync+"/executions", m{})
	if why := c.items("/api/events?type=sync.failed")[0].(m)["event"].(m)["error"]; why == "" {
		t.Error("a failure says nothing")
	}
	for words, query := range map[string]string{
		"none of": "type=sync.started", "from 1 to 100": "limit=101", "starting_after": "starting_after=yesterday",
		"ending_before": "ending_before=now", "another": "organization_id=" + zeroID,
	} {
		c.refuse(422, words, "GET", "/api/events?"+query, nil)
	}
	clk.advance(48 * time.Hour)
	equal(t, "after two days", 0, len(c.items("/api/events")))
	equal(t, "types", anys(eventTypes), c.items("/api/events_types"))
}

func TestEventsOfAPartner(t *testing.T) {
	clk := newClock()
	c := start(t, Options{Clock: clk.now, Keys: partnerKeys()})
	ours := c.keyed("ours")
	s := ours.seed()
	ours.post("/api/syncs/"+s.sync+"/executions", m{})
	equal(t, "of its own", 0, len(c.items("/api/events")))
	equal(t, "of another", 1, len(c.items("/api/events?organization_id="+OrganizationID("Sandbox"))))
}
