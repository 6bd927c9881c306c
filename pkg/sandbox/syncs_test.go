package sandbox

import (
	"testing"
	"time"
)

func TestSyncRefusals(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	email := m{"model_id": s.users, "field": "email"}
	fields := func(f m) m { return m{"fields": []m{f}} }
	schedule := func(sch m) m { return m{"schedule": sch} }
	identity := func(changes m) m {
		return m{"identity": patched(s.syncBody()["identity"].(m), changes)}
	}
	target := func(t m) m { return m{"target": t} }
	tests := []struct {
		name    string
		changes m
		status  int
		words   string
	}{
		{"no name", m{"name": nil}, 400, "name"},
		{"empty name", m{"name": " "}, 422, "name"},
		{"no schedule", m{"schedule": nil}, 400, "schedule"},
		{"no fields", m{"fields": nil}, 400, "fields"},
		{"unknown mode", m{"mode": "upsert"}, 400, "mode"},
		{"mode not supported", m{"mode": "append"}, 422, "not supported"},
		{"identity missing", m{"identity": nil}, 422, "identity"},
		{"unknown function", identity(m{"function": "equality"}), 400, "identity.function"},
		{"identity of unknown field", identity(m{"source": m{"model_id": s.users, "field": "nonsense"}}), 422, "nonsense"},
		{"identity on unknown target", identity(m{"target": "nonsense"}), 422, "nonsense"},
		{"identity on any field", identity(m{"target": "city"}), 422, "identify"},
		{"unknown model", fields(m{"target": "phone", "source": m{"model_id": zeroID, "field": "email"}}), 422, "model"},
		{"model is no UUID", fields(m{"target": "phone", "source": m{"model_id": "users", "field": "email"}}), 400, "UUID"},
		{"unknown source field", fields(m{"target": "phone", "source": m{"model_id": s.users, "field": "nonsense"}}), 422, "nonsense"},
		{"unknown target field", fields(m{"target": "nonsense", "source": email}), 422, "nonsense"},
		{"target cannot be written", fields(m{"target": "hs_object_id", "source": email}), 422, "written"},
		{"no target", fields(m{"source": email}), 400, "target"},
		{"no source", fields(m{"target": "phone"}), 400, "source"},
		{"unknown sync_mode", fields(m{"target": "phone", "source": email, "sync_mode": "update"}), 400, "sync_mode"},
		{"constant without value", m{"override_fields": []m{{"target": "phone"}}}, 400, "override_value"},
		{"unknown connection", target(m{"connection_id": zeroID, "object": "contacts"}), 422, "connection"},
		{"no object", target(m{"connection_id": s.hubspot}), 422, "object"},
		{"unknown object", target(m{"connection_id": s.hubspot, "object": "leads"}), 422, "leads"},
		{"no destination", target(m{"connection_id": s.airtable, "object": "x"}), 422, "destination"},
		{"cannot make objects", target(m{"connection_id": s.hubspot, "create": m{"name": "x"}}), 422, "create"},
		{"object and create", target(m{"connection_id": s.postgres, "object": "a", "create": m{"name": "x"}}), 400, "exclude"},
		{"create without name", target(m{"connection_id": s.postgres, "create": m{"title": "x"}}), 422, "create.name"},
		{"unknown filter function", m{"filters": []m{{"field": email, "function": "Equals"}}}, 400, "function"},
		{"filter on nothing", m{"filters": []m{{"function": "IsNull"}}}, 422, "filters"},
		{"filter on unknown field", m{"filters": []m{{"field": m{"model_id": s.users, "field": "nonsense"}, "function": "IsNull"}}}, 422, "nonsense"},
		{"override on nothing", m{"overrides": []m{{"function": "IsNull"}}}, 422, "overrides"},
		{"logic without filters", m{"filter_logic": "A"}, 422, "filter_logic"},
		{"no frequency", schedule(m{}), 400, "frequency"},
		{"unknown frequency", schedule(m{"frequency": "sometimes"}), 400, "frequency"},
		{"frequency of bulk syncs", schedule(m{"frequency": "multi"}), 422, "multi"},
		{"after nothing", schedule(m{"frequency": "runafter"}), 422, "run_after"},
		{"after an unknown sync", schedule(m{"frequency": "runafter", "run_after": m{"sync_ids": []string{zeroID}}}), 422, "no such sync"},
		{"after itself", schedule(m{"frequency": "runafter", "run_after": m{"sync_ids": []string{s.sync}}}), 422, "itself"},
		{"dbt without job", schedule(m{"frequency": "dbtcloud", "connection_id": s.stripe}), 422, "job_id"},
		{"dbt with half a job", schedule(m{"frequency": "dbtcloud", "connection_id": s.stripe, "job_id": 1.5}), 400, "job_id"},
		{"active is a word", m{"active": "yes"}, 400, "active"},
		{"policy", m{"policies": []string{"admins"}}, 400, "policies"},
		{"unknown policy", m{"policies": []string{zeroID}}, 422, "policies"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := patched(s.syncBody(), tt.changes)
			c.refuse(tt.status, tt.words, "PUT", "/api/syncs/"+s.sync, body)
			if tt.name != "after itself" { // a new sync may run after that one
				c.refuse(tt.status, tt.words, "POST", "/api/syncs", body)
			}
		})
	}
	equal(t, "syncs", 1, c.s.Count("sync"))
	equal(t, "fields", 4, len(c.get("/api/syncs/" + s.sync)["fields"].([]any)))
	for _, path := range []string{"/api/syncs/" + zeroID, "/api/syncs/nonsense"} {
		c.refuse(404, "sync", "GET", path, nil)
		c.refuse(404, "sync", "PUT", path, s.syncBody())
		c.refuse(404, "sync", "DELETE", path, nil)
		c.refuse(404, "sync", "POST", path+"/activate", m{"active": true})
		c.refuse(404, "sync", "POST", path+"/executions", m{})
		c.refuse(404, "sync", "GET", path+"/status", nil)
	}
}

