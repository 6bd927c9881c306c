package sandbox

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestBulkExecutions(t *testing.T) {
	c, s, clk := startBulk(t, Switches{})
	bulk := id(c.post("/api/bulk/syncs", patched(s.bulkBody(), m{"schemas": []string{"contacts", "deals"}, "active": false})))
	path := "/api/bulk/syncs/" + bulk
	status := func(run m) any { t.Helper(); return c.get(path + "/executions/" + id(run))["status"] }

	first := c.post(path+"/executions", m{}) // though it is not active
	equal(t, "status of the answer", "created", first["status"])
	schemas := first["schemas"].([]any)
	equal(t, "schemas", 2, len(schemas))
	delete(first, "schemas")
	equal(t, "execution", m{
		"id": first["id"], "type": "manual", "status": "created", "status_message": "", "fetch_mode": "incremental", "output_disposition": "retain",
		"is_partial": false, "is_resync": false, "is_test": false, "record_count": 0.0, "error_count": 0.0, "warning_count": 0.0,
		"created_at": "2024-02-08T11:00:00Z", "started_at": "2024-02-08T11:00:00Z", "completed_at": nil, "updated_at": "2024-02-08T11:00:00Z",
	}, first)
	equal(t, "status", any("running"), status(first))
	c.refuse(409, "running", "POST", path+"/executions", m{})
	equal(t, "current", any(id(first)), c.get(path + "/status")["current_execution"].(m)["id"])
	c.refuse(400, "ended", "POST", path+"/executions/"+id(first)+"/logs/export", nil)
	equal(t, "logs", []any{}, c.get(path + "/executions/" + id(first) + "/logs")["URLs"])

	equal(t, "message", "canceling", c.post(path+"/schemas/deals/cancel", nil)["message"])
	clk.advance(time.Minute)
	done := c.get(path + "/executions/" + id(first))
	equal(t, "status", any("completed"), done["status"])
	equal(t, "of one schema", "canceled", done["schemas"].([]any)[1].(m)["status"])
	equal(t, "message", "nothing to cancel", c.post(path+"/schemas/deals/cancel", nil)["message"])
	last := c.get(path + "/status")
	equal(t, "last", any(id(first)), last["last_execution"].(m)["id"])
	equal(t, "ingestion", "ok", last["ingestion_status"].(m)["status"])

	second := c.post(path+"/executions", m{"schemas": []string{"deals"}, "resync": true})
	for name, want := range map[string]any{"is_partial": true, "is_resync": true, "output_disposition": "rebuild", "fetch_mode": "full"} {
		equal(t, name, want, second[name])
	}
	equal(t, "message", "canceling", c.post(path+"/executions/"+id(second)+"/cancel", nil)["message"])
	equal(t, "status", any("canceling"), status(second))
	equal(t, "of its schema", "running", c.get(path + "/executions/" + id(second))["schemas"].([]any)[0].(m)["status"])
	clk.advance(time.Minute)
	equal(t, "status", any("canceled"), status(second))
	equal(t, "message", "nothing to cancel", c.post(path+"/cancel", nil)["message"])

	third := c.post(path+"/executions", m{"resync_mode": "resync"})
	equal(t, "disposition", "truncate", third["output_disposition"])
	c.post(path+"/activate", m{"active": false}) // cancels what runs
	equal(t, "status", any("canceling"), status(third))
	clk.advance(time.Minute)
	c.post(path+"/executions", m{"test": true, "fetch_mode": "full"})
	equal(t, "message", "canceling", c.post(path+"/cancel", nil)["message"])
	clk.advance(time.Minute)

	for words, body := range map[string]m{
		"no enabled": {"schemas": []string{"companies"}}, "excludes": {"test": true, "resync": true},
		"fetch_mode": {"fetch_mode": "some"}, "resync_mode": {"resync_mode": "some"},
	} {
		c.refuse(400, words, "POST", path+"/executions", body)
	}
	c.refuse(400, "excludes", "POST", path+"/executions", m{"test": true, "resync_mode": "resync"})
	c.as(Version2025).refuse(400, "resync", "POST", path+"/executions", m{"resync": true})
	c.refuse(404, "execution", "GET", path+"/executions/"+zeroID, nil)

	ids := func(query string) (all []string) {
		for _, e := range c.items(path + "/executions" + query) {
			all = append(all, id(e.(m)))
		}
		return all
	}
	equal(t, "newest first", id(first), ids("")[3])
	equal(t, "oldest first", []string{id(first), id(second), id(third)}, ids("?ascending=true")[:3])
	equal(t, "limit", []string{id(first)}, ids("?ascending=true&limit=1"))
	_, page := c.send(c.request("GET", path+"/executions?ascending=true&limit=1", nil))
	token := page["pagination"].(m)["next_page_token"].(string)
	equal(t, "next page", []string{id(second)}, ids("?ascending=true&limit=1&page_token="+url.QueryEscape(token)))
	c.refuse(404, "page", "GET", path+"/executions?page_token=nonsense", nil)
	running := c.post(path+"/executions", m{})
	equal(t, "ended", 4, len(ids("?only_terminal=true")))
	equal(t, "all", id(running), ids("")[0])
	c.do("DELETE", path, nil)
	equal(t, "executions left", 0, c.s.Count("bulk_execution"))
}

