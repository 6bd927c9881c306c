package sandbox

import "testing"

func TestWebhooks(t *testing.T) {
	const path = "/api/webhooks"
	clk := newClock()
	c := start(t, Options{Clock: clk.now})
	body := m{"endpoint": "https://hooks.example.com/polytomic", "secret": "made-up-secret"}
	hook := c.post(path, body)
	equal(t, "webhook", m{
		"id": hook["id"], "endpoint": body["endpoint"], "secret": mask, "disabled": false,
		"organization_id": OrganizationID("Sandbox"), "created_at": "2024-02-08T10:00:00Z",
	}, hook)
	equal(t, "list", []any{hook}, c.items(path))
	c.refuse(422, "already", "POST", path, body)
	equal(t, "disabled", true, c.post(path+"/"+id(hook)+"/disable", nil)["disabled"])
	moved := m{"endpoint": "https://elsewhere.example.com", "secret": "another-made-up"}
	equal(t, "a PUT leaves it disabled", patched(hook, m{"endpoint": moved["endpoint"], "disabled": true}), c.put(path+"/"+id(hook), moved))
	equal(t, "enabled", false, c.post(path+"/"+id(hook)+"/enable", nil)["disabled"])
	equal(t, "read", patched(hook, m{"endpoint": moved["endpoint"]}), c.get(path+"/"+id(hook)))
	stored, _ := c.s.Object("webhook", "https://elsewhere.example.com")
	equal(t, "stored secret", "another-made-up", stored["secret"])

	for words, changes := range map[string]m{
		"endpoint: is required": {"endpoint": nil}, "secret: is required": {"secret": nil},
		"address of the web": {"endpoint": "hooks.example.com"}, "not be empty": {"secret": ""}, "string": {"secret": 7},
	} {
		c.refuse(422, words, "PUT", path+"/"+id(hook), patched(body, changes))
	}
	c.do("DELETE", path+"/"+id(hook), nil)
	for _, gone := range []string{"GET ", "DELETE "} {
		c.refuse(404, "webhook", gone[:len(gone)-1], path+"/"+id(hook), nil)
	}
	c.refuse(404, "webhook", "PUT", path+"/"+id(hook), body)
	c.refuse(404, "webhook", "POST", path+"/"+id(hook)+"/enable", nil)
	c.post(path, body) // there may be one again
}

func TestWebhookSecret(t *testing.T) {
	for shown, want := range map[string]any{"": mask, "clear": "made-up-secret", "absent": nil} {
		c := start(t, Options{Switches: Switches{WebhookSecret: shown}})
		hook := c.post("/api/webhooks", m{"endpoint": "https://hooks.example.com", "secret": "made-up-secret"})
		equal(t, "secret under "+shown, want, hook["secret"])
	}
}

// The list of subscribers is always there and comes without an envelope.
func TestSubscribers(t *testing.T) {
	c := start(t, Options{})
	equal(t, "before", m{"emails": []any{}}, c.get(subscribersPath))
	equal(t, "set", m{"emails": []any{"b@example.com", "a@example.com"}}, c.put(subscribersPath, m{"emails": []string{"b@example.com", "a@example.com"}}))
	equal(t, "read", m{"emails": []any{"b@example.com", "a@example.com"}}, c.get(subscribersPath))
	if err := c.s.Edit("subscribers", "subscribers", m{"emails": []string{"c@example.com"}}); err != nil {
		t.Error(err)
	}
	equal(t, "edited", m{"emails": []any{"c@example.com"}}, c.get(subscribersPath))
	c.refuse(400, "emails[0]", "PUT", subscribersPath, m{"emails": []string{"nobody"}})
	c.refuse(400, "emails[1]", "PUT", subscribersPath, m{"emails": []any{"a@example.com", 7}})
	equal(t, "emptied", m{"emails": []any{}}, c.put(subscribersPath, m{"emails": nil}))
	equal(t, "null", m{"emails": nil}, start(t, Options{Switches: Switches{NullLists: true}}).get(subscribersPath))
}
