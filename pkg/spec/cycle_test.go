package spec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Circles are refused, with the place of each reference, unless one of their
// references may come later than the object that it is in.
func TestCycles(t *testing.T) {
	kind := &resource.Kind{Name: "link", Section: "links", Fields: []resource.Field{
		{Name: "next", Type: resource.Ref, To: "link"},
		{Name: "later", Type: resource.List, Elem: &resource.Field{Type: resource.Ref, To: "link"}, Cut: resource.Object{}}}}
	for _, tt := range []struct {
		name, links string
		want        []string
	}{
		{"none", "a: {next: b}\n  b: {}", nil},
		{"two", "a: {next: b}\n  b: {next: a}", []string{"2 resources need each other in a circle: link.a → link.b by next, link.b → link.a by next"}},
		{"itself", "a: {next: a}", []string{"link.a needs itself: link.a → link.a by next"}},
		{"one may come later", "a: {next: b}\n  b: {later: [a]}", nil},
		{"all may come later", "a: {later: [b]}\n  b: {later: [a, b]}", nil},
		{"one of the two between them may not", "a: {next: b}\n  b: {later: [a], next: a}",
			[]string{"2 resources need each other in a circle: link.a → link.b by next, link.b → link.a by next"}},
		{"one circle of two", "a: {next: b}\n  b: {later: [a], next: c}\n  c: {next: b}",
			[]string{"2 resources need each other in a circle: link.b → link.c by next, link.c → link.b by next"}},
		{"two circles", "a: {next: b}\n  b: {next: a}\n  c: {next: c}", []string{"2 resources need each other in a circle: link.a → link.b by next, link.b → link.a by next",
			"link.c needs itself: link.c → link.c by next"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, found := Load(Options{Kinds: []*resource.Kind{kind}, Files: []string{"-"}, Stdin: strings.NewReader("polyplan: 1\nlinks:\n  " + tt.links + "\n")})
			var got []string
			for _, d := range found {
				var by []string
				for _, line := range strings.Split(d.Why, "\n")[1:] {
					line, _, _ = strings.Cut(line, " (")
					by = append(by, line)
				}
				got = append(got, d.What+": "+strings.Join(by, ", "))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			if m.Graph.Len() == 0 {
				t.Error("the graph has lost its nodes")
			}
		})
	}
}

// What a kind puts in order without a reference can close a circle, too.
func TestCycleOfKinds(t *testing.T) {
	base := &resource.Kind{Name: "base", Section: "bases"}
	early := &resource.Kind{Name: "early", Section: "earlies", Fields: []resource.Field{
		{Name: "base", Type: resource.Ref, To: "base"}, {Name: "late", Type: resource.Ref, To: "late"}}}
	late := &resource.Kind{Name: "late", Section: "lates", After: []string{"early"}, Fields: []resource.Field{
		{Name: "base", Type: resource.Ref, To: "base"}}}
	_, found := Load(Options{Kinds: []*resource.Kind{base, early, late}, Files: []string{"-"},
		Stdin: strings.NewReader("polyplan: 1\nbases:\n  x: {}\nearlies:\n  a: {base: x, late: b}\nlates:\n  b: {base: x}\n")})
	if len(found) != 1 || found[0].Code != "cycle" {
		t.Fatalf("found %v, want one circle", found)
	}
	for _, want := range []string{"early.a → late.b by late (", "late.b → early.a by the order of their kinds ("} {
		if !strings.Contains(found[0].Why, want) {
			t.Errorf("the circle is told as %q, without %q", found[0].Why, want)
		}
	}
}
