// Package apply makes plans of what is there, and carries them out.
//
// [Prepare] reads the service, settles what an earlier run left in doubt, and
// has [diff] compare; it changes nothing. [Run] carries a plan out: what is
// needed first, as much at once as the graph allows, each step announced as an
// [Event]. It decides nothing that the plan does not say.
//
// # Order of work
//
// Steps are ordered by what refers to what, and by nothing else:
//
//   - What is made or changed comes after all that it refers to is made and
//     written whole. So a failure skips what needs it, however far away.
//   - A circle of references is made by way of those that its kind's table lets
//     come later ([resource.Field].Cut): one object is made without them, and
//     written again as soon as the others have ids. Where an object of the circle
//     is there already, its id is known, and nothing is written twice.
//   - What is deleted comes after all that referred to it is deleted or written
//     without it; in a circle, one object is first written without what leads on.
//   - What can be turned on ([resource.Field].Last) is made turned off, and turned
//     on by a request of its own, the last of all: when nothing else is left to
//     do, whatever became of it, but never before what the object needs is
//     complete, nor before the object that it replaces is gone. It does not wait
//     for people. To turn something off goes along with the rest of its update.
//
// What is recorded at each point is what the service has by then, so that a run
// which ends anywhere leaves neither drift nor doubt about it.
//
// Nothing is deleted, nor replaced, that anything outside the plan still refers
// to, where the service would not ask ([resource.Kind].Unguarded): such a plan is
// refused, and says who that is.
//
// What is busy when it is to be deleted, a running sync, is turned off, told to
// stop, and deleted when it has.
//
// # How it stays safe
//
// Before a request that changes something is sent, its intent is durable, and
// so is its outcome before anything builds on it. A lost answer is not guessed
// at: the next run asks the service. A failed step skips what needs it and
// nothing else. The first interrupt lets what is under way finish; the second
// ends the requests themselves.
//
// # How it replaces
//
// What cannot be changed in place is made anew: first the new object, under a
// name for the time being where names are unique; then everything that refers
// to it is written; then the old object is deleted, and the new one gets its
// name. Until it is deleted the old one has a record of its own in the state, at
// an address such as connection.pg-replaced-1f3a09bc, so that a run which ends in
// between is taken up by the next, which deletes it whatever it prunes. Only when
// all of that is done does the step count as done.
//
// # Waiting for a person
//
// A connection that a person has to authorise is made, and its link shown. Run
// waits as long as it was told to and goes on as soon as it is done; after
// that, what needs the connection is deferred, for the next run to take up.
package apply
