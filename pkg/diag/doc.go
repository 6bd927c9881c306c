// Package diag says what is wrong with a text, and where.
//
// A [Diagnostic] is one finding: what was found at which [Pos], why it is
// wrong and what the reader can do about it. A [List] gathers findings, so
// that one run reports everything it can instead of the first thing it meets.
// [Sources] lends the list the lines it speaks of, and [Diagnostic.Text] shows
// one with its line and a caret:
//
//	joined-hubspot.yaml:31:18: error: unknown model "user"
//	   31 |       firstname: user.first_name
//	      |                  ^^^^
//	  why: this manifest has no model called "user"
//	  fix: did you mean "users" (joined-hubspot.yaml:12:3)?
//
// Typical use gathers, then stops before doing harm:
//
//	var found diag.List
//	found.Errorf(pos, "unknown-key", "unknown key %q", key)
//	found.Add(diag.Diagnostic{Severity: diag.Warning, Pos: pos, What: "unused variable"})
//	if err := sources.Annotate(found).Err(); err != nil {
//		return err // a *multierror.Error, each error a Diagnostic
//	}
//
// The package also owns [Visible], through which passes every text from
// outside that reaches a terminal, [Width], the columns a text fills there, and
// [Nearest], the "did you mean".
//
// It reads no files, writes nowhere and knows nothing of resources.
package diag
