package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Document is a JSON Schema, as the service writes it.
type Document map[string]any

// Problem is what is wrong at one place. It quotes no value: it may be a secret.
type Problem struct {
	Path []string // the way there
	// Missing is a member that is not there, Unknown one that may not be; else
	// the value itself is wrong, and What says how.
	Missing, Unknown string
	What             string
	Allowed          []string // of an enum
}

// noLoader keeps a schema from reading files and the network.
type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errors.New("a schema may refer to nothing outside itself")
}

// Check holds a value against the schema. Its error says that the schema itself
// is of no use.
func (d Document) Check(value any) ([]Problem, error) {
	const here = "https://schema.invalid/configuration" // what it is called by itself; nothing is fetched
	doc := map[string]any{}
	for key, v := range d {
		if key != "$schema" && key != "$id" { // whose they are is no matter, and they are not to be fetched
			doc[key] = v
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	if err := c.AddResource(here, doc); err != nil {
		return nil, fmt.Errorf("the schema cannot be read: %w", err)
	}
	compiled, err := c.Compile(here)
	if err != nil {
		return nil, fmt.Errorf("the schema cannot be read: %w", err)
	}
	var invalid *jsonschema.ValidationError
	if err := compiled.Validate(value); err != nil && !errors.As(err, &invalid) {
		return nil, fmt.Errorf("the schema cannot be used: %w", err)
	}
	var out []Problem
	leaves(invalid, func(e *jsonschema.ValidationError) { out = append(out, problems(e)...) })
	return out, nil
}

func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	if e == nil {
		return
	}
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf, *kind.Not, *kind.Contains:
		visit(e) // which branch was meant nobody knows
		return
	}
	if len(e.Causes) == 0 {
		visit(e)
	}
	for _, cause := range e.Causes {
		leaves(cause, visit)
	}
}

func problems(e *jsonschema.ValidationError) []Problem {
	at := slices.Clone(e.InstanceLocation)
	one := func(format string, args ...any) []Problem {
		return []Problem{{Path: at, What: fmt.Sprintf(format, args...)}}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(k.Missing, func(name string) Problem { return Problem{Path: at, Missing: name} })
	case *kind.DependentRequired:
		return each(k.Missing, func(name string) Problem { return Problem{Path: at, Missing: name} })
	case *kind.AdditionalProperties:
		return each(k.Properties, func(name string) Problem { return Problem{Path: at, Unknown: name} })
	case *kind.Type:
		return one("it is to be %s, and not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		var allowed []string
		for _, v := range k.Want {
			switch v := v.(type) {
			case string:
				allowed = append(allowed, v)
			case nil, bool, float64:
				allowed = append(allowed, fmt.Sprint(v))
			}
		}
		return []Problem{{Path: at, What: "it is none of the values that are allowed", Allowed: allowed}}
	case *kind.Const:
		return one("it is not the one value that is allowed")
	case *kind.Pattern:
		return one("it does not match %s", strconv.Quote(k.Want))
	case *kind.Format:
		return one("it has not the form of %s", k.Want)
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
	}
	keyword := strings.Join(e.ErrorKind.KeywordPath(), ".")
	if keyword == "" {
		keyword = "the schema"
	}
	return one("it does not fit %s", keyword)
}

func each(names []string, f func(string) Problem) []Problem {
	var out []Problem
	for _, name := range names {
		out = append(out, f(name))
	}
	return out
}

// properties are the members that the schema describes at the top.
func (d Document) properties() map[string]any {
	m, _ := d["properties"].(map[string]any)
	return m
}

// Names are the names of the members that the schema describes.
func (d Document) Names() []string {
	var out []string
	for name := range d.properties() {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// HasDefault reports whether the member has a value without being set.
func (d Document) HasDefault(name string) bool {
	m, _ := d.properties()[name].(map[string]any)
	return m["default"] != nil
}