func TestFilterLogic(t *testing.T) {
	tests := []struct {
		logic string
		good  bool
	}{
		{"", true}, {"A", true}, {"A AND B", true}, {"A OR (B AND NOT C)", true}, {"((A))", true}, {"NOT (A OR B)", true},
		{"a", false}, {"D", false}, {"A B", false}, {"A AND", false}, {"(A", false}, {"A)", false}, {"AND A", false}, {"A & B", false}, {"()", false},
	}
	for _, tt := range tests {
		if err := checkLogic("filter_logic", tt.logic, []string{"A", "B", "C"}); (err == nil) != tt.good {
			t.Errorf("checkLogic(%q) = %v", tt.logic, err)
		}
	}
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 27: "AB", 52: "BA"} {
		if got := labelOf(n); got != want {
			t.Errorf("labelOf(%d) = %q, want %q", n, got, want)
		}
	}
}

// activate changes only active, and a PUT that does not say gets the default.
func TestActivate(t *testing.T) {
	for _, inactive := range []bool{false, true} {
		c := start(t, Options{Switches: Switches{InactiveByDefault: inactive}})
		s := c.seed()
		path := "/api/syncs/" + s.sync
		equal(t, "active by default", !inactive, c.get(path)["active"].(bool))
		equal(t, "answer", m{"id": s.sync, "active": inactive}, c.post(path+"/activate", m{"active": inactive}))
		got := c.get(path)
		equal(t, "active", inactive, got["active"].(bool))
		equal(t, "fields", 4, len(got["fields"].([]any)))
		equal(t, "active after a PUT", !inactive, c.put(path, s.syncBody())["active"].(bool))
	}
}

