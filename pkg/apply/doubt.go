package apply

import (
	"fmt"
	"slices"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Settlement is what became of a create whose answer nobody saw.
type Settlement struct {
	Intent state.Intent
	ID     string // the object that was made; "" if none was
	// Open says that none was found and the create is still wanted: it is sent
	// again under its key, which makes one object at most.
	Open bool
}

// clockSkew is how much earlier than its intent an object may seem to have been
// made: one machine of the service dates answers, another one objects.
const clockSkew = 5 * time.Minute

// keyLife is how long a create may be sent again under its key. The service
// keeps keys for a day at least (API dossier 5); the rest is for the run itself.
const keyLife = 23 * time.Hour

// settle looks for the objects of creates whose answer nobody saw. Exactly one
// of that name, made since and not ours yet, is the one; of several a person
// has to choose.
func (p *preparer) settle() {
	ours := map[string]bool{}
	for _, r := range p.recorded {
		ours[r.ID] = true
	}
	for _, in := range p.doubts {
		k := p.kinds[in.Address.Kind]
		// Where there is an object already, it is the one; unless the create was
		// to replace it.
		if k == nil || p.there(in.Address) && !p.replacing(in.Address) {
			p.settled = append(p.settled, Settlement{Intent: in})
			continue
		}
		var found []string
		for _, id := range p.snap.IDs(in.Address.Kind) {
			it, _ := p.snap.Item(in.Address.Kind, id)
			if name, _ := it.Object[k.NameMember()].(string); (name == in.Name || k.Singleton) && within(k, id, in) && !ours[id] && it.Object["system"] != true && !madeBefore(it.Object, in.Time) {
				found = append(found, id)
			}
		}
		wanted := p.req.Desired[in.Address] != nil
		switch len(found) {
		case 0:
			// After the life of its key there is no need of it either: what a day
			// has not brought to light was not made.
			alive := p.c.Now().Sub(in.Time) < keyLife
			p.settled = append(p.settled, Settlement{Intent: in, Open: wanted && alive})
		case 1:
			s := Settlement{Intent: in, ID: found[0]}
			p.settled = append(p.settled, s)
			ours[s.ID] = true
			p.adopt[in.Address] = wanted
			p.recorded[in.Address] = s.resource()
		default:
			p.refusals = append(p.refusals, diff.Refusal{Address: in.Address,
				What: fmt.Sprintf("%s may have been made by a run that was cut off, and several objects could be it", in.Address),
				Why:  fmt.Sprintf("the service has %d objects named %q made since: %v", len(found), in.Name, found),
				Fix:  "delete or rename all of them but the one to keep, and run again"})
		}
	}
}

// strangers refuses to adopt what cannot be what the manifest wants: the run that was
// cut off so hardly made it, and nobody wants it replaced who chose it.
func (p *preparer) strangers(plan *diff.Plan) {
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.Action != diff.Adopt {
			continue
		}
		j := slices.IndexFunc(s.Changes, func(ch diff.Change) bool { return diff.Immutable(p.kinds[s.Address.Kind], ch.Path) })
		if j < 0 {
			continue
		}
		// What else keeps it from being updated follows from this.
		plan.Refusals = slices.DeleteFunc(plan.Refusals, func(r diff.Refusal) bool { return r.Address == s.Address && !r.Policy })
		if p.req.Take[s.Address] != "" {
			plan.Refusals = append(plan.Refusals, diff.Refusal{Address: s.Address, Code: otherObject, Pos: p.req.Desired[s.Address].Where(s.Changes[j].Path),
				What: fmt.Sprintf("the object %s is not what the manifest says of %s: it has another %s", s.ID, s.Address, s.Changes[j].Path),
				Why:  fmt.Sprintf("%s cannot be changed in place, so that the next apply would delete the object and make another", s.Changes[j].Path),
				Fix:  "write in the manifest what the object has, or name another object"})
			continue
		}
		plan.Refusals = append(plan.Refusals, diff.Refusal{Address: s.Address,
			What: fmt.Sprintf("%s may have been made by a run that was cut off, and the one object that could be it has another %s", s.Address, s.Changes[j].Path),
			Why: fmt.Sprintf("the service has an object named %q (%s) made since, but %s cannot be changed in place: it may be somebody else's",
				s.Name, s.ID, s.Changes[j].Path),
			Fix: "delete it if it is of no use to anyone, or rename it, and run again"})
	}
}

// within reports whether an object is in the collection in which a create was to
// make one: a name says nothing in another.
func within(k *resource.Kind, id string, in state.Intent) bool {
	_, path := api.Made(k, api.CollectionIn(k, id))
	return path == in.Path
}

// there reports whether the service has the object that is recorded.
func (p *preparer) there(a resource.Address) bool {
	rec := p.recorded[a]
	if rec == nil {
		return false
	}
	_, ok := p.snap.Item(a.Kind, rec.ID)
	return ok
}

// unlisted are the objects of doubtful addresses that no list shows. Lists may
// lag behind, and whether they are gone decides what the doubt is about.
func (p *preparer) unlisted() []api.Ref {
	var refs []api.Ref
	for _, in := range p.doubts {
		if rec, k := p.recorded[in.Address], p.kinds[in.Address.Kind]; rec != nil && k != nil && !p.there(in.Address) {
			refs = append(refs, api.Ref{Kind: k, ID: rec.ID})
		}
	}
	return refs
}

// resource is what is known of the object that was found.
func (s *Settlement) resource() *resource.Resource {
	return &resource.Resource{Address: s.Intent.Address, ID: s.ID, Object: resource.Object{"name": s.Intent.Name}}
}

func madeBefore(o map[string]any, t time.Time) bool {
	s, _ := o["created_at"].(string)
	made, err := time.Parse(time.RFC3339, s)
	return err == nil && !t.IsZero() && made.Before(t.Add(-clockSkew))
}

// settleAll brings into the state what settling found. A doubt that is open
// stays until its create is done.
func (r *runner) settleAll() {
	for i := range r.Prepared.Settled {
		if s := &r.Prepared.Settled[i]; !s.Open {
			if s.ID != "" {
				r.State.Resources[s.Intent.Address] = s.resource()
			}
			r.changed = r.State.Settle(s.Intent.Op) || r.changed
		}
	}
}
