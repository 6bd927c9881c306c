package sandbox

import (
	"slices"
	"testing"
)

// TestHabits has a case for each row of the table in API dossier 14 that is about
// connections, models and syncs: what the server makes of what it is sent. The name of
// a case is the row's.
func TestHabits(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()

	field := func(model m, name string) m {
		for _, f := range model["fields"].([]any) {
			if f := f.(m); f["name"] == name || f["target"] == name {
				return f
			}
		}
		return nil
	}
	names := func(fields any, key string) []string {
		var all []string
		for _, f := range fields.([]any) {
			all = append(all, f.(m)[key].(string))
		}
		return all
	}
	connection := func(t *testing.T, body m) (written, read m) {
		t.Helper()
		written = c.post("/api/connections", patched(body, m{"name": t.Name()}))
		return written, c.get("/api/connections/" + id(written))
	}
	// model and sync lay changes over a body of the tutorial.
	model := func(t *testing.T, changes m) m {
		t.Helper()
		return c.get("/api/models/" + id(c.post("/api/models", patched(s.customersBody(), changes))))
	}
	sync := func(t *testing.T, changes m) m {
		t.Helper()
		return c.get("/api/syncs/" + id(c.post("/api/syncs", patched(s.syncBody(), changes))))
	}
	email := m{"model_id": s.users, "field": "email"}

	t.Run("all: id, organization_id, created_*, updated_*, actors", func(t *testing.T) {
		for _, path := range []string{"/api/connections/" + s.postgres, "/api/models/" + s.users, "/api/syncs/" + s.sync} {
			got := c.get(path)
			equal(t, path, OrganizationID("Sandbox"), got["organization_id"])
			equal(t, path, m{"id": derivedID("user", "Sandbox", "ada@example.com"), "name": "ada@example.com", "type": "user"}, got["created_by"].(m))
			for _, name := range []string{"created_at", "updated_at", "updated_by"} {
				if got[name] == nil {
					t.Errorf("%s has no %s", path, name)
				}
			}
			if i := id(got); !isUUID(i) || i[14] != '4' {
				t.Errorf("id %q is no UUID of version 4", i)
			}
		}
	})
	t.Run("connection: type object v. string", func(t *testing.T) {
		written, read := connection(t, postgresBody())
		for _, got := range []m{written, read} {
			equal(t, "type", "postgresql", got["type"].(m)["id"])
			equal(t, "name of the type", "PostgreSQL", got["type"].(m)["name"])
		}
	})
	t.Run("connection: status, status_error, saved, api_calls_last_24_hours", func(t *testing.T) {
		_, got := connection(t, postgresBody())
		equal(t, "status", "healthy", got["status"])
		equal(t, "status_error", "", got["status_error"])
		equal(t, "saved", true, got["saved"])
		if v, there := got["api_calls_last_24_hours"]; v != nil || !there {
			t.Errorf("api_calls_last_24_hours = %v", v)
		}
	})
	t.Run("connection configuration: secrets masked", func(t *testing.T) {
		written, read := connection(t, postgresBody())
		for _, got := range []m{written, read} {
			equal(t, "password", mask, got["configuration"].(m)["password"])
		}
		for _, item := range c.items("/api/connections") {
			if p := item.(m)["configuration"].(m)["password"]; p != nil && p != mask {
				t.Errorf("the list shows %v", p)
			}
		}
	})
	t.Run("connection configuration: nested secrets masked", func(t *testing.T) {
		_, got := connection(t, m{"type": "api", "configuration": m{
			"url":     "https://api.example.com",
			"headers": []m{{"name": "X-Key", "value": "made-up"}, {"name": "Empty", "value": ""}},
			"auth":    m{"oauth": m{"client_secret": "made-up", "token_endpoint": "https://login.example.com"}},
		}})
		equal(t, "configuration", m{
			"url":     "https://api.example.com",
			"headers": []any{m{"name": "X-Key", "value": mask}, m{"name": "Empty", "value": ""}},
			"auth":    m{"oauth": m{"client_secret": mask, "token_endpoint": "https://login.example.com"}},
		}, got["configuration"].(m))
	})
	t.Run("connection configuration: ro fields filled by the server", func(t *testing.T) {
		got := c.get("/api/connections/" + s.hubspot)["configuration"].(m)
		equal(t, "hub_user", "ada@example.com", got["hub_user"])
		equal(t, "hub_domain", "engines.example.com", got["hub_domain"])
		_, got = connection(t, m{"type": "s3", "configuration": m{"s3_bucket_name": "b", "s3_bucket_region": "eu-west-1", "auth_mode": "iam_role", "external_id": "mine"}})
		equal(t, "external_id", "sandbox-external-id", got["configuration"].(m)["external_id"])
	})
	t.Run("connection configuration: internal fields", func(t *testing.T) {
		_, got := connection(t, m{"type": "asana", "configuration": m{"authenticated": false}})
		equal(t, "authenticated", true, got["configuration"].(m)["authenticated"])
	})
	t.Run("connection configuration: defaults filled in; unset optionals", func(t *testing.T) {
		_, got := connection(t, postgresBody())
		equal(t, "configuration", m{
			"hostname": "localhost", "username": "user", "password": mask, "database": "postgres", "port": 5432.0,
			"ssl": true, "ssh_port": 22.0, "ssh_user": "root", "client_certs": false, "change_detection": false,
		}, got["configuration"].(m))
		equal(t, "use_search_api", true, c.get("/api/connections/" + s.hubspot)["configuration"].(m)["use_search_api"])
	})
	t.Run("connection configuration: numbers may be strings", func(t *testing.T) {
		body := postgresBody()
		body["configuration"].(m)["port"] = "6543"
		_, got := connection(t, body)
		equal(t, "port", 6543.0, got["configuration"].(m)["port"])
	})
	t.Run("connection configuration: picker objects", func(t *testing.T) {
		picked := m{"value": "sheet-sandbox-1", "label": "whatever it was called"}
		_, got := connection(t, m{"type": "gsheets", "configuration": m{"spreadsheet_id": picked}})
		equal(t, "spreadsheet_id", picked, got["configuration"].(m)["spreadsheet_id"].(m))
	})
	t.Run("connection configuration: camelCase keys as they were sent", func(t *testing.T) {
		_, got := connection(t, m{"type": "hubspot", "configuration": m{"useSearchApi": false}})
		equal(t, "useSearchApi", false, got["configuration"].(m)["useSearchApi"])
	})
	t.Run("policies: built-in policy appended", func(t *testing.T) {
		mine := id(c.post("/api/permissions/policies", m{"name": "Ours"}))
		builtin := builtinPolicy(OrganizationID("Sandbox"))
		_, got := connection(t, patched(postgresBody(), m{"policies": []string{mine}}))
		equal(t, "policies", []any{mine, builtin}, got["policies"])
		equal(t, "policies of a model", []any{builtin}, c.get("/api/models/" + s.users)["policies"])
		equal(t, "policies of a sync", []any{mine, builtin}, sync(t, m{"policies": []string{mine, builtin}})["policies"])
	})

	t.Run("model fields: objects; all if none was sent; order of the source", func(t *testing.T) {
		all := c.get("/api/models/" + s.users)
		if got := names(all["fields"], "name"); len(got) != 13 || got[0] != "id" || got[1] != "email" {
			t.Errorf("fields = %v", got)
		}
		some := model(t, m{"fields": []string{"livemode", "balance"}})
		equal(t, "fields", []string{"balance", "livemode"}, names(some["fields"], "name"))
	})
	t.Run("model additional_fields: inside fields with user_added: true", func(t *testing.T) {
		got := model(t, m{"additional_fields": []m{{"name": "metadata.plan", "label": "Plan", "type": "string", "example": "pro"}}})
		equal(t, "fields", []string{"description", "balance", "livemode", "metadata.plan"}, names(got["fields"], "name"))
		added := field(got, "metadata.plan")
		equal(t, "user_added", true, added["user_added"])
		equal(t, "label", "Plan", added["label"])
		equal(t, "user_added of the source's own", false, field(got, "balance")["user_added"])
		if _, there := got["additional_fields"]; there {
			t.Error("additional_fields is answered")
		}
	})
	t.Run("model field id, unique, remote_type, example, description, timestamps", func(t *testing.T) {
		a, b := field(c.get("/api/models/"+s.users), "email"), field(c.get("/api/models/"+s.users), "email")
		equal(t, "the same field twice", a, b)
		if !isUUID(id(a)) || a["unique"] != true || a["remote_type"] != "text" || a["example"] != "ada@example.com" || a["created_at"] == nil {
			t.Errorf("field = %v", a)
		}
	})
	t.Run("model labels: objects v. ids", func(t *testing.T) {
		const label = "5e0f31f0-1111-4b43-9a02-5d2f7a9b1c22"
		got := model(t, m{"labels": []string{label}})["labels"].([]any)
		if len(got) != 1 || got[0].(m)["id"] != label {
			t.Errorf("labels = %v", got)
		}
	})
	t.Run("model identifier: empty when unset", func(t *testing.T) {
		equal(t, "identifier", "", model(t, nil)["identifier"])
		equal(t, "identifier", "id", model(t, m{"identifier": "id"})["identifier"])
	})
	t.Run("model relations, tracking_columns: null or []", func(t *testing.T) {
		got := model(t, m{"relations": nil})
		equal(t, "relations", []any{}, got["relations"])
		equal(t, "tracking_columns", []any{}, got["tracking_columns"])
	})
	t.Run("model configuration: empty strings, nulls, an extra tracking_columns key", func(t *testing.T) {
		equal(t, "configuration", m{"table": "users", "query": "", "view": "", "tracking_columns": nil}, c.get("/api/models/" + s.users)["configuration"].(m))
		got := model(t, m{"tracking_columns": []string{"balance"}})
		equal(t, "configuration", m{"stream_id": "customers", "tracking_columns": []any{"balance"}}, got["configuration"].(m))
	})
	t.Run("model configuration, Airtable: {value, label}, viewobj {} when none", func(t *testing.T) {
		body := patched(s.starsBody(), m{"configuration": m{
			"baseobj": m{"value": "appDVrQJeb9w2F2IL", "label": "my base"}, "tableobj": m{"value": "tblOuVBnPKvXjYhqP"},
		}})
		got := c.get("/api/models/" + id(c.post("/api/models", body)))
		equal(t, "configuration", m{
			"baseobj": m{"value": "appDVrQJeb9w2F2IL", "label": "User sample"}, "tableobj": m{"value": "tblOuVBnPKvXjYhqP", "label": "Table 1"},
			"viewobj": m{}, "tracking_columns": nil,
		}, got["configuration"].(m))
	})
	t.Run("model version: counts up on change", func(t *testing.T) {
		got := c.post("/api/models", s.customersBody())
		equal(t, "version", 1.0, got["version"])
		equal(t, "version", 2.0, c.put("/api/models/"+id(got), s.customersBody())["version"])
	})

	t.Run("sync fields: holds override fields too", func(t *testing.T) {
		got := sync(t, m{"override_fields": []m{{"target": "source_system", "override_value": "warehouse"}}})
		equal(t, "fields", []string{"firstname", "lastname", "kloutscoregeneral", "subscription_plan", "source_system"}, names(got["fields"], "target"))
		equal(t, "constant", m{
			"target": "source_system", "override_value": "warehouse", "source": m{"model_id": zeroID, "field": ""},
			"new": false, "encryption_enabled": false,
		}, field(got, "source_system"))
		if _, there := got["override_fields"]; there {
			t.Error("override_fields is answered")
		}
		again := c.put("/api/syncs/"+id(got), patched(s.syncBody(), m{"fields": got["fields"]}))
		equal(t, "fields sent back", got["fields"], again["fields"])
	})
	t.Run("sync fields: one source per target", func(t *testing.T) {
		twice := []m{{"target": "firstname", "source": email}, {"target": "firstname", "source": email}}
		c.refuse(422, "twice", "POST", "/api/syncs", patched(s.syncBody(), m{"fields": twice}))
	})
	t.Run("sync fields[].new, encryption_enabled, sync_mode, override_value", func(t *testing.T) {
		got := sync(t, m{"fields": []m{{"target": "made_here", "source": email, "new": true, "sync_mode": "create"}, {"target": "phone", "source": email}}})
		equal(t, "made field", m{"target": "made_here", "source": email, "new": false, "encryption_enabled": false, "sync_mode": "create"}, field(got, "made_here"))
		equal(t, "plain field", m{"target": "phone", "source": email, "new": false, "encryption_enabled": false}, field(got, "phone"))
		sync(t, m{"fields": []m{{"target": "made_here", "source": email}}}) // it exists now
	})
	t.Run("sync filters[].label: assigned by the server", func(t *testing.T) {
		balance := m{"model_id": s.customers, "field": "balance"}
		got := sync(t, m{
			"filters": []m{
				{"label": "Z", "field": balance, "function": "GreaterThan", "value": 42},
				{"label": "Y", "field": email, "field_type": "Model", "function": "IsNotNull"},
			},
			"filter_logic": "A AND NOT B",
		})
		filters := got["filters"].([]any)
		equal(t, "first", m{
			"label": "A", "field": balance, "field_id": fieldID(s.customers, "balance"), "field_type": "Model", "function": "GreaterThan", "value": 42.0,
		}, filters[0].(m))
		equal(t, "second label", "B", filters[1].(m)["label"])
		c.refuse(422, "filter_logic", "POST", "/api/syncs", patched(s.syncBody(), m{"filters": []m{{"label": "Z", "field": email, "function": "IsNull"}}, "filter_logic": "Z"}))
	})
	t.Run("sync filters[]: field_id filled in besides field; target filters", func(t *testing.T) {
		byID := sync(t, m{"filters": []m{{"field_id": fieldID(s.users, "email"), "function": "IsNotNull"}}})
		equal(t, "field", email, byID["filters"].([]any)[0].(m)["field"].(m))
		wins := sync(t, m{"filters": []m{{"field": email, "field_id": "nonsense", "function": "IsNotNull"}}})
		equal(t, "field_id", fieldID(s.users, "email"), wins["filters"].([]any)[0].(m)["field_id"])

		target := []m{{"field_id": "lifecyclestage", "field_type": "Target", "function": "Equality", "value": "lead"}}
		got := sync(t, m{"mode": "update", "filters": target, "target": m{"connection_id": s.hubspot, "object": "contacts", "filter_logic": "A"}})
		equal(t, "target filter", m{"label": "A", "field_id": "lifecyclestage", "field_type": "Target", "function": "Equality", "value": "lead"}, got["filters"].([]any)[0].(m))
		c.refuse(422, "mode update only", "POST", "/api/syncs", patched(s.syncBody(), m{"filters": target}))
	})
	t.Run("sync filters, overrides: empty list v. absent", func(t *testing.T) {
		got := sync(t, nil)
		equal(t, "filters", []any{}, got["filters"])
		equal(t, "overrides", []any{}, got["overrides"])
	})
	t.Run("sync filter and override values: any JSON", func(t *testing.T) {
		values := []any{42.0, 1.5, "42", true, []any{"a", 1.0}, m{"unit": "day", "n": 7.0}, nil}
		var filters []m
		for _, v := range values {
			filters = append(filters, m{"field": email, "function": "Equality", "value": v})
		}
		for i, f := range sync(t, m{"filters": filters})["filters"].([]any) {
			equal(t, "value", values[i], f.(m)["value"])
		}
	})
	t.Run("sync overrides[]: field_id besides field", func(t *testing.T) {
		got := sync(t, m{"overrides": []m{{"field": email, "function": "IsNull", "override": "nobody@example.com"}}})["overrides"].([]any)
		equal(t, "override", m{"field": email, "field_id": fieldID(s.users, "email"), "function": "IsNull", "override": "nobody@example.com"}, got[0].(m))
		name := fieldID(s.users, "first_name")
		got = sync(t, m{"overrides": []m{{"field": email, "field_id": name, "function": "IsNull"}}})["overrides"].([]any)
		equal(t, "field that field_id names", m{"model_id": s.users, "field": "first_name"}, got[0].(m)["field"].(m))
	})
	t.Run("sync identity: remote_field_type_id filled, new_field filled", func(t *testing.T) {
		equal(t, "identity", m{
			"source": email, "target": "email", "function": "Equality", "new_field": false, "remote_field_type_id": "string",
		}, sync(t, nil)["identity"].(m))
	})
	t.Run("sync identity: the server drops a field with the identity's target", func(t *testing.T) {
		got := sync(t, m{"fields": []m{{"target": "email", "source": email}, {"target": "phone", "source": email}}})
		equal(t, "fields", []string{"phone"}, names(got["fields"], "target"))
	})
	t.Run("sync target.search_values, target.configuration", func(t *testing.T) {
		equal(t, "target", m{
			"connection_id": s.hubspot, "object": "contacts", "configuration": m{}, "filter_logic": "", "search_values": m{"object": "contacts"},
		}, sync(t, nil)["target"].(m))
		got := sync(t, m{"mode": "replace", "identity": nil, "target": m{"connection_id": s.postgres, "object": "public.users"}, "fields": []m{{"target": "email", "source": email}}})
		equal(t, "search_values", m{"schema": "public", "table": "users"}, got["target"].(m)["search_values"].(m))
	})
	t.Run("sync target.filter_logic: empty when unset", func(t *testing.T) {
		equal(t, "filter_logic", "", sync(t, nil)["target"].(m)["filter_logic"])
	})
	t.Run("sync target.create, new_name: not returned; object now holds the new object's id", func(t *testing.T) {
		fields := []m{{"target": "anything", "source": email, "new": true}}
		for _, target := range []m{
			{"connection_id": s.postgres, "create": m{"name": "public.made"}},
			{"connection_id": s.postgres, "object": "__pt_new_target", "new_name": "public.named"},
		} {
			got := sync(t, m{"mode": "replace", "identity": nil, "target": target, "fields": fields})["target"].(m)
			if got["create"] != nil || got["new_name"] != nil || !slices.Contains([]any{"public.made", "public.named"}, got["object"]) {
				t.Errorf("target = %v", got)
			}
			sync(t, m{"mode": "replace", "identity": nil, "target": m{"connection_id": s.postgres, "object": got["object"]}, "fields": fields})
		}
	})
	t.Run("sync encryption_passphrase: never returned", func(t *testing.T) {
		changes := m{"encryption_passphrase": "made-up", "fields": []m{{"target": "phone", "source": email, "encryption_enabled": true}}}
		got := sync(t, changes)
		if _, there := got["encryption_passphrase"]; there {
			t.Error("encryption_passphrase is answered")
		}
		c.refuse(422, "encryption_passphrase", "PUT", "/api/syncs/"+id(got), patched(s.syncBody(), patched(changes, m{"encryption_passphrase": nil})))
	})
	t.Run("sync model_ids: computed", func(t *testing.T) {
		got := sync(t, m{"fields": []m{{"target": "phone", "source": email}}, "filters": []m{{"field": m{"model_id": s.stars, "field": "fldR3dERuDqosnxFY"}, "function": "IsNotNull"}}})
		equal(t, "model_ids", []any{s.users, s.stars}, got["model_ids"])
	})
	t.Run("sync sync_all_records, only_enrich_updates, skip_initial_backfill: false when unset", func(t *testing.T) {
		got := sync(t, nil)
		for _, name := range []string{"sync_all_records", "only_enrich_updates", "skip_initial_backfill"} {
			equal(t, name, false, got[name])
		}
	})
	t.Run("sync schedule: unused members null; run_after_success_only filled; numbers as strings", func(t *testing.T) {
		unused := m{"day_of_week": nil, "day_of_month": nil, "month": nil, "hour": nil, "minute": nil, "run_after_success_only": nil, "job_id": nil}
		equal(t, "continuous", patchedKeep(unused, m{"frequency": "continuous"}), sync(t, nil)["schedule"].(m))
		weekly := m{"frequency": "weekly", "day_of_week": "1", "hour": "08", "minute": "0"}
		equal(t, "weekly", patchedKeep(unused, weekly), sync(t, m{"schedule": weekly})["schedule"].(m))
		after := m{"frequency": "runafter", "run_after": m{"sync_ids": []any{s.sync}, "bulk_sync_ids": []any{}}}
		want := patchedKeep(unused, patchedKeep(after, m{"run_after_success_only": false}))
		equal(t, "runafter", want, sync(t, m{"schedule": after})["schedule"].(m))
		c.refuse(400, "hour", "POST", "/api/syncs", patched(s.syncBody(), m{"schedule": m{"frequency": "daily", "hour": 8}}))
	})
}

// patchedKeep returns base with more laid over it, nulls included.
func patchedKeep(base, more m) m {
	out := m{}
	for _, part := range []m{base, more} {
		for k, v := range part {
			out[k] = v
		}
	}
	return out
}
