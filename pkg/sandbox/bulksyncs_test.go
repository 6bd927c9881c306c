package sandbox

import (
	"net/http"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

// startBulk runs a sandbox with the connections of the tutorial and a fresh schema cache.
func startBulk(t *testing.T, switches Switches) (*client, seed, *clock) {
	t.Helper()
	clk := newClock()
	c := start(t, Options{Clock: clk.now, Pace: time.Minute, Switches: switches})
	s := c.connections()
	clk.advance(time.Hour)
	return c, s, clk
}

// sent sends to a path of 2025-09-18 whose form the contract does not have.
func (c *client) sent(method, path string, body any) m {
	c.t.Helper()
	status, got := c.send(contract.Unchecked(c.request(method, path, body)))
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %v", method, path, status, got)
	}
	return got["data"].(m)
}

func TestBulkSyncs(t *testing.T) {
	const path = "/api/bulk/syncs"
	c, s, _ := startBulk(t, Switches{})
	made := c.post(path, s.bulkBody())
	equal(t, "bulk sync", patchedKeep(m{
		"name": "HubSpot to Postgres", "source_connection_id": s.hubspot, "destination_connection_id": s.postgres, "mode": "replicate",
		"source_configuration":      m{},
		"destination_configuration": m{"schema": "hubspot", "mirror_schemas": false, "advanced": m{"table_prefix": "", "truncate_existing": false}},
		"schedule":                  m{"frequency": "daily", "hour": "8", "minute": "30"}, "discover": false,
		"active": true, "automatically_add_new_objects": "none", "automatically_add_new_fields": "all", "normalize_names": "enabled",
		"disable_record_timestamps": false, "data_cutoff_timestamp": nil, "concurrency_limit": nil, "resync_concurrency_limit": nil,
		"organization_id": OrganizationID("Sandbox"), "policies": []any{builtinPolicy(OrganizationID("Sandbox"))},
	}, m{
		"id": made["id"], "created_at": "2024-02-08T11:00:00Z", "updated_at": "2024-02-08T11:00:00Z", "created_by": made["created_by"], "updated_by": made["updated_by"],
	}), made)
	equal(t, "read", made, c.get(path+"/"+id(made)))
	again := c.post(path, s.bulkBody()) // names need not be unique
	equal(t, "list", 2, len(c.items(path)))

	full := m{
		"active": false, "automatically_add_new_objects": "all", "automatically_add_new_fields": "none", "normalize_names": "disabled",
		"disable_record_timestamps": true, "data_cutoff_timestamp": "2024-01-01T00:00:00Z", "concurrency_limit": 4, "resync_concurrency_limit": 2,
		"discover": true, "mode": "replicate",
	}
	got := c.put(path+"/"+id(made), patched(s.bulkBody(), full))
	for name, want := range full {
		if n, ok := want.(int); ok {
			want = float64(n)
		}
		equal(t, name, want, got[name])
	}
	equal(t, "inactive", 1, len(c.items(path+"?active=false")))
	got = c.put(path+"/"+id(made), s.bulkBody())
	equal(t, "a PUT replaces", patched(made, m{"updated_at": got["updated_at"]}), got)
	equal(t, "activate", m{"id": made["id"], "active": false}, c.post(path+"/"+id(made)+"/activate", m{"active": false}))
	c.do("DELETE", path+"/"+id(again), nil)
	for _, gone := range []string{path + "/" + id(again), path + "/nonsense"} {
		c.refuse(404, "bulk sync", "GET", gone, nil)
		c.refuse(404, "bulk sync", "PUT", gone, s.bulkBody())
		c.refuse(404, "bulk sync", "DELETE", gone, nil)
		c.refuse(404, "bulk sync", "POST", gone+"/executions", m{})
		c.refuse(404, "bulk sync", "GET", gone+"/schemas", nil)
		c.refuse(404, "bulk sync", "GET", gone+"/schedules", nil)
	}
	if got := c.s.Count("bulk_schedule"); got != 1 {
		t.Errorf("%d schedules are left, want 1", got)
	}
	inactive, s2, _ := startBulk(t, Switches{InactiveByDefault: true})
	equal(t, "active by default", false, inactive.post(path, s2.bulkBody())["active"])
}

