// Package state is what polyplan remembers between two runs: which object of
// the service belongs to which address, what was last written to it, and what
// was sent without the answer having been seen.
//
// # Words
//
// A [State] is one deployment's memory. Its lineage, a random UUID, says which
// history it belongs to and is set once; its serial says which generation of
// that history it is and goes up by one at every save. A [Store] keeps it: in a
// file ([File]), in a place that keeps objects by name ([OnObjects]) or, for tests,
// in memory ([NewMemory]).
//
// A run that changes anything writes a journal. Before a request is sent, its
// [Intent] is made durable; after the answer, its [Outcome] is. So the cost of a
// step does not depend on how much is remembered already, and a run that dies
// leaves behind all that it did. [Store.Load] replays the journal over the state
// that it belongs to. A create that was sent and never answered is a doubt
// ([State.Doubts]): whoever loads it asks the service, and settles it.
//
//	lock, err := state.LockWait(ctx, store, who, time.Minute, nil)
//	...
//	defer lock.Unlock()
//	s, err := store.Load(ctx)
//	j, err := store.Journal(ctx, s)   // fails? then nothing is sent
//	...
//	err = j.Intend(ctx, intent)       // before the request
//	err = j.Outcome(ctx, outcome)     // after it
//	s.Record(intent, &outcome)        // the same step, in memory
//	...
//	err = j.Close()
//	err = store.Save(ctx, s)          // the next generation; the journal is gone
//
// A lock is a courtesy to people; the fence is in the save, which refuses to
// replace any other generation than the one that was loaded.
//
// # What it never holds
//
// No secret in clear: of a resource.Secret only the keyed fingerprint is
// written, or that there was none to be had, whatever the caller passes. No
// manifest, no position in one, and nothing of the service's answers but what
// polyplan itself once wrote.
package state
