package check_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
	"github.com/polyplan/polyplan/pkg/spec"
)

// The service's schema of today wins over the list that polyplan was built with
// (API dossier 18), and no finding quotes a value.
func TestConnectionSettings(t *testing.T) {
	const canary = "canary-value-of-a-secret"
	for _, tt := range []struct {
		name, connection, doc string
		want                  []string // severity code at line, what
	}{
		{"sound", `{type: stripe, configuration: {api_key: "${env.KEY}"}}`, `{"properties": {"api_key": {"type": "string", "maxLength": 3}}, "required": ["api_key"]}`, nil},
		{"new and required", `{type: stripe, configuration: {api_key: "${env.KEY}"}}`, `{"properties": {"region": {}, "api_key": {}, "limit": {"default": 3}}, "required": ["region", "limit"]}`,
			[]string{`error missing-key: "region" is missing`}},
		{"required of OAuth", `{type: hubspot}`, `{"properties": {"client_id": {}}, "required": ["client_id"]}`, nil}, // API dossier 9.3
		{"required by some way to sign in", `{type: s3, configuration: {}}`, `{"properties": {"role": {}}, "required": ["role"]}`,
			[]string{`warning missing-configuration: "role" may be missing`}},
		{"gone", `{type: stripe, configuration: {api_key: "${env.KEY}"}}`, `{"properties": {"apikey": {}}}`, []string{`warning unknown-key: unknown key "api_key"`}},
		{"new", `{type: stripe, configuration: {api_key: "${env.KEY}", brand_new: "${env.KEY}"}}`, `{"properties": {"api_key": {}, "brand_new": {}}}`, nil},
		{"closed", `{type: stripe, configuration: {api_key: "${env.KEY}", brand_new: 1}}`, `{"additionalProperties": false, "properties": {"api_key": {}}}`,
			[]string{`error unknown-key: unknown key "brand_new"`}},
		{"enum", `{type: stripe, configuration: {api_key: "${env.KEY}", brand_new: "${env.WORD}"}}`, `{"properties": {"api_key": {}, "brand_new": {"enum": ["a"]}}}`,
			[]string{"error wrong-value: this value does not fit the service's schema of connections of type stripe"}},
		{"nested", `{type: nobody_knows, configuration: {list: [{x: 1}, {x: "${env.WORD}"}]}}`, `{"properties": {"list": {"items": {"properties": {"x": {"type": "integer"}}}}}}`,
			[]string{"error wrong-value: this value does not fit the service's schema of connections of type nobody_knows"}},
		{"no schema", `{type: stripe, configuration: {api_key: "${env.KEY}"}}`, `{"type": 7}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{"-"}, Stdin: strings.NewReader("polyplan: 1\nconnections:\n  c: " + tt.connection + "\n"),
				Env: func(name string) (string, bool) { return canary + name, true }})
			for _, d := range found {
				if d.Severity == 0 {
					t.Fatal(d.Text())
				}
			}
			doc := schema.Document{}
			if err := json.Unmarshal([]byte(tt.doc), &doc); err != nil {
				t.Fatal(err)
			}
			lock := schema.NewLock()
			lock.PutType(m.Set[resource.Address{Kind: "connection", Name: "c"}].Object["type"].(string), doc)
			r, err := check.Run(context.Background(), check.Input{Kinds: kinds.All(), Desired: m.Set, Reader: lock, Unquoted: m.Unquoted})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range r.Findings {
				got = append(got, d.Severity.String()+" "+d.Code+": "+d.What)
				if strings.Contains(d.Text(), canary) || d.Pos.Line != 3 {
					t.Errorf("a finding quotes a value, or stands at %s:\n%s", d.Pos, d.Text())
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if open := len(r.Unverified) > 0; open != (tt.name == "no schema") {
				t.Errorf("unverified: %v", r.Unverified)
			}
		})
	}
}
