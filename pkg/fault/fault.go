// Package fault names the points at which a run can be made to go wrong, for tests:
// right before and right after everything that changes something outside the
// process. In the program as it is released there is nothing of it, see [Around];
// built with the tag polyplan_faults it does what the variable POLYPLAN_FAULT asks.
package fault

// Var says what goes wrong: NAME:NTH:KIND, as "outcome.before:3:kill". The kinds are
//
//	kill    the process is gone at once
//	panic   as a bug would
//	error   what is done there fails, or failed after it was done
//	sleep   nothing happens for two seconds
const Var = "POLYPLAN_FAULT"

// LogVar names a file to which each point that is passed adds a line, its name.
const LogVar = "POLYPLAN_FAULT_LOG"
