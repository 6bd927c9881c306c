package state

import (
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Create is the Action of an intent to make an object, whatever step of a plan
// it belongs to. It is the one action whose effect cannot be seen by reading
// the object again, for nobody knows its id.
const Create = "create"

// Intent says what is about to be sent. It holds nothing of the body but a
// keyed hash.
type Intent struct {
	Op       string           // names the operation; unique in the lineage
	Address  resource.Address // for which resource
	Action   string           // Create, or another word of the caller's
	Method   string
	Path     string
	Key      string    // idempotency key, if one is sent
	BodyHash string    // keyed hash of the body, to see whether it is the same again
	Name     string    // the object's display name, to look for it by
	Serial   int64     // of the state that the operation started from
	Time     time.Time // by the server's clock where that is known
}

// Outcome says what became of an intent, or settles a doubt. One that carries a
// Resource needs neither: it is recorded under the resource's own address, as of
// an object that was adopted without a request.
type Outcome struct {
	Op string // the intent's
	OK bool   // the service did it
	// MayHaveEffect says of a failure that the service may have done it all the
	// same: the answer was lost, or is an error of the kind that comes after the
	// effect.
	MayHaveEffect bool
	Status        int // of the answer; 0 if there was none
	// Resource is what to remember from now on, in recorded form; nil leaves what
	// is remembered as it is. A failure may carry one too, of an object that is
	// known to exist all the same.
	Resource *resource.Resource
	Removed  bool // the address is no longer ours: forget it
}

// Record brings s up to date with what became of an operation. A nil outcome is
// one that nobody saw. Replaying a journal does just this for every step of it,
// so a run that calls it as it goes along has in memory what a later run loads.
//
// An outcome also settles a doubt of its operation, unless it is in doubt again.
func (s *State) Record(in Intent, out *Outcome) {
	if out == nil || !out.OK && out.MayHaveEffect && out.Resource == nil {
		if in.Action == Create && s.doubt(in.Op) < 0 {
			s.Doubts = append(s.Doubts, in)
		}
		return
	}
	s.Settle(in.Op)
	if out.Removed {
		delete(s.Resources, in.Address)
	}
	if out.Resource != nil {
		r := keep(out.Resource)
		r.Address = in.Address
		s.Resources[in.Address] = r
	}
}
