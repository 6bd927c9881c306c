package render

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
)

// svg is the graph as a picture of our own drawing, without scripts, styles or
// anything from outside.
func (g Graph) svg() string {
	l := g.layout()
	kinds := g.kinds()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s">`+"\n",
		px(l.width), px(l.height))
	fmt.Fprintf(&b, "<title>%s and %s</title>\n", Count(len(g.Nodes), "node"), Count(len(g.Edges), "edge"))
	fmt.Fprintf(&b, `<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="%s"/></marker></defs>`+"\n", edgeColour)
	fmt.Fprintf(&b, `<g fill="none" stroke="%s" stroke-width="1.5">`+"\n", edgeColour)
	for i, e := range g.Edges {
		if e.From != e.To {
			l.edge(&b, g, i)
		}
	}
	b.WriteString("</g>\n")
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="%d" fill="%s" text-anchor="middle">`+"\n", fontSize, inkColour)
	for i, n := range g.Nodes {
		l.box(&b, n, &l.verts[i], colourOf(kinds, n.Kind))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func (l *layout) box(b *strings.Builder, n Node, v *vertex, c colour) {
	first, second := n.lines()
	title := n.Address
	if n.Name != "" && n.Name != n.Address {
		title += ": " + n.Name
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="6" fill="%s" stroke="%s"/>`,
		svgText(title), px(v.x-v.w/2), px(v.y-v.h/2), px(v.w), px(v.h), c.fill, c.stroke)
	y := v.y + fontSize*0.35
	if second != "" {
		y -= lineHeight / 2
	}
	fmt.Fprintf(b, `<text x="%s" y="%s">%s</text>`, px(v.x), px(y), svgText(first))
	if second != "" {
		fmt.Fprintf(b, `<text x="%s" y="%s" opacity="0.65">%s</text>`, px(v.x), px(y+lineHeight), svgText(second))
	}
	b.WriteString("</g>\n")
}

// edge is a curve through the bends of the i-th edge, which leaves and enters
// boxes level.
func (l *layout) edge(b *strings.Builder, g Graph, i int) {
	route := l.routes[i]
	var points [][2]float64
	for j, v := range route {
		p := &l.verts[v]
		if j > 0 {
			points = append(points, [2]float64{p.x - p.w/2, p.y})
		}
		if j == 0 {
			points = append(points, [2]float64{p.x + p.w/2, p.y})
		}
	}
	// The arrow leads to the edge's end, which may be on the left.
	if end := g.Nodes[route[len(route)-1]]; end.Address != g.Edges[i].To {
		slices.Reverse(points)
	}
	fmt.Fprintf(b, `<path d="M%s %s`, px(points[0][0]), px(points[0][1]))
	for j := 1; j < len(points); j++ {
		from, to := points[j-1], points[j]
		half := (to[0] - from[0]) / 2
		fmt.Fprintf(b, "C%s %s %s %s %s %s", px(from[0]+half), px(from[1]), px(to[0]-half), px(to[1]), px(to[0]), px(to[1]))
	}
	dashes := ""
	if g.Edges[i].Indirect {
		dashes = ` stroke-dasharray="4 4"`
	}
	fmt.Fprintf(b, `" marker-end="url(#arrow)"%s/>`+"\n", dashes)
}

// lines are the lines in the node's box, made visible and cut where they are
// too long; the title has them in full.
func (n Node) lines() (first, second string) {
	first, second = n.label()
	return Truncate(diag.Visible(first), maxLabel), Truncate(diag.Visible(second), maxLabel)
}

// svgText writes text for within an element.
func svgText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(diag.Visible(s))) // a Builder takes everything
	return b.String()
}

// px is a length with a tenth of a pixel.
func px(f float64) string { return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0") }
