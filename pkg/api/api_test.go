package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/contract"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

func client(t *testing.T, version, url string, base http.RoundTripper) *api.Client {
	t.Helper()
	tc, err := transport.New(transport.Options{BaseURL: url, Key: "key-of-a-test", Version: version, Base: base,
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }})
	if err != nil {
		t.Fatal(err)
	}
	return api.New(tc, version)
}

// inSandbox is a client of a sandbox, with every exchange held against the contract.
func inSandbox(t *testing.T, version string, opts sandbox.Options) (*api.Client, *sandbox.Server) {
	t.Helper()
	opts.APIKey = "key-of-a-test"
	s, err := sandbox.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return client(t, version, srv.URL, contract.Transport(t, srv.Client().Transport)), s
}

type m = map[string]any

var versions = []string{transport.Version2024, transport.Version2025}

// An object lives its life: created once under its key, read, replaced, listed,
// deleted, and deleted again.
func TestLife(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			ctx := context.Background()
			c, s := inSandbox(t, version, sandbox.Options{})
			body := m{"name": "Stripe", "type": "stripe", "configuration": m{"api_key": "made-up"}}
			made, err := c.Create(ctx, &kinds.Connection, "", body, "key-of-this-create", false)
			if err != nil || made.ID == "" || made.Time.IsZero() {
				t.Fatalf("Create: %+v, %v", made, err)
			}
			again, err := c.Create(ctx, &kinds.Connection, "", body, "key-of-this-create", true)
			if err != nil || again.ID != made.ID || s.Count("connection") != 1 {
				t.Errorf("Create under the same key: %v, %v", again.ID, err)
			}
			if _, err := c.Update(ctx, &kinds.Connection, made.ID, m{"name": "Other", "configuration": m{"api_key": "made-up"}}, ""); err != nil {
				t.Error(err)
			}
			got, err := c.Get(ctx, &kinds.Connection, made.ID)
			if err != nil || got.Object["name"] != "Other" {
				t.Errorf("Get: %v, %v", got.Object["name"], err)
			}
			for range 2 {
				if err := c.Call(ctx, &kinds.Connection, made.ID, resource.Call{Method: "DELETE"}, ""); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
			if _, err := c.Get(ctx, &kinds.Connection, made.ID); !transport.IsNotFound(err) {
				t.Errorf("Get of what is deleted: %v", err)
			}
		})
	}
}

func TestMe(t *testing.T) {
	c, _ := inSandbox(t, transport.Version2024, sandbox.Options{})
	me, err := c.Me(context.Background())
	if err != nil || me.OrganizationID == "" || me.OrganizationName != "Sandbox" {
		t.Errorf("Me: %+v, %v", me, err)
	}
}

// everything are the collections of all kinds that are not within others and not
// for partners.
func everything() []api.Collection {
	var out []api.Collection
	for _, k := range kinds.All() {
		if !strings.Contains(k.Path, "{") && k != &kinds.Organization {
			out = append(out, api.Collection{Kind: k})
		}
	}
	return out
}

// A snapshot has what the lists show, says of each object whether that is all of
// it, and is completed by what is asked for.
func TestSnapshot(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			ctx := context.Background()
			c, s := inSandbox(t, version, sandbox.Options{Switches: sandbox.Switches{PageSize: 2}})
			conn, err := c.Create(ctx, &kinds.Connection, "", m{"name": "pg", "type": "postgresql", "configuration": m{"hostname": "h", "port": 5432,
				"database": "d", "username": "u", "password": "made-up"}}, "key-connection", false)
			if err != nil {
				t.Fatal(err)
			}
			var models []string
			for i := range 5 {
				a, err := c.Create(ctx, &kinds.Model, "", m{"name": fmt.Sprint("m", i), "connection_id": conn.ID, "configuration": m{"table": "users"}},
					fmt.Sprint("key-model-", i), false)
				if err != nil {
					t.Fatal(err)
				}
				models = append(models, a.ID)
			}
			slices.Sort(models)
			snap, err := c.Snapshot(ctx, everything())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(models, slices.Sorted(slices.Values(snap.IDs("model")))); d != "" {
				t.Errorf("models (-want +got):\n%s", d)
			}
			if it, ok := snap.Item("connection", conn.ID); !ok || !it.Full {
				t.Errorf("the connection: %v, full %v", ok, it.Full)
			}
			if it, ok := snap.Item("model", models[0]); !ok || it.Full {
				t.Errorf("a model of the list without fields: %v, full %v", ok, it.Full)
			}
			if _, ok := snap.Item("sync", "none"); ok || len(snap.IDs("sync")) > 0 {
				t.Error("there are syncs")
			}
			if err := s.Remove("model", models[1]); err != nil {
				t.Fatal(err)
			}
			refs := []api.Ref{{Kind: &kinds.Model, ID: models[0]}, {Kind: &kinds.Model, ID: models[1]}}
			if err := c.Complete(ctx, snap, refs); err != nil {
				t.Fatal(err)
			}
			if it, ok := snap.Item("model", models[0]); !ok || !it.Full || it.Object["fields"] == nil {
				t.Errorf("the model that was completed: %v, full %v", ok, it.Full)
			}
			if _, ok := snap.Item("model", models[1]); ok || slices.Contains(snap.IDs("model"), models[1]) {
				t.Error("the model that is gone is still there")
			}
		})
	}
}

