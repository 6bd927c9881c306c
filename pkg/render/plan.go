package render

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// PlanView is a plan and how to show it.
type PlanView struct {
	Plan    *diff.Plan
	Settled []apply.Settlement
	// Edits tell of objects that drifted who changed them last; nil: nobody asked.
	Edits map[resource.Address]apply.Edit
	// Kinds are the tables, for the manifest's words: with them references are
	// shown as addresses and fields by their aliases. Without them sources alone are.
	Kinds []*resource.Kind
	// Sources are the files that refusals speak of, for their snippets; nil: none.
	Sources diag.Sources
	Width   int  // of the terminal; 0: there is none
	Verbose bool // what does not change too, and values in full

	Warnings   diag.List          // of the manifest against live schemas; errors are among the refusals
	Unverified []check.Unverified // what could not be held against them
}

// The symbols of a plan.
const (
	markCreate  = "+"
	markUpdate  = "~"
	markReplace = "-/+"
	markDelete  = "-"
	markMove    = "→"
	markAdopt   = "&"
	markWaits   = "?"
	markRisk    = "!"
	markOrphan  = "o"
	markForget  = "x"
	markNone    = "="
)

func markOf(a diff.Action) string {
	switch a {
	case diff.Create:
		return markCreate
	case diff.Update:
		return markUpdate
	case diff.Replace:
		return markReplace
	case diff.Delete:
		return markDelete
	case diff.Move:
		return markMove
	case diff.Adopt:
		return markAdopt
	case diff.Orphan:
		return markOrphan
	case diff.Forget:
		return markForget
	}
	return markNone
}

// entry is a resource as all formats show it. All text in it is visible and
// harmless to a terminal; escaping for its format is left.
type entry struct {
	Mark    string
	Action  diff.Action
	Address string
	Name    string // in its quotes
	ID      string
	Notes   []string // in parentheses
	Fields  []fieldRow
	Risks   []string
	More    string // what to do, or what it is about
	Text    string // the whole of it, in lines
}

// fieldRow is a field of an entry.
type fieldRow struct {
	Mark          string // "+", "~" or "-"
	Path          string
	Before, After string // in one line; of a secret's change there is After alone
	Lines         []textLine
	Note          string
}

// sheet is a plan as all formats show it.
type sheet struct {
	Settled, Drift, Steps, Blocked, Orphans, Waits []entry
	Open                                           []entry // what could not be verified
	Errors, Warnings                               diag.List
	Refusals                                       diag.List
	Summary                                        diff.Summary
}

func (v PlanView) sheet() sheet {
	sh := sheet{Summary: v.Plan.Summary()}
	names := map[resource.Address]*diff.Step{}
	for i := range v.Plan.Steps {
		s := &v.Plan.Steps[i]
		names[s.Address] = s
		e := v.step(s)
		switch {
		case s.Blocked != "" && s.Action == diff.NoOp:
			sh.Blocked = append(sh.Blocked, v.blocked(s, e))
		case s.Action == diff.Orphan:
			sh.Orphans = append(sh.Orphans, e)
		case s.Action != diff.NoOp || v.Verbose:
			sh.Steps = append(sh.Steps, e)
		}
		if s.Waiting != nil {
			sh.Waits = append(sh.Waits, waitingEntry(s.Address, s.Name, s.Waiting))
		}
	}
	for _, d := range v.Plan.Drift {
		sh.Drift = append(sh.Drift, v.driftEntry(d, names[d.Address]))
	}
	for _, s := range v.Settled {
		e := entry{Mark: markNone, Address: diag.Visible(s.Intent.Address.String()), Name: named(s.Intent.Name), More: "it was not made"}
		if s.ID != "" {
			e.More = "it was made, and is " + diag.Visible(s.ID)
		}
		sh.Settled = append(sh.Settled, e)
	}
	for _, r := range v.Plan.Refusals {
		sh.Refusals.Add(r.Diagnostic())
	}
	sh.Refusals = v.Sources.Annotate(sh.Refusals).Sorted()
	sh.Warnings = v.Sources.Annotate(v.Warnings).Sorted()
	sh.Open = unverifiedEntries(v.Unverified)
	return sh
}

