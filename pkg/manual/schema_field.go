package manual

import (
	"encoding/json"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// object is a map with the members that a table lists. A loose table may lag
// behind the service: what it does not list is allowed, and what the service
// sets draws no more than a line through it.
func (b *builder) object(fields []resource.Field, loose bool) schema {
	properties, required := schema{}, []string{}
	for i := range fields {
		f := &fields[i]
		switch {
		case f.Computed && loose:
			properties[f.Name] = schema{"readOnly": true, "deprecated": true, "description": "Set by the service: a value given here is not sent."}
			continue
		case f.Computed:
			properties[f.Name] = false
			continue
		}
		properties[f.Name] = b.member(f, !mandatory(f), loose)
		if mandatory(f) {
			required = append(required, f.Name)
		}
	}
	s := schema{"properties": properties}
	if !loose {
		s["patternProperties"] = schema{ownPattern: true}
		s["additionalProperties"] = false
	}
	if len(required) > 0 {
		slices.Sort(required)
		s["required"] = required
	}
	return s
}

// mandatory reports whether a manifest without the field is refused.
func mandatory(f *resource.Field) bool { return f.Required && f.Filled == nil && !f.Keyed }

// member is a field with what people read about it. Absence and null are one,
// so that only mandatory fields and elements of lists refuse null.
func (b *builder) member(f *resource.Field, null, loose bool) schema {
	s := b.value(f, null, loose)
	if doc := description(f); doc != "" {
		s["description"] = doc
	}
	if d := defaultOf(f); d != nil && !f.Sensitive {
		s["default"] = d
	}
	if f.Sensitive {
		s["writeOnly"] = true
	}
	if f.Deprecated != "" {
		s["deprecated"] = true
		s["deprecationMessage"] = f.Deprecated // what the language servers read
	}
	return s
}

// value is what a field may hold.
func (b *builder) value(f *resource.Field, null, loose bool) schema {
	switch f.Type {
	case resource.Any:
		return schema{}
	case resource.Ref:
		return either(null, schema{"$ref": b.reference(f.To)})
	case resource.SourceRef:
		return either(null, source(), schema{
			"type": "object",
			"properties": schema{
				"model": schema{"$ref": b.reference(resource.SourceKind)},
				"field": schema{"type": "string", "description": "The field's name, dots and all."},
			},
			"required":             []string{"model", "field"},
			"additionalProperties": false,
		})
	case resource.Struct:
		return b.structure(f, null, loose)
	case resource.List:
		return b.list(f, null, loose)
	case resource.Map:
		object := schema{"additionalProperties": b.member(f.Elem, true, loose)}
		if f.Off != "" {
			return either(null, orToken(false, "object", object), schema{"type": "array", "items": schema{"type": "string"}, "description": "Those that are on."})
		}
		return orToken(null, "object", object)
	case resource.String:
		if len(f.Enum) > 0 {
			return enum(f, null, loose)
		}
	}
	return scalar(f, null, loose)
}

func (b *builder) structure(f *resource.Field, null, loose bool) schema {
	object := schema{}
	if f.Members == nil {
		object = b.object(f.Fields, loose || f.Lenient)
	}
	if f.Short == "" {
		return orToken(null, "object", object)
	}
	object["type"] = "object"
	short := resource.Lookup(f.Fields, f.Short)
	return either(null, b.member(short, false, loose), object)
}

func (b *builder) list(f *resource.Field, null, loose bool) schema {
	elem := b.member(f.Elem, false, loose)
	switch {
	case f.OneOrList:
		return either(null, elem, schema{"type": "array", "items": elem})
	case f.Aliases:
		return either(null, orToken(false, "array", schema{"items": elem}),
			schema{"type": "object", "additionalProperties": elem, "description": "Names of your own, and what each stands for."})
	}
	return orToken(null, "array", schema{"items": elem})
}

// scalar takes a value of the field's type, or a string with ${...} in its
// place. A pattern binds strings alone, so that it stands beside other types.
// A loose one takes other scalars too that can be read as that type.
func scalar(f *resource.Field, null, loose bool) schema {
	read := func(typ, loosely, hint string) schema {
		pattern := tokenPattern
		if loose {
			pattern = loosely + "|" + tokenPattern
		}
		return schema{"type": types(null, typ, "string"), "pattern": pattern, "patternErrorMessage": "Write " + hint + ", or ${env.NAME}."}
	}
	switch f.Type {
	case resource.Bool:
		return read("boolean", `^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$`, "true or false")
	case resource.Int:
		return read("integer", `^\s*[-+]?[0-9]`, "a whole number")
	case resource.Number:
		return read("number", `^\s*[-+]?[0-9.]`, "a number")
	case resource.Numeral:
		return schema{"type": types(null, "integer", "string")}
	case resource.Duration:
		return schema{"type": types(null, "string"), "pattern": durationForm, "patternErrorMessage": "Write a duration such as 3h30m."}
	case resource.Time:
		return schema{"type": types(null, "string"), "pattern": timeForm, "patternErrorMessage": "Write a time such as 2024-01-15T09:30:00Z."}
	}
	if loose {
		return schema{"type": types(null, "string", "number", "boolean")}
	}
	return schema{"type": types(null, "string")}
}

// enum takes the values listed. A loose list is a proposal.
func enum(f *resource.Field, null, loose bool) schema {
	if loose {
		return either(null, schema{"enum": f.Enum}, schema{"type": []string{"string", "number", "boolean"}})
	}
	return either(null, schema{"enum": f.Enum}, schema{"type": "string", "pattern": tokenPattern})
}

// isText reports whether s stays a string when it is written without quotes.
func isText(s string) bool { return !json.Valid([]byte(s)) }

// orToken is s for values of the type, or a variable of that type in its place.
func orToken(null bool, typ string, s schema) schema {
	s["type"] = types(null, typ, "string")
	s["pattern"] = loneToken
	s["patternErrorMessage"] = "Write " + map[string]string{"object": "a map", "array": "a list"}[typ] + ", or ${var.NAME}."
	return s
}

func source() schema {
	return schema{"type": "string", "pattern": sourceForm, "patternErrorMessage": "Write model.field."}
}

// reference defines, once for each kind, how to refer to something of it.
func (b *builder) reference(to string) string {
	name := "ref." + to
	if _, done := b.defs[name]; !done {
		b.defs[name] = schema{"anyOf": []any{
			schema{"type": "string", "pattern": nameForm, "description": "The key of " + article(to) + " in this manifest.",
				"patternErrorMessage": "Write the key of " + article(to) + "."},
			schema{"type": "object", "properties": schema{"id": schema{"type": "string", "minLength": 1, "description": "Its id in the service."}},
				"required": []string{"id"}, "additionalProperties": false,
				"description": capital(article(to)) + " that this manifest does not manage."},
		}}
	}
	return "#/$defs/" + name
}

// types is a list of types, null among them where that is allowed.
func types(null bool, names ...string) any {
	if null {
		names = append(names, "null")
	}
	if len(names) == 1 {
		return names[0]
	}
	return names
}

// either takes any of the alternatives, and null where that is allowed.
func either(null bool, alternatives ...schema) schema {
	if null {
		alternatives = append(alternatives, schema{"type": "null"})
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return schema{"anyOf": alternatives}
}
