package resource

import (
	"regexp"
	"slices"
	"strings"
)

// Type is the shape of a field's value in canonical form.
type Type int

// The types of fields.
const (
	String    Type = iota // a string; scalars of other types are written out
	Bool                  // true or false
	Int                   // a whole number
	Number                // any number
	Numeral               // a whole number that the API writes as a string: "08" and 8 are one
	Duration              // a Go duration in a string: "3h30m"
	Time                  // an instant as RFC 3339 writes it: "2024-01-15T09:30:00Z"
	Any                   // any JSON value
	Struct                // an object with the members that Fields lists
	List                  // a list of Elem
	Map                   // an object of Elem under keys of the user's
	Ref                   // a reference to a resource of the kind To: its name, or {id: UUID}
	SourceRef             // a field of a model: "model.field", or {model: {id: UUID}, field: F}
)

var typeNames = [...]string{"string", "boolean", "integer", "number", "whole number", "duration", "time", "any value", "map",
	"list", "map", "reference", "source field"}

// String is the type's name in messages and help.
func (t Type) String() string { return typeNames[t] }

// Field is a row of a kind's table. The zero value of every trait means no.
type Field struct {
	Name string // in the manifest
	API  string // in the API, where it differs from Name
	Type Type
	Doc  string // for explain, for editors and for the generated pages

	Required   bool   // the manifest must set it
	Computed   bool   // the server's own: never in a manifest, never compared, never sent
	Immutable  bool   // a change makes a new object
	Sensitive  bool   // a secret wherever it came from
	WriteOnly  bool   // GET never answers it: compared with the state alone
	OnCreate   bool   // sent with the POST only
	OnUpdate   bool   // sent with the PUT only
	Deprecated string // why, and what to use

	// Custom marks a field that the kind's own Encoded and Decoded carry.
	Custom bool
	// Directive marks what says how to write and not what to be: it goes along
	// with every write and is never compared.
	Directive bool
	// Once marks what matters only when the thing around it is made: afterwards
	// the live value stands.
	Once bool

	// Default is what absence means to the service. A live value that equals it
	// is no drift where the manifest is silent.
	Default any
	// Keyed marks the field that takes the resource's own key where the manifest
	// is silent: a name.
	Keyed bool
	// Filled is what polyplan writes where the manifest is silent, because the
	// service's own default is not known or not wanted.
	Filled any
	// Implicit marks a field whose absence is itself a setting ("all fields"):
	// a live value is neither drift nor carried along when the manifest is silent.
	Implicit bool

	Enum []string // allowed values of a String, as the API spells them

	To        string  // Ref: the kind referred to
	Fields    []Field // Struct: its members
	Elem      *Field  // List, Map: what it holds
	KeyedBy   string  // Map: in the API a list of objects, this member being the key
	Short     string  // Struct: the member that a lone scalar stands for
	OneOrList bool    // List: a single element may stand without its brackets
	Set       bool    // List: order means nothing
	// Whole marks a Struct or Map of which the manifest says all: what it leaves
	// out is removed. In others the keys that it leaves out belong to others.
	Whole bool
	// Off is the member of a Map's elements that turns one off: an element in which
	// it is false says the same as none. In a Map that is Whole, what the manifest
	// leaves out is turned off and not taken away, for the service has it still. A
	// manifest may write a list of the keys that are on.
	Off string
	// Open reports whether others may add to a Map though it is Whole, such as a
	// service that was told to take in what is new.
	Open func(root Object) bool
	// Stays marks what is left as it is when the manifest no longer sets it, since
	// its absence would say something else.
	Stays bool
	// Shared marks a Set that others add to: what neither the manifest nor the
	// state lists is left in place.
	Shared bool
	// Lenient marks a Struct whose table may lag behind the service: an unknown
	// key is a warning and is passed through.
	Lenient bool
	// Keeps marks a Struct of which answers may have members that the table does not
	// know: they are sent back with the rest, though no manifest may set them.
	Keeps bool
	// Members gives the Fields of a Struct that depend on the object around it,
	// such as a connection's configuration on its type; false if unknown.
	Members func(root Object) ([]Field, bool)
	// Deep marks an Any of which the manifest may say a part at every depth: the
	// service adds its defaults within what is set, too.
	Deep bool
	// Labelled marks an Any that may hold {value, label} pairs of the app's
	// pickers: labels are cosmetic, and {} is absence.
	Labelled bool
	// Aliases marks a Set of names that a manifest may also write as a map from
	// an alias to a name; sources then use the alias. Canonical form has names.
	Aliases bool
	// Apart marks what the answers to writes do not show, because calls of its own
	// carry it: see Kind.Read and Kind.Follow.
	Apart bool
	// Match names the members by which the elements of a list of objects in the API
	// are told apart: what the table does not know of them goes back with an update.
	Match []string
	// Also names further members of requests in which such elements stand.
	Also []string
	// Claims names the members that the service adds within the field's value, or
	// within its elements, and wants not back, and those that the kind's own
	// functions carry.
	Claims []string
	// Cut marks a field at the top of a kind whose references may go round in a
	// circle. There, an object is first made with this in the field's place, an
	// empty Object being nothing, and written whole when the others are there.
	Cut Object
	// Last marks a Bool that is turned on when all else is in place, by a POST of
	// the field alone to this segment below the object's path.
	Last string
	// Flow says what the field is to data that goes from one connection to another
	// without a model.
	Flow Flow
	// OwnField marks what names one of the resource's own fields and so may use
	// such an alias: a String, the elements of a List, the keys of a Map.
	OwnField bool
	// Code names the language of a long text, so that its changes are shown by
	// line: "sql".
	Code string
}

