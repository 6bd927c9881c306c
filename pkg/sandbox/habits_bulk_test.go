package sandbox

import (
	"testing"
)

// TestBulkHabits has a case for each row of the table in API dossier 14 that is about the
// kinds beyond connections, models and syncs. The name of a case is the row's.
func TestBulkHabits(t *testing.T) {
	c, s, _ := startBulk(t, Switches{})
	bulk := func(t *testing.T, changes m) m {
		t.Helper()
		return c.get("/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", patched(s.bulkBody(), changes))))
	}
	t.Run("all: id, organization_id, created_*, updated_*, actors", func(t *testing.T) {
		got := bulk(t, nil)
		equal(t, "organization", OrganizationID("Sandbox"), got["organization_id"])
		equal(t, "created_by", m{"id": derivedID("user", "Sandbox", "ada@example.com"), "name": "ada@example.com", "type": "user"}, got["created_by"].(m))
		if !isUUID(id(got)) || got["created_at"] == nil || got["updated_at"] == nil || got["updated_by"] == nil {
			t.Errorf("bulk sync = %v", got)
		}
	})
	t.Run("policies: built-in policy appended", func(t *testing.T) {
		mine := id(c.post("/api/permissions/policies", m{"name": "Ours"}))
		equal(t, "policies", []any{mine, builtinPolicy(OrganizationID("Sandbox"))}, bulk(t, m{"policies": []string{mine}})["policies"])
	})
	t.Run("bulk source_configuration, destination_configuration: defaults added", func(t *testing.T) {
		equal(t, "destination", m{
			"schema": "s", "mirror_schemas": true, "advanced": m{"table_prefix": "pt_", "truncate_existing": false},
		}, bulk(t, m{"destination_configuration": m{"schema": "s", "mirror_schemas": true, "advanced": m{"table_prefix": "pt_"}}})["destination_configuration"].(m))
		changes := m{"source_connection_id": s.postgres, "destination_connection_id": s.stripe, "destination_configuration": m{}}
		for _, sent := range []any{nil, m{}} {
			changes["source_configuration"] = sent
			equal(t, "source", m{"replication_slot": ""}, bulk(t, changes)["source_configuration"].(m))
		}
	})
	t.Run("bulk schemas: not in the answer; separate endpoint; output_name computed", func(t *testing.T) {
		got := bulk(t, m{"schemas": []string{"contacts"}})
		if _, there := got["schemas"]; there {
			t.Error("schemas are answered")
		}
		path := "/api/bulk/syncs/" + id(got)
		equal(t, "enabled", []string{"contacts"}, enabled(c.items(path+"/schemas")))
		equal(t, "output_name", "contacts", c.get(path + "/schemas/contacts")["output_name"])
		email := c.get(path + "/schemas/contacts")["fields"].([]any)[0].(m)
		if email["output_name"] == nil {
			t.Errorf("field = %v", email)
		}
		exact := "/api/bulk/syncs/" + id(bulk(t, m{"normalize_names": "disabled"}))
		equal(t, "name that is not normalised", "Contacts", c.get(exact + "/schemas/contacts")["output_name"])
	})
	t.Run("bulk automatically_add_new_*, normalize_names, disable_record_timestamps: defaults", func(t *testing.T) {
		got := bulk(t, nil)
		for name, want := range map[string]any{
			"automatically_add_new_objects": "none", "automatically_add_new_fields": "all", "normalize_names": "enabled", "disable_record_timestamps": false,
		} {
			equal(t, name, want, got[name])
		}
	})
	t.Run("bulk concurrency_limit etc.: null or a number", func(t *testing.T) {
		unset, set := bulk(t, nil), bulk(t, m{"concurrency_limit": 3, "resync_concurrency_limit": nil})
		equal(t, "unset", nil, unset["concurrency_limit"])
		equal(t, "set", 3.0, set["concurrency_limit"])
		equal(t, "null", nil, set["resync_concurrency_limit"])
	})
	t.Run("bulk schedules: camelCase in 8.15, snake_case in the sync", func(t *testing.T) {
		got := bulk(t, m{"schedule": m{"frequency": "weekly", "day_of_week": "monday", "hour": "08"}})
		equal(t, "snake_case", m{"frequency": "weekly", "day_of_week": "monday", "hour": "08"}, got["schedule"].(m))
		item := c.items("/api/bulk/syncs/" + id(got) + "/schedules")[0].(m)
		equal(t, "camelCase", "monday", item["dayOfWeek"])
		equal(t, "as sent", "08", item["hour"])
	})
	t.Run("bulk timestamps: as they were sent", func(t *testing.T) {
		got := bulk(t, m{"data_cutoff_timestamp": "2024-01-15T11:30:00.000+02:00"})
		equal(t, "data_cutoff_timestamp", "2024-01-15T11:30:00.000+02:00", got["data_cutoff_timestamp"])
	})
	t.Run("policy policy_actions: all actions, role_ids possibly null", func(t *testing.T) {
		got := c.post("/api/permissions/policies", m{"name": "Ours", "policy_actions": []m{{"action": "edit", "role_ids": []string{}}}})
		actions := got["policy_actions"].([]any)
		equal(t, "actions", len(c.s.policyActions()), len(actions))
		for i, a := range actions {
			equal(t, "action", m{"action": c.s.policyActions()[i], "role_ids": nil}, a.(m))
		}
	})
	t.Run("user email, role: lower-cased", func(t *testing.T) {
		got := c.post("/api/organizations/"+OrganizationID("Sandbox")+"/users", m{"email": "Grace.Hopper@Example.COM", "role": "ADMIN"})
		equal(t, "email", "grace.hopper@example.com", got["email"])
		equal(t, "role", "admin", got["role"])
	})
	t.Run("sync schedule.run_after: bulk syncs exist", func(t *testing.T) {
		users := id(c.post("/api/models", m{"name": "Users", "connection_id": s.postgres, "configuration": m{"table": "users"}}))
		source := func(field string) m { return m{"model_id": users, "field": field} }
		after := func(bulk string) m {
			return m{
				"name": "After", "mode": "updateOrCreate", "target": m{"connection_id": s.hubspot, "object": "contacts"},
				"identity": m{"source": source("email"), "target": "email", "function": "Equality"},
				"fields":   []m{{"source": source("first_name"), "target": "firstname"}},
				"schedule": m{"frequency": "runafter", "run_after": m{"bulk_sync_ids": []string{bulk}}},
			}
		}
		first := id(bulk(t, nil))
		equal(t, "run_after", m{"sync_ids": []any{}, "bulk_sync_ids": []any{first}}, c.post("/api/syncs", after(first))["schedule"].(m)["run_after"].(m))
		c.refuse(422, "no such bulk sync", "POST", "/api/syncs", after(zeroID))
	})
}
