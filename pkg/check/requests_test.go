package check_test

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/discover"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// world is one in which the connections of a manifest are made.
func world(t testing.TB, text string) (*rig.Rig, *spec.Manifest, check.Input) {
	t.Helper()
	r := rig.New(t, rig.Options{Memory: state.NewMemory(), Parallelism: 10, Unchecked: true, Sandbox: sandbox.Options{OAuth: sandbox.OAuthAuto}})
	m := r.Manifest(text)
	return r, m, check.Input{Kinds: kinds.All(), Desired: m.Set, Place: connected(r, m)}
}

// survey checks as a process of its own would.
func survey(t testing.TB, r *rig.Rig, in check.Input, previews bool) *check.Result {
	t.Helper()
	r.Server.ResetRequests()
	service := discover.New(r.Client())
	service.Previews = previews
	in.Reader = service
	got, err := check.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var id = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func asked(r *rig.Rig) map[string]int {
	got := map[string]int{}
	for _, q := range r.Server.Requests() {
		got[q.Method+" "+id.ReplaceAllString(q.Path, "ID")]++
	}
	return got
}

// generated is the manifest of 800 resources that the figures are measured with.
func generated(t testing.TB) string {
	t.Helper()
	text, err := exec.Command("sh", "../../scripts/manifest", "100").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A manifest of 800 resources is checked with as many questions as it has types
// of connections, sources and target objects, many at once; it has 400
// connections. Without previews 100 models of Airtable cannot be asked for.
func TestRequests(t *testing.T) {
	r, m, in := world(t, generated(t))
	if len(m.Set) != 800 {
		t.Fatalf("%d resources", len(m.Set))
	}
	got := survey(t, r, in, false)
	want := map[string]int{"GET /api/connection_types/airtable": 1, "GET /api/connection_types/hubspot": 1,
		"GET /api/connection_types/postgresql": 1, "GET /api/connection_types/stripe": 1,
		"GET /api/connections/ID/modelsync/source/fields": 200, "GET /api/connections/ID/modelsync/target/fields": 100}
	if d := cmp.Diff(want, asked(r)); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	if n := r.Server.MaxInFlight(); n < 5 || n > 10 {
		t.Errorf("%d requests at one time", n)
	}
	if len(got.Findings) > 0 || got.Checked != 800 || len(got.Unverified) != 100 {
		t.Errorf("%d checked, %d unverified, findings %q", got.Checked, len(got.Unverified), got.Findings)
	}
	got = survey(t, r, in, true)
	want["POST /api/model-preview"] = 100
	if d := cmp.Diff(want, asked(r)); d != "" || len(got.Unverified) > 0 {
		t.Errorf("with previews: unverified %v, requests (-want +got):\n%s", got.Unverified, d)
	}
}

// What many resources share is asked for once.
func TestRequestsAreShared(t *testing.T) {
	var b strings.Builder
	b.WriteString("connections:\n  hubspot: {type: hubspot}\n  warehouse: {type: postgresql, configuration: {hostname: h, database: d, username: u, password: '${env.PG_PASSWORD}'}}\nmodels:\n")
	for i := range 30 {
		fmt.Fprintf(&b, "  m%d: {name: m %d, connection: warehouse, configuration: {table: %s}}\n", i, i, []string{"users", "orders"}[i%2])
	}
	b.WriteString("syncs:\n")
	for i := range 30 {
		fmt.Fprintf(&b, "  s%d: {name: s %d, mode: create, schedule: manual, target: {connection: hubspot, object: contacts}, fields: {lastname: m%d.id}}\n", i, i, i)
	}
	r, _, in := world(t, b.String())
	if got := survey(t, r, in, false); len(got.Findings) > 0 || len(got.Unverified) > 0 {
		t.Errorf("%q, %v", got.Findings, got.Unverified)
	}
	want := map[string]int{"GET /api/connection_types/hubspot": 1, "GET /api/connection_types/postgresql": 1,
		"GET /api/connections/ID/modelsync/source/fields": 2, "GET /api/connections/ID/modelsync/target/fields": 1}
	if d := cmp.Diff(want, asked(r)); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

// What is said of the schemas of a source costs one question a source.
func TestRequestsForSchemas(t *testing.T) {
	var b strings.Builder
	b.WriteString("connections:\n")
	for i := range 3 {
		fmt.Fprintf(&b, "  pg%d: {type: postgresql, configuration: {hostname: h, database: d, username: u, password: '${env.PG_PASSWORD}'}}\n", i)
	}
	b.WriteString("primary_keys:\n")
	for i := range 6 {
		fmt.Fprintf(&b, "  k%d: {connection: pg%d, schema: public.%s, fields: [id, f%d]}\n", i, i%3, []string{"users", "orders"}[i/3], i)
	}
	b.WriteString("schema_fields:\n")
	for i := range 6 {
		fmt.Fprintf(&b, "  f%d: {connection: pg%d, schema: public.%s, fields: {f%d: {label: F, type: string}}}\n", i, i%3, []string{"users", "orders"}[i/3], i)
	}
	r, _, in := world(t, b.String())
	if got := survey(t, r, in, false); len(got.Findings) > 0 || len(got.Unverified) > 0 || got.Checked != 15 {
		t.Errorf("%q, %v", got.Findings, got.Unverified)
	}
	want := map[string]int{"GET /api/connection_types/postgresql": 1, "GET /api/connections/ID/bulksync/source": 3}
	if d := cmp.Diff(want, asked(r)); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

// A connection that cannot be used costs one question, however many models it has.
func TestOneQuestionToTheDead(t *testing.T) {
	var b strings.Builder
	b.WriteString("connections:\n  warehouse: {type: postgresql, configuration: {hostname: h, database: d, username: u, password: '${env.PG_PASSWORD}'}}\nmodels:\n")
	for i := range 50 {
		fmt.Fprintf(&b, "  m%d: {name: m %d, connection: warehouse, configuration: {query: select %d}}\n", i, i, i)
	}
	r, _, in := world(t, b.String())
	r.Server.Fault(sandbox.Fault{Method: "GET", Path: "/api/connections/*/modelsync/*/*", Do: sandbox.Status, Status: 403, Times: -1})
	got := survey(t, r, in, false)
	if n := asked(r)["GET /api/connections/ID/modelsync/source/fields"]; n != 1 {
		t.Errorf("%d questions", n)
	}
	if len(got.Findings) > 0 || len(got.Unverified) != 1 || len(got.Unverified[0].Resources) != 50 || !strings.Contains(got.Unverified[0].Why, "403") {
		t.Errorf("findings %v, unverified %v", got.Findings, got.Unverified)
	}
}

// An interrupt ends a check with an error, and not with a result that looks whole.
func TestInterrupted(t *testing.T) {
	r, _, in := world(t, "connections:\n  warehouse: {type: postgresql, configuration: {hostname: h, database: d, username: u, password: '${env.PG_PASSWORD}'}}\n")
	ctx, stop := context.WithCancel(context.Background())
	stop()
	in.Reader = discover.New(r.Client())
	if got, err := check.Run(ctx, in); err == nil {
		t.Errorf("Run: %v", got)
	}
}

func BenchmarkCheck800(b *testing.B) {
	r, _, in := world(b, generated(b))
	for b.Loop() {
		survey(b, r, in, false)
	}
}
