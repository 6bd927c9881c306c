package main

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

func applyCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:      "apply",
		Usage:     "plan, ask, and carry out",
		ArgsUsage: "[PLANFILE]",
		Description: "Makes the plan, asks, and carries it out in order of need, as much at once as --parallelism allows. What is\n" +
			"done is recorded before anything builds on it: a run that is cut off is taken up by the next.\n\n" +
			"With a PLANFILE of `plan --out` it makes that plan again, without asking, and carries it out if it comes out\n" +
			"the same; when the manifest, the state, the service or polyplan moved in between it ends with 7 and has\n" +
			"changed nothing. It takes what the plan was asked for (files, --prune, --target...) from the plan, and values,\n" +
			"as of --var and the environment, from where they were: a plan file holds no secret.",
		Flags: with(inputFlags(), helperFlags(true), stateFlags(), lockFlags(), serviceFlags(), planFlags(), guardFlags(), approveFlags(), oauthFlags(),
			[]cli.Flag{schemaWaitFlag()}, outputFlags("text, json")),
		Action: action(env, func(s *session, c *cli.Context) error { return runApply(s, c, false) }),
	}
}

func destroyCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "destroy",
		Usage: "delete all that the state holds",
		Description: "Plans the deletion of every object that the state holds, asks, and carries it out: what needs others goes\n" +
			"first. Protected objects are never deleted.",
		Flags: with(inputFlags(), stateFlags(), lockFlags(), serviceFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "target", Usage: "only this `ADDRESS` and what depends on it; may be repeated"},
			&cli.StringSliceFlag{Name: "exclude", Usage: "all but this `ADDRESS` and what it depends on; may be repeated"},
			&cli.BoolFlag{Name: "refresh", Value: true, Usage: "read live objects; --refresh=false compares with the state only"},
		}, guardFlags(), approveFlags(), outputFlags("text, json")),
		Action: action(env, func(s *session, c *cli.Context) error { return runApply(s, c, true) }),
	}
}

func runApply(s *session, c *cli.Context, destroy bool) error {
	s.outlive()
	if err := s.opts.formatIn("text", "json"); err != nil {
		return err
	}
	if destroy || c.NArg() == 0 {
		if err := noArguments(c); err != nil {
			return err
		}
	} else if err := s.takePlan(c); err != nil {
		return err
	}
	if destroy {
		// Nothing of a manifest counts but where the state lies.
		s.manifest = &spec.Manifest{Set: resource.Set{}}
	} else if err := s.load(); err != nil {
		return err
	}
	if err := s.lock(c.Command.Name); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	if err := s.stillBased(); err != nil {
		return err
	}
	if err := s.connect(); err != nil {
		return err
	}
	p, err := s.prepare(destroy)
	if err != nil {
		return err
	}
	if err := s.stillPlanned(p); err != nil {
		return err
	}
	if !destroy {
		if err := s.verify(p); err != nil {
			return err
		}
	}
	s.limit(p)
	json := s.opts.format == "json"
	if !json {
		if err := s.showPlan(s.env.Stdout, p); err != nil {
			return err
		}
	}
	if len(p.Plan.Refusals) > 0 {
		if json {
			if err := render.Diagnostics(s.env.Stderr, s.errStyle(), s.findings(p)); err != nil {
				return err
			}
		}
		s.note("nothing was changed: a plan with a refusal in it is not carried out")
		return s.planned(p)
	}
	if p.Plan.Summary().Changed() > 0 && s.saved == nil {
		if err := s.confirm(p, destroy); err != nil {
			return err
		}
	}
	result, waits, err := s.carryOut(p)
	if err != nil {
		return err
	}
	return s.conclude(result, waits)
}

