package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The totals of API dossier 18 (53 enums on fields and 6 on elements of lists), so that a slip in types.json shows.
func TestTotals(t *testing.T) {
	type totals struct{ Types, OAuth, Fields, Required, Secret, ReadOnly, Hidden, APIField, Defaults, Enums int }
	var got totals
	var count func(f *Field)
	count = func(f *Field) {
		for what, is := range map[*int]bool{
			&got.Required: f.Required, &got.Secret: f.Secret, &got.ReadOnly: f.ReadOnly, &got.Hidden: f.Hidden,
			&got.APIField: f.APIField && f.Hidden, &got.Defaults: f.Default != nil, &got.Enums: f.Enum != nil,
		} {
			if is {
				*what++
			}
		}
		for _, member := range f.Fields {
			got.Fields++
			count(member)
		}
		if f.Items != nil {
			count(f.Items)
		}
	}
	// As the vendor lists them, before our own marks.
	var raw map[string]*Type
	if err := json.Unmarshal(source, &raw); err != nil {
		t.Fatal(err)
	}
	for _, typ := range raw {
		got.Types++
		if typ.OAuth {
			got.OAuth++
		}
		for _, f := range typ.Fields {
			got.Fields++
			count(f)
		}
	}
	want := totals{Types: 226, OAuth: 49, Fields: 1064, Required: 366, Secret: 360, ReadOnly: 58, Hidden: 140, APIField: 110, Defaults: 140, Enums: 59}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("totals (-want +got):\n%s", d)
	}
}

func TestLookup(t *testing.T) {
	pg, ok := Lookup("postgresql")
	if !ok || pg.ID != "postgresql" || pg.OAuth {
		t.Fatalf("Lookup(postgresql) = %+v, %v", pg, ok)
	}
	if _, ok := Lookup("postgres"); ok {
		t.Error("Lookup(postgres) found a type that does not exist")
	}
	if d := cmp.Diff(&Field{Type: "integer", Required: true, Default: 5432.0}, pg.Fields["port"]); d != "" {
		t.Errorf("port (-want +got):\n%s", d)
	}
	if names := pg.Names(); !slices.IsSorted(names) || !slices.Contains(names, "hostname") || len(names) != 17 {
		t.Errorf("Names = %v", names)
	}
	if ids := Types(); !slices.IsSorted(ids) || len(ids) != 226 {
		t.Errorf("Types has %d ids, sorted %v", len(ids), slices.IsSorted(ids))
	}
}

func TestAt(t *testing.T) {
	tests := []struct {
		name, typ, path string
		want            bool // found
		secret          bool
	}{
		{"top level", "stripe", "api_key", true, true},
		{"unknown", "stripe", "apikey", false, false},
		{"nothing", "stripe", "", false, false},
		{"below a scalar", "stripe", "api_key.0", false, false},
		{"element", "api", "headers.7", true, false},
		{"header value", "api", "headers.0.value", true, true},
		{"header name", "api", "headers.0.name", true, false},
		{"not a number", "api", "headers.first.value", false, false},
		{"parameter", "csv", "parameters.1.value", true, true},
		{"nested sign-in", "httpenrichment", "auth.basic.password", true, true},
		{"token address", "httpenrichment", "auth.oauth.token_endpoint", true, false},
		{"form data", "httpenrichment", "auth.oauth.extra_form_data.0.value", true, true},
		{"webhook sign-in", "webhook", "query.0.value", true, true},
		{"webhook own secret", "webhook", "secret", true, true},
		{"free members", "awsathena", "tags.team", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ, ok := Lookup(tt.typ)
			if !ok {
				t.Fatalf("no type %q", tt.typ)
			}
			var path []string
			if tt.path != "" {
				path = strings.Split(tt.path, ".")
			}
			f := typ.At(path...)
			if (f != nil) != tt.want || f != nil && f.Secret != tt.secret {
				t.Errorf("At(%s) = %+v", tt.path, f)
			}
		})
	}
}

// Every path of nestedSecrets exists in some type; a spelling mistake would
// leave a secret in clear without a word. "parameters" is none of webhook's.
func TestNestedSecretsExist(t *testing.T) {
	for id, paths := range nestedSecrets {
		typ, _ := Lookup(id)
		for _, path := range paths {
			if f := typ.At(path...); f == nil && (id != "webhook" || path[0] != "parameters") {
				t.Errorf("%s has no %v", id, path)
			}
		}
	}
}

func TestInternal(t *testing.T) {
	googleads, _ := Lookup("googleads")
	if f := googleads.At("oauth_refresh_token"); f == nil || !f.Hidden {
		t.Fatalf("oauth_refresh_token = %+v", f)
	}
	hubspot, _ := Lookup("hubspot")
	if hubspot.At("client_id").Internal() {
		t.Error("hubspot client_id is an API field, not internal")
	}
	internal := 0
	for _, id := range Types() {
		typ, _ := Lookup(id)
		for _, name := range typ.Names() {
			if typ.Fields[name].Internal() {
				internal++
			}
		}
	}
	if internal != 30 {
		t.Errorf("%d internal fields, want 30", internal)
	}
}

func TestAuth(t *testing.T) {
	tests := []struct {
		name, typ     string
		selector      string
		configuration map[string]any
		interactive   bool
	}{
		{"always", "hubspot", "", nil, true},
		{"own tokens", "hubspot", "", map[string]any{"oauth_refresh_token": "made-up"}, false},
		{"never", "postgresql", "", nil, false},
		{"default is the browser", "salesforce", "connect_mode", map[string]any{}, true},
		{"other mode", "salesforce", "connect_mode", map[string]any{"connect_mode": "clientcredentials"}, false},
		{"default is a key", "azureblob", "auth_method", map[string]any{}, false},
		{"chosen", "azureblob", "auth_method", map[string]any{"auth_method": "oauth"}, true},
		{"no default", "googleworkspace", "auth_method", nil, true},
		{"whose account", "msads", "auth_method", map[string]any{"auth_method": "google"}, true},
		{"machine to machine", "ironclad", "auth_method", map[string]any{"auth_method": "oauth"}, false},
		{"storage", "s3", "auth_mode", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			typ, ok := Lookup(tt.typ)
			if !ok {
				t.Fatalf("no type %q", tt.typ)
			}
			if got := typ.AuthSelector(); got != tt.selector {
				t.Errorf("AuthSelector = %q, want %q", got, tt.selector)
			}
			if got := typ.Interactive(tt.configuration); got != tt.interactive {
				t.Errorf("Interactive = %v, want %v", got, tt.interactive)
			}
		})
	}
}
