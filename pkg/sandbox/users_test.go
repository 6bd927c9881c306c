package sandbox

import (
	"net/http"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

func TestUsers(t *testing.T) {
	c := start(t, Options{})
	org := OrganizationID("Sandbox")
	path := "/api/organizations/" + org + "/users"
	admin, member := roleID(org, "Admin"), roleID(org, "Member")
	role := id(c.post("/api/permissions/roles", m{"name": "Analysts"}))

	user := c.post(path, m{"email": "Grace@Example.com", "role": "Admin"})
	equal(t, "user", m{"id": user["id"], "email": "grace@example.com", "organization_id": org, "role": "admin", "role_ids": []any{admin}}, user)
	equal(t, "without roles", []any{member}, c.post(path, m{"email": "plain@example.com"})["role_ids"])
	equal(t, "by ids", "user", c.post(path, m{"email": "third@example.com", "role_ids": []string{role}})["role"])
	var emails []any
	for _, u := range c.items(path) {
		emails = append(emails, u.(m)["email"])
	}
	equal(t, "list", []any{"ada@example.com", "grace@example.com", "plain@example.com", "third@example.com"}, emails)

	// A PUT changes roles and nothing else.
	got := c.put(path+"/"+id(user), m{"email": "other@example.com", "role_ids": []string{role, admin}})
	equal(t, "changed", patched(user, m{"role_ids": []any{role, admin}}), got)
	equal(t, "read", got, c.get(path+"/"+id(user)))
	c.do("DELETE", "/api/permissions/roles/"+role, nil)
	equal(t, "with a stale role", got, c.put(path+"/"+id(user), m{"email": "grace@example.com", "role_ids": got["role_ids"]}))
	equal(t, "deleted", got, c.do("DELETE", path+"/"+id(user), nil))
	c.refuse(404, "user", "GET", path+"/"+id(user), nil)
	c.refuse(404, "user", "DELETE", path+"/"+id(user), nil)
	c.refuse(404, "user", "PUT", path+"/"+id(user), m{"email": "x@example.com"})

	for words, body := range map[string]m{
		"required":      {},
		"excludes":      {"email": "x@example.com", "role": "user", "role_ids": []string{admin}},
		"at least one":  {"email": "x@example.com", "role_ids": []string{}},
		"admin or user": {"email": "x@example.com", "role": "viewer"},
		"no such role":  {"email": "x@example.com", "role_ids": []string{zeroID}},
		"e-mail":        {"email": "nobody"},
		"already":       {"email": "ADA@example.com"},
	} {
		c.refuse(422, words, "POST", path, body)
	}
	c.refuse(403, "partner", "GET", "/api/organizations/"+zeroID+"/users", nil)

	// 2025-09-18 also has them below the caller's own organisation.
	d := c.as(Version2025)
	status, body := d.send(contract.Unchecked(d.request("GET", "/api/organization/users", nil)))
	if status != http.StatusOK || len(body["data"].([]any)) != 3 {
		t.Errorf("own users: %d %v", status, body)
	}
	c.undeclared(404, "GET", "/api/organization/users", nil)

	partnerOnly := start(t, Options{Switches: Switches{PartnerOnly: true}})
	partnerOnly.refuse(403, "partner", "GET", path, nil)
}

func TestUserKeys(t *testing.T) {
	c := start(t, Options{})
	path := "/api/organizations/" + OrganizationID("Sandbox") + "/users"
	user := id(c.post(path, m{"email": "grace@example.com"}))
	first := c.post(path+"/"+user+"/keys", nil)["value"].(string)
	me := c.keyed(first).get("/api/me")
	equal(t, "me", m{
		"id": user, "email": "grace@example.com", "role": "user", "organization_id": OrganizationID("Sandbox"), "organization_name": "Sandbox",
		"is_user": true, "is_organization": false, "is_partner": false, "is_system": false,
	}, me)
	made := c.keyed(first).post("/api/connections", postgresBody())
	equal(t, "created_by", user, id(c.get("/api/connections/" + id(made))["created_by"].(m)))
	c.refuse(409, "force", "POST", path+"/"+user+"/keys", nil)
	second := c.post(path+"/"+user+"/keys?force=true", nil)["value"].(string)
	if status, _ := c.keyed(first).send(c.keyed(first).request("GET", "/api/me", nil)); status != 401 {
		t.Errorf("a revoked key: %d", status)
	}
	c.keyed(second).get("/api/me")
	c.do("DELETE", path+"/"+user, nil)
	if status, _ := c.keyed(second).send(c.keyed(second).request("GET", "/api/me", nil)); status != 401 {
		t.Errorf("the key of a deleted user: %d", status)
	}
	c.refuse(404, "user", "POST", path+"/"+user+"/keys", nil)
}
