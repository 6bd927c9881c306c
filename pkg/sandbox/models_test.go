package sandbox

import "testing"

func TestModelRefusals(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	relation := func(from, model, field string) m {
		return m{"relations": []m{{"from": from, "to": m{"model_id": model, "field": field}}}}
	}
	tests := []struct {
		name    string
		changes m
		words   string
	}{
		{"no name", m{"name": nil}, "name"},
		{"empty name", m{"name": ""}, "name"},
		{"no connection", m{"connection_id": nil}, "connection_id"},
		{"unknown connection", m{"connection_id": zeroID}, "connection"},
		{"connection is no UUID", m{"connection_id": "stripe"}, "UUID"},
		{"nothing to read", m{"configuration": m{}}, "stream_id"},
		{"unknown stream", m{"configuration": m{"stream_id": "nonsense"}}, "nonsense"},
		{"unknown field", m{"fields": []string{"balance", "nonsense"}}, "nonsense"},
		{"fields are objects", m{"fields": []m{{"name": "balance"}}}, "fields[0]"},
		{"unknown identifier", m{"identifier": "nonsense"}, "nonsense"},
		{"unknown tracking column", m{"tracking_columns": []string{"nonsense"}}, "nonsense"},
		{"labels are names", m{"labels": []string{"nonsense"}}, "labels"},
		{"additional field without label", m{"additional_fields": []m{{"name": "a", "type": "string"}}}, "label"},
		{"additional field twice", m{"additional_fields": []m{{"name": "a", "label": "A", "type": "string"}, {"name": "a", "label": "B", "type": "string"}}}, "twice"},
		{"relation to unknown model", relation("email", zeroID, "email"), "model"},
		{"relation to unknown field", relation("email", s.users, "nonsense"), "nonsense"},
		{"relation from unknown field", relation("nonsense", s.users, "email"), "nonsense"},
		{"enricher cannot enrich", m{"enricher": m{"connection_id": s.postgres}}, "enrich"},
		{"unknown enricher", m{"enricher": m{"connection_id": zeroID}}, "enricher"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.refuse(400, tt.words, "POST", "/api/models", patched(s.customersBody(), tt.changes))
			c.refuse(400, tt.words, "PUT", "/api/models/"+s.customers, patched(s.customersBody(), tt.changes))
			c.refuse(400, tt.words, "POST", "/api/model-preview", patched(s.customersBody(), tt.changes))
		})
	}
	equal(t, "models", 3, c.s.Count("model"))
	equal(t, "version", 1.0, c.get("/api/models/" + s.customers)["version"])
	for _, path := range []string{"/api/models/" + zeroID, "/api/models/nonsense"} {
		c.refuse(404, "model", "GET", path, nil)
		c.refuse(404, "model", "PUT", path, s.customersBody())
		c.refuse(404, "model", "DELETE", path, nil)
		c.refuse(404, "model", "GET", path+"/sample", nil)
	}
}

// What a PUT leaves out is gone.
func TestModelPutReplaces(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	c.put("/api/models/"+s.customers, patched(s.customersBody(), m{
		"identifier": "id", "tracking_columns": []string{"created"}, "labels": []string{s.users},
		"additional_fields": []m{{"name": "metadata.plan", "label": "Plan", "type": "string"}},
	}))
	got := c.put("/api/models/"+s.customers, m{"name": "Customers", "connection_id": s.stripe, "configuration": m{"stream_id": "customers"}, "refresh": true})
	for name, want := range map[string]any{"identifier": "", "tracking_columns": []any{}, "labels": []any{}, "relations": []any{}, "version": 3.0} {
		equal(t, name, want, got[name])
	}
	equal(t, "fields", 15, len(got["fields"].([]any)))
}

// Of a query nothing is parsed: all fields of the catalog are there, and any other name
// is taken for a column of it.
func TestModelOfQuery(t *testing.T) {
	c := start(t, Options{})
	s := c.connections()
	body := m{"name": "Query", "connection_id": s.postgres, "configuration": m{"query": "SELECT lower(email) AS mail FROM users"}}
	if n := len(c.post("/api/models", body)["fields"].([]any)); n < 20 {
		t.Errorf("%d fields", n)
	}
	got := c.post("/api/models", patched(body, m{"fields": []string{"mail", "email"}}))["fields"].([]any)
	equal(t, "first", "email", got[0].(m)["name"])
	equal(t, "second", "mail", got[1].(m)["name"])
	equal(t, "type of a column", "string", got[1].(m)["type"])
}

// Types that the catalog knows nothing of hold whatever they are asked for.
func TestPermissiveTypes(t *testing.T) {
	c := start(t, Options{})
	conn := id(c.post("/api/connections", m{"name": "Warehouse", "type": "snowflake", "validate": false, "configuration": m{
		"account": "a", "username": "u", "dbname": "d", "password": "made-up",
	}}))
	model := c.post("/api/models", m{"name": "Anything", "connection_id": conn, "configuration": m{"whatever": m{"deep": true}}, "fields": []string{"A", "B"}})
	equal(t, "fields", 2, len(model["fields"].([]any)))
	source := m{"model_id": id(model), "field": "C"}
	c.post("/api/syncs", m{
		"name": "Anywhere", "mode": "append", "schedule": m{"frequency": "manual"}, "target": m{"connection_id": conn, "object": "S.T"},
		"fields": []m{{"target": "X", "source": source}},
	})
	c.refuse(422, "identity", "POST", "/api/syncs", m{
		"name": "Anywhere", "mode": "update", "schedule": m{"frequency": "manual"}, "target": m{"connection_id": conn, "object": "S.T"},
		"fields": []m{{"target": "X", "source": source}},
	})
}

