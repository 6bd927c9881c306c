package spec

import (
	"bytes"
	"slices"
	"strings"

	yaml "gopkg.in/yaml.v3"
)

// page is a text taken apart for formatting: where its scalars, comments and
// brackets are. The YAML parser tells where things begin, not where they end.
type page struct {
	*source
	roots    []*yaml.Node
	scalars  []piece // scalars and aliases with their tags and anchors, in order
	comments []piece
	closes   map[int]int // from the offset of a bracket to behind the one that closes it
	at       map[*yaml.Node]piece
	lines    []lineInfo // from 0
}

// piece is a stretch of text.
type piece struct {
	from, to int
	node     *yaml.Node // of a scalar
	margin   int        // of a block of text: the indentation of its lines
}

// lineInfo says what a line begins with.
type lineInfo struct {
	start, end int // end without the line end
	indent     int
	scalar     *piece // it begins within this scalar
	flow       int    // it begins within so many brackets
	comment    bool   // nothing but a comment
	blank      bool   // nothing, and not part of a scalar
}

// scan takes a text apart, whose lines end in LF. It is false for what the
// formatter does not understand.
func scan(data []byte) (*page, bool) {
	roots, err := decode(data)
	if err != nil {
		return nil, false
	}
	p := &page{source: newSource("", data), roots: roots, closes: map[int]int{}, at: map[*yaml.Node]piece{}}
	for _, root := range roots {
		if !p.find(root) {
			return nil, false
		}
	}
	return p, p.walk()
}

// find lists the scalars at and below n, in the order of the text.
func (p *page) find(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
		from := p.offset(n.Line, n.Column)
		pc, ok := p.extent(n, from)
		if !ok {
			return false
		}
		if last := len(p.scalars) - 1; last >= 0 && pc.from < p.scalars[last].to {
			if pc.from != pc.to { // nothing is nowhere in particular
				return false
			}
			pc.from, pc.to = p.scalars[last].to, p.scalars[last].to
		}
		p.scalars = append(p.scalars, pc)
		p.at[n] = pc
		return true
	}
	for _, c := range n.Content {
		if !p.find(c) {
			return false
		}
	}
	return true
}

// properties is where the value itself begins, behind its tag and anchor. They
// must stand on its line.
func (p *page) properties(n *yaml.Node, at int) (int, bool) {
	left := 0
	if n.Anchor != "" {
		left++
	}
	if n.Style&yaml.TaggedStyle != 0 {
		left++
	}
	for ; left > 0; left-- {
		if at >= len(p.data) || p.data[at] != '&' && p.data[at] != '!' {
			return at, false
		}
		for at < len(p.data) && !strings.ContainsRune(" \t\n,[]{}", rune(p.data[at])) {
			at++
		}
		for at < len(p.data) && (p.data[at] == ' ' || p.data[at] == '\t') {
			at++
		}
	}
	return at, true
}

// extent is the stretch of the scalar n, which begins at from.
func (p *page) extent(n *yaml.Node, from int) (piece, bool) {
	pc := piece{from: from, to: from, node: n}
	if n.Kind == yaml.AliasNode {
		pc.to = from + 1 + len(n.Value)
		return pc, pc.to <= len(p.data) && string(p.data[from:pc.to]) == "*"+n.Value
	}
	at, ok := p.properties(n, from)
	if !ok {
		return pc, false
	}
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		if at >= len(p.data) || p.data[at] != '\'' && p.data[at] != '"' {
			return pc, false
		}
		pc.to = quotedEnd(p.data, at)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return p.blockExtent(n, pc, at)
	default:
		// Without quotes all is as it is written, but for the blanks between words.
		for _, r := range []byte(n.Value) {
			if r == ' ' || r == '\n' || r == '\t' {
				continue
			}
			for at < len(p.data) && strings.IndexByte(" \t\n", p.data[at]) >= 0 {
				at++
			}
			if at >= len(p.data) || p.data[at] != r {
				return pc, false
			}
			at++
			pc.to = at
		}
	}
	return pc, true
}

