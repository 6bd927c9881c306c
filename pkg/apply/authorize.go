package apply

import (
	"context"
	"fmt"
	"slices"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Authorizable finds out of which of the addresses a person can authorise the
// object now; of each other it says why not. The plan that was prepared has to
// include them.
func Authorizable(p *Prepared, kinds []*resource.Kind, addresses []resource.Address) diag.List {
	var found diag.List
	reconnect := map[string]string{}
	for _, k := range kinds {
		reconnect[k.Name] = k.Reconnect
	}
	steps := map[resource.Address]*diff.Step{}
	for i := range p.Plan.Steps {
		steps[p.Plan.Steps[i].Address] = &p.Plan.Steps[i]
	}
	for _, a := range addresses {
		d := diag.Diagnostic{Code: "not-authorizable", Address: a.String()}
		s := steps[a]
		switch {
		case reconnect[a.Kind] == "":
			d.What, d.Why = "nobody has to authorise it", fmt.Sprintf("no %s asks for that", a.Kind)
		case s == nil || s.Action == diff.Orphan || s.Action == diff.Delete || s.Action == diff.Forget:
			d.What, d.Why = "it is not in the manifest", "a fresh link comes with an update, and that sends what the manifest says"
			d.Fix = "declare it, or authorise it in the app"
		case s.Action == diff.Create:
			d.What, d.Fix = "it does not exist yet", "`polyplan apply` makes it and shows its link"
		case s.Action != diff.NoOp || len(s.Changes) > 0:
			// A link must not carry out changes that nobody has looked at.
			d.What, d.Why = "it has changes that are not applied", "a fresh link comes with an update, and they would go along"
			d.Fix = fmt.Sprintf("`polyplan apply --target %s` carries them out and shows the link", a)
		case s.Waiting == nil:
			d.What, d.Why = "nobody has to authorise it", "the service has it as authorised, or its type asks for no such thing"
		default:
			continue
		}
		found.Add(d)
	}
	return found
}

// Authorize asks for a fresh link for each of the addresses, tells it with a
// [Waiting] event and waits as [Options] say. It changes nothing else: all that
// the manifest says of the objects is sent as it was applied before. What a
// person has still to do is in the result, and what is done has an [Authorised]
// event; nothing counts as updated. It refuses addresses that are not
// [Authorizable].
func Authorize(ctx context.Context, o Options, addresses []resource.Address) (*Result, error) {
	if err := Authorizable(o.Prepared, o.Kinds, addresses).Err(); err != nil {
		return nil, err
	}
	plan := &diff.Plan{}
	for _, s := range o.Prepared.Plan.Steps {
		if !slices.Contains(addresses, s.Address) {
			continue
		}
		if err := askAgain(ctx, o, &s); err != nil {
			return nil, err
		}
		plan.Steps = append(plan.Steps, s)
	}
	o.Prepared = &Prepared{Plan: plan, Live: o.Prepared.Live}
	notify, sent := o.Notify, map[resource.Address]Event{}
	if notify == nil {
		notify = func(Event) {}
	}
	// To the one who reads them these are no updates.
	o.Notify = func(e Event) {
		switch e.Kind {
		case Started:
		case Done:
			sent[e.Address] = e
		case Waiting, Authorised:
			delete(sent, e.Address)
			notify(e)
		default:
			notify(e)
		}
	}
	result, err := Run(ctx, o)
	if err != nil {
		return nil, err
	}
	result.Done = diff.Summary{}
	for _, s := range plan.Steps {
		// Of those of which the answer said already that they can be used.
		if e, ok := sent[s.Address]; ok && !slices.ContainsFunc(result.Waiting, func(f Failure) bool { return f.Address == s.Address }) {
			notify(Event{Kind: Authorised, Address: e.Address, Name: e.Name, Action: e.Action, ID: e.ID})
		}
	}
	return result, nil
}

// askAgain makes of a step one that asks for a fresh link, unless somebody has
// authorised the object since the plan was made: another link would undo that.
// Such a step stays as it is, and finds the consent.
func askAgain(ctx context.Context, o Options, s *diff.Step) error {
	i := slices.IndexFunc(o.Kinds, func(k *resource.Kind) bool { return k.Name == s.Address.Kind })
	k := o.Kinds[i] // it is authorizable, so its kind is known
	answer, err := o.Client.Get(ctx, k, s.ID)
	if err != nil {
		return fmt.Errorf("looking whether %s is authorised: %w", s.Address, err)
	}
	if waiting(k, answer) == nil {
		return nil
	}
	s.Action, s.Asks = diff.Update, k.Reconnect
	return nil
}
