package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// A key acts in the organisation that is named, and manages organisations, and
// says whose it is, as itself (API dossier 2).
func TestAuthorization(t *testing.T) {
	const org = "0a0a0a0a-0000-4000-8000-000000000000"
	bearer, basic := "Bearer "+testKey, "Basic "+base64.StdEncoding.EncodeToString([]byte(org+":"+testKey))
	for path, want := range map[string]string{
		"/api/connections":                            basic,
		"/api/organizations":                          bearer,
		"/api/organizations/" + org:                   bearer,
		"/api/organizations/" + org + "/users":        bearer,
		"/api/organizationsandmore":                   basic,
		"/api/me":                                     bearer,
		"/api/permissions/roles":                      basic,
		"/api/notifications/global-error-subscribers": basic,
	} {
		var got string
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("Authorization")
			_, _ = w.Write([]byte(`{"data": {}}`))
		}, func(o *Options) { o.Organization = org })
		if _, err := c.Do(context.Background(), Request{Method: "GET", Path: path}); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: sent %q, want %q", path, got, want)
		}
	}
}

// The form that a key takes for Basic authentication is as secret as the key.
func TestBasicIsRedacted(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error": "no such credential: ` + r.Header.Get("Authorization") + `"}`))
	}, func(o *Options) { o.Organization, o.KeyName = "org", "POLYTOMIC_PARTNER_KEY" })
	_, err := c.Do(context.Background(), Request{Method: "GET", Path: "/api/connections"})
	var e *Error
	if !errors.As(err, &e) || e.Message != "no such credential: Basic [API key]" {
		t.Errorf("the error is %v", err)
	}
	if hint := e.Hint(); !strings.HasPrefix(hint, "check POLYTOMIC_PARTNER_KEY,") {
		t.Errorf("the hint is %q", hint)
	}
}

func TestOrganizationIsAnID(t *testing.T) {
	for _, org := range []string{"a:b", "a b", "a/b", "a\n", "é"} {
		o := testOptions("http://localhost", newClock())
		o.Organization = org
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "the organisation is not an id") {
			t.Errorf("%q: %v", org, err)
		}
	}
}
