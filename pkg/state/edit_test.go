package state

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

var editKinds = []*resource.Kind{
	{Name: "connection"},
	{Name: "model", Fields: []resource.Field{{Name: "connection", Type: resource.Ref, To: "connection"}}},
	{Name: "sync", Fields: []resource.Field{
		{Name: "identity", Type: resource.SourceRef},
		{Name: "after", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: "sync"}},
	}},
}

func related() *State {
	s := New()
	add := func(address, id string, o resource.Object, needs ...string) {
		r := &resource.Resource{Address: addressOf(address), ID: id, Object: o, Kept: resource.Clone(o)}
		for _, n := range needs {
			r.Needs = append(r.Needs, addressOf(n))
		}
		s.Resources[r.Address] = r
	}
	add("connection.db", "c1", resource.Object{})
	add("model.users", "m1", resource.Object{"connection": "db"}, "connection.db")
	add("sync.one", "s1", resource.Object{"identity": "users.email"}, "model.users")
	add("sync.two", "s2", resource.Object{"identity": "users.email", "after": []any{"one"}}, "model.users", "sync.one")
	s.Doubts = []Intent{{Op: "1", Address: addressOf("model.users")}, {Op: "2", Address: addressOf("sync.one")}}
	return s
}

func TestMove(t *testing.T) {
	s, want := related(), related()
	if err := s.Move(addressOf("model.users"), addressOf("model.people"), editKinds); err != nil {
		t.Fatal(err)
	}
	want.Lineage = s.Lineage
	people := want.Resources[addressOf("model.users")]
	people.Address = addressOf("model.people")
	delete(want.Resources, addressOf("model.users"))
	want.Resources[people.Address] = people
	for _, name := range []string{"one", "two"} {
		r := want.Resources[addressOf("sync."+name)]
		r.Object["identity"], r.Kept["identity"] = "people.email", "people.email"
		r.Needs[0] = people.Address
	}
	want.Doubts[0].Address = people.Address
	if d := cmp.Diff(want, s); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	// Needs stay sorted.
	if err := s.Move(addressOf("model.people"), addressOf("model.z"), editKinds); err != nil {
		t.Fatal(err)
	}
	if err := s.Move(addressOf("sync.one"), addressOf("sync.a"), editKinds); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]resource.Address{addressOf("model.z"), addressOf("sync.a")}, s.Resources[addressOf("sync.two")].Needs); d != "" {
		t.Errorf("needs (-want +got):\n%s", d)
	}
}

func TestMoveRefuses(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"model.none", "model.x", "no such resource"},
		{"model.users", "sync.users", "another kind"},
		{"sync.one", "sync.two", "is taken"},
		{"sync.one", "sync.one", "is taken"},
		{"sync.one", "sync.A b", "is not a name"},
	} {
		s := related()
		before := s.Clone()
		kind, name, _ := strings.Cut(c.to, ".")
		err := s.Move(addressOf(c.from), resource.Address{Kind: kind, Name: name}, editKinds)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: %v, want %q", c.from, c.to, err, c.want)
		}
		if d := cmp.Diff(before, s); d != "" {
			t.Errorf("%s to %s changed something:\n%s", c.from, c.to, d)
		}
	}
	s := related()
	if err := s.Move(addressOf("model.users"), addressOf("model.x"), editKinds[:2]); err == nil || s.Resources[addressOf("model.users")] == nil {
		t.Errorf("with a kind unknown: %v", err)
	}
}

func TestRemove(t *testing.T) {
	s, want := related(), related()
	if err := s.Remove(addressOf("model.users"), editKinds); err != nil {
		t.Fatal(err)
	}
	want.Lineage = s.Lineage
	delete(want.Resources, addressOf("model.users"))
	for _, name := range []string{"one", "two"} {
		r := want.Resources[addressOf("sync."+name)]
		byID := resource.Object{"model": resource.Object{"id": "m1"}, "field": "email"}
		r.Object["identity"], r.Kept["identity"] = byID, byID
		r.Needs = r.Needs[1:]
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if err := s.Remove(addressOf("model.users"), editKinds); err == nil {
		t.Error("removed twice")
	}
}
