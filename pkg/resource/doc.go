// Package resource holds the words that all of polyplan shares: addresses,
// kinds and their tables of fields, objects in canonical form, secrets.
//
// A [Kind] is one table. It says which fields a manifest may set, how each is
// called in the API, what absence means, what is secret and what refers to
// another resource. Everything else follows from that table: the manifest is
// checked against it, [Kind.Encode] makes request bodies and [Kind.Decode]
// reads answers, the diff walks it, the editor's schema and the help text are
// printed from it.
//
// # The canonical form
//
// Desired, recorded and live objects are one type, [Object], in one form: the
// manifest's vocabulary, plain JSON values, always the same shape. A reference
// to a resource of this manifest is that resource's name,
//
//	{"connection": "stripe"}
//
// and a reference to anything else is {"id": UUID}; a source field is
// "users.email"; a list with a natural key is a map. Only [Secret] is not
// plain: its value never prints.
//
// The property that every kind keeps: decode(encode(x)) = x.
//
// The package knows no YAML, no HTTP and no files, and no kind by name.
package resource
