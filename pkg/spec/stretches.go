package spec

import (
	"bytes"
	"runtime"

	yaml "gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/diag"
)

// A large file is parsed stretch by stretch, on all processors and without the
// library's whole tree in memory. It is cut before lines that begin with a letter,
// at the left edge or at the margin of a section's entries, and the YAML parser
// gets each stretch by itself. If what stands before a cut parses, and ends with an
// entry of a block map of the margin of the cut, and what stands behind it parses to
// another block map of that margin, then the two together are one map of the
// entries of both: no quote and no bracket is open at the cut, words and blocks of
// text that go on are indented more, and nothing else before it has a say in how the
// rest is read. Where any of this does not hold the file is parsed as a whole, so
// that stretches decide of nothing but time and memory.

// stretchSize is how many bytes a stretch has, or a few more; the last of a section may
// have less.
const stretchSize = 128 << 10

// stretch is a part of a file that should be a map.
type stretch struct {
	text   []byte
	line   int // how many are before it
	margin int // spaces before its keys

	done  chan struct{} // closed when it is parsed
	root  *yaml.Node    // the map; nil if it is none
	nodes int
}

// stretches cuts the file. It gives none if the file is small or may hold several
// documents.
func (s *source) stretches(size int) (all []*stretch) {
	if len(s.data) < 2*size {
		return nil
	}
	begun := &stretch{done: make(chan struct{})}
	from, inner := 0, 0 // where it begins; the margin of the section's entries, 0 before the first
	cut := func(at, line, margin int) {
		begun.text = s.data[from:at]
		all = append(all, begun)
		begun, from = &stretch{line: line, margin: margin, done: make(chan struct{})}, at
	}
	for line, start := range s.starts {
		if rest := s.data[start:]; bytes.HasPrefix(rest, []byte("...")) || line > 0 && bytes.HasPrefix(rest, []byte("---")) {
			return nil
		}
		text := bytes.TrimLeft(s.data[start:], " ")
		if len(text) == 0 || text[0]|' ' < 'a' || text[0]|' ' > 'z' {
			continue
		}
		large := start-from >= size
		switch margin := len(s.data) - start - len(text); {
		case margin == 0:
			if large || begun.margin > 0 {
				cut(start, line, 0)
			}
			inner = 0
		case inner == 0:
			inner = margin
		case margin == inner && large:
			cut(start, line, margin)
		}
	}
	cut(len(s.data), 0, 0)
	return all
}

// parse parses the stretch by itself.
func (p *stretch) parse() {
	defer close(p.done)
	roots, err := decode(p.text)
	if err != nil || len(roots) != 1 || len(roots[0].Content) != 1 {
		return
	}
	if m := roots[0].Content[0]; marginOf(m) == p.margin && p.place(m) {
		p.root = m
	}
}

// marginOf is how many spaces stand before the keys of a block map, -1 if y is none.
func marginOf(y *yaml.Node) int {
	if y.Kind != yaml.MappingNode || y.Style&yaml.FlowStyle != 0 || len(y.Content) == 0 {
		return -1
	}
	return y.Content[0].Column - 1
}

// place gives nodes their lines in the file, and counts them. It is false where the
// place of one depends on what comes after it: "? a" has a value where the next
// thing stands.
func (p *stretch) place(y *yaml.Node) bool {
	p.nodes++
	y.Line += p.line
	sure := true
	for i, c := range y.Content {
		sure = p.place(c) && sure
		if y.Kind == yaml.MappingNode && i%2 == 1 && c.Kind == yaml.ScalarNode && c.Value == "" && c.Style == 0 {
			sure = sure && c.Line == y.Content[i-1].Line
		}
	}
	return sure
}

// inStretches parses a large file that is one map; false if it cannot.
func inStretches(src *source, size int, found *diag.List) (*node, bool) {
	var own diag.List
	p := newParser(src, &own)
	p.stretches = src.stretches(size)
	if len(p.stretches) < 2 {
		return nil, false
	}
	for _, next := range p.stretches[:min(len(p.stretches), runtime.GOMAXPROCS(0))] {
		go next.parse()
	}
	p.budget = aliasAllowance
	if p.top = p.take(); p.top == nil {
		return nil, false
	}
	n := p.node(p.top, 0)
	if len(p.stretches) > 0 || p.spent { // of the budget, whose end was not known
		src.secrets = nil
		return nil, false
	}
	found.Add(own...)
	return n, true
}

// take waits for the next stretch and has another one parsed meanwhile. It leaves a
// stretch where it is that is no map.
func (p *parser) take() *yaml.Node {
	next := p.stretches[0]
	<-next.done
	if next.root == nil {
		return nil
	}
	if ahead := runtime.GOMAXPROCS(0); len(p.stretches) > ahead {
		go p.stretches[ahead].parse()
	}
	p.stretches = p.stretches[1:]
	p.left += next.nodes
	p.budget += aliasFactor * next.nodes
	if content := next.root.Content; next.margin == 0 {
		p.section = content[len(content)-1]
		p.inner = marginOf(p.section)
	}
	return next.root
}

// more gives the entries of the map y that stand in the next stretch.
func (p *parser) more(y *yaml.Node) []*yaml.Node {
	if len(p.stretches) == 0 {
		return nil
	}
	margin := p.stretches[0].margin
	if top := y == p.top && margin == 0; !top && (y != p.section || margin == 0 || margin != p.inner) {
		return nil
	}
	if root := p.take(); root != nil {
		return root.Content
	}
	return nil
}
