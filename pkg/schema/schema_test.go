package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/golden"
)

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		source, target string
		want           bool
	}{
		{"string", "number", true}, // it may hold one
		{"number", "string", true}, {"number", "datetime", true}, {"object", "string", true}, {"string", "array", true},
		{"boolean", "number", false}, {"datetime", "boolean", false}, {"array", "datetime", false}, {"number", "object", false},
		{"unknown", "number", true}, {"", "number", true}, {"boolean", "picklist", true}, {"geography", "boolean", true},
	} {
		if got := Fits(tt.source, tt.target); got != tt.want {
			t.Errorf("Fits(%s, %s) = %v", tt.source, tt.target, got)
		}
	}
}

func TestTests(t *testing.T) {
	for _, tt := range []struct {
		function, typ string
		want          bool
	}{
		{"Equality", "object", true}, {"IsNull", "boolean", true}, {"True", "boolean", true}, {"True", "string", false},
		{"InTheLast", "datetime", true}, {"InTheLast", "number", false}, {"ArrayContains", "string", false},
		{"StringContains", "number", false}, {"Between", "boolean", false}, {"NobodyKnows", "number", true}, {"True", "unknown", true},
	} {
		if got, _ := Tests(tt.function, tt.typ); got != tt.want {
			t.Errorf("Tests(%s, %s) = %v", tt.function, tt.typ, got)
		}
	}
}

// A value is never part of what is said about it.
func TestDocumentCheck(t *testing.T) {
	const canary = "canary-value"
	doc := Document{}
	if err := json.Unmarshal([]byte(`{"$schema": "https://example.com/other", "$id": "http://127.0.0.1:1/schema", "type": "object",
		"required": ["host"], "additionalProperties": false, "$defs": {"short": {"maxLength": 3}},
		"properties": {"host": {"type": "string", "pattern": "^[a-z]+$"}, "port": {"type": "integer", "maximum": 65535, "default": 1},
			"mode": {"enum": ["a", "b"]}, "in": {"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#/$defs/short"}}},
			"list": {"type": "array", "items": {"type": "number"}}, "either": {"oneOf": [{"type": "number"}, {"type": "boolean"}]}}}`), &doc); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, value string
		want        []Problem
	}{
		{"sound", `{"host": "h", "port": 1}`, nil},
		{"missing", `{}`, []Problem{{Path: []string{}, Missing: "host"}}},
		{"unknown", `{"host": "h", "hots": 1}`, []Problem{{Path: []string{}, Unknown: "hots"}}},
		{"type", `{"host": 12}`, []Problem{{Path: []string{"host"}, What: "it is to be string, and not number"}}},
		{"pattern", `{"host": "canary-value"}`, []Problem{{Path: []string{"host"}, What: `it does not match "^[a-z]+$"`}}},
		{"maximum", `{"host": "h", "port": 70000}`, []Problem{{Path: []string{"port"}, What: "it is more than 65535"}}},
		{"enum", `{"host": "h", "mode": "canary-value"}`, []Problem{{Path: []string{"mode"}, What: "it is none of the values that are allowed", Allowed: []string{"a", "b"}}}},
		{"nested", `{"host": "h", "in": {}}`, []Problem{{Path: []string{"in"}, Missing: "x"}}},
		{"reference", `{"host": "h", "in": {"x": "canary-value"}}`, []Problem{{Path: []string{"in", "x"}, What: "it is longer than 3 characters"}}},
		{"element", `{"host": "h", "list": [1, "canary-value"]}`, []Problem{{Path: []string{"list", "1"}, What: "it is to be number, and not string"}}},
		{"either", `{"host": "h", "either": "canary-value"}`, []Problem{{Path: []string{"either"}, What: "it does not fit oneOf"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var v any
			if err := json.Unmarshal([]byte(tt.value), &v); err != nil {
				t.Fatal(err)
			}
			got, err := doc.Check(v)
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
			for _, p := range got {
				if strings.Contains(p.What, canary) {
					t.Errorf("a value is quoted: %s", p.What)
				}
			}
		})
	}
}

