package main

import (
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/discover"
)

// verify holds the manifest against what lies behind its connections. Errors
// refuse the plan.
func (s *session) verify(p *apply.Prepared) error {
	if s.opts.offline || s.client == nil {
		return nil
	}
	var err error
	s.checked, err = check.Run(s.stop, check.Input{Kinds: s.kinds, Desired: s.manifest.Set, Only: s.within,
		Reader: discover.New(s.client), Place: check.Places(s.kinds, p.Plan), Unquoted: s.manifest.Unquoted})
	if err != nil {
		return err
	}
	refused := false
	for _, d := range s.checked.Findings {
		if d.Severity != diag.Error {
			continue // shown with the plan
		}
		refused = true
		p.Plan.Refusals = append(p.Plan.Refusals, diff.Refused(d))
	}
	if refused {
		s.note("the manifest does not fit what the service has now; --offline plans without looking")
	}
	return nil
}
