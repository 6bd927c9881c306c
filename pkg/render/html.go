package render

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

// pagePolicy lets a page load nothing, run nothing, and look as it was written:
// whatever got into it, there is nothing that it could do.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// page is one page that needs nothing but itself.
type page struct {
	Title, Sums string
	Remarks     []string
	Findings    []string
	Sections    []pageSection
}

type pageSection struct {
	Head    string
	Open    bool
	Entries []entry
}

// Policy is the page's content security policy.
func (page) Policy() string { return pagePolicy }

// Style is the page's style sheet.
func (page) Style() template.CSS { return template.CSS(pageStyle) }

func (pg page) write(w io.Writer) error {
	p := NewPrinter(w, Style{})
	if err := pageTemplate().Execute(p, pg); err != nil {
		return err
	}
	return p.Err()
}

// PlanHTML writes a plan as a page of its own, which loads nothing.
func PlanHTML(w io.Writer, view PlanView) error {
	sh := view.sheet()
	pg := page{Title: "Plan", Sums: planLine(sh.Summary)}
	if sh.Summary.Changed()+sh.Summary.Blocked+len(sh.Refusals) == 0 {
		pg.Remarks = []string{noChanges}
	}
	for _, d := range slices.Concat(sh.Refusals, sh.Warnings) {
		pg.Findings = append(pg.Findings, d.Text())
	}
	add := func(head string, open bool, entries []entry) {
		if len(entries) > 0 {
			pg.Sections = append(pg.Sections, pageSection{strings.ReplaceAll(strings.TrimSuffix(head, ":"), "`", ""), open, entries})
		}
	}
	add(headDrift, true, sh.Drift)
	for _, g := range groups {
		of := sh.of(g.action)
		add(thousands(len(of))+" "+g.head, g.action != "no-op", of)
	}
	add(headBlocked, true, sh.Blocked)
	add(headOrphans, true, sh.Orphans)
	add(headWaits, true, sh.Waits)
	add(headOpen, false, sh.Open)
	add(headSettled, true, sh.Settled)
	return pg.write(w)
}

// class is the style of what has a symbol.
func class(mark string) string {
	switch mark {
	case markCreate:
		return "add"
	case markDelete, markReplace:
		return "del"
	case markUpdate, markWaits:
		return "mod"
	}
	return "aside"
}

// Class is the style of the entry on a page.
func (e entry) Class() string { return class(e.Mark) }

// About is the entry's name and id.
func (e entry) About() string { return e.about() }

// Class is the style of the row on a page.
func (f fieldRow) Class() string { return class(f.Mark) }

// Value is what stands behind the path.
func (f fieldRow) Value() string { return f.value(Style{}) }

// Class is the style of the line on a page.
func (l textLine) Class() string {
	switch l.Mark {
	case '+', '-':
		return class(string(l.Mark))
	case '~':
		return "aside"
	}
	return "same"
}

// Sign is the line's mark as it is shown.
func (l textLine) Sign() string {
	if l.Mark == '~' {
		return " "
	}
	return string(l.Mark)
}
