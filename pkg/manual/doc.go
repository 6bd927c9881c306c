// Package manual says in words what the tables of the kinds say in code: for
// editors a JSON Schema of the manifest, for readers the pages of `polyplan
// explain` and docs/kinds.md.
//
//	schema := manual.JSONSchema(kinds.All())
//	page, err := manual.Explain(kinds.All(), "sync.target")
//	fmt.Print(page.Text(80))
//
// A [Page] is about a kind, one of its fields, or a type of connection, and has
// a [Row] for each field below. It is plain data, so that callers may show it
// as they like; [Page.Text] and [Page.Markdown] are two ways to.
//
// Nothing here is written by hand for one kind: a new row of a table appears in
// the schema and on the pages by itself. The package knows the kinds that it is
// given and the connection types of the catalogue. It reads no manifest, checks
// none, and writes nothing.
package manual
