package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"pgregory.net/rapid"
)

// whole is what a library that knows all of JSON Schema says, in our words.
func whole(doc, value any) ([]Problem, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("https://schema.invalid/x", doc); err != nil {
		return nil, err
	}
	compiled, err := c.Compile("https://schema.invalid/x")
	if err != nil {
		return nil, err
	}
	var invalid *jsonschema.ValidationError
	if err := compiled.Validate(value); err != nil && !errors.As(err, &invalid) {
		return nil, err
	}
	var out []Problem
	leaves(invalid, func(e *jsonschema.ValidationError) { out = append(out, inOurWords(e)...) })
	return out, nil
}

func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	if e == nil {
		return
	}
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf, *kind.Not:
		visit(e)
		return
	}
	if len(e.Causes) == 0 {
		visit(e)
	}
	for _, cause := range e.Causes {
		leaves(cause, visit)
	}
}

func inOurWords(e *jsonschema.ValidationError) []Problem {
	one := func(format string, args ...any) []Problem {
		return []Problem{{Path: e.InstanceLocation, What: fmt.Sprintf(format, args...)}}
	}
	each := func(names []string, problem func(name string) Problem) (out []Problem) {
		for _, name := range names {
			p := problem(name)
			p.Path = e.InstanceLocation
			out = append(out, p)
		}
		return out
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(k.Missing, func(name string) Problem { return Problem{Missing: name} })
	case *kind.DependentRequired:
		return each(k.Missing, func(name string) Problem { return Problem{Missing: name} })
	case *kind.AdditionalProperties:
		return each(k.Properties, func(name string) Problem { return Problem{Unknown: name} })
	case *kind.Type:
		return one("it is to be %s, and not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		return []Problem{{Path: e.InstanceLocation, What: "it is none of the values that are allowed", Allowed: allowed(k.Want)}}
	case *kind.Const:
		return one("it is not the one value that is allowed")
	case *kind.Pattern:
		return one("it does not match %q", k.Want)
	case *kind.MinLength:
		return one("it is shorter than %d characters", k.Want)
	case *kind.MaxLength:
		return one("it is longer than %d characters", k.Want)
	case *kind.MinItems:
		return one("it has fewer than %d elements", k.Want)
	case *kind.MaxItems:
		return one("it has more than %d elements", k.Want)
	case *kind.Minimum:
		return one("it is less than %s", k.Want.RatString())
	case *kind.Maximum:
		return one("it is more than %s", k.Want.RatString())
	case *kind.ExclusiveMinimum:
		return one("it is not more than %s", k.Want.RatString())
	case *kind.ExclusiveMaximum:
		return one("it is not less than %s", k.Want.RatString())
	case *kind.Not:
		return one("it does not fit not")
	case *kind.FalseSchema:
		return one("it does not fit the schema")
	}
	return one("it does not fit %s", strings.Join(e.ErrorKind.KeywordPath(), "."))
}

// Few names and values, so that what a schema speaks of is often there.
var (
	someNames  = rapid.SampledFrom([]string{"a", "b", "c"})
	someValues = rapid.SampledFrom([]any{nil, true, false, "", "a", "b", "xyz", "ünï", 0.0, 1.0, 2.0, 1.5, -3.0})
)

func someValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		if depth == 0 {
			return someValues.Draw(t, "value")
		}
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			return someValues.Draw(t, "value")
		case 1:
			list := rapid.SliceOfN(someValue(depth-1), 0, 3).Draw(t, "list")
			if list == nil {
				list = []any{}
			}
			return list
		}
		return rapid.MapOfN(someNames, someValue(depth-1), 0, 3).Draw(t, "object")
	})
}

// someSchema draws schemas out of every word that is looked at.
func someSchema(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		if depth == 0 || rapid.IntRange(0, 9).Draw(t, "boolean") == 0 {
			return rapid.Bool().Draw(t, "boolean")
		}
		inner := someSchema(depth - 1)
		types := rapid.SampledFrom([]string{"null", "boolean", "number", "integer", "string", "array", "object"})
		count, names := rapid.IntRange(0, 3), rapid.SliceOfNDistinct(someNames, 0, 2, rapid.ID)
		draw := map[string]func() any{
			"type":  func() any { return types.Draw(t, "type") },
			"const": func() any { return someValue(1).Draw(t, "const") },
			"enum": func() any {
				return rapid.SliceOfNDistinct(someValues, 1, 4, func(v any) string { return fmt.Sprint(v) }).Draw(t, "enum")
			},
			"required":             func() any { return names.Draw(t, "required") },
			"dependentRequired":    func() any { return map[string]any{"a": names.Draw(t, "dependent")} },
			"properties":           func() any { return rapid.MapOfN(someNames, inner, 0, 3).Draw(t, "properties") },
			"patternProperties":    func() any { return map[string]any{"^[ab]$": inner.Draw(t, "pattern properties")} },
			"additionalProperties": func() any { return inner.Draw(t, "additional") },
			"minProperties":        func() any { return count.Draw(t, "min") },
			"maxProperties":        func() any { return count.Draw(t, "max") },
			"items":                func() any { return inner.Draw(t, "items") },
			"prefixItems":          func() any { return rapid.SliceOfN(inner, 1, 2).Draw(t, "prefix") },
			"minItems":             func() any { return count.Draw(t, "min") },
			"maxItems":             func() any { return count.Draw(t, "max") },
			"minLength":            func() any { return count.Draw(t, "min") },
			"maxLength":            func() any { return count.Draw(t, "max") },
			"pattern":              func() any { return rapid.SampledFrom([]string{"^a", "[yz]+", "."}).Draw(t, "pattern") },
			"minimum":              func() any { return count.Draw(t, "min") },
			"maximum":              func() any { return count.Draw(t, "max") },
			"exclusiveMinimum":     func() any { return count.Draw(t, "min") },
			"exclusiveMaximum":     func() any { return count.Draw(t, "max") },
			"allOf":                func() any { return rapid.SliceOfN(inner, 1, 2).Draw(t, "all") },
			"anyOf":                func() any { return rapid.SliceOfN(inner, 1, 2).Draw(t, "any") },
			"oneOf":                func() any { return rapid.SliceOfN(inner, 1, 3).Draw(t, "one") },
			"not":                  func() any { return inner.Draw(t, "not") },
			"$ref":                 func() any { return "#/$defs/~0shared~1" + someNames.Draw(t, "ref") },
			"title":                func() any { return "a title" },
			"x-other":              func() any { return 7 },
		}
		out := map[string]any{}
		words := slices.Sorted(func(yield func(string) bool) {
			for word := range draw {
				if !yield(word) {
					return
				}
			}
		})
		for _, word := range rapid.SliceOfNDistinct(rapid.SampledFrom(words), 0, 4, rapid.ID).Draw(t, "words") {
			out[word] = draw[word]()
		}
		return out
	})
}

