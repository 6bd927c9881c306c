package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// nameless is the network to a service in which somebody without a name edited the
// connections, and whose people can be listed with that status alone.
type nameless struct {
	id     string
	people int
}

func (n nameless) RoundTrip(q *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil || q.Method != "GET" {
		return resp, err
	}
	body := func(v any) (*http.Response, error) {
		resp.Body.Close()
		text, err := json.Marshal(v)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return resp, err
	}
	switch {
	case strings.HasSuffix(q.URL.Path, "/users") && n.people != http.StatusOK:
		resp.StatusCode = n.people
		return body(map[string]any{"message": "no"})
	case strings.HasSuffix(q.URL.Path, "/users"):
		return body(map[string]any{"data": []any{map[string]any{"id": n.id, "email": "grace@example.com"}}})
	case q.URL.Path == "/api/connections":
		var doc struct {
			Data []map[string]any `json:"data"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			return nil, err
		}
		for _, o := range doc.Data {
			o["name"], o["updated_by"] = "Edited", map[string]any{"id": n.id, "name": "", "type": "user"}
		}
		return body(doc)
	}
	return resp, nil
}

// Whose name the service leaves out is looked up; where nobody may, the id has to do,
// and anything else that keeps from it is said.
func TestDriftByWhom(t *testing.T) {
	const id = "5f0e5a52-8c1d-4b7e-9a44-0c6de4a1b2f7"
	e := applied(t, simple)
	e.Sleep = func(context.Context, time.Duration) error { return nil }
	for _, c := range []struct {
		people  int
		by      string
		warning string
	}{
		{http.StatusOK, "grace@example.com", ""},
		{http.StatusForbidden, id, ""},
		{http.StatusNotFound, id, ""},
		{http.StatusInternalServerError, id, "warning: who changed what is told by ids: "},
	} {
		e.HTTP = nameless{id, c.people}
		r := e.run("drift", "--detailed-exitcode")
		if r.code != exitChanges || !strings.Contains(r.err, c.warning) || c.warning == "" && r.err != "" {
			t.Errorf("people answer %d: exit code %d, %q", c.people, r.code, r.err)
		}
		wants(t, "drift", r.out, " UTC by "+c.by+")", "Drift: 2 changed, 0 gone.")
		doc := document(t, e.must(exitDone, "drift", "--json"))
		if got := doc["drift"].([]any)[0].(map[string]any)["changed_by"]; got != c.by {
			t.Errorf("people answer %d: changed_by is %v, want %s", c.people, got, c.by)
		}
		if n := len(doc["diagnostics"].([]any)); (n > 0) != (c.warning != "") {
			t.Errorf("people answer %d: %d diagnostics", c.people, n)
		}
	}
}
