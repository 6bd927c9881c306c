package manual_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	yaml "gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/internal/golden"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/manual"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// toys is a small table with a field of every sort.
var toys = []*resource.Kind{{
	Name: "toy", Section: "toys", Doc: "a thing to play with\n\nIt has a field of every sort.",
	Fields: []resource.Field{
		{Name: "name", Type: resource.String, Required: true, Doc: "Its name."},
		{Name: "kind", Type: resource.String, Enum: []string{"ball", "doll"}, Default: "ball", Doc: "What it is."},
		{Name: "loud", Type: resource.Bool, Filled: true},
		{Name: "age", Type: resource.Int},
		{Name: "weight", Type: resource.Number},
		{Name: "hour", Type: resource.Numeral},
		{Name: "every", Type: resource.Duration},
		{Name: "since", Type: resource.Time},
		{Name: "free", Type: resource.Any},
		{Name: "owner", Type: resource.Ref, To: "child", Immutable: true, Doc: "Whose it is."},
		{Name: "source", Type: resource.SourceRef},
		{Name: "tags", Type: resource.List, Elem: &resource.Field{Type: resource.String}},
		{Name: "colours", Type: resource.List, OneOrList: true, Elem: &resource.Field{Type: resource.String}},
		{Name: "parts", Type: resource.List, Aliases: true, Elem: &resource.Field{Type: resource.String}},
		{Name: "prices", Type: resource.Map, Elem: &resource.Field{Type: resource.Number}},
		{Name: "box", Type: resource.Struct, Short: "shape", Fields: []resource.Field{
			{Name: "shape", Type: resource.String, Required: true, Enum: []string{"round", "square"}, Doc: "Its shape."},
			{Name: "id", Type: resource.String, Computed: true},
		}},
		{Name: "loose", Type: resource.Struct, Lenient: true, Fields: []resource.Field{{Name: "depth", Type: resource.Int}}},
		{Name: "stiff", Type: resource.Struct, Fields: []resource.Field{{Name: "depth", Type: resource.Int}}},
		{Name: "code", Type: resource.String, Sensitive: true, Doc: "What opens it."},
		{Name: "old", Type: resource.String, Deprecated: "use name."},
		{Name: "made", Type: resource.String, Computed: true},
	},
}}

