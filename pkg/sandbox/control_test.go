package sandbox

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// An edit by another hand follows the rules of a PUT and leaves alone what it does not
// name, the secrets included.
func TestEdit(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	edit := func(kind, name string, patch m) {
		t.Helper()
		if err := c.s.Edit(kind, name, patch); err != nil {
			t.Error(err)
		}
	}
	edit("connection", "Postgres Connection", m{"name": "Renamed", "configuration": m{"port": 6543}})
	got := c.get("/api/connections/" + s.postgres)
	equal(t, "name", "Renamed", got["name"])
	equal(t, "port", 6543.0, got["configuration"].(m)["port"])
	equal(t, "updated_by", "grace@example.com", got["updated_by"].(m)["name"])
	stored, _ := c.s.Object("connection", s.postgres)
	equal(t, "password", "made-up-password", stored["configuration"].(m)["password"])

	edit("model", s.customers, m{"fields": []string{"balance"}, "relations": nil})
	got = c.get("/api/models/" + s.customers)
	equal(t, "fields", 1, len(got["fields"].([]any)))
	equal(t, "relations", []any{}, got["relations"])
	edit("sync", s.sync, m{"schedule": m{"frequency": "daily", "hour": "8"}, "active": false})
	got = c.get("/api/syncs/" + s.sync)
	equal(t, "hour", "8", got["schedule"].(m)["hour"])
	equal(t, "active", false, got["active"])
	equal(t, "fields", 4, len(got["fields"].([]any)))

	for name, err := range map[string]error{
		"no such object": c.s.Edit("model", "nonsense", m{}),
		"no such kind":   c.s.Edit("execution", "nonsense", m{}),
		"against rules":  c.s.Edit("sync", s.sync, m{"mode": "append"}),
		"removed twice":  c.s.Remove("sync", "nonsense"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := c.s.Remove("model", "Stars Data"); err != nil {
		t.Error(err)
	}
	c.refuse(404, "model", "GET", "/api/models/"+s.stars, nil)
	c.post("/api/models", s.customersBody())
	if _, ok := c.s.Object("model", "Customers"); ok {
		t.Error("a name of two objects names one")
	}
}

// Every other kind can be edited, too, and what an edit does not name stays.
func TestEditOtherKinds(t *testing.T) {
	c, s, _ := startBulk(t, Switches{BulkPutSchemas: "all"})
	edit := func(kind, name string, patch m) {
		t.Helper()
		if err := c.s.Edit(kind, name, patch); err != nil {
			t.Error(err)
		}
	}
	body := patched(s.bulkBody(), m{"schedule": multiSchedule(), "schemas": []any{m{"id": "deals", "fields": []any{m{"id": "amount", "obfuscate": true}}}}})
	path := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", body))
	schemas, schedules := c.bulkSchemas(path), c.items(path+"/schedules")
	edit("bulk_sync", "HubSpot to Postgres", m{"name": "Edited", "destination_configuration": m{"schema": "elsewhere"}})
	got := c.get(path)
	equal(t, "name", "Edited", got["name"])
	equal(t, "schema", "elsewhere", got["destination_configuration"].(m)["schema"])
	equal(t, "updated_by", "grace@example.com", got["updated_by"].(m)["name"])
	equal(t, "schedule", multiSchedule(), got["schedule"].(m))
	equal(t, "schedules", schedules, c.items(path+"/schedules"))
	equal(t, "schemas", schemas, c.bulkSchemas(path))
	edit("bulk_sync", "Edited", m{"schedule": m{"frequency": "daily"}})
	equal(t, "schedule", m{"frequency": "daily"}, c.get(path)["schedule"].(m))
	edit("bulk_sync", "Edited", m{"default_schedule": m{"frequency": "manual"}})
	equal(t, "schedule", m{"frequency": "manual"}, c.get(path)["schedule"].(m))

	org := OrganizationID("Sandbox")
	role := c.post("/api/permissions/roles", m{"name": "Analysts"})
	c.post("/api/permissions/policies", m{"name": "Ours", "policy_actions": []m{{"action": "edit", "role_ids": []any{role["id"]}}}})
	c.post("/api/webhooks", m{"endpoint": "https://hooks.example.com", "secret": "made-up-secret"})
	edit("role", "Analysts", m{"name": "Data people"})
	edit("policy", "Ours", m{"name": "Theirs"})
	edit("user", "ada@example.com", m{"role_ids": []any{role["id"]}})
	edit("webhook", "https://hooks.example.com", m{"endpoint": "https://elsewhere.example.com"})
	edit("organization", "Sandbox", m{"name": "Box"})
	equal(t, "role", []string{"Data people"}, names(c.items("/api/permissions/roles"))[len(systemRoles):])
	policy := c.items("/api/permissions/policies")[1].(m)
	equal(t, "policy", "Theirs", policy["name"])
	equal(t, "roles of the policy", []any{role["id"]}, policy["policy_actions"].([]any)[3].(m)["role_ids"])
	equal(t, "user", []any{role["id"]}, c.items("/api/organizations/" + org + "/users")[0].(m)["role_ids"])
	equal(t, "webhook", "https://elsewhere.example.com", c.items("/api/webhooks")[0].(m)["endpoint"])
	equal(t, "organization", "Box", c.get("/api/me")["organization_name"])
	stored, _ := c.s.Object("webhook", "https://elsewhere.example.com")
	equal(t, "secret", "made-up-secret", stored["secret"])
}

func TestControl(t *testing.T) {
	c := start(t, Options{Control: true, OAuth: OAuthManual})
	s := c.connections()
	order := func(status int, method, path, body string) string {
		t.Helper()
		r, err := http.NewRequest(method, c.url+"/sandbox/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != status {
			t.Errorf("%s %s: %d %s %v", method, path, res.StatusCode, text, err)
		}
		return strings.TrimSpace(string(text))
	}
	equal(t, "count", `{"count":4}`, order(200, "GET", "count?kind=connection", ""))
	equal(t, "fault", `{"left":1}`, order(200, "POST", "faults", `{"method": "GET", "path": "/api/me", "do": "status", "status": 503}`))
	c.refuse(503, "", "GET", "/api/me", nil)
	equal(t, "left", `{"left":0}`, order(200, "GET", "faults", ""))
	order(400, "POST", "faults", `{"do": "explode"}`)
	order(400, "POST", "faults", `{`)
	order(200, "POST", "faults", `{"do": "refuse", "times": -1}`)
	order(200, "DELETE", "faults", "")
	c.get("/api/me")

	order(200, "POST", "authorize", `{"name": "HubSpot Connection"}`)
	equal(t, "status", "healthy", c.get("/api/connections/" + s.hubspot)["status"])
	order(200, "POST", "revoke", `{"name": "`+s.hubspot+`"}`)
	equal(t, "status", "pending", c.get("/api/connections/" + s.hubspot)["status"])
	order(200, "POST", "edit", `{"kind": "connection", "name": "Stripe Connection", "patch": {"name": "Renamed"}}`)
	if got := order(200, "GET", "object?kind=connection&name=Renamed", ""); !strings.Contains(got, "made-up-key") {
		t.Errorf("object: %s", got)
	}
	order(400, "GET", "object?kind=connection&name=nonsense", "")
	order(200, "POST", "remove", `{"kind": "connection", "name": "Renamed"}`)
	order(400, "POST", "remove", `{"kind": "connection", "name": "Renamed"}`)
	if got := order(200, "GET", "requests", ""); !strings.Contains(got, `"path":"/api/me"`) || !strings.Contains(got, `"max_in_flight":1`) {
		t.Errorf("requests: %s", got)
	}
	order(200, "DELETE", "requests", "")
	equal(t, "requests", 0, len(c.s.Requests()))

	// A form of a foreign page cannot give orders.
	res, err := http.Post(c.url+"/sandbox/remove", "text/plain", strings.NewReader(`{"kind": "connection", "name": "HubSpot Connection"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 415 {
		t.Errorf("order without JSON: %d", res.StatusCode)
	}
	closed := start(t, Options{})
	res, err = http.Get(closed.url + "/sandbox/requests")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 404 {
		t.Errorf("control without the option: %d", res.StatusCode)
	}
}
