package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

// bulkSchemas are the schemas of a bulk sync as single GETs answer them, by id.
func (c *client) bulkSchemas(path string) map[string]m {
	c.t.Helper()
	all := map[string]m{}
	for _, item := range c.items(path + "/schemas") {
		all[id(item.(m))] = c.get(path + "/schemas/" + id(item.(m)))
	}
	return all
}

// enabled are the ids of the enabled elements.
func enabled(items any) []string {
	ids := []string{}
	for _, item := range items.([]any) {
		if item.(m)["enabled"] == true {
			ids = append(ids, id(item.(m)))
		}
	}
	return ids
}

func TestBulkSchemas(t *testing.T) {
	c, s, _ := startBulk(t, Switches{})
	body := patched(s.bulkBody(), m{"source_connection_id": s.postgres, "destination_connection_id": s.hubspot, "destination_configuration": m{}})
	all := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", body))
	equal(t, "without a choice", 5, len(enabled(c.items(all+"/schemas"))))
	equal(t, "fields without a choice", 13, len(enabled(c.get(all + "/schemas/public.users")["fields"])))

	path := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", patched(body, m{"schemas": []any{
		"public.orders",
		m{"id": "public.users", "fields": []any{"id", m{"id": "email", "obfuscate": true}, m{"id": "phone", "enabled": false}},
			"filters":       []m{{"field_id": "country", "function": "Equality", "value": "GB"}},
			"partition_key": "country", "tracking_field": "updated_at", "data_cutoff_timestamp": "2024-01-01T00:00:00Z", "disable_data_cutoff": true},
		m{"id": "public.events", "enabled": false},
	}})))
	equal(t, "chosen", []string{"public.users", "public.orders"}, enabled(c.items(path+"/schemas")))
	for _, item := range c.items(path + "/schemas") {
		if item.(m)["fields"] != nil || item.(m)["filters"] != nil {
			t.Errorf("the list shows fields or filters: %v", item)
		}
	}
	equal(t, "by filter", 3, len(c.items(path+"/schemas?filters[enabled]=false")))
	users := c.get(path + "/schemas/public.users")
	equal(t, "fields", []string{"id", "email"}, enabled(users["fields"]))
	equal(t, "field", m{"id": "email", "enabled": true, "obfuscated": true, "output_name": "email", "user_output_name": ""}, users["fields"].([]any)[1].(m))
	delete(users, "fields")
	equal(t, "schema", m{
		"id": "public.users", "enabled": true, "output_name": "users", "user_output_name": "", "partition_key": "country", "tracking_field": "updated_at",
		"data_cutoff_timestamp": "2024-01-01T00:00:00Z", "disable_data_cutoff": true,
		"filters": []any{m{"field_id": "country", "function": "Equality", "value": "GB"}},
	}, users)
	before := c.bulkSchemas(path)

	// A PATCH touches what it lists; fields that it leaves out there are all enabled.
	changed := c.get(path)["updated_at"]
	c.do("PATCH", path+"/schemas", m{"schemas": []m{{"id": "public.events", "enabled": true, "user_output_name": "Logins"}, {"id": "public.users", "enabled": true}}})
	after := c.bulkSchemas(path)
	equal(t, "not listed", before["public.orders"], after["public.orders"])
	equal(t, "output_name", "Logins", after["public.events"]["output_name"])
	equal(t, "fields left out", 13, len(enabled(after["public.users"]["fields"])))
	equal(t, "the bulk sync itself", changed, c.get(path)["updated_at"])

	got := c.put(path+"/schemas/public.users", m{"enabled": true, "fields": []m{{"id": "email", "enabled": true, "obfuscated": true, "user_output_name": "mail"}}})
	equal(t, "fields", []string{"email"}, enabled(got["fields"]))
	equal(t, "output_name", "mail", got["fields"].([]any)[1].(m)["output_name"])
	equal(t, "read", got, c.get(path+"/schemas/public.users"))
	for _, empty := range []any{nil, []m{}} {
		equal(t, "empty fields", 13, len(enabled(c.put(path+"/schemas/public.users", m{"enabled": true, "fields": empty})["fields"])))
	}
	c.refuse(404, "schema", "GET", path+"/schemas/nonsense", nil)
	c.refuse(404, "schema", "PUT", path+"/schemas/nonsense", m{})
	c.refuse(400, "nonsense", "PATCH", path+"/schemas", m{"schemas": []m{{"id": "nonsense"}}})
	c.refuse(400, "nonsense", "PATCH", path+"/schemas", m{"schemas": []m{{"id": "public.users", "fields": []m{{"id": "nonsense"}}}}})
	c.refuse(400, "id", "PATCH", path+"/schemas", m{"schemas": []m{{"enabled": true}}})
	c.undeclared(400, "PUT", path+"/schemas/public.users", m{"fields": []m{{"id": "nonsense"}}})
	equal(t, "fields after all that", 13, len(enabled(c.get(path + "/schemas/public.users")["fields"])))
}