// asJSON is what a decoder makes of v.
func asJSON(t *rapid.T, v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// What is found is what a library finds that knows all of JSON Schema.
func TestCheckerAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc, _ := asJSON(t, someSchema(3).Draw(t, "schema")).(map[string]any)
		if doc == nil {
			t.Skip("a boolean")
		}
		plain := func(v any) any { return map[string]any{"const": v} }
		doc["$defs"] = map[string]any{"~shared/a": plain("a"), "~shared/b": map[string]any{"type": "object"}, "~shared/c": true}
		value := asJSON(t, someValue(3).Draw(t, "value"))
		want, err := whole(doc, value)
		if err != nil {
			t.Fatalf("the library: %v", err)
		}
		got, err := Document(doc).Check(value)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(inOrder(want), inOrder(got)); d != "" {
			text, _ := json.Marshal(doc)
			t.Fatalf("schema %s, value %v (-library +ours):\n%s", text, value, d)
		}
	})
}

// inOrder are problems as lines, each once: two branches may say the same.
func inOrder(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%q: missing %q, unknown %q, %s %q", p.Path, p.Missing, p.Unknown, p.What, p.Allowed))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A schema that is none, or that asks for what is not looked at, is told to be of
// no use, and one that leads in circles ends.
func TestUselessSchemas(t *testing.T) {
	for doc, want := range map[string]string{
		`{"type": 12}`:                                       "its type is number",
		`{"type": [12]}`:                                     "its type is number",
		`{"properties": []}`:                                 "its properties is array",
		`{"properties": {"a": 3}}`:                           "a part of it is number",
		`{"required": "a"}`:                                  "its required is string",
		`{"enum": {}}`:                                       "its enum is object",
		`{"properties": {"s": {"pattern": "("}}}`:            "patterns",
		`{"properties": {"s": {"pattern": 1}}}`:              "its pattern is number",
		`{"properties": {"s": {"minLength": "1"}}}`:          "its minLength is string",
		`{"properties": {"a": {"minimum": "1"}}}`:            "its minimum is string",
		`{"properties": {"a": {"multipleOf": 2}}}`:           "does not look at multipleOf",
		`{"anyOf": [{"if": true}]}`:                          "does not look at if",
		`{"$ref": "#/nowhere"}`:                              "not there",
		`{"$ref": "#anchor"}`:                                "to nothing else",
		`{"$ref": "#"}`:                                      "too far",
		`{"allOf": [{"$ref": "#"}, {"$ref": "#"}]}`:          "too far",
		`{"anyOf": [{"$ref": "#"}, {"not": {"$ref": "#"}}]}`: "too far",
	} {
		d := Document{}
		if err := json.Unmarshal([]byte(doc), &d); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Check(map[string]any{"a": 1.0, "s": "made-up"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %q", doc, got, err, want)
		}
	}
}

// Numbers are compared as they are in canonical form.
func TestCheckerNumbers(t *testing.T) {
	doc := Document{"properties": map[string]any{
		"whole": map[string]any{"type": "integer", "maximum": json.Number("10")},
		"word":  map[string]any{"enum": []any{1.0, json.Number("2")}},
	}}
	for _, tt := range []struct {
		name  string
		value any
		wrong int
	}{
		{"whole", int64(10), 0}, {"whole", 10.0, 0}, {"whole", json.Number("-9223372036854775809"), 0}, {"whole", 1.5, 1},
		{"whole", int64(11), 1}, {"whole", json.Number("1e400"), 1}, {"whole", json.Number("0.1234567890123456789"), 1},
		{"word", int64(1), 0}, {"word", int64(2), 0}, {"word", int64(3), 1}, {"word", "1", 1}, {"word", nil, 1}, {"word", []any{}, 1},
	} {
		got, err := doc.Check(map[string]any{tt.name: tt.value})
		if len(got) != tt.wrong || err != nil {
			t.Errorf("%s %v: %+v, %v", tt.name, tt.value, got, err)
		}
	}
}
