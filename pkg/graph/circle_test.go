package graph

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCircles(t *testing.T) {
	for _, tt := range []struct{ name, graph, want string }{
		{"empty", "", ""},
		{"none", "a>b b>c a>c", ""},
		{"two", "a>b b>a c>a", "a b"},
		{"needs itself", "a>a a>b", "a"},
		{"two that share a node are one", "a>b b>a b>c c>b", "a b c"},
		{"a chain between two", "a>b b>a b>m m>c c>d d>c", "a b; c d"},
		{"found from its middle", "a>c c>d d>b b>c", "b c d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range parse(tt.graph).Circles() {
				got = append(got, words(c))
			}
			if d := gocmp.Diff(tt.want, strings.Join(got, "; ")); d != "" {
				t.Errorf("Circles (-want +got):\n%s", d)
			}
		})
	}
}

// Two nodes are in one circle exactly if each reaches the other.
func TestCirclesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := New(cmp.Compare[int])
		n := rapid.IntRange(1, 12).Draw(t, "nodes")
		for range rapid.IntRange(0, 20).Draw(t, "edges") {
			g.Edge(rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to"))
		}
		group := map[int]int{}
		for i, c := range g.Circles() {
			for _, k := range c {
				group[k] = i + 1
			}
		}
		reaches := func(a, b int) bool {
			for _, need := range g.Needs(a) {
				for _, k := range g.Closure(need) {
					if k == b {
						return true
					}
				}
			}
			return false
		}
		for _, a := range g.Nodes() {
			for _, b := range g.Nodes() {
				if want, got := reaches(a, b) && reaches(b, a), group[a] > 0 && group[a] == group[b]; want != got {
					t.Fatalf("%d and %d in one circle: %v, want %v", a, b, got, want)
				}
			}
		}
	})
}

func TestBreak(t *testing.T) {
	for _, tt := range []struct {
		name, graph, want string
		broken            bool
	}{
		{"none", "a>b", "", true},
		{"the last goes", "a>b b>c c>a", "c>a", true},
		{"two", "a>b b>a c>d d>c", "b>a d>c", true},
		{"two that share a node", "a>b b>a b>c c>b", "b>a c>b", true},
		{"one that must stay", "a>b b>a x>y y>x", "b>a", false},
		{"needs itself", "a>a", "a>a", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := parse(tt.graph)
			var cut []string
			broken := g.Break(func(cycle []string) (string, []string) {
				from := cycle[len(cycle)-1]
				if from == "y" {
					return from, nil
				}
				cut = append(cut, from+">"+cycle[0])
				return from, cycle[:1]
			})
			if got := words(cut); got != tt.want || broken != tt.broken {
				t.Errorf("Break = %v, %s; want %v, %s", broken, got, tt.broken, tt.want)
			}
			if _, err := g.Order(); (err == nil) != tt.broken {
				t.Errorf("Order: %v", err)
			}
		})
	}
}

// Many circles are as quick to break as to find.
func TestBreakMany(t *testing.T) {
	g := New(cmp.Compare[string])
	const n = 3000
	for i := range n {
		g.Edge(fmt.Sprintf("a%05d", i), fmt.Sprintf("b%05d", i))
		g.Edge(fmt.Sprintf("b%05d", i), fmt.Sprintf("a%05d", i))
	}
	cut := 0
	if !g.Break(func(cycle []string) (string, []string) { cut++; return cycle[0], cycle[1:] }) || cut != n || g.Cycle() != nil {
		t.Errorf("%d edges were cut, and there is %v left", cut, g.Cycle())
	}
}
