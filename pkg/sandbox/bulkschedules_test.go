package sandbox

import (
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

// The three forms of a bulk sync's schedules show the same schedules, and none loses what
// another has set.
func TestBulkScheduleForms(t *testing.T) {
	c, s, clk := startBulk(t, Switches{BulkScheduleIDs: true})
	later := c.as(Version2025)
	path := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", patched(s.bulkBody(), m{"schedule": multiSchedule()})))
	equal(t, "2024-02-08", multiSchedule(), c.get(path)["schedule"].(m))
	got := later.sent("GET", path, nil)
	if got["schedule"] != nil || got["discover"] != nil {
		t.Error("2025-09-18 shows schedule or discover")
	}
	equal(t, "default_schedule", "multi", got["default_schedule"].(m)["frequency"])
	first := got["additional_schedules"].([]any)[0].(m)
	equal(t, "additional schedule", m{
		"id": first["id"], "frequency": "hourly", "minute": "15", "selective_mode": "incrementalFields",
		"created_at": "2024-02-08T11:00:00Z", "updated_at": "2024-02-08T11:00:00Z", "created_by": first["created_by"], "updated_by": first["updated_by"],
	}, first)
	items := c.items(path + "/schedules")
	equal(t, "schedules", 3, len(items))
	actor := first["created_by"].(m)["id"]
	equal(t, "camelCase", m{
		"id": items[2].(m)["id"], "frequency": "weekly", "dayOfWeek": "1", "hour": "8", "selectiveMode": "nonincrementalFields", "isDefault": false,
		"schemas": []any{}, "syncId": path[len("/api/bulk/syncs/"):], "syncMode": "normal", "createdAt": "2024-02-08T11:00:00Z", "createdBy": actor,
		"updatedAt": "2024-02-08T11:00:00Z", "updatedBy": actor, "deletedAt": nil, "deletedBy": nil,
	}, items[2].(m))

	// A PUT that says the same changes no schedule, and one that says less takes away.
	clk.advance(1e9)
	c.put(path, patched(s.bulkBody(), m{"schedule": multiSchedule()}))
	equal(t, "the same again", items, c.items(path+"/schedules"))
	c.put(path, s.bulkBody())
	equal(t, "one schedule", s.bulkBody()["schedule"], c.get(path)["schedule"])
	equal(t, "no others", 1, len(c.items(path+"/schedules")))

	// What 2025-09-18 has added, 2024-02-08 neither shows nor loses.
	body := patched(s.bulkBody(), m{"schedule": nil, "mode": "replicate", "default_schedule": m{"frequency": "daily", "hour": "8"}, "additional_schedules": []m{
		{"frequency": "hourly", "schemas": []string{"contacts"}, "resync_mode": "refetch", "selective_mode": "none"}, {"frequency": "continuous"},
	}})
	got = later.sent("PUT", path, body)
	more := got["additional_schedules"].([]any)
	equal(t, "schemas", []any{"contacts"}, more[0].(m)["schemas"])
	c.put(path, s.bulkBody())
	equal(t, "kept", more, later.sent("GET", path, nil)["additional_schedules"])
	items = c.items(path + "/schedules")
	equal(t, "syncMode", "refetch", items[1].(m)["syncMode"])
	equal(t, "schemas", []any{"contacts"}, items[1].(m)["schemas"])
	got = later.sent("PUT", path, patched(body, m{"additional_schedules": []m{{"id": id(more[1].(m)), "frequency": "manual"}, {"frequency": "weekly"}}}))
	after := got["additional_schedules"].([]any)
	equal(t, "known again by its id", id(more[1].(m)), id(after[0].(m)))
	equal(t, "changed", "manual", after[0].(m)["frequency"])
	equal(t, "schedules", 3, len(c.items(path+"/schedules")))
	got = later.sent("PUT", path, patched(body, m{"additional_schedules": nil}))
	equal(t, "left out", []any{}, got["additional_schedules"])

	for words, changes := range map[string]m{
		"default_schedule": {"default_schedule": nil}, "mode": {"mode": nil},
	} {
		r := later.request("POST", "/api/bulk/syncs", patched(body, changes))
		if status, answer := later.send(contract.Mistaken(r)); status != 400 {
			t.Errorf("without %s: %d %v", words, status, answer)
		}
	}
}

func TestBulkSchedules(t *testing.T) {
	for _, ids := range []bool{false, true} {
		c, s, _ := startBulk(t, Switches{BulkScheduleIDs: ids})
		sync := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", s.bulkBody()))
		path := sync + "/schedules"
		made := c.post(path, m{"schedule": m{"frequency": "weekly", "dayOfWeek": "1", "hour": "8", "selectiveMode": "incrementalFields"}})
		if _, there := made["id"]; there != ids {
			t.Errorf("the id is answered: %v, want %v", there, ids)
		}
		equal(t, "dayOfWeek", "1", made["dayOfWeek"])
		equal(t, "syncId", sync[len("/api/bulk/syncs/"):], made["syncId"])
		equal(t, "list", made, c.items(path)[1].(m))
		equal(t, "default", true, c.items(path)[0].(m)["isDefault"])
		equal(t, "the bulk sync itself", s.bulkBody()["schedule"], c.get(sync)["schedule"])
		// 2025-09-18 tells the ids in any case.
		schedule := path + "/" + id(c.as(Version2025).sent("GET", sync, nil)["additional_schedules"].([]any)[0].(m))
		equal(t, "read", made, c.get(schedule))
		changed := c.put(schedule, m{"schedule": m{"frequency": "daily", "hour": "9"}})
		equal(t, "a PUT replaces", []any{"daily", nil, "9", "none"}, []any{changed["frequency"], changed["dayOfWeek"], changed["hour"], changed["selectiveMode"]})
		c.refuse(400, "schedule", "POST", path, m{})
		c.refuse(400, "frequency", "POST", path, m{"schedule": m{}})
		c.refuse(400, "frequency", "POST", path, m{"schedule": m{"frequency": "often"}})
		c.refuse(400, "multi", "PUT", schedule, m{"schedule": m{"frequency": "multi"}})
		c.refuse(400, "runafter", "POST", path, m{"schedule": m{"frequency": "runafter"}})
		c.refuse(400, "dayOfWeek", "POST", path, m{"schedule": m{"frequency": "weekly", "dayOfWeek": 1}})
		first := path + "/" + id(c.as(Version2025).sent("GET", sync, nil)["default_schedule"].(m))
		c.refuse(403, "default", "DELETE", first, nil)
		c.put(first, m{"schedule": m{"frequency": "continuous"}})
		equal(t, "the default", m{"frequency": "continuous"}, c.get(sync)["schedule"].(m))
		c.do("DELETE", schedule, nil)
		c.refuse(404, "schedule", "GET", schedule, nil)
		c.refuse(404, "schedule", "PUT", schedule, m{"schedule": m{"frequency": "manual"}})
		c.refuse(404, "schedule", "DELETE", schedule, nil)
	}
}
