package state

import (
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// State is what is remembered of one deployment. It is not safe for concurrent
// use.
type State struct {
	Lineage string // which history; a random UUID, set once
	Serial  int64  // which generation of it; 0 until it was saved

	Tool             string // what wrote it last: "polyplan 0.3.0"
	Deployment       string // the service's URL
	Organization     string // the organisation's id
	OrganizationName string

	// Resources are as they were last written: ID, Object, Needs, Protect, Unmanaged,
	// Marks, Kept, Extra, and of Waiting all but its link and code. The other fields of a
	// resource are not kept.
	Resources resource.Set

	// CutShort says that a run was cut off before it had saved: part of this is in
	// its journal alone, or the journal is still to be cleared away. The next save
	// does both. It is no part of what is saved.
	CutShort bool

	// Doubts are the creates of which nobody knows whether they made an object.
	// Each stays until it is settled, see Settle.
	Doubts []Intent
}

// New is an empty state with a lineage of its own.
func New() *State {
	return &State{Lineage: newID(), Resources: resource.Set{}}
}

// newID is a random UUID, version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

var idForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Clone is a deep copy; secrets are shared, for they do not change.
func (s *State) Clone() *State {
	c := *s
	c.Resources = make(resource.Set, len(s.Resources))
	for a, r := range s.Resources {
		c.Resources[a] = keep(r)
	}
	c.Doubts = slices.Clone(s.Doubts)
	return &c
}

// keep copies of r what a state keeps.
func keep(r *resource.Resource) *resource.Resource {
	out := &resource.Resource{
		Address:   r.Address,
		ID:        r.ID,
		Object:    resource.Clone(r.Object),
		Needs:     slices.Clone(r.Needs),
		Protect:   r.Protect,
		Unmanaged: slices.Clone(r.Unmanaged),
		Marks:     maps.Clone(r.Marks),
		Kept:      resource.Clone(r.Kept),
		Extra:     resource.Clone(r.Extra),
	}
	if w := r.Waiting; w != nil {
		out.Waiting = &resource.Waiting{Status: w.Status, Detail: w.Detail}
	}
	return out
}

// Doubt is the doubt of that operation, false if there is none.
func (s *State) Doubt(op string) (Intent, bool) {
	if i := s.doubt(op); i >= 0 {
		return s.Doubts[i], true
	}
	return Intent{}, false
}

// Settle removes the doubt of that operation, and reports whether there was
// one: its object was found and is recorded, or was never made.
func (s *State) Settle(op string) bool {
	i := s.doubt(op)
	if i < 0 {
		return false
	}
	s.Doubts = slices.Delete(s.Doubts, i, i+1)
	return true
}

func (s *State) doubt(op string) int {
	return slices.IndexFunc(s.Doubts, func(d Intent) bool { return d.Op == op })
}
