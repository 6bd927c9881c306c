package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

// fromAllSides is a connection that the manifest, the state and the service
// each have in another way.
func fromAllSides(path resource.Path) ResourceView {
	a := resource.Address{Kind: "connection", Name: "warehouse"}
	at := func(line int) diag.Pos { return diag.Pos{File: "m.yaml", Line: line, Col: 5} }
	secret := func(value string) *resource.Secret {
		s := resource.NewSecret(value)
		s.Seal(resource.NewFingerprinter("key", "lineage"))
		return s
	}
	object := func(host string, password any) resource.Object {
		return resource.Object{"type": "postgresql", "name": "warehouse",
			"configuration": resource.Object{"hostname": host, "password": password}}
	}
	return ResourceView{
		Address: a, Kind: &kinds.Connection, Path: path, Asked: true,
		Origins: map[resource.Path]string{"name": "the resource's key", "configuration.password": "${env.PG_PASSWORD}"},
		Desired: &resource.Resource{Address: a, Pos: at(2), Object: object("a|b", secret("new")),
			At: map[resource.Path]diag.Pos{"type": at(3), "configuration": at(4), "configuration.hostname": at(5), "configuration.password": at(6)}},
		Recorded: &resource.Resource{Address: a, ID: "id-1", Protect: true, Object: object("a|b", secret("old"))},
		Live:     &resource.Resource{Address: a, ID: "id-1", Object: object("\x1b[31mother", resource.MaskedSecret())},
	}
}

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		name string
		path resource.Path
		want string
	}{
		{"all", "", `connection.warehouse ("warehouse")
declared at m.yaml:2:5; recorded as id-1; live; protected

  configuration.hostname: a|b  (m.yaml:5:5)
      ~ live: "\x1b[31mother"
  configuration.password: (secret)  (m.yaml:6:5, from ${env.PG_PASSWORD})
      ~ recorded: (another secret)
  name:                   warehouse  (the resource's key)
  type:                   postgresql  (m.yaml:3:5)
`},
		{"a secret", "configuration.password", `connection.warehouse ("warehouse")
declared at m.yaml:2:5; recorded as id-1; live; protected

configuration.password
  value     (secret)
  from      m.yaml:6:5, from ${env.PG_PASSWORD}
  recorded  (another secret)
  live      the same
  type      string, secret
`},
		{"what nobody set", "healthcheck_interval", `connection.warehouse ("warehouse")
declared at m.yaml:2:5; recorded as id-1; live; protected

healthcheck_interval
  value     not set
  recorded  the same
  live      the same
  type      duration
  about     How often the service checks the connection, as in 3h30m.
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Explain(&b, Style{}, fromAllSides(test.path)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, b.String()); d != "" {
				t.Errorf("Explain (-want +got):\n%s", d)
			}
		})
	}
}

// What the service alone says, in a row that no manifest may set, is shown as that.
func TestExplainToldByTheService(t *testing.T) {
	k := kinds.Connection
	k.Fields = append(slices.Clone(k.Fields),
		resource.Field{Name: "region", Type: resource.String, Computed: true, Doc: "Where it is."},
		resource.Field{Name: "token", Type: resource.String, Computed: true, Sensitive: true},
		resource.Field{Name: "remark", Type: resource.String, Computed: true})
	view := func(path resource.Path) ResourceView {
		v := fromAllSides(path)
		v.Kind = &k
		v.Live.Raw = map[string]any{"id": "id-1", "region": "eu\x1b[31m", "token": "canary", "remark": ""}
		return v
	}
	for path, want := range map[resource.Path]string{
		"": `
  region:                 "eu\x1b[31m"  (read-only, the service's own)
  token:                  (secret)  (read-only, the service's own)
  type:                   postgresql  (m.yaml:3:5)
`,
		"region": `
region
  value     "eu\x1b[31m"
  from      read-only, the service's own
  type      string
  about     Where it is.
`,
		"remark": `
remark
  value     not set
  from      read-only, the service's own
  type      string
`,
	} {
		var b, markdown bytes.Buffer
		if err := Explain(&b, Style{}, view(path)); err != nil || !strings.HasSuffix(b.String(), want) {
			t.Errorf("%q: %v, %s, want it to end with %s", path, err, b.String(), want)
		}
		if err := ExplainMarkdown(&markdown, view(path)); err != nil || path == "region" && !strings.HasSuffix(markdown.String(), "| read-only, the service's own |  |\n") {
			t.Errorf("%q: %v, %s", path, err, markdown.String())
		}
	}
	var b bytes.Buffer
	if err := ExplainJSON(&b, view("region")); err != nil || !strings.Contains(b.String(), `"value": null`) || !strings.Contains(b.String(), `"live": "eu\u001b[31m"`) {
		t.Errorf("%v, %s", err, b.String())
	}
	v := view("region") // of a service that was not asked
	v.Live, v.Asked = nil, false
	b.Reset()
	if err := Explain(&b, Style{}, v); err != nil || !strings.Contains(b.String(), "value     not set") {
		t.Errorf("%v, %s", err, b.String())
	}
}

// What no table knows of a live object is shown where the manifest could set it,
// and a mask is never taken for a value.
func TestExplainUnknown(t *testing.T) {
	v := fromAllSides("extra")
	v.Desired.Extra = resource.Object{"region": "eu"}
	v.Live.Raw = map[string]any{"id": "id-1", "name": "warehouse", "region": "us", "tier": map[string]any{"level": 2, "token": "********"}}
	var b bytes.Buffer
	if err := Explain(&b, Style{}, v); err != nil {
		t.Fatal(err)
	}
	want := `connection.warehouse ("warehouse")
declared at m.yaml:2:5; recorded as id-1; live; protected

  extra.region:     eu  (m.yaml:2:5)
      ~ recorded: not set
      ~ live: us
  extra.tier.level: not set
      ~ live: 2
  extra.tier.token: not set
      ~ live: (secret)
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("Explain (-want +got):\n%s", d)
	}
	// Within elements of lists there is no place to set it.
	v.Kind, v.Path = &kinds.Sync, ""
	v.Desired.Object, v.Recorded.Object, v.Live.Object, v.Desired.Extra, v.Origins = resource.Object{}, resource.Object{}, resource.Object{}, nil, nil
	v.Live.Raw = map[string]any{"schedule": map[string]any{"frequency": "manual", "jitter": map[string]any{"minutes": 5}, "run_after": map[string]any{"any": true}},
		"fields": []any{map[string]any{"target": "email", "trim": true}}, "filters": []any{map[string]any{"function": "IsNull", "weight": 2}}}
	b.Reset()
	if err := Explain(&b, Style{}, v); err != nil {
		t.Fatal(err)
	}
	want = `connection.warehouse ("warehouse")
declared at m.yaml:2:5; recorded as id-1; live; protected

  extra.schedule.jitter.minutes: not set
      ~ live: 5
  extra.schedule.run_after.any:  not set
      ~ live: true
  fields.email.trim:             not set
      ~ live: true
  filters[0].weight:             not set
      ~ live: 2
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("Explain (-want +got):\n%s", d)
	}
	v.Path = "filters[0].weight"
	b.Reset()
	if err := Explain(&b, Style{}, v); err != nil || !strings.Contains(b.String(), "about     Not known to polyplan. An update sends it back as it is.\n") {
		t.Errorf("%v, %s", err, b.String())
	}
	v.Kind, v.Path = &kinds.Connection, "extra.tier.level"
	v.Live.Raw = map[string]any{"type": "hubspot", "tier": map[string]any{"level": 2}}
	b.Reset()
	if err := Explain(&b, Style{}, v); err != nil || !strings.Contains(b.String(), "about     Not known to polyplan.") {
		t.Errorf("%v, %s", err, b.String())
	}
}

func TestExplainOtherFormats(t *testing.T) {
	var b bytes.Buffer
	if err := ExplainMarkdown(&b, fromAllSides("configuration.hostname")); err != nil {
		t.Fatal(err)
	}
	want := `## connection.warehouse

declared at m.yaml:2:5; recorded as id-1; live; protected.

| field | value | from | state and service |
| --- | --- | --- | --- |
| configuration.hostname | a\|b | m.yaml:5:5 | live: "\\x1b\[31mother" |
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("ExplainMarkdown (-want +got):\n%s", d)
	}

	b.Reset()
	if err := ExplainJSON(&b, fromAllSides("configuration")); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hmac") || strings.ContainsRune(b.String(), '\x1b') {
		t.Errorf("a fingerprint or a control character is in\n%s", b.String())
	}
	var doc map[string]any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "values")
	if d := cmp.Diff(map[string]any{"format_version": "1.0", "address": "connection.warehouse", "kind": "connection", "name": "warehouse",
		"id": "id-1", "declared": map[string]any{"file": "m.yaml", "line": 2.0, "column": 5.0}, "recorded": true, "live": true,
		"protected": true, "needs": []any{}}, doc); d != "" {
		t.Errorf("ExplainJSON but its values (-want +got):\n%s", d)
	}
}

func TestExplainNothing(t *testing.T) {
	for _, f := range []func(v ResourceView) error{
		func(v ResourceView) error { return Explain(&bytes.Buffer{}, Style{}, v) },
		func(v ResourceView) error { return ExplainMarkdown(&bytes.Buffer{}, v) },
		func(v ResourceView) error { return ExplainJSON(&bytes.Buffer{}, v) },
	} {
		if err := f(fromAllSides("no.such")); !errors.Is(err, ErrNoSuchValue) {
			t.Errorf("a path that nobody knows: %v, want ErrNoSuchValue", err)
		}
	}
}