// A schema that asks for more than itself is of no use, and fetches nothing.
func TestDocumentIsAlone(t *testing.T) {
	for _, ref := range []string{"http://127.0.0.1:1/other", "file:///etc/passwd", "other.json"} {
		if _, err := (Document{"$ref": ref}).Check(map[string]any{}); err == nil {
			t.Errorf("%s was taken", ref)
		}
	}
	if _, err := (Document{"type": 12}).Check(map[string]any{}); err == nil {
		t.Error("a schema that is none was taken")
	}
}

// What is kept of a schema rejects what it rejected, and tells no titles.
func TestBare(t *testing.T) {
	doc := Document{}
	if err := json.Unmarshal([]byte(`{"$id": "http://127.0.0.1:4711/x", "title": "T", "type": "object", "required": ["title"], "examples": [{"title": "sample"}],
		"properties": {"title": {"type": "string", "title": "A title", "enum": ["a"], "description": "d"}, "description": {"type": "object",
			"properties": {"examples": {"type": "integer", "examples": [1]}}}},
		"anyOf": [{"title": "x", "required": ["title"]}]}`), &doc); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(bare(doc))
	want := `{"anyOf":[{"required":["title"]}],"properties":{"description":{"properties":{"examples":{"type":"integer"}},"type":"object"},` +
		`"title":{"enum":["a"],"type":"string"}},"required":["title"],"type":"object"}`
	if d := cmp.Diff(want, string(got)); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestWords(t *testing.T) {
	for _, f := range []TargetField{
		{ID: "a"},
		{ID: "a", Type: "string", Required: true, NoCreate: true, NoUpdate: true, NoFilter: true, NoCipher: true, Identity: true, Compare: []string{"Equality", "OneOf"}},
		{ID: "a", Type: "identity", NoFilter: true},
	} {
		if d := cmp.Diff(f, readField("a", f.words())); d != "" {
			t.Errorf("%q (-want +got):\n%s", f.words(), d)
		}
	}
	for _, m := range []Mode{{ID: "m"}, {ID: "m", Identity: true, FieldMode: true, Filters: true}} {
		if d := cmp.Diff(m, readMode("m", m.words())); d != "" {
			t.Errorf("%q (-want +got):\n%s", m.words(), d)
		}
	}
}

func TestSourceKey(t *testing.T) {
	for _, tt := range []struct {
		configuration map[string]any
		want          string
	}{
		{map[string]any{"table": "users"}, "table=users"},
		{map[string]any{"table": "users", "view": "", "viewobj": map[string]any{}}, "table=users"},
		{map[string]any{"base": map[string]any{"value": "b", "label": "Some base"}, "table": map[string]any{"value": "t", "label": "x"}}, "base=b, table=t"},
		{map[string]any{"query": "select a, b"}, `{"query":"select a, b"}`},
		{map[string]any{"limit": 3.0, "query": "q"}, `{"limit":3,"query":"q"}`},
		{map[string]any{"query": strings.Repeat("select ", 40)}, "sha256:d7403e8686347498"},
	} {
		if got := sourceKey(tt.configuration); got != tt.want {
			t.Errorf("sourceKey(%v) = %s, want %s", tt.configuration, got, tt.want)
		}
	}
}

func TestChanges(t *testing.T) {
	c := Connection{Key: "connection.pg"}
	table := map[string]any{"table": "users"}
	before, after := NewLock(), NewLock()
	before.PutType("pg", Document{"properties": map[string]any{"a": map[string]any{"type": "string"}}})
	after.PutType("pg", Document{"properties": map[string]any{"a": map[string]any{"type": "integer"}}})
	before.PutSource(c, table, &Source{[]Field{{Name: "id", Type: "number"}, {Name: "old", Type: "string"}, {Name: "same", Type: "string"}}})
	after.PutSource(c, table, &Source{[]Field{{Name: "id", Type: "string"}, {Name: "new", Type: "string"}, {Name: "same", Type: "string"}}})
	before.PutInputs(c, table, [][]string{{"email"}, {"b", "a"}})
	after.PutInputs(c, table, [][]string{{"a", "b"}, {"phone"}})
	before.PutTarget(c, &Target{ID: "gone"})
	after.PutTarget(c, &Target{ID: "made"})
	after.PutBulkTarget(c, &BulkTarget{Modes: []string{"replicate"}})
	want := []string{
		`connection type pg: setting a was {"type":"string"} and is {"type":"integer"}`,
		"connection.pg, table=users: id was number and is string",
		"connection.pg, table=users: new is new (string)",
		"connection.pg, table=users: old is gone",
		"connection.pg, enrichment table=users: email is gone",
		"connection.pg, enrichment table=users: phone is new (inputs)",
		"connection.pg, target gone: no longer there, or not used",
		"connection.pg, target made: new",
		"connection.pg, settings of bulk targets: new",
	}
	if d := cmp.Diff(want, after.Changes(before)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A file that is none, or of another time, is refused; what it does not have is
// unknown and not missing.
func TestParseLock(t *testing.T) {
	for _, text := range []string{"", "[]", "{", `{"format": 2}`, `{}`} {
		if _, err := ParseLock([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	l, err := ParseLock([]byte(`{"format": 1, "connections": {"connection.pg": null, "connection.other": {"targets": {"x": null}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"connection.pg", "connection.other", "none"} {
		if got, err := l.Target(context.Background(), Connection{Key: key}, "x"); err != errNotLocked {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
}

// lockOfAll is a lock with something of everything in it.
func lockOfAll() *Lock {
	l, pg := NewLock(), Connection{Key: "connection.warehouse"}
	l.PutType("postgresql", Document{"type": "object", "required": []any{"hostname"}, "properties": map[string]any{"hostname": map[string]any{"type": "string"}}})
	l.PutSource(pg, map[string]any{"table": "users"}, &Source{Fields: []Field{{Name: "id", Type: "number"}, {Name: "email", Type: "string"}}})
	l.PutInputs(pg, map[string]any{"model": "person"}, [][]string{{"email"}, {"name", "company"}})
	l.PutTarget(pg, &Target{ID: "public.contacts", Modes: []Mode{{ID: "updateOrCreate", Identity: true, Filters: true}}, NewFields: true,
		Fields: []TargetField{{ID: "email", Type: "string", Required: true, Identity: true, Compare: []string{"Equality"}}, {ID: "made", Type: "datetime", NoUpdate: true}}})
	l.PutBulkSource(pg, &BulkSource{Configuration: Document{"type": "object"}, Tracking: true,
		Schemas: []BulkSchema{{ID: "public.users", Fields: []Field{{Name: "id", Type: "number"}}}}}, []string{"public.users"})
	l.PutBulkTarget(pg, &BulkTarget{Configuration: Document{"type": "object"}, Modes: []string{"replicate", "snapshot"}})
	return l
}

// The lock files of every released format can be read. The fixture of the current
// format is written by -update, those of older ones never again.
func TestLockFixtures(t *testing.T) {
	path := func(format int) string { return fmt.Sprintf("testdata/lock-%d.json", format) }
	want, err := lockOfAll().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, path(lockFormat), want)
	for format := 1; format <= lockFormat; format++ {
		data, err := os.ReadFile(path(format))
		if err != nil {
			t.Fatal(err)
		}
		l, err := ParseLock(data)
		if err != nil {
			t.Fatalf("format %d: %v", format, err)
		}
		if got, err := l.Marshal(); err != nil || string(got) != string(want) {
			t.Errorf("format %d (-want +got): %v\n%s", format, err, cmp.Diff(string(want), string(got)))
		}
	}
	newer := fmt.Sprintf(`{"format": %d, "connections": []}`, lockFormat+1)
	if _, err := ParseLock([]byte(newer)); err == nil || !strings.Contains(err.Error(), "this polyplan knows") {
		t.Errorf("a newer format: %v", err)
	}
}
