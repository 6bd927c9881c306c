package spec

import (
	"strings"

	yaml "gopkg.in/yaml.v3"
)

// spaces puts one space behind each colon, and writes what stands in brackets
// on one line as in {a: b} and [a, b].
func spaces(p *page) []edit {
	var out []edit
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if from, to, ok := p.flowExtent(n); ok {
			if text, ok := p.flowText(n); ok && text != string(p.data[from:to]) {
				out = append(out, edit{from, to, text})
			}
			return
		}
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				out = append(out, p.colon(p.at[c].to)...)
			}
			walk(c)
		}
	}
	for _, root := range p.roots {
		walk(root)
	}
	return out
}

// colon puts right the blanks around the colon that follows the key ending at at.
func (p *page) colon(at int) []edit {
	skip := func(at int) int {
		for at < len(p.data) && (p.data[at] == ' ' || p.data[at] == '\t') {
			at++
		}
		return at
	}
	colon := skip(at)
	if colon == len(p.data) || p.data[colon] != ':' {
		return nil
	}
	var out []edit
	if colon > at && p.data[at-1] != ':' && !p.isAlias(at) {
		out = append(out, edit{at, colon, ""})
	}
	value := skip(colon + 1)
	if value == len(p.data) || p.data[value] == '\n' || p.data[value] == '#' || value == colon+1 {
		return out
	}
	if string(p.data[colon+1:value]) != " " {
		out = append(out, edit{colon + 1, value, " "})
	}
	return out
}

// isAlias reports whether an alias ends at at: its name would swallow the colon.
func (p *page) isAlias(at int) bool {
	for i := at - 1; i >= 0 && strings.IndexByte(" \t\n,[]{}", p.data[i]) < 0; i-- {
		if p.data[i] == '*' {
			return true
		}
	}
	return false
}

// flowExtent is the stretch of a list or map in brackets.
func (p *page) flowExtent(n *yaml.Node) (from, to int, ok bool) {
	if n.Kind != yaml.MappingNode && n.Kind != yaml.SequenceNode || n.Style&yaml.FlowStyle == 0 {
		return 0, 0, false
	}
	from = p.offset(n.Line, n.Column)
	at, ok := p.properties(n, from)
	if !ok {
		return 0, 0, false
	}
	to, ok = p.closes[at]
	return from, to, ok
}

// flowText writes what stands in brackets, if it is all on one line.
func (p *page) flowText(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
		s := p.at[n]
		text := string(p.data[s.from:s.to])
		return text, !strings.Contains(text, "\n")
	}
	from, to, ok := p.flowExtent(n)
	if !ok || strings.ContainsRune(string(p.data[from:to]), '\n') || p.within(from, to) {
		return "", false
	}
	at, _ := p.properties(n, from)
	var parts []string
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			text, ok := p.flowText(c)
			if !ok || text == "" {
				return "", false
			}
			parts = append(parts, text)
		}
		return string(p.data[from:at]) + "[" + strings.Join(parts, ", ") + "]", true
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, ok1 := p.flowText(n.Content[i])
		value, ok2 := p.flowText(n.Content[i+1])
		if !ok1 || !ok2 || key == "" {
			return "", false
		}
		if n.Content[i].Kind == yaml.AliasNode {
			key += " "
		}
		if after := strings.TrimLeft(string(p.data[p.at[n.Content[i]].to:to]), " \t"); value == "" && !strings.HasPrefix(after, ":") {
			parts = append(parts, strings.TrimRight(key, " ")) // a key alone, without a colon
			continue
		}
		parts = append(parts, key+": "+value)
	}
	return string(p.data[from:at]) + "{" + strings.Join(parts, ", ") + "}", true
}
