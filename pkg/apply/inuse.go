package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
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
	for _, k := range p.req.Kinds {
		if k.Placed() || !slices.ContainsFunc(resource.Keys(kinds), k.RefersTo) {
			continue
		}
		if err := g.listed(ctx, k, p.snap, resource.Keys(kinds)); err != nil {
			return err
		}
		more, err := p.unlooked(ctx, k)
		if err == nil {
			err = g.listed(ctx, k, more, resource.Keys(kinds))
		}
		switch {
		case err == nil:
		case strings.Contains(k.Path, "{") && (transport.IsForbidden(err) || transport.IsNotFound(err)):
			g.unseen(k) // some services tell partners alone who is in an organisation
		default:
			return err
		}
	}
	g.refuse(plan)
	return nil
}

// unlooked are the objects of a kind that were not listed, because nothing of ours
// is among them: those of the organisation that the key is of.
func (p *preparer) unlooked(ctx context.Context, k *resource.Kind) (*api.Snapshot, error) {
	in, known := p.c.CollectionOf(k, nil, p.id)
	there := func(c api.Collection) bool { return c.Kind == k && c.In == in }
	if !known || slices.ContainsFunc(p.collections(), there) {
		return p.c.Snapshot(ctx, nil)
	}
	return p.c.Snapshot(ctx, []api.Collection{{Kind: k, In: in}})
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

// listed looks at the objects of a kind: at all of one that no step of the plan
// changes or deletes, else at what a change leaves to people in the app.
func (g *guarded) listed(ctx context.Context, k *resource.Kind, snap *api.Snapshot, kinds []string) error {
	var left []string
	var unread []api.Ref
	for _, id := range snap.IDs(k.Name) {
		s := g.steps[id]
		it, _ := snap.Item(k.Name, id)
		if s != nil && (s.After != nil || goes(s)) {
			for _, f := range k.Fields {
				if f.Implicit && !goes(s) && s.After[f.Name] == nil {
					g.mentioned(it.Object[f.APIName()], s.Address.String())
				}
			}
			continue
		}
		left = append(left, id)
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

// unseen notes that nobody could tell who of a kind refers to what goes.
func (g *guarded) unseen(k *resource.Kind) {
	for _, gone := range g.goes {
		if k.RefersTo(gone.Address.Kind) {
			gone.Risks = append(gone.Risks, fmt.Sprintf("it is not known whether a %s still has it: this key may not see them", k.Name))
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