// A failure to read is told once, however many requests met it.
func TestSnapshotFails(t *testing.T) {
	c, s := inSandbox(t, transport.Version2024, sandbox.Options{})
	s.Fault(sandbox.Fault{Do: sandbox.Status, Status: 401, Times: -1})
	_, err := c.Snapshot(context.Background(), everything())
	if !transport.IsUnauthorized(err) || !strings.HasPrefix(err.Error(), "reading what the service has: ") {
		t.Errorf("Snapshot: %v", err)
	}
	c = client(t, transport.Version2024, answering(t, nil), http.DefaultTransport)
	var refs []api.Ref
	for range 20 {
		refs = append(refs, api.Ref{Kind: &kinds.Model, ID: "one"})
	}
	err = c.Complete(context.Background(), &api.Snapshot{}, refs)
	if n := strings.Count(fmt.Sprint(err), "418"); n != 1 {
		t.Errorf("one failure of twenty requests is told %d times: %v", n, err)
	}
}

// answering is a server that gives one answer to each method and path.
func answering(t *testing.T, answers map[string]string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		body, ok := answers[q.Method+" "+q.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// What became of a write is known, or it is said that it is not.
func TestOddAnswers(t *testing.T) {
	const job = `{"job": {"job_id": "j1", "type": "createmodel", "status": "created"}}`
	for _, tt := range []struct {
		name    string
		answers map[string]string
		id      string // "": it fails
		effect  bool   // it may have been made all the same
	}{
		{"an object", map[string]string{"POST /api/models": `{"data": {"id": "m1"}}`}, "m1", false},
		{"no id", map[string]string{"POST /api/models": `{"data": {"name": "x"}}`}, "", true},
		{"a list", map[string]string{"POST /api/models": `{"data": [{"id": "m1"}]}`}, "", true},
		{"no data", map[string]string{"POST /api/models": `{}`}, "", true},
		{"a refusal", map[string]string{}, "", false},
		{"a job", map[string]string{"POST /api/models": job,
			"GET /api/jobs/createmodel/j1": `{"data": {"status": "done", "result": {"id": "m2"}}}`}, "m2", false},
		{"a job that fails", map[string]string{"POST /api/models": job,
			"GET /api/jobs/createmodel/j1": `{"data": {"status": "failed", "error": "no such table"}}`}, "", false},
		{"a job that nobody can ask for", map[string]string{"POST /api/models": job}, "", true},
		{"a job without a result", map[string]string{"POST /api/models": job,
			"GET /api/jobs/createmodel/j1": `{"data": {"status": "done"}}`}, "", true},
		{"a job that never ends", map[string]string{"POST /api/models": job,
			"GET /api/jobs/createmodel/j1": `{"data": {"status": "running"}}`}, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t, transport.Version2024, answering(t, tt.answers), http.DefaultTransport)
			a, err := c.Create(context.Background(), &kinds.Model, "", m{"name": "x"}, "key-of-a-create", false)
			if (err == nil) != (tt.id != "") || err == nil && a.ID != tt.id {
				t.Errorf("Create: %q, %v; want %q", a.ID, err, tt.id)
			}
			for _, e := range []error{err, fmt.Errorf("creating it: %w", err)} {
				if got := api.MayHaveEffect(e); got != tt.effect && err != nil {
					t.Errorf("MayHaveEffect(%v) = %v, want %v", e, got, tt.effect)
				}
			}
		})
	}
	if api.MayHaveEffect(nil) || api.MayHaveEffect(errors.New("another")) {
		t.Error("an error of no request may have an effect")
	}
}

// An id of the service's cannot reach out of its place in a path.
func TestHostileID(t *testing.T) {
	c := client(t, transport.Version2024, answering(t, map[string]string{"DELETE /api/models": "{}", "DELETE /api/connections/x": "{}"}), http.DefaultTransport)
	for _, id := range []string{"", "../connections/x", ".."} {
		if err := c.Call(context.Background(), &resource.Kind{Path: "/api/models"}, id, resource.Call{Method: "DELETE"}, ""); err == nil {
			t.Errorf("a DELETE of %q reached something", id)
		}
	}
}
