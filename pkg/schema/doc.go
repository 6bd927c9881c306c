// Package schema describes what lies behind connections: the fields that a
// model reads, the objects that a sync writes to, what the configuration of a
// connection looks like. It is what the checks of a manifest hold the manifest
// against.
//
// A [Reader] answers such questions. The service is one (package discover); a
// [Lock], the file of what the service said last, is another, so that a check
// knows no difference between the two. The error of a Reader says one of three
// things:
//
//   - [Missing]: it was asked, and there is no such thing;
//   - [Refused]: it was asked, and the question makes no sense to it;
//   - any other: it could not be asked, and nobody knows.
//
// The package reads no manifest and sends nothing.
package schema
