package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
)

const noDrift = "No drift. All is as it was applied."

type driftDocument struct {
	FormatVersion string      `json:"format_version"`
	Drift         []driftJSON `json:"drift"`
	Diagnostics   diag.List   `json:"diagnostics"`
}

// driftEntry is an object that changed outside. Its step, nil if there is none, has
// the words of the manifest.
func (v PlanView) driftEntry(d diff.Drift, s *diff.Step) entry {
	e := entry{Mark: markUpdate, Address: diag.Visible(d.Address.String()), Name: named(d.Name)}
	if d.Gone {
		e.Mark, e.Notes = markDelete, []string{"the object no longer exists"}
	}
	if last := edited(v.Edits[d.Address]); last != "" {
		e.Notes = append(e.Notes, last)
	}
	w := wording{kind: v.kind(d.Address.Kind)}
	if s != nil {
		w.names, w.root = s.Names, s.After
	}
	e.Fields = v.fields(&w, d.Changes, false)
	return e
}

// edited says who changed an object last, and when.
func edited(e apply.Edit) string {
	if e == (apply.Edit{}) {
		return ""
	}
	words := []string{"last changed"}
	if !e.At.IsZero() {
		words = append(words, when(e.At))
	}
	if e.By != "" {
		words = append(words, "by", middle(diag.Visible(e.By), 80))
	}
	return strings.Join(words, " ")
}

// driftLine is the last line of every drift.
func driftLine(drift []diff.Drift) string {
	gone := 0
	for _, d := range drift {
		if d.Gone {
			gone++
		}
	}
	return fmt.Sprintf("Drift: %d changed, %d gone.", len(drift)-gone, gone)
}

// Drift writes for people what changed outside. Its last line is always the sums.
func Drift(w io.Writer, style Style, view PlanView) error {
	p := NewPrinter(w, style)
	planBody(p, sheet{Drift: view.sheet().Drift})
	if len(view.Plan.Drift) == 0 {
		p.Line(noDrift)
	}
	p.Line(style.Bold(driftLine(view.Plan.Drift)))
	return p.Err()
}

// DriftJSON writes it for programs, as one document with the findings l.
func DriftJSON(w io.Writer, view PlanView, l diag.List) error {
	doc := driftDocument{FormatVersion, planDocument(view.Plan, nil, nil).Drift, append(diag.List{}, l...)}
	for i, d := range view.Plan.Drift {
		e := view.Edits[d.Address]
		doc.Drift[i].ChangedBy = e.By
		if !e.At.IsZero() {
			doc.Drift[i].ChangedAt = e.At.UTC().Format(time.RFC3339)
		}
	}
	return writeJSON(w, doc, "  ")
}

// DriftMarkdown writes it as a comment for a code host, within the same limits as
// [PlanMarkdown].
func DriftMarkdown(w io.Writer, view PlanView) error {
	intro := "**" + driftLine(view.Plan.Drift) + "**\n"
	if len(view.Plan.Drift) == 0 {
		intro = noDrift + "\n\n" + intro
	}
	return writeMarkdown(w, intro, sheet{Drift: view.sheet().Drift}.folds())
}

// DriftHTML writes it as a page of its own, which loads nothing.
func DriftHTML(w io.Writer, view PlanView) error {
	pg := page{Title: "Drift", Sums: driftLine(view.Plan.Drift)}
	if len(view.Plan.Drift) == 0 {
		pg.Remarks = []string{noDrift}
	} else {
		pg.Sections = []pageSection{{strings.TrimSuffix(headDrift, ":"), true, view.sheet().Drift}}
	}
	return pg.write(w)
}
