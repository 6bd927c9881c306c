package schema

import (
	"context"
	"slices"
)

// Connection names a connection to a [Reader].
type Connection struct {
	Key string // its address in the manifest, or its id where it has none
	ID  string // the service's
}

// Reader tells what lies behind connections. It is safe for concurrent use, and
// what it returns is shared: read it, do not change it.
type Reader interface {
	// Type is the JSON Schema of the configuration of connections of a type.
	Type(ctx context.Context, id string) (Document, error)
	// Source is what a model with that configuration reads.
	Source(ctx context.Context, c Connection, configuration map[string]any) (*Source, error)
	// Keys is what a model's configuration may say.
	Keys(ctx context.Context, c Connection) (*Keys, error)
	// Enrichment is what the configuration of an enrichment may say.
	Enrichment(ctx context.Context, c Connection) (*Keys, error)
	// Inputs are the sets of inputs of which an enrichment with that configuration
	// needs one (API dossier 8.6). They are not nil.
	Inputs(ctx context.Context, c Connection, configuration map[string]any) ([][]string, error)
	// Target is an object that a sync may write to.
	Target(ctx context.Context, c Connection, object string) (*Target, error)
	// Targets lists these objects.
	Targets(ctx context.Context, c Connection) (*Targets, error)
	// Property is what a property of a new target object may be.
	Property(ctx context.Context, c Connection, property string) ([]string, error)
	// BulkSource is what a bulk sync may read. With fields of its schemas it may be
	// long.
	BulkSource(ctx context.Context, c Connection, fields bool) (*BulkSource, error)
	// BulkTarget is what a bulk sync may write to.
	BulkTarget(ctx context.Context, c Connection) (*BulkTarget, error)
	// Model finds out what a model reads that no manifest manages.
	Model(ctx context.Context, id string) (*Model, error)
}

// Missing says that there is no such thing.
type Missing struct{ Err error }

func (e *Missing) Error() string { return e.Err.Error() }
func (e *Missing) Unwrap() error { return e.Err }

// Refused says that what was asked is wrong in the service's eyes.
type Refused struct {
	Message string // the service's own words
	Err     error
}

func (e *Refused) Error() string { return e.Err.Error() }
func (e *Refused) Unwrap() error { return e.Err }

// Field is a field of a source.
type Field struct {
	Name  string
	Label string // what people see, where it differs; not kept in a lock
	Type  string
	// Added says whether a user added it, which the service does not always tell:
	// "" is unknown. Not kept in a lock.
	Added Answer
}

// Answer is what the service says to a question of yes or no.
type Answer string

// The answers; "" is none.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

// Source is what a model reads.
type Source struct{ Fields []Field }

// Names are the names of all fields.
func (s *Source) Names() []string {
	out := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		out[i] = f.Name
	}
	return out
}

// Field is the field of that name, nil if there is none.
func (s *Source) Field(name string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}

// Keys is what the configuration of a model, or of an enrichment, may say (API
// dossier 8.8).
type Keys struct {
	// Values are the values to choose from, by key; nil where any will do.
	Values map[string][]string
	// OneOf are keys of which one has to be set.
	OneOf []string
}

// Model is what a model reads that no manifest manages.
type Model struct {
	Name          string
	Connection    Connection
	Configuration map[string]any
	Own           []Field // fields of its own, which its source does not have
	Enriched      bool    // it has further fields
}

// Targets are the objects that syncs may write to (API dossier 8.9).
type Targets struct {
	Objects []TargetName
	// Creation says what a new object is made of; nil if none can be made.
	Creation []Property
}

// TargetName names an object.
type TargetName struct{ ID, Name string }

// Property is what a new object is made of.
type Property struct {
	ID   string
	Enum bool // its values are given
}

// Target is an object that syncs may write to.
type Target struct {
	ID     string
	Fields []TargetField
	Modes  []Mode
	// NewFields and NewIdentity say whether syncs may make fields, and ones that
	// identify records.
	NewFields, NewIdentity bool
	// Loose says that required fields need not be mapped.
	Loose bool
}

// TargetField is a field of a target object.
type TargetField struct {
	ID       string
	Name     string // what people see; not kept in a lock
	Type     string
	Required bool
	NoCreate bool     // not written in a new record
	NoUpdate bool     // not written in one that is there
	NoFilter bool     // not to be filtered by
	NoCipher bool     // not to be encrypted
	Identity bool     // it may identify records
	Compare  []string // by which functions; nil if not told
}

// Mode is what a sync may do with an object.
type Mode struct {
	ID        string
	Identity  bool // it needs one
	FieldMode bool // fields may have modes of their own
	Filters   bool // records of the target may be filtered
}

// Field is the field with that id, nil if there is none.
func (t *Target) Field(id string) *TargetField {
	for i := range t.Fields {
		if t.Fields[i].ID == id {
			return &t.Fields[i]
		}
	}
	return nil
}

// Mode is the mode with that id, nil if there is none.
func (t *Target) Mode(id string) *Mode {
	for i := range t.Modes {
		if t.Modes[i].ID == id {
			return &t.Modes[i]
		}
	}
	return nil
}

// BulkSource is what a bulk sync may read (API dossier 8.13).
type BulkSource struct {
	Configuration Document
	Schemas       []BulkSchema
	Tracking      bool // a schema may be told the field by which changes are found
	Partial       bool // there may be other schemas
}

// BulkSchema is a table, or what is one to the source.
type BulkSchema struct {
	ID     string
	Fields []Field // Name is the id; nil if they were not asked for
}

// Schema is the schema with that id, nil if there is none.
func (s *BulkSource) Schema(id string) *BulkSchema {
	for i := range s.Schemas {
		if s.Schemas[i].ID == id {
			return &s.Schemas[i]
		}
	}
	return nil
}

// BulkTarget is what a bulk sync may write to.
type BulkTarget struct {
	Configuration Document
	Modes         []string
}

// odd are the pairs of types of which no value of the one fits the other, as far
// as anybody can tell: the service documents no conversions. A string may hold
// anything, a number a moment, and a list or an object is written as text.
var odd = map[string][]string{ // of the target -> of the source
	"number":   {"boolean", "datetime", "array", "object", "binary"},
	"boolean":  {"datetime", "array", "object", "binary"},
	"datetime": {"boolean", "array", "object", "binary"},
	"object":   {"number", "boolean", "datetime", "binary"},
	"binary":   {"number", "boolean", "datetime", "array", "object"},
}

// Fits reports whether values of the type source may fit a field of the type
// target. A type that is not known fits everything.
func Fits(source, target string) bool { return !slices.Contains(odd[target], source) }
