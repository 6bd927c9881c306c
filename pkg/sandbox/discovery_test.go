package sandbox

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestConnectionTypes(t *testing.T) {
	c := start(t, Options{})
	types := map[string]m{}
	for _, item := range c.items("/api/connection_types") {
		types[id(item.(m))] = item.(m)
	}
	equal(t, "types", 226, len(types))
	for name, want := range map[string]bool{"hubspot": true, "postgresql": false, "azureblob": false} {
		equal(t, "use_oauth of "+name, any(want), types[name]["use_oauth"])
	}
	equal(t, "capabilities", m{"source": true, "destination": false, "enrichment": false, "orchestration": false}, types["airtable"]["capabilities"].(m))

	schema := c.get("/api/connection_types/postgresql")
	equal(t, "$schema", "https://json-schema.org/draft/2020-12/schema", schema["$schema"])
	equal(t, "required", []any{"database", "hostname", "password", "port", "username"}, schema["required"])
	equal(t, "port", m{"type": "integer", "default": 5432.0, "title": "Port"}, schema["properties"].(m)["port"].(m))
	equal(t, "password", m{"type": "string", "sensitive": true, "title": "Password"}, schema["properties"].(m)["password"].(m))
	change := c.get("/api/connection_types/asana")["properties"].(m)["authenticated"].(m)
	equal(t, "internal field", m{"type": "boolean", "hidden": true, "title": "Authenticated"}, change)
	equal(t, "enum", 5, len(c.get("/api/connection_types/webhook")["properties"].(m)["auth_method"].(m)["enum"].([]any)))
	nested := c.get("/api/connection_types/api")["properties"].(m)["headers"].(m)["items"].(m)
	equal(t, "closed", false, nested["additionalProperties"])
	equal(t, "undescribed", []any{"oauth_access_token"}, c.get("/api/connection_types/intercom")["required"])
	equal(t, "default of false", false, c.get("/api/connection_types/postgresql")["properties"].(m)["client_certs"].(m)["default"])
	c.refuse(404, "type", "GET", "/api/connection_types/nonsense", nil)
}

func TestParameterValues(t *testing.T) {
	c := start(t, Options{OAuth: OAuthManual})
	sheets := id(c.post("/api/connections", m{"name": "Sheets", "type": "gsheets", "configuration": m{"spreadsheet_id": m{"value": "x", "label": "X"}}}))
	const path = "/api/connection_types/gsheets/parameter_values"
	c.refuse(400, "authorized", "POST", path, m{"field": "spreadsheet_id"})
	c.refuse(400, "authorized", "POST", path, m{"field": "spreadsheet_id", "connection_id": sheets})
	if err := c.s.Authorize(sheets); err != nil {
		t.Fatal(err)
	}
	budget := m{"label": "Budget", "value": "sheet-sandbox-2"}
	got := c.post(path, m{"field": "spreadsheet_id", "connection_id": sheets, "parameters": m{}})
	equal(t, "values", 2, len(got["spreadsheet_id"].(m)["values"].([]any)))
	got = c.post(path, m{"field": "spreadsheet_id", "connection_id": sheets, "query": "bud"})
	equal(t, "found", m{"spreadsheet_id": m{"allows_creation": false, "values": []any{budget}}}, got)
	got = c.post("/api/connection_types/postgresql/parameter_values", m{"field": "hostname"})
	equal(t, "nothing to choose", m{"hostname": m{"allows_creation": false, "values": nil}}, got)
	all := c.get("/api/connections/" + sheets + "/parameter_values")
	if all["spreadsheet_id"] == nil || all["connect_mode"] == nil || all["user_email"] != nil {
		t.Errorf("all = %v", all)
	}
	c.refuse(400, "nonsense", "POST", path, m{"field": "nonsense"})
	c.refuse(400, "field", "POST", path, m{})
	c.refuse(404, "type", "POST", "/api/connection_types/nonsense/parameter_values", m{"field": "x"})
	c.refuse(404, "connection", "POST", path, m{"field": "spreadsheet_id", "connection_id": zeroID})
}

