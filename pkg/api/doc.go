// Package api speaks with the service in terms of kinds: list, get, create,
// update, delete, each one request of [transport] and its checked answer.
//
// A [Snapshot] is what the service has, read with one list a kind. Objects of
// which the list does not carry the full form are completed one by one, and
// only if somebody needs them.
//
// The package chooses nothing: which objects to read, what to change and when
// is its callers' business.
package api
