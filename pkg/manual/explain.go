package manual

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// UnknownError is that of [Explain] for what no table knows.
type UnknownError struct {
	What string // `field of sync "fieldz"`
	Near string // the name that Explain may have been meant to be given; "" for none
	Why  string // what there is instead
}

func (e *UnknownError) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("%s is not known; did you mean %s?", e.What, e.Near)
	}
	return fmt.Sprintf("%s is not known; %s", e.What, e.Why)
}

// Explain is the page about what name says: a kind ("sync"), a field of one
// ("sync.fields.source"; keys of the user's own and * may stand in between), a
// type of connection ("connection.postgresql") or a field of its configuration.
// The empty name gives the list of kinds.
func Explain(kinds []*resource.Kind, name string) (*Page, error) {
	if name == "" {
		return index(kinds), nil
	}
	words := strings.Split(name, ".")
	for _, k := range kinds {
		if k.Name == words[0] || k.Section == words[0] {
			return explainKind(k, words[1:])
		}
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return nil, unknown("kind", "", words[0], names, "kinds are "+strings.Join(names, ", "))
}

// unknown is the error for a word that is none of those known after the words
// before.
func unknown(what, before, word string, known []string, why string) error {
	e := &UnknownError{What: fmt.Sprintf("%s %q", what, word), Why: why}
	if near, ok := diag.Nearest(word, known); ok {
		e.Near = strings.TrimPrefix(before+"."+near, ".")
	}
	return e
}

func index(kinds []*resource.Kind) *Page {
	p := &Page{Title: "polyplan", Summary: "the kinds of resources, in the order of a manifest's sections"}
	for _, k := range kinds {
		p.Fields = append(p.Fields, Row{Path: k.Section, Type: k.Name, Doc: capital(k.Summary()) + ".", More: k.Name})
	}
	return p
}

func explainKind(k *resource.Kind, words []string) (*Page, error) {
	if len(words) == 0 {
		_, body, _ := strings.Cut(k.Doc, "\n")
		p := &Page{Title: k.Name, Summary: k.Summary(), Body: body, Example: k.Example}
		for i := range k.Fields {
			p.Fields = append(p.Fields, level(&k.Fields[i], k.Name))
		}
		return p, nil
	}
	at := place{kind: k, title: k.Name, fields: k.Fields}
	if f := typed(k); f != nil && resource.Lookup(k.Fields, words[0]) == nil {
		id := words[0]
		fields, ok := f.Members(resource.Object{"type": id})
		if !ok {
			known := catalog.Types()
			for i := range k.Fields {
				known = append(known, k.Fields[i].Name)
			}
			return nil, unknown("field or type of "+k.Name, k.Name, id, known, "no field is called so, and no type")
		}
		if len(words) == 1 {
			return explainType(k, f, id, fields), nil
		}
		at.title += "." + id
		at.fields, words = fields, words[1:]
	}
	for _, word := range words {
		if err := at.enter(word); err != nil {
			return nil, err
		}
	}
	return at.page(), nil
}

// place is where Explain has got to on its way down.
type place struct {
	kind   *resource.Kind
	title  string
	field  *resource.Field  // nil at the top
	fields []resource.Field // below it
	keyed  bool             // the next word may be a key of the user's
}

func (p *place) enter(word string) error {
	word, _, _ = strings.Cut(word, "[") // relations.email[0]
	if f := resource.Lookup(p.fields, word); f != nil {
		p.title += "." + word
		p.field = f
		p.fields, p.keyed = below(f)
		return nil
	}
	if p.keyed && word != "" {
		p.title += "." + word
		p.keyed = false
		for p.field.Type != resource.Map {
			p.field = p.field.Elem
		}
		elem := *p.field.Elem
		if elem.Doc == "" {
			elem.Doc = p.field.Doc
		}
		p.field = &elem
		return nil
	}
	if p.field != nil && p.field.Members != nil {
		return &UnknownError{What: fmt.Sprintf("field of %s %q", p.title, word), Why: fmt.Sprintf("what it holds depends on the type: `polyplan explain %s.TYPE`", p.kind.Name)}
	}
	known := make([]string, len(p.fields))
	for i := range p.fields {
		known[i] = p.fields[i].Name
	}
	if len(known) == 0 {
		return &UnknownError{What: fmt.Sprintf("field of %s %q", p.title, word), Why: "it has no fields"}
	}
	return unknown("field of "+p.title, p.title, word, known, "it has "+strings.Join(known, ", "))
}

// below are the fields that a value of f has, or those of what it holds, and
// whether keys of the user's lie in between.
func below(f *resource.Field) (fields []resource.Field, keyed bool) {
	for f.Type == resource.List || f.Type == resource.Map {
		keyed = keyed || f.Type == resource.Map
		f = f.Elem
	}
	return f.Fields, keyed
}

func (p *place) page() *Page {
	row := rowOf(p.field, "")
	summary := strings.Join(append([]string{row.Type}, row.Traits...), ", ")
	var body []string
	if s := row.about(); s != "" {
		body = append(body, s)
	}
	if len(row.Enum) > 0 {
		body = append(body, "One of "+strings.Join(row.Enum, ", ")+".")
	}
	for _, t := range row.Traits {
		if t != "required" {
			body = append(body, capital(t)+": "+Meaning(t)+".")
		}
	}
	switch p.field.Type {
	case resource.Ref:
		body = append(body, "Write the key of "+article(p.field.To)+" in this manifest, or {id: UUID} for one that it does not manage.")
	case resource.SourceRef:
		body = append(body, "Write model.field, split at its first dot, or {model: NAME, field: NAME} if you like.")
	}
	out := &Page{Title: p.title, Summary: summary, Body: strings.Join(body, "\n\n")}
	fields, _ := below(p.field)
	for i := range fields {
		out.Fields = append(out.Fields, level(&fields[i], p.title))
	}
	return out
}

// level is a row of its own for f, and a hint where there is more below it.
func level(f *resource.Field, above string) Row {
	r := rowOf(f, f.Name)
	if fields, _ := below(f); len(fields) > 0 {
		r.More = above + "." + f.Name
	}
	return r
}
