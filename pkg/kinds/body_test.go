package kinds

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// body reads a request's body out of testdata. "{model.users}" stands for the
// id of that address.
func body(t *testing.T, path string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	b = address.ReplaceAllFunc(b, func(s []byte) []byte {
		a, err := resource.ParseAddress(string(s[2 : len(s)-2]))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := ids(a)
		return []byte(`"` + id + `"`)
	})
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return resource.Normalize(out).(resource.Object)
}

var address = regexp.MustCompile(`"\{[a-z_.]+\}"`)

// The joined scenario (API dossier 19), with the tutorial's mistakes put right:
// the Airtable model's fields, relations and connection stand outside of its
// configuration, it is called "Stars Data", and it selects the field that the
// sync maps. Two things are said that the tutorial leaves to luck: that the
// sync is active, and that its target has no configuration.
var seed = map[resource.Address]obj{
	{Kind: "connection", Name: "airtable"}: {"name": "Airtable Connection", "type": "airtable"},
	{Kind: "connection", Name: "hubspot"}:  {"name": "HubSpot Connection", "type": "hubspot"},
	{Kind: "connection", Name: "postgres"}: {"name": "Postgres Connection", "type": "postgresql", "configuration": obj{
		"hostname": "localhost", "port": "5432", "database": "postgres", "username": "user", "password": resource.NewSecret("made-up-password")}},
	{Kind: "connection", Name: "stripe"}: {"name": "Stripe Connection", "type": "stripe", "configuration": obj{"api_key": resource.NewSecret("made-up-key")}},
	{Kind: "model", Name: "users"}:       {"name": "User Details", "connection": "postgres", "configuration": obj{"table": "users"}},
	{Kind: "model", Name: "customers"}: {"name": "Customers", "connection": "stripe", "configuration": obj{"stream_id": "customers"},
		"fields": []any{"balance", "description", "livemode"}, "relations": obj{"email": "users.email"}},
	{Kind: "model", Name: "stars"}: {"name": "Stars Data", "connection": "airtable",
		"configuration": obj{
			"baseobj":  obj{"value": "appDVrQJeb9w2F2IL", "label": "User sample"},
			"tableobj": obj{"value": "tblOuVBnPKvXjYhqP", "label": "Table 1"},
			"viewobj":  obj{}},
		"fields":    []any{"fldah5pg1Q9k3PmEH", "fldR3dERuDqosnxFY"},
		"relations": obj{"fldR3dERuDqosnxFY": "users.email"}},
	{Kind: "sync", Name: "customers_to_hubspot"}: {"name": "Customer data to HubSpot Sync", "mode": "updateOrCreate", "active": true,
		"schedule": "continuous", "target": obj{"connection": "hubspot", "object": "contacts"},
		"identity": obj{"source": "users.email", "target": "email", "function": "Equality"},
		"fields": obj{"firstname": "users.first_name", "lastname": "users.last_name",
			"kloutscoregeneral": "stars.fldah5pg1Q9k3PmEH", "subscription_plan": "customers.description"}},
}

