package manual

import (
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Markdown is the document of all kinds, with every field of each.
func Markdown(kinds []*resource.Kind) []byte {
	var b strings.Builder
	b.WriteString("<!-- Written by `go test ./pkg/manual -update` from the tables in pkg/kinds. Do not edit. -->\n\n" +
		"# Kinds\n\n" +
		"What a manifest may declare, section by section. `polyplan explain KIND` shows the same in a terminal, and\n" +
		"`polyplan explain connection.TYPE` the configuration of a type of connection.\n\n" +
		"| section | declares |\n| --- | --- |\n")
	for _, k := range kinds {
		b.WriteString("| [" + code(k.Section) + "](#" + k.Name + ") | " + cell(k.Summary()) + " |\n")
	}
	b.WriteString("\nEvery resource also takes `protect: true` (never delete or replace it), `unmanaged: [FIELD]` (leave fields to people\n" +
		"in the app), `extra: {...}` (fields of the API that polyplan does not know yet) and keys that begin with `x-`.\n\n" +
		"`extra` is laid out as the API's requests are, so that `extra: {schedule: {jitter: 5}}` adds to what `schedule` says.\n" +
		"Within elements of lists it sets nothing: they have no names there. What an object has that neither polyplan knows\n" +
		"nor `extra` sets goes back with every update as it is, and `polyplan explain KIND.NAME` shows it.\n\n" +
		"Words in the last column of the tables:\n\n")
	for _, m := range marks {
		b.WriteString("- *" + m.word + "*: " + markdownText(m.meaning) + "\n")
	}
	for _, k := range kinds {
		b.WriteString("\n" + whole(k).Markdown())
		if typed(k) != nil {
			ids := catalog.Types()
			for i, id := range ids {
				ids[i] = code(id)
			}
			b.WriteString("\nTypes: " + strings.Join(ids, ", ") + ".\n")
		}
	}
	return []byte(b.String())
}

// whole is the page of a kind with the fields of all depths.
func whole(k *resource.Kind) *Page {
	_, body, _ := strings.Cut(k.Doc, "\n")
	p := &Page{Title: k.Name, Summary: k.Summary(), Body: body, Example: k.Example}
	p.descend(k.Fields, "")
	return p
}

func (p *Page) descend(fields []resource.Field, above string) {
	for i := range fields {
		f := &fields[i]
		path := above + f.Name
		p.Fields = append(p.Fields, rowOf(f, path))
		for f.Type == resource.List || f.Type == resource.Map {
			if f.Type == resource.Map {
				path += ".*"
			}
			f = f.Elem
		}
		p.descend(f.Fields, path+".")
	}
}
