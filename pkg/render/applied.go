package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
)

// Applied writes for people what a run did: what failed and why, what did not
// get its turn, what waits, and in the last line the sums. The run's events
// that somebody waits, if given, are asked for the links.
func Applied(w io.Writer, style Style, r *apply.Result, waits ...apply.Event) error {
	p := NewPrinter(w, style)
	if len(r.Failed) > 0 {
		p.Line(p.Bold("Failed:"))
		p.Line()
		var hints []string
		for _, f := range r.Failed {
			p.Line("  " + p.failure(markRisk, f) + ": " + indented(errorText(f.Err), "      "))
			if h := hint(f.Err); h != "" && !slices.Contains(hints, h) {
				hints = append(hints, h)
			}
		}
		p.Line()
		for _, h := range hints {
			p.Line("  " + p.Cyan("fix:") + " " + indented(diag.VisibleLines(h), "       "))
		}
		if len(hints) > 0 {
			p.Line()
		}
	}
	p.because("Skipped, for what they need failed:", markRisk, r.Skipped)
	p.because("Deferred until what they need is authorised:", markWaits, r.Deferred)
	if len(r.Waiting) > 0 {
		p.Line(p.Bold(headWaits))
		p.Line()
		for _, f := range r.Waiting {
			link, code := "", ""
			for _, e := range waits {
				if e.Kind == apply.Waiting && e.Address == f.Address {
					link, code = e.Link, e.Code
				}
			}
			p.Line("  " + p.mark(markWaits) + " " + p.Bold(diag.Visible(f.Address.String())) + ": " + authorise(f.Address, link, code))
		}
		p.Line()
		p.Line("  Run apply again afterwards: it goes on where it stopped.")
		p.Line()
	}
	if r.Err != nil {
		p.Line(p.Bold(p.Red("error:")) + " " + indented(errorText(r.Err), "  "))
		p.Line()
	}
	if r.Interrupted {
		p.Line("Interrupted. The state holds what was done; run the same command again to go on.")
		p.Line()
	}
	p.Line(p.Bold(applyLine(r)))
	return p.Err()
}

func (p *Printer) failure(mark string, f apply.Failure) string {
	return p.mark(mark) + " " + p.Bold(diag.Visible(f.Address.String())) + ": " + string(f.Action)
}

func (p *Printer) because(head, mark string, list []apply.Failure) {
	if len(list) == 0 {
		return
	}
	p.Line(p.Bold(head))
	p.Line()
	for _, f := range list {
		p.Line("  " + p.failure(mark, f) + p.Dim(" (needs "+diag.Visible(f.Because.String())+")"))
	}
	p.Line()
}

// errorText is an error with its lines.
func errorText(err error) string {
	if err == nil {
		return "no reason was given"
	}
	return diag.VisibleLines(strings.TrimSpace(err.Error()))
}

func indented(text, indent string) string { return strings.ReplaceAll(text, "\n", "\n"+indent) }

// applyLine is the last line of every apply: what was really done.
func applyLine(r *apply.Result) string {
	d := r.Done
	line := fmt.Sprintf("Apply: %d created, %d updated, %d replaced, %d deleted", d.Create, d.Update, d.Replace, d.Delete)
	for _, more := range []struct {
		n    int
		word string
	}{
		{d.Adopt, "adopted"}, {d.Move, "moved"}, {d.Forget, "forgotten"}, {len(r.Failed), "failed"}, {len(r.Skipped), "skipped"},
		{len(r.Deferred), "deferred"}, {len(r.Waiting), "waiting"}, {r.NotStarted, "not started"},
	} {
		if more.n > 0 {
			line += fmt.Sprintf(", %d %s", more.n, more.word)
		}
	}
	return line + "."
}
