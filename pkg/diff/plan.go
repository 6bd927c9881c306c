package diff

import (
	"cmp"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Action is what a step does with a resource.
type Action string

// The actions. Forget drops a resource from the state and leaves the object
// alone; all others are those of the command line's JSON.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace" // make a new object, repoint what refers to it, delete the old one
	Delete  Action = "delete"
	Adopt   Action = "adopt" // take an existing object into the state, and update it where it differs
	Move    Action = "move"  // change the address in the state, and update where it differs
	Orphan  Action = "orphan"
	Forget  Action = "forget"
	NoOp    Action = "no-op"
)

// Step is what happens to one resource.
type Step struct {
	Address resource.Address
	Name    string // the display name
	Action  Action
	From    resource.Address // Move: the address until now
	ID      string           // of the object that exists, "" if none does

	Changes []Change // what differs, by path; for a delete what goes
	Reason  string   // why, where the changes do not say it
	Risks   []string // what a reviewer should stop at
	Waiting *resource.Waiting
	// Blocked is why nothing is done, though the manifest asks for it: a secret
	// could not be had, or an address that is needed is BlockedBy that. Changes
	// are those that are known all the same.
	Blocked   string
	BlockedBy resource.Address

	// After is the whole object as it has to be, for the request. Its secrets
	// are the manifest's, or of unknown value where only the service has them.
	After resource.Object
	// Record is the part of After that the manifest set, for the state.
	Record resource.Object
	// Extra are members of the API's that polyplan does not know and the manifest
	// sets all the same.
	Extra resource.Object
	// Needs are the addresses that have to be in place before.
	Needs []resource.Address
	// Gone says that the recorded object no longer exists.
	Gone bool
	// Protect is what the manifest says of it from now on; of what left the
	// manifest, what was said last.
	Protect bool
	Names   map[string]string // how the manifest calls a source
	// Unmanaged are the paths that the manifest leaves to people in the app.
	Unmanaged []resource.Path
	// Asks names a member that the update sends as true: it asks for something
	// and is no part of the object.
	Asks string
}

// Renew lays what the step wants over a live object that was just read, so that
// what others changed since the plan was made is kept. It returns the object as
// it has to be, and the members of the live object to send along that no table
// knows, but for those that extra has set.
func (s *Step) Renew(k *resource.Kind, recorded, live *resource.Resource) (after resource.Object, unknown map[string]any) {
	var before resource.Object
	if recorded != nil {
		before = recorded.Object
	}
	unknown = k.Unknown(live.Raw)
	if recorded != nil {
		for key := range recorded.Extra {
			delete(unknown, key) // ours; what is still wanted is laid over all
		}
	}
	return merge(k, s.Record, before, withKept(k, live.Object, recorded), s.Unmanaged).after, unknown
}

// Settled lists what the service made of a write, as far as it is not what the
// step wanted.
func (s *Step) Settled(k *resource.Kind, answer resource.Object) []Change {
	m := merge(k, s.Record, s.Record, answer, s.Unmanaged)
	return compare(k, s.Record, m.before, m.after)
}

// Agreed is the part of what the manifest says, and of its extra members, that an
// object which is adopted has already. Of what is the manifest's as a whole it is all
// or nothing: to have recorded a part would say that somebody added the rest.
func (s *Step) Agreed(k *resource.Kind) (o, extra resource.Object) {
	var differ, more []resource.Path
	for _, ch := range s.Changes {
		if at, ok := strings.CutPrefix(string(ch.Path), extraPath); ok {
			more = append(more, resource.Path(at))
		} else {
			differ = append(differ, wholeAround(k.Fields, ch.Path))
		}
	}
	return resource.Taken(without(s.Record, differ)), resource.Taken(without(s.Extra, more))
}

// wholeAround is the outermost Whole field at or above the path, which is at most two
// levels deep in every table; the path itself if there is none.
func wholeAround(fields []resource.Field, p resource.Path) resource.Path {
	for i := range fields {
		f := &fields[i]
		at := resource.Path("").Child(f.Name)
		if f.Whole && p.Within(at) {
			return at
		}
		for j := range f.Fields {
			if below := at.Child(f.Fields[j].Name); f.Fields[j].Whole && p.Within(below) {
				return below
			}
		}
	}
	return p
}

// Writes reports whether the step changes an object of the service.
func (s *Step) Writes() bool {
	if s.Blocked != "" {
		return false
	}
	switch s.Action {
	case Create, Update, Replace:
		return true
	case Delete:
		return !s.Gone
	case Adopt, Move:
		return len(s.Changes) > 0
	}
	return false
}

// Drift is what changed outside since the last apply.
type Drift struct {
	Address resource.Address
	Name    string
	Gone    bool     // the object is no longer there
	Changes []Change // Before is what was applied, After what the service has
}

// Refusal is a step that must not be taken.
type Refusal struct {
	Address resource.Address
	Policy  bool // a protection forbids it; otherwise something is missing
	What    string
	Why     string
	Fix     string
	Pos     diag.Pos
	Code    string // "" for refused
}

// Diagnostic is the refusal in the form in which all findings are shown.
func (r Refusal) Diagnostic() diag.Diagnostic {
	return diag.Diagnostic{Pos: r.Pos, Code: cmp.Or(r.Code, "refused"), Address: r.Address.String(), What: r.What, Why: r.Why, Fix: r.Fix}
}

// Refused is the refusal of a plan for a finding about its manifest.
func Refused(d diag.Diagnostic) Refusal {
	a, _ := resource.ParseAddress(d.Address)
	return Refusal{Address: a, What: d.What, Why: d.Why, Fix: d.Fix, Pos: d.Pos, Code: d.Code}
}

// Plan is everything that an apply will do, in the order of its steps.
type Plan struct {
	Steps    []Step // those that make and change in order of need, then deletes in reverse
	Drift    []Drift
	Refusals []Refusal
}

// Summary counts steps by what they do.
type Summary struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Replace   int `json:"replace"`
	Delete    int `json:"delete"`
	Adopt     int `json:"adopt"`
	Move      int `json:"move"`
	Forget    int `json:"forget,omitempty"`
	Orphan    int `json:"orphan"`
	Blocked   int `json:"blocked,omitempty"`
	Unchanged int `json:"unchanged"`
}

// Add counts one step of that action.
func (s *Summary) Add(a Action) {
	switch a {
	case Create:
		s.Create++
	case Update:
		s.Update++
	case Replace:
		s.Replace++
	case Delete:
		s.Delete++
	case Adopt:
		s.Adopt++
	case Move:
		s.Move++
	case Forget:
		s.Forget++
	case Orphan:
		s.Orphan++
	default:
		s.Unchanged++
	}
}

// Changed counts all that an apply would do.
func (s Summary) Changed() int {
	return s.Create + s.Update + s.Replace + s.Delete + s.Adopt + s.Move + s.Forget
}

// Summary counts the plan's steps.
func (p *Plan) Summary() Summary {
	var s Summary
	for i := range p.Steps {
		if p.Steps[i].Blocked != "" && p.Steps[i].Action == NoOp {
			s.Blocked++
		} else {
			s.Add(p.Steps[i].Action)
		}
	}
	return s
}

// Waits lists the steps of existing objects that wait for a person.
func (p *Plan) Waits() []*Step {
	var out []*Step
	for i := range p.Steps {
		if p.Steps[i].Waiting != nil {
			out = append(out, &p.Steps[i])
		}
	}
	return out
}
