package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func hubspotBody() m { return m{"name": "HubSpot", "type": "hubspot", "configuration": m{}} }

func TestOAuthModes(t *testing.T) {
	tests := []struct {
		mode                 string
		link                 bool // in the create answer
		written, read, saved any  // status in the create answer, status and saved at the next GET
	}{
		{OAuthAuto, true, "pending", "healthy", true},
		{OAuthImmediate, false, "healthy", "healthy", true},
		{OAuthManual, true, "pending", "pending", false},
		{OAuthNever, true, "pending", "pending", false},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			c := start(t, Options{OAuth: tt.mode})
			written := c.post("/api/connections", hubspotBody())
			if _, there := written["auth_url"]; there != tt.link {
				t.Errorf("auth_url = %v", written["auth_url"])
			}
			equal(t, "status in the answer", tt.written, written["status"])
			read := c.get("/api/connections/" + id(written))
			equal(t, "status", tt.read, read["status"])
			equal(t, "saved", tt.saved, read["saved"])
			if _, there := read["auth_url"]; there {
				t.Error("GET shows auth_url")
			}
			_, user := read["configuration"].(m)["hub_user"]
			equal(t, "hub_user is there", tt.saved, any(user))
		})
	}
}

// browser opens pages as a person does, without a key and without following redirects.
type browser struct{ t testing.TB }

func (b browser) open(method, address string, form url.Values) (int, string, http.Header) {
	b.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header
}

