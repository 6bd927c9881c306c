package sandbox

import (
	"fmt"
	"slices"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

func TestVersionHeader(t *testing.T) {
	tests := []struct {
		name, asked string
		opts        Options
		served      string
		status      int
	}{
		{"2024", Version2024, Options{}, Version2024, 200},
		{"2025", Version2025, Options{}, Version2025, 200},
		{"none", "", Options{}, Version2025, 200},
		{"none, configured", "", Options{Switches: Switches{DefaultVersion: Version2024}}, Version2024, 200},
		{"older", "2021-05-23", Options{}, Version2025, 400},
		{"nonsense", "latest", Options{}, Version2025, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, tt.opts).as(tt.asked)
			res, err := c.http.Do(contract.Unchecked(c.request("GET", "/api/me", nil)))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get("X-Polytomic-Version"); res.StatusCode != tt.status || got != tt.served {
				t.Errorf("%d by version %q, want %d by %q", res.StatusCode, got, tt.status, tt.served)
			}
		})
	}
}

// A 401 looks unlike every other error, but only before 2025-09-18. [API dossier 4]
func TestUnauthorized(t *testing.T) {
	c := start(t, Options{})
	for _, key := range []string{"", "wrong"} {
		bad := c.keyed(key)
		status, got := bad.send(bad.request("GET", "/api/me", nil))
		equal(t, "status", 401, status)
		equal(t, "body of 2024-02-08", m{"code": 0.0, "context": m{}, "error": "the API key is missing or unknown", "status": "Unauthorized"}, got)
		bad = bad.as(Version2025)
		status, got = bad.send(bad.request("GET", "/api/me", nil))
		equal(t, "status", 401, status)
		equal(t, "body of 2025-09-18", m{"key": "unauthorized", "message": "the API key is missing or unknown", "status": 401.0}, got)
	}
	for _, scheme := range []string{"Basic a2V5", "key-of-ada", "Bearer"} {
		bad := c.with("Authorization", scheme)
		if status, _ := bad.send(bad.request("GET", "/api/me", nil)); status != 401 {
			t.Errorf("Authorization: %s: %d", scheme, status)
		}
	}
	if got := c.s.Count("connection"); got != 0 {
		t.Errorf("%d connections", got)
	}
}

func TestNoSuchRoute(t *testing.T) {
	c := start(t, Options{})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api", 404}, {"GET", "/api/model", 404}, {"GET", "/api/me/too", 404},
		{"PATCH", "/api/connections/" + zeroID, 405}, {"DELETE", "/api/me", 405},
	} {
		status, got := c.send(contract.Unchecked(c.request(tt.method, tt.path, nil)))
		if status != tt.status || got["message"] == nil {
			t.Errorf("%s %s: %d %v", tt.method, tt.path, status, got)
		}
	}
	if status, _, _ := (browser{t}).open("GET", c.url+"/", nil); status != 200 {
		t.Errorf("index: %d", status)
	}
}