func TestSource(t *testing.T) {
	c := start(t, Options{})
	s := c.connections()
	source := func(conn, query string) m {
		return c.get("/api/connections/" + conn + "/modelsync/source" + query)
	}
	got := source(s.postgres, "")
	equal(t, "requires_one_of", []any{"table", "query", "view"}, got["requires_one_of"])
	equal(t, "tables", []any{"public.users", "public.organizations", "public.orders", "public.events"}, got["items"].(m)["table"].(m)["items"])
	equal(t, "query", m{"has_items": false, "items": nil, "requires_one_of": nil}, got["items"].(m)["query"].(m))
	got = source(s.airtable, "?"+url.Values{"params[baseobj]": {"appDVrQJeb9w2F2IL"}}.Encode())
	equal(t, "Airtable tables", []any{
		m{"value": "tblOuVBnPKvXjYhqP", "label": "Table 1"}, m{"value": "tblCompaniesxxxxx", "label": "Companies"},
	}, got["items"].(m)["tableobj"].(m)["items"])
	got = source(s.airtable, "?"+url.Values{"params[tableobj]": {"tblCompaniesxxxxx"}}.Encode())
	equal(t, "narrowed views", 1, len(got["items"].(m)["viewobj"].(m)["items"].([]any)))
	c.refuse(404, "connection", "GET", "/api/connections/"+zeroID+"/modelsync/source", nil)

	fields := func(conn, query string) []any {
		return c.items("/api/connections/" + conn + "/modelsync/source/fields?" + query)
	}
	for query, want := range map[string]int{"params[table]=users": 13, "params[table]=public.users": 13, "params[view]=active_users": 5} {
		if got := len(fields(s.postgres, query)); got != want {
			t.Errorf("%s: %d fields, want %d", query, got, want)
		}
	}
	equal(t, "streams", 15, len(fields(s.stripe, "params[stream_id]=customers")))
	c.refuse(400, "nonsense", "GET", "/api/connections/"+s.postgres+"/modelsync/source/fields?params[table]=nonsense", nil)
	c.refuse(400, "one of", "GET", "/api/connections/"+s.postgres+"/modelsync/source/fields", nil)
}

func TestTargets(t *testing.T) {
	c := start(t, Options{})
	s := c.connections()
	path := func(conn, rest string) string { return "/api/connections/" + conn + "/modelsync/" + rest }
	_, body := c.send(c.request("GET", path(s.hubspot, "targetobjects"), nil))
	objects := body["data"].([]any)
	equal(t, "objects", 3, len(objects))
	equal(t, "update", m{"id": "update", "requires_identity": true, "supports_per_field_mode": true, "supports_target_filters": true}, objects[0].(m)["modes"].([]any)[1].(m))
	equal(t, "target_creation", m{"supported": false}, body["target_creation"].(m))

	_, body = c.send(c.request("GET", path(s.postgres, "targetobjects"), nil))
	equal(t, "target_creation", m{"supported": true, "properties": []any{m{"id": "name", "title": "Table name", "enum": false}}}, body["target_creation"].(m))
	equal(t, "property", m{"id": "name", "title": "Table name", "enum": false, "values": []any{}}, c.get(path(s.postgres, "targetobjects/properties/name")))
	c.refuse(404, "property", "GET", path(s.postgres, "targetobjects/properties/nonsense"), nil)
	c.refuse(404, "property", "GET", path(s.hubspot, "targetobjects/properties/name"), nil)

	got := c.get(path(s.hubspot, "target/fields?target=contacts&refresh=true"))
	equal(t, "email", m{
		"id": "email", "name": "Email", "type": "string", "source_type": "string", "description": "", "required": false, "createable": true,
		"updateable": true, "filterable": true, "association": false, "encryptable": true, "supports_identity": true,
		"identity_functions": []any{m{"id": "Equality", "label": "Equals"}},
	}, got["fields"].([]any)[0].(m))
	equal(t, "mode", m{
		"mode": "update", "label": "Update", "description": "", "requires_identity": true, "supports_field_sync_mode": true, "supports_target_filters": true,
	}, got["modes"].([]any)[1].(m))
	c.refuse(404, "object", "GET", path(s.hubspot, "target/fields?target=nonsense"), nil)
	c.refuse(400, "destination", "GET", path(s.airtable, "targetobjects"), nil)
	equal(t, "older list", []any{"contacts"}, c.get(path(s.hubspot, "target?type=object&search=cont"))["items"].(m)["object"].(m)["items"])
}

