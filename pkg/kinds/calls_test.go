package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// What calls of their own carry: the webhook's being on or off, and the end of a
// list that nobody can delete.
func TestCalls(t *testing.T) {
	on, off, silent := obj{"enabled": true}, obj{"enabled": false}, obj{}
	turn := func(how string) []resource.Call { return []resource.Call{{Method: "POST", Path: []string{how}}} }
	for _, tt := range []struct {
		name          string
		before, after obj
		want          []resource.Call
	}{
		{"new", nil, on, nil},
		{"new and silent", nil, silent, nil},
		{"new and off", nil, off, turn("disable")},
		{"turned off", on, off, turn("disable")},
		{"turned on", off, on, turn("enable")},
		{"on by default", off, silent, turn("enable")},
		{"as it was", off, off, nil},
	} {
		got, err := Webhook.FollowCalls(tt.before, tt.after, ids)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	got, err := ErrorSubscribers.RemovalCalls(obj{"emails": []any{"a@example.com"}}, ids)
	if d := cmp.Diff([]resource.Call{{Method: "PUT", Body: map[string]any{"emails": []any{}}}}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// Roles that are left to people in the app go along with an update, which would
// take them away.
func TestUsersRolesAreSentBack(t *testing.T) {
	live := map[string]any{"email": "ada@example.com", "role": "user", "role_ids": []any{"r1"}}
	for _, tt := range []struct {
		in   obj
		want map[string]any
	}{
		{obj{"email": "ada@example.com"}, map[string]any{"email": "ada@example.com", "role_ids": []any{"r1"}}},
		{obj{"email": "ada@example.com", "role": "admin"}, map[string]any{"email": "ada@example.com", "role": "admin"}},
		{obj{"email": "ada@example.com", "roles": []any{obj{"id": "r2"}}}, map[string]any{"email": "ada@example.com", "role_ids": []any{"r2"}}},
	} {
		got, err := User.EncodeOver(live, tt.in, ids)
		if d := cmp.Diff(tt.want, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
}
