package spec_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

func emit(t interface{ Fatal(...any) }, set resource.Set) string {
	var b bytes.Buffer
	if err := spec.Emit(&b, testKinds(), set); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEmitSeed(t *testing.T) {
	m, _ := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{"testdata/seed.yaml"}, Env: env})
	const want = `polyplan: 1

connections:
  airtable:
    name: Airtable Connection
    type: airtable

  hubspot:
    name: HubSpot Connection
    type: hubspot

  postgres:
    name: Postgres Connection
    type: postgresql
    configuration:
      database: postgres
      hostname: localhost
      password: ${env.POSTGRES_PASSWORD}
      username: user

  stripe:
    name: Stripe Connection
    type: stripe
    configuration: {api_key: "${env.STRIPE_API_KEY}"}

models:
  customers:
    name: Customers
    connection: stripe
    configuration: {stream_id: customers}
    fields: [balance, description, livemode]
    relations:
      email: users.email

  stars:
    name: Stars Data
    connection: airtable
    configuration:
      baseobj: {label: User sample, value: appDVrQJeb9w2F2IL}
      tableobj: {label: Table 1, value: tblOuVBnPKvXjYhqP}
      viewobj: {}
    fields: [fldR3dERuDqosnxFY, fldah5pg1Q9k3PmEH]
    relations:
      fldR3dERuDqosnxFY: users.email

  users:
    name: User Details
    connection: postgres
    configuration: {table: users}

syncs:
  customers_to_hubspot:
    name: Customer data to HubSpot Sync
    mode: updateOrCreate
    schedule: continuous
    target: {connection: hubspot, object: contacts}
    identity: {source: users.email, target: email}
    fields:
      firstname: users.first_name
      kloutscoregeneral: stars.fldah5pg1Q9k3PmEH
      lastname: users.last_name
      subscription_plan: customers.description
`
	if d := cmp.Diff(want, emit(t, m.Set)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEmitTexts(t *testing.T) {
	object := object{"name": "g", "flag": false, "any": list{
		"plain", "two words", "", " led", "trailed ", "yes", "No", "null", "~", "1", "1_000", "0x1f", "1e3", "12:30", "2024-01-01", ".5", "a: b", "a #b", "#a",
		"- a", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a", "'a", "\"a\"", "a\\b", "a,b", "tab\there", "\ttab", "nel\u2028", "\u202e", "é", "日本", "😀", "${env.X}", "$${", "<<", "=",
		"two\nlines", "two\nlines\n", "two\nlines\n\n", "\nled", " led\nby a blank", "a\n\nb", "a\n \nb", "a\n\tb", "a\r\nb", "\n", "line\n", "a\n  indented\nb", "---\na", "...\nb",
		int64(-5), 1.5, 1e100, 5e-324, true, nil, jsonNumber("123456789012345678901234567890"), list{}, resource.Object{}, list{list{int64(1)}, resource.Object{"a": list{}}},
	}}
	r := &resource.Resource{Address: resource.Address{Kind: "gadget", Name: "g"}, Object: object}
	text := emit(t, resource.Set{r.Address: r})
	m, found := loadText(text)
	if len(found) > 0 {
		t.Fatalf("%v\n%s", found, text)
	}
	if d := cmp.Diff(object, m.Set[r.Address].Object); d != "" {
		t.Errorf("(-want +got):\n%s\n%s", d, text)
	}
}

func TestEmitHidesSecrets(t *testing.T) {
	r := &resource.Resource{Address: resource.Address{Kind: "gadget", Name: "g-1"}, Protect: true, Unmanaged: []resource.Path{"text", `parts."a.b"`},
		Extra: object{"x": int64(1)}, Object: object{"name": "g-1", "flag": false, "key": secret("canary"), "keys": object{"a": resource.MaskedSecret()}}}
	text := emit(t, resource.Set{r.Address: r})
	const want = `polyplan: 1

gadgets:
  g-1:
    key: ${env.G_1_KEY}
    keys:
      a: ${env.G_1_A}
    protect: true
    unmanaged: [text, "parts.\"a.b\""]
    extra: {x: 1}
`
	if d := cmp.Diff(want, text); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What Load would refuse, Emit does not write.
func TestEmitRefuses(t *testing.T) {
	for name, o := range map[string]object{
		"control in a text":  {"name": "a\x1bb"},
		"control in a key":   {"name": "g", "any": object{"a\x07": true}},
		"token in a key":     {"name": "g", "any": object{"${env.X}": true}},
		"empty key":          {"name": "g", "any": object{"": true}},
		"key of secrets":     {"name": "g", "any": object{resource.SecretKey: true}},
		"number without end": {"name": "g", "any": jsonNumber(strings.Repeat("9", 1000))},
	} {
		r := &resource.Resource{Address: resource.Address{Kind: "gadget", Name: "g"}, Object: o}
		if err := spec.Emit(io.Discard, testKinds(), resource.Set{r.Address: r}); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}

// generate draws a canonical object for the kind: any that a manifest could say.
func generate(t *rapid.T, k *resource.Kind) resource.Object {
	o := resource.Object{}
	drawMembers(t, k.Fields, o, o, true)
	k.Canonical(o)
	return o
}

const someID = "6c2f8b5e-0d50-4c3a-9f1f-6b8e6a1c9e55"

var anyText = rapid.OneOf(
	rapid.SampledFrom([]string{"a", "users", "yes", "null", "1", "08", " ", "", "a: b", "line\nline\n", "- x", "${env.X}", "a#b", "é", "two words", "it's", "0777", "2024-01-01", "#", "a\n\n b"}),
	rapid.StringOf(rapid.RuneFrom([]rune("ab1 :#-\n\t'\"\\${}[],&*!|>%@`?~.é\u2028"))),
)

var keyText = rapid.OneOf(rapid.SampledFrom([]string{"a", "b.c", "x y", "yes", "1", "<<", "null", "a: b", "-"}), rapid.StringMatching(`[a-zA-Z_.:# -]{1,8}`))

func drawMembers(t *rapid.T, fields []resource.Field, root, o resource.Object, top bool) {
	for pass := range 2 {
		for i := range fields {
			f := &fields[i]
			if f.Computed || (f.Members != nil) != (pass == 1) {
				continue
			}
			must := f.Required || f.Filled != nil || f.Keyed
			if !must && (f.Deprecated != "" || rapid.IntRange(0, 2).Draw(t, "set") > 0) {
				continue
			}
			if v := draw(t, f, root); v != nil {
				o[f.Name] = v
			}
		}
	}
}

func draw(t *rapid.T, f *resource.Field, root resource.Object) any {
	if f.Sensitive && f.Type == resource.Map {
		return resource.Object{keyText.Draw(t, "key"): resource.MaskedSecret()}
	}
	if f.Sensitive {
		return resource.MaskedSecret()
	}
	if len(f.Enum) > 0 {
		return rapid.SampledFrom(f.Enum).Draw(t, "enum")
	}
	if f.Name == "type" {
		return rapid.SampledFrom([]string{"postgresql", "snowflake", "stripe", "hubspot", "googlesheets", "unheard_of"}).Draw(t, "type")
	}
	switch f.Type {
	case resource.Bool:
		return rapid.Bool().Draw(t, "bool")
	case resource.Int:
		return rapid.Int64().Draw(t, "int")
	case resource.Number:
		return resource.Normalize(rapid.Float64().Draw(t, "number"))
	case resource.Numeral:
		return rapid.SampledFrom([]string{"1", "12", "monday", "*/5"}).Draw(t, "numeral")
	case resource.Time:
		return rapid.SampledFrom([]string{"2024-01-15T09:30:00Z", "1999-12-31T23:59:59.5Z"}).Draw(t, "time")
	case resource.Duration:
		return rapid.SampledFrom([]string{"3h30m", "45s", "0"}).Draw(t, "duration")
	case resource.Any:
		return drawAny(t, 2)
	case resource.Ref:
		return resource.Object{"id": someID}
	case resource.SourceRef:
		field := keyText.Draw(t, "field")
		return resource.Object{"model": resource.Object{"id": someID}, "field": field}
	case resource.Struct:
		o := resource.Object{}
		fields, _ := f.Below(root)
		drawMembers(t, fields, root, o, false)
		return o
	case resource.List:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			if v := draw(t, f.Elem, root); v != nil {
				out = append(out, v)
			}
		}
		return out
	case resource.Map:
		o := resource.Object{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			if v := draw(t, f.Elem, root); v != nil {
				o[keyText.Draw(t, "key")] = v
			}
		}
		return o
	}
	return anyText.Draw(t, "text")
}

func drawAny(t *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 7).Draw(t, "any"); {
	case n == 0 && depth > 0:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			out = append(out, drawAny(t, depth-1))
		}
		return out
	case n == 1 && depth > 0:
		o := resource.Object{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			o[keyText.Draw(t, "key")] = drawAny(t, depth-1)
		}
		return o
	case n == 2:
		return rapid.Int64().Draw(t, "int")
	case n == 3:
		return resource.Normalize(rapid.Float64().Draw(t, "number"))
	case n == 4:
		return rapid.Bool().Draw(t, "bool")
	}
	return anyText.Draw(t, "text")
}

// hidden makes all secrets one, for Emit does not write what they are.
var hidden = cmp.Transformer("hidden", func(*resource.Secret) string { return "secret" })

func TestEmitProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := testKinds()
		k := all[rapid.IntRange(0, len(all)-1).Draw(t, "kind")]
		a := resource.Address{Kind: k.Name, Name: "r"}
		if k.Singleton {
			a.Name = resource.DefaultName
		}
		o := generate(t, k)
		text := emit(t, resource.Set{a: {Address: a, Object: o}})
		m, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader(text), Env: always})
		r := m.Set[a]
		if r == nil {
			t.Fatalf("%v\n%s", found, text)
		}
		if d := cmp.Diff(o, r.Object, hidden); d != "" {
			t.Fatalf("(-want +got):\n%s\n%s\n%v", d, text, found)
		}
		again := emit(t, m.Set)
		if d := cmp.Diff(text, again); d != "" {
			t.Fatalf("a second time (-want +got):\n%s", d)
		}
	})
}
