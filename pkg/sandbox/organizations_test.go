package sandbox

import (
	"encoding/base64"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

// basic returns a client that sends its key by Basic authentication, with the
// organisation to act in as the user.
func (c *client) basic(org string) *client {
	return c.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(org+":"+c.key)))
}

// partnerKeys are those of a partner, of an organisation of its and of a deployment.
func partnerKeys() []Key {
	return []Key{
		{Value: "partner", Organization: "Partner", Partner: true},
		{Value: "ours", User: "ada@example.com"},
		{Value: "deployment", Organization: "Operator", Deployment: true},
	}
}

func TestOrganizationCRUD(t *testing.T) {
	const path = "/api/organizations"
	c := start(t, Options{Keys: partnerKeys()})
	body := m{"name": "Customer", "sso_domain": "example.com", "sso_org_id": "org-1", "issuer": "https://login.example.com", "client_id": "made-up", "client_secret": "made-up"}
	made := c.post(path, body)
	equal(t, "answer", m{"id": made["id"], "name": "Customer", "sso_domain": "example.com", "sso_org_id": "org-1", "issuer": "https://login.example.com"}, made)
	equal(t, "read", made, c.get(path+"/"+id(made)))
	equal(t, "list", []string{"Partner", "Sandbox", "Operator", "Customer"}, names(c.items(path)))
	equal(t, "list of the deployment", []string{"Operator", "Partner", "Sandbox", "Customer"}, names(c.keyed("deployment").items(path)))

	equal(t, "a PUT replaces all settings", m{"id": made["id"], "name": "Renamed", "sso_domain": "", "sso_org_id": "", "issuer": ""}, c.put(path+"/"+id(made), m{"name": "Renamed"}))
	stored, _ := c.s.Object("organization", "Renamed")
	equal(t, "stored secret", "", stored["client_secret"])
	c.refuse(409, "exists already", "POST", path, m{"name": "Sandbox"})
	c.refuse(409, "exists already", "PUT", path+"/"+id(made), m{"name": "Sandbox"})
	c.refuse(422, "name", "POST", path, m{})
	c.refuse(422, "name", "POST", path, m{"name": " "})
	c.refuse(422, "issuer", "POST", path, m{"name": "x", "issuer": 1})
	c.refuse(403, "own", "DELETE", path+"/"+OrganizationID("Partner"), nil)
	c.do("DELETE", path+"/"+id(made), nil)
	c.refuse(404, "organization", "GET", path+"/"+id(made), nil)
	c.refuse(404, "organization", "PUT", path+"/"+id(made), m{"name": "x"})

	// Other keys see their own and change none.
	ours := c.keyed("ours")
	own := path + "/" + OrganizationID("Sandbox")
	equal(t, "own", []string{"Sandbox"}, names(ours.items(path)))
	ours.get(own)
	ours.refuse(404, "organization", "GET", path+"/"+OrganizationID("Partner"), nil)
	ours.refuse(403, "partner", "PUT", own, m{"name": "x"})
	ours.refuse(403, "partner", "DELETE", own, nil)
	ours.undeclared(403, "POST", path, m{"name": "x"})
	later := ours.as(Version2025)
	later.undeclared(403, "GET", path, nil)
	_, got := later.send(contract.Unchecked(later.request("GET", "/api/organization", nil)))
	equal(t, "own by 2025-09-18", "Sandbox", got["data"].(m)["name"])
	ours.undeclared(404, "GET", "/api/organization", nil)
	start(t, Options{Switches: Switches{PartnerOnly: true}}).undeclared(403, "GET", path, nil)
}

// A partner acts in an organisation by Basic authentication, or by naming it in the body.
func TestPartnerInsideOrganization(t *testing.T) {
	c := start(t, Options{Keys: partnerKeys()})
	org := id(c.post("/api/organizations", m{"name": "Customer"}))
	inside := c.basic(org)
	equal(t, "me", m{
		"organization_id": org, "organization_name": "Customer",
		"is_user": false, "is_organization": false, "is_partner": true, "is_system": false,
	}, inside.get("/api/me"))
	equal(t, "me of a deployment", true, c.keyed("deployment").get("/api/me")["is_system"])
	conn := inside.post("/api/connections", postgresBody())
	equal(t, "organization", org, conn["organization_id"])
	equal(t, "actor", "partner", inside.get("/api/connections/" + id(conn))["created_by"].(m)["type"])
	equal(t, "seen from its own", 0, len(c.items("/api/connections")))
	named := c.with(header, "key-number-1")
	body := patched(postgresBody(), m{"name": "Named", "organization_id": org})
	first := named.post("/api/connections", body)
	equal(t, "replayed", first, named.post("/api/connections", body))
	equal(t, "in the organization", 2, len(inside.items("/api/connections")))
	c.refuse(403, "organization", "POST", "/api/connections", patched(postgresBody(), m{"organization_id": zeroID}))
	inside.refuse(403, "organization", "POST", "/api/connections", patched(postgresBody(), m{"organization_id": OrganizationID("Sandbox")}))

	users := "/api/organizations/" + org + "/users"
	user := c.post(users, m{"email": "grace@example.com", "role": "admin"})
	key := c.post(users+"/"+id(user)+"/keys", nil)["value"].(string)
	equal(t, "a user's connections", 2, len(c.keyed(key).items("/api/connections")))
	c.refuse(404, "organization", "GET", "/api/organizations/"+zeroID+"/users", nil)

	// Other keys may name their own organisation so, and no other.
	ours := c.keyed("ours")
	ours.basic(OrganizationID("Sandbox")).get("/api/me")
	for name, other := range map[string]*client{
		"another's": ours.basic(org), "unknown": c.basic(zeroID), "no key": c.keyed("nonsense").basic(org),
	} {
		if status, _ := other.send(other.request("GET", "/api/me", nil)); status != 401 {
			t.Errorf("%s: %d, want 401", name, status)
		}
	}

	// With an organisation goes all that is in it.
	c.do("DELETE", "/api/organizations/"+org, nil)
	equal(t, "connections", 0, c.s.Count("connection"))
	if status, _ := c.keyed(key).send(c.keyed(key).request("GET", "/api/me", nil)); status != 401 {
		t.Errorf("a key of a deleted organization: %d", status)
	}
}
