package sandbox

import (
	"testing"
)

func TestConnectionRefusals(t *testing.T) {
	c := start(t, Options{})
	other := id(c.post("/api/connections", patched(postgresBody(), m{"name": "Taken"})))
	own := id(c.post("/api/connections", patched(postgresBody(), m{"name": "Own"})))
	configuration := func(changes m) m {
		return m{"configuration": patched(postgresBody()["configuration"].(m), changes)}
	}
	tests := []struct {
		name    string
		changes m
		status  int
		words   string
	}{
		{"no name", m{"name": nil}, 400, "name"},
		{"empty name", m{"name": " "}, 422, "name"},
		{"name is a number", m{"name": 7}, 400, "name"},
		{"name taken", m{"name": "Taken"}, 422, "exists already"},
		{"no configuration", m{"configuration": nil}, 400, "configuration"},
		{"configuration is a list", m{"configuration": []any{}}, 400, "configuration"},
		{"unknown type", m{"type": "postgres"}, 422, "type"},
		{"missing password", configuration(m{"password": nil}), 422, "password"},
		{"empty hostname", configuration(m{"hostname": ""}), 422, "hostname"},
		{"port is a word", configuration(m{"port": "five"}), 422, "configuration.port"},
		{"port is a fraction", configuration(m{"port": 5432.5}), 422, "configuration.port"},
		{"ssl is a string", configuration(m{"ssl": "yes"}), 422, "configuration.ssl"},
		{"upstream refuses", configuration(m{"password": "invalid"}), 422, "authentication failed"},
		{"interval", m{"healthcheck_interval": "often"}, 400, "healthcheck_interval"},
		{"policy", m{"policies": []string{"admins"}}, 400, "policies"},
		{"unknown policy", m{"policies": []string{zeroID}}, 422, "policies"},
		{"another organization", m{"organization_id": zeroID}, 403, "organization"},
		{"validate", m{"validate": "no"}, 400, "validate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := c.s.Count("connection")
			c.refuse(tt.status, tt.words, "POST", "/api/connections", patched(patched(postgresBody(), m{"name": "New"}), tt.changes))
			c.refuse(tt.status, tt.words, "PUT", "/api/connections/"+own, patched(patched(postgresBody(), m{"name": "Own"}), tt.changes))
			if got := c.s.Count("connection"); got != before {
				t.Errorf("%d connections, before %d", got, before)
			}
		})
	}
	c.refuse(422, "type", "PUT", "/api/connections/"+own, m{"name": "Own", "type": "stripe", "configuration": m{}})
	equal(t, "name after all that", "Own", c.get("/api/connections/" + own)["name"])
	for _, path := range []string{"/api/connections/" + zeroID, "/api/connections/nonsense"} {
		c.refuse(404, "not found", "GET", path, nil)
		c.refuse(404, "not found", "PUT", path, postgresBody())
		c.refuse(404, "not found", "DELETE", path, nil)
	}
	c.refuse(400, "JSON", "POST", "/api/connections", `{"name": "made-up-secret`)
	c.refuse(400, "object", "POST", "/api/connections", `[]`)
	c.refuse(400, "JSON", "POST", "/api/connections", `{} {}`)
	c.do("DELETE", "/api/connections/"+other, nil)
}

// What a PUT leaves out is gone.
func TestConnectionPutReplaces(t *testing.T) {
	c := start(t, Options{})
	policy := id(c.post("/api/permissions/policies", m{"name": "Ours"}))
	body := patched(postgresBody(), m{"healthcheck_interval": "3h30m", "policies": []string{policy}})
	body["configuration"].(m)["publication"] = "all"
	body["configuration"].(m)["ssl"] = false
	conn := c.post("/api/connections", body)
	equal(t, "interval", "3h30m", conn["healthcheck_interval"])
	if _, there := c.get("/api/connections/" + id(conn))["healthcheck_interval"]; there {
		t.Error("GET shows healthcheck_interval")
	}
	got := c.put("/api/connections/"+id(conn), postgresBody())
	equal(t, "interval", "", got["healthcheck_interval"])
	equal(t, "policies", 1, len(got["policies"].([]any)))
	equal(t, "ssl", true, got["configuration"].(m)["ssl"])
	if p, there := got["configuration"].(m)["publication"]; there {
		t.Errorf("publication = %v", p)
	}
	for _, name := range []string{"created_at", "updated_at"} {
		if _, there := got[name]; there {
			t.Errorf("the answer to a PUT shows %s", name)
		}
	}
}

