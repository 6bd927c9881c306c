package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

// listing is everything that a client can see, as it would be after any restart.
func listing(c *client) m {
	c.t.Helper()
	all := m{}
	for _, kind := range []string{"connections", "models", "syncs", "bulk/syncs", "permissions/roles", "permissions/policies", "webhooks", "organizations", "organizations/" + OrganizationID("Sandbox") + "/users"} {
		for _, item := range c.items("/api/" + kind) {
			path := "/api/" + kind + "/" + id(item.(m))
			all[path] = c.get(path)
		}
	}
	for _, item := range c.items("/api/bulk/syncs") {
		path := "/api/bulk/syncs/" + id(item.(m))
		for _, below := range []string{"/schedules", "/executions"} {
			all[path+below] = c.items(path + below)
		}
		all[path+"/schemas"] = c.bulkSchemas(path)
	}
	all[subscribersPath] = c.get(subscribersPath)
	all["events"] = c.items("/api/events?limit=100")
	return all
}

func TestRestart(t *testing.T) {
	clk := newClock()
	opts := Options{Data: filepath.Join(t.TempDir(), "sandbox.log"), Clock: clk.now, OAuth: OAuthManual, Switches: Switches{UseUnauthorized: true}}
	c := start(t, opts)
	s := c.seed()
	c.put("/api/models/"+s.customers, patched(s.customersBody(), m{"additional_fields": []m{{"name": "metadata.plan", "label": "Plan", "type": "string"}}}))
	email := m{"model_id": s.users, "field": "email"}
	c.post("/api/syncs", patched(s.syncBody(), m{"fields": []m{{"target": "made_here", "source": email, "new": true}}}))
	clk.advance(time.Minute)
	bulk := "/api/bulk/syncs/" + id(c.post("/api/bulk/syncs", patched(s.bulkBody(), m{"source_connection_id": s.stripe, "schedule": multiSchedule()})))
	c.do("PATCH", bulk+"/schemas", m{"schemas": []m{{"id": "customers", "fields": []m{{"id": "email", "obfuscated": true}}}}})
	c.post(bulk+"/executions", m{})
	role := c.post("/api/permissions/roles", m{"name": "Analysts"})
	c.post("/api/permissions/policies", m{"name": "Ours", "policy_actions": []m{{"action": "edit", "role_ids": []any{role["id"]}}}})
	c.post("/api/webhooks", m{"endpoint": "https://hooks.example.com", "secret": "made-up-secret"})
	c.put(subscribersPath, m{"emails": []string{"ada@example.com"}})
	users := "/api/organizations/" + OrganizationID("Sandbox") + "/users"
	user := c.post(users, m{"email": "grace@example.com"})
	key := c.post(users+"/"+id(user)+"/keys", nil)["value"].(string)
	ada := id(c.items(users)[0].(m))
	c.do("DELETE", users+"/"+ada, nil) // planted once, and not again
	gone := c.post("/api/connections", patched(postgresBody(), m{"name": "Gone"}))
	c.do("DELETE", "/api/connections/"+id(gone), nil)
	keyed := c.with(header, "key-number-1")
	first := keyed.post("/api/connections", patched(postgresBody(), m{"name": "Keyed"}))
	pending := c.post("/api/connections", patched(hubspotBody(), m{"name": "Pending"}))
	want := listing(c)

	// Without Close, as after a crash: every change is in the file already.
	d := start(t, opts)
	equal(t, "after a restart", want, listing(d))
	equal(t, "a user's key", id(user), d.keyed(key).get("/api/me")["id"])
	equal(t, "replayed", first, d.with(header, "key-number-1").post("/api/connections", m{"name": "x", "type": "stripe", "configuration": m{}}))
	d.post("/api/syncs", patched(s.syncBody(), m{"fields": []m{{"target": "made_here", "source": email}}}))
	link := strings.Replace(pending["auth_url"].(string), c.url, d.url, 1)
	if status, _, _ := (browser{t}).open("POST", link, nil); status != 303 {
		t.Errorf("link after a restart: %d", status)
	}
	info, err := os.Stat(opts.Data)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("data file: %v %v", info.Mode(), err)
	}
	before := info.Size()
	for range 20 {
		d.post("/api/syncs/"+s.sync+"/activate", m{"active": false})
	}
	want = listing(d)
	e := start(t, opts)
	equal(t, "after another", want, listing(e))
	if info, err := os.Stat(opts.Data); err != nil || info.Size() > before+2000 {
		t.Errorf("the file is not compacted: %d bytes, before %d, %v", info.Size(), before, err)
	}
}

// A last line that was cut off never happened; any other damage is told.
func TestDamagedData(t *testing.T) {
	data := filepath.Join(t.TempDir(), "sandbox.log")
	opts := Options{Data: data}
	c := start(t, opts)
	c.post("/api/connections", postgresBody())
	c.post("/api/connections", patched(postgresBody(), m{"name": "Second"}))
	whole, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	tests := []struct {
		name, text string
		want       int
		err        string
	}{
		{"whole", string(whole), 2, ""},
		{"last line cut", string(whole[:len(whole)-20]), 1, ""},
		{"first change cut", lines[0] + lines[1][:30], 0, ""},
		{"empty", "", 0, ""},
		{"a line in the middle", lines[0] + "{\n" + lines[2], 0, ":2:"},
		{"another file", "polyplan: 1\n", 0, "no data file"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), fmt.Sprint(i))
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := New(Options{Data: path})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("err = %v, want %q", err, tt.err)
				}
				if text, _ := os.ReadFile(path); string(text) != tt.text {
					t.Error("the damaged file was changed")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			equal(t, "connections", tt.want, s.Count("connection"))
		})
	}
}

// A change that cannot be kept has not happened.
func TestFullDisk(t *testing.T) {
	s, err := New(Options{Data: filepath.Join(t.TempDir(), "sandbox.log"), APIKey: "key-of-ada"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	c := &client{t: t, s: s, url: srv.URL, key: "key-of-ada", version: Version2024, http: &http.Client{Transport: contract.Transport(t, nil)}}
	c.post("/api/connections", postgresBody())
	s.store.log.f.Close() // the next write fails
	c.refuse(500, "keep", "POST", "/api/connections", patched(postgresBody(), m{"name": "Second"}))
	equal(t, "connections", 1, s.Count("connection"))
	if err := s.Close(); err == nil {
		t.Error("Close says nothing")
	}
}

func TestBadOptions(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]Options{
		"OAuth":        {OAuth: "perhaps"},
		"Version":      {Switches: Switches{DefaultVersion: "2021-05-23"}},
		"empty key":    {Keys: []Key{{}}},
		"BulkPut":      {Switches: Switches{BulkPutSchemas: "some"}},
		"WebhookShown": {Switches: Switches{WebhookSecret: "half"}},
		"UnsetSecrets": {Switches: Switches{UnsetSecrets: "shown"}},
		"ListPaging":   {Switches: Switches{ListPaging: "some"}},
		"no catalog":   {Catalog: filepath.Join(dir, "missing.json")},
		"bad catalog":  {Catalog: bad},
		"no directory": {Data: filepath.Join(dir, "missing", "sandbox.log")},
	} {
		if s, err := New(opts); err == nil {
			s.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}
