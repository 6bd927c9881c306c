package state

import (
	"errors"
	"fmt"
	"time"
)

// Damage is a sort of damage, a stable word for programs.
type Damage string

// The sorts of damage that are told apart, because each has a cause and a
// remedy of its own.
const (
	Empty      Damage = "empty"       // nothing in it
	Zeroed     Damage = "zeroed"      // NUL bytes where text was
	Conflicted Damage = "conflicted"  // git's conflict markers
	Truncated  Damage = "truncated"   // ends too early
	Altered    Damage = "altered"     // whole, but not as polyplan wrote it
	Foreign    Damage = "foreign"     // not polyplan's at all
	Missing    Damage = "missing"     // gone, but its generations or journal are there
	Older      Damage = "older"       // older than the newest generation
	Unrelated  Damage = "unrelated"   // of another lineage than what lies beside it
	BadJournal Damage = "bad-journal" // the journal does not fit or is damaged
)

// DamagedError says that what is stored cannot be trusted. It is never taken
// for an absent state, and nothing was changed.
type DamagedError struct {
	Path   string
	Damage Damage
	What   string // what was found
	Fix    string // one next step
}

func (e *DamagedError) Error() string { return place(e.Path) + e.What + step(e.Fix) }

// place and step are the ends of a message, where they are known.
func place(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

func step(fix string) string {
	if fix == "" {
		return ""
	}
	return "; " + fix
}

// NewerFormatError says that a later version of the program wrote the file,
// which was left untouched.
type NewerFormatError struct {
	Path           string
	Version, Known int
}

func (e *NewerFormatError) Error() string {
	return fmt.Sprintf("%sformat %d is newer than format %d, the newest that this version reads; use a newer polyplan",
		place(e.Path), e.Version, e.Known)
}

// ConflictError says that a save was refused because the stored state is not
// the one that was loaded: someone else saved in between.
type ConflictError struct {
	Path           string
	Lineage        string // of the state to be saved
	Serial         int64  // that it was loaded with
	StoredLineage  string // "" if nothing is stored
	StoredSerial   int64
	StoredModified bool // same lineage and serial, yet another content
}

func (e *ConflictError) Error() string {
	var found string
	switch {
	case e.StoredLineage == "":
		found = "there is no state any more"
	case e.StoredLineage != e.Lineage:
		found = "it now holds a state of another lineage"
	case e.StoredModified:
		found = fmt.Sprintf("its generation %d has another content now", e.StoredSerial)
	default:
		found = fmt.Sprintf("it now holds generation %d", e.StoredSerial)
	}
	return fmt.Sprintf("%ssomeone else changed the state: generation %d was loaded, but %s; plan again", place(e.Path), e.Serial, found)
}

// LockLostError says that a run has lost its lock, to another run or to someone who
// freed it. It can write nothing more. What it did until then is in its journal, where
// the next run finds it.
type LockLostError struct{ What string }

func (e *LockLostError) Error() string { return e.What }

// Hint is what to do then.
func (e *LockLostError) Hint() string {
	return "plan again once nobody else is at work: what this run did is in its journal"
}

// LockedError says that another run holds the lock.
type LockedError struct {
	Path   string
	Holder Holder        // zero where it is not known
	Age    time.Duration // how long the holder has had it, by this machine's clock
	ID     string        // of the lock, where locks have one
	Fix    string        // the way out
}

func (e *LockedError) Error() string {
	who := e.Holder.String()
	if e.Age > 0 {
		who += fmt.Sprintf(", for %s", e.Age.Round(time.Second))
	}
	return fmt.Sprintf("%sthe state is locked by %s%s", place(e.Path), who, step(e.Fix))
}

// ErrJournalClosed says that a journal takes no more records: it was closed,
// or the state was saved over it.
var ErrJournalClosed = errors.New("the journal is closed")
