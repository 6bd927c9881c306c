package resource

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var renamed = &Kind{Name: "sync", Fields: []Field{
	{Name: "name", Type: String},
	{Name: "connection", Type: Ref, To: "connection"},
	{Name: "after", Type: List, Set: true, Elem: &Field{Type: Ref, To: "sync"}},
	{Name: "identity", Type: Struct, Fields: []Field{{Name: "source", Type: SourceRef}}},
	{Name: "fields", Type: Map, Elem: &Field{Type: Struct, Fields: []Field{{Name: "source", Type: SourceRef}}}},
	{Name: "relations", Type: Map, Elem: &Field{Type: List, Elem: &Field{Type: SourceRef}}},
	{Name: "free", Type: Any},
}}

func referring() Object {
	return Object{
		"name":       "users",
		"connection": "users",
		"after":      []any{"a", "users"},
		"identity":   Object{"source": "users.e.mail"},
		"fields": Object{
			"users": Object{"source": "users.users"},
			"other": Object{"source": "accounts.users"},
			"byid":  Object{"source": Object{"model": Object{"id": "users"}, "field": "users"}},
		},
		"relations": Object{"x": []any{"users.a", "users.b"}},
		"free":      "users",
	}
}

func TestRename(t *testing.T) {
	o := referring()
	if !renamed.Rename(o, Address{"model", "users"}, Address{"model", "people"}) {
		t.Error("Rename found nothing")
	}
	want := referring()
	want["identity"] = Object{"source": "people.e.mail"}
	want["fields"].(Object)["users"] = Object{"source": "people.users"}
	want["relations"] = Object{"x": []any{"people.a", "people.b"}}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("a model (-want +got):\n%s", d)
	}

	o, want = referring(), referring()
	if !renamed.Rename(o, Address{"sync", "users"}, Address{"sync", "Z"}) {
		t.Error("Rename found nothing")
	}
	want["after"] = []any{"Z", "a"}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("a member of a set (-want +got):\n%s", d)
	}

	o = referring()
	if renamed.Rename(o, Address{"model", "free"}, Address{"model", "x"}) {
		t.Error("Rename found what is not there")
	}
	if d := cmp.Diff(referring(), o); d != "" {
		t.Errorf("nothing to rename (-want +got):\n%s", d)
	}
}

func TestRelease(t *testing.T) {
	o := referring()
	if !renamed.Release(o, Address{"model", "users"}, "0a") || !renamed.Release(o, Address{"connection", "users"}, "0b") {
		t.Error("Release found nothing")
	}
	source := func(field string) any { return Object{"model": Object{"id": "0a"}, "field": field} }
	want := referring()
	want["connection"] = Object{"id": "0b"}
	want["identity"] = Object{"source": source("e.mail")}
	want["fields"].(Object)["users"] = Object{"source": source("users")}
	want["relations"] = Object{"x": []any{source("a"), source("b")}}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := renamed.Needs(o); len(got) != 3 { // sync.a, sync.users, model.accounts
		t.Errorf("needs afterwards: %v", got)
	}
}
