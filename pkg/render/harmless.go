package render

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/polyplan/polyplan/pkg/diag"
)

// commands are what services that run pipelines take out of a log as orders:
// "::add-mask::" where a line begins, "##[", "##vso[" and "##teamcity["
// anywhere, and the marks that fold a log. Whoever can name an object could
// otherwise set variables in the pipeline that plans it.
var commands = regexp.MustCompile(`(?m)^[\t\v\f\r\pZ]*(::)|(##(?:\[|(?i:vso|teamcity)\[)|section_(?:start|end):|travis_(?:fold|time):)`)

// mayCommand quickly finds text that holds no order.
func mayCommand(text string) bool {
	for _, part := range []string{"::", "##", "section_", "travis_"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// guard keeps such orders out of text on its way to a log: it escapes their
// first character, as [diag.Visible] escapes controls. It remembers the line
// that is being written, for an order may come in two pieces. The zero guard
// stands at the start of a line.
type guard struct{ line string }

// remembered is more than the longest order, in bytes.
const remembered = 32

func (g *guard) clean(text string) string {
	before := len(g.line)
	all := g.line + text
	var b strings.Builder
	done := before
	var found [][]int
	if mayCommand(all) {
		found = commands.FindAllStringSubmatchIndex(all, -1)
	}
	for _, m := range found {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		if to <= before {
			continue // it was escaped when it was written, or is none of this text's
		}
		// Of an order whose beginning is written already any other character
		// does as well.
		from = max(from, before)
		b.WriteString(all[done:from])
		fmt.Fprintf(&b, `\x%02x`, all[from])
		done = from + 1
	}
	b.WriteString(all[done:])
	out := b.String()
	g.line += out
	if i := strings.LastIndexByte(g.line, '\n'); i >= 0 {
		g.line = g.line[i+1:]
	}
	if len(g.line) > remembered && strings.TrimSpace(g.line) != "" {
		g.line = "x" + g.line[len(g.line)-remembered:] // no longer where a line begins
	}
	return out
}

// harmless is a line of our own making as it may stand in a log.
func harmless(line string) string { return new(guard).clean(line) }

// exact returns text so that what looks alike is alike: it escapes, other than
// [diag.Visible], the escape character itself, tabs, and every space that is no
// ordinary one.
func exact(text string) string {
	var b strings.Builder
	for i, piece := range strings.Split(text, `\`) {
		if i > 0 {
			b.WriteString(`\\`)
		}
		for _, r := range diag.Visible(piece) {
			if r != ' ' && unicode.Is(unicode.Zs, r) {
				fmt.Fprintf(&b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
