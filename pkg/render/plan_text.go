package render

import (
	"io"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/diff"
)

// Headings of a plan's parts, in all formats.
const (
	headSettled = "An earlier run did not see what became of these:"
	headDrift   = "Changed outside polyplan since the last apply:"
	headSteps   = "To be done:"
	headBlocked = "Left as they are, for a secret is missing:"
	headOrphans = "Orphans, no longer in the manifest and kept (`--prune` deletes them):"
	headWaits   = "Waiting for a person's authorisation:"
	headOpen    = "Not checked against live schemas:"
	noChanges   = "No changes. There is nothing to do."
)

// pathColumn is the widest path that the values of other fields stand aside for.
const pathColumn = 40

// Plan writes a plan for people. Its last line is always the sums.
func Plan(w io.Writer, style Style, view PlanView) error {
	sh := view.sheet()
	p := NewPrinter(w, style)
	planBody(p, sh)
	for _, d := range slices.Concat(sh.Refusals, sh.Warnings) {
		p.Printf("%s\n\n", d.Painted(style.diagnostic(d.Severity)))
	}
	if sh.Summary.Changed()+sh.Summary.Blocked+len(sh.Refusals) == 0 {
		p.Line(noChanges)
	}
	p.Line(style.Bold(planLine(sh.Summary)))
	return p.Err()
}

func planBody(p *Printer, sh sheet) {
	for _, part := range []struct {
		head    string
		entries []entry
		apart   bool // a blank line between entries
	}{
		{headSettled, sh.Settled, false},
		{headDrift, sh.Drift, true},
		{headSteps, sh.Steps, true},
		{headBlocked, sh.Blocked, true},
		{headOrphans, sh.Orphans, false},
		{headWaits, sh.Waits, false},
		{headOpen, sh.Open, false},
	} {
		if len(part.entries) == 0 {
			continue
		}
		p.Line(p.Bold(part.head))
		p.Line()
		for i, e := range part.entries {
			if i > 0 && part.apart && len(e.Fields)+len(part.entries[i-1].Fields) > 0 {
				p.Line()
			}
			p.entry(e)
		}
		p.Line()
	}
}

// title is the first line of an entry.
func (e entry) title(s Style) string {
	line := s.mark(e.Mark) + " " + s.Bold(e.Address)
	if about := e.about(); about != "" {
		line += " (" + about + ")"
	}
	for _, n := range e.Notes {
		line += " " + s.Dim("("+n+")")
	}
	if e.More != "" {
		line += ": " + e.More
	}
	return line
}

func (e entry) about() string {
	var about []string
	if e.Name != "" {
		about = append(about, e.Name)
	}
	if e.ID != "" {
		about = append(about, "id "+e.ID)
	}
	return strings.Join(about, ", ")
}

func (p *Printer) entry(e entry) {
	p.Line("  " + e.title(p.Style))
	column := 0
	for _, f := range e.Fields {
		column = max(column, min(Width(f.Path), pathColumn))
	}
	for _, f := range e.Fields {
		line := "      " + p.mark(f.Mark) + " " + f.Path + ":"
		if v := f.value(p.Style); v != "" {
			line += strings.Repeat(" ", max(0, column-Width(f.Path))) + " " + v
		}
		p.Line(line)
		for _, l := range f.Lines {
			p.Line(strings.TrimRight("          "+p.textLine(l), " "))
		}
	}
	for _, r := range e.Risks {
		p.Line("      " + p.mark(markRisk) + " " + p.Yellow(r))
	}
}

// value is what stands behind a path.
func (f fieldRow) value(s Style) string {
	v := f.Before
	switch {
	case f.Before != "" && f.After != "":
		v = f.Before + s.Dim(" → ") + f.After
	case f.After != "":
		v = f.After
	}
	if f.Note != "" {
		v = strings.TrimLeft(v+" "+s.Dim("("+f.Note+")"), " ")
	}
	return v
}

// textLine is a line of a text with its mark; what changed in it is bold.
func (s Style) textLine(l textLine) string {
	var b strings.Builder
	for _, p := range l.Parts {
		if p.Hot {
			b.WriteString(s.Bold(p.Text))
		} else {
			b.WriteString(p.Text)
		}
	}
	switch l.Mark {
	case '+':
		return s.Green("+ " + b.String())
	case '-':
		return s.Red("- " + b.String())
	case '~':
		return s.Dim("  " + b.String())
	}
	return "  " + b.String()
}

// mark is a symbol in its colour, which says nothing that it does not.
func (s Style) mark(m string) string {
	switch m {
	case markCreate:
		return s.Green(m)
	case markDelete, markReplace:
		return s.Red(m)
	case markUpdate, markWaits, markRisk:
		return s.Yellow(m)
	case markMove, markAdopt, markForget:
		return s.Cyan(m)
	}
	return s.Dim(m)
}

// did is the word for an action that was carried out.
func did(a diff.Action) string {
	switch a {
	case diff.Create:
		return "created"
	case diff.Update:
		return "updated"
	case diff.Replace:
		return "replaced"
	case diff.Delete:
		return "deleted"
	case diff.Adopt:
		return "adopted"
	case diff.Move:
		return "moved"
	case diff.Forget:
		return "forgotten"
	}
	return string(a)
}
