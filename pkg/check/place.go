package check

import (
	"slices"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// Places is the [Input.Place] of a plan: an object is asked about as it is now,
// unless the plan makes it another.
func Places(kinds []*resource.Kind, plan *diff.Plan) func(resource.Address) (schema.Connection, string) {
	steps := map[resource.Address]*diff.Step{}
	for i := range plan.Steps {
		steps[plan.Steps[i].Address] = &plan.Steps[i]
	}
	return func(a resource.Address) (schema.Connection, string) {
		s := steps[a]
		i := slices.IndexFunc(kinds, func(k *resource.Kind) bool { return k.Name == a.Kind })
		c := schema.Connection{Key: a.String()}
		switch {
		case s == nil || i < 0 || s.ID == "":
			return c, "it does not exist yet"
		case s.Action == diff.Replace:
			return c, "this plan replaces it"
		}
		c.ID = s.ID
		switch {
		case s.Waiting != nil:
			return c, "it waits for a person's authorisation"
		case slices.ContainsFunc(s.Changes, leadsElsewhere(kinds[i])):
			return c, "this plan changes its configuration"
		}
		return c, ""
	}
}

// leadsElsewhere tells of changes after which something else may lie behind an
// object: those of its settings. Another password leads to the same place.
func leadsElsewhere(k *resource.Kind) func(diff.Change) bool {
	return func(c diff.Change) bool {
		return !c.Sensitive && slices.ContainsFunc(k.Fields, func(f resource.Field) bool {
			return f.Members != nil && c.Path.Within(resource.Path("").Child(f.Name))
		})
	}
}
