package contract

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// complaints stands in for the test that a transport would fail.
type complaints struct {
	testing.TB
	n int
}

func (c *complaints) Helper()               {}
func (c *complaints) Errorf(string, ...any) { c.n++ }

func TestTransport(t *testing.T) {
	const (
		connection = `{"data":{"id":"0b9d9c5e-6f6b-4a3b-8d52-2f6b6f1f0a11","name":"Postgres","type":{"id":"postgresql"}}}`
		create     = `{"name":"Postgres","type":"postgresql","configuration":{}}`
	)
	tests := []struct {
		name, method, path, body string
		version                  string // asked for
		mark                     func(*http.Request) *http.Request
		status                   int
		answer                   string
		want                     int // complaints
	}{
		{"good", "POST", "/api/connections", create, version, nil, 200, connection, 0},
		{"name missing", "POST", "/api/connections", `{"type":"stripe","configuration":{}}`, version, nil, 200, connection, 1},
		{"name missing on purpose", "POST", "/api/connections", `{}`, version, Mistaken, 422, `{"message":"name"}`, 0},
		{"no version", "GET", "/api/connections", "", "", nil, 200, `{"data":null}`, 1},
		{"later version", "GET", "/api/connections", "", "2025-09-18", nil, 200, `{"data":[]}`, 0},
		{"null where any JSON may stand", "GET", "/api/models", "", version, nil, 200, `{"data":[{"fields":[{"example":null}]}]}`, 0},
		{"type is a string", "GET", "/api/connections", "", version, nil, 200, `{"data":[{"type":"stripe"}]}`, 1},
		{"undeclared status", "GET", "/api/connections", "", version, nil, 418, `{}`, 1},
		{"undeclared 404 of an id", "PUT", "/api/webhooks/0b9d9c5e-6f6b-4a3b-8d52-2f6b6f1f0a11", `{"endpoint":"https://example.com","secret":"made-up"}`, version, nil, 404, `{}`, 0},
		{"undeclared 404 without an id", "POST", "/api/connections", create, version, nil, 404, `{}`, 1},
		{"in front of the service", "GET", "/api/connections", "", version, nil, 502, `<html>`, 0},
		{"401 of this version", "GET", "/api/me", "", version, nil, 401, `{"status":"Unauthorized"}`, 0},
		{"401 of another version", "GET", "/api/me", "", version, nil, 401, `{"status":401}`, 1},
		{"map in the query", "GET", "/api/connections/0b9d9c5e-6f6b-4a3b-8d52-2f6b6f1f0a11/modelsync/source?params[table]=users", "", version, nil, 200, `{}`, 0},
		{"no such path", "GET", "/api/model", "", version, nil, 200, `{}`, 1},
		{"not looked at", "GET", "/api/model", "", version, Unchecked, 200, `<html>`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got, _ := io.ReadAll(r.Body); string(got) != tt.body {
					t.Errorf("the server got %q", got)
				}
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("X-Polytomic-Version", r.Header.Get("X-Polytomic-Version"))
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.answer)
			}))
			defer srv.Close()
			c := &complaints{TB: t}
			r, err := http.NewRequest(tt.method, srv.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if tt.version != "" {
				r.Header.Set("X-Polytomic-Version", tt.version)
			}
			if tt.mark != nil {
				r = tt.mark(r)
			}
			res, err := (&http.Client{Transport: Transport(c, nil)}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got, _ := io.ReadAll(res.Body); string(got) != tt.answer {
				t.Errorf("the client got %q", got)
			}
			if c.n != tt.want {
				t.Errorf("%d complaints, want %d", c.n, tt.want)
			}
		})
	}
}

func TestOperations(t *testing.T) {
	got := Operations(t)
	for _, want := range []string{"GET /api/me", "PATCH /api/bulk/syncs/{id}/schemas", "DELETE /api/models/{id}"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among the operations", want)
		}
	}
	if !slices.IsSorted(got) || len(slices.Compact(got)) != len(got) {
		t.Error("the operations are not in order, each once")
	}
}