// What becomes of secrets in a PUT, and how the switches turn it. [API dossier 10]
func TestSecretsInPut(t *testing.T) {
	with := func(changes m) m {
		return patched(postgresBody(), m{"validate": false, "configuration": patched(postgresBody()["configuration"].(m), changes)})
	}
	tests := []struct {
		name     string
		switches Switches
		sent     any // as password; nil leaves it out
		stored   any
		shown    any
		status   string
	}{
		{"real value", Switches{}, "another-made-up", "another-made-up", mask, "healthy"},
		{"left out", Switches{}, nil, nil, nil, "healthy"},
		{"left out and kept", Switches{KeepOmittedSecrets: true}, nil, "made-up-password", mask, "healthy"},
		{"mask", Switches{}, mask, mask, mask, "error"},
		{"mask ignored", Switches{IgnoreMasks: true}, mask, "made-up-password", mask, "healthy"},
		{"unset shown as empty", Switches{UnsetSecrets: "empty"}, nil, nil, "", "healthy"},
		{"unset shown as mask", Switches{UnsetSecrets: "masked"}, nil, nil, mask, "healthy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Options{Switches: tt.switches})
			conn := id(c.post("/api/connections", postgresBody()))
			c.put("/api/connections/"+conn, with(m{"password": tt.sent}))
			got := c.get("/api/connections/" + conn)
			equal(t, "shown", tt.shown, got["configuration"].(m)["password"])
			equal(t, "status", tt.status, got["status"])
			stored, _ := c.s.Object("connection", conn)
			equal(t, "stored", tt.stored, stored["configuration"].(m)["password"])
		})
	}
	t.Run("required and left out", func(t *testing.T) {
		c := start(t, Options{})
		conn := id(c.post("/api/connections", postgresBody()))
		c.refuse(422, "password", "PUT", "/api/connections/"+conn, patched(with(m{"password": nil}), m{"validate": true}))
	})
	t.Run("mask that nobody checks", func(t *testing.T) {
		c := start(t, Options{})
		conn := id(c.post("/api/connections", postgresBody()))
		equal(t, "status", "error", c.put("/api/connections/"+conn, patched(with(m{"password": mask}), m{"validate": true}))["status"])
	})
}

func TestConnectionSwitches(t *testing.T) {
	c := start(t, Options{Switches: Switches{DuplicateConnectionNames: true, KeepHealthcheckInterval: true, ZeroOptionals: true, NullLists: true}})
	if _, body := c.send(c.request("GET", "/api/connections", nil)); body["data"] != nil {
		t.Errorf("an empty list is %v", body["data"])
	}
	body := patched(postgresBody(), m{"healthcheck_interval": "1h"})
	conn := c.post("/api/connections", body)
	c.post("/api/connections", body)
	got := c.put("/api/connections/"+id(conn), postgresBody())
	equal(t, "interval", "1h", got["healthcheck_interval"])
	equal(t, "publication", "", got["configuration"].(m)["publication"])
	equal(t, "ssh", false, got["configuration"].(m)["ssh"])
	if _, there := got["configuration"].(m)["ssh_private_key"]; there {
		t.Error("an unset secret is shown")
	}
}

