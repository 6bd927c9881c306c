package spec

import (
	"bytes"
	"strings"

	yaml "gopkg.in/yaml.v3"
)

// trimLines cuts blanks at the ends of lines, and empty lines at the ends of
// the text and behind another empty one.
func trimLines(p *page) []edit {
	var out []edit
	empty := true // the line before, or the beginning
	last := 0     // where the last line that stays ends
	for i, l := range p.lines {
		next := len(p.data)
		if i+1 < len(p.lines) {
			next = p.lines[i+1].start
		}
		switch {
		case l.blank && empty:
			out = append(out, edit{l.start, next, ""})
			continue
		case l.blank:
			empty = true
			out = append(out, edit{l.start, l.end, ""})
			continue
		}
		empty = false
		text := p.data[l.start:l.end]
		if trimmed := len(bytes.TrimRight(text, " \t")); trimmed < len(text) && l.scalar == nil && !p.inScalar(l.start+trimmed) && !p.inScalar(l.end) {
			out = append(out, edit{l.start + trimmed, l.end, ""})
		}
		last = i
	}
	// What is left of empty lines at the end goes, too. A block of text takes its
	// line ends from there and is not touched.
	at := p.lines[last]
	block := at.scalar != nil && at.scalar.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if !block && !at.blank {
		for len(out) > 0 && out[len(out)-1].from > at.end {
			out = out[:len(out)-1]
		}
		if string(p.data[at.end:]) != "\n" {
			out = append(out, edit{at.end, len(p.data), "\n"})
		}
	}
	return out
}

// level is a map or a list in the text: where it stands, and where it should.
type level struct {
	old, new int
	list     bool
	value    bool // begun by a value, on a line of its own
}

// indenter finds the right indentation of every line.
type indenter struct {
	*page
	levels []level
	keys   map[int]bool // where the keys of maps begin
	held   []int        // lines of comments that wait for the line after them
	around []level      // the levels before them
	out    []edit
}

// indent gives each level two spaces.
func indent(p *page) []edit {
	x := &indenter{page: p, keys: map[int]bool{}}
	for _, root := range p.roots {
		x.findKeys(root)
	}
	for i, l := range p.lines {
		switch {
		case l.scalar != nil:
			x.inside(l)
		case l.blank:
		case l.flow > 0:
			x.bracketed(l)
		case l.comment:
			if len(x.held) == 0 {
				x.around = append([]level(nil), x.levels...)
			}
			x.held = append(x.held, i)
		case x.marker(l):
			x.release(nil)
			x.levels = nil
		default:
			x.content(l)
		}
	}
	x.release(nil)
	return x.out
}

func (x *indenter) findKeys(n *yaml.Node) {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			x.keys[x.at[c].from] = true
		}
		x.findKeys(c)
	}
}

// marker reports whether a line begins or ends a document.
func (x *indenter) marker(l lineInfo) bool {
	text := string(x.data[l.start:l.end])
	return strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...")
}

func (x *indenter) top() level {
	if len(x.levels) == 0 {
		return level{old: -1, new: -2}
	}
	return x.levels[len(x.levels)-1]
}

func (x *indenter) push(l level) { x.levels = append(x.levels, l) }

// set gives a line its indentation.
func (x *indenter) set(l lineInfo, width int) {
	if l.indent != width {
		x.out = append(x.out, edit{l.start, l.start + l.indent, strings.Repeat(" ", max(0, width))})
	}
}

func (x *indenter) isDash(at, end int) bool {
	return x.data[at] == '-' && (at+1 == end || x.data[at+1] == ' ' || x.data[at+1] == '\t')
}

// content finds the level of a line that begins with a key, a dash or a value.
func (x *indenter) content(l lineInfo) {
	before := x.levels
	if len(x.held) == 0 {
		x.around = before
	}
	at := l.start + l.indent
	dash := x.isDash(at, l.end)
	for len(x.levels) > 0 && (x.top().old > l.indent || x.top().old == l.indent && x.top().list && !dash) {
		x.levels = x.levels[:len(x.levels)-1]
	}
	x.levels = append([]level(nil), x.levels...)
	if t := x.top(); t.old < l.indent || dash && !t.list {
		x.push(level{old: l.indent, new: t.new + 2, list: dash, value: !dash && !x.keys[at]})
	}
	x.set(l, x.top().new)
	x.release(&level{old: l.indent, new: x.top().new})
	for dash {
		inner := at + 1
		for inner < l.end && (x.data[inner] == ' ' || x.data[inner] == '\t') {
			inner++
		}
		if inner == l.end || x.data[inner] == '#' {
			return
		}
		if inner != at+2 || x.data[at+1] != ' ' {
			x.out = append(x.out, edit{at + 1, inner, " "})
		}
		dash = x.isDash(inner, l.end)
		if dash || x.keys[inner] {
			x.push(level{old: inner - l.start, new: x.top().new + 2, list: dash})
		}
		at = inner
	}
}

// release places the comments that waited for the line next, nil for the end.
// One stands like that line, or like the level above that it stood with.
func (x *indenter) release(next *level) {
	for _, i := range x.held {
		l := x.lines[i]
		width, found := 0, false
		if next != nil {
			width, found = next.new, next.old == l.indent
		}
		for j := len(x.around) - 1; j >= 0 && !found; j-- {
			a := x.around[j]
			if a.old == l.indent || next == nil && a.old < l.indent {
				width, found = a.new, true
			}
		}
		x.set(l, width)
	}
	x.held = nil
}

// inside moves a line of a text along with the line that it began on.
func (x *indenter) inside(l lineInfo) {
	s := l.scalar
	text := string(x.data[l.start:l.end])
	blank := strings.Trim(text, " ") == ""
	if s.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		if blank {
			x.set(l, 0)
			return
		}
		if l.flow > 0 {
			x.bracketed(l)
			return
		}
		width := x.top().new + 2
		if x.top().value {
			width -= 2
		}
		// Tabs may stand there, too.
		lead := len(text) - len(strings.TrimLeft(text, " \t"))
		if lead != width || lead != l.indent {
			x.out = append(x.out, edit{l.start, l.start + lead, strings.Repeat(" ", max(1, width))})
		}
		return
	}
	head, _, _ := strings.Cut(string(x.data[s.from:s.to]), "\n")
	width := x.top().new + 2
	if strings.ContainsAny(head[strings.IndexAny(head, "|>"):], "123456789") {
		width = s.margin + x.top().new - x.top().old // it says how far it is indented
	}
	if blank && l.indent <= s.margin {
		x.set(l, 0)
		return
	}
	x.set(l, max(0, l.indent+width-s.margin))
}

// bracketed indents a line within brackets by how many are open.
func (x *indenter) bracketed(l lineInfo) {
	depth := l.flow
	for at := l.start + l.indent; at < l.end && (x.data[at] == ']' || x.data[at] == '}') && l.scalar == nil; at++ {
		depth--
	}
	base := x.top().new
	if x.top().value {
		base -= 2
	}
	text := string(x.data[l.start:l.end])
	lead := len(text) - len(strings.TrimLeft(text, " \t"))
	if width := max(0, base+2*max(0, depth)); lead != width || lead != l.indent {
		x.out = append(x.out, edit{l.start, l.start + lead, strings.Repeat(" ", width)})
	}
}