// What a PUT of the bulk sync does to its schemas is contradictory.
func TestBulkPutSchemas(t *testing.T) {
	for _, tt := range []struct {
		choice        string
		sent, leftOut []string
	}{
		{"", []string{"contacts"}, []string{"contacts"}},
		{"sent", []string{"deals"}, []string{"contacts"}},
		{"all", []string{"deals"}, []string{"contacts", "companies", "deals"}},
	} {
		c, s, _ := startBulk(t, Switches{BulkPutSchemas: tt.choice})
		with := func(schema string) m { return patched(s.bulkBody(), m{"schemas": []string{schema}}) }
		for changes, want := range map[string][]string{"deals": tt.sent, "": tt.leftOut} {
			path := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", with("contacts")))
			body := s.bulkBody()
			if changes != "" {
				body = with(changes)
			}
			c.put(path, body)
			equal(t, tt.choice+": enabled after "+changes, want, enabled(c.items(path+"/schemas")))
		}
	}
	c, s, _ := startBulk(t, Switches{})
	path := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", s.bulkBody()))
	c.put(path, patched(s.bulkBody(), m{"source_connection_id": s.stripe, "schemas": []string{"customers"}}))
	equal(t, "of another source", []string{"customers"}, enabled(c.items(path+"/schemas")))
}

// Schemas and fields that come later follow automatically_add_new_objects and _fields.
func TestBulkNewSchemas(t *testing.T) {
	clk := newClock()
	opts := Options{Clock: clk.now, Pace: -1, Data: filepath.Join(t.TempDir(), "sandbox.log")}
	c := start(t, opts)
	s := c.connections()
	paths := map[string]string{}
	for objects, fields := range map[string]string{"none": "none", "all": "all"} {
		body := patched(s.bulkBody(), m{"automatically_add_new_objects": objects, "automatically_add_new_fields": fields})
		paths[objects] = "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", body))
	}
	c.post("/api/connections/"+s.hubspot+"/schemas/deals/fields", m{"fields": []m{{"field_id": "score", "label": "Deal score", "type": "number"}}})
	opts.Catalog = filepath.Join(t.TempDir(), "catalog.json")
	more := `{"hubspot": {"source": {"objects": [{"id": "tickets", "name": "Tickets", "fields": [{"name": "subject", "type": "string"}]}]}}}`
	if err := os.WriteFile(opts.Catalog, []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	d := start(t, opts)
	for choice, want := range map[string]bool{"none": false, "all": true} {
		equal(t, "new schema under "+choice, want, d.get(paths[choice] + "/schemas/tickets")["enabled"].(bool))
		fields := d.get(paths[choice] + "/schemas/deals")["fields"].([]any)
		last := fields[len(fields)-1].(m)
		equal(t, "new field under "+choice, m{"id": "score", "enabled": want, "obfuscated": false, "output_name": "deal_score", "user_output_name": ""}, last)
	}
}
