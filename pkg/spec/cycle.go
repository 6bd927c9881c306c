package spec

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// maxCycles is how many circles are reported in one run: where many cross,
// breaking the first ones often breaks the rest.
const maxCycles = 5

// cycles reports resources that need each other in a circle, each circle with
// the place of every reference in it. One that can be made all the same, as one
// of its references may come later, is none. The manifest's graph keeps its
// edges.
func (l *loader) cycles() {
	if l.m.Graph.Cycle() == nil {
		return
	}
	where := l.edges()
	gone := map[resource.Address]bool{}
	for range maxCycles {
		// Another one is a circle that shares nothing with those found.
		rest := graph.New(resource.Address.Compare)
		for e := range where {
			if !gone[e.from] && !gone[e.to] {
				rest.Edge(e.from, e.to)
			}
		}
		path := rest.Cycle()
		if path == nil {
			return
		}
		l.circle(path, where)
		for _, a := range path {
			gone[a] = true
		}
	}
}

type edge struct{ from, to resource.Address }

// edges are the first references between each two resources, but for those that
// may come later, and what a kind's After puts in order without a reference.
func (l *loader) edges() map[edge]pendingRef {
	out := map[edge]pendingRef{}
	for _, r := range l.refs {
		e := edge{r.b.r.Address, resource.Address{Kind: r.to, Name: r.name}}
		if l.built[e.to] == nil || r.b.kind.Cuts(r.path) {
			continue
		}
		if first, ok := out[e]; !ok || r.pos.Before(first.pos) {
			out[e] = r
		}
	}
	for a, first := range resource.Precede(l.opts.Kinds, l.m.Set) {
		for _, b := range first {
			if _, ok := out[edge{a, b}]; !ok {
				out[edge{a, b}] = pendingRef{b: l.built[a], to: b.Kind, name: b.Name, pos: l.m.Set[a].Pos}
			}
		}
	}
	return out
}

const maxDrawn = 20 // edges of a circle shown in full

func (l *loader) circle(path []resource.Address, where map[edge]pendingRef) {
	var b strings.Builder
	for i, a := range path {
		to := path[(i+1)%len(path)]
		r := where[edge{a, to}]
		r.b.broken = true
		if i == maxDrawn {
			fmt.Fprintf(&b, "\n... and %d more", len(path)-i)
		}
		if i >= maxDrawn {
			continue
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		by := strings.TrimSuffix(string(r.path), "[0]")
		if by == "" {
			by = "the order of their kinds"
		}
		fmt.Fprintf(&b, "%s → %s by %s (%s)", a, to, by, place(r.pos))
	}
	first := where[edge{path[0], path[1%len(path)]}]
	what := fmt.Sprintf("%d resources need each other in a circle", len(path))
	if len(path) == 1 {
		what = fmt.Sprintf("%s needs itself", path[0])
	}
	l.add(diag.Diagnostic{Pos: first.pos, Code: "cycle", Address: path[0].String(), What: what,
		Why: "none of them could be made first:\n" + b.String(), Fix: "remove one of these references"})
}