// blockExtent is the stretch of a literal or folded text whose head stands at at.
func (p *page) blockExtent(n *yaml.Node, pc piece, at int) (piece, bool) {
	if at >= len(p.data) || p.data[at] != '|' && p.data[at] != '>' {
		return pc, false
	}
	head, keep := at, false
	for at < len(p.data) && strings.IndexByte("|>+-0123456789", p.data[at]) >= 0 {
		keep = keep || p.data[at] == '+'
		at++
	}
	pc.to = at
	first := p.source.at(head).Line // the line after the head, from 0
	row := func(i int) string { return p.source.line(i + 1) }
	blank := func(s string) bool { return strings.Trim(s, " ") == "" }
	inValue := ""
	for _, l := range strings.Split(n.Value, "\n") {
		if !blank(l) {
			inValue = l
			break
		}
	}
	last := first - 1
	if inValue != "" {
		i := first
		for i < len(p.starts) && blank(row(i)) {
			i++
		}
		if i == len(p.starts) {
			return pc, false
		}
		lead := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
		pc.margin = lead(row(i)) - lead(inValue)
		if pc.margin < 0 {
			return pc, false
		}
		for ; i < len(p.starts); i++ {
			switch l := row(i); {
			case blank(l):
			case lead(l) < pc.margin, pc.margin == 0 && (strings.HasPrefix(l, "---") || strings.HasPrefix(l, "...")):
				i = len(p.starts)
			default:
				last = i
			}
		}
	}
	// Empty lines behind it count with "+", and where they hold blanks.
	for i := last + 1; i < len(p.starts) && blank(row(i)); i++ {
		if l := row(i); keep && (i < len(p.starts)-1 || l != "") || len(l) > pc.margin && inValue != "" {
			last = i
		}
	}
	if last >= first {
		pc.to = p.starts[last] + len(row(last))
	}
	return pc, true
}

// walk finds comments and brackets, which stand outside of all scalars, and
// what each line begins with.
func (p *page) walk() bool {
	p.lines = make([]lineInfo, len(p.starts))
	for i, start := range p.starts {
		text := p.source.line(i + 1)
		p.lines[i] = lineInfo{start: start, end: start + len(text), indent: len(text) - len(strings.TrimLeft(text, " ")), blank: strings.Trim(text, " \t") == ""}
	}
	var open []int
	next, line := 0, 0
	for at := 0; at <= len(p.data); {
		for next < len(p.scalars) && p.scalars[next].to == p.scalars[next].from && p.scalars[next].from <= at {
			next++
		}
		for line < len(p.lines) && p.lines[line].start <= at {
			p.lines[line].flow = len(open)
			line++
		}
		if at == len(p.data) {
			break
		}
		if next < len(p.scalars) && at == p.scalars[next].from {
			s := &p.scalars[next]
			for line < len(p.lines) && p.lines[line].start < s.to {
				p.lines[line].scalar, p.lines[line].blank, p.lines[line].flow = s, false, len(open)
				line++
			}
			// An empty last line of a text that keeps its empty lines.
			for line < len(p.lines) && p.lines[line].start == s.to && p.lines[line].start == p.lines[line].end && s.margin > 0 && s.to > s.from && p.data[s.to-1] == '\n' {
				p.lines[line].scalar, p.lines[line].blank = s, false
				line++
			}
			at = s.to
			next++
			continue
		}
		switch c := p.data[at]; {
		case c == '#' && (at == 0 || strings.IndexByte(" \t\n", p.data[at-1]) >= 0):
			end := len(p.data)
			if i := bytes.IndexByte(p.data[at:], '\n'); i >= 0 {
				end = at + i
			}
			p.comments = append(p.comments, piece{from: at, to: end})
			if l := &p.lines[line-1]; strings.Trim(string(p.data[l.start:at]), " \t") == "" {
				l.comment = true
			}
			at = end
			continue
		case c == '[' || c == '{':
			open = append(open, at)
		case c == ']' || c == '}':
			if len(open) == 0 {
				return false
			}
			p.closes[open[len(open)-1]] = at + 1
			open = open[:len(open)-1]
		case c == '?' && (at+1 == len(p.data) || strings.IndexByte(" \t\n", p.data[at+1]) >= 0):
			return false // a key that is no word
		case c == '\t' && p.lines[line-1].indent == at-p.lines[line-1].start && !p.lines[line-1].blank && p.lines[line-1].flow == 0:
			return false // a tab for indentation, where the parser lets it pass
		}
		at++
	}
	return len(open) == 0
}

// within reports whether there is a comment between from and to.
func (p *page) within(from, to int) bool {
	i, _ := slices.BinarySearchFunc(p.comments, from, func(c piece, at int) int { return c.from - at })
	return i < len(p.comments) && p.comments[i].from < to
}

// inScalar reports whether at lies within a scalar, not at its beginning.
func (p *page) inScalar(at int) bool {
	i, found := slices.BinarySearchFunc(p.scalars, at, func(s piece, at int) int { return s.from - at })
	for ; i >= 0; i-- {
		// Empty scalars may stand where others do.
		if i < len(p.scalars) && p.scalars[i].to > p.scalars[i].from && (p.scalars[i].from < at || !found) {
			return p.scalars[i].from < at && at < p.scalars[i].to
		}
	}
	return false
}