func TestBulkSyncRefusals(t *testing.T) {
	c, s, _ := startBulk(t, Switches{})
	path := "/api/bulk/syncs"
	own := path + "/" + id(c.post(path, s.bulkBody()))
	destination := func(configuration m) m { return m{"destination_configuration": configuration} }
	schedule := func(sch m) m { return m{"schedule": sch} }
	schemas := func(all ...any) m { return m{"schemas": all} }
	intoBase := m{"destination_connection_id": s.airtable, "destination_configuration": m{}}
	tests := []struct {
		name    string
		changes m
		status  int // of the POST; a PUT declares no 422
		words   string
	}{
		{"no name", m{"name": nil}, 400, "name"},
		{"empty name", m{"name": " "}, 422, "name"},
		{"no schedule", m{"schedule": nil}, 400, "schedule"},
		{"no destination configuration", m{"destination_configuration": nil}, 400, "destination_configuration"},
		{"unknown source", m{"source_connection_id": zeroID}, 422, "source_connection_id"},
		{"unknown destination", m{"destination_connection_id": zeroID}, 422, "destination_connection_id"},
		{"no source of bulk syncs", m{"source_connection_id": s.airtable}, 422, "no source"},
		{"unknown mode", m{"mode": "copy"}, 400, "mode"},
		{"mode not supported", m{"mode": "snapshot"}, 422, "not supported"},
		{"configuration of another type", destination(m{"mirror_schemas": "yes"}), 422, "mirror_schemas"},
		{"nested configuration", destination(m{"advanced": m{"table_prefix": 7}}), 422, "advanced.table_prefix"},
		{"configuration missing", intoBase, 422, "base"},
		{"cutoff of Postgres", m{"source_connection_id": s.postgres, "data_cutoff_timestamp": "2024-01-01T00:00:00Z"}, 422, "data_cutoff_timestamp"},
		{"cutoff is no time", m{"data_cutoff_timestamp": "yesterday"}, 400, "data_cutoff_timestamp"},
		{"limit is a fraction", m{"concurrency_limit": 1.5}, 400, "concurrency_limit"},
		{"new objects", m{"automatically_add_new_objects": "some"}, 400, "automatically_add_new_objects"},
		{"normalize", m{"normalize_names": "yes"}, 400, "normalize_names"},
		{"unknown policy", m{"policies": []string{zeroID}}, 422, "policies"},
		{"another organization", m{"organization_id": zeroID}, 403, "organization"},
		{"unknown frequency", schedule(m{"frequency": "often"}), 400, "frequency"},
		{"after others", schedule(m{"frequency": "runafter"}), 422, "runafter"},
		{"multi of nothing", schedule(m{"frequency": "multi"}), 422, "multi"},
		{"multi without saying so", schedule(patched(multiSchedule(), m{"frequency": "manual"})), 422, "multi"},
		{"multi in multi", schedule(m{"frequency": "multi", "multi": m{"schedules": []m{{"item": "none", "schedule": m{"frequency": "multi"}}}}}), 422, "inside"},
		{"unknown item", schedule(m{"frequency": "multi", "multi": m{"schedules": []m{{"item": "some", "schedule": m{"frequency": "daily"}}}}}), 400, "item"},
		{"hour is a number", schedule(m{"frequency": "daily", "hour": 8}), 400, "hour"},
		{"schema without id", schemas(m{"enabled": true}), 400, "id"},
		{"schema is a number", schemas(7), 400, "object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := patched(s.bulkBody(), tt.changes)
			c.refuse(tt.status, tt.words, "POST", path, body)
			if tt.status == 422 {
				tt.status = 400
			}
			c.refuse(tt.status, tt.words, "PUT", own, body)
		})
	}
	equal(t, "bulk syncs", 1, c.s.Count("bulk_sync"))
	for words, changes := range map[string]m{
		"no schema": schemas("tickets"), "twice": schemas("contacts", "contacts"),
		"fields":         schemas(m{"id": "contacts", "fields": []any{"nonsense"}}),
		"tracking_field": schemas(m{"id": "contacts", "tracking_field": "nonsense"}),
		"filters":        schemas(m{"id": "contacts", "filters": []m{{"field_id": "nonsense", "function": "IsNull"}}}),
	} {
		c.refuse(422, words, "POST", path, patched(s.bulkBody(), changes))
	}
	c.post(path, patched(s.bulkBody(), patched(intoBase, m{"destination_configuration": m{"base": "appDVrQJeb9w2F2IL"}})))
}

// A bulk sync can be created only when the schemas of its source are there.
func TestBulkSyncNeedsSchemas(t *testing.T) {
	for _, tt := range []struct {
		switches Switches
		status   int
	}{{Switches{}, 422}, {Switches{RefreshingIs400: true}, 400}} {
		clk := newClock()
		c := start(t, Options{Clock: clk.now, Switches: tt.switches})
		s := c.connections()
		c.refuse(tt.status, "cache refresh in progress", "POST", "/api/bulk/syncs", s.bulkBody())
		clk.advance(time.Minute)
		bulk := c.post("/api/bulk/syncs", s.bulkBody())
		c.get("/api/bulk/syncs/" + id(bulk) + "?refresh_schemas=true")
		equal(t, "status", "refreshing", c.get("/api/connections/" + s.hubspot + "/schemas/status")["cache_status"])
		c.refuse(tt.status, "cache refresh in progress", "POST", "/api/bulk/syncs", s.bulkBody())
		c.put("/api/bulk/syncs/"+id(bulk), s.bulkBody()) // one that exists can still be changed
	}
	c := start(t, Options{OAuth: OAuthNever, Pace: -1, Switches: Switches{UseUnauthorized: true}})
	c.refuse(400, "did not provide any schemas", "POST", "/api/bulk/syncs", c.connections().bulkBody())
	c = start(t, Options{OAuth: OAuthNever, Pace: -1})
	c.refuse(422, "authorized", "POST", "/api/bulk/syncs", c.connections().bulkBody())
}

