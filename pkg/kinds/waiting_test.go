package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// API dossier 9.2: nothing is documented; these are its rules.
func TestWaiting(t *testing.T) {
	typ := func(id string) obj { return obj{"id": id, "name": id} }
	for _, tt := range []struct {
		name   string
		answer obj
		want   *resource.Waiting
	}{
		{"created, with a link", obj{"type": typ("hubspot"), "configuration": obj{}, "auth_url": "https://example.com/auth", "auth_code": "ABCD"},
			&resource.Waiting{Link: "https://example.com/auth", Code: "ABCD"}},
		{"type as a text", obj{"type": "hubspot", "auth_url": "https://example.com/auth"}, &resource.Waiting{Link: "https://example.com/auth"}},
		{"read again, without the link", obj{"type": typ("hubspot"), "configuration": obj{}}, &resource.Waiting{}},
		{"healthy", obj{"type": typ("hubspot"), "status": "healthy"}, nil},
		{"healthy, with a fresh link", obj{"type": typ("hubspot"), "status": "healthy", "auth_url": "https://example.com/auth"}, nil},
		{"saved", obj{"type": typ("hubspot"), "saved": true}, nil},
		{"not saved", obj{"type": typ("hubspot"), "saved": false}, &resource.Waiting{}},
		{"saved, yet with a link", obj{"type": typ("hubspot"), "saved": true, "auth_url": "https://example.com/auth"},
			&resource.Waiting{Link: "https://example.com/auth"}},
		{"an unknown status is shown and no error", obj{"type": typ("hubspot"), "saved": true, "status": "unwell", "status_error": "token expired"},
			&resource.Waiting{Status: "unwell", Detail: "token expired"}},
		{"filled by consent", obj{"type": typ("hubspot"), "configuration": obj{"hub_user": "someone"}}, nil},
		{"filled by consent, unwell", obj{"type": typ("hubspot"), "status": "unwell", "configuration": obj{"hub_domain": "d"}}, nil},
		{"authenticated", obj{"type": typ("xero"), "configuration": obj{"authenticated": true}}, nil},
		{"empty fields are no consent", obj{"type": typ("hubspot"), "configuration": obj{"hub_user": "", "authenticated": false, "oauth_refresh_token": nil}}, &resource.Waiting{}},
		{"a time that was never set is no consent", obj{"type": typ("airtable"), "configuration": obj{"oauth_token_expiry": "0001-01-01T00:00:00Z"}}, &resource.Waiting{}},
		{"a time", obj{"type": typ("airtable"), "configuration": obj{"oauth_token_expiry": "2030-01-01T00:00:00Z"}}, nil},
		{"masked token", obj{"type": typ("hubspot"), "configuration": obj{"oauth_refresh_token": resource.Mask}}, nil},
		{"another configuration is no consent", obj{"type": typ("hubspot"), "configuration": obj{"use_search_api": true}}, &resource.Waiting{}},
		{"no oauth", obj{"type": typ("postgresql"), "status": "unwell"}, nil},
		{"another way to sign in", obj{"type": typ("salesforce"), "configuration": obj{"connect_mode": "clientcredentials"}}, nil},
		{"the browser's way", obj{"type": typ("salesforce"), "configuration": obj{"connect_mode": "browser"}}, &resource.Waiting{}},
		{"unknown type", obj{"type": typ("brand_new")}, nil},
		{"unknown type with a link", obj{"type": typ("brand_new"), "auth_url": "https://example.com/auth"}, &resource.Waiting{Link: "https://example.com/auth"}},
		{"nothing at all", obj{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, Connection.Waiting(tt.answer)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
