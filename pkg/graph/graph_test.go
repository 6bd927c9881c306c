package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// parse builds a graph from "a>b a>c d": a needs b and c, d stands alone.
func parse(s string) *Graph[string] {
	g := New(cmp.Compare[string])
	for _, word := range strings.Fields(s) {
		if from, needs, ok := strings.Cut(word, ">"); ok {
			g.Edge(from, needs)
		} else {
			g.Add(word)
		}
	}
	return g
}

func words(list []string) string { return strings.Join(list, " ") }

func TestGraph(t *testing.T) {
	g := parse("sync>model sync>conn model>conn other sync>model")
	for _, tt := range []struct {
		name string
		got  []string
		want string
	}{
		{"Nodes", g.Nodes(), "conn model other sync"},
		{"Needs", g.Needs("sync"), "conn model"},
		{"Needs of none", g.Needs("other"), ""},
		{"Needs of unknown", g.Needs("nobody"), ""},
		{"Dependents", g.Dependents("conn"), "model sync"},
		{"Closure", g.Closure("model"), "conn model"},
		{"Closure of two and unknown", g.Closure("other", "sync", "nobody"), "conn model other sync"},
		{"Closure of nothing", g.Closure(), ""},
		{"Reverse", g.Reverse().Needs("conn"), "model sync"},
		{"Reverse keeps nodes", g.Reverse().Nodes(), "conn model other sync"},
	} {
		if got := words(tt.got); got != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, got, tt.want)
		}
	}
	if g.Len() != 4 || !g.Has("other") || g.Has("nobody") {
		t.Errorf("Len = %d, Has(other) = %v, Has(nobody) = %v", g.Len(), g.Has("other"), g.Has("nobody"))
	}
}

func TestOrder(t *testing.T) {
	for _, tt := range []struct{ in, want, err string }{
		{"", "", ""},
		{"c b a", "a b c", ""},
		{"a>z", "z a", ""},
		{"a>c b d>a", "b c a d", ""},
		{"a>a", "", "cycle: a → a"},
		{"c>a a>b b>c x>c b>y", "", "cycle: a → b → c → a"},
	} {
		order, err := parse(tt.in).Order()
		if got := words(order); got != tt.want {
			t.Errorf("Order of %q = %q, want %q", tt.in, got, tt.want)
		}
		if (err != nil || tt.err != "") && fmt.Sprint(err) != tt.err {
			t.Errorf("Order of %q: error %v, want %q", tt.in, err, tt.err)
		}
		var cycle *CycleError[string]
		if tt.err != "" && !errors.As(err, &cycle) {
			t.Errorf("Order of %q: %T", tt.in, err)
		}
	}
}