// A connection that a bulk sync uses is in use.
func TestBulkSyncUsesConnections(t *testing.T) {
	c, s, _ := startBulk(t, Switches{})
	bulk := c.post("/api/bulk/syncs", s.bulkBody())
	for _, conn := range []string{s.hubspot, s.postgres} {
		got := c.refuse(422, "connection in use", "DELETE", "/api/connections/"+conn, nil)
		equal(t, "metadata", m{"used_by": []any{m{"type": "bulk_sync", "name": "HubSpot to Postgres", "id": bulk["id"]}}}, got["metadata"].(m))
	}
	c.do("DELETE", "/api/connections/"+s.hubspot+"?force=true", nil)
	for _, kind := range []string{"bulk_sync", "bulk_schedule"} {
		equal(t, "left of kind "+kind, 0, c.s.Count(kind))
	}
}

func TestBulkDiscovery(t *testing.T) {
	c, s, _ := startBulk(t, Switches{})
	source := c.get("/api/connections/" + s.postgres + "/bulksync/source")
	equal(t, "replication_slot", m{"type": "string", "title": "Replication slot", "default": ""}, source["configuration"].(m)["properties"].(m)["replication_slot"].(m))
	equal(t, "capabilities", m{"supports_tracking_fields": true}, source["capabilities"].(m))
	users := source["schemas"].([]any)[0].(m)
	equal(t, "schema", c.get("/api/connections/"+s.postgres+"/schemas/public.users"), users)
	for query, want := range map[string]bool{"": true, "?include_fields=true": true, "?include_fields=false": false} {
		first := c.get("/api/connections/" + s.hubspot + "/bulksync/source" + query)["schemas"].([]any)[0].(m)
		if _, there := first["fields"]; there != want {
			t.Errorf("%s: fields are there: %v, want %v", query, there, want)
		}
	}
	target := c.get("/api/connections/" + s.postgres + "/bulksync/target")
	equal(t, "modes", []any{m{
		"id": "replicate", "label": "Replicate", "description": "", "requires_identity": false, "supports_field_sync_mode": false, "supports_target_filters": false,
	}}, target["modes"])
	equal(t, "resync modes", []any{"refetch", "resync", "rebuild"}, target["supported_resync_modes"])
	equal(t, "modes of another", 2, len(c.get("/api/connections/" + s.hubspot + "/bulksync/target")["modes"].([]any)))
	equal(t, "required", []any{"base"}, c.get("/api/connections/" + s.airtable + "/bulksync/target")["configuration"].(m)["required"])
	equal(t, "operations", []any{"modelsyncsource", "bulksyncdestination"}, c.get("/api/connections/" + s.airtable)["type"].(m)["operations"])
	c.refuse(400, "Airtable", "GET", "/api/connections/"+s.airtable+"/bulksync/source", nil)
	c.refuse(400, "include_fields", "GET", "/api/connections/"+s.postgres+"/bulksync/source?include_fields=perhaps", nil)
	c.refuse(404, "connection", "GET", "/api/connections/"+zeroID+"/bulksync/source", nil)
	c.refuse(404, "connection", "GET", "/api/connections/"+zeroID+"/bulksync/target", nil)
}

// A type of which nothing is known has any schemas and fields.
func TestBulkSyncOfUnknownType(t *testing.T) {
	c, s, clk := startBulk(t, Switches{})
	mysql := c.post("/api/connections", m{"name": "MySQL", "type": "mysql", "configuration": m{
		"hostname": "db.example.com", "account": "made-up", "passwd": "made-up", "dbname": "d", "port": 3306,
	}, "validate": false})
	clk.advance(time.Hour)
	body := patched(s.bulkBody(), m{"source_connection_id": id(mysql), "source_configuration": m{"anything": 7}, "schemas": []any{"app.users", m{"id": "app.orders", "fields": []any{"id"}}}})
	path := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", body))
	equal(t, "source_configuration", m{"anything": 7.0}, c.get(path)["source_configuration"].(m))
	equal(t, "schemas", 2, len(c.items(path+"/schemas")))
	c.do("PATCH", path+"/schemas", m{"schemas": []m{{"id": "app.more"}}})
	equal(t, "more schemas", 3, len(c.items(path+"/schemas")))
	equal(t, "fields", 1, len(c.get(path + "/schemas/app.orders")["fields"].([]any)))
}
