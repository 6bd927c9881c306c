package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
)

// markdownLimit is how long a comment of a code host may be. It counts
// characters; we count bytes, which are no fewer.
const markdownLimit = 65536

// fold is a part of a page that can be folded away. Its head is ours; its lines
// are anybody's, and stand in a fenced block: there nothing acts.
type fold struct {
	head  string
	open  bool
	lines []string
}

// groups are the steps by what they do, that to look at first first.
var groups = []struct {
	action diff.Action
	head   string
	open   bool
}{
	{diff.Delete, "to delete", true}, {diff.Replace, "to replace", true}, {diff.Update, "to update", false},
	{diff.Create, "to create", false}, {diff.Adopt, "to adopt", false}, {diff.Move, "to move", false},
	{diff.Forget, "to forget", false}, {diff.NoOp, "unchanged", false},
}

// PlanMarkdown writes a plan as a comment for a pull request: the sums, then the
// steps by what they do. Names and values stand in fenced blocks, so that they
// mention nobody and link to nothing. What is longer than a comment may be is
// cut, and the last line says so.
func PlanMarkdown(w io.Writer, view PlanView) error {
	sh := view.sheet()
	intro := "**" + planLine(sh.Summary) + "**\n"
	if sh.Summary.Changed()+sh.Summary.Blocked+len(sh.Refusals) == 0 {
		intro = noChanges + "\n\n" + intro
	}
	return writeMarkdown(w, intro, sh.folds())
}

func (sh sheet) folds() []fold {
	var out []fold
	texts := func(l diag.List) []string {
		var lines []string
		for _, d := range l {
			lines = append(lines, strings.Split(d.Text(), "\n")...)
		}
		return lines
	}
	add := func(head string, open bool, lines []string) {
		if len(lines) > 0 {
			out = append(out, fold{head, open, lines})
		}
	}
	add(Count(len(sh.Refusals), "refusal"), true, texts(sh.Refusals))
	add(Count(len(sh.Errors), "error"), true, texts(sh.Errors))
	add(Count(len(sh.Warnings), "warning"), true, texts(sh.Warnings))
	add("Changed outside polyplan since the last apply: "+thousands(len(sh.Drift)), true, entryLines(sh.Drift))
	for _, g := range groups {
		of := sh.of(g.action)
		add(thousands(len(of))+" "+g.head, g.open, entryLines(of))
	}
	add(thousands(len(sh.Blocked))+" left as they are, for a secret is missing", true, entryLines(sh.Blocked))
	add(Count(len(sh.Orphans), "orphan")+", no longer in the manifest and kept (--prune deletes)", false, entryLines(sh.Orphans))
	add(thousands(len(sh.Waits))+" waiting for a person's authorisation", true, entryLines(sh.Waits))
	add(thousands(len(sh.Open))+" not checked against live schemas", false, entryLines(sh.Open))
	add("What became of creates whose answer was lost: "+thousands(len(sh.Settled)), false, entryLines(sh.Settled))
	return out
}

func (sh sheet) of(a diff.Action) []entry {
	var out []entry
	for _, e := range sh.Steps {
		if e.Action == a {
			out = append(out, e)
		}
	}
	return out
}

// entryLines are entries as a diff: the symbol stands first in the line, where
// code hosts look for it to colour the line.
func entryLines(entries []entry) []string {
	var out []string
	for i, e := range entries {
		if i > 0 && len(e.Fields)+len(entries[i-1].Fields) > 0 {
			out = append(out, "")
		}
		out = append(out, e.title(Style{}))
		for _, f := range e.Fields {
			out = append(out, strings.TrimRight(f.Mark+"   "+f.Path+": "+f.value(Style{}), " "))
			for _, l := range f.Lines {
				mark := string(l.Mark)
				if l.Mark == '~' {
					mark = " "
				}
				out = append(out, strings.TrimRight(mark+"     "+l.Plain(), " "))
			}
		}
		for _, r := range e.Risks {
			out = append(out, markRisk+"   "+r)
		}
	}
	return out
}

// endlessLine is how wide a line of a page may be.
const endlessLine = 2000

// writeMarkdown writes the folds after the intro, as far as there is room.
func writeMarkdown(w io.Writer, intro string, folds []fold) error {
	var b strings.Builder
	b.WriteString(intro)
	all, shown := 0, 0
	for _, f := range folds {
		all += len(f.lines)
	}
	room := markdownLimit - len(intro) - len(cutLine(all, all))
	for _, f := range folds {
		text, n := f.markdown(room)
		b.WriteString(text)
		room -= len(text)
		if shown += n; n < len(f.lines) {
			b.WriteString(cutLine(shown, all))
			break
		}
	}
	p := NewPrinter(w, Style{})
	p.Printf("%s", b.String())
	return p.Err()
}

func cutLine(shown, all int) string {
	return fmt.Sprintf("\nCut here, for a comment can hold no more: %s of %s lines are shown.\n", thousands(shown), thousands(all))
}

// markdown is as much of a fold as there is room for, and how many of its lines.
func (f fold) markdown(room int) (string, int) {
	open := ""
	if f.open {
		open = " open"
	}
	lines := make([]string, len(f.lines))
	for i, l := range f.lines {
		lines[i] = harmless(middle(diag.Visible(l), endlessLine))
	}
	fence := fenceFor(lines)
	begin := fmt.Sprintf("\n<details%s><summary>%s</summary>\n\n%sdiff\n", open, f.head, fence)
	end := fence + "\n\n</details>\n"
	room -= len(begin) + len(end)
	var b strings.Builder
	n := 0
	for _, l := range lines {
		if room -= len(l) + 1; room < 0 {
			break
		}
		b.WriteString(l + "\n")
		n++
	}
	if n == 0 {
		return "", 0
	}
	return begin + b.String() + end, n
}

// fenceFor is a fence that no line can close: longer than any run of backticks.
func fenceFor(lines []string) string {
	longest := 2
	for _, l := range lines {
		run := 0
		for i := range len(l) {
			if l[i] != '`' {
				run = 0
				continue
			}
			run++
			longest = max(longest, run)
		}
	}
	return strings.Repeat("`", longest+1)
}