// confirm asks whether to carry the plan out. Without a terminal it does not
// ask, it refuses.
func (s *session) confirm(p *apply.Prepared, destroy bool) error {
	if s.opts.approve {
		return nil
	}
	if !s.opts.input || !s.env.InTerminal {
		return &problem{Diagnostic: diag.Diagnostic{Code: "not-approved", What: "nobody approved the plan, and nothing was changed",
			Why: "there is no terminal to ask at", Fix: "give --auto-approve (-y) to carry out the plan without asking"}, Err: errNoTerminal}
	}
	question := "Carry out this plan? Only yes is a yes: "
	if destroy {
		question = fmt.Sprintf("Delete all %d objects? Only yes is a yes: ", p.Plan.Summary().Delete)
	}
	fmt.Fprint(s.env.Stderr, question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(s.env.Stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-s.stop.Done():
		return exitCode(exitInterrupted)
	case a := <-answer:
		if strings.EqualFold(a, "yes") {
			return nil
		}
	}
	return &problem{Diagnostic: diag.Diagnostic{Code: "not-approved", What: "the plan was not approved, and nothing was changed"}}
}

// defaultWait is how long an apply waits for people where one is at the
// terminal; sandboxWait is for the sandbox, which authorises by itself.
const (
	defaultWait = 30 * time.Minute
	sandboxWait = 30 * time.Second
)

func (s *session) wait() time.Duration {
	switch {
	case s.opts.oauthSet:
		return s.opts.oauthWait
	case s.opts.sandbox:
		return sandboxWait
	case s.env.OutTerminal && s.env.InTerminal:
		return defaultWait
	}
	return 0
}

// carryOut runs the plan and tells of it as it goes.
func (s *session) carryOut(p *apply.Prepared) (*apply.Result, []apply.Event, error) {
	teller, err := s.newTeller(p.Plan)
	if err != nil {
		return nil, nil, err
	}
	poll := 2 * time.Second
	if s.opts.sandbox {
		poll = 100 * time.Millisecond
	}
	result, err := apply.Run(s.ctx, apply.Options{Client: s.client, Kinds: s.kinds, Store: s.store, State: s.state,
		Fingerprints: s.prints, Prepared: p, Parallelism: s.opts.parallelism, Wait: s.wait(), ReadyWait: s.opts.schemaWait, Poll: poll,
		Stop: s.stop, Notify: teller.tell, Now: s.env.Now})
	if e := teller.close(result); err == nil && e != nil {
		return result, nil, e
	}
	return result, teller.waits, err
}

// conclude shows what was done and ends the command.
func (s *session) conclude(result *apply.Result, waits []apply.Event) error {
	if s.opts.format != "json" {
		if err := render.Applied(s.env.Stdout, s.outStyle(), result, waits...); err != nil {
			return outcome(s.env.Stdout, exitDone, err)
		}
	}
	for _, f := range result.Failed {
		var bug *apply.BugError
		if errors.As(f.Err, &bug) {
			s.bug(bug.Panic.Value, bug.Panic.Stack)
		}
	}
	if result.Err != nil {
		return s.lastResort(result.Err)
	}
	return outcome(s.env.Stdout, resultCode(result))
}

// resultCode is the exit code of a run that came to its end.
func resultCode(r *apply.Result) int {
	switch {
	case r.Complete():
		return exitDone
	case r.Interrupted:
		return exitInterrupted
	case len(r.Failed) == 0:
		return exitWaiting
	case r.Done.Changed() == 0 && len(r.Waiting) == 0 && !onlyBlocked(r):
		return exitError
	}
	return exitPartial
}

// onlyBlocked reports whether all that is undone is so for want of a secret:
// what the others are about is in place, whether that took a change or not.
func onlyBlocked(r *apply.Result) bool {
	return !slices.ContainsFunc(r.Failed, func(f apply.Failure) bool { return !errors.Is(f.Err, apply.ErrBlocked) })
}

// steps counts the steps of a plan that a run tells of.
func steps(p *diff.Plan) int {
	n := 0
	for i := range p.Steps {
		if p.Steps[i].Writes() {
			n++
		}
	}
	return n
}

// openBrowser opens a link that the service gave, if it is one that a browser
// should be given.
func openBrowser(link string) error {
	if !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://127.0.0.1:") && !strings.HasPrefix(link, "http://localhost:") {
		return fmt.Errorf("the link is not https")
	}
	name, args := "xdg-open", []string{link}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", link}
	}
	return exec.Command(name, args...).Start()
}
