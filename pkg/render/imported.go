package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// ImportView is what an import did, and the plan that comes next.
type ImportView struct {
	Adopted []*resource.Resource
	File    string             // the manifest that was written, "" for none
	Written []resource.Address // what it declares
	// Beside are the files along with which it is to be read, if it is not already;
	// Include is how the first of them would name it, "" if it cannot.
	Beside  []string
	Include string
	// Variables are those of the environment that give its secrets and are not set.
	Variables []string
	Left      []Left
	Next      PlanView
}

// Left is what an import left alone, and why.
type Left struct {
	What string `json:"what"` // an address, or a kind
	Name string `json:"name"`
	// IDs are those of the objects that it is about.
	IDs []string `json:"ids"`
	Why string   `json:"why"`
}

// Imported writes for people what an import did. Its last line is always the sums.
func Imported(w io.Writer, style Style, v ImportView) error {
	p := NewPrinter(w, style)
	var adopted, left []entry
	for _, r := range v.Adopted {
		adopted = append(adopted, entry{Mark: markAdopt, Address: diag.Visible(r.Address.String()), Name: named(r.DisplayName()), ID: diag.Visible(r.ID)})
	}
	for _, l := range v.Left {
		left = append(left, entry{Mark: markRisk, Address: diag.Visible(l.What), Name: named(l.Name), ID: diag.Visible(strings.Join(l.IDs, ", id ")), More: diag.Visible(l.Why)})
	}
	p.part("Adopted:", adopted)
	p.part("Left alone:", left)
	if v.File != "" {
		file := diag.Visible(v.File)
		p.Line("Wrote", p.Bold(file)+".")
		if len(v.Beside) > 0 {
			read := fmt.Sprintf("From now on give -f %s -f %s", diag.Visible(strings.Join(v.Beside, " -f ")), file)
			if v.Include != "" {
				read += fmt.Sprintf(", or write include: [%s] in %s", diag.Visible(v.Include), diag.Visible(v.Beside[0]))
			}
			p.Line(read + "; else what it declares is orphaned, and --prune deletes it.")
		}
		if len(v.Variables) > 0 {
			p.Line("Its secrets come from the environment; not set yet: " + strings.Join(v.Variables, ", "))
		}
		p.Line()
	}
	if err := Plan(p, style, v.Next); err != nil {
		return err
	}
	p.Line(style.Bold(fmt.Sprintf("Import: %d adopted, %d of them written to a manifest, %d left alone.", len(v.Adopted), len(v.Written), len(v.Left))))
	return p.Err()
}

// part writes entries of a line each below a heading, nothing if there are none.
func (p *Printer) part(head string, entries []entry) {
	if len(entries) == 0 {
		return
	}
	p.Line(p.Bold(head))
	p.Line()
	for _, e := range entries {
		p.entry(e)
	}
	p.Line()
}

type adoptedJSON struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	ID      string `json:"id"`
}

// ImportJSON writes what an import did for programs, as one document. In it, plan is
// a document of [PlanJSON].
func ImportJSON(w io.Writer, v ImportView, found diag.List) error {
	doc := struct {
		FormatVersion string             `json:"format_version"`
		Adopted       []adoptedJSON      `json:"adopted"`
		File          *string            `json:"file"`
		Written       []resource.Address `json:"written"`
		Variables     []string           `json:"variables"`
		Left          []Left             `json:"left"`
		Plan          planJSON           `json:"plan"`
	}{FormatVersion, []adoptedJSON{}, nil, append([]resource.Address{}, v.Written...), append([]string{}, v.Variables...),
		append([]Left{}, v.Left...), planDocument(v.Next.Plan, found, v.Next.Unverified)}
	if v.File != "" {
		doc.File = &v.File
	}
	for _, r := range v.Adopted {
		doc.Adopted = append(doc.Adopted, adoptedJSON{r.Address.String(), r.Address.Kind, r.DisplayName(), r.ID})
	}
	return writeJSON(w, doc, "  ")
}
