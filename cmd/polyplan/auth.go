package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
)

func authCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:      "auth",
		Usage:     "hand out fresh links for connections that a person must authorise",
		ArgsUsage: "ADDRESS...",
		Description: "Asks the service for a fresh link for each connection, prints it, and waits as long as --oauth-wait says until a\n" +
			"person has followed it. The link comes with an update that sends the connection again as it was applied, so the\n" +
			"secrets that the manifest takes from outside have to be set. A connection with changes that are not applied is\n" +
			"refused: applying it shows a link too.\n\n" +
			"Ends with 4 while somebody has still to authorise; `polyplan apply` then goes on once that is done.",
		Flags:  with(inputFlags(), stateFlags(), lockFlags(), serviceFlags(), oauthFlags(), outputFlags("text, json")),
		Action: action(env, runAuth),
	}
}

func runAuth(s *session, c *cli.Context) error {
	if err := s.opts.formatIn("text", "json"); err != nil {
		return err
	}
	if c.NArg() == 0 {
		return usage("auth lacks an address", "write polyplan auth ADDRESS; `polyplan plan` shows what waits for a person")
	}
	if err := s.load(); err != nil {
		return err
	}
	if err := s.lock("auth"); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	addresses, err := s.authAddresses(c.Args().Slice())
	if err != nil {
		return err
	}
	if err := s.connect(); err != nil {
		return err
	}
	for _, a := range addresses {
		s.opts.targets = append(s.opts.targets, a.String())
	}
	p, err := s.prepare(false)
	if err != nil {
		return err
	}
	settled, addresses := s.settled(p, addresses)
	s.found = apply.Authorizable(p, s.kinds, addresses)
	if err := s.showFindings(); err != nil {
		return err
	}
	t := &authTeller{session: s, out: render.NewPrinter(s.env.Stdout, s.outStyle())}
	if t.json = s.opts.format == "json"; t.json {
		t.keep(render.VersionJSON(s.env.Stdout, version))
	}
	if err := s.settle(settled, t); err != nil {
		return err
	}
	result, err := s.authorize(p, addresses, t)
	if err != nil {
		return err
	}
	t.sum(result)
	if err := t.err; err != nil {
		return outcome(s.env.Stdout, exitDone, err)
	}
	if result.Err != nil {
		return result.Err
	}
	return outcome(s.env.Stdout, resultCode(result))
}

// authAddresses reads the addresses; each has to be in the manifest or in the
// state.
func (s *session) authAddresses(words []string) ([]resource.Address, error) {
	known := addressesOf(s.manifest.Set, s.state.Resources)
	var out []resource.Address
	for _, w := range words {
		a, err := resource.ParseAddress(w)
		if err != nil || !slices.Contains(known, a) {
			return nil, unknownAddress("auth", w, known)
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// settled tells the addresses that somebody has authorised since they were
// applied from the rest.
func (s *session) settled(p *apply.Prepared, addresses []resource.Address) (settled, rest []resource.Address) {
	waited := map[resource.Address]bool{}
	for i := range p.Plan.Steps {
		step := &p.Plan.Steps[i]
		rec := s.state.Resources[step.Address]
		waited[step.Address] = rec != nil && rec.Waiting != nil && step.Waiting == nil && step.Action == diff.NoOp
	}
	for _, a := range addresses {
		if waited[a] {
			settled = append(settled, a)
		} else {
			rest = append(rest, a)
		}
	}
	return settled, rest
}

// settle records and tells that they are authorised.
func (s *session) settle(settled []resource.Address, t *authTeller) error {
	if len(settled) == 0 {
		return nil
	}
	next := s.state.Clone()
	for _, a := range settled {
		next.Resources[a].Waiting = nil
	}
	if err := s.saveState(next); err != nil {
		return err
	}
	for _, a := range settled {
		t.tell(apply.Event{Kind: apply.Authorised, Address: a, Name: next.Resources[a].DisplayName(), Action: diff.NoOp})
	}
	return nil
}

func (s *session) authorize(p *apply.Prepared, addresses []resource.Address, t *authTeller) (*apply.Result, error) {
	poll := 2 * time.Second
	if s.opts.sandbox {
		poll = 100 * time.Millisecond
	}
	apply.Tool = "polyplan " + version
	return apply.Authorize(s.ctx, apply.Options{Client: s.client, Kinds: s.kinds, Store: s.store, State: s.state,
		Fingerprints: s.prints, Prepared: p, Parallelism: s.opts.parallelism, Wait: s.wait(), Poll: poll,
		Stop: s.stop, Notify: t.tell, Now: s.env.Now}, addresses)
}

// authTeller tells of authorisations. The links are the result, so they go to
// standard output.
type authTeller struct {
	*session
	json       bool
	out        *render.Printer
	authorised int
	err        error
}

func (t *authTeller) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}

// tell gets the events one at a time.
func (t *authTeller) tell(e apply.Event) {
	if e.Kind == apply.Authorised {
		t.authorised++
	}
	if e.Kind == apply.Waiting && t.opts.open && e.Link != "" {
		if err := openBrowser(e.Link); err != nil {
			t.note("warning: the browser was not opened: %s", err)
		}
	}
	switch {
	case t.json:
		t.keep(render.EventJSON(t.env.Stdout, e))
	case e.Kind == apply.Waiting, e.Kind == apply.Authorised:
		t.out.Line(render.EventLine(t.out.Style, e))
		t.keep(t.out.Err())
	default:
		fmt.Fprintln(t.env.Stderr, render.EventLine(t.errStyle(), e))
	}
}

// sum is the last line.
func (t *authTeller) sum(r *apply.Result) {
	if t.json {
		t.keep(render.ResultJSON(t.env.Stdout, r))
		return
	}
	parts := []string{fmt.Sprintf("%d authorised", t.authorised), fmt.Sprintf("%d waiting", len(r.Waiting))}
	if n := len(r.Failed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", n))
	}
	if r.NotStarted > 0 {
		parts = append(parts, fmt.Sprintf("%d not started", r.NotStarted))
	}
	t.out.Line(t.out.Bold("Auth: " + strings.Join(parts, ", ") + "."))
	t.keep(t.out.Err())
}
