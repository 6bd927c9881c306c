package life

// Block is how many bytes a machine takes to say something.
const Block = 4096

// Said is what a machine says, as JSON followed by NULs.
type Said struct {
	What    What
	Disk    int
	At      Position
	Trouble string `json:",omitempty"`
}

// What is what a machine speaks of.
type What string

// A machine says when it is about to mount its disks, and then of each what was
// found there, with the trouble if that is no position; each step that was done
// since; and why the life there ended, which it should not.
const (
	Started What = "started"
	Found   What = "found"
	Done    What = "done"
	Ended   What = "ended"
)
