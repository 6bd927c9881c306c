package spec

import (
	"bytes"
	"slices"
	"strings"

	yaml "gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/resource"
)

// chunk is a top-level key with all that belongs to it: the comments above it
// and the lines below.
type chunk struct {
	rank       int
	from, to   int // lines
	key, value *yaml.Node
}

// orderTop puts the top-level keys in order. Comments at the left edge belong to
// the key below them; those that an empty line parts from the first key, or
// that stand behind the last, stay where they are.
func orderTop(p *page, kinds []*resource.Kind) []edit {
	if len(p.roots) != 1 || len(p.roots[0].Content) != 1 {
		return nil
	}
	doc := p.roots[0].Content[0]
	if doc.Kind != yaml.MappingNode || doc.Style&(yaml.FlowStyle|yaml.TaggedStyle) != 0 || doc.Anchor != "" || len(doc.Content) == 0 {
		return nil
	}
	chunks, ok := p.chunks(doc, kinds)
	byRank := func(a, b chunk) int { return a.rank - b.rank }
	if !ok || slices.IsSortedFunc(chunks, byRank) {
		return nil
	}
	from, to := p.lines[chunks[0].from].start, p.lines[chunks[len(chunks)-1].to].end
	slices.SortStableFunc(chunks, byRank)
	var b strings.Builder
	doc.Content = nil
	for i, c := range chunks {
		if i > 0 {
			b.WriteString("\n\n")
		}
		text := p.data[p.lines[c.from].start:p.lines[c.to].end]
		b.Write(bytes.Trim(text, "\n"))
		doc.Content = append(doc.Content, c.key, c.value)
	}
	return []edit{{from, to, b.String()}}
}

// chunks cuts the document at its top-level keys.
func (p *page) chunks(doc *yaml.Node, kinds []*resource.Kind) ([]chunk, bool) {
	var out []chunk
	before := -1 // the last line that belongs to the key before
	for i := 0; i+1 < len(doc.Content); i += 2 {
		key := doc.Content[i]
		if key.Kind != yaml.ScalarNode || key.Column != 1 {
			return nil, false
		}
		first := key.Line - 1
		for first > before+1 && p.lines[first-1].indent == 0 && (p.lines[first-1].comment || p.lines[first-1].blank && i > 0) {
			first--
		}
		if i > 0 {
			// Lines that are indented, comments among them, belong above.
			out[len(out)-1].to = first - 1
		}
		out = append(out, chunk{rank: rank(key.Value, doc.Content[i+1], kinds), from: first, key: key, value: doc.Content[i+1]})
		before = key.Line - 1
	}
	last := len(p.lines) - 1
	for last > before && p.lines[last].scalar == nil && (p.lines[last].blank || p.lines[last].comment && p.lines[last].indent == 0) {
		last--
	}
	out[len(out)-1].to = last
	for i := out[0].from; i < len(p.lines); i++ {
		if l := p.lines[i]; l.scalar == nil && (bytes.HasPrefix(p.data[l.start:], []byte("---")) || bytes.HasPrefix(p.data[l.start:], []byte("..."))) {
			return nil, false
		}
	}
	return out, true
}

// rank is a top-level key's place in the order.
func rank(key string, value *yaml.Node, kinds []*resource.Kind) int {
	const sections = 10
	own := strings.HasPrefix(key, "x-") || key == "<<"
	switch {
	case key == keyVersion:
		return 0
	case key == keyInclude:
		return 1
	case own && anchored(value):
		return 2 // what is used below must stand above
	case key == keyVars:
		return 3
	case key == keySecrets:
		return 4
	case key == keyMoved:
		return sections + len(kinds) + 1
	case key == keyRemoved:
		return sections + len(kinds) + 2
	case own:
		return sections + len(kinds) + 3
	}
	for i, k := range kinds {
		if k.Section == key {
			return sections + i
		}
	}
	return sections + len(kinds)
}

func anchored(n *yaml.Node) bool {
	return n.Anchor != "" || slices.ContainsFunc(n.Content, anchored)
}
