package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

// client talks to a sandbox over real HTTP, with every exchange held against the
// contract.
type client struct {
	t       testing.TB
	s       *Server
	url     string
	key     string
	version string
	http    *http.Client
	header  map[string]string // sent with every request
}

// m is a JSON object in tests.
type m = map[string]any

// start runs a sandbox and returns a client of it.
func start(t testing.TB, opts Options) *client {
	t.Helper()
	if opts.Keys == nil {
		opts.Keys = []Key{{Value: "key-of-ada", User: "ada@example.com"}}
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	c := &client{t: t, s: s, url: srv.URL, key: opts.Keys[0].Value, version: Version2024}
	c.http = &http.Client{Transport: contract.Transport(t, srv.Client().Transport)}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	return c
}

// with returns a client that also sends the header.
func (c *client) with(name, value string) *client {
	d := *c
	d.header = map[string]string{name: value}
	for k, v := range c.header {
		if k != name {
			d.header[k] = v
		}
	}
	return &d
}

// as returns a client of another version.
func (c *client) as(version string) *client {
	d := *c
	d.version = version
	return &d
}

// keyed returns a client with another key.
func (c *client) keyed(key string) *client {
	d := *c
	d.key = key
	return &d
}

func (c *client) request(method, path string, body any) *http.Request {
	c.t.Helper()
	var raw io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		raw = strings.NewReader(body)
	default:
		data, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		raw = bytes.NewReader(data)
	}
	r, err := http.NewRequest(method, c.url+path, raw)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("X-Polytomic-Version", c.version)
	r.Header.Set("Content-Type", "application/json")
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	return r
}

// send sends and returns the status and the body, decoded with plain numbers.
func (c *client) send(r *http.Request) (int, m) {
	c.t.Helper()
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(raw) == 0 {
		return res.StatusCode, nil
	}
	var body m
	if err := json.Unmarshal(raw, &body); err != nil {
		c.t.Fatalf("%s %s: %v in %q", r.Method, r.URL.Path, err, raw)
	}
	return res.StatusCode, body
}

// do sends a request that must succeed, and returns the answer's data if it is an object.
func (c *client) do(method, path string, body any) m {
	c.t.Helper()
	status, got := c.send(c.request(method, path, body))
	if status != http.StatusOK && status != http.StatusAccepted {
		c.t.Fatalf("%s %s: %d %v", method, path, status, got)
	}
	if inner, ok := got["data"].(m); ok {
		return inner
	}
	return got
}

func (c *client) get(path string) m            { c.t.Helper(); return c.do("GET", path, nil) }
func (c *client) post(path string, body any) m { c.t.Helper(); return c.do("POST", path, body) }
func (c *client) put(path string, body any) m  { c.t.Helper(); return c.do("PUT", path, body) }
func (c *client) items(path string) []any {
	c.t.Helper()
	l, _ := c.get(path)["data"].([]any)
	return l
}
func id(object m) string { s, _ := object["id"].(string); return s }

// refuse sends a request that is wrong on purpose and must be refused with the status
// and a message that holds the words.
func (c *client) refuse(status int, words, method, path string, body any) m {
	c.t.Helper()
	got, answer := c.send(contract.Mistaken(c.request(method, path, body)))
	message, _ := answer["message"].(string)
	if got != status || !strings.Contains(message, words) {
		c.t.Errorf("%s %s: %d %v, want %d with %q", method, path, got, answer, status, words)
	}
	return answer
}

func equal(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2024, 2, 8, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// seed is what the tutorial makes.
type seed struct{ airtable, postgres, stripe, hubspot, users, customers, stars, sync string }

func postgresBody() m {
	return m{"name": "Postgres Connection", "type": "postgresql", "configuration": m{
		"hostname": "localhost", "username": "user", "password": "made-up-password", "database": "postgres", "port": 5432,
	}}
}

// connections makes the four connections of the tutorial.
func (c *client) connections() seed {
	c.t.Helper()
	return seed{
		airtable: id(c.post("/api/connections", m{"name": "Airtable Connection", "type": "airtable", "configuration": m{}})),
		postgres: id(c.post("/api/connections", postgresBody())),
		stripe:   id(c.post("/api/connections", m{"name": "Stripe Connection", "type": "stripe", "configuration": m{"api_key": "made-up-key"}})),
		hubspot:  id(c.post("/api/connections", m{"name": "HubSpot Connection", "type": "hubspot", "configuration": m{}})),
	}
}

func (s seed) customersBody() m {
	return m{
		"name": "Customers", "connection_id": s.stripe, "configuration": m{"stream_id": "customers"},
		"fields":    []string{"balance", "description", "livemode"},
		"relations": []m{{"from": "email", "to": m{"model_id": s.users, "field": "email"}}},
	}
}

func (s seed) starsBody() m {
	return m{
		"name": "Stars Data", "connection_id": s.airtable,
		"configuration": m{
			"baseobj":  m{"value": "appDVrQJeb9w2F2IL", "label": "User sample"},
			"tableobj": m{"value": "tblOuVBnPKvXjYhqP", "label": "Table 1"},
			"viewobj":  m{},
		},
		"fields":    []string{"fldR3dERuDqosnxFY"},
		"relations": []m{{"from": "fldR3dERuDqosnxFY", "to": m{"model_id": s.users, "field": "email"}}},
	}
}

func (s seed) syncBody() m {
	source := func(model, field string) m { return m{"model_id": model, "field": field} }
	return m{
		"name": "Customer data to HubSpot Sync", "mode": "updateOrCreate",
		"schedule": m{"frequency": "continuous"},
		"target":   m{"connection_id": s.hubspot, "object": "contacts"},
		"identity": m{"source": source(s.users, "email"), "target": "email", "function": "Equality"},
		"fields": []m{
			{"source": source(s.users, "first_name"), "target": "firstname"},
			{"source": source(s.users, "last_name"), "target": "lastname"},
			{"source": source(s.stars, "fldah5pg1Q9k3PmEH"), "target": "kloutscoregeneral"},
			{"source": source(s.customers, "description"), "target": "subscription_plan"},
		},
	}
}

// bulkBody copies HubSpot into Postgres. The schemas of HubSpot are there when the cache is.
func (s seed) bulkBody() m {
	return m{
		"name": "HubSpot to Postgres", "source_connection_id": s.hubspot, "destination_connection_id": s.postgres,
		"destination_configuration": m{"schema": "hubspot"}, "schedule": m{"frequency": "daily", "hour": "8", "minute": "30"},
	}
}

// multiSchedule is a schedule of two parts in the form of 2024-02-08.
func multiSchedule() m {
	return m{"frequency": "multi", "multi": m{"type": "selective", "schedules": []any{
		m{"item": "incrementalFields", "schedule": m{"frequency": "hourly", "minute": "15"}},
		m{"item": "nonincrementalFields", "schedule": m{"frequency": "weekly", "day_of_week": "1", "hour": "8"}},
	}}}
}

// seed makes everything that the tutorial makes.
func (c *client) seed() seed {
	c.t.Helper()
	s := c.connections()
	s.users = id(c.post("/api/models", m{"name": "User Details", "connection_id": s.postgres, "configuration": m{"table": "users"}}))
	s.customers = id(c.post("/api/models", s.customersBody()))
	s.stars = id(c.post("/api/models", s.starsBody()))
	s.sync = id(c.post("/api/syncs", s.syncBody()))
	return s
}

// patched returns a copy of the body with some members set, or removed where nil.
func patched(body, changes m) m {
	out := m{}
	for k, v := range body {
		out[k] = v
	}
	for k, v := range changes {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}
