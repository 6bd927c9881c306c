package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
)

func planCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "show what apply would change",
		Description: "Reads the manifest, the state and the live objects, compares, and prints. It changes nothing: no object,\n" +
			"no file but that of --out, and no lock is taken.\n\n" +
			"With --out the plan is saved too, for review and for `apply FILE`. The file holds no secret, only keyed\n" +
			"fingerprints. With POLYPLAN_FINGERPRINT_KEY it is signed.",
		Flags: with(inputFlags(), helperFlags(true), stateFlags(), serviceFlags(), planFlags(), guardFlags(), []cli.Flag{
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "save the plan to `FILE`, for apply to carry out"},
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "end with 2 when there are changes"},
		}, outputFlags("text, json, markdown, html")),
		Action: action(env, runPlan),
	}
}

func runPlan(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn("text", "json", "markdown", "html"); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	if s.opts.refresh {
		if err := s.connect(); err != nil {
			return err
		}
	}
	p, err := s.prepare(false)
	if err != nil {
		return err
	}
	if err := s.verify(p); err != nil {
		return err
	}
	s.limit(p)
	if err := s.showPlan(s.env.Stdout, p); err != nil {
		return err
	}
	if out := c.String("out"); out != "" && len(p.Plan.Refusals) > 0 {
		s.note("%s was not written: a plan with a refusal in it is not carried out", out)
	} else if out != "" {
		if err := s.savePlan(out, p); err != nil {
			return err
		}
	}
	return s.planned(p)
}

// showPlan writes a plan in the format that was asked for.
func (s *session) showPlan(w io.Writer, p *apply.Prepared) error {
	return s.showView(w, s.view(p), s.findings(p))
}

func (s *session) showView(w io.Writer, v render.PlanView, found diag.List) error {
	var err error
	switch s.opts.format {
	case "json":
		err = render.PlanJSON(w, v.Plan, found, v.Unverified)
	case "markdown":
		err = render.PlanMarkdown(w, v)
	case "html":
		err = render.PlanHTML(w, v)
	default:
		err = render.Plan(w, s.outStyle(), v)
	}
	return outcome(w, exitDone, err)
}

func (s *session) view(p *apply.Prepared) render.PlanView {
	v := render.PlanView{Plan: p.Plan, Settled: p.Settled, Kinds: s.kinds, Sources: s.manifest.Sources, Width: s.env.width()}
	if s.checked != nil {
		v.Unverified = s.checked.Unverified
		for _, d := range s.checked.Findings {
			if d.Severity != diag.Error { // errors refuse the plan
				v.Warnings.Add(d)
			}
		}
	}
	return v
}

// findings are all findings of a run, those of the plan too.
func (s *session) findings(p *apply.Prepared) diag.List {
	out := append(diag.List{}, s.found...)
	out.Add(s.view(p).Warnings...)
	for _, r := range p.Plan.Refusals {
		out = append(out, r.Diagnostic())
	}
	return s.manifest.Sources.Annotate(out).Sorted()
}

// planned is the ending of a command that only plans.
func (s *session) planned(p *apply.Prepared) error {
	if len(p.Plan.Refusals) > 0 {
		return exitCode(codeOf(&apply.RefusedError{Refusals: p.Plan.Refusals}))
	}
	if sum := p.Plan.Summary(); s.opts.detailed && sum.Changed()+sum.Blocked > 0 {
		return exitCode(exitChanges)
	}
	return nil
}
