package manual

import (
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/resource"
)

// explainType is the page about a type of connection: what stands in the field
// f of a k with that type.
func explainType(k *resource.Kind, f *resource.Field, id string, fields []resource.Field) *Page {
	p := &Page{Title: k.Name + "." + id, Summary: "the " + f.Name + " of " + article(k.Name) + " of type " + id}
	t, ok := catalog.Lookup(id)
	var body []string
	if ok && t.OAuth {
		body = append(body, "A person authorises such a connection in a browser: `polyplan apply` shows the link and waits.")
	}
	if ok && t.AuthSelector() != "" {
		body = append(body, "Which fields are needed depends on "+t.AuthSelector()+", so that none is required outright.")
	}
	if ok && len(t.RequiredButUndescribed) > 0 {
		body = append(body, "The service also calls for "+strings.Join(t.RequiredButUndescribed, ", ")+" without saying what it is.")
	}
	if len(fields) == 0 {
		body = append(body, "It has no settings.")
	}
	p.Body = strings.Join(body, "\n\n")
	for i := range fields {
		var c *catalog.Field
		if ok {
			c = t.Fields[fields[i].Name]
		}
		if c != nil && c.Internal() {
			continue // the server's own state, which nobody sees
		}
		r := level(&fields[i], p.Title)
		if c != nil {
			r.Doc = strings.TrimSpace(r.Doc + " " + hint(c))
		}
		p.Fields = append(p.Fields, r)
	}
	p.Example = exampleOf(k, f, id, fields)
	return p
}

// hint says what the catalogue knows besides the table.
func hint(c *catalog.Field) string {
	switch {
	case c.Widget == "file", c.Widget == "textarea" && c.Secret:
		return "Text of several lines; bring a file in with ${file:PATH}."
	case c.Format != "":
		return "Form: " + c.Format + "."
	}
	return ""
}

// exampleOf is a connection with no more than what its type requires.
func exampleOf(k *resource.Kind, f *resource.Field, id string, fields []resource.Field) string {
	var b strings.Builder
	b.WriteString(k.Section + ":\n  my_" + id + ":\n    type: " + id + "\n")
	heading := "    " + f.Name + ":\n"
	for i := range fields {
		m := &fields[i]
		if !mandatory(m) {
			continue
		}
		b.WriteString(heading + "      " + m.Name + ": " + sample(m, id) + "\n")
		heading = ""
	}
	return b.String()
}

// sample is a value such as a field may hold.
func sample(f *resource.Field, id string) string {
	word := strings.ToUpper(f.Name)
	switch {
	case f.Sensitive:
		return "${env." + strings.ToUpper(id) + "_" + word + "}"
	case len(f.Enum) > 0 && isText(f.Enum[0]):
		return f.Enum[0]
	case len(f.Enum) > 0:
		return strconv.Quote(f.Enum[0])
	case f.Type == resource.Bool:
		return "true"
	case f.Type == resource.Int, f.Type == resource.Number:
		return "1"
	case f.Type == resource.List:
		return "[" + sample(f.Elem, id) + "]"
	case f.Type == resource.Struct, f.Type == resource.Any:
		return "{}"
	}
	return word
}