func (v PlanView) kind(name string) *resource.Kind {
	for _, k := range v.Kinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

func (v PlanView) step(s *diff.Step) entry {
	e := entry{Mark: markOf(s.Action), Action: s.Action, Address: diag.Visible(s.Address.String()), Name: named(s.Name)}
	switch s.Action {
	case diff.Delete, diff.Replace, diff.Adopt, diff.Orphan, diff.Forget:
		e.ID = diag.Visible(s.ID) // which object is meant matters here
	case diff.Move:
		e.Notes = append(e.Notes, "was "+diag.Visible(s.From.String()))
	}
	if s.Reason != "" && s.Action != diff.Orphan {
		e.Notes = append(e.Notes, diag.Visible(s.Reason))
	}
	if s.Protect && v.Verbose {
		e.Notes = append(e.Notes, "protected")
	}
	w := wording{kind: v.kind(s.Address.Kind), root: s.After, names: s.Names}
	e.Fields = v.fields(&w, s.Changes, s.Action == diff.Replace)
	for _, r := range s.Risks {
		e.Risks = append(e.Risks, diag.Visible(r))
	}
	return e
}

// blocked is the entry of a step that is not taken. Of an object that is not
// there all is known that a plan can say: that it would be made.
func (v PlanView) blocked(s *diff.Step, e entry) entry {
	e.Mark = markRisk
	if s.ID == "" && !v.Verbose {
		e.Fields = nil
	}
	e.More = diag.Visible(s.Blocked)
	return e
}

func waitingEntry(a resource.Address, name string, wait *resource.Waiting) entry {
	e := entry{Mark: markWaits, Address: diag.Visible(a.String()), Name: named(name)}
	if wait.Status != "" {
		e.Notes = append(e.Notes, diag.Visible(wait.Status))
	}
	if wait.Detail != "" {
		e.Notes = append(e.Notes, diag.Visible(wait.Detail))
	}
	e.More = authorise(a, wait.Link, wait.Code)
	return e
}

// authorise says how a person gives a connection its consent.
func authorise(a resource.Address, link, code string) string {
	next := "run `polyplan auth " + diag.Visible(a.String()) + "`"
	if link != "" {
		next = "open " + shownLink(link)
	}
	if code != "" {
		next += " and enter the code " + quoted(code)
	}
	return next
}

// shownLink is a link of the service's for a person to open, if it is one that
// a browser may open.
func shownLink(link string) string {
	if !webLink(link) {
		return quoted(link) + " (this is no web address: do not open it)"
	}
	return diag.Visible(link)
}

func webLink(link string) bool {
	return (strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://")) && !strings.ContainsAny(link, " \t\r\n\"<>`\\")
}

func (v PlanView) fields(w *wording, changes []diff.Change, replace bool) []fieldRow {
	var out []fieldRow
	for _, c := range changes {
		f, path, immutable := w.at(c.Path)
		row := fieldRow{Mark: markUpdate, Path: diag.Visible(string(path))}
		switch {
		case c.Before == nil:
			row.Mark = markCreate
		case c.After == nil:
			row.Mark = markDelete
		}
		if replace && immutable {
			row.Note = "cannot be changed in place"
		}
		v.fill(&row, w.value(f, c.Before), w.value(f, c.After), c)
		out = append(out, row)
	}
	return out
}

// fill writes what the field was and becomes.
func (v PlanView) fill(row *fieldRow, before, after any, c diff.Change) {
	if whole(c) {
		switch {
		case c.Before == nil:
			row.After = "(secret)"
		case c.After == nil:
			row.Before = "(secret removed)"
		case c.Rekeyed:
			row.After = "(secret, sent again: its fingerprint was made with another key)"
		default:
			row.After = "(secret changed)"
		}
		return
	}
	switch {
	case severalLines(before) && severalLines(after), severalLines(before) && isText(after), isText(before) && severalLines(after):
		row.Lines = textDiff(before.(string), after.(string))
		return
	case severalLines(after) && before == nil:
		row.Lines = v.textLines('+', after.(string))
		return
	case severalLines(before) && after == nil:
		row.Lines = v.textLines('-', before.(string))
		return
	}
	if before != nil {
		row.Before = inline(before)
	}
	if after != nil {
		row.After = inline(after)
	}
	if c.Sensitive && row.Before == row.After {
		row.Before, row.After = "", row.After+" (secret changed)"
	}
	v.fit(row, before, after)
}

func isText(v any) bool { _, ok := v.(string); return ok }

// whole reports whether the field is a secret as a whole, and not a list with
// secrets in it.
func whole(c diff.Change) bool {
	_, b := c.Before.(*resource.Secret)
	_, a := c.After.(*resource.Secret)
	return b || a
}

const (
	// withoutTerminal is how wide a plan is that is read in a log.
	withoutTerminal = 160
	// textShown is how many lines of a text are shown that is new, or goes.
	textShown = 40
	// secondLook is how long values may be whose difference is to be seen.
	secondLook = 2000
)

func (v PlanView) width() int {
	if v.Width <= 0 {
		return withoutTerminal
	}
	return max(v.Width, 60)
}

// fit makes values fit their line. Where both sides of a change do not, they
// are compared: cut in the middle they might look alike.
func (v PlanView) fit(row *fieldRow, before, after any) {
	room := v.width() - 8 - min(Width(row.Path), pathColumn)
	if v.Verbose || Width(row.Before)+Width(row.After) <= room {
		return
	}
	if row.Before == "" || row.After == "" {
		row.Before, row.After = middle(row.Before, room), middle(row.After, room)
		return
	}
	if len(row.Before) <= secondLook && len(row.After) <= secondLook {
		minus, plus := words(row.Before, row.After)
		row.Lines = []textLine{{'-', around(minus)}, {'+', around(plus)}}
	} else {
		row.Lines = []textLine{{'-', cut(row.Before)}, {'+', cut(row.After)}, remark("too long to show; the first difference is at character %s", thousands(differAt(row.Before, row.After)+1))}
	}
	row.Before, row.After = "", ""
}

// around shortens what stays the same in a long line.
func around(parts []textPart) []textPart {
	for i := range parts {
		if !parts[i].Hot && len(parts) > 1 {
			parts[i].Text = middle(parts[i].Text, 60)
		}
	}
	return parts
}

func cut(text string) []textPart { return []textPart{{Text: middle(text, 240)}} }

func differAt(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	for i := range min(len(ra), len(rb)) {
		if ra[i] != rb[i] {
			return i
		}
	}
	return min(len(ra), len(rb))
}

// textLines are the lines of a text that is new, or goes.
func (v PlanView) textLines(mark byte, text string) []textLine {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	rest := 0
	if !v.Verbose && len(lines) > textShown {
		rest = len(lines) - textShown + 1
		lines = lines[:textShown-1]
	}
	var out []textLine
	for _, l := range lines {
		out = append(out, textLine{mark, []textPart{{Text: shownLine(l)}}})
	}
	if rest > 0 {
		out = append(out, remark("… %s more (--verbose shows them)", Count(rest, "line")))
	}
	return out
}

// planLine is the last line of every plan.
func planLine(s diff.Summary) string {
	line := fmt.Sprintf("Plan: %d to create, %d to update, %d to replace, %d to delete", s.Create, s.Update, s.Replace, s.Delete)
	for _, more := range []struct {
		n    int
		verb string
	}{{s.Adopt, "adopt"}, {s.Move, "move"}, {s.Forget, "forget"}} {
		if more.n > 0 {
			line += fmt.Sprintf(", %d to %s", more.n, more.verb)
		}
	}
	if s.Blocked > 0 {
		line += fmt.Sprintf(", %d blocked", s.Blocked)
	}
	if s.Orphan > 0 {
		line += ", " + Count(s.Orphan, "orphan")
	}
	return line + "."
}
