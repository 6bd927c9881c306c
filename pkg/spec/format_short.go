package spec

import (
	"strings"

	yaml "gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/resource"
)

// shortener writes the short form where the long one says no more.
type shortener struct {
	*page
	out []edit
}

// shortForms makes {source: a.b} a.b, {model: a, field: b} a.b, and [a] a, where
// the table of the field allows that.
func shortForms(p *page, kinds []*resource.Kind) []edit {
	s := &shortener{page: p}
	for _, root := range p.roots {
		for _, doc := range root.Content {
			pairs(doc, func(section string, key, resources *yaml.Node) {
				for _, k := range kinds {
					if k.Section != section {
						continue
					}
					whole := &resource.Field{Type: resource.Struct, Fields: k.Fields, Short: k.Short}
					if k.Singleton {
						s.value(whole, key, resources)
						continue
					}
					pairs(resources, func(_ string, key, r *yaml.Node) { s.value(whole, key, r) })
				}
			})
		}
	}
	return s.out
}

// pairs calls f for the keys of a map that are words.
func pairs(n *yaml.Node, f func(name string, key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Kind == yaml.ScalarNode {
			f(key.Value, key, n.Content[i+1])
		}
	}
}

func (s *shortener) members(fields []resource.Field, n *yaml.Node) {
	pairs(n, func(name string, key, value *yaml.Node) {
		if f := resource.Lookup(fields, name); f != nil {
			s.value(f, key, value)
		}
	})
}

// value shortens the value n of the field f. The key it stands under is nil for
// the elements of lists.
func (s *shortener) value(f *resource.Field, key, n *yaml.Node) {
	switch {
	case n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		// An alias elsewhere may want it as it is.
	case f.Type == resource.Struct && n.Kind == yaml.MappingNode:
		if f.Short != "" && len(n.Content) == 2 && n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Value == f.Short && n.Content[0].Tag == "!!str" && s.replace(key, n, n.Content[1]) {
			return
		}
		s.members(f.Fields, n)
	case f.Type == resource.SourceRef && n.Kind == yaml.MappingNode:
		s.source(key, n)
	case f.Type == resource.List && n.Kind == yaml.SequenceNode:
		if f.OneOrList && len(n.Content) == 1 && f.Elem.Type != resource.List && s.replace(key, n, n.Content[0]) {
			return
		}
		for _, item := range n.Content {
			s.value(f.Elem, nil, item)
		}
	case f.Type == resource.Map && n.Kind == yaml.MappingNode:
		pairs(n, func(_ string, key, value *yaml.Node) { s.value(f.Elem, key, value) })
	}
}

// plainWord reports whether n is a string without quotes and without doubt.
func plainWord(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.Anchor == "" && bare(n.Value)
}

// source makes {model: a, field: b} a.b.
func (s *shortener) source(key, n *yaml.Node) {
	var model, field *yaml.Node
	pairs(n, func(name string, _, value *yaml.Node) {
		switch name {
		case resource.SourceKind:
			model = value
		case "field":
			field = value
		}
	})
	if model == nil || field == nil || len(n.Content) != 4 || !plainWord(model) || !plainWord(field) || !resource.ValidName(model.Value) {
		return
	}
	text := model.Value + "." + field.Value
	if from, to, ok := s.extentOf(key, n); ok && bare(text) {
		s.put(key, from, to, text)
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	}
}

// replace writes inner, a scalar on one line, in the place of n, which holds
// nothing else.
func (s *shortener) replace(key, n, inner *yaml.Node) bool {
	if inner.Kind != yaml.ScalarNode || inner.Tag == "!!null" || inner.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return false
	}
	at := s.at[inner]
	text := string(s.data[at.from:at.to])
	from, to, ok := s.extentOf(key, n)
	if !ok || text == "" || strings.Contains(text, "\n") {
		return false
	}
	s.put(key, from, to, text)
	*n = *inner
	return true
}

// put replaces the value under key, or of an element.
func (s *shortener) put(key *yaml.Node, from, to int, text string) {
	if key != nil {
		text = " " + text
	}
	s.out = append(s.out, edit{from, to, text})
}

// extentOf is the stretch of a list or map, from behind its key's colon if it
// has a key. It is false if there is a comment in it.
func (s *shortener) extentOf(key, n *yaml.Node) (from, to int, ok bool) {
	from, to, flow := s.flowExtent(n)
	if !flow {
		// In block style it ends with the last thing in it.
		last := n
		for len(last.Content) > 0 {
			if _, end, ok := s.flowExtent(last); ok {
				to = end
				break
			}
			last = last.Content[len(last.Content)-1]
		}
		if end, isScalar := s.at[last]; isScalar {
			to = end.to
		}
		first, isScalar := s.at[n.Content[0]]
		from = first.from
		if !isScalar || n.Kind == yaml.SequenceNode && key == nil {
			return 0, 0, false
		}
	}
	if key != nil {
		colon := s.at[key].to
		for colon < len(s.data) && (s.data[colon] == ' ' || s.data[colon] == '\t') {
			colon++
		}
		if colon == len(s.data) || s.data[colon] != ':' {
			return 0, 0, false
		}
		from = colon + 1
	}
	return from, to, from < to && !s.within(from, to)
}
