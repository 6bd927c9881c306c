package rig

import (
	"fmt"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// wrongSums lists where the report of a run does not add up (R9): every step
// that sends something is told to have ended in exactly one way, and the sums
// are those of the steps.
func wrongSums(ran *Ran) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }

	ended := map[resource.Address][]string{}
	done := diff.Summary{}
	for _, e := range ran.Events {
		if e.Kind == apply.Done {
			ended[e.Address] = append(ended[e.Address], "done")
			done.Add(e.Action)
		}
	}
	res := ran.Result
	for what, list := range map[string][]apply.Failure{"failed": res.Failed, "skipped": res.Skipped, "deferred": res.Deferred} {
		for _, f := range list {
			ended[f.Address] = append(ended[f.Address], what)
		}
	}
	// A replacement that waits for a person is not done yet, a create that waits is.
	for _, f := range res.Waiting {
		if len(ended[f.Address]) == 0 {
			ended[f.Address] = append(ended[f.Address], "waiting")
		}
	}
	untold := 0
	for i := range ran.Prepared.Plan.Steps {
		s := &ran.Prepared.Plan.Steps[i]
		if !s.Writes() {
			continue
		}
		switch ends := ended[s.Address]; len(ends) {
		case 0:
			untold++
		case 1:
		default:
			say("%s ended in several ways: %q", s.Address, ends)
		}
	}
	// Steps that only wait for a person may count as not started too.
	if untold > res.NotStarted || untold < res.NotStarted-len(ran.Prepared.Plan.Waits()) {
		say("of %d steps nothing is told, and %d are said not to have been started", untold, res.NotStarted)
	}
	for what, n := range map[string][2]int{"created": {res.Done.Create, done.Create}, "updated": {res.Done.Update, done.Update},
		"replaced": {res.Done.Replace, done.Replace}} {
		if n[0] != n[1] {
			say("%d are said to be %s, and %d were told", n[0], what, n[1])
		}
	}
	// What was gone already needs no request, and is told by the sum alone.
	if res.Done.Delete < done.Delete {
		say("%d are said to be deleted, and %d were told", res.Done.Delete, done.Delete)
	}
	if res.Complete() && untold > 0 {
		say("the run says that it is complete, and nothing is told of %d steps", untold)
	}
	return out
}