func TestSeedBodies(t *testing.T) {
	for a, o := range seed {
		t.Run(a.String(), func(t *testing.T) {
			k := kindOf(t, a.Kind)
			k.Canonical(o)
			got, err := k.Encode(o, ids, false)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(body(t, filepath.Join("seed", a.String()+".json")), got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if k.Check != nil {
				models := map[string]obj{}
				for b, m := range seed {
					if b.Kind == "model" {
						models[b.Name] = resource.Clone(m)
					}
				}
				if d := cmp.Diff([]string(nil), check(k, resource.Clone(o), models)); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			}
		})
	}
}

func kindOf(t *testing.T, name string) *resource.Kind {
	t.Helper()
	for _, k := range All() {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

// Every member that a request may have, for POST and for PUT.
func TestBodies(t *testing.T) {
	full := map[string]obj{
		"primary_keys": {"connection": "pg", "schema": "public.users", "fields": []any{"b", "a", "b"}},
		"schema_fields": {"connection": "pg", "schema": "public.users", "fields": obj{
			"score":  obj{"label": "Score", "type": "number", "example": obj{"n": int64(1)}},
			"a.plan": obj{"label": "Plan", "type": "string", "path": "$.a.plan", "example": "pro"}}},
		"organization": {"name": "Acme", "sso_domain": "acme.example.com", "sso_org_id": "org-1", "issuer": "https://login.example.com",
			"client_id": "polytomic", "client_secret": resource.NewSecret("made-up-client-secret")},
		"user":              {"email": " Ada@Example.com", "roles": []any{obj{"id": "r-9"}, "analyst"}, "role": "Admin", "organization": "acme"},
		"webhook":           {"endpoint": "https://hooks.example.com", "secret": resource.NewSecret("made-up-signature"), "enabled": false, "organization_id": "o1"},
		"error_subscribers": {"emails": []any{"b@example.com", "a@example.com", "b@example.com"}},
		"role":              {"name": "Analyst", "organization_id": "o1"},
		"policy": {"name": "Marketing", "organization_id": "o1",
			"actions": obj{"trigger": []any{"analyst"}, "edit": []any{"ops", obj{"id": "r-9"}, "analyst", "ops"}, "delete": []any{}}},
		"connection": {"name": "API", "type": "webhook", "healthcheck_interval": "3h30m", "policies": []any{obj{"id": "p1"}}, "validate": false,
			"redirect_url": "https://example.com/done", "organization_id": "o1",
			"configuration": obj{
				"url":       "https://example.com/hook",
				"headers":   []any{obj{"name": "X-Key", "value": resource.NewSecret("made-up-header")}},
				"brand_new": obj{"token": resource.NewSecret("made-up-token")},
				"secret":    "the server's own"}},
		"model": {"name": "Orders", "connection": "pg", "configuration": obj{"query": "SELECT 1", "limit": int64(10)}, "fields": []any{"id", "email"},
			"additional_fields": obj{"metadata.plan": obj{"label": "Plan", "type": "string", "example": "pro"}},
			"relations": obj{"id": "users.order_id", "email": []any{obj{"model": "users", "field": "email.address"},
				obj{"model": obj{"id": "u-9"}, "field": "mail"}}},
			"identifier": "id", "tracking_columns": []any{"updated_at"}, "labels": []any{"l1"},
			"enricher": obj{"connection": "apollo", "configuration": obj{"object": "people"}, "mappings": obj{"email": "email"}, "fields": []any{"company"}, "enricher_id": "e1"},
			"policies": []any{obj{"id": "p1"}}, "refresh": true, "organization_id": "o1"},
		"bulk_sync": {"name": "B", "mode": "snapshot", "active": false,
			"source":      obj{"connection": "hubspot", "configuration": obj{"replication_slot": "s", "token": resource.NewSecret("made-up-token")}},
			"destination": obj{"connection": obj{"id": "c-9"}, "configuration": obj{"schema": "crm", "advanced": obj{"table_prefix": "pt_"}}},
			"schedule":    obj{"frequency": "daily", "hour": int64(8), "minute": "05"},
			"additional_schedules": obj{
				"sundays": obj{"frequency": "weekly", "day_of_week": "sunday", "hour": "2", "selective_mode": "nonincrementalFields"},
				"often":   "continuous"},
			"schemas": obj{"companies": true, "deals": false, "contacts": obj{
				"fields":                obj{"id": true, "email": obj{"obfuscate": true}, "phone": false, "createdate": obj{"output_name": "made"}},
				"filters":               obj{"old": obj{"field": "createdate", "function": "OnOrBefore", "value": "2024-01-01"}, "known": obj{"field": "email", "function": "IsNotNull"}},
				"partition_key":         "owner",
				"tracking_field":        "updatedate",
				"data_cutoff_timestamp": "2024-01-15T11:30:00+02:00",
				"output_name":           "people"}},
			"automatically_add_new_objects": "onlyIncremental", "automatically_add_new_fields": "none", "normalize_names": "legacy",
			"disable_record_timestamps": true, "data_cutoff_timestamp": "2024-01-15T09:30:00.5Z", "concurrency_limit": int64(4),
			"resync_concurrency_limit": int64(2), "discover": true, "policies": []any{obj{"id": "p1"}}, "organization_id": "o1"},
		"sync": {"name": "S", "mode": "update", "active": false,
			"schedule": obj{"frequency": "runafter", "run_after": obj{"syncs": []any{"other", obj{"id": "s9"}}, "bulk_syncs": []any{obj{"id": "b9"}}}, "run_after_success_only": true},
			"target":   obj{"connection": "pg", "create": obj{"name": "public.t"}, "configuration": obj{"preserve_table_on_resync": true}},
			"identity": obj{"source": "users.email", "target": "email", "function": "OneOf"},
			"fields": obj{
				"a":             obj{"source": "users.a", "sync_mode": "create", "new": true, "encryption_enabled": true},
				"b":             obj{"source": obj{"model": obj{"id": "m-9"}, "field": "b"}},
				"source_system": obj{"value": "warehouse", "sync_mode": "create", "encryption_enabled": true}},
			"filters":             obj{"gone": obj{"source": "users.gone_at", "function": "IsNull"}, "in": obj{"field_id": "f-9", "function": "StringOneOf", "value": []any{"free", int64(7), nil}}},
			"filter_logic":        "not (gone and in)",
			"target_filters":      obj{"lead": obj{"target": "lifecycle", "function": "Equality", "value": "lead"}, "owned": obj{"target": "owner", "function": "IsNotNull"}},
			"target_filter_logic": "NOT lead OR owned",
			"overrides":           obj{"x": obj{"source": "users.plan", "function": "Equality", "value": "", "override": "free"}},
			"sync_all_records":    false, "only_enrich_updates": true, "skip_initial_backfill": true,
			"encryption_passphrase": resource.NewSecret("made-up-passphrase"), "policies": []any{obj{"id": "p1"}}, "organization_id": "o1"},
	}
	for _, k := range All() {
		o := full[k.Name]
		k.Canonical(o)
		for how, update := range map[string]bool{"post": false, "put": true} {
			t.Run(k.Name+"."+how, func(t *testing.T) {
				got, err := k.Encode(o, ids, update)
				if err != nil {
					t.Fatal(err)
				}
				if k.Form != nil {
					if err := k.Form(version2024, got); err != nil {
						t.Fatal(err)
					}
				}
				if d := cmp.Diff(body(t, filepath.Join("bodies", k.Name+"."+how+".json")), resource.Normalize(got)); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
		for i := range k.Fields {
			if f := &k.Fields[i]; !f.Computed && o[f.Name] == nil {
				t.Errorf("%s.%s is not shown", k.Name, f.Name)
			}
		}
	}
}

// An update clears what it leaves out (API dossier 0.1, trap 2): of what the
// object does not have nothing is said, but for what the service requires.
func TestBareBodies(t *testing.T) {
	for name, tt := range map[string]struct {
		in   obj
		want map[string]any
	}{
		"organization":      {obj{"name": "N"}, map[string]any{"name": "N"}},
		"user":              {obj{"email": "a@example.com", "organization": "acme"}, map[string]any{"email": "a@example.com"}},
		"webhook":           {obj{"endpoint": "https://e", "enabled": false}, map[string]any{"endpoint": "https://e"}},
		"primary_keys":      {obj{"connection": "pg", "schema": "s", "fields": []any{}}, map[string]any{"fields": []any{}}},
		"schema_fields":     {obj{"connection": "pg", "schema": "s", "fields": obj{}}, map[string]any{"fields": []any{}}},
		"error_subscribers": {obj{"emails": []any{}}, map[string]any{"emails": []any{}}},
		"role":              {obj{"name": "N"}, map[string]any{"name": "N"}},
		"policy":            {obj{"name": "N"}, map[string]any{"name": "N", "policy_actions": []any{}}},
		"connection":        {obj{"name": "N", "type": "hubspot"}, map[string]any{"name": "N", "configuration": map[string]any{}}},
		"model": {obj{"name": "N", "connection": "pg", "configuration": obj{"table": "t"}},
			map[string]any{"name": "N", "connection_id": "{connection.pg}", "configuration": map[string]any{"table": "t"}}},
		"bulk_sync": {obj{"name": "N", "source": "pg", "destination": "hubspot", "schedule": "manual"},
			map[string]any{"name": "N", "schedule": map[string]any{"frequency": "manual"}, "source_connection_id": "{connection.pg}",
				"destination_connection_id": "{connection.hubspot}", "destination_configuration": map[string]any{}}},
		"sync": {obj{"name": "N", "mode": "create", "schedule": "manual", "target": obj{"connection": "pg", "object": "o"}, "fields": obj{}},
			map[string]any{"name": "N", "mode": "create", "schedule": map[string]any{"frequency": "manual"}, "fields": []any{},
				"target": map[string]any{"connection_id": "{connection.pg}", "object": "o", "configuration": map[string]any{}}}},
	} {
		k := kindOf(t, name)
		k.Canonical(tt.in)
		got, err := k.Encode(tt.in, func(a resource.Address) (string, bool) { return "{" + a.String() + "}", true }, true)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// The secrets that a connection's configuration has deep inside are known as
// such, read and written.
func TestNestedSecrets(t *testing.T) {
	typ := obj{"id": "webhook"}
	live := Connection.Decode(map[string]any{"type": typ, "configuration": obj{
		"url": "https://example.com", "secret": "shown by the server", "headers": []any{obj{"name": "X", "value": "********"}}}}, index)
	c := objectOf(live["configuration"])
	if _, ok := objectOf(listOf(c["headers"])[0])["value"].(*resource.Secret); !ok || c["secret"] != nil {
		t.Errorf("decoded as %v", live)
	}
	if _, err := Connection.Encode(live, ids, true); err == nil {
		t.Error("a mask was sent")
	}
	// Of a type that nobody knows, masks alone tell what is secret.
	live = Connection.Decode(map[string]any{"type": obj{"id": "brand_new"}, "configuration": obj{"token": "********", "host": "h"}}, index)
	if _, err := Connection.Encode(live, ids, true); err == nil {
		t.Error("a mask was sent for an unknown type")
	}
}

// A connection that a person has authorised can be written again, though nobody
// knows its tokens.
func TestAuthorisedConnectionIsWritten(t *testing.T) {
	live := Connection.Decode(map[string]any{"name": "N", "type": obj{"id": "hubspot"}, "configuration": obj{
		"oauthRefreshToken": "********", "oauth_access_token": "********", "hub_user": "u", "use_search_api": false}}, index)
	got, err := Connection.Encode(live, ids, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{"name": "N", "configuration": map[string]any{"use_search_api": false}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Labels whose ids cannot be found are not sent back as something else.
func TestLabelsOfUnknownShape(t *testing.T) {
	live := Model.Decode(map[string]any{"labels": []any{obj{"name": "L"}, obj{"id": "l1"}, "l2", int64(3), obj{"label_id": "l3", "name": "L"}}}, index)
	if d := cmp.Diff([]any{"l1", "l2", "l3"}, live["labels"]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestConfigurationRows(t *testing.T) {
	row := func(typ string, path ...string) *resource.Field {
		fields, _ := configurationOf(obj{"type": typ})
		var f *resource.Field
		for _, name := range path {
			if f = resource.Lookup(fields, name); f == nil {
				t.Fatalf("%s has no %v", typ, path)
			}
			for fields = f.Fields; fields == nil && f.Elem != nil; fields = f.Fields {
				f = f.Elem
			}
		}
		return f
	}
	if f := row("postgresql", "port"); f.Filled != int64(5432) || f.Default != int64(5432) || f.Required || f.Type != resource.Int {
		t.Errorf("port is %+v", f)
	}
	if f := row("postgresql", "hostname"); !f.Required || f.Filled != nil {
		t.Errorf("hostname is %+v", f)
	}
	if f := row("salesforce", "client_id"); f.Required { // API dossier 9.3
		t.Errorf("client_id is %+v", f)
	}
	if f := row("webhook", "headers", "value"); !f.Sensitive {
		t.Errorf("headers[].value is %+v", f)
	}
	if f := row("httpenrichment", "auth", "basic", "password"); !f.Sensitive {
		t.Errorf("auth.basic.password is %+v", f)
	}
	if f := row("webhook", "secret"); !f.Sensitive || !f.Computed {
		t.Errorf("webhook's secret is %+v", f)
	}
	if f := row("intercom", "oauth_access_token"); !f.Sensitive { // required and undescribed
		t.Errorf("intercom's token is %+v", f)
	}
	if f := row("gsheets", "spreadsheet_id"); f.Type != resource.Any || !f.Labelled {
		t.Errorf("a picker is %+v", f)
	}
	if f := row("awsathena", "tags"); f.Type != resource.String {
		t.Errorf("free members are %+v", f)
	}
}