func TestCycle(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"a>b b>c a>c", ""},
		{"b>b a>c c>a", "b"},
		{"a>b b>c c>a c>b", "b c"},
		{"a>b b>a c>d d>c", "a b"},
		{"d>c c>b b>d x>d a>x", "b d c"},
		{"a>b b>a b>c c>d d>c", "a b"}, // c is between two cycles and on one
	} {
		if got := words(parse(tt.in).Cycle()); got != tt.want {
			t.Errorf("Cycle of %q = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// girth finds the length of the shortest cycle the slow way.
func girth(g *Graph[int]) int {
	best := 0
	for _, start := range g.Nodes() {
		level, seen := []int{start}, map[int]bool{}
		for n := 1; len(level) > 0; n++ {
			var next []int
			for _, i := range level {
				for _, j := range g.Needs(i) {
					if j == start && (best == 0 || n < best) {
						best = n
					}
					if !seen[j] {
						seen[j] = true
						next = append(next, j)
					}
				}
			}
			level = next
		}
	}
	return best
}

// edges draws a graph; acyclic ones have edges to smaller numbers only.
func edges(t *rapid.T, acyclic bool) *Graph[int] {
	g := New(cmp.Compare[int])
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	for i := range n {
		g.Add(i)
	}
	for range rapid.IntRange(0, 2*n).Draw(t, "edges") {
		from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
		if acyclic && from == to {
			continue
		}
		if acyclic && from < to {
			from, to = to, from
		}
		g.Edge(from, to)
	}
	if !acyclic {
		return g
	}
	// Numbers that grow along the edges would make a trivial order right.
	names := rapid.Permutation(g.Nodes()).Draw(t, "names")
	renamed := New(cmp.Compare[int])
	for _, i := range g.Nodes() {
		renamed.Add(names[i])
		for _, j := range g.Needs(i) {
			renamed.Edge(names[i], names[j])
		}
	}
	return renamed
}

func TestOrderRespectsEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := edges(t, true)
		order, err := g.Order()
		if err != nil {
			t.Fatal(err)
		}
		place := map[int]int{}
		for i, k := range order {
			place[k] = i
		}
		if len(order) != g.Len() || len(place) != g.Len() {
			t.Fatalf("order %v of nodes %v", order, g.Nodes())
		}
		for _, k := range g.Nodes() {
			for _, need := range g.Needs(k) {
				if place[need] > place[k] {
					t.Fatalf("%d needs %d, order is %v", k, need, order)
				}
			}
		}
		if c := g.Cycle(); c != nil {
			t.Fatalf("cycle %v in a graph with an order", c)
		}
	})
}

func TestCycleIsShortest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := edges(t, false)
		path := g.Cycle()
		if want := girth(g); len(path) != want {
			t.Fatalf("cycle %v, the shortest has %d nodes", path, want)
		}
		for i, k := range path {
			if next := path[(i+1)%len(path)]; !slices.Contains(g.Needs(k), next) {
				t.Fatalf("%d does not need %d in cycle %v", k, next, path)
			}
			if k < path[0] {
				t.Fatalf("cycle %v does not begin at its smallest", path)
			}
		}
		if _, err := g.Order(); (err != nil) != (path != nil) {
			t.Fatalf("cycle %v, but Order says %v", path, err)
		}
	})
}

func TestClosureAndReverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := edges(t, false)
		node := rapid.SampledFrom(g.Nodes()).Draw(t, "node")
		in := g.Closure(node)
		if !slices.Contains(in, node) {
			t.Fatalf("closure %v without %d itself", in, node)
		}
		for _, k := range in {
			for _, need := range g.Needs(k) {
				if !slices.Contains(in, need) {
					t.Fatalf("closure %v holds %d without its need %d", in, k, need)
				}
			}
			if !slices.Contains(g.Reverse().Closure(k), node) {
				t.Fatalf("%d is in the closure of %d, but not the other way in reverse", k, node)
			}
		}
		twice := g.Reverse().Reverse()
		for _, k := range g.Nodes() {
			if d := gocmp.Diff(g.Needs(k), twice.Needs(k)); d != "" {
				t.Fatalf("needs of %d after two reversals:\n%s", k, d)
			}
			if d := gocmp.Diff(g.Dependents(k), g.Reverse().Needs(k)); d != "" {
				t.Fatalf("dependents of %d against needs in reverse:\n%s", k, d)
			}
		}
	})
}

// A ring is the worst there is for the search of a shortest cycle; a chain
// that leads to it must not add to that.
func BenchmarkCycle(b *testing.B) {
	const n = 100_000
	g := New(cmp.Compare[int])
	for i := range n {
		g.Edge(i, (i+1)%n)
		g.Edge(n+i, i)
	}
	for b.Loop() {
		if len(g.Cycle()) != n {
			b.Fatal("no ring")
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	const n = 100_000
	g := New(cmp.Compare[int])
	for i := 1; i < n; i++ {
		g.Edge(i, i/2)
		g.Edge(i, i-1)
	}
	for b.Loop() {
		if _, err := g.Order(); err != nil {
			b.Fatal(err)
		}
	}
}