func TestSyncSwitches(t *testing.T) {
	c := start(t, Options{Switches: Switches{KeepNew: true, LabelsByFieldType: true, BusySyncDelete: true}})
	s := c.seed()
	email := m{"model_id": s.users, "field": "email"}
	got := c.post("/api/syncs", patched(s.syncBody(), m{
		"mode":   "update",
		"fields": []m{{"target": "brand_new", "source": email, "new": true}},
		"filters": []m{
			{"field_id": "city", "field_type": "Target", "function": "IsNotNull"}, {"field": email, "function": "IsNotNull"},
		},
		"filter_logic": "A", "target": m{"connection_id": s.hubspot, "object": "contacts", "filter_logic": "A"},
	}))
	equal(t, "new", true, got["fields"].([]any)[0].(m)["new"])
	for _, f := range got["filters"].([]any) {
		equal(t, "label", "A", f.(m)["label"])
	}
	c.post("/api/syncs/"+s.sync+"/executions", m{})
	c.refuse(409, "running", "DELETE", "/api/syncs/"+s.sync, nil)
}

func TestExecutions(t *testing.T) {
	clk := newClock()
	c := start(t, Options{Clock: clk.now, Pace: time.Minute})
	s := c.seed()
	path := "/api/syncs/" + s.sync
	status := func(run m) any { t.Helper(); return c.get(path + "/executions/" + id(run))["status"] }

	first := c.post(path+"/executions", m{"test": true})
	equal(t, "status of the answer", "created", first["status"])
	equal(t, "status", any("running"), status(first))
	c.refuse(409, "running", "POST", path+"/executions", m{})
	equal(t, "current", any(id(first)), c.get(path + "/status")["current_execution"].(m)["id"])
	clk.advance(time.Minute)
	equal(t, "status", any("completed"), status(first))
	equal(t, "last", any(id(first)), c.get(path + "/status")["last_execution"].(m)["id"])
	equal(t, "completed_at", "2024-02-08T10:01:00Z", c.get(path + "/executions/" + id(first))["completed_at"])

	second := c.post(path+"/executions", m{})
	equal(t, "message", "canceling", c.post(path+"/cancel", nil)["message"])
	equal(t, "status", any("canceling"), status(second))
	clk.advance(time.Minute)
	equal(t, "status", any("canceled"), status(second))
	equal(t, "message", "nothing to cancel", c.post(path+"/cancel", nil)["message"])

	third := c.post(path+"/executions", m{})
	equal(t, "status set", "failed", c.put(path+"/executions/"+id(third), m{"status": "failed"})["status"])
	c.refuse(400, "status", "PUT", path+"/executions/"+id(third), m{"status": "nonsense"})

	ids := func(query string) (all []string) {
		for _, e := range c.items(path + "/executions" + query) {
			all = append(all, id(e.(m)))
		}
		return all
	}
	equal(t, "newest first", []string{id(third), id(second), id(first)}, ids(""))
	equal(t, "oldest first", []string{id(first), id(second), id(third)}, ids("?ascending=true"))
	equal(t, "completed", []string{id(first)}, ids("?only_completed=true"))

	logs := c.get(path + "/executions/" + id(first) + "/records")
	link := logs["urls"].([]any)[0].(string)
	if code, text, _ := (browser{t}).open("GET", link, nil); code != 200 || text != logFileText {
		t.Errorf("log: %d %q", code, text)
	}
	c.get(path + "/executions/" + id(first) + "/records/records-" + id(first) + ".csv")
	c.refuse(404, "log", "GET", path+"/executions/"+id(first)+"/records/other.csv", nil)
	c.refuse(400, "type", "GET", path+"/executions/"+id(first)+"/nonsense", nil)
	c.refuse(404, "execution", "GET", path+"/executions/"+zeroID, nil)

	c.post(path+"/activate", m{"active": false})
	c.refuse(409, "not active", "POST", path+"/executions", m{})
	c.do("DELETE", path, nil)
	equal(t, "executions left", 0, c.s.Count("execution"))

	options := c.get("/api/syncs/schedules")["schedule_options"].([]any)
	equal(t, "schedules", 8, len(options))
}
