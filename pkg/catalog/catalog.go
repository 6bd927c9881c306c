// Package catalog knows the connection types of Polytomic: which fields the
// configuration of a connection of each type has, and what may be done with
// them.
//
// A type is named by its id ("postgresql"). A field is required, secret (the
// API answers it masked), read-only (the server fills it), hidden (the app does
// not show it) or, when hidden, an API field (only the API can set it). A hidden
// field that is no API field is internal: the server's own state.
//
//	t, ok := catalog.Lookup("postgresql")
//	if !ok { ... }
//	if f := t.At("password"); f != nil && f.Secret { ... }
//
// The list is compiled into the program, so it can be older than the service.
// A type or field it lacks is therefore no proof of a mistake: warn, do not
// refuse. It says nothing about models, targets or bulk syncs, checks no
// values, and asks no server; the live document of GET
// /api/connection_types/{id} wins wherever the two differ.
//
// Everything that this package returns is shared: read it, do not change it. It
// is safe for concurrent use.
package catalog

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
)

//go:embed types.json
var source []byte

// Parsing is left until somebody asks, for most commands start and end without
// looking at a connection.
var types = sync.OnceValue(func() map[string]*Type {
	var all map[string]*Type
	if err := json.Unmarshal(source, &all); err != nil {
		panic("catalog: types.json: " + err.Error())
	}
	for id, t := range all {
		t.ID = id
		if t.Fields == nil {
			t.Fields = map[string]*Field{}
		}
	}
	markSecrets(all)
	return all
})

// Types returns the ids of all known types, sorted.
func Types() []string {
	return slices.Sorted(maps.Keys(types()))
}

// Lookup returns the type with this id, and whether it is known.
func Lookup(id string) (*Type, bool) {
	t, ok := types()[id]
	return t, ok
}

// Type is one connection type.
type Type struct {
	ID string `json:"-"`

	// OAuth says that a connection of this type can be authorised by a person
	// in a browser. It need not be: see Interactive.
	OAuth bool `json:"oauth"`

	// Fields of the configuration by name, never nil.
	Fields map[string]*Field `json:"fields"`

	// RequiredButUndescribed are names that the vendor calls required without
	// describing them.
	RequiredButUndescribed []string `json:"required_but_undescribed"`
}

// Names returns the names of the top-level fields, sorted.
func (t *Type) Names() []string {
	return slices.Sorted(maps.Keys(t.Fields))
}

// At returns the field at path, or nil if there is none: names lead into
// objects, and any number into the elements of a list.
//
//	t.At("headers", "0", "value")
func (t *Type) At(path ...string) *Field {
	if len(path) == 0 {
		return nil
	}
	return t.Fields[path[0]].At(path[1:]...)
}

// Field is one field of a configuration, a member of an object in it, or the
// element of a list.
type Field struct {
	Type string `json:"type"` // string, integer, boolean, object or array

	Required bool `json:"required"`
	Secret   bool `json:"secret"`    // answered as a mask
	ReadOnly bool `json:"read_only"` // filled by the server
	Hidden   bool `json:"hidden"`    // not shown in the app
	APIField bool `json:"api_field"` // hidden, yet the API can set it

	Default any    `json:"default"` // nil if there is none
	Enum    []any  `json:"enum"`    // the values allowed, nil if any
	Format  string `json:"format"`
	Widget  string `json:"widget"`

	Fields               map[string]*Field `json:"fields"`                // members of an object
	Closed               bool              `json:"closed"`                // an object with no members but Fields
	Items                *Field            `json:"items"`                 // element of an array
	AdditionalProperties *Field            `json:"additional_properties"` // members of an object that Fields does not name
}

// Internal reports whether the field is the server's own state: it is never
// sent and never compared.
func (f *Field) Internal() bool {
	return f.Hidden && !f.APIField
}

// At returns the field at path below f, or nil if there is none; without a path
// it is f itself. A nil f has nothing below it.
func (f *Field) At(path ...string) *Field {
	if f == nil || len(path) == 0 {
		return f
	}
	next := f.Fields[path[0]]
	if next == nil && f.Items != nil {
		if _, err := strconv.Atoi(path[0]); err == nil {
			next = f.Items
		}
	}
	if next == nil {
		next = f.AdditionalProperties
	}
	return next.At(path[1:]...)
}
