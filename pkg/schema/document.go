package schema

import "slices"

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

// Check holds a value in canonical form against the schema, which is read as one
// of draft 2020-12, whatever it calls itself. Its error says that the schema
// itself is of no use: it is none, it refers to something outside itself, or it
// asks for what is not looked at here, and then nothing is said of the value.
func (d Document) Check(value any) ([]Problem, error) {
	c := &checker{root: d, steps: checkSteps}
	c.check(map[string]any(d), []string{}, value)
	if c.err != nil {
		return nil, c.err
	}
	return c.found, nil
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
