package spec_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/internal/fixture"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// gadget has a field of every sort that a table can declare.
var gadget = resource.Kind{
	Name: "gadget", Section: "gadgets", Doc: "a test kind",
	Fields: []resource.Field{
		{Name: "id", Type: resource.String, Computed: true},
		{Name: "name", Type: resource.String, Keyed: true},
		{Name: "text", Type: resource.String},
		{Name: "flag", Type: resource.Bool, Filled: false},
		{Name: "count", Type: resource.Int},
		{Name: "ratio", Type: resource.Number},
		{Name: "hour", Type: resource.Numeral},
		{Name: "every", Type: resource.Duration},
		{Name: "since", Type: resource.Time},
		{Name: "any", Type: resource.Any},
		{Name: "mode", Type: resource.String, Enum: []string{"slow", "quick"}},
		{Name: "old", Type: resource.String, Deprecated: "use text"},
		{Name: "key", Type: resource.String, Sensitive: true},
		{Name: "keys", Type: resource.Map, Sensitive: true, Elem: &resource.Field{Type: resource.String}},
		{Name: "tags", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.String}},
		{Name: "steps", Type: resource.List, Elem: &resource.Field{Type: resource.Int}},
		{Name: "one", Type: resource.List, OneOrList: true, Elem: &resource.Field{Type: resource.SourceRef}},
		{Name: "friend", Type: resource.Ref, To: "gadget"},
		{Name: "friends", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: "gadget"}},
		{Name: "plan", Type: resource.Struct, Short: "when", Fields: []resource.Field{
			{Name: "when", Type: resource.String, Required: true},
			{Name: "where", Type: resource.String, Filled: "here"},
		}},
		{Name: "parts", Type: resource.Map, KeyedBy: "name", Elem: &resource.Field{Type: resource.Struct, Fields: []resource.Field{
			{Name: "size", Type: resource.Int, Required: true},
		}}},
		{Name: "mapping", Type: resource.Map, Elem: &resource.Field{Type: resource.Struct, Short: "source", Fields: []resource.Field{
			{Name: "source", Type: resource.SourceRef},
			{Name: "note", Type: resource.String},
		}}},
		{Name: "settings", Type: resource.Struct, Lenient: true, Fields: []resource.Field{
			{Name: "port", Type: resource.Int},
			{Name: "label", Type: resource.String},
			{Name: "on", Type: resource.Bool},
			{Name: "made", Type: resource.String, Computed: true},
			{Name: "level", Type: resource.String, Enum: []string{"low", "high"}},
		}},
		{Name: "shape", Type: resource.Struct, Members: func(root resource.Object) ([]resource.Field, bool) {
			if root["mode"] == "slow" {
				return []resource.Field{{Name: "corners", Type: resource.Int, Required: true}}, true
			}
			return nil, false
		}},
	},
	Check: func(c resource.Checker, r *resource.Resource) {
		if r.Object["text"] == "bad" {
			c.Error("text", "bad-text", `text is "bad"`, "the check says so", "")
		}
		if r.Object["count"] == int64(13) {
			c.Warn("count", "thirteen", "thirteen", "some fear it", "")
		}
	},
}

func testKinds() []*resource.Kind { return append(kinds.All(), &gadget) }

var testEnv = map[string]string{
	"PG_PASSWORD": "env-canary-1", "STRIPE_API_KEY": "env-canary-2", "PORT": "5432", "WORD": "env-canary-3",
	"TRUTH": "true", "EMPTY": "",
}

func env(name string) (string, bool) {
	v, ok := testEnv[name]
	return v, ok
}

// loadText loads a manifest of one file that is in no directory.
func loadText(text string) (*spec.Manifest, diag.List) {
	return spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader(text), Env: env})
}

// TestFixtures loads every manifest in testdata. Its findings are those that
// its comments announce, on the lines where they stand, and no others. A file
// X.yaml finds further files for itself in X/.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			m, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{file}, Env: env})
			inside(t, m, found)
			fixture.Check(t, file, m.Sources.Annotate(found))
		})
	}
}

// inside checks what holds for every load: all positions lie within their
// files, findings show no value from outside, and the graph has the set's
// addresses.
func inside(t *testing.T, m *spec.Manifest, found diag.List) {
	t.Helper()
	within := func(p diag.Pos) error {
		src, ok := m.Sources[p.File]
		if !ok || p.Line == 0 {
			return nil
		}
		lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(string(src), "\r\n", "\n"), "\r", "\n"), "\n")
		if p.Line > len(lines) || p.Line < 0 {
			return fmt.Errorf("%v is outside of its file of %d lines", p, len(lines))
		}
		// Masks may make a line shorter than it is.
		if line := []rune(lines[p.Line-1]); p.Col < 1 || p.Col > len(line)+2 && !strings.Contains(string(line), "****") {
			return fmt.Errorf("%v is outside of its line %q", p, string(line))
		}
		return nil
	}
	_, fuzzing := m.Sources["<stdin>"] // where the word may stand anywhere
	for _, d := range m.Sources.Annotate(found) {
		if err := within(d.Pos); err != nil {
			t.Errorf("%s: %v", d.What, err)
		}
		if text := d.Text(); strings.Contains(text, "canary") && !fuzzing {
			t.Errorf("a finding shows a secret:\n%s", text)
		}
		if d.Code == "" || d.What == "" {
			t.Errorf("a finding without code or words: %#v", d)
		}
	}
	for a, r := range m.Set {
		if err := within(r.Pos); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		for p, pos := range r.At {
			if err := within(pos); err != nil {
				t.Errorf("%s.%s: %v", a, p, err)
			}
		}
		if !m.Graph.Has(a) {
			t.Errorf("the graph has no %s", a)
		}
	}
	for _, a := range m.Graph.Nodes() {
		if m.Set[a] == nil {
			t.Errorf("the graph has %s, the set has not", a)
		}
	}
}
