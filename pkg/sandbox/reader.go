package sandbox

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// reader takes the members of a body one by one and remembers the first that is
// not what it should be. As the service does, it passes over members it does not
// know, and takes null for absent.
type reader struct {
	m   map[string]any
	at  string // where in the body, with a dot behind
	err *error

	more more
}

// more says what becomes of the member that no document names.
type more int

const (
	ignored more = iota
	kept         // if it is sent
	made         // anyway
)

// undocumented is a member that no document names. By Switches.MoreMembers an object has
// it at every depth.
const undocumented = "added_later"

func read(body map[string]any) *reader {
	return &reader{m: body, err: new(error)}
}

// readInto reads the body that the record is to have.
func (c *call) readInto(r *record) *reader { return c.readOver(len(r.Body) > 0) }

// readOver reads the body of something that is there already, or is made.
func (c *call) readOver(there bool) *reader {
	in := read(c.body)
	switch {
	case !c.s.opts.Switches.MoreMembers:
	case there:
		in.more = kept
	default:
		in.more = made
	}
	return in
}

// rest adds to what was read the member that no document names.
func (r *reader) rest(out map[string]any) map[string]any {
	switch v := r.m[undocumented]; {
	case r.more == ignored:
	case v != nil:
		out[undocumented] = v
	case r.more == made:
		out[undocumented] = map[string]any{"days": jsonNumber(30), "of": []any{"us"}}
	}
	return out
}

// withRest adds to a view what the object behind it has of the member that no document
// names.
func withRest(view, of map[string]any) map[string]any {
	if v := of[undocumented]; v != nil {
		view[undocumented] = v
	}
	return view
}

func (r *reader) fail(name, format string, args ...any) {
	if *r.err == nil {
		*r.err = badRequest("%s%s: %s", r.at, name, fmt.Sprintf(format, args...))
	}
}

// has reports whether the member is there and not null.
func (r *reader) has(name string) bool { return r.m[name] != nil }

// required refuses a body without these members.
func (r *reader) required(names ...string) *reader {
	for _, name := range names {
		if !r.has(name) {
			r.fail(name, "is required")
		}
	}
	return r
}

func take[T any](r *reader, name, want string) T {
	v, ok := r.m[name].(T)
	if !ok && r.has(name) {
		r.fail(name, "want %s", want)
	}
	return v
}

func (r *reader) text(name string) string { return take[string](r, name, "a string") }
func (r *reader) flag(name string) bool   { return take[bool](r, name, "true or false") }
func (r *reader) object(name string) map[string]any {
	return take[map[string]any](r, name, "an object")
}

// whole reads a whole number.
func (r *reader) whole(name string) {
	n := take[json.Number](r, name, "a number")
	if n == "" {
		return
	}
	if f, err := n.Float64(); err != nil || f != math.Trunc(f) {
		r.fail(name, "want a whole number")
	}
}

// uuid reads a string of a UUID's form.
func (r *reader) uuid(name string) string {
	s := r.text(name)
	if r.has(name) && !isUUID(s) {
		r.fail(name, "want a UUID")
	}
	return s
}

// enum reads one of the values; absent is "".
func (r *reader) enum(name string, values []string) string {
	s := r.text(name)
	if r.has(name) && !slices.Contains(values, s) {
		r.fail(name, "%q is none of %q", s, values)
	}
	return s
}

// words reads a list of strings.
func (r *reader) words(name string) []string {
	var all []string
	for i, v := range take[[]any](r, name, "a list") {
		s, ok := v.(string)
		if !ok {
			r.fail(fmt.Sprintf("%s[%d]", name, i), "want a string")
		}
		all = append(all, s)
	}
	return all
}

// uuids reads a list of UUIDs.
func (r *reader) uuids(name string) []string {
	all := r.words(name)
	for i, s := range all {
		if !isUUID(s) {
			r.fail(fmt.Sprintf("%s[%d]", name, i), "want a UUID")
		}
	}
	return all
}

// each calls f with a reader for every object in a list.
func (r *reader) each(name string, f func(*reader)) {
	for i, v := range take[[]any](r, name, "a list") {
		at := fmt.Sprintf("%s[%d]", name, i)
		m, ok := v.(map[string]any)
		if !ok {
			r.fail(at, "want an object")
			continue
		}
		f(&reader{m: m, at: r.at + at + ".", err: r.err, more: r.more})
	}
}

// in returns a reader for the member that is an object; of one that is absent all
// members are absent.
func (r *reader) in(name string) *reader {
	return &reader{m: r.object(name), at: r.at + name + ".", err: r.err, more: r.more}
}
