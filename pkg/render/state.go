package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// StateView is what a state remembers, or some of it. Of secrets it has at most
// the fingerprints, and those are not shown either.
type StateView struct {
	Lineage      string
	Serial       int64
	Tool         string // what wrote it
	Deployment   string
	Organization string
	Resources    resource.Set
	Doubts       []StateDoubt
	// Kinds are the tables, for the manifest's words; see PlanView.
	Kinds []*resource.Kind
}

// StateDoubt is a create of which nobody saw the answer.
type StateDoubt struct {
	Address resource.Address
	Name    string
	Time    time.Time
}

// headDoubts stands above the doubts, in all formats.
const headDoubts = "Nobody saw whether these were made; the next plan asks the service:"

// about is what there is to say of the state as a whole, in a few lines.
func (v StateView) about() []string {
	var out []string
	if of := strings.TrimSpace(v.Organization); of != "" || v.Deployment != "" {
		line := "Organisation " + diag.Visible(of)
		if of == "" {
			line = "Some organisation"
		}
		if v.Deployment != "" {
			line += " at " + diag.Visible(v.Deployment)
		}
		out = append(out, line)
	}
	line := fmt.Sprintf("Generation %d of lineage %s", v.Serial, diag.Visible(v.Lineage))
	if v.Tool != "" {
		line += ", written by " + diag.Visible(v.Tool)
	}
	return append(out, line)
}

// sum is the last line.
func (v StateView) sum() string {
	line := "State: " + Count(len(v.Resources), "resource")
	if len(v.Doubts) > 0 {
		line += ", " + Count(len(v.Doubts), "doubt")
	}
	return line + "."
}

func (v StateView) doubts() []entry {
	var out []entry
	for _, d := range v.Doubts {
		e := entry{Address: diag.Visible(d.Address.String()), Name: named(d.Name)}
		if !d.Time.IsZero() {
			e.Notes = []string{"sent " + d.Time.UTC().Format(time.RFC3339)}
		}
		out = append(out, e)
	}
	return out
}

// entries are the resources in order of their addresses.
func (v StateView) entries() []entry {
	var out []entry
	for _, a := range v.Resources.Addresses() {
		r := v.Resources[a]
		e := entry{Address: diag.Visible(a.String()), Name: named(r.DisplayName()), ID: diag.Visible(r.ID)}
		if r.Protect {
			e.Notes = append(e.Notes, "protected")
		}
		if r.Waiting != nil {
			e.Notes = append(e.Notes, "waits for a person's authorisation")
		}
		w := wording{kind: PlanView{Kinds: v.Kinds}.kind(a.Kind), root: r.Object}
		for _, l := range leaves(nil, "", r.Object) {
			f, path, _ := w.at(l.path)
			row := fieldRow{Path: diag.Visible(string(path))}
			if value := w.value(f, l.value); severalLines(value) {
				row.Lines = PlanView{Verbose: true}.textLines(' ', value.(string))
			} else {
				row.After = inline(value)
			}
			e.Fields = append(e.Fields, row)
		}
		if len(r.Needs) > 0 {
			needs := make([]string, len(r.Needs))
			for i, n := range r.Needs {
				needs[i] = diag.Visible(n.String())
			}
			e.More = "needs " + strings.Join(needs, ", ")
		}
		out = append(out, e)
	}
	return out
}

// leaf is a value that is not taken apart further.
type leaf struct {
	path  resource.Path
	value any
}

// leaves takes maps apart, so that each line has one value; lists stay whole.
func leaves(out []leaf, p resource.Path, v any) []leaf {
	o, ok := v.(resource.Object)
	if !ok || len(o) == 0 && p != "" {
		return append(out, leaf{p, v})
	}
	for _, key := range resource.Keys(o) {
		out = leaves(out, p.Child(key), o[key])
	}
	return out
}

// State writes a state for people. Its last line is always the sums.
func State(w io.Writer, style Style, view StateView) error {
	p := NewPrinter(w, style)
	for _, line := range view.about() {
		p.Line(line)
	}
	p.Line()
	p.stateEntries(view.entries())
	if doubts := view.doubts(); len(doubts) > 0 {
		p.Line(p.Bold(headDoubts))
		p.Line()
		p.stateEntries(doubts)
	}
	p.Line(p.Bold(view.sum()))
	return p.Err()
}

