package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checker holds one value against a schema. It knows what the service's schemas
// are made of and its neighbours: a library that knows all of JSON Schema compiles
// the schemas of schemas in every process that it is linked into, which took
// longer than the rest of a start. A test holds it to such a library.
type checker struct {
	root  map[string]any
	found []Problem
	err   error
	steps int // that may still be taken: a schema may lead in circles
}

// checkSteps is far beyond what a value takes that is not made to take long.
const checkSteps = 100_000

// unread are the words that restrict a value and are not looked at.
var unread = map[string]bool{
	"if": true, "dependentSchemas": true, "dependencies": true, "propertyNames": true, "contains": true,
	"uniqueItems": true, "multipleOf": true, "unevaluatedItems": true, "unevaluatedProperties": true,
	"$dynamicRef": true, "$recursiveRef": true,
}

// fail notes the first reason for which the schema is of no use.
func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *checker) problem(p Problem) { c.found = append(c.found, p) }

func (c *checker) wrong(at []string, format string, args ...any) {
	c.problem(Problem{Path: slices.Clone(at), What: fmt.Sprintf(format, args...)})
}

// check holds v, which stands at at, against a schema or a part of one.
func (c *checker) check(schema any, at []string, v any) {
	if c.steps--; c.steps < 0 {
		c.fail("the schema cannot be used: it leads too far")
	}
	if c.err != nil {
		return
	}
	s, isObject := schema.(map[string]any)
	if !isObject {
		allowed, isBool := schema.(bool)
		if !isBool {
			c.fail("the schema cannot be read: a part of it is %s, and not an object", typeOf(schema))
		} else if !allowed {
			c.wrong(at, "it does not fit the schema")
		}
		return
	}
	for word := range s {
		if unread[word] {
			c.fail("the schema cannot be used: polyplan does not look at %s", word)
			return
		}
	}
	if !c.value(s, at, v) {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		c.object(s, at, v)
	case []any:
		c.list(s, at, v)
	case string:
		c.text(s, at, v)
	case bool, nil:
	default:
		c.number(s, at, toFloat(v))
	}
	c.combined(s, at, v)
}

// value looks at what is asked of values of any type, and reports whether the
// rest is worth a look.
func (c *checker) value(s map[string]any, at []string, v any) bool {
	if want, ok := s["type"]; ok {
		types := c.words("type", want)
		got := typeOf(v)
		if c.err == nil && !slices.Contains(types, got) && !(slices.Contains(types, "integer") && isInteger(v)) {
			c.wrong(at, "it is to be %s, and not %s", strings.Join(types, " or "), got)
			return false
		}
	}
	if want, ok := s["const"]; ok && !equal(v, want) {
		c.wrong(at, "it is not the one value that is allowed")
		return false
	}
	if want, ok := s["enum"]; ok {
		values := c.listOf("enum", want)
		if !slices.ContainsFunc(values, func(w any) bool { return equal(v, w) }) {
			c.problem(Problem{Path: slices.Clone(at), What: "it is none of the values that are allowed", Allowed: allowed(values)})
			return false
		}
	}
	return c.err == nil
}

// allowed are the values of an enum that can be named.
func allowed(values []any) []string {
	var out []string
	for _, v := range values {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case map[string]any, []any:
		default:
			text, _ := json.Marshal(v) // a number, a boolean or null
			out = append(out, string(text))
		}
	}
	return out
}

func (c *checker) object(s map[string]any, at []string, v map[string]any) {
	c.count(s, at, len(v), "minProperties", "it does not fit minProperties", "maxProperties", "it does not fit maxProperties")
	if want, ok := s["required"]; ok {
		c.required(at, v, c.words("required", want))
	}
	dependent := c.objectOf("dependentRequired", s["dependentRequired"])
	for _, name := range slices.Sorted(maps.Keys(dependent)) {
		if _, is := v[name]; is {
			c.required(at, v, c.words("dependentRequired", dependent[name]))
		}
	}
	properties, patterns := c.objectOf("properties", s["properties"]), c.objectOf("patternProperties", s["patternProperties"])
	for _, name := range slices.Sorted(maps.Keys(v)) {
		inner, known := append(slices.Clip(at), name), false
		if p, ok := properties[name]; ok {
			known = true
			c.check(p, inner, v[name])
		}
		for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
			if re := c.pattern(pattern); re != nil && re.MatchString(name) {
				known = true
				c.check(patterns[pattern], inner, v[name])
			}
		}
		others, ok := s["additionalProperties"]
		switch {
		case known || !ok:
		case others == false:
			c.problem(Problem{Path: slices.Clone(at), Unknown: name})
		default:
			c.check(others, inner, v[name])
		}
	}
}

func (c *checker) required(at []string, v map[string]any, names []string) {
	for _, name := range names {
		if _, is := v[name]; !is {
			c.problem(Problem{Path: slices.Clone(at), Missing: name})
		}
	}
}

func (c *checker) list(s map[string]any, at []string, v []any) {
	c.count(s, at, len(v), "minItems", "it has fewer than %d elements", "maxItems", "it has more than %d elements")
	first := c.listOf("prefixItems", s["prefixItems"])
	rest, ok := s["items"]
	for i, e := range v {
		inner := append(slices.Clip(at), strconv.Itoa(i))
		switch {
		case i < len(first):
			c.check(first[i], inner, e)
		case ok:
			c.check(rest, inner, e)
		}
	}
}

