package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Graph is what [Graph.Draw] draws. The order of nodes and edges means nothing:
// equal graphs are drawn alike.
type Graph struct {
	Nodes []Node
	Edges []Edge
	// Flow says that edges lead where data goes. Otherwise they lead from what
	// needs to what is needed. Either way a drawing is read from left to right:
	// what comes first stands on the left.
	Flow bool
}

// Node is a box. Its address is its identity and may be any text.
type Node struct {
	Address string
	Kind    string // chooses the colour
	Name    string // as people know it; empty if that is the address
	Action  string // a symbol of what will happen to it, or empty
}

// Edge is an arrow between the nodes with these addresses.
type Edge struct {
	From, To string
	// Indirect marks what influences without being carried on, such as a
	// filter: a dashed line.
	Indirect bool
}

// GraphFormats are the formats that Draw knows.
var GraphFormats = []string{"mermaid", "dot", "json", "svg"}

// Draw writes the graph in one of [GraphFormats]. Names may hold anything: in
// no format do they act, and control characters show as escapes.
func (g Graph) Draw(w io.Writer, format string) error {
	g = g.tidy()
	var text string
	switch format {
	case "mermaid":
		text = g.mermaid()
	case "dot":
		text = g.dot()
	case "json":
		text = g.json()
	case "svg":
		text = g.svg()
	default:
		return fmt.Errorf("%q is no format for graphs: there are %s", format, strings.Join(GraphFormats, ", "))
	}
	_, err := io.WriteString(w, text)
	return err
}

// ResourceGraph is the graph of the set's resources and of what each needs. What
// is needed and not in the set stands in it by its address alone.
func ResourceGraph(set resource.Set) Graph {
	var g Graph
	for _, a := range set.Addresses() {
		r := set[a]
		g.Nodes = append(g.Nodes, Node{Address: a.String(), Kind: a.Kind, Name: r.DisplayName()})
		for _, need := range r.Needs {
			g.Edges = append(g.Edges, Edge{From: a.String(), To: need.String()})
		}
	}
	return g
}

// tidy is g sorted, with every node and edge once, and with a node for both ends
// of every edge.
func (g Graph) tidy() Graph {
	nodes := slices.Clone(g.Nodes)
	for _, e := range g.Edges {
		nodes = append(nodes, bare(e.From), bare(e.To))
	}
	slices.SortStableFunc(nodes, func(a, b Node) int { return strings.Compare(a.Address, b.Address) })
	nodes = slices.CompactFunc(nodes, func(a, b Node) bool { return a.Address == b.Address })
	edges := slices.Clone(g.Edges)
	slices.SortFunc(edges, func(a, b Edge) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), compareBools(a.Indirect, b.Indirect))
	})
	// Of a direct and an indirect edge between the same two the direct one tells more.
	edges = slices.CompactFunc(edges, func(a, b Edge) bool { return a.From == b.From && a.To == b.To })
	return Graph{Nodes: nodes, Edges: edges, Flow: g.Flow}
}

func bare(address string) Node {
	kind, _, _ := strings.Cut(address, ".")
	return Node{Address: address, Kind: kind}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// index is the place of every node by its address.
func (g Graph) index() map[string]int {
	out := make(map[string]int, len(g.Nodes))
	for i, n := range g.Nodes {
		out[n.Address] = i
	}
	return out
}

// label is what stands in the node's box: one line or two.
func (n Node) label() (first, second string) {
	first, second = n.Name, n.Address
	if n.Name == "" || n.Address == n.Name || n.Address == n.Kind+"."+n.Name {
		first, second = n.Address, ""
	}
	if n.Action != "" {
		first = n.Action + " " + first
	}
	return first, second
}

// colour is how the boxes of a kind look: dark text on a light ground, so that
// they can be read on light pages and on dark ones.
type colour struct{ fill, stroke string }

const (
	inkColour  = "#0f172a"
	edgeColour = "#7f8ea3" // seen on white and on black
)

var palette = []colour{
	{"#dbeafe", "#2563eb"}, {"#dcfce7", "#16a34a"}, {"#fef3c7", "#d97706"}, {"#ede9fe", "#7c3aed"}, {"#ffe4e6", "#e11d48"},
	{"#cffafe", "#0891b2"}, {"#ecfccb", "#65a30d"}, {"#ffedd5", "#ea580c"}, {"#e2e8f0", "#475569"}, {"#fae8ff", "#c026d3"},
}

// kinds are the kinds of the nodes, sorted; the place of one chooses its colour.
func (g Graph) kinds() []string {
	var out []string
	for _, n := range g.Nodes {
		out = append(out, n.Kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func colourOf(kinds []string, kind string) colour {
	i, _ := slices.BinarySearch(kinds, kind)
	return palette[i%len(palette)]
}
