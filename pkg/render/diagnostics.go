package render

import (
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
)

// Diagnostics writes the findings for people: sorted, a blank line between
// them, and how many there are when there is more than one. It writes nothing
// for an empty list.
func Diagnostics(w io.Writer, style Style, l diag.List) error {
	p := NewPrinter(w, style)
	l = l.Sorted()
	for _, d := range l {
		p.Printf("%s\n\n", d.Painted(style.diagnostic(d.Severity)))
	}
	if len(l) > 1 {
		p.Line(counts(l))
	}
	return p.Err()
}

// diagnostic colours the parts of a finding of the given severity. Nothing is
// said by colour alone: the words are there without it.
func (s Style) diagnostic(severity diag.Severity) diag.Paint {
	grave := s.Red
	if severity != diag.Error {
		grave = s.Yellow
	}
	return func(part diag.Part, text string) string {
		switch part {
		case diag.Place, diag.What:
			return s.Bold(text)
		case diag.SeverityError, diag.SeverityWarning:
			return s.Bold(grave(text))
		case diag.Caret:
			return grave(text)
		case diag.Gutter:
			return s.Dim(text)
		case diag.Label:
			return s.Cyan(text)
		}
		return text
	}
}

// counts returns "2 errors, 1 warning", leaving out what there is none of.
func counts(l diag.List) string {
	var parts []string
	errs, warnings := l.Count()
	if errs > 0 {
		parts = append(parts, Count(errs, "error"))
	}
	if warnings > 0 {
		parts = append(parts, Count(warnings, "warning"))
	}
	return strings.Join(parts, ", ")
}
