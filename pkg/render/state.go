package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// State writes for people what a state holds: a line for each resource, and the
// doubts that are not settled.
func State(w io.Writer, style Style, s *state.State) error {
	p := NewPrinter(w, style)
	var rows [][]string
	for _, a := range s.Resources.Addresses() {
		r := s.Resources[a]
		rows = append(rows, []string{style.Bold(diag.Visible(a.String())), named(r.DisplayName()), diag.Visible(r.ID), style.Yellow(remarks(r))})
	}
	p.Table(rows)
	if len(rows) == 0 {
		p.Line("The state holds no resources.")
	}
	if len(s.Doubts) > 0 {
		p.Line()
		p.Line(p.Bold(headDoubts))
		p.Line()
		for _, d := range s.Doubts {
			p.Line("  " + p.mark(markWaits) + " " + p.Bold(diag.Visible(d.Address.String())) + " (" + named(d.Name) + ")")
		}
	}
	return p.Err()
}

const headDoubts = "Sent, and the answer was not seen (the next plan looks for them):"

// remarks are what is particular about a recorded resource.
func remarks(r *resource.Resource) string {
	var out []string
	if r.Protect {
		out = append(out, "protected")
	}
	if r.Waiting != nil {
		out = append(out, "waits for authorisation")
	}
	return strings.Join(out, ", ")
}

// UnknownResourceError says that a state does not hold an address.
type UnknownResourceError struct{ Address resource.Address }

func (e *UnknownResourceError) Error() string { return fmt.Sprintf("the state holds no %s", e.Address) }

// Resource writes for people all that a state holds of one resource.
func Resource(w io.Writer, style Style, s *state.State, a resource.Address) error {
	r := s.Resources[a]
	if r == nil {
		return &UnknownResourceError{a}
	}
	p := NewPrinter(w, style)
	p.Line(p.Dim("# ") + p.Bold(diag.Visible(a.String())))
	p.Printf("%s", recorded(r))
	return p.Err()
}

// recorded is a recorded resource as a manifest would have it.
func recorded(r *resource.Resource) string {
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			b.WriteString(key + ": " + value + "\n")
		}
	}
	line("id", scalar(r.ID, false))
	var needs []any
	for _, n := range r.Needs {
		needs = append(needs, n.String())
	}
	if len(needs) > 0 {
		line("needs", inline(needs))
	}
	if r.Protect {
		line("protect", "true")
	}
	if r.Waiting != nil {
		line("waiting", inline(resource.Object{"status": r.Waiting.Status, "detail": r.Waiting.Detail}))
	}
	writeMembers(&b, "object", r.Object, "")
	if len(r.Kept) > 0 {
		writeMembers(&b, "kept", r.Kept, "")
	}
	return b.String()
}

// writeMembers writes key and value in block form.
func writeMembers(b *strings.Builder, key string, v any, indent string) {
	b.WriteString(indent + scalar(key, true) + ":")
	o, isObject := v.(resource.Object)
	switch {
	case isObject && len(o) > 0:
		b.WriteByte('\n')
		for _, k := range resource.Keys(o) {
			writeMembers(b, k, o[k], indent+"  ")
		}
	case severalLines(v):
		b.WriteString(" |\n")
		for line := range strings.SplitSeq(strings.TrimSuffix(v.(string), "\n"), "\n") {
			b.WriteString(strings.TrimRight(indent+"  "+shownLine(line), " ") + "\n")
		}
	default:
		b.WriteString(" " + inline(v) + "\n")
	}
}

// stateLine says which state it is.
func stateLine(s *state.State) string {
	line := Count(len(s.Resources), "resource")
	if len(s.Doubts) > 0 {
		line += ", " + Count(len(s.Doubts), "doubt")
	}
	return fmt.Sprintf("State: %s, serial %d.", line, s.Serial)
}

func stateEntries(s *state.State) (held, doubts []entry) {
	for _, a := range s.Resources.Addresses() {
		r := s.Resources[a]
		e := entry{Mark: markNone, Address: diag.Visible(a.String()), Name: named(r.DisplayName()), ID: diag.Visible(r.ID), Text: recorded(r)}
		if about := remarks(r); about != "" {
			e.Notes = []string{about}
		}
		held = append(held, e)
	}
	for _, d := range s.Doubts {
		doubts = append(doubts, entry{Mark: markWaits, Address: diag.Visible(d.Address.String()), Name: named(d.Name)})
	}
	return held, doubts
}

// StateMarkdown writes what a state holds as a comment for a code host, under
// the rules of [PlanMarkdown].
func StateMarkdown(w io.Writer, s *state.State) error {
	held, doubts := stateEntries(s)
	var folds []fold
	if len(held) > 0 {
		folds = append(folds, fold{Count(len(held), "resource"), false, entryLines(held)})
	}
	if len(doubts) > 0 {
		folds = append(folds, fold{strings.TrimSuffix(headDoubts, ":"), true, entryLines(doubts)})
	}
	return writeMarkdown(w, "**"+stateLine(s)+"**\n", folds)
}

// StateHTML writes what a state holds as a page of its own, which loads nothing.
func StateHTML(w io.Writer, s *state.State) error {
	held, doubts := stateEntries(s)
	pg := page{Title: "State", Sums: stateLine(s)}
	if s.Deployment != "" {
		pg.Remarks = append(pg.Remarks, "Deployment: "+diag.Visible(s.Deployment))
	}
	if s.Organization != "" {
		pg.Remarks = append(pg.Remarks, fmt.Sprintf("Organisation: %s (id %s)", named(s.OrganizationName), diag.Visible(s.Organization)))
	}
	if len(held) > 0 {
		pg.Sections = append(pg.Sections, pageSection{Count(len(held), "resource"), true, held})
	}
	if len(doubts) > 0 {
		pg.Sections = append(pg.Sections, pageSection{strings.TrimSuffix(headDoubts, ":"), true, doubts})
	}
	return pg.write(w)
}