func TestSchemaGolden(t *testing.T) {
	var out bytes.Buffer
	if err := json.Indent(&out, manual.JSONSchema(toys), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/toys.schema.json", out.Bytes())
}

func compile(t *testing.T, kinds []*resource.Kind) func(manifest string) error {
	t.Helper()
	text := manual.JSONSchema(kinds)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("manifest.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("manifest.json") // checks it against the draft's own schema
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return func(manifest string) error {
		t.Helper()
		var v any
		if err := yaml.Unmarshal([]byte(manifest), &v); err != nil {
			t.Fatalf("%v in\n%s", err, manifest)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(got)
	}
}

// load is what polyplan itself says to a manifest. What a schema cannot know is
// left out: which names are declared and which files there are.
func load(kinds []*resource.Kind, manifest string) error {
	_, found := spec.Load(spec.Options{Kinds: kinds, Files: []string{"-"}, Stdin: strings.NewReader(manifest), Env: environment})
	found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool {
		return slices.Contains([]string{"unknown-reference", "unknown-variable", "unreadable", "no-version"}, d.Code)
	})
	return found.Err()
}

// loadToys declares beside the toys what they speak of, and leaves nothing out.
func loadToys(manifest string) error {
	manifest += `
children: {ann: {}}
models: {users: {}}
vars: {loud: true, every: 1h, owner: ann, tags: [a]}`
	all := append([]*resource.Kind{{Name: "child", Section: "children"}, {Name: "model", Section: "models"}}, toys...)
	_, found := spec.Load(spec.Options{Kinds: all, Files: []string{"-"}, Stdin: strings.NewReader(manifest), Env: environment})
	return found.Err()
}

func environment(name string) (string, bool) {
	v, ok := map[string]string{"KIND": "ball", "AGE": "3", "USD": "1.5", "PORT": "5432", "CODE": "1234", "NAME": "T"}[name]
	return v, ok
}

func TestSchemaOfEveryField(t *testing.T) {
	check := compile(t, toys)
	for _, tt := range []struct {
		field string
		good  []string
		bad   []string
	}{
		{"kind", []string{"ball", "null", "'${env.KIND}'"}, []string{"bal", "1", "[ball]"}},
		{"loud", []string{"true", "'${var.loud}'", "null"}, []string{"'yes'", "1", "'true'"}},
		{"name", []string{"T", "'1'", "'${env.NAME} the toy'"}, []string{"1", "true", "null"}},
		{"age", []string{"3", "'${env.AGE:-3}'", "'1${env.AGE}'"}, []string{"3.5", "'3'", "{}"}},
		{"weight", []string{"3", "3.5"}, []string{"heavy", "true"}},
		{"hour", []string{"8", "'08'", "'*/5'"}, []string{"8.5", "true"}},
		{"every", []string{"3h30m", "1.5h", "'${var.every}'"}, []string{"3 hours", "3", "h"}},
		{"free", []string{"1", "{a: [b, null]}", "null"}, nil},
		{"owner", []string{"ann", "{id: 0c9f}", "'${var.owner}'"}, []string{"Ann", "child.ann", "{}", "{id: ''}", "{id: x, name: y}", "7"}},
		{"source", []string{"users.email", "users.a.b", "{model: users, field: a.b}", "{model: {id: x}, field: y}"},
			[]string{"users", "users.", ".email", "Users.email", "{model: users}", "[users.email]"}},
		{"tags", []string{"[a, '1']", "[]", "'${var.tags}'"}, []string{"a", "[a, 1]", "[null]", "'a ${var.tags}'", "{a: b}", "[[a]]"}},
		{"colours", []string{"red", "[red, blue]"}, []string{"{red: blue}"}},
		{"parts", []string{"[a]", "{lid: fld1}"}, []string{"[{a: b}]"}},
		{"prices", []string{"{eur: 1.5, usd: '${env.USD}'}"}, []string{"{eur: cheap}", "[1]"}},
		{"box", []string{"round", "{shape: square}", "{shape: round, x-why: it rolls}", "null"}, []string{"oval", "{}", "{shape: oval}", "{shape: round, id: x}", "{shape: round, lid: x}"}},
		{"loose", []string{"{depth: 1, other: x}", "{depth: '1'}", "{}"}, []string{"{depth: deep}", "{depth: [1]}", "3"}},
		{"stiff", []string{"{depth: 1}"}, []string{"{depth: 1, other: x}", "{depth: '1'}"}},
		{"code", []string{"'${env.CODE}'"}, []string{"[a]"}},
		{"made", nil, []string{"x", "null"}},
		{"unmanaged", []string{"[kind, box.shape]", "kind"}, []string{"{kind: true}"}},
		{"protect", []string{"true", "false"}, []string{"always", "null"}},
		{"extra", []string{"{anything: [1]}"}, []string{"[1]"}},
		{"x-note", []string{"{a: b}"}, nil},
		{"unknown", nil, []string{"x"}},
	} {
		for _, value := range tt.good {
			manifest := "polyplan: 1\ntoys: {t: {" + named(tt.field) + tt.field + ": " + value + "}}"
			if err := check(manifest); err != nil {
				t.Errorf("%s: %s is refused: %v", tt.field, value, err)
			}
			if err := loadToys(manifest); err != nil {
				t.Errorf("%s: %s is accepted, and polyplan refuses it: %v", tt.field, value, err)
			}
		}
		for _, value := range tt.bad {
			manifest := "polyplan: 1\ntoys: {t: {" + named(tt.field) + tt.field + ": " + value + "}}"
			if check(manifest) == nil {
				t.Errorf("%s: %s is accepted", tt.field, value)
			}
			if loadToys(manifest) == nil {
				t.Errorf("%s: %s is refused, and polyplan accepts it", tt.field, value)
			}
		}
	}
}

// named is the toy's mandatory field, unless that is what is looked at.
func named(field string) string {
	if field == "name" {
		return ""
	}
	return "name: T, "
}

func TestSchemaOfTheWhole(t *testing.T) {
	check := compile(t, kinds.All())
	for _, good := range []string{
		"polyplan: 1",
		"polyplan: 1\nmodels:\nsyncs: {}\ninclude: more.yaml\nx-defaults: &d {a: b}",
		"polyplan: 1\ninclude: [a, b]\nmoved: [{from: model.a, to: model.b}]\nremoved: [{address: sync.old, delete: false}, {address: sync.older}]",
		"polyplan: 1\nvars: {x: 1, xy: 2, x-notes: {anything: 1}}",
		"models: {x: {connection: c, configuration: {}}, xy: {connection: c, configuration: {}}, x-notes: 1}",
		"polyplan: 1\nvars: {region: eu, sizes: [1], key: {type: string, sensitive: true}, none: }",
		"secrets: {db: {exec: [sops, -d, 1], json: 'a[0].b', description: it, x-a: 1}, x-more: 1}",
		"connections: {h: {type: hubspot}}",
		"connections: {a: {type: airtable, configuration: {connected_user: me}}}",
		"connections: {s: {type: salesforce, configuration: {connect_mode: of_tomorrow, domain: 1}}, x-more: {}}",
		"connections: {s: '${var.connection}'}",
		"connections: {new: {type: of_tomorrow, configuration: {anything: 1}}}",
		"connections: {p: {type: postgresql, configuration: {hostname: h, database: d, username: u, port: '${env.PORT}', password: x, new_option: 1}}}",
	} {
		if err := check(good); err != nil {
			t.Errorf("refused: %v\n%s", err, good)
		}
		if err := load(kinds.All(), good); err != nil {
			t.Errorf("accepted, and polyplan refuses it: %v\n%s", err, good)
		}
	}
	for name, bad := range map[string]string{
		"version":        "polyplan: 2",
		"section":        "polyplan: 1\nmodel: {}",
		"key":            "models: {Users: {connection: c, configuration: {}}}",
		"list":           "models: [{connection: c}]",
		"mandatory":      "models: {m: {configuration: {}}}",
		"enum":           "syncs: {s: {mode: upsert, schedule: manual, target: {connection: c}, fields: {}}}",
		"configuration":  "connections: {p: {type: postgresql, configuration: {hostname: h}}}",
		"its shape":      "connections: {p: {type: postgresql, configuration: [1]}}",
		"its types":      "connections: {p: {type: postgresql, configuration: {hostname: h, database: d, username: u, port: many}}}",
		"id":             "connections: {a: {type: airtable, id: x}}",
		"moved":          "moved: [{from: a, to: b}]",
		"removed":        "removed: [{delete: true}]",
		"variable":       "vars: {a: {typ: string}}",
		"type of a var":  "vars: {a: {type: text}}",
		"a var's name":   "vars: {1a: x}",
		"a secret":       "secrets: {a: plain}",
		"no command":     "secrets: {a: {json: b}}",
		"no words":       "secrets: {a: {exec: []}}",
		"a shell":        "secrets: {a: {exec: sops -d}}",
		"secret":         "secrets: {a: {exec: [b], jsn: c}}",
		"include":        "include: [1]",
		"no type":        "connections: {a: {name: A}}",
		"null mandatory": "models: {m: {connection: null, configuration: {}}}",
	} {
		if check(bad) == nil {
			t.Errorf("%s: accepted\n%s", name, bad)
		}
		if load(kinds.All(), bad) == nil {
			t.Errorf("%s: refused, and polyplan accepts it\n%s", name, bad)
		}
	}
}

func TestSchemaAcceptsTheExamples(t *testing.T) {
	check := compile(t, kinds.All())
	examples, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(examples) < 4 {
		t.Fatalf("examples: %v, %v", examples, err)
	}
	for _, name := range examples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, k := range kinds.All() {
		if err := check(k.Example); err != nil {
			t.Errorf("the example of %s: %v", k.Name, err)
		}
	}
	for _, id := range catalog.Types() {
		page, err := manual.Explain(kinds.All(), "connection."+id)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(page.Example); err != nil {
			t.Errorf("the example of %s: %v\n%s", id, err, page.Example)
		}
	}
}

// Editors load it anew with every window.
func TestSchemaIsSmall(t *testing.T) {
	text := manual.JSONSchema(kinds.All())
	if len(text) > 400<<10 {
		t.Errorf("the schema has %d bytes", len(text))
	}
	if again := manual.JSONSchema(kinds.All()); !bytes.Equal(text, again) {
		t.Error("two schemas of the same kinds differ")
	}
	if strings.Contains(string(text), "dossier") {
		t.Error("the schema speaks of papers that its readers do not have")
	}
}
