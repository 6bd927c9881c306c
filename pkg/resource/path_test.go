package resource

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/diag"
)

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		got  Path
		want string
	}{
		{Path("").Child("fields"), "fields"},
		{Path("").Child("fields").Child("last_name"), "fields.last_name"},
		{Path("relations").Child("email").Index(0), "relations.email[0]"},
		{Path("fields").Child("a.b"), `fields."a.b"`},
		{Path("fields").Child(""), `fields.""`},
		{Path("fields").Child("First Name"), `fields."First Name"`},
		{Path("fields").Child(`say "x"`), `fields."say \"x\""`},
		{Path("").Child("a.b").Parent(), ""},
		{Path(`fields."a.b\\"`).Parent(), "fields"},
		{Path("").Parent(), ""},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		p, q Path
		want bool
	}{
		{"fields.lastname", "fields", true},
		{"fields.lastname", "fields.lastname", true},
		{"fields.lastname", "fields.last", false},
		{"fields", "fields.lastname", false},
		{"relations.email[0]", "relations.email", true},
		{"relations.email[0]", "relations.email[0]", true},
		{"relations.email[10]", "relations.email[1]", false},
		{"anything", "", true},
		{"", "fields", false},
	} {
		if got := tt.p.Within(tt.q); got != tt.want {
			t.Errorf("%q within %q = %v", tt.p, tt.q, got)
		}
	}
}

// Whatever the keys are, a path leads back up the way it came, and names no
// other place.
func TestPathProperties(t *testing.T) {
	key := rapid.OneOf(rapid.StringMatching(`[a-z]{1,4}`), rapid.StringOf(rapid.SampledFrom([]rune("a.[]\"\\ \n"))), rapid.String())
	path := func(t *rapid.T, from Path, label string) Path {
		for range rapid.IntRange(0, 4).Draw(t, label) {
			if rapid.Bool().Draw(t, "list") && from != "" {
				from = from.Index(rapid.IntRange(0, 12).Draw(t, "index"))
			} else {
				from = from.Child(key.Draw(t, "key"))
			}
		}
		return from
	}
	rapid.Check(t, func(t *rapid.T) {
		p := path(t, "", "depth")
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		child := p.Child(a)
		if child.Parent() != p {
			t.Fatalf("Parent of %s = %s, want %s", child, child.Parent(), p)
		}
		if p != "" && p.Index(3).Parent() != p {
			t.Fatalf("Parent of %s = %s", p.Index(3), p.Index(3).Parent())
		}
		if below := path(t, child, "below"); !below.Within(child) || !below.Within(p) {
			t.Fatalf("%s is not within %s", below, child)
		}
		if a != b && path(t, p.Child(b), "beside").Within(child) {
			t.Fatalf("%s lies within its neighbour %s", p.Child(b), child)
		}
	})
}

func TestWhere(t *testing.T) {
	r := &Resource{Pos: diag.Pos{Line: 1}, At: map[Path]diag.Pos{"fields": {Line: 2}, "fields.a": {Line: 3}}}
	for p, want := range map[Path]int{"fields.a": 3, "fields.a.source": 3, "fields.b": 2, "name": 1, "": 1} {
		if got := r.Where(p); got.Line != want {
			t.Errorf("Where(%s) = line %d, want %d", p, got.Line, want)
		}
	}
}

// What could not be read is lost with all that it holds; around it nothing is known for
// sure, and beside it all is.
func TestKnows(t *testing.T) {
	r := &Resource{}
	if r.Lost("") || !r.Knows("") || !r.Knows("a.b") {
		t.Error("of a resource that was read nothing is lost")
	}
	for _, p := range []Path{"a.b", "list[-1]", Path("q").Child("x.y")} {
		r.Lose(p)
	}
	for p, want := range map[Path][2]bool{ // lost, known
		"a.b": {true, false}, "a.b.c": {true, false}, "a.b[0]": {true, false}, "a": {false, false}, "": {false, false}, "a.bc": {false, true}, "a.c": {false, true}, "ab": {false, true},
		"list": {false, false}, "list[0]": {false, true}, `q."x.y"`: {true, false}, `q."x.y".z`: {true, false}, "q.x": {false, true}, "q": {false, false},
	} {
		if got := [2]bool{r.Lost(p), r.Knows(p)}; got != want {
			t.Errorf("%q: lost and known %v, want %v", p, got, want)
		}
	}
	r.Lose("")
	if !r.Lost("ab") || r.Knows("ab") {
		t.Error("with the whole of it everything is lost")
	}
}