func TestAuthorizePage(t *testing.T) {
	c, b := start(t, Options{OAuth: OAuthManual}), browser{t}
	body := patched(hubspotBody(), m{"name": `<script>alert("x")</script>`, "redirect_url": "https://app.example.com/back?x=1"})
	conn := c.post("/api/connections", body)
	link := conn["auth_url"].(string)
	if !strings.HasPrefix(link, c.url+"/") {
		t.Errorf("auth_url = %q", link)
	}
	status, text, header := b.open("GET", link, nil)
	if status != 200 || strings.Contains(text, "<script>") || !strings.Contains(text, "HubSpot") || !strings.Contains(text, "<button>") {
		t.Errorf("page: %d %s", status, text)
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	equal(t, "status after looking", "pending", c.get("/api/connections/" + id(conn))["status"])

	status, _, header = b.open("POST", link, nil)
	if status != 303 || header.Get("Location") != "https://app.example.com/back?x=1" {
		t.Errorf("button: %d to %q", status, header.Get("Location"))
	}
	equal(t, "status after the button", "healthy", c.get("/api/connections/" + id(conn))["status"])
	for _, method := range []string{"GET", "POST"} {
		if status, text, _ := b.open(method, link, nil); status != 410 || !strings.Contains(text, "no longer works") {
			t.Errorf("used link: %d %s", status, text)
		}
	}
	if n := len(c.s.Requests()); n != 3 {
		t.Errorf("%d API requests logged; pages are none", n)
	}
}

// A PUT gives the link again while it is needed, and a fresh one when asked.
func TestReconnect(t *testing.T) {
	c, b := start(t, Options{OAuth: OAuthManual}), browser{t}
	conn := c.post("/api/connections", hubspotBody())
	path, first := "/api/connections/"+id(conn), conn["auth_url"].(string)
	equal(t, "link of a PUT", any(first), c.put(path, hubspotBody())["auth_url"])
	second := c.put(path, patched(hubspotBody(), m{"reconnect": true}))["auth_url"].(string)
	if status, _, _ := b.open("GET", first, nil); status != 410 || second == first {
		t.Errorf("the first link still works: %d", status)
	}
	if status, _, header := b.open("POST", second, nil); status != 303 || header.Get("Location") != "/sandbox/done" {
		t.Errorf("button: %d to %q", status, header.Get("Location"))
	}
	if status, text, _ := b.open("GET", c.url+"/sandbox/done", nil); status != 200 || !strings.Contains(text, "close this window") {
		t.Errorf("done: %d %s", status, text)
	}
	got := c.put(path, hubspotBody())
	if _, there := got["auth_url"]; there || got["status"] != "healthy" {
		t.Errorf("PUT of a healthy connection: %v", got)
	}
	again := c.put(path, patched(hubspotBody(), m{"reconnect": true}))
	if again["auth_url"] == nil || again["status"] != "healthy" {
		t.Errorf("reconnect of a healthy connection: %v", again)
	}
}

// A sandbox that authorises by itself does it again after a PUT.
func TestRevokedAndPutAgain(t *testing.T) {
	for _, mode := range []string{OAuthAuto, OAuthImmediate} {
		c := start(t, Options{OAuth: mode})
		conn := id(c.post("/api/connections", hubspotBody()))
		if err := c.s.Revoke(conn); err != nil {
			t.Fatal(err)
		}
		got := c.get("/api/connections/" + conn)
		equal(t, "status", "pending", got["status"])
		equal(t, "status_error", "the authorization was revoked", got["status_error"])
		written := c.put("/api/connections/"+conn, hubspotBody())
		if _, there := written["auth_url"]; there != (mode == OAuthAuto) {
			t.Errorf("%s: auth_url = %v", mode, written["auth_url"])
		}
		equal(t, "status", "healthy", c.get("/api/connections/" + conn)["status"])
	}
}

func TestOAuthNever(t *testing.T) {
	c, b := start(t, Options{OAuth: OAuthNever}), browser{t}
	conn := c.post("/api/connections", hubspotBody())
	if status, text, _ := b.open("POST", conn["auth_url"].(string), nil); status != 403 || !strings.Contains(text, "denied") {
		t.Errorf("button: %d %s", status, text)
	}
	equal(t, "status_error", "access denied", c.get("/api/connections/" + id(conn))["status_error"])
}

// A connection that waits cannot be used.
func TestUnauthorizedUse(t *testing.T) {
	for _, use := range []bool{false, true} {
		c := start(t, Options{OAuth: OAuthManual, Switches: Switches{UseUnauthorized: use, PendingStatus: "needs_auth"}})
		s := c.connections()
		equal(t, "status", "needs_auth", c.get("/api/connections/" + s.airtable)["status"])
		s.users = id(c.post("/api/models", m{"name": "Users", "connection_id": s.postgres, "configuration": m{"table": "users"}}))
		if use {
			s.stars = id(c.post("/api/models", s.starsBody()))
			continue
		}
		c.refuse(400, "authorized", "POST", "/api/models", s.starsBody())
		c.refuse(422, "authorized", "POST", "/api/syncs", patched(s.syncBody(), m{"fields": []m{}}))
		c.refuse(400, "authorized", "GET", "/api/connections/"+s.hubspot+"/modelsync/targetobjects", nil)
		c.refuse(400, "authorized", "GET", "/api/connections/"+s.airtable+"/modelsync/source", nil)
		c.refuse(400, "healthy", "POST", "/api/connections/"+s.airtable+"/schemas/refresh", nil)
		if err := c.s.Authorize("Airtable Connection"); err != nil {
			t.Fatal(err)
		}
		c.post("/api/models", s.starsBody())
		if err := c.s.Revoke(s.airtable); err != nil {
			t.Fatal(err)
		}
		equal(t, "status", "needs_auth", c.get("/api/connections/" + s.airtable)["status"])
	}
}

// Tokens of one's own need no browser, and masks of them break what worked.
func TestOwnTokens(t *testing.T) {
	c := start(t, Options{})
	body := m{"name": "HubSpot", "type": "hubspot", "configuration": m{"oauth_refresh_token": "made-up", "client_id": "made-up", "client_secret": "made-up"}}
	got := c.post("/api/connections", body)
	if _, there := got["auth_url"]; there || got["status"] != "healthy" {
		t.Errorf("create: %v", got)
	}
	got = c.put("/api/connections/"+id(got), m{"name": "HubSpot", "type": "hubspot", "configuration": got["configuration"]})
	equal(t, "status after masks", "error", got["status"])

	code := c.post("/api/connections", m{"name": "Salesforce", "type": "salesforce", "configuration": m{"connect_mode": "code", "domain": "https://engines.example.com"}})
	if code["auth_code"] == nil || code["auth_url"] == nil {
		t.Errorf("connect_mode code: %v", code)
	}
}

func TestConnect(t *testing.T) {
	c, b := start(t, Options{}), browser{t}
	body := m{"name": "Their HubSpot", "redirect_url": "https://app.example.com/done", "whitelist": []string{"hubspot", "notion", "postgresql"}}
	session := c.post("/api/connections/connect/", body)
	link := session["redirect_url"].(string)
	status, text, _ := b.open("GET", link, nil)
	if status != 200 || !strings.Contains(text, `value="hubspot"`) || strings.Contains(text, `value="airtable"`) || strings.Contains(text, "postgresql") {
		t.Errorf("page: %d %s", status, text)
	}
	if status, _, _ := b.open("POST", link, url.Values{"type": {"airtable"}}); status != 422 {
		t.Errorf("a type that is not listed: %d", status)
	}
	status, _, header := b.open("POST", link, url.Values{"type": {"hubspot"}})
	if status != 303 || header.Get("Location") != "https://app.example.com/done" {
		t.Errorf("button: %d to %q", status, header.Get("Location"))
	}
	made := c.items("/api/connections")[0].(m)
	equal(t, "name", "Their HubSpot", made["name"])
	equal(t, "status", "healthy", made["status"])
	if status, _, _ := b.open("POST", link, url.Values{"type": {"hubspot"}}); status != 410 {
		t.Errorf("used link: %d", status)
	}
	// A session for the connection that there is now authorises it again.
	if err := c.s.Revoke(id(made)); err != nil {
		t.Fatal(err)
	}
	again := c.post("/api/connections/connect/", patched(body, m{"connection": id(made)}))
	b.open("POST", again["redirect_url"].(string), url.Values{"type": {"hubspot"}})
	equal(t, "status", "healthy", c.get("/api/connections/" + id(made))["status"])

	c.refuse(422, "exists already", "POST", "/api/connections/connect/", body)
	c.refuse(422, "redirect_url", "POST", "/api/connections/connect/", m{"name": "x", "redirect_url": "javascript:alert(1)"})
	c.refuse(422, "required", "POST", "/api/connections/connect/", m{"name": "x"})
	c.refuse(422, "connection", "POST", "/api/connections/connect/", patched(body, m{"connection": zeroID}))
	c.refuse(422, "whitelist", "POST", "/api/connections/connect/", patched(body, m{"whitelist": []string{"nonsense"}}))
}