func TestEnricher(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	apollo := id(c.post("/api/connections", m{"name": "Apollo", "type": "apollo", "configuration": m{"apikey": "made-up"}}))
	enricher := m{"connection_id": apollo, "configuration": m{"object": "people"}, "mappings": m{"email": "email"}}
	body := patched(s.customersBody(), m{"enricher": enricher})
	first := c.put("/api/models/"+s.customers, body)["enricher"].(m)
	if !isUUID(first["enricher_id"].(string)) || len(first["fields"].([]any)) == 0 {
		t.Errorf("enricher = %v", first)
	}
	// Without its id a second one arises.
	second := c.put("/api/models/"+s.customers, body)["enricher"].(m)
	if first["enricher_id"] == second["enricher_id"] {
		t.Error("an enricher without an id is taken for the old one")
	}
	kept := c.put("/api/models/"+s.customers, patched(body, m{"enricher": patched(enricher, m{"enricher_id": second["enricher_id"]})}))["enricher"].(m)
	equal(t, "enricher_id sent back", second["enricher_id"], kept["enricher_id"])

	sample := c.get("/api/models/" + s.customers + "/sample")["records"].([]any)[0].(m)
	for _, of := range []string{s.customers, kept["enricher_id"].(string)} {
		if sample[of] == nil {
			t.Errorf("sample has nothing of %s: %v", of, sample)
		}
	}
	c.refuse(422, "in use", "DELETE", "/api/connections/"+apollo, nil)
	equal(t, "inputs", []any{[]any{"email"}, []any{"first_name", "last_name", "domain"}},
		c.post("/api/enrichment/"+apollo+"/inputfields", m{"configuration": m{"object": "people"}})["data"])
	equal(t, "choices", []any{"people", "organizations"},
		c.get("/api/connections/" + apollo + "/modelsync/enrichment-source")["items"].(m)["object"].(m)["items"])
	c.refuse(404, "enrich", "GET", "/api/connections/"+s.stripe+"/modelsync/enrichment-source", nil)
	c.refuse(404, "enrich", "POST", "/api/enrichment/"+s.stripe+"/inputfields", m{})
}

func TestSampleAndPreview(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	got := c.get("/api/models/" + s.customers + "/sample")
	equal(t, "records", []any{m{s.customers: m{"balance": 0.0, "description": "Pro plan", "livemode": false}}}, got["records"].([]any))
	preview := c.post("/api/model-preview", s.customersBody())
	if preview["id"] != nil || len(preview["fields"].([]any)) != 3 {
		t.Errorf("preview = %v", preview)
	}
	equal(t, "models", 3, c.s.Count("model"))
}

// With async=true there is a job and no data; what only upstream can know fails the job
// and not the request. [API dossier 15]
func TestJobs(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	run := func(method, path string, body any) (typ string, polls int, last m) {
		t.Helper()
		status, got := c.send(c.request(method, path, body))
		job, _ := got["job"].(m)
		if status != 200 || got["data"] != nil || job["status"] != "created" {
			t.Fatalf("%s %s: %d %v", method, path, status, got)
		}
		typ = job["type"].(string)
		for {
			last = c.get("/api/jobs/" + typ + "/" + job["job_id"].(string))
			if polls++; last["status"] != "running" {
				return typ, polls, last
			}
		}
	}
	tests := []struct {
		method, path string
		body         any
		typ, status  string
		has          string // member of the result
	}{
		{"POST", "/api/models?async=true", s.customersBody(), "createmodel", "done", "id"},
		{"PUT", "/api/models/" + s.customers + "?async=true", s.customersBody(), "updatemodel", "done", "version"},
		{"POST", "/api/model-preview?async=true", s.customersBody(), "previewmodel", "done", "fields"},
		{"GET", "/api/models/" + s.customers + "/sample?async=true", nil, "samplemodel", "done", "records"},
		{"POST", "/api/models?async=true", patched(s.customersBody(), m{"fields": []string{"nonsense"}}), "createmodel", "failed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.status, func(t *testing.T) {
			typ, polls, job := run(tt.method, tt.path, tt.body)
			equal(t, "type", tt.typ, typ)
			equal(t, "status", any(tt.status), job["status"])
			equal(t, "polls", 2, polls)
			if tt.has == "" {
				if job["error"] == nil {
					t.Error("a failed job has no error")
				}
			} else if job["result"].(m)[tt.has] == nil {
				t.Errorf("result = %v", job["result"])
			}
		})
	}
	equal(t, "models", 4, c.s.Count("model"))
	c.refuse(400, "name", "POST", "/api/models?async=true", patched(s.customersBody(), m{"name": nil}))
	c.refuse(400, "type", "GET", "/api/jobs/nonsense/"+zeroID, nil)
	c.refuse(404, "job", "GET", "/api/jobs/createmodel/"+zeroID, nil)
	if _, got := c.send(c.request("GET", "/api/models/"+s.customers+"?async=true", nil)); got["data"] == nil {
		t.Error("a read is a job")
	}
}

// A model goes without a question, and the syncs that use it break. [API dossier 12]
func TestDeleteModelInUse(t *testing.T) {
	c := start(t, Options{Pace: -1})
	s := c.seed()
	c.do("DELETE", "/api/models/"+s.users, nil)
	sync := c.get("/api/syncs/" + s.sync)
	equal(t, "first of model_ids", any(s.users), sync["model_ids"].([]any)[0])
	run := c.post("/api/syncs/"+s.sync+"/executions", m{})
	equal(t, "status", "failed", c.get("/api/syncs/" + s.sync + "/executions/" + id(run))["status"])
	equal(t, "relation of a child", any(s.users), c.get("/api/models/" + s.customers)["relations"].([]any)[0].(m)["to"].(m)["model_id"])
	c.refuse(422, "model", "PUT", "/api/syncs/"+s.sync, s.syncBody())
}
