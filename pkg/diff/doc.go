// Package diff compares what a manifest wants with what the service has, and
// makes of the difference a plan.
//
// Three sets go in: desired (the manifest), recorded (the state: what was last
// applied) and live (the service). All are in canonical form. Out comes a
// [Plan], the same for the same sets: nothing is read, no clock is asked.
//
// # Whose is it?
//
// Of each field one of three holds:
//
//   - The manifest sets it. It is ours, and a live value that differs is
//     changed back.
//   - The manifest is silent and the state says that we once set it. It was
//     ours, and is removed.
//   - Neither. It belongs to somebody else; the live value is kept, and goes
//     along when the object is written, for an update replaces the whole.
//
// Where a table says that the manifest gives the whole of something, such as a
// sync's mapping, what it leaves out is removed, whoever put it there.
//
// Drift, what somebody changed outside since the last apply, is recorded
// against live. Change is desired against live. Both are shown, never mixed.
package diff
