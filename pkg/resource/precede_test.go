package resource

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What comes first without being referred to is what is about the same thing.
func TestPrecede(t *testing.T) {
	on := []Field{{Name: "on", Type: Ref, To: "base"}, {Name: "also", Type: Ref, To: "base"}}
	kinds := []*Kind{{Name: "base"}, {Name: "keys", Fields: on}, {Name: "user", Fields: on, After: []string{"keys", "nothing"}}}
	set := Set{}
	for name, o := range map[string]Object{
		"keys.pg":      {"on": "pg"},
		"keys.my":      {"on": "my"},
		"keys.foreign": {"on": Object{"id": "c9"}},
		"user.pg":      {"on": "pg"},
		"user.both":    {"on": "pg", "also": "my"},
		"user.twice":   {"on": "pg", "also": "pg"},
		"user.foreign": {"on": Object{"id": "c9"}},
		"user.other":   {"on": "other", "also": Object{"id": "c8"}},
		"base.pg":      {},
	} {
		a, err := ParseAddress(name)
		if err != nil {
			t.Fatal(err)
		}
		set[a] = &Resource{Address: a, Object: o}
	}
	got := map[string][]string{}
	for a, first := range Precede(kinds, set) {
		for _, b := range first {
			got[a.String()] = append(got[a.String()], b.String())
		}
	}
	want := map[string][]string{"user.pg": {"keys.pg"}, "user.both": {"keys.my", "keys.pg"}, "user.twice": {"keys.pg"}, "user.foreign": {"keys.foreign"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