// stateEntries writes entries, which have no marks: nothing happens to them.
func (p *Printer) stateEntries(entries []entry) {
	for _, e := range entries {
		line := p.Bold(e.Address)
		if about := e.about(); about != "" {
			line += " (" + about + ")"
		}
		for _, n := range e.Notes {
			line += " " + p.Yellow("("+n+")")
		}
		p.Line(line)
		if e.More != "" {
			p.Line("    " + p.Dim(e.More))
		}
		column := 0
		for _, f := range e.Fields {
			column = max(column, min(Width(f.Path), pathColumn))
		}
		for _, f := range e.Fields {
			line := "    " + f.Path + ":"
			if f.After != "" {
				line += strings.Repeat(" ", max(0, column-Width(f.Path))) + " " + f.After
			}
			p.Line(line)
			for _, l := range f.Lines {
				p.Line(strings.TrimRight("      "+l.Plain(), " "))
			}
		}
		p.Line()
	}
}

type stateJSON struct {
	FormatVersion string              `json:"format_version"`
	Lineage       string              `json:"lineage"`
	Serial        int64               `json:"serial"`
	Tool          string              `json:"tool"`
	Deployment    string              `json:"deployment"`
	Organization  string              `json:"organization"`
	Resources     []stateResourceJSON `json:"resources"`
	Doubts        []stateDoubtJSON    `json:"doubts"`
}

type stateResourceJSON struct {
	Address   string          `json:"address"`
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	ID        string          `json:"id"`
	Protected bool            `json:"protected"`
	Waiting   bool            `json:"waiting"`
	Needs     []string        `json:"needs"`
	Object    resource.Object `json:"object"`
	Sensitive []string        `json:"sensitive"` // the paths of secrets, which are null in the object
}

type stateDoubtJSON struct {
	Address string `json:"address"`
	Name    string `json:"name"`
	Time    string `json:"time,omitempty"`
}

// StateJSON writes a state for programs, as one document. Secrets are null in
// the objects, and listed by their paths.
func StateJSON(w io.Writer, v StateView) error {
	doc := stateJSON{FormatVersion: FormatVersion, Lineage: v.Lineage, Serial: v.Serial, Tool: v.Tool,
		Deployment: v.Deployment, Organization: v.Organization, Resources: []stateResourceJSON{}, Doubts: []stateDoubtJSON{}}
	for _, a := range v.Resources.Addresses() {
		r := v.Resources[a]
		out := stateResourceJSON{Address: a.String(), Kind: a.Kind, Name: r.DisplayName(), ID: r.ID, Protected: r.Protect,
			Waiting: r.Waiting != nil, Needs: []string{}, Sensitive: secretPaths([]string{}, "", r.Object)}
		out.Object, _ = plainJSON(r.Object).(resource.Object)
		for _, n := range r.Needs {
			out.Needs = append(out.Needs, n.String())
		}
		doc.Resources = append(doc.Resources, out)
	}
	for _, d := range v.Doubts {
		out := stateDoubtJSON{Address: d.Address.String(), Name: d.Name}
		if !d.Time.IsZero() {
			out.Time = d.Time.UTC().Format(time.RFC3339)
		}
		doc.Doubts = append(doc.Doubts, out)
	}
	return writeJSON(w, doc, "  ")
}

// secretPaths are the places of the secrets below v.
func secretPaths(out []string, p resource.Path, v any) []string {
	switch v := v.(type) {
	case *resource.Secret:
		return append(out, string(p))
	case resource.Object:
		for _, key := range resource.Keys(v) {
			out = secretPaths(out, p.Child(key), v[key])
		}
	case []any:
		for i, e := range v {
			out = secretPaths(out, p.Index(i), e)
		}
	}
	return out
}

// JSON writes a document for programs as all of polyplan's are written:
// indented, and harmless on a terminal and in a pipeline's log.
func JSON(w io.Writer, v any) error { return writeJSON(w, v, "  ") }
