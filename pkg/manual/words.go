package manual

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/resource"
)

// marks are the traits of fields that readers should know, each with a word
// and what it means, in the order in which they are shown.
var marks = []struct {
	word, meaning string
	has           func(*resource.Field) bool
}{
	{"required", "the manifest must set it", mandatory},
	{"read-only", "filled by the service: a manifest may not set it", func(f *resource.Field) bool { return f.Computed }},
	{"secret", "masked wherever it is shown; bring it in with ${env.NAME}", func(f *resource.Field) bool { return f.Sensitive }},
	{"immutable", "a change makes a new object", func(f *resource.Field) bool { return f.Immutable }},
	{"write-only", "the service never shows it: a change made elsewhere goes unseen", func(f *resource.Field) bool { return f.WriteOnly }},
	{"on create", "counts only when the object is made", func(f *resource.Field) bool { return f.OnCreate && !f.Immutable || f.Once }},
	{"on update", "counts only when the object is changed", func(f *resource.Field) bool { return f.OnUpdate }},
	{"directive", "says how to write, not what to be: it is never compared", func(f *resource.Field) bool { return f.Directive }},
	{"shared", "others may add to it: what the manifest does not list is left in place", func(f *resource.Field) bool { return f.Shared }},
	{"deprecated", "do not use it in new manifests", func(f *resource.Field) bool { return f.Deprecated != "" }},
}

func marksOf(f *resource.Field) []string {
	var out []string
	for _, m := range marks {
		if m.has(f) {
			out = append(out, m.word)
		}
	}
	return out
}

// typeOf says what a manifest may write as the field's value.
func typeOf(f *resource.Field) string {
	switch f.Type {
	case resource.Ref:
		return "reference to " + article(f.To)
	case resource.SourceRef:
		return "model.field"
	case resource.Struct:
		if f.Short != "" {
			return f.Short + ", or map"
		}
	case resource.List:
		of := "list of " + plural(f.Elem)
		switch {
		case f.OneOrList:
			return typeOf(f.Elem) + ", or " + of
		case f.Aliases:
			return of + ", or map of names"
		}
		return of
	case resource.Map:
		of := "map of " + plural(f.Elem)
		if f.Off != "" {
			return of + ", or list of names"
		}
		return of
	}
	return f.Type.String()
}

// plural is what a list or map of f holds.
func plural(f *resource.Field) string {
	switch f.Type {
	case resource.Any:
		return "any values"
	case resource.Ref:
		return "references to " + several(f.To)
	case resource.SourceRef:
		return "model.field"
	case resource.Struct:
		if f.Short != "" {
			return f.Short + " or map"
		}
		return "maps"
	case resource.List:
		if f.OneOrList {
			return typeOf(f.Elem) + " or lists of " + plural(f.Elem)
		}
		return "lists of " + plural(f.Elem)
	case resource.Map:
		return "maps of " + plural(f.Elem)
	}
	return typeOf(f) + "s"
}

// defaultOf is what absence means, as far as a table can say.
func defaultOf(f *resource.Field) any {
	v := f.Filled
	if v == nil {
		v = f.Default
	}
	if o, ok := v.(resource.Object); ok && len(o) == 0 {
		return nil // no more than absence
	}
	return v
}

// description is what editors show: the documentation, and the marks that the
// schema has no word of its own for.
func description(f *resource.Field) string {
	parts := []string{f.Doc}
	if f.Sensitive {
		parts = append(parts, "Secret: bring it in with ${env.NAME}.")
	}
	if f.Immutable && !strings.Contains(f.Doc, "makes a new") {
		parts = append(parts, "A change makes a new object.")
	}
	if f.Deprecated != "" {
		parts = append(parts, "Deprecated: "+f.Deprecated)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// article puts a or an before the words of a kind's name.
func article(kind string) string {
	if kind != "" && strings.ContainsRune("aeio", rune(kind[0])) {
		return "an " + spaced(kind)
	}
	return "a " + spaced(kind)
}

// several is the plural of a kind's name.
func several(kind string) string {
	if stem, ok := strings.CutSuffix(spaced(kind), "y"); ok {
		return stem + "ies"
	}
	return spaced(kind) + "s"
}

func spaced(kind string) string { return strings.ReplaceAll(kind, "_", " ") }

// capital is s beginning as a sentence does.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
