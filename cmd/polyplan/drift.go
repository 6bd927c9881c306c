package main

import (
	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
)

func driftCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "drift",
		Usage: "show what changed outside since the last apply",
		Description: "Compares what the state remembers of each object with the live object, and lists what differs: as it was\n" +
			"applied, and as it is. Where the service tells who changed an object last, and when, that is said, too.\n" +
			"It reads no manifest, so that what is not applied yet is no matter. It changes nothing: no object, no file,\n" +
			"and no lock is taken. Of secrets, which the service does not show, a change is not seen.",
		Flags: with(whereFlags(), stateFlags(), serviceFlags(), pick(planFlags(), "target", "exclude"), []cli.Flag{
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "end with 2 when there is drift"},
		}, outputFlags("text, json, markdown, html")),
		Action: action(env, runDrift),
	}
}

func runDrift(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn("text", "json", "markdown", "html"); err != nil {
		return err
	}
	if err := s.inDir(); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	v := render.PlanView{Plan: &diff.Plan{}, Kinds: s.kinds, Width: s.env.width()}
	if len(s.state.Resources) == 0 {
		s.warn("empty-state", "the state holds no resources, so that there is nothing to compare", "name the state with --state or --file if there is one elsewhere")
	} else if err := s.findDrift(&v); err != nil {
		return err
	}
	if err := s.showFindings(); err != nil {
		return err
	}
	if err := s.showDrift(v); err != nil {
		return err
	}
	if s.opts.detailed && len(v.Plan.Drift) > 0 {
		return exitCode(exitChanges)
	}
	return nil
}

// findDrift compares what the state holds with the live objects.
func (s *session) findDrift(v *render.PlanView) error {
	// All that is compared is there to stay: what a target needs goes with it.
	only, err := s.only(s.state.Resources)
	if err != nil {
		return err
	}
	if err := s.connect(); err != nil {
		return err
	}
	p, err := apply.Prepare(s.stop, s.client, apply.Request{Kinds: s.kinds, State: s.state, Desired: resource.Set{}, Only: only, Fingerprints: s.prints})
	if err != nil {
		return err
	}
	v.Plan = p.Plan
	// Some services let only partners see people.
	if v.Edits, err = p.Edits(s.stop, s.client, &kinds.User); err != nil && !transport.IsForbidden(err) && !transport.IsNotFound(err) {
		s.warn("no-names", s.redact("who changed what is told by ids: "+err.Error()), "")
	}
	return nil
}

// warn adds a warning to the findings.
func (s *session) warn(code, what, fix string) {
	s.found.Add(diag.Diagnostic{Severity: diag.Warning, Code: code, What: what, Fix: fix})
}

func (s *session) showDrift(v render.PlanView) error {
	w := s.env.Stdout
	var err error
	switch s.opts.format {
	case "json":
		err = render.DriftJSON(w, v, s.found)
	case "markdown":
		err = render.DriftMarkdown(w, v)
	case "html":
		err = render.DriftHTML(w, v)
	default:
		err = render.Drift(w, s.outStyle(), v)
	}
	return outcome(w, exitDone, err)
}