func TestSchemas(t *testing.T) {
	clk := newClock()
	c := start(t, Options{Clock: clk.now})
	s := c.connections()
	path := "/api/connections/" + s.postgres + "/schemas/"
	equal(t, "status of a new connection", m{"cache_status": "refreshing", "last_refresh_started": "2024-02-08T10:00:00Z", "last_refresh_finished": nil}, c.get(path+"status"))
	clk.advance(time.Minute)
	equal(t, "status", m{"cache_status": "fresh", "last_refresh_started": "2024-02-08T10:00:00Z", "last_refresh_finished": "2024-02-08T10:00:02Z"}, c.get(path+"status"))
	res, err := c.http.Do(c.request("POST", path+"refresh", nil))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 202 || res.Header.Get("Location") != c.url+path+"status" {
		t.Errorf("refresh: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	equal(t, "status", "refreshing", c.get(path + "status")["cache_status"])

	keys := func() (all []string) {
		for _, f := range c.get(path + "public.users")["fields"].([]any) {
			if f.(m)["is_primary_key"] == true {
				all = append(all, id(f.(m)))
			}
		}
		return all
	}
	equal(t, "detected", []string{"id"}, keys())
	c.put(path+"public.users/primary_keys", m{"fields": []m{{"field_id": "email", "is_primary_key": true}, {"field_id": "id", "is_primary_key": false}}})
	equal(t, "set", []string{"email"}, keys())
	c.put(path+"public.users/primary_keys", m{"fields": []m{{"field_id": "email", "is_primary_key": true}}})
	equal(t, "set anew", []string{"id", "email"}, keys())
	c.do("DELETE", path+"public.users/primary_keys", nil)
	equal(t, "detected again", []string{"id"}, keys())

	own := m{"field_id": "score", "label": "Score", "type": "number", "path": "$.score"}
	c.post(path+"public.users/fields", m{"fields": []m{own}})
	c.post(path+"public.users/fields", m{"fields": []m{patched(own, m{"label": "New score"})}})
	last := c.get(path + "public.users")["fields"].([]any)[13].(m)
	equal(t, "own field", m{"id": "score", "name": "New score", "type": "number", "remote_type": "number", "is_primary_key": false}, last)
	equal(t, "user_managed", true, c.as(Version2025).get(path + "public.users")["fields"].([]any)[13].(m)["user_managed"])
	later := c.as(Version2025)
	later.undeclared(200, "PATCH", path+"public.users/fields/score", m{"label": "Newest score"})
	last = c.get(path + "public.users")["fields"].([]any)[13].(m)
	equal(t, "patched field", []any{"Newest score", "number"}, []any{last["name"], last["type"]})
	later.undeclared(400, "PATCH", path+"public.users/fields/score", m{"label": 7})
	later.undeclared(400, "PATCH", path+"public.users/fields/email", m{"label": "x"})
	later.undeclared(404, "PATCH", path+"public.users/fields/nonsense", m{"label": "x"})
	c.undeclared(404, "PATCH", path+"public.users/fields/score", m{"label": "x"})
	c.do("DELETE", path+"public.users/fields/score", nil)
	equal(t, "fields", 13, len(c.get(path + "public.users")["fields"].([]any)))
	equal(t, "record", "ada@example.com", c.items(path + "public.users/records")[0].(m)["email"])

	c.refuse(404, "field", "DELETE", path+"public.users/fields/score", nil)
	c.refuse(400, "own", "DELETE", path+"public.users/fields/email", nil)
	c.refuse(400, "source", "POST", path+"public.users/fields", m{"fields": []m{patched(own, m{"field_id": "email"})}})
	c.refuse(400, "nonsense", "PUT", path+"public.users/primary_keys", m{"fields": []m{{"field_id": "nonsense", "is_primary_key": true}}})
	c.refuse(404, "schema", "GET", path+"nonsense", nil)
	c.refuse(404, "schema", "GET", path+"public%2Fusers", nil)
}

// A file adds to what is built in.
func TestCatalogFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.json")
	text := `{
		"postgresql": {"source": {"objects": [
			{"id": "crm.leads", "name": "leads", "keys": {"table": ["crm.leads"]}, "fields": [{"name": "score", "type": "number"}]},
			{"id": "public.users", "name": "users", "keys": {"table": ["users"]}, "fields": [{"name": "only", "type": "string"}]}
		]}},
		"hubspot": {"target": {"objects": [{"id": "tickets", "name": "Tickets", "fields": [{"id": "subject", "name": "Subject", "type": "string"}]}]}},
		"mysql": {"source": {"keys": [{"key": "table"}], "requires_one_of": ["table"], "objects": []}},
		"stripe": {"replace": true, "name": "Stripes"},
		"airtable": null
	}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, Options{Catalog: file})
	s := c.connections()
	fields := func(table string) int {
		return len(c.items("/api/connections/" + s.postgres + "/modelsync/source/fields?params[table]=" + table))
	}
	equal(t, "fields of the added table", 1, fields("crm.leads"))
	equal(t, "fields of the replaced table", 1, fields("users"))
	equal(t, "fields of another", 6, fields("orders"))
	equal(t, "targets", 4, len(c.items("/api/connections/"+s.hubspot+"/modelsync/targetobjects")))
	equal(t, "name", "Stripes", c.get("/api/connections/" + s.stripe)["type"].(m)["name"])
	for _, conn := range []string{s.stripe, s.airtable} { // nothing is known of them now
		c.post("/api/models", m{"name": "Any", "connection_id": conn, "configuration": m{}, "fields": []string{"anything"}})
	}
	builtin := start(t, Options{})
	equal(t, "built in", 13, len(builtin.items("/api/connections/"+builtin.connections().postgres+"/modelsync/source/fields?params[table]=users")))
}
