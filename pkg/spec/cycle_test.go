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
