package manual

import (
	"cmp"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Page is what there is to read about a kind, a field of one, or a type of
// connection.
type Page struct {
	Title   string `json:"title"`   // what was asked for: "sync.target"
	Summary string `json:"summary"` // one line, beginning in lower case
	Body    string `json:"body,omitempty"`
	Fields  []Row  `json:"fields,omitempty"`
	Example string `json:"example,omitempty"` // a piece of a manifest
}

// Row is a field.
type Row struct {
	Path    string   `json:"path"` // from the page's subject: "target", "fields.*.source"
	Type    string   `json:"type"`
	Traits  []string `json:"traits,omitempty"` // "required", "secret", ...; see Meaning
	Default string   `json:"default,omitempty"`
	Enum    []string `json:"enum,omitempty"`
	Doc     string   `json:"doc,omitempty"`
	More    string   `json:"more,omitempty"` // the page about what lies below it
}

// Meaning says what a trait of a row means, "" for an unknown one.
func Meaning(trait string) string {
	for _, m := range marks {
		if m.word == trait {
			return m.meaning
		}
	}
	return ""
}

// rowOf is the field f, which stands at path.
func rowOf(f *resource.Field, path string) Row {
	r := Row{Path: path, Type: typeOf(f), Traits: marksOf(f), Enum: enumOf(f), Doc: f.Doc}
	if d := defaultOf(f); d != nil && !f.Sensitive {
		r.Default = resource.Text(d)
	}
	if f.Deprecated != "" {
		r.Doc = strings.TrimSpace(r.Doc + " Deprecated: " + f.Deprecated)
	}
	return r
}

// enumOf are the values of a field, or of the word that may stand for it.
func enumOf(f *resource.Field) []string {
	switch {
	case f.Type == resource.List || f.Type == resource.Map:
		return enumOf(f.Elem)
	case f.Type == resource.Struct && f.Short != "":
		if short := resource.Lookup(f.Fields, f.Short); short != nil {
			return short.Enum
		}
	}
	return f.Enum
}

// about is all that a row says in sentences, in one line.
func (r *Row) about() string {
	parts := []string{r.Doc}
	if r.Default != "" && !strings.Contains(r.Doc, "Default:") {
		parts = append(parts, "Default: "+r.Default+".")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// Text is the page for a terminal of that many columns; a width of 0 or less
// breaks no lines.
func (p *Page) Text(width int) string {
	var b strings.Builder
	b.WriteString(wrap(p.Title+": "+p.Summary, width, "") + "\n")
	for _, par := range paragraphs(p.Body) {
		b.WriteString("\n" + wrap(par, width, "") + "\n")
	}
	if len(p.Fields) > 0 {
		b.WriteString("\nFields:\n")
		p.rows(&b, width)
	}
	if p.Example != "" {
		b.WriteString("\nExample:\n")
		for line := range strings.Lines(p.Example) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}

// Names longer than this do not push the column of all others aside.
const maxNameColumn = 24

func (p *Page) rows(b *strings.Builder, width int) {
	column := 0
	for _, r := range p.Fields {
		if n := diag.Width(r.Path); n <= maxNameColumn {
			column = max(column, n)
		}
	}
	indent := strings.Repeat(" ", 2+column+2)
	used := map[string]bool{}
	for _, r := range p.Fields {
		head := r.Type
		for _, t := range r.Traits {
			used[t] = true
			head += ", " + t
		}
		name := "  " + r.Path
		if gap := len(indent) - diag.Width(name); gap >= 2 {
			name += strings.Repeat(" ", gap)
		} else {
			name += "\n" + indent
		}
		b.WriteString(name + strings.TrimLeft(wrap(head, width, indent), " ") + "\n")
		for _, s := range []string{r.about(), prefixed("One of ", strings.Join(r.Enum, ", ")), prefixed("More: polyplan explain ", r.More)} {
			if s != "" {
				b.WriteString(wrap(s, width, indent) + "\n")
			}
		}
	}
	// Once for all rows: what the words beside the types mean.
	meanings := ""
	for _, m := range marks {
		if used[m.word] && m.word != "required" {
			meanings += wrap(m.word+": "+m.meaning, width, "  ") + "\n"
		}
	}
	if meanings != "" {
		b.WriteString("\nIn this list:\n" + meanings)
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// paragraphs splits documentation at its blank lines.
func paragraphs(s string) []string {
	var out []string
	for par := range strings.SplitSeq(s, "\n\n") {
		if par = strings.TrimSpace(par); par != "" {
			out = append(out, par)
		}
	}
	return out
}

// wrap fills lines of at most width columns, every one of them indented. A word
// longer than a line has one to itself.
func wrap(s string, width int, indent string) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(s) {
		n := diag.Width(word)
		switch {
		case used == 0:
			b.WriteString(indent)
			used = len(indent)
		case width > 0 && used+1+n > max(width, len(indent)+20): // too narrow a window is left to break lines itself
			b.WriteString("\n" + indent)
			used = len(indent)
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}

// Markdown is the page as a section of a document, under a heading of the
// second level.
func (p *Page) Markdown() string {
	var b strings.Builder
	b.WriteString("## " + markdownText(p.Title) + "\n\n" + markdownText(capital(p.Summary)) + ".\n")
	for _, par := range paragraphs(p.Body) {
		b.WriteString("\n" + markdownText(par) + "\n")
	}
	if p.Example != "" {
		b.WriteString("\n```yaml\n" + strings.TrimRight(p.Example, "\n") + "\n```\n")
	}
	if len(p.Fields) > 0 {
		b.WriteString("\n| field | type | |\n| --- | --- | --- |\n")
		for _, r := range p.Fields {
			b.WriteString("| " + code(r.Path) + " | " + cell(r.Type) + " | " + r.markdown() + " |\n")
		}
	}
	return b.String()
}

func (r *Row) markdown() string {
	var parts []string
	if len(r.Traits) > 0 {
		parts = append(parts, "*"+strings.Join(r.Traits, ", ")+"*.")
	}
	if s := r.about(); s != "" {
		parts = append(parts, cell(s))
	}
	if len(r.Enum) > 0 {
		values := make([]string, len(r.Enum))
		for i, e := range r.Enum {
			values[i] = code(cmp.Or(e, `""`))
		}
		parts = append(parts, "One of "+strings.Join(values, ", ")+".")
	}
	return strings.Join(parts, " ")
}

// markdownText escapes what Markdown or HTML would act on, but leaves `code`.
func markdownText(s string) string {
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = markdownEscapes.Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

var markdownEscapes = strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "[", `\[`)

// cell is text within a table, where a bar would end it.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(markdownText(s)), " "), "|", `\|`)
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }
