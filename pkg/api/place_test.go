package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// The id of an object holds all that its path has in it, and nothing in it can
// reach beyond its place there.
func TestPlace(t *testing.T) {
	users := &resource.Kind{Name: "user", Path: "/api/organizations/{organization}/users",
		Fields: []resource.Field{{Name: "organization", Type: resource.Ref, To: "organization"}}}
	keys := &resource.Kind{Name: "keys", Object: "/api/connections/{connection}/schemas/{schema}/primary_keys", Source: "/api/connections/{connection}/schemas/{schema}",
		Fields: []resource.Field{{Name: "connection", Type: resource.Ref, To: "connection"}, {Name: "schema", Type: resource.String}}}
	single := &resource.Kind{Name: "subscribers", Object: "/api/notifications/subscribers"}
	ids := func(a resource.Address) (string, bool) {
		id, ok := map[string]string{"organization.acme": "o1", "connection.pg": "c1"}[a.String()]
		return id, ok
	}
	c := &Client{}
	if in, ok := c.CollectionOf(users, resource.Object{}, ids); ok {
		t.Errorf("the organisation of a key that was never asked for: %q", in)
	}
	own := "own"
	c.org.Store(&own)
	for _, tt := range []struct {
		name   string
		kind   *resource.Kind
		object resource.Object
		in     string
		ok     bool
	}{
		{"the key's own organisation", users, resource.Object{}, "own", true},
		{"another, by name", users, resource.Object{"organization": "acme"}, "o1", true},
		{"another, by id", users, resource.Object{"organization": resource.Object{"id": "x/y"}}, "x%2Fy", true},
		{"one that is not made yet", users, resource.Object{"organization": "other"}, "", false},
		{"the only collection", &resource.Kind{Path: "/api/models"}, resource.Object{}, "", true},
	} {
		if in, ok := c.CollectionOf(tt.kind, tt.object, ids); in != tt.in || ok != tt.ok {
			t.Errorf("%s: CollectionOf: %q, %v; want %q, %v", tt.name, in, ok, tt.in, tt.ok)
		}
	}
	for _, tt := range []struct {
		kind   *resource.Kind
		object resource.Object
		id     string
		path   string
		source string
	}{
		{keys, resource.Object{"connection": "pg", "schema": "public.a/b"}, "c1/public.a%2Fb",
			"/api/connections/c1/schemas/public.a%2Fb/primary_keys", "/api/connections/c1/schemas/public.a%2Fb"},
		{keys, resource.Object{"connection": "pg", "schema": ".."}, "c1/%2E%2E",
			"/api/connections/c1/schemas/%2E%2E/primary_keys", "/api/connections/c1/schemas/%2E%2E"},
		{single, resource.Object{}, "subscribers", "/api/notifications/subscribers", "/api/notifications/subscribers"},
	} {
		id, ok := c.PlaceOf(tt.kind, tt.object, ids)
		if id != tt.id || !ok || objectPath(tt.kind, id) != tt.path || sourcePath(tt.kind, id) != tt.source {
			t.Errorf("PlaceOf(%v) = %q, %v; paths %q and %q", tt.object, id, ok, objectPath(tt.kind, id), sourcePath(tt.kind, id))
		}
	}
	if id := IDIn("own", "u/1"); id != "own/u%2F1" || CollectionIn(users, id) != "own" || objectPath(users, id) != "/api/organizations/own/users/u%2F1" {
		t.Errorf("a user's id %q, in %q, at %q", id, CollectionIn(users, id), objectPath(users, id))
	}
	// What the path says of an object is a part of what is answered about it,
	// unless that is in the answer.
	got := located(keys, "c1/public.a%2Fb", map[string]any{"name": "a/b"})
	if d := cmp.Diff(map[string]any{"name": "a/b", "connection": "c1", "schema": "public.a/b"}, got); d != "" {
		t.Errorf("located (-want +got):\n%s", d)
	}
	if got := located(users, "own/u1", map[string]any{"organization": "o9"}); got["organization"] != "o9" {
		t.Errorf("located over the answer: %v", got)
	}
	// Of an id that lacks a part the transport refuses the path.
	if p := objectPath(keys, "c1"); p != "/api/connections/c1/schemas//primary_keys" {
		t.Errorf("the path of half an id: %q", p)
	}
	if p := objectPath(&resource.Kind{Path: "/api/models"}, "a/b"); p != "/api/models/a%2Fb" {
		t.Errorf("the path of an id of the service's: %q", p)
	}
}
