package spec

import (
	"bytes"
	"slices"

	yaml "gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Format gives a manifest its canonical layout and keeps its comments: two
// spaces a level, one after a colon and within flow brackets as in {a: b, c: d}
// and [a, b], at most one empty line in a row and none at the ends, lines that
// end in LF and not in blanks. Top-level keys come in the order polyplan,
// include, vars, the kinds' sections, moved, removed, x-*; within a resource
// their order is the author's. A long form that says no more than the short one
// becomes that.
//
// It edits the text where the layout differs, and proves each step by parsing
// the result: the nodes must be the same, or what the step meant to make of
// them, and no comment may be lost. A step that cannot be proved is left out.
// Text that cannot be parsed comes back as it is, with a finding. Formatting
// what is formatted changes nothing.
func Format(name string, src []byte, kinds []*resource.Kind) ([]byte, diag.List) {
	var found diag.List
	text, ok := clean(name, src, &found)
	if !ok {
		return src, found
	}
	text = lineEnds(text)
	if _, err := decode(text); err != nil {
		bad := newSource(name, text)
		bad.broken = true
		found.Add(syntaxError(bad, err))
		// The excerpt is taken here, where it is known what not to show.
		return src, diag.Sources{name: bad.masked()}.Annotate(found)
	}
	unsettled := func() ([]byte, diag.List) {
		found.Add(diag.Diagnostic{Severity: diag.Warning, Pos: diag.Pos{File: name}, Code: "not-formatted", What: "the layout is left as it is",
			Why: "it uses a part of YAML that cannot be moved without risk, such as keys that begin with \"? \"", Fix: "write it more plainly"})
		return src, found
	}
	steps := []func(*page) []edit{
		trimLines,
		func(p *page) []edit { return shortForms(p, kinds) },
		func(p *page) []edit { return orderTop(p, kinds) },
		indent,
		spaces,
		trimLines,
	}
	p, ok := scan(text)
	if !ok {
		return unsettled()
	}
	// One step may make room for another: go on until nothing changes.
	const rounds = 8
	for range rounds {
		before := p.data
		for _, step := range steps {
			if p, ok = p.try(step); !ok {
				return unsettled()
			}
		}
		if bytes.Equal(before, p.data) {
			return p.data, found
		}
	}
	return unsettled()
}

// lineEnds makes every line end an LF.
func lineEnds(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
}

// edit replaces the bytes from from to to.
type edit struct {
	from, to int
	text     string
}

// try carries out a step, if the result can be proved; the step may change the
// page's nodes to what it means to make of them.
func (p *page) try(step func(*page) []edit) (*page, bool) {
	edits := step(p)
	if len(edits) == 0 {
		return p, true
	}
	if text, ok := apply(p.data, edits); ok {
		after, ok := scan(text)
		if ok && slices.EqualFunc(p.roots, after.roots, sameNode) && slices.Equal(p.notes(), after.notes()) {
			return after, true
		}
	}
	return scan(p.data)
}

// apply carries out edits. It is false if they overlap.
func apply(data []byte, edits []edit) ([]byte, bool) {
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return a.to - b.to
	})
	out := make([]byte, 0, len(data)+len(edits))
	at := 0
	for _, e := range edits {
		if e.from < at || e.to < e.from || e.to > len(data) {
			return nil, false
		}
		out = append(out, data[at:e.from]...)
		out = append(out, e.text...)
		at = e.to
	}
	return append(out, data[at:]...), true
}

// sameNode reports whether two nodes say the same in the same order. How they
// are written does not matter, unless it changes what they mean.
func sameNode(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor {
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, sameNode)
}

// notes are the texts of all comments, sorted.
func (p *page) notes() []string {
	var out []string
	for _, c := range p.comments {
		out = append(out, string(bytes.TrimRight(p.data[c.from:c.to], " \t")))
	}
	slices.Sort(out)
	return out
}
