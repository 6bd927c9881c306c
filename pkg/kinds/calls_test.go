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

// Of a key every field of the schema is told whether it is a part of it: what is
// left out would be left to what the service found.
func TestPrimaryKeysOverWhatWasFound(t *testing.T) {
	live := map[string]any{"fields": []any{obj{"id": "id", "is_primary_key": true}, obj{"id": "email", "is_primary_key": false}, obj{"id": "name"}}}
	got, err := PrimaryKeys.EncodeOver(live, obj{"connection": "pg", "schema": "s", "fields": []any{"email", "new"}}, ids)
	key := func(id string, is bool) any { return map[string]any{"field_id": id, "is_primary_key": is} }
	want := map[string]any{"fields": []any{key("email", true), key("id", false), key("name", false), key("new", true)}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// Which fields of a schema are the user's own the service marks in one version,
// and in the other knowing them has to do.
func TestReadSchemaFields(t *testing.T) {
	ours, ofAll := obj{"fields": obj{"ours": obj{}}}, obj{}
	for _, tt := range []struct {
		name   string
		marked bool
		known  []obj
		want   []string
	}{
		{"marked", true, []obj{ours}, []string{"ours"}},
		{"marked, and nothing known", true, []obj{ofAll}, []string{"ours", "theirs"}},
		{"marked as the source's", true, []obj{{"fields": obj{"of_source": obj{}}}}, nil},
		{"not marked", false, []obj{ours}, []string{"ours"}},
		{"not marked, known by the state", false, []obj{ofAll, ours}, []string{"ours"}},
		{"not marked, and nothing known", false, nil, nil},
	} {
		var fields []any
		for _, id := range []string{"of_source", "ours", "theirs"} {
			f := obj{"id": id}
			if tt.marked {
				f["user_managed"] = id != "of_source"
			}
			fields = append(fields, f)
		}
		answer := map[string]any{"fields": fields}
		if err := SchemaFields.Read(nil, answer, false, tt.known...); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range listOf(answer["fields"]) {
			got = append(got, textOf(objectOf(v)["id"]))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

// A schema's fields that left the manifest are deleted by calls of their own.
func TestSchemaFieldsThatGo(t *testing.T) {
	before := obj{"fields": obj{"a": obj{}, "b/c": obj{}, "d": obj{}}}
	drop := func(ids ...string) (calls []resource.Call) {
		for _, id := range ids {
			calls = append(calls, resource.Call{Method: "DELETE", Path: []string{id}})
		}
		return calls
	}
	got, err := SchemaFields.FollowCalls(before, obj{"fields": obj{"a": obj{}, "new": obj{}}}, ids)
	if d := cmp.Diff(drop("b/c", "d"), got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	got, err = SchemaFields.RemovalCalls(before, ids)
	if d := cmp.Diff(drop("a", "b/c", "d"), got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
