package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Helpers for plain JSON values: maps, lists, strings, json.Number, booleans, nil.

// text returns the string member, or "".
func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

// flag returns the boolean member, or false.
func flag(m map[string]any, name string) bool {
	b, _ := m[name].(bool)
	return b
}

// object returns the member that is an object, or nil.
func object(m map[string]any, name string) map[string]any {
	o, _ := m[name].(map[string]any)
	return o
}

// list returns the member that is a list, or nil.
func list(m map[string]any, name string) []any {
	l, _ := m[name].([]any)
	return l
}

// objects returns the elements of a list that are objects.
func objects(m map[string]any, name string) []map[string]any {
	var all []map[string]any
	for _, v := range list(m, name) {
		if o, ok := v.(map[string]any); ok {
			all = append(all, o)
		}
	}
	return all
}

// words returns the elements of a list that are strings.
func words(m map[string]any, name string) []string {
	var all []string
	for _, v := range list(m, name) {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// number returns the member that is a whole number, or 0.
func number(m map[string]any, name string) int {
	switch n := m[name].(type) {
	case json.Number:
		i, _ := n.Int64()
		return int(i)
	case int:
		return n
	}
	return 0
}

// when returns the member that is a time, or the zero time.
func when(m map[string]any, name string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text(m, name))
	return t
}

// stamp writes a time as the service does.
func stamp(t time.Time) string {
	return t.UTC().Format(time.RFC3339Nano)
}

// stampOrNull writes the zero time as null.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// anys turns strings into JSON's kind of list, never nil.
func anys(all []string) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = s
	}
	return out
}

// copyMap returns a shallow copy, never nil.
func copyMap(m map[string]any) map[string]any {
	c := make(map[string]any, len(m))
	maps.Copy(c, m)
	return c
}

// sortedKeys returns the names of the members in order.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// mergePatch returns value changed by patch as RFC 7386 has it: null removes, objects
// merge, everything else replaces. Neither argument is changed.
func mergePatch(value, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	base, _ := value.(map[string]any)
	out := copyMap(base)
	for name, v := range changes {
		if v == nil {
			delete(out, name)
			continue
		}
		out[name] = mergePatch(base[name], v)
	}
	return out
}

// jsonNumber is n as it would have been read.
func jsonNumber(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// orEmpty returns a list that is written as [] and never as null.
func orEmpty(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}