func (c *checker) text(s map[string]any, at []string, v string) {
	c.count(s, at, utf8.RuneCountInString(v), "minLength", "it is shorter than %d characters", "maxLength", "it is longer than %d characters")
	if want, ok := s["pattern"]; ok {
		text, isText := want.(string)
		if !isText {
			c.unlike("pattern", want)
			return
		}
		if re := c.pattern(text); re != nil && !re.MatchString(v) {
			c.wrong(at, "it does not match %s", strconv.Quote(text))
		}
	}
}

func (c *checker) number(s map[string]any, at []string, v float64) {
	for _, bound := range []struct {
		word, what string
		ok         func(limit float64) bool
	}{
		{"minimum", "less than ", func(limit float64) bool { return v >= limit }},
		{"maximum", "more than ", func(limit float64) bool { return v <= limit }},
		{"exclusiveMinimum", "not more than ", func(limit float64) bool { return v > limit }},
		{"exclusiveMaximum", "not less than ", func(limit float64) bool { return v < limit }},
	} {
		want, is := s[bound.word]
		if !is {
			continue
		}
		if typeOf(want) != "number" {
			c.unlike(bound.word, want)
			return
		}
		if limit := toFloat(want); !bound.ok(limit) {
			c.wrong(at, "it is %s%s", bound.what, strconv.FormatFloat(limit, 'f', -1, 64))
		}
	}
}

// count holds a size against its least and its greatest; %d in what is said stands
// for them.
func (c *checker) count(s map[string]any, at []string, n int, least, tooFew, most, tooMany string) {
	for _, bound := range []struct {
		word, what string
		isWrong    func(limit float64) bool
	}{
		{least, tooFew, func(limit float64) bool { return float64(n) < limit }},
		{most, tooMany, func(limit float64) bool { return float64(n) > limit }},
	} {
		want, is := s[bound.word]
		if !is {
			continue
		}
		if !isInteger(want) {
			c.unlike(bound.word, want)
			return
		}
		if limit := toFloat(want); bound.isWrong(limit) {
			c.wrong(at, "%s", strings.ReplaceAll(bound.what, "%d", strconv.FormatFloat(limit, 'f', -1, 64)))
		}
	}
}

// combined looks at the schemas that a schema is made of.
func (c *checker) combined(s map[string]any, at []string, v any) {
	if ref, ok := s["$ref"]; ok {
		c.check(c.resolve(ref), at, v)
	}
	for _, e := range c.listOf("allOf", s["allOf"]) {
		c.check(e, at, v)
	}
	// Which branch was meant nobody knows.
	if any := c.listOf("anyOf", s["anyOf"]); len(any) > 0 && c.fitting(any, at, v) == 0 {
		c.wrong(at, "it does not fit anyOf")
	}
	if one := c.listOf("oneOf", s["oneOf"]); len(one) > 0 && c.fitting(one, at, v) != 1 {
		c.wrong(at, "it does not fit oneOf")
	}
	if not, ok := s["not"]; ok && c.fitting([]any{not}, at, v) == 1 {
		c.wrong(at, "it does not fit not")
	}
}

// fitting is how many of the schemas v fits.
func (c *checker) fitting(schemas []any, at []string, v any) int {
	n := 0
	for _, s := range schemas {
		branch := &checker{root: c.root, steps: c.steps}
		branch.check(s, at, v)
		c.steps = branch.steps
		if branch.err != nil {
			c.fail("%w", branch.err)
		} else if len(branch.found) == 0 {
			n++
		}
	}
	return n
}

// resolve is the part of the schema that a reference names.
func (c *checker) resolve(ref any) any {
	text, _ := ref.(string)
	pointer, inside := strings.CutPrefix(text, "#")
	if !inside || pointer != "" && pointer[0] != '/' {
		c.fail("the schema cannot be read: it may refer by a pointer into itself, and to nothing else")
		return nil
	}
	var at any = c.root
	for _, word := range strings.Split(pointer, "/")[1:] {
		word = strings.NewReplacer("~1", "/", "~0", "~").Replace(word)
		inner, _ := at.(map[string]any)
		var ok bool
		if at, ok = inner[word]; !ok {
			c.fail("the schema cannot be read: it refers to a part of itself that is not there")
			return nil
		}
	}
	return at
}

func (c *checker) pattern(text string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		c.fail("the schema cannot be read: one of its patterns is none that is understood here")
		return nil
	}
	return re
}

func (c *checker) unlike(word string, v any) {
	c.fail("the schema cannot be read: its %s is %s", word, typeOf(v))
}

// words are one word or a list of words.
func (c *checker) words(word string, v any) []string {
	if one, ok := v.(string); ok && word == "type" {
		return []string{one}
	}
	var out []string
	for _, e := range c.listOf(word, v) {
		text, ok := e.(string)
		if !ok {
			c.unlike(word, e)
		}
		out = append(out, text)
	}
	return out
}

func (c *checker) listOf(word string, v any) []any {
	out, ok := v.([]any)
	if !ok && v != nil {
		c.unlike(word, v)
	}
	return out
}

func (c *checker) objectOf(word string, v any) map[string]any {
	out, ok := v.(map[string]any)
	if !ok && v != nil {
		c.unlike(word, v)
	}
	return out
}

// typeOf is the name of a value's type in a schema.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

// toFloat is a number as a float64: two beyond 2^53 may be one there, and what is
// wrong with one of them is then the service's to say. It is NaN for what is no
// number.
func toFloat(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case json.Number:
		f, err := v.Float64()
		if err == nil || errors.Is(err, strconv.ErrRange) {
			return f
		}
	}
	return math.NaN()
}

func isInteger(v any) bool {
	f := toFloat(v)
	return f == math.Trunc(f)
}

// equal compares as JSON does: 1 is 1.0.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	}
	if typeOf(a) == "number" {
		return typeOf(b) == "number" && toFloat(a) == toFloat(b)
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}
