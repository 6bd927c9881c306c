package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// guard refuses to delete what others will still refer to, where the service
// would delete it all the same and leave them broken (API dossier 12). The others
// are all that the service has, whoever made it; kinds that nothing of ours is of
// are listed for that only.
func (p *preparer) guard(ctx context.Context, plan *diff.Plan) error {
	g := &guarded{p: p, goes: map[string]*diff.Step{}, steps: map[string]*diff.Step{}, users: map[resource.Address][]string{}}
	kinds := map[string]bool{}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.ID != "" {
			g.steps[s.ID] = s
		}
		if k := p.kinds[s.Address.Kind]; goes(s) && k != nil && k.Unguarded {
			g.goes[s.ID], kinds[k.Name] = s, true
		}
	}
	if len(g.goes) == 0 {
		return nil
	}
	for i := range plan.Steps {
		g.planned(&plan.Steps[i])
	}
	listed := p.used()
	for _, k := range p.req.Kinds {
		if k.Placed() || !slices.ContainsFunc(resource.Keys(kinds), k.RefersTo) {
			continue
		}
		snap := p.snap
		if !slices.Contains(listed, k) {
			if strings.Contains(k.Path, "{") {
				continue // nobody said in which
			}
			var err error
			if snap, err = p.c.Snapshot(ctx, []api.Collection{{Kind: k}}); err != nil {
				return err
			}
		}
		if err := g.listed(ctx, k, snap, resource.Keys(kinds)); err != nil {
			return err
		}
	}
	g.refuse(plan)
	return nil
}

// goes reports whether a step deletes the object that there is now.
func goes(s *diff.Step) bool {
	return s.ID != "" && (s.Action == diff.Delete && !s.Gone || s.Action == diff.Replace)
}

// guarded gathers who refers to what is going to be deleted.
type guarded struct {
	p     *preparer
	goes  map[string]*diff.Step // by id
	steps map[string]*diff.Step // all of the plan's, by id
	users map[resource.Address][]string
}

// planned looks at what a step makes of its object.
func (g *guarded) planned(s *diff.Step) {
	if s.After == nil {
		return
	}
	for _, ref := range g.p.kinds[s.Address.Kind].Refs(s.After) {
		for id, gone := range g.goes {
			if ref.ID == id || gone.Action == diff.Delete && ref.ID == "" && ref.Address == gone.Address {
				g.uses(gone, s.Address.String())
			}
		}
	}
}

// listed looks at the objects of a kind that no step of the plan changes or
// deletes.
func (g *guarded) listed(ctx context.Context, k *resource.Kind, snap *api.Snapshot, kinds []string) error {
	var left []string
	var unread []api.Ref
	for _, id := range snap.IDs(k.Name) {
		s := g.steps[id]
		if s != nil && (s.After != nil || goes(s)) {
			continue
		}
		left = append(left, id)
		it, _ := snap.Item(k.Name, id)
		if !it.Full && slices.ContainsFunc(kinds, func(to string) bool { return !k.Tells(it.Object, to) }) {
			unread = append(unread, api.Ref{Kind: k, ID: id})
		}
	}
	if err := g.p.c.Complete(ctx, snap, unread); err != nil {
		return err
	}
	for _, id := range left {
		it, _ := snap.Item(k.Name, id)
		who := fmt.Sprintf("the %s %q (%s)", k.Name, resource.Text(it.Object[k.NameMember()]), id)
		if s := g.steps[id]; s != nil {
			who = s.Address.String()
		}
		g.mentioned(it.Object, who)
	}
	return nil
}

// mentioned looks for ids in an answer. They are unlike all else, so that what
// no table knows counts too.
func (g *guarded) mentioned(v any, who string) {
	switch v := v.(type) {
	case string:
		if gone := g.goes[v]; gone != nil {
			g.uses(gone, who)
		}
	case map[string]any:
		for _, e := range v {
			g.mentioned(e, who)
		}
	case []any:
		for _, e := range v {
			g.mentioned(e, who)
		}
	}
}

func (g *guarded) uses(gone *diff.Step, who string) {
	if list := g.users[gone.Address]; !slices.Contains(list, who) {
		g.users[gone.Address] = append(list, who)
	}
}

const maxUsers = 5 // are named in a refusal

func (g *guarded) refuse(plan *diff.Plan) {
	for i := range plan.Steps {
		s := &plan.Steps[i]
		users := g.users[s.Address]
		if len(users) == 0 {
			continue
		}
		slices.Sort(users)
		if more := len(users) - maxUsers; more > 0 {
			users = append(users[:maxUsers], fmt.Sprintf("%d more", more))
		}
		verb := "use"
		if len(users) == 1 {
			verb = "uses"
		}
		r := diff.Refusal{Address: s.Address, Policy: true,
			What: fmt.Sprintf("%s is in use and would be deleted", s.Address),
			Why:  fmt.Sprintf("%s %s it, and would break: the service deletes it without asking", strings.Join(users, ", "), verb),
			Fix:  fmt.Sprintf("delete that too, or point it elsewhere; or keep the object with removed: [{address: %s, delete: false}]", s.Address)}
		if s.Action == diff.Replace {
			r.What = fmt.Sprintf("%s is in use and would be replaced", s.Address)
			r.Fix = "declare that in this manifest, which points it to the new object, or delete it first"
		}
		plan.Refusals = append(plan.Refusals, r)
	}
}
