package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// answering is a service that gives each method, path and query one answer, "STATUS
// BODY", and counts the requests; what it does not know is 404.
func answering(t *testing.T, answers map[string]string) (*Service, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		n.Add(1)
		_, _ = io.Copy(io.Discard, q.Body)
		key := q.Method + " " + q.URL.Path
		if q.URL.RawQuery != "" {
			key += "?" + q.URL.RawQuery
		}
		answer, ok := answers[key]
		if !ok {
			answer = `404 {"message": "no such thing"}`
		}
		status, body, _ := strings.Cut(answer, " ")
		var code int
		fmt.Sscan(status, &code)
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(srv.Close)
	tc, err := transport.New(transport.Options{BaseURL: srv.URL, Key: "key-of-a-test", Version: transport.Version2024, Base: http.DefaultTransport,
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tc.Close)
	return New(api.New(tc, transport.Version2024)), &n
}

var conn = schema.Connection{Key: "connection.c", ID: "c1"}

type m = map[string]any

func TestSource(t *testing.T) {
	const fields = `200 {"data": [{"name": "a", "label": "A", "type": "string"}, {"label": "nameless"}, {"name": "b"}]}`
	ab := &schema.Source{Fields: []schema.Field{{Name: "a", Label: "A", Type: "string"}, {Name: "b"}}}
	for _, tt := range []struct {
		name          string
		configuration m
		answers       map[string]string
		previews      bool
		want          *schema.Source
		fails         string // a word of the error
	}{
		{name: "texts", configuration: m{"table": "x y", "view": ""}, answers: map[string]string{"GET /api/connections/c1/modelsync/source/fields?params%5Btable%5D=x+y": fields}, want: ab},
		{name: "nothing", answers: map[string]string{"GET /api/connections/c1/modelsync/source/fields": `200 {"data": null}`}, want: &schema.Source{}},
		{name: "objects", configuration: m{"base": m{"value": "x"}}, fails: "preview"},
		{name: "objects, previewed", configuration: m{"base": m{"value": "x"}}, previews: true, answers: map[string]string{
			"POST /api/model-preview": `200 {"data": {"fields": [{"name": "a", "label": "A", "type": "string"}, {"name": "b"}]}}`}, want: ab},
		{name: "as a job", configuration: m{"deleted": true}, previews: true, answers: map[string]string{
			"POST /api/model-preview":      `200 {"data": null, "job": {"type": "previewmodel", "job_id": "j"}}`,
			"GET /api/jobs/previewmodel/j": `200 {"data": {"status": "done", "result": {"fields": [{"name": "a", "label": "A", "type": "string"}, {"name": "b"}]}}}`}, want: ab},
		{name: "long", configuration: m{"query": strings.Repeat("select ", 400)}, fails: "preview"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := answering(t, tt.answers)
			s.Previews = tt.previews
			got, err := s.Source(context.Background(), conn, tt.configuration)
			if (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Fatalf("Source: %v", err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// An answer tells what there is not from what nobody could tell.
func TestSettle(t *testing.T) {
	for status, want := range map[int]string{404: "missing", 400: "refused", 422: "refused", 403: "open", 500: "open", 503: "open"} {
		s, _ := answering(t, map[string]string{"GET /api/connections/c1/modelsync/targetobjects": fmt.Sprint(status, ` {"message": "words"}`)})
		_, err := s.Targets(context.Background(), conn)
		var missing *schema.Missing
		var refused *schema.Refused
		got := "open"
		switch {
		case errors.As(err, &missing):
			got = "missing"
		case errors.As(err, &refused):
			got = "refused"
			if refused.Message != "words" {
				t.Errorf("%d: %q", status, refused.Message)
			}
		}
		if got != want || err == nil {
			t.Errorf("%d is %s, want %s: %v", status, got, want, err)
		}
	}
}

// A question is asked once, whoever asks, and its answer is for all.
func TestAskedOnce(t *testing.T) {
	s, n := answering(t, map[string]string{"GET /api/connections/c1/modelsync/targetobjects": `200 {"data": [{"id": "x", "name": "X"}],
		"target_creation": {"supported": true, "properties": [{"id": "name"}, {"id": "kind", "enum": true}]}}`})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := s.Targets(context.Background(), conn)
			want := &schema.Targets{Objects: []schema.TargetName{{ID: "x", Name: "X"}}, Creation: []schema.Property{{ID: "name"}, {ID: "kind", Enum: true}}}
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
	wg.Wait()
	if n.Load() != 1 {
		t.Errorf("%d requests", n.Load())
	}
}

// What a service leaves out it does not deny.
func TestTarget(t *testing.T) {
	s, _ := answering(t, map[string]string{"GET /api/connections/c1/modelsync/target/fields?target=a+b": `200 {"data": {"fields": [
		{"id": "silent"}, {"id": "full", "name": "Full", "type": "number", "required": true, "createable": false, "updateable": false, "filterable": false,
			"encryptable": false, "supports_identity": false, "identity_functions": [{"id": "Equality", "label": "is"}]}, {"name": "no id"}],
		"modes": [{"mode": "update", "requires_identity": true, "supports_field_sync_mode": true}, {"id": "create", "supports_per_field_mode": true, "supports_target_filters": true}],
		"properties": {"supports_field_creation": false, "mappings_not_required": true}}}`})
	got, err := s.Target(context.Background(), conn, "a b")
	want := &schema.Target{ID: "a b", NewIdentity: true, Loose: true, Fields: []schema.TargetField{{ID: "silent", Identity: true},
		{ID: "full", Name: "Full", Type: "number", Required: true, NoCreate: true, NoUpdate: true, NoFilter: true, NoCipher: true, Compare: []string{"Equality"}}},
		Modes: []schema.Mode{{ID: "update", Identity: true, FieldMode: true}, {ID: "create", FieldMode: true, Filters: true}}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// A property's values come as an object or, as the prose has it, as a list.
func TestProperty(t *testing.T) {
	for _, data := range []string{`{"values": [{"label": "A", "value": "a"}, {"value": 2}, "c"]}`, `[{"values": [{"value": "a"}, 2, {"value": "c"}]}]`} {
		s, _ := answering(t, map[string]string{"GET /api/connections/c1/modelsync/targetobjects/properties/p%2Fq": "", "GET /api/connections/c1/modelsync/targetobjects/properties/p": `200 {"data": ` + data + `}`})
		got, err := s.Property(context.Background(), conn, "p")
		if d := cmp.Diff([]string{"a", "2", "c"}, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
}

func TestKeys(t *testing.T) {
	s, _ := answering(t, map[string]string{"GET /api/connections/c1/modelsync/source": `200 {"data": {"items": {"table": {"has_items": true, "items": ["a", "b"]},
		"base": {"items": [{"value": "x", "label": "X"}]}, "query": {"has_items": false, "items": null}}, "configuration": {"deleted": {"type": "boolean"}}, "requires_one_of": ["table", "query"]}}`})
	got, err := s.Keys(context.Background(), conn)
	want := &schema.Keys{Values: map[string][]string{"table": {"a", "b"}, "base": {"x"}, "query": nil, "deleted": nil}, OneOf: []string{"table", "query"}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// The inputs of an enrichment are asked for by a POST, which needs leave; without it
// those that were known last do.
func TestInputs(t *testing.T) {
	people := m{"object": "people"}
	want := [][]string{{"email"}, {"first_name", "last_name"}}
	for data, want := range map[string][][]string{`[["email"], ["first_name", "last_name"]]`: want, `[]`: {}, `null`: {}} {
		s, n := answering(t, map[string]string{"POST /api/enrichment/c1/inputfields": `200 {"data": ` + data + `}`})
		if got, err := s.Inputs(context.Background(), conn, people); got != nil || !errors.Is(err, errNoInputs) || n.Load() > 0 {
			t.Errorf("without leave: %v, %v, %d requests", got, err, n.Load())
		}
		s = New(s.c)
		s.Previews = true
		for range 2 {
			if got, err := s.Inputs(context.Background(), conn, people); got == nil || !cmp.Equal(want, got) || err != nil || n.Load() != 1 {
				t.Errorf("%s: %v, %v, %d requests", data, got, err, n.Load())
			}
		}
	}
	s, _ := answering(t, nil)
	s.Last = schema.NewLock()
	s.Last.PutInputs(conn, people, want)
	if got, err := s.Inputs(context.Background(), conn, people); !cmp.Equal(want, got) || err != nil {
		t.Errorf("what was known last: %v, %v", got, err)
	}
	var missing *schema.Missing
	if got, err := s.Enrichment(context.Background(), conn); got != nil || !errors.As(err, &missing) {
		t.Errorf("a connection that does not enrich: %v, %v", got, err)
	}
}

// What the server adds to a model's configuration is not asked about.
func TestModel(t *testing.T) {
	s, _ := answering(t, map[string]string{"GET /api/models/m1": `200 {"data": {"name": "Users", "connection_id": "c9", "configuration": {"table": "users", "query": "", "view": null, "tracking_columns": ["a"]},
		"fields": [{"name": "a"}, {"name": "own", "type": "number", "user_added": true}], "enricher": {"connection_id": "e"}}}`})
	got, err := s.Model(context.Background(), "m1")
	want := &schema.Model{Name: "Users", Connection: schema.Connection{Key: "c9", ID: "c9"}, Configuration: resource.Object{"table": "users"},
		Own: []schema.Field{{Name: "own", Type: "number"}}, Enriched: true}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestType(t *testing.T) {
	s, _ := answering(t, map[string]string{"GET /api/connection_types/pg": `200 {"type": "object", "properties": {"a": {}}}`})
	doc, err := s.Type(context.Background(), "pg")
	if d := cmp.Diff([]string{"a"}, doc.Names()); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
