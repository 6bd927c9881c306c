package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// gadgetOf loads one gadget that is written as given, and the resources beside
// it, and expects no error.
func gadgetOf(t *testing.T, text string) *resource.Resource {
	t.Helper()
	m, found := loadText("polyplan: 1\ngadgets:\n  g: " + text + "\n")
	if found.HasErrors() {
		t.Fatalf("%s: %v", text, found.Err())
	}
	return m.Set[resource.Address{Kind: "gadget", Name: "g"}]
}

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     object
	}{
		{"nothing", "", object{}},
		{"null is absence", "{text: ~, count: null, any: }", object{}},
		{"the name", "{name: N}", object{"name": "N"}},
		{"YAML 1.2", "{any: [yes, no, on, True, 0777, 0o17, 0xff, 1_000, 2024-01-01, 1e3, .5, '1', ~, Null]}", object{"any": list{
			"yes", "no", "on", true, int64(777), int64(15), int64(255), "1_000", "2024-01-01", int64(1000), 0.5, "1", nil, nil}}},
		{"numbers", "{ratio: 1.50, count: +07, any: 123456789012345678901234567890}", object{"ratio": 1.5, "count": int64(7),
			"any": jsonNumber("123456789012345678901234567890")}},
		{"too long for numbers", "{any: [0x" + strings.Repeat("f", 400) + ", " + strings.Repeat("7", 401) + "]}", object{"any": list{
			"0x" + strings.Repeat("f", 400), strings.Repeat("7", 401)}}},
		{"numerals", `{hour: "08"}`, object{"hour": "8"}},
		{"numeral from a number", `{hour: 08}`, object{"hour": "8"}},
		{"sets are sorted", "{tags: [c, a, b]}", object{"tags": list{"a", "b", "c"}}},
		{"lists are not", "{steps: [3, 1, 2]}", object{"steps": list{int64(3), int64(1), int64(2)}}},
		{"one or a list", "{one: g2.a}", object{"one": list{"g2.a"}}},
		{"short form", "{plan: now}", object{"plan": object{"when": "now", "where": "here"}}},
		{"long form", "{plan: {when: now, where: there}}", object{"plan": object{"when": "now", "where": "there"}}},
		{"coerced where the table may lag", `{settings: {port: "5432", label: 5, "on": "true"}}`,
			object{"settings": object{"port": int64(5432), "label": "5", "on": true}}},
		{"text as it is spelled", `{settings: {label: 1.50}}`, object{"settings": object{"label": "1.50"}}},
		{"coerced from outside", "{count: \"${env.PORT}\", flag: \"${env.TRUTH}\", text: \"${env.PORT}\"}",
			object{"count": int64(5432), "flag": true, "text": "5432"}},
		{"within a text", `{text: "<${env.PORT}> $${x} ${env.NO:-d} $ $$"}`, object{"text": "<5432> ${x} d $ $$"}},
		{"escape alone", `{text: "$${env.PORT}"}`, object{"text": "${env.PORT}"}},
		{"escape where a value is looked at twice", `{any: "$${env.PORT}", plan: "$${env.PORT}"}`, object{"any": "${env.PORT}", "plan": object{"when": "${env.PORT}", "where": "here"}}},
		{"a default for what is empty", `{text: "${env.EMPTY:-d}"}`, object{"text": "d"}},
		{"secrets", `{key: "${env.WORD}", keys: {a: "${env.WORD}"}}`, object{"key": secret("env-canary-3"), "keys": object{"a": secret("env-canary-3")}}},
		{"unchecked secrets", `{mode: quick, shape: {password: "${env.WORD}", size: 1}}`,
			object{"mode": "quick", "shape": object{"password": secret("env-canary-3"), "size": int64(1)}}},
		{"merge keys", "{<<: {text: a, count: 1}, count: 2}", object{"text": "a", "count": int64(2)}},
		{"merge keys, several", "{<<: [{text: a}, {text: b, count: 1}]}", object{"text": "a", "count": int64(1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := strings.ReplaceAll(tt.in, "g2.a", "m.a")
			m, found := loadText("polyplan: 1\nconnections: {c: {type: airtable}}\nmodels: {m: {connection: c, configuration: {a: 1}}}\ngadgets:\n  g: " + in + "\n")
			if found.HasErrors() {
				t.Fatal(found.Err())
			}
			want := object{"name": "g", "flag": false}
			for k, v := range tt.want {
				want[k] = v
			}
			if _, ok := want["one"]; ok {
				want["one"] = list{"m.a"}
			}
			got := m.Set[resource.Address{Kind: "gadget", Name: "g"}].Object
			if d := cmp.Diff(want, got, revealed); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestAliases(t *testing.T) {
	const text = `polyplan: 1
connections: {air: {type: airtable}}
models:
  base:
    connection: air
    configuration: {a: 1}
    fields: {mail: fldZ, score: fldA}
    identifier: mail
    tracking_columns: [score, fldOther]
  joined:
    connection: air
    configuration: {a: 1}
    relations: {key: base.mail, fldX: base.fldA}
gadgets:
  g: {one: [base.score, "base.mail", base.plain, {model: base, field: mail}]}
`
	m, found := loadText(text)
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	at := func(kind, name string) *resource.Resource { return m.Set[resource.Address{Kind: kind, Name: name}] }
	base, joined, g := at("model", "base"), at("model", "joined"), at("gadget", "g")
	got := []any{base.Object["fields"], base.Object["identifier"], base.Object["tracking_columns"], joined.Object["relations"], g.Object["one"]}
	want := []any{list{"fldA", "fldZ"}, "fldZ", list{"fldA", "fldOther"},
		object{"key": list{"base.fldZ"}, "fldX": list{"base.fldA"}}, list{"base.fldA", "base.fldZ", "base.plain", "base.fldZ"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("objects (-want +got):\n%s", d)
	}
	names := []map[string]string{base.Names, joined.Names, g.Names}
	if d := cmp.Diff([]map[string]string{
		{"fldZ": "mail", "fldA": "score"},
		{"base.fldZ": "base.mail", "base.fldA": "base.score"},
		{"base.fldZ": "base.mail", "base.fldA": "base.score"},
	}, names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	// Positions follow the elements of a set into its order.
	where := []string{base.Where("fields[0]").String(), base.Where("fields[1]").String(), base.Where("tracking_columns[0]").String()}
	if d := cmp.Diff([]string{"<stdin>:7:33", "<stdin>:7:20", "<stdin>:9:24"}, where); d != "" {
		t.Errorf("places (-want +got):\n%s", d)
	}
}

func TestPlacesInSets(t *testing.T) {
	r := gadgetOf(t, "{tags: [c, a, b, a]}")
	got := []string{}
	for _, p := range []resource.Path{"tags[0]", "tags[1]", "tags[2]", "tags[3]"} {
		got = append(got, r.Where(p).String())
	}
	// The last does not exist: its place is that of the list.
	if d := cmp.Diff([]string{"<stdin>:3:17", "<stdin>:3:20", "<stdin>:3:14", "<stdin>:3:13"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestOrigins(t *testing.T) {
	m, _ := loadText("polyplan: 1\ngadgets:\n  g: {text: \"a ${env.PORT}\", any: {x: [\"${env.PORT}\"]}}\n")
	want := map[resource.Path]string{"name": spec.FromKey, "flag": spec.FromTable, "text": "a ${env.PORT}", "any.x[0]": "${env.PORT}"}
	if d := cmp.Diff(want, m.Origins[resource.Address{Kind: "gadget", Name: "g"}]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestLifecycle(t *testing.T) {
	m, found := loadText(`polyplan: 1
gadgets:
  g: {protect: true, unmanaged: [plan.when, 'parts."a.b".size'], extra: {new_field: [1, "${env.PORT}"], none: ~}}
moved: [{from: gadget.old, to: gadget.g}]
removed: [{address: gadget.gone, delete: false}, {address: gadget.away}]
`)
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	a := func(name string) resource.Address { return resource.Address{Kind: "gadget", Name: name} }
	r := m.Set[a("g")]
	if !r.Protect {
		t.Error("protect is lost")
	}
	if d := cmp.Diff([]resource.Path{"plan.when", `parts."a.b".size`}, r.Unmanaged); d != "" {
		t.Errorf("unmanaged (-want +got):\n%s", d)
	}
	if d := cmp.Diff(object{"new_field": list{int64(1), "5432"}}, r.Extra); d != "" {
		t.Errorf("extra (-want +got):\n%s", d)
	}
	at := func(line, col int) diag.Pos { return diag.Pos{File: "<stdin>", Line: line, Col: col} }
	if d := cmp.Diff([]spec.Move{{From: a("old"), To: a("g"), Pos: at(4, 9)}}, m.Moved); d != "" {
		t.Errorf("moved (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]spec.Removal{{Address: a("gone"), Pos: at(5, 11)}, {Address: a("away"), Delete: true, Pos: at(5, 50)}}, m.Removed); d != "" {
		t.Errorf("removed (-want +got):\n%s", d)
	}
}

// Nobody may learn a secret's value, or its length, from an excerpt.
func TestSecretsDoNotShow(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"alone", "  g:\n    key: abcdefghijklmnop\n", "  g:\n    key: ********\n"},
		{"quoted", "  g:\n    key: \"a\\\"b'c\"  # comment\n", "  g:\n    key: ********  # comment\n"},
		{"single quoted", "  g:\n    key: 'it''s'\n", "  g:\n    key: ********\n"},
		{"last in braces", "  g: {key: abcdefghijkl}\n", "  g: {key: ********}\n"},
		{"with something behind", "  g: {key: abcdefghijkl, text: x}\n", "  g: {key: ************, text: x}\n"},
		{"block", "  g:\n    key: |\n      line one\n\n      line two\n    text: x\n", "  g:\n    key: ********\n      ********\n\n      ********\n    text: x\n"},
		{"over lines", "  g:\n    key: one\n      two\n    text: x\n", "  g:\n    key: ********\n      ********\n    text: x\n"},
		{"from outside", "  g:\n    key: ${env.WORD}\n", "  g:\n    key: ${env.WORD}\n"},
		{"by its name only", "  g:\n    pasword: x\n    secret_word: abc\n", "  g:\n    pasword: x\n    secret_word: ********\n"},
		{"broken file", "  g:\n    api_key: \"abc\n    text: [\n", "  g:\n    api_key: ********\n    text: [\n"},
		{"broken file, block", "  g:\n    password: |\n      one\n\n      two\n   text: x\n", "  g:\n    password: ********\n      ********\n\n      ********\n   text: x\n"},
		{"broken file, braces", "  g: {text: x, api_key: abc, flag: ]\n", "  g: {text: x, api_key: ********\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const head = "polyplan: 1\ngadgets:\n"
			m, _ := loadText(head + tt.in)
			if d := cmp.Diff(head+tt.want, string(m.Sources["<stdin>"])); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	const text = `polyplan: 1
vars:
  a: default
  n: {type: number}
  l: {type: list, default: []}
  s: {sensitive: true}
gadgets:
  g: {text: "${var.a}", count: "${var.n}", tags: "${var.l}", any: "x${var.s}"}
`
	m, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader(text),
		Vars:     map[string]string{"n": "5", "l": "[b, a]"},
		VarFiles: []string{"testdata/outside/vars.yaml"},
		Env: func(name string) (string, bool) {
			v, ok := map[string]string{"POLYPLAN_VAR_n": "6", "POLYPLAN_VAR_s": "7", "POLYPLAN_VAR_a": "8"}[name]
			return v, ok
		}})
	if len(found) > 0 {
		t.Fatal(found)
	}
	want := object{"name": "g", "flag": false, "text": "from ${env.FILE}", "count": int64(5), "tags": list{"a", "b"}, "any": secret("x7")}
	if d := cmp.Diff(want, m.Set[resource.Address{Kind: "gadget", Name: "g"}].Object, revealed); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestMadeUpValues(t *testing.T) {
	const text = `polyplan: 1
vars:
  region: eu
  limit: {type: number, default: 5}
  password: {sensitive: true}
  given: {}
gadgets:
  g: {text: "${var.region} ${env.STAGE:-test} ${env.EMPTY}", count: "${var.limit}", any: "${var.password} ${var.given}"}
`
	var asked []string
	m, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader(text),
		Env: func(name string) (string, bool) {
			v, ok := map[string]string{"POLYPLAN_VAR_given": "here", "EMPTY": "", "POLYPLAN_VAR_region": ""}[name]
			return v, ok
		},
		MakeUp: func(name string) (string, bool) { asked = append(asked, name); return "made-up", true }})
	if len(found) > 0 {
		t.Fatal(found)
	}
	want := object{"name": "g", "flag": false, "text": "eu test made-up", "count": int64(5), "any": secret("made-up here")}
	if d := cmp.Diff(want, m.Set[resource.Address{Kind: "gadget", Name: "g"}].Object, revealed); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"POLYPLAN_VAR_password", "EMPTY"}, asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

func TestWrongVariables(t *testing.T) {
	_, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader("polyplan: 1\nvars: {limit: {type: number, sensitive: true}, when: {type: list}}\n"),
		Vars: map[string]string{"limit": "canary", "lmit": "1", "when": "[a"}, VarFiles: []string{"testdata/outside/none.yaml"}})
	var got []string
	for _, d := range found {
		got = append(got, d.Error())
	}
	if d := cmp.Diff([]string{
		`error: the manifest declares no variable "lmit"`,
		`<stdin>:2:8: error: the value of "limit" from --var limit is not a number`,
		`<stdin>:2:48: error: the value of "when" from --var when is not a list`,
		`testdata/outside/none.yaml: error: cannot read "testdata/outside/none.yaml"`,
	}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What gives a secret in one place gives a secret in all.
func TestSecretElsewhere(t *testing.T) {
	m, found := loadText(`polyplan: 1
gadgets:
  holder: {key: "${env.WORD}"}
  other: {text: "say ${env.WORD}", tags: [b, "${env.WORD}", a], any: {deep: ["${env.WORD}"]}, flag: true, extra: {more: ["${env.WORD}"]}}
  mixed: {key: "x${env.PORT}", text: "${env.PORT}"}
`)
	if len(found) > 0 {
		t.Fatalf("findings: %v", found)
	}
	hidden := 0
	for _, r := range m.Set {
		for _, o := range []resource.Object{r.Object, r.Extra} {
			resource.Secrets(o, func(x *resource.Secret) { hidden++ })
			if strings.Contains(resource.Text(o), testEnv["WORD"]) {
				t.Errorf("%s shows a secret", r.Address)
			}
		}
	}
	if hidden != 6 {
		t.Errorf("%d secrets, not 6", hidden)
	}
	if got := m.Set[resource.Address{Kind: "gadget", Name: "mixed"}].Object["text"]; got != testEnv["PORT"] {
		t.Errorf("what is a part of a secret is %v elsewhere", got)
	}
}