// Lists of models and syncs in pages, newest change first. [API dossier 1.1]
func TestPages(t *testing.T) {
	clk := newClock()
	names := func(items []any) (all []string) {
		for _, item := range items {
			all = append(all, item.(m)["name"].(string))
		}
		return all
	}
	setUp := func(t *testing.T, switches Switches) *client {
		switches.PageSize = 2
		c := start(t, Options{Clock: clk.now, Switches: switches})
		conn := id(c.post("/api/connections", postgresBody()))
		for i := range 5 {
			clk.advance(1e9)
			c.post("/api/models", m{"name": fmt.Sprint("model ", i), "connection_id": conn, "configuration": m{"table": "users"}})
		}
		return c
	}
	t.Run("tokens", func(t *testing.T) {
		c := setUp(t, Switches{})
		var all []string
		query := ""
		for range 3 {
			_, body := c.send(c.request("GET", "/api/models"+query, nil))
			all = append(all, names(body["data"].([]any))...)
			pagination, _ := body["pagination"].(m)
			if pagination == nil {
				break
			}
			query = "?page_token=" + pagination["next_page_token"].(string)
			if len(all) == 2 { // what changes meanwhile moves to the front and shifts nothing
				clk.advance(1e9)
				if err := c.s.Edit("model", "model 4", m{"identifier": "id"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		equal(t, "names", []string{"model 4", "model 3", "model 2", "model 1", "model 0"}, all)
		equal(t, "limit", []string{"model 4"}, names(c.items("/api/models?limit=1")))
		c.refuse(400, "page_token", "GET", "/api/syncs?page_token=nonsense", nil)
		c.refuse(400, "limit", "GET", "/api/syncs?limit=none", nil)
	})
	t.Run("none", func(t *testing.T) {
		equal(t, "items", 5, len(setUp(t, Switches{ListPaging: "none"}).items("/api/models")))
	})
	t.Run("truncated", func(t *testing.T) {
		c := setUp(t, Switches{ListPaging: "truncated"})
		_, body := c.send(c.request("GET", "/api/models", nil))
		equal(t, "items", 2, len(body["data"].([]any)))
		if body["pagination"] != nil {
			t.Error("there is a token")
		}
	})
}

func TestModelListFields(t *testing.T) {
	for _, with := range []bool{false, true} {
		c := start(t, Options{Switches: Switches{ModelListFields: with}})
		c.seed()
		for _, item := range c.items("/api/models") {
			if _, there := item.(m)["fields"]; there != with {
				t.Errorf("fields in the list: %v, want %v", there, with)
			}
		}
	}
}

func TestSyncLists(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	full := c.items("/api/syncs")[0].(m)
	equal(t, "item of 2024-02-08", c.get("/api/syncs/"+s.sync), full)
	light := c.as(Version2025).items("/api/syncs")[0].(m)
	var members []string
	for name := range light {
		members = append(members, name)
	}
	slices.Sort(members)
	equal(t, "members of 2025-09-18", []string{
		"active", "created_at", "created_by", "id", "mode", "model_ids", "name", "only_enrich_updates", "organization_id", "schedule",
		"skip_initial_backfill", "sync_all_records", "target_connection_id", "target_object", "updated_at", "updated_by",
	}, members)
	equal(t, "target_object", "contacts", light["target_object"])
	for query, want := range map[string]int{
		"?active=true": 1, "?active=false": 0, "?mode=updateOrCreate": 1, "?mode=update": 0,
		"?target_connection_id=" + s.hubspot: 1, "?target_connection_id=" + s.stripe: 0, "?active=true&mode=update": 0,
	} {
		if got := len(c.items("/api/syncs" + query)); got != want {
			t.Errorf("%s: %d syncs, want %d", query, got, want)
		}
	}
	for _, bad := range []string{"active=perhaps", "mode=nonsense", "target_connection_id=nonsense"} {
		c.refuse(400, "", "GET", "/api/syncs?"+bad, nil)
	}
}

// What 2025-09-18 dropped and added among connections, models and syncs.
func TestVersionDifferences(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	d := c.as(Version2025)
	run := c.post("/api/syncs/"+s.sync+"/executions", m{})
	execution := "/api/syncs/" + s.sync + "/executions/" + id(run)
	c.get("/api/connections/" + s.hubspot + "/modelsync/target")
	d.refuse(404, "path", "GET", "/api/connections/"+s.hubspot+"/modelsync/target", nil)
	d.refuse(404, "path", "PUT", execution, m{"status": "failed"})
	for _, v := range []struct {
		c    *client
		want int
	}{{c, 404}, {d, 200}} {
		if got, _ := v.c.send(contract.Unchecked(v.c.request("POST", execution+"/cancel", nil))); got != v.want {
			t.Errorf("cancelling an execution in %s: %d, want %d", v.c.version, got, v.want)
		}
	}
	d.refuse(400, "parameters", "POST", "/api/connection_types/postgresql/parameter_values", m{"field": "ssl"})
	d.post("/api/connection_types/postgresql/parameter_values", m{"field": "ssl", "parameters": nil})
	c.post("/api/connection_types/postgresql/parameter_values", m{"field": "ssl"})
}
