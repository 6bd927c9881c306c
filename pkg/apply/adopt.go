package apply

import (
	"slices"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Adopt is the state st with the objects in it that the request said to take, and
// with nothing else that the plan would do. Of each it records what the manifest
// says and the object has, so that the next plan shows the rest. What the service does
// not have is not adopted. There must be no Others. Adopted are the objects as the
// service has them.
func (p *Prepared) Adopt(st *state.State, kinds []*resource.Kind) (next *state.State, adopted []*resource.Resource) {
	next = st.Clone()
	for i := range p.Plan.Steps {
		s := &p.Plan.Steps[i]
		live := p.Live[s.Address]
		if p.taken[s.Address] == "" || live == nil {
			continue
		}
		k := kinds[slices.IndexFunc(kinds, func(k *resource.Kind) bool { return k.Name == s.Address.Kind })]
		rec := &resource.Resource{Address: s.Address, ID: s.ID, Needs: s.Needs, Protect: s.Protect, Unmanaged: s.Unmanaged, Waiting: live.Waiting}
		rec.Object, rec.Extra = s.Agreed(k)
		if len(s.Changes) == 0 && live.Raw != nil {
			rec.Marks = marks(k, live.Raw)
		}
		next.Resources[s.Address] = rec
		adopted = append(adopted, live)
	}
	return next, adopted
}

// otherObject is the code of a refusal to take an object for another.
const otherObject = "other-object"

// Others are the refusals to take an object that is another than the manifest's.
func (p *Prepared) Others() []diff.Refusal {
	return slices.DeleteFunc(slices.Clone(p.Plan.Refusals), func(r diff.Refusal) bool { return r.Code != otherObject })
}