func TestConnectionTest(t *testing.T) {
	c := start(t, Options{OAuth: OAuthManual})
	conn := id(c.post("/api/connections", postgresBody()))
	pending := id(c.post("/api/connections", m{"name": "HubSpot", "type": "hubspot", "configuration": m{}}))
	status, body := c.send(c.request("POST", "/api/connections/test", m{"type": "postgresql", "configuration": postgresBody()["configuration"]}))
	if status != 200 || body != nil {
		t.Errorf("test: %d %v", status, body)
	}
	// A part is laid over what is stored, the secrets included.
	c.post("/api/connections/test", m{"type": "postgresql", "connection_id": conn, "configuration": m{"database": "other"}})
	equal(t, "stored database", "postgres", c.get("/api/connections/" + conn)["configuration"].(m)["database"])

	for name, tt := range map[string]struct {
		body   m
		status int
		words  string
	}{
		"part alone":      {m{"type": "postgresql", "configuration": m{"database": "other"}}, 400, "missing"},
		"wrong password":  {m{"type": "postgresql", "connection_id": conn, "configuration": m{"password": "invalid"}}, 400, "password"},
		"mask":            {m{"type": "postgresql", "connection_id": conn, "configuration": m{"password": mask}}, 400, "password"},
		"other type":      {m{"type": "stripe", "connection_id": conn, "configuration": m{}}, 400, "type"},
		"unknown type":    {m{"type": "postgres", "configuration": m{}}, 400, "type"},
		"no connection":   {m{"type": "postgresql", "connection_id": zeroID, "configuration": m{}}, 404, "connection"},
		"not authorized":  {m{"type": "hubspot", "connection_id": pending, "configuration": m{}}, 400, "authorized"},
		"no body to test": {m{}, 400, "required"},
	} {
		t.Run(name, func(t *testing.T) { c.refuse(tt.status, tt.words, "POST", "/api/connections/test", tt.body) })
	}
}

// A connection in use is not deleted unless that is forced, and then all that uses it
// goes with it. [API dossier 12]
func TestDeleteConnection(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	got := c.refuse(422, "connection in use", "DELETE", "/api/connections/"+s.stripe, nil)
	equal(t, "metadata", m{"used_by": []any{
		m{"type": "model", "name": "Customers", "id": s.customers},
		m{"type": "sync", "name": "Customer data to HubSpot Sync", "id": s.sync},
	}}, got["metadata"].(m))
	equal(t, "syncs", 1, c.s.Count("sync"))

	c.do("DELETE", "/api/connections/"+s.stripe+"?force=true", nil)
	for kind, want := range map[string]int{"connection": 3, "model": 2, "sync": 0} {
		if got := c.s.Count(kind); got != want {
			t.Errorf("%d of kind %s left, want %d", got, kind, want)
		}
	}
	c.refuse(404, "", "DELETE", "/api/connections/"+s.stripe, nil)
	c.refuse(422, "force", "DELETE", "/api/connections/"+s.postgres+"?force=perhaps", nil)
	c.do("DELETE", "/api/connections/"+s.hubspot, nil) // nothing uses it any more
}

// Keys of another organisation do not see our objects, and may use our names.
func TestOrganizations(t *testing.T) {
	c := start(t, Options{Keys: []Key{{Value: "ours", User: "ada@example.com"}, {Value: "theirs", Organization: "Other"}, {Value: "reader", ReadOnly: true}}})
	conn := id(c.post("/api/connections", postgresBody()))
	theirs, reader := c.keyed("theirs"), c.keyed("reader")
	theirs.refuse(404, "", "GET", "/api/connections/"+conn, nil)
	theirs.post("/api/connections", postgresBody())
	equal(t, "connections of the other", 1, len(theirs.items("/api/connections")))
	equal(t, "connections of the reader", conn, id(reader.items("/api/connections")[0].(m)))
	reader.refuse(403, "read", "POST", "/api/connections", postgresBody())
	reader.refuse(403, "read", "PUT", "/api/connections/"+conn, postgresBody())

	equal(t, "me", m{
		"id": derivedID("user", "Sandbox", "ada@example.com"), "email": "ada@example.com", "role": "admin",
		"organization_id": OrganizationID("Sandbox"), "organization_name": "Sandbox",
		"is_user": true, "is_organization": false, "is_partner": false, "is_system": false,
	}, c.get("/api/me"))
	equal(t, "me", m{
		"organization_id": OrganizationID("Other"), "organization_name": "Other",
		"is_user": false, "is_organization": true, "is_partner": false, "is_system": false,
	}, theirs.get("/api/me"))
}
