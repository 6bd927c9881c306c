package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// shown is a value in one line.
func (k known) shown(v any) string {
	if v == nil {
		return "not set"
	}
	return inline(v)
}

// main is what is to be said of the value first.
func (k known) main() any {
	if k.Told {
		return k.Live
	}
	return k.Desired
}

// from says where the manifest has the value from.
func (k known) from() string {
	if k.Told {
		return "read-only, the service's own"
	}
	var parts []string
	if !k.Pos.IsZero() {
		parts = append(parts, diag.Visible(k.Pos.String()))
	}
	switch {
	case strings.HasPrefix(k.Origin, "$"):
		parts = append(parts, "from "+diag.Visible(k.Origin))
	case k.Origin != "":
		parts = []string{diag.Visible(k.Origin)}
	}
	return strings.Join(parts, ", ")
}

// others are the sides that do not say what the manifest does.
func (k known) others(v ResourceView) []string {
	var out []string
	if k.Told {
		return nil
	}
	for _, side := range []struct {
		name  string
		there bool
		value any
	}{{"recorded", v.Recorded != nil, k.Recorded}, {"live", v.Live != nil, k.Live}} {
		switch {
		case !side.there || agree(k.Desired, side.value):
		case k.Sensitive && k.Desired != nil && side.value != nil:
			out = append(out, side.name+": (another secret)")
		default:
			out = append(out, side.name+": "+k.shown(side.value))
		}
	}
	return out
}

// about are the lines about the resource as a whole.
func (v ResourceView) about() []string {
	var out []string
	if v.Desired != nil {
		out = append(out, "declared at "+diag.Visible(v.Desired.Pos.String()))
	} else {
		out = append(out, "not in the manifest")
	}
	if v.Recorded != nil {
		out = append(out, "recorded as "+diag.Visible(v.Recorded.ID))
	} else {
		out = append(out, "not in the state")
	}
	switch {
	case v.Live != nil && v.Live.Waiting != nil:
		out = append(out, "live, and waits for a person's authorisation")
	case v.Live != nil:
		out = append(out, "live")
	case v.Asked:
		out = append(out, "not in the service")
	}
	for _, r := range []*resource.Resource{v.Desired, v.Recorded} {
		if r != nil && r.Protect {
			return append(out, "protected")
		}
	}
	return out
}

func (v ResourceView) name() string {
	for _, r := range []*resource.Resource{v.Desired, v.Recorded, v.Live} {
		if r != nil {
			return r.DisplayName()
		}
	}
	return v.Address.Name
}

func (v ResourceView) needs() string {
	for _, r := range []*resource.Resource{v.Desired, v.Recorded} {
		if r != nil {
			var names []string
			for _, n := range r.Needs {
				names = append(names, diag.Visible(n.String()))
			}
			return strings.Join(names, ", ")
		}
	}
	return ""
}

// Explain writes for people what is known of a resource: each value, where it
// comes from, and what the state and the service say where that is different.
// A single value is written with all that is known of it.
func Explain(w io.Writer, style Style, v ResourceView) error {
	values, err := v.values()
	if err != nil {
		return err
	}
	p := NewPrinter(w, style)
	p.Line(p.Bold(diag.Visible(v.Address.String())) + " (" + named(v.name()) + ")")
	p.Line(strings.Join(v.about(), "; "))
	if needs := v.needs(); needs != "" {
		p.Line("needs " + needs)
	}
	if v.Path != "" && len(values) == 1 {
		p.Line()
		p.single(values[0], v)
		return p.Err()
	}
	column := 0
	for _, k := range values {
		column = max(column, min(Width(diag.Visible(k.Path)), pathColumn))
	}
	if len(values) > 0 {
		p.Line()
	}
	for _, k := range values {
		path := diag.Visible(k.Path)
		line := "  " + path + ":" + strings.Repeat(" ", max(0, column-Width(path))) + " " + middle(k.shown(k.main()), 60)
		if from := k.from(); from != "" {
			line += "  " + p.Dim("("+from+")")
		}
		p.Line(line)
		for _, o := range k.others(v) {
			p.Line("      " + p.mark(markUpdate) + " " + middle(o, 80))
		}
	}
	return p.Err()
}

// single writes all that is known of one value.
func (p *Printer) single(k known, v ResourceView) {
	row := func(label, text string) {
		if text != "" {
			p.Line(fmt.Sprintf("  %-9s %s", label, text))
		}
	}
	p.Line(p.Bold(diag.Visible(k.Path)))
	if severalLines(k.Desired) {
		row("value", "")
		for _, l := range (PlanView{Verbose: true}).textLines(' ', k.Desired.(string)) {
			p.Line(strings.TrimRight("    "+l.Plain(), " "))
		}
	} else {
		row("value", k.shown(k.main()))
	}
	row("from", k.from())
	if k.Default != nil && !k.Sensitive {
		row("default", inline(k.Default))
	}
	if v.Recorded != nil && !k.Told {
		row("recorded", p.side(k, k.Recorded))
	}
	if v.Live != nil && !k.Told {
		row("live", p.side(k, k.Live))
	}
	row("type", typeWords(k))
	row("about", k.Doc)
}

func (p *Printer) side(k known, value any) string {
	switch {
	case agree(k.Desired, value):
		return "the same"
	case k.Sensitive && value != nil:
		return p.Yellow("(another secret)")
	}
	return p.Yellow(k.shown(value))
}

func typeWords(k known) string {
	if k.Sensitive && k.Type != "" {
		return k.Type + ", secret"
	}
	return k.Type
}

// ExplainMarkdown writes the same for a page of a code host.
func ExplainMarkdown(w io.Writer, v ResourceView) error {
	values, err := v.values()
	if err != nil {
		return err
	}
	p := NewPrinter(w, Style{})
	p.Line("## " + cell(v.Address.String()))
	p.Line()
	p.Line(cell(strings.Join(v.about(), "; ")) + ".")
	p.Line()
	p.Line("| field | value | from | state and service |")
	p.Line("| --- | --- | --- | --- |")
	for _, k := range values {
		others := "the same"
		if k.Told {
			others = ""
		}
		if o := k.others(v); len(o) > 0 {
			others = strings.Join(o, "; ")
		}
		if v.Recorded == nil && v.Live == nil {
			others = ""
		}
		p.Line("| " + cell(k.Path) + " | " + cell(k.shown(k.main())) + " | " + cell(k.from()) + " | " + cell(others) + " |")
	}
	return p.Err()
}

// cell is text within a table of Markdown, where nothing in it acts.
func cell(text string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "`", "\\`", "*", "\\*", "_", "\\_", "<", "&lt;", ">", "&gt;", "&", "&amp;",
		"[", "\\[", "]", "\\]", "@", "&#64;", "#", "\\#", "$", "\\$").Replace(diag.Visible(text))
}
