package manual

import (
	"bytes"
	"encoding/json"

	"github.com/polyplan/polyplan/pkg/resource"
)

// The keys of the manifest's grammar that belong to no kind.
const (
	// Keys of resources and names of variables, without those that begin with x-.
	keyPattern   = `^([a-wyz]|x$|x[a-z0-9_])[a-z0-9_-]*$`
	varPattern   = `^([A-Za-wyz_]|x$|x[A-Za-z0-9_])[A-Za-z0-9_-]*$`
	ownPattern   = `^x-`           // left alone, for anchors and for other programs
	tokenPattern = `\$\{.+\}`      // text with ${...} in it
	loneToken    = `^\$\{[^}]+\}$` // only ${...}, which keeps its type
	nameForm     = `^[a-z][a-z0-9_-]*$|\$\{.+\}`
	sourceForm   = `^[a-z][a-z0-9_-]*\..|\$\{.+\}`
	timeForm     = `^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)$|\$\{.+\}`
	durationForm = `^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$|\$\{.+\}`
	addressForm  = `^[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*$`
)

// schema is a JSON Schema or a part of one. Its keys come out sorted, so that
// equal tables give equal bytes.
type schema = map[string]any

// JSONSchema is the schema of a manifest with these kinds, in JSON Schema draft
// 2020-12, for editors that check and complete while one types. It accepts all
// that polyplan accepts and refuses what a schema can refuse; what it cannot
// know, such as whether a name is declared, `polyplan validate` finds.
func JSONSchema(kinds []*resource.Kind) []byte {
	b := &builder{defs: schema{}}
	properties := schema{
		"polyplan": schema{"const": 1, "description": "The version of this grammar: 1."},
		"include":  oneOrList("Further files or directories that belong to this manifest.", schema{"type": "string"}),
		"vars": schema{
			"description":          "Variables, for ${var.name}.",
			"type":                 []string{"object", "null"},
			"patternProperties":    schema{varPattern: variable(), ownPattern: true},
			"additionalProperties": false,
		},
		"secrets": schema{
			"description":          "Secrets that a command gives, for ${secret.name}.",
			"type":                 []string{"object", "null"},
			"patternProperties":    schema{varPattern: secret(), ownPattern: true},
			"additionalProperties": false,
		},
		"moved":   list("What was declared under another key before.", moved()),
		"removed": list("What this manifest declares no longer.", removed()),
	}
	for _, k := range kinds {
		properties[k.Section] = b.section(k)
	}
	root := schema{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "polyplan manifest",
		"description":          "What Polytomic should hold. Written by `polyplan schema`.",
		"type":                 "object",
		"properties":           properties,
		"patternProperties":    schema{ownPattern: true},
		"additionalProperties": false,
		"$defs":                b.defs,
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(root); err != nil {
		panic("manual: the schema holds what JSON has no form for: " + err.Error())
	}
	return out.Bytes()
}

// builder gathers the definitions that several places share.
type builder struct{ defs schema }

// section is the map of a kind's resources.
func (b *builder) section(k *resource.Kind) schema {
	b.defs[k.Name] = b.kind(k)
	if k.Singleton {
		return describe(capital(k.Doc), either(true, schema{"$ref": "#/$defs/" + k.Name}))
	}
	return schema{
		"description":          capital(k.Doc),
		"type":                 []string{"object", "null"},
		"patternProperties":    schema{keyPattern: schema{"$ref": "#/$defs/" + k.Name}, ownPattern: true},
		"additionalProperties": false,
	}
}

// kind is one resource: the kind's own fields and what every resource has.
func (b *builder) kind(k *resource.Kind) schema {
	s := b.object(k.Fields, false)
	s["type"] = types(s["required"] == nil, "object", "string")
	s["pattern"] = loneToken
	s["description"] = capital(k.Doc)
	properties := s["properties"].(schema)
	properties["protect"] = schema{"type": "boolean", "default": false,
		"description": "Never delete or replace the object. The state keeps this too, so that removing the block does not remove the protection."}
	properties["unmanaged"] = oneOrList("Fields left to people in the app: the live value is sent back with every update.", schema{"type": "string"})
	properties["extra"] = schema{"type": []string{"object", "null"},
		"description": "Fields of the API that polyplan does not know yet. They are sent as they stand, unchecked: laid out as requests are, within objects that polyplan knows, too."}
	b.variants(k, s)
	if k.Short == "" {
		return s
	}
	return either(false, b.member(resource.Lookup(k.Fields, k.Short), false, false), s)
}

func variable() schema {
	return schema{
		"description": "A default value, or the settings of the variable.",
		"if":          schema{"type": "object"},
		"then": schema{
			"properties": schema{
				"type":        schema{"enum": []string{"string", "number", "bool", "list", "map"}, "description": "What its values are. Default: the type of its default, or string."},
				"default":     schema{"description": "Its value where nothing sets it. Without one it must be set."},
				"sensitive":   schema{"type": "boolean", "default": false, "description": "A secret: masked wherever it is shown."},
				"description": schema{"type": "string", "description": "What it is for."},
			},
			"patternProperties":    schema{ownPattern: true},
			"additionalProperties": false,
		},
	}
}

func secret() schema {
	return schema{
		"type": "object",
		"properties": schema{
			"exec": schema{"type": "array", "minItems": 1, "items": schema{"type": []string{"string", "number", "boolean"}, "minLength": 1},
				"description": "The program and its arguments; no shell reads them. It runs beside this file, when the secret is needed, for 10 s at most, without polyplan's own variables. What it writes is the secret, but for a line end at its end."},
			"json":        schema{"type": "string", "description": "The one value that is meant, where the command writes JSON: data.password, list[0].password."},
			"description": schema{"type": "string", "description": "What it is for."},
		},
		"required":             []string{"exec"},
		"patternProperties":    schema{ownPattern: true},
		"additionalProperties": false,
	}
}

func moved() schema {
	address := schema{"type": "string", "pattern": addressForm}
	return schema{
		"type": "object",
		"properties": schema{
			"from": describe("The address before, as in model.a.", address),
			"to":   describe("The address now.", address),
		},
		"required":             []string{"from", "to"},
		"additionalProperties": false,
	}
}

func removed() schema {
	return schema{
		"type": "object",
		"properties": schema{
			"address": schema{"type": "string", "pattern": addressForm, "description": "What is declared no longer."},
			"delete":  schema{"type": "boolean", "default": true, "description": "Whether the object itself is deleted, or only forgotten."},
		},
		"required":             []string{"address"},
		"additionalProperties": false,
	}
}

// describe is s with a description of its own.
func describe(doc string, s schema) schema {
	out := schema{"description": doc}
	for key, v := range s {
		out[key] = v
	}
	return out
}

func list(doc string, item schema) schema {
	return schema{"description": doc, "type": []string{"array", "null"}, "items": item}
}

// oneOrList takes one item without its brackets too.
func oneOrList(doc string, item schema) schema {
	return schema{"description": doc, "anyOf": []any{item, schema{"type": "array", "items": item}, schema{"type": "null"}}}
}
