package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/polyplan/polyplan/pkg/diag"
)

// mermaid is a flowchart as GitHub and many editors draw it. Identities are our
// own, so that no name can be taken for a keyword.
func (g Graph) mermaid() string {
	var b strings.Builder
	direction := "RL" // arrows lead to what is needed, which comes first
	if g.Flow {
		direction = "LR"
	}
	b.WriteString("flowchart " + direction + "\n")
	kinds, index := g.kinds(), g.index()
	for i, kind := range kinds {
		c := colourOf(kinds, kind)
		fmt.Fprintf(&b, "  classDef k%d fill:%s,stroke:%s,color:%s\n", i, c.fill, c.stroke, inkColour)
	}
	for i, n := range g.Nodes {
		first, second := n.label()
		text := mermaidText(first)
		if second != "" {
			text += "<br/>" + mermaidText(second)
		}
		kind, _ := slices.BinarySearch(kinds, n.Kind)
		fmt.Fprintf(&b, "  n%d[\"%s\"]:::k%d\n", i, text, kind)
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Indirect {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", index[e.From], arrow, index[e.To])
	}
	return b.String()
}

// mermaidText writes text for within a quoted label: whatever HTML, Markdown or
// mermaid itself would act on becomes mermaid's #code;.
func mermaidText(s string) string {
	var b strings.Builder
	runes := []rune(diag.Visible(s))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for i, r := range runes {
		harmless := false
		switch {
		case r == 'ﬂ' || r == '¶': // mermaid's own marks for the codes, while it works
		case r == ' ' || r == ',':
			harmless = true
		case r == '.' || r == '-' || r == '_':
			// Between letters only: elsewhere it may begin a list or stress a word.
			harmless = word(at(i-1)) && word(at(i+1))
		default:
			harmless = word(r) || r > unicode.MaxLatin1
		}
		if harmless {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

// dot is the graph for Graphviz.
func (g Graph) dot() string {
	var b strings.Builder
	direction := "RL"
	if g.Flow {
		direction = "LR"
	}
	fmt.Fprintf(&b, "digraph {\n  charset=\"UTF-8\"\n  rankdir=%s\n  bgcolor=\"transparent\"\n", direction)
	fmt.Fprintf(&b, "  node [shape=box style=\"rounded,filled\" fontname=\"monospace\" fontcolor=\"%s\"]\n  edge [color=\"%s\"]\n", inkColour, edgeColour)
	kinds, index := g.kinds(), g.index()
	for i, n := range g.Nodes {
		first, second := n.label()
		text := dotText(first)
		if second != "" {
			text += `\n` + dotText(second)
		}
		c := colourOf(kinds, n.Kind)
		fmt.Fprintf(&b, "  n%d [label=\"%s\" fillcolor=\"%s\" color=\"%s\"]\n", i, text, c.fill, c.stroke)
	}
	for _, e := range g.Edges {
		style := ""
		if e.Indirect {
			style = " [style=dashed]"
		}
		fmt.Fprintf(&b, "  n%d -> n%d%s\n", index[e.From], index[e.To], style)
	}
	b.WriteString("}\n")
	return b.String()
}

// dotText writes text for within a quoted label, in which Graphviz reads
// backslashes and, of HTML, entities.
func dotText(s string) string { return dotEscapes.Replace(diag.Visible(s)) }

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`)

// json is the graph for programs.
func (g Graph) json() string {
	type node struct {
		Address string `json:"address"`
		Kind    string `json:"kind"`
		Name    string `json:"name"`
		Action  string `json:"action,omitempty"`
	}
	type edge struct {
		From     string `json:"from"`
		To       string `json:"to"`
		Indirect bool   `json:"indirect,omitempty"`
	}
	doc := struct {
		FormatVersion string `json:"format_version"`
		Nodes         []node `json:"nodes"`
		Edges         []edge `json:"edges"`
	}{"1.0", []node{}, []edge{}}
	for _, n := range g.Nodes {
		doc.Nodes = append(doc.Nodes, node(n))
	}
	for _, e := range g.Edges {
		doc.Edges = append(doc.Edges, edge(e))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		panic("render: a graph holds what JSON has no form for: " + err.Error())
	}
	return visibleJSON(b.String())
}

// visibleJSON writes the characters that act instead of showing as JSON's own
// escapes: programs read the same value, terminals no command.
func visibleJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || diag.Visible(string(r)) == string(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
