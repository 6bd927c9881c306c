package sandbox

import "testing"

// The tutorial's requests are accepted as they stand, unselected fields included. [API
// dossier 19]
func TestSeed(t *testing.T) {
	c := start(t, Options{})
	s := c.seed()
	for kind, want := range map[string]int{"connection": 4, "model": 3, "sync": 1} {
		if got := c.s.Count(kind); got != want {
			t.Errorf("%d of kind %s, want %d", got, kind, want)
		}
	}
	sync := c.get("/api/syncs/" + s.sync)
	equal(t, "model_ids", []any{s.users, s.stars, s.customers}, sync["model_ids"])
	equal(t, "active", true, sync["active"])
	c.do("DELETE", "/api/syncs/"+s.sync, nil)
	for _, m := range []string{s.stars, s.customers, s.users} {
		c.do("DELETE", "/api/models/"+m, nil)
	}
	for _, conn := range []string{s.airtable, s.postgres, s.stripe, s.hubspot} {
		c.do("DELETE", "/api/connections/"+conn, nil)
	}
	if got := c.items("/api/connections"); len(got) != 0 {
		t.Errorf("connections left: %v", got)
	}
}
