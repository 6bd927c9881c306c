package render

import (
	"io"
	"strings"
)

// TextDiff writes what changes between two versions of the text called name,
// line by line; nothing if nothing does.
func TextDiff(w io.Writer, style Style, name, before, after string) error {
	lines := textDiff(before, after)
	if len(lines) == 0 {
		return nil
	}
	p := NewPrinter(w, style)
	p.Line(p.Bold(exact(name) + ":"))
	for _, l := range lines {
		p.Line(strings.TrimRight("  "+p.textLine(l), " "))
	}
	return p.Err()
}
