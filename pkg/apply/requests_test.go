package apply_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// groups is the example n times over, each copy with names of its own.
func groups(t testing.TB, n int) string {
	t.Helper()
	raw, err := os.ReadFile("../../examples/" + seed)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	section := func(from, to string) string {
		_, s, _ := strings.Cut(text, "\n"+from+":\n")
		if to != "" {
			s, _, _ = strings.Cut(s, "\n"+to+":\n")
		}
		return s
	}
	var b strings.Builder
	b.WriteString("polyplan: 1\n")
	for _, s := range [][2]string{{"connections", "models"}, {"models", "syncs"}, {"syncs", ""}} {
		b.WriteString(s[0] + ":\n")
		body := section(s[0], s[1])
		for i := range n {
			at := strconv.Itoa(i)
			out := body
			for _, key := range []string{"airtable", "hubspot", "postgres", "stripe", "users", "customers", "stars", "customers_to_hubspot"} {
				out = regexp.MustCompile(`(?m)^  `+key+`:`).ReplaceAllString(out, "  "+key+at+":")
				out = regexp.MustCompile(`(connection: )`+key+`\b`).ReplaceAllString(out, "${1}"+key+at)
				out = regexp.MustCompile(`(: )`+key+`\.`).ReplaceAllString(out, "${1}"+key+at+".")
			}
			out = regexp.MustCompile(` name: ([A-Z][A-Za-z ]*[a-z])`).ReplaceAllString(out, " name: $1 "+at)
			b.WriteString(strings.TrimRight(out, "\n") + "\n")
		}
	}
	return b.String()
}

// A plan in which nothing changes takes one list a kind, in as many pages as it
// has, and reads no object by itself.
func TestRequestsOfAnEmptyPlan(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Memory: state.NewMemory(), Parallelism: 10, Unchecked: true})
		wanted := r.Manifest(groups(t, 100))
		if n := len(wanted.Set); n != 800 {
			t.Fatalf("%d resources", n)
		}
		r.Apply(wanted)
		r.Server.ResetRequests()
		if got := r.Plan(rig.Run{Manifest: wanted}).Actions(); len(got) > 0 {
			t.Fatalf("the plan is not empty: %d actions, %q, ...", len(got), got[0])
		}
		got := map[string]int{}
		for _, q := range r.Server.Requests() {
			got[q.Method+" "+q.Path]++
		}
		want := map[string]int{"GET /api/connections": 1, "GET /api/models": 6, "GET /api/syncs": 2}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("requests (-want +got):\n%s", d)
		}
		// One that changed is read, once to plan and once before it is written.
		r.Edit("model.users7", m{"identifier": "email"})
		r.Server.ResetRequests()
		r.Plan(rig.Run{Manifest: wanted})
		if got := len(r.Server.Requests()); got != 10 {
			t.Errorf("%d requests after one model changed, want 10", got)
		}
	})
}

// A first apply takes a request for each object, one more for each sync, which is
// turned on last, and one more for each that a
// person authorises.
func TestRequestsOfAFirstApply(t *testing.T) {
	r := rig.New(t, rig.Options{Memory: state.NewMemory()})
	r.Apply(r.Example(seed))
	got := map[string]int{}
	for _, q := range r.Server.Requests() {
		path, id, _ := strings.Cut(strings.TrimPrefix(q.Path, "/api/"), "/")
		if id != "" {
			path += "/ID"
		}
		got[q.Method+" "+path]++
	}
	want := map[string]int{"GET connections": 1, "GET models": 1, "GET syncs": 1, "POST connections": 4, "GET connections/ID": 2,
		"POST models": 3, "POST syncs": 1, "POST syncs/ID": 1}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

func BenchmarkPlan800(b *testing.B) {
	r := rig.New(b, rig.Options{Memory: state.NewMemory(), Parallelism: 10, Unchecked: true})
	wanted := r.Manifest(groups(b, 100))
	r.Apply(wanted)
	r.Server.ResetRequests()
	for b.Loop() {
		r.Plan(rig.Run{Manifest: wanted})
	}
	b.ReportMetric(float64(len(r.Server.Requests()))/float64(b.N), "requests/op")
}

// The service answers as a real one does, after 30 ms. The fingerprints are
// those of a user who gave no key of his own, and the state is in a file.
func BenchmarkApply800(b *testing.B) {
	text := groups(b, 100)
	for b.Loop() {
		b.StopTimer()
		r := rig.New(b, rig.Options{Parallelism: 10, Unchecked: true, Sandbox: sandbox.Options{Latency: 30 * time.Millisecond}})
		wanted := r.Manifest(text)
		b.StartTimer()
		began := time.Now()
		ran := r.Run(rig.Run{Manifest: wanted, PrintKey: "-"})
		took := time.Since(began)
		b.ReportMetric(float64(r.Server.MaxInFlight()), "in-flight")
		b.ReportMetric(float64(ran.Stats.Requests), "requests/op")
		b.ReportMetric(float64(ran.Stats.Requests)*0.03/took.Seconds(), "in-flight-mean")
	}
}
