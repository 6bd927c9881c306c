package resource

import (
	"slices"

	"github.com/polyplan/polyplan/pkg/diag"
)

// Resource is one object of the manifest, of the state or of the service, in
// canonical form. Which fields are set depends on where it came from.
type Resource struct {
	Address Address
	ID      string // the service's; empty until it gave one
	Object  Object
	Needs   []Address // sorted; kept in the state too, so that orphans go in order
	Protect bool      // never deleted nor replaced

	// From a manifest, and kept in the state.
	Unmanaged []Path // left to people in the app

	// From a manifest.
	Extra  Object            // members of the API's that polyplan does not know, as written
	Pos    diag.Pos          // of the key
	At     map[Path]diag.Pos // of each value
	Unread map[Path]bool     // where what it says could not be read; false where only something below could not
	Names  map[string]string // how the manifest calls a source: "stars.fld1" -> "stars.score"

	// From the service, and kept in the state.
	Marks map[string]string // what moves when the object changes, see Kind.Marks
	Kept  Object            // write-only fields that an answer to a write showed

	// From the service only.
	Raw     map[string]any // the answer
	Waiting *Waiting       // nil when it can be used
}

// Where is the position of the value at p, or of the nearest thing around it.
func (r *Resource) Where(p Path) diag.Pos {
	for p != "" {
		if pos, ok := r.At[p]; ok {
			return pos
		}
		p = p.Parent()
	}
	return r.Pos
}

// Lose notes that what the manifest says at p, or ought to, could not be read. The
// index of an element that is in no list is -1.
func (r *Resource) Lose(p Path) {
	if r.Unread == nil {
		r.Unread = map[Path]bool{}
	}
	r.Unread[p] = true
	for p != "" {
		p = p.Parent()
		if _, noted := r.Unread[p]; !noted {
			r.Unread[p] = false // something below it was lost
		}
	}
}

// Lost reports whether p, or what it stands in, could not be read.
func (r *Resource) Lost(p Path) bool {
	for ; p != ""; p = p.Parent() {
		if r.Unread[p] {
			return true
		}
	}
	return r.Unread[""]
}

// Knows reports whether nothing of what the manifest says at p, above it or below
// it was lost: what is not in the object there was not meant to be.
func (r *Resource) Knows(p Path) bool {
	_, below := r.Unread[p]
	return !below && !r.Lost(p)
}

// DisplayName is what people know the object by: its name in the service, or the
// e-mail address of somebody.
func (r *Resource) DisplayName() string {
	for _, member := range []string{"name", "email"} {
		if s, ok := r.Object[member].(string); ok && s != "" {
			return s
		}
	}
	return r.Address.Name
}

// Set holds resources by address.
type Set map[Address]*Resource

// Addresses are the set's addresses in order.
func (s Set) Addresses() []Address {
	out := make([]Address, 0, len(s))
	for a := range s {
		out = append(out, a)
	}
	slices.SortFunc(out, Address.Compare)
	return out
}

// Checker is what a Kind's Check is given to look around with and to report. What
// is reported at a place that could not be read is dropped; a Check that concludes
// something from what is missing at another asks [Resource.Knows] about that.
type Checker interface {
	// Get finds another resource of the manifest; nil if there is none.
	Get(Address) *Resource
	// Errorf and Warnf report at the value at p. Why and fix may be empty.
	Error(p Path, code, what, why, fix string)
	Warn(p Path, code, what, why, fix string)
}