func TestBulkStatusAndLogs(t *testing.T) {
	c, s, clk := startBulk(t, Switches{})
	one := id(c.post("/api/bulk/syncs", patched(s.bulkBody(), m{"schemas": []string{"contacts"}, "schedule": m{"frequency": "continuous"}})))
	two := id(c.post("/api/bulk/syncs", patched(s.bulkBody(), m{"active": false})))
	run := c.post("/api/bulk/syncs/"+one+"/executions", m{})
	list := func(query string) (all []string) {
		for _, item := range c.items("/api/bulk/syncs/status?" + query) {
			all = append(all, item.(m)["sync_id"].(string))
		}
		return all
	}
	equal(t, "all", []string{one, two}, list("all=true"))
	equal(t, "all wins", []string{one, two}, list("all=true&sync_id="+one))
	equal(t, "active", []string{one}, list("active=true"))
	equal(t, "inactive", []string{two}, list("active=false"))
	equal(t, "named", []string{two, one}, list("sync_id="+two+"&sync_id="+one))
	equal(t, "none", 0, len(list("")))
	c.refuse(404, "bulk sync", "GET", "/api/bulk/syncs/status?sync_id="+zeroID, nil)
	items := c.items("/api/bulk/syncs/status?all=true")
	equal(t, "one that runs", m{
		"sync_id": one, "status": "running", "nextExecutionTime": "2024-02-08T11:05:00Z", "schemas": []any{m{
			"schema": "contacts", "execution_id": run["id"], "status": "running", "status_message": "", "record_count": 0.0, "error_count": 0.0,
			"warning_count": 0.0, "started_at": "2024-02-08T11:00:00Z", "completed_at": nil,
		}},
	}, items[0].(m))
	equal(t, "one that never ran", m{"sync_id": two, "nextExecutionTime": nil, "schemas": []any{}}, items[1].(m))

	clk.advance(time.Minute)
	logs := "/api/bulk/syncs/" + one + "/executions/" + id(run) + "/logs"
	got := c.get(logs)
	equal(t, "Expires", "2024-02-08T11:06:00Z", got["Expires"])
	if code, text, _ := (browser{t}).open("GET", got["URLs"].([]any)[0].(string), nil); code != 200 || text != logFileText {
		t.Errorf("log: %d %q", code, text)
	}
	job := c.post(logs+"/export?notify=true", nil)["job"].(m)
	equal(t, "job", "exportlogs", job["type"])
	at := "/api/jobs/exportlogs/" + job["job_id"].(string)
	equal(t, "job", "running", c.get(at)["status"])
	if link := c.get(at)["result"].(m)["url"].(string); !strings.HasPrefix(link, c.url+logPath) {
		t.Errorf("export at %q", link)
	}
	c.refuse(400, "notify", "POST", logs+"/export?notify=perhaps", nil)
	c.refuse(404, "execution", "GET", strings.Replace(logs, one, two, 1), nil)

	// A connection that nobody may use any more makes the next execution fail.
	if err := c.s.Revoke("HubSpot Connection"); err != nil {
		t.Fatal(err)
	}
	failed := c.get("/api/bulk/syncs/" + one + "/executions/" + id(c.post("/api/bulk/syncs/"+one+"/executions", m{})))
	equal(t, "status", "failed", failed["status"])
	equal(t, "of its schema", "failed", failed["schemas"].([]any)[0].(m)["status"])
}
