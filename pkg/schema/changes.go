package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Changes tells, a line each and in order, what is otherwise in the lock than it
// was before.
func (l *Lock) Changes(before *Lock) []string {
	var out []string
	compare(before.types, l.types, func(id string, was, is Document) {
		out = append(out, changed("connection type "+id, was.leaves(), is.leaves())...)
	})
	compare(before.connections, l.connections, func(key string, was, is *behind) {
		if was == nil {
			was = &behind{}
		}
		if is == nil {
			is = &behind{}
		}
		compare(was.Sources, is.Sources, func(source string, was, is map[string]string) {
			out = append(out, changed(key+", "+source, was, is)...)
		})
		compare(was.Inputs, is.Inputs, func(of string, was, is [][]string) {
			out = append(out, changed(key+", enrichment "+of, leavesOf(was), leavesOf(is))...)
		})
		compare(was.Targets, is.Targets, func(object string, was, is *lockedTarget) {
			out = append(out, changed(key+", target "+object, was.leaves(), is.leaves())...)
		})
		out = append(out, changed(key+", settings of bulk sources", was.BulkSource.leaves(), is.BulkSource.leaves())...)
		compare(was.BulkSource.schemas(), is.BulkSource.schemas(), func(id string, was, is map[string]string) {
			out = append(out, changed(key+", schema "+id, was, is)...)
		})
		out = append(out, changed(key+", settings of bulk targets", was.BulkTarget.leaves(), is.BulkTarget.leaves())...)
	})
	return out
}

// compare visits, in order, the keys whose values may differ.
func compare[V any](was, is map[string]V, visit func(key string, was, is V)) {
	keys := map[string]bool{}
	for key := range was {
		keys[key] = true
	}
	for key := range is {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		visit(key, was[key], is[key])
	}
}

// changed tells how two descriptions of one thing differ. Of what is new as a
// whole, or gone, the parts are not told.
func changed(subject string, was, is map[string]string) []string {
	switch {
	case was == nil && is != nil:
		return []string{subject + ": new"}
	case was != nil && is == nil:
		return []string{subject + ": no longer there, or not used"}
	}
	var out []string
	compare(was, is, func(name, before, after string) {
		_, had := was[name]
		_, has := is[name]
		switch {
		case !had:
			out = append(out, fmt.Sprintf("%s: %s is new (%s)", subject, name, after))
		case !has:
			out = append(out, fmt.Sprintf("%s: %s is gone", subject, name))
		case before != after:
			out = append(out, fmt.Sprintf("%s: %s was %s and is %s", subject, name, before, after))
		}
	})
	return out
}

// leavesOf describes the inputs of an enrichment set by set.
func leavesOf(sets [][]string) map[string]string {
	if sets == nil {
		return nil
	}
	out := map[string]string{}
	for _, set := range sets {
		out[strings.Join(set, " + ")] = "inputs"
	}
	return out
}

// leaves describes a target field by field.
func (t *lockedTarget) leaves() map[string]string {
	if t == nil {
		return nil
	}
	out := map[string]string{}
	for id, words := range t.Modes {
		out["mode "+id] = words
	}
	for id, words := range t.Fields {
		out["field "+id] = words
	}
	out["what it allows"] = t.Allows
	return out
}

func (s *lockedBulkSource) leaves() map[string]string {
	if s == nil {
		return nil
	}
	out := s.Configuration.leaves()
	if out == nil {
		out = map[string]string{}
	}
	out["tracking fields"] = strconv.FormatBool(s.Tracking)
	return out
}

func (s *lockedBulkSource) schemas() map[string]map[string]string {
	if s == nil {
		return nil
	}
	return s.Schemas
}

func (t *lockedBulkTarget) leaves() map[string]string {
	if t == nil {
		return nil
	}
	out := t.Configuration.leaves()
	if out == nil {
		out = map[string]string{}
	}
	out["modes"] = strings.Join(t.Modes, " ")
	return out
}

// leaves describes a schema by the members at its top.
func (d Document) leaves() map[string]string {
	if d == nil {
		return nil
	}
	out := map[string]string{}
	put := func(name string, v any) {
		b, _ := encode(v)
		out[name] = string(b)
	}
	for name, v := range d.properties() {
		put("setting "+name, v)
	}
	for key, v := range d {
		if key != "properties" {
			put(key, v)
		}
	}
	return out
}
