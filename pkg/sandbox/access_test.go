package sandbox

import (
	"slices"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

func names(items []any) []string {
	var all []string
	for _, item := range items {
		name, _ := item.(m)["name"].(string)
		all = append(all, name)
	}
	return all
}

// undeclared sends a request that is refused with a status which the operation does not
// declare, so nothing is held against the contract.
func (c *client) undeclared(status int, method, path string, body any) {
	c.t.Helper()
	if got, answer := c.send(contract.Unchecked(c.request(method, path, body))); got != status {
		c.t.Errorf("%s %s: %d %v, want %d", method, path, got, answer, status)
	}
}

func TestRoles(t *testing.T) {
	const path = "/api/permissions/roles"
	c := start(t, Options{})
	role := c.post(path, m{"name": "Analysts"})
	equal(t, "role", m{"id": role["id"], "name": "Analysts", "organization_id": OrganizationID("Sandbox"), "system": false}, role)
	equal(t, "list", append(slices.Clone(systemRoles), "Analysts"), names(c.items(path)))
	equal(t, "renamed", "Data people", c.put(path+"/"+id(role), m{"name": "Data people"})["name"])
	equal(t, "read", "Data people", c.get(path + "/" + id(role))["name"])
	c.post(path, m{"name": "Data people"}) // names need not be unique

	admin := roleID(OrganizationID("Sandbox"), "Admin")
	equal(t, "system", true, c.get(path + "/" + admin)["system"])
	c.refuse(403, "system", "PUT", path+"/"+admin, m{"name": "Root"})
	c.refuse(403, "system", "DELETE", path+"/"+admin, nil)
	c.refuse(400, "name", "POST", path, m{})
	c.refuse(400, "name", "POST", path, m{"name": " "})
	c.refuse(403, "organization", "POST", path, m{"name": "x", "organization_id": zeroID})
	c.refuse(404, "role", "GET", path+"/"+zeroID, nil)
	c.do("DELETE", path+"/"+id(role), nil)
	c.refuse(404, "role", "PUT", path+"/"+id(role), m{"name": "x"})
	c.refuse(404, "role", "DELETE", path+"/"+id(role), nil)
}

func TestPolicies(t *testing.T) {
	const path = "/api/permissions/policies"
	c := start(t, Options{})
	org := OrganizationID("Sandbox")
	roles := []string{id(c.post("/api/permissions/roles", m{"name": "One"})), id(c.post("/api/permissions/roles", m{"name": "Two"}))}
	slices.Sort(roles)
	body := m{"name": "Writers", "policy_actions": []m{
		{"action": "edit", "role_ids": []any{roles[1], roles[0], roles[1]}}, {"action": "delete", "role_ids": nil}, {"action": "create", "role_ids": []any{}},
	}}
	policy := c.post(path, body)
	equal(t, "policy", m{
		"id": policy["id"], "name": "Writers", "organization_id": org, "system": false,
		"policy_actions": []any{
			m{"action": "apply_policy", "role_ids": nil}, m{"action": "create", "role_ids": nil}, m{"action": "delete", "role_ids": nil},
			m{"action": "edit", "role_ids": []any{roles[0], roles[1]}}, m{"action": "sync_to", "role_ids": nil}, m{"action": "trigger", "role_ids": nil},
		},
	}, policy)
	equal(t, "read", policy, c.get(path+"/"+id(policy)))
	equal(t, "list", []string{"Default policy", "Writers"}, names(c.items(path)))

	// A deleted role stays behind, and what came from GET may be sent again.
	c.do("DELETE", "/api/permissions/roles/"+roles[0], nil)
	equal(t, "with a stale id", policy, c.get(path+"/"+id(policy)))
	equal(t, "sent back", policy, c.put(path+"/"+id(policy), m{"name": "Writers", "policy_actions": policy["policy_actions"]}))
	c.refuse(400, "no such role", "POST", path, body)
	got := c.put(path+"/"+id(policy), m{"name": "Nobody"})
	for _, a := range got["policy_actions"].([]any) {
		if a.(m)["role_ids"] != nil {
			t.Errorf("an action that was left out has roles: %v", a)
		}
	}

	builtin := builtinPolicy(org)
	for _, a := range c.get(path + "/" + builtin)["policy_actions"].([]any) {
		if !slices.Contains(a.(m)["role_ids"].([]any), any(roleID(org, "Admin"))) {
			t.Errorf("admins lack %v", a)
		}
	}
	c.refuse(403, "system", "PUT", path+"/"+builtin, m{"name": "x"})
	c.refuse(403, "system", "DELETE", path+"/"+builtin, nil)
	for words, changes := range map[string]m{
		"name":         {"name": nil},
		"empty":        {"name": " "},
		"none of":      {"policy_actions": []m{{"action": "read"}}},
		"required":     {"policy_actions": []m{{"role_ids": []any{}}}},
		"twice":        {"policy_actions": []m{{"action": "edit"}, {"action": "edit"}}},
		"want a UUID":  {"policy_actions": []m{{"action": "edit", "role_ids": []any{"admins"}}}},
		"no such role": {"policy_actions": []m{{"action": "edit", "role_ids": []any{zeroID}}}},
	} {
		c.refuse(400, words, "POST", path, patched(patched(body, m{"policy_actions": []m{}}), changes))
	}
	d := c.as(Version2025)
	d.refuse(400, "policy_actions", "POST", path, m{"name": "x"})
	d.refuse(400, "role_ids", "POST", path, m{"name": "x", "policy_actions": []m{{"action": "edit"}}})
	d.post(path, m{"name": "x", "policy_actions": nil})
	c.do("DELETE", path+"/"+id(policy), nil)
	c.refuse(404, "policy", "GET", path+"/"+id(policy), nil)
	c.refuse(404, "policy", "PUT", path+"/"+id(policy), body)
}

// What becomes of a policy's id in the objects that name it when it is deleted.
func TestDeletedPolicy(t *testing.T) {
	for _, drop := range []bool{false, true} {
		c := start(t, Options{Switches: Switches{DropDeletedPolicies: drop}})
		s := c.seed()
		policy := id(c.post("/api/permissions/policies", m{"name": "Ours"}))
		other := id(c.post("/api/permissions/policies", m{"name": "Theirs"}))
		with := m{"policies": []string{policy, other}}
		postgres := patched(postgresBody(), with)
		objects := map[string]m{"/api/connections/" + s.postgres: postgres, "/api/models/" + s.customers: patched(s.customersBody(), with), "/api/syncs/" + s.sync: patched(s.syncBody(), with)}
		for path, body := range objects {
			c.put(path, body)
		}
		c.do("DELETE", "/api/permissions/policies/"+policy, nil)
		want := []any{policy, other, builtinPolicy(OrganizationID("Sandbox"))}
		if drop {
			want = want[1:]
		}
		for path, body := range objects {
			equal(t, path, want, c.get(path)["policies"].([]any))
			if drop {
				continue
			}
			c.put(path, body) // a stale id may stay where it is
		}
		c.refuse(422, "policies", "POST", "/api/connections", patched(postgres, m{"name": "Another"}))
		c.refuse(400, "policies", "POST", "/api/models", objects["/api/models/"+s.customers])
	}
}

func TestUniqueNames(t *testing.T) {
	c := start(t, Options{Switches: Switches{UniqueModelNames: true, UniqueSyncNames: true, UniqueRoleNames: true, UniquePolicyNames: true}})
	s := c.seed()
	c.refuse(400, "exists already", "POST", "/api/models", s.customersBody())
	c.refuse(422, "exists already", "POST", "/api/syncs", s.syncBody())
	c.refuse(400, "exists already", "POST", "/api/permissions/roles", m{"name": "Admin"})
	c.refuse(400, "exists already", "POST", "/api/permissions/policies", m{"name": "Default policy"})
	c.put("/api/models/"+s.customers, s.customersBody()) // its own name
}
