package apply

import (
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Basis is what a plan is made from, as far as it is known without asking the
// service: the manifest's resources and the state.
func Basis(st *state.State, desired resource.Set) *diff.Saved {
	return &diff.Saved{Tool: Tool, Deployment: st.Deployment, Organization: st.Organization, OrganizationName: st.OrganizationName,
		Lineage: st.Lineage, Serial: st.Serial, State: digest(st), Desired: diff.Digests(desired)}
}

// Saved is the plan with what it was made from.
func (p *Prepared) Saved(st *state.State, desired resource.Set) *diff.Saved {
	s := Basis(st, desired)
	s.ID, s.Plan, s.Live = p.ID, p.Plan, p.Plan.LiveDigests(p.Live)
	return s
}

// digest is that of all that a state holds of objects. That a run was cut off is
// part of it, even if all that it recorded came to nothing.
func digest(st *state.State) string {
	all := make([]any, 0, len(st.Resources))
	for _, a := range st.Resources.Addresses() {
		r := st.Resources[a]
		all = append(all, []any{a, r.ID, r.Object, r.Needs, r.Protect, r.Unmanaged, r.Marks, r.Kept, r.Extra})
	}
	return diff.Digest([]any{all, st.Doubts, st.CutShort})
}
