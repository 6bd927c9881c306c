// Package check holds a manifest against what lies behind its connections: it
// runs the Survey of every kind over the resources and gathers what they find,
// and what could not be asked.
//
// What to look for is the kinds' affair; where answers come from, the service or
// the file of what it said last, that of a [schema.Reader]. A resource whose
// connection does not exist yet, waits for a person, or is about to change is
// not passed over: it is listed in [Result.Unverified] with the reason.
package check