// Flow is what a field is to a flow of data.
type Flow int

// The parts of a flow.
const (
	NoFlow Flow = iota
	From        // a Ref: where it comes from
	Into        // a Ref: where it goes
	What        // a Map: its elements are what goes; within each there may be another
)

// APIName is the field's member in requests and answers.
func (f *Field) APIName() string {
	if f.API != "" {
		return f.API
	}
	return f.Name
}

// Below gives the fields of a Struct within the object root, and whether they
// are known.
func (f *Field) Below(root Object) ([]Field, bool) {
	if f.Members != nil {
		return f.Members(root)
	}
	return f.Fields, true
}

// Lookup finds a field by its name in the manifest.
func Lookup(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// Kind is a sort of resource: one table, and the few functions that its odder
// corners need. A nil function means the ordinary way.
type Kind struct {
	Name    string // "model"
	Section string // the manifest's top-level key: "models"
	Doc     string // first line: a summary; the rest: `polyplan explain model`
	Example string // a small manifest, for explain and the generated pages
	// Path is its collection in the API: "/api/models". A placeholder stands for a
	// field of the object: in "/api/organizations/{organization}/users" for the id
	// of the organisation that the object refers to.
	Path string
	// Object is the path of one object; "" for Path + "/{id}". Where it has no
	// {id}, an object is found by its own fields: see Placed.
	Object string
	// Source is the path that a GET of one object reads; "" for Object.
	Source string
	Fields []Field

	// Singleton says that an organisation has one such object, which the section
	// holds itself. Its name is DefaultName.
	Singleton bool
	// Short is the field that a lone scalar or list stands for.
	Short string
	// Upsert is the method that both makes and changes an object, at its path: PUT
	// or POST. Repeating it does no harm, so that its creates leave no doubt.
	// "" for POST at Path and PUT at Object.
	Upsert string
	// Bare says that answers are not wrapped in "data".
	Bare bool

	// After names kinds whose resources come first where both refer to the same
	// thing, though neither refers to the other: the primary keys of a connection
	// come before the bulk syncs that read from it.
	After []string

	// Claims names further members of the API that Encoded and Decoded carry.
	Claims []string
	// NameField is the field that people know an object by; "" for name.
	NameField string
	// Unguarded says that the service deletes such an object without asking who
	// refers to it.
	Unguarded bool
	// Uses names, by kind, the member of an answer that lists the ids of all objects
	// of that kind which the object refers to, in light lists too.
	Uses map[string]string
	// Cancel names a request below an object's path that ends what the object is
	// doing. A DELETE that is refused with 409 is sent again after that.
	Cancel string
	// UniqueName says that the service refuses a second object of one name.
	UniqueName bool
	// Slow says that writes are checked upstream and may take minutes.
	Slow bool
	// ListIsFull reports whether an item of the list in the API version carries
	// all that a GET does; nil means always. Of no item, nil, it tells what the
	// version is known for.
	ListIsFull func(version string, item map[string]any) bool
	// Marks names the members of an answer that move when the object changes;
	// where they stand still, an object need not be read again.
	Marks []string

	// Normal brings an object to canonical form where the table cannot; it runs
	// on manifests and on answers alike and must be idempotent.
	Normal func(o Object)
	// Encoded adjusts a request's body after the table was applied.
	Encoded func(e *Encoder, o Object, body map[string]any)
	// Decoded adjusts an object after the table was applied to an answer.
	Decoded func(d *Decoder, answer map[string]any, o Object)
	// Align renames in live, in place, what only the manifest has names for,
	// such as filters, after the objects that know the names, best first; and
	// says as they do what the service may say in another way.
	Align func(live Object, known ...Object)
	// AsSent gives an answer with the members of requests where requests have them, if
	// it shows them elsewhere, so that an update finds what no table knows of them.
	AsSent func(answer map[string]any) map[string]any
	// Form brings a request's body to the form that a version of the API has for it,
	// where versions differ.
	Form func(version string, body map[string]any) error
	// Read completes an answer about an object with what other calls of the API
	// show of it. Known are the objects that the manifest and the state have of it,
	// so that nobody is asked for what nobody manages; but where whole, all is
	// needed that an update sends back. Getters may be called at once.
	Read func(get Getter, answer map[string]any, whole bool, known ...Object) error
	// Follow gives the requests that bring the rest of an object from before to
	// after, when its own request is done. Before is nil for a new object.
	Follow func(e *Encoder, before, after Object) []Call
	// Removal gives the requests that delete an object in place of a DELETE.
	Removal func(e *Encoder, before Object) []Call
	// Ready tells what the service has to have done before an object can be
	// written, or nil; changed reports whether the write changes what stands at or
	// below a path.
	Ready func(e *Encoder, o Object, changed func(Path) bool) *Readiness
	// Check looks for mistakes of meaning in one resource of a manifest.
	Check func(c Checker, r *Resource)
	// Survey looks for mistakes in one resource of a manifest that show only in
	// what lies behind connections. It runs beside those of other resources.
	Survey func(s Surveyor, r *Resource)
	// Trial makes of the body of a create the request that tries an object out and
	// saves nothing; id is that of the object if there is one. nil: there is no such
	// request.
	Trial func(body map[string]any, id string) (path string, trial map[string]any)
	// Waiting reports what a person has to do before the object can be used, or
	// nil. It gets an answer of the API.
	Waiting func(answer map[string]any) *Waiting
	// Reconnect names the member of an update that asks for a fresh link for such
	// a person; "" if there is no way to.
	Reconnect string
}

// Summary is the first line of the kind's documentation.
func (k *Kind) Summary() string {
	s, _, _ := strings.Cut(k.Doc, "\n")
	return s
}

// DefaultName is the name of a Singleton in its address.
const DefaultName = "default"

// ObjectPath is the template of the path of one object.
func (k *Kind) ObjectPath() string {
	if k.Object != "" {
		return k.Object
	}
	return k.Path + "/{id}"
}

// Placed reports whether an object is found by its own fields, without an id of
// the service's.
func (k *Kind) Placed() bool { return !strings.Contains(k.ObjectPath(), "{id}") }

// Says reports whether an object that is placed holds anything but where it is:
// where nothing is set, there is none.
func (k *Kind) Says(o Object) bool {
	return slices.ContainsFunc(Keys(o), func(key string) bool {
		f := Lookup(k.Fields, key)
		return (f == nil || !f.Immutable) && !Empty(o[key])
	})
}

// Placeholders are the names of the placeholders in the template of a path, in
// order.
func Placeholders(template string) []string {
	names := placeholder.FindAllString(template, -1)
	for i, name := range names {
		names[i] = strings.Trim(name, "{}")
	}
	return names
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// InPath reports whether a field says where an object is: it stands in the path
// of requests, and so neither in their bodies nor, as a rule, in answers.
func (k *Kind) InPath(field string) bool {
	return slices.Contains(Placeholders(k.ObjectPath()), field)
}

// NameMember is the member of requests and answers that people know an object by.
func (k *Kind) NameMember() string {
	if f := Lookup(k.Fields, k.NameField); f != nil {
		return f.APIName()
	}
	return "name"
}

// Call is a request that changes a part of an object.
type Call struct {
	Method string
	Path   []string // the segments below the object's own path
	Body   any      // nil for none
}

// Getter reads what stands at the segments below an object's own path; it gives
// nil if there is no such thing.
type Getter func(query map[string]string, path ...string) (any, error)

// Readiness is what the service does by itself, and has to have done.
type Readiness struct {
	What string   // "the service reads the schemas of connection.hubspot"
	Path []string // the segments below /api of where it tells how far it is
	// Busy reports of what it tells there whether it is at it.
	Busy func(answer map[string]any) bool
	// Early reports whether a refusal, in the service's words, says no more than
	// that it was too early. The answer is the last that Busy got, nil if there
	// was none.
	Early func(refusal string, answer map[string]any) bool
}

// Waiting says that an object waits for a person.
type Waiting struct {
	Link   string // where to authorise it; empty in answers to GET
	Code   string // a code to type in there, if the type needs one
	Status string // as the service calls it
	Detail string // the service's own words, if any
}
