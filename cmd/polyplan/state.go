package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

func stateCommand(env *Env) *cli.Command {
	place := func() []cli.Flag { return with(whereFlags(), stateFlags()) }
	return &cli.Command{
		Name:  "state",
		Usage: "look at the state, and mend it",
		Description: "The state remembers which object of the service belongs to which address. These commands read and change this\n" +
			"memory and nothing else: they send no request and need no API key.",
		Subcommands: append([]*cli.Command{
			{
				Name:        "list",
				Usage:       "the addresses that the state holds",
				Description: "Lists each resource of the state on a line: its address, its name and the object's id.",
				Flags:       with(place(), outputFlags("text, json")),
				Action:      action(env, runStateList),
			},
			{
				Name:        "show",
				Usage:       "what the state holds of some resources",
				ArgsUsage:   "ADDRESS...",
				Description: "Shows what was last written to the objects at these addresses. Secrets are not in the state and not shown.",
				Flags:       with(place(), outputFlags("text, json, markdown, html")),
				Action:      action(env, runStateShow),
			},
			{
				Name:      "rm",
				Usage:     "forget resources; their objects stay in the service",
				ArgsUsage: "ADDRESS...",
				Description: "Forgets the resources at these addresses. Their objects stay in the service as they are, and nobody manages them\n" +
					"any more. What refers to them does so by id from then on.\n\n" +
					"A change in the manifest can do the same where a team reviews it: removed: [{address: sync.old, delete: false}].",
				Flags: with(place(), lockFlags(), noColorFlag(), []cli.Flag{
					&cli.BoolFlag{Name: "force", Usage: "do it all the same: forget protected resources too"}}),
				Action: action(env, runStateRemove),
			},
			{
				Name:      "mv",
				Usage:     "give a resource another address",
				ArgsUsage: "FROM TO",
				Description: "Gives the resource at FROM the address TO. The object stays as it is, and so does what refers to it. Rename it\n" +
					"in the manifest too, or the next plan takes TO for an orphan and FROM for new.\n\n" +
					"A change in the manifest can do the same where a team reviews it: moved: [{from: model.a, to: model.b}].",
				Flags:  with(place(), lockFlags(), noColorFlag()),
				Action: action(env, runStateMove),
			},
		}, stateMending(env)...),
	}
}

func runStateList(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn("text", "json"); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	if s.opts.format == "json" {
		return outcome(s.env.Stdout, exitDone, render.StateJSON(s.env.Stdout, s.state))
	}
	return outcome(s.env.Stdout, exitDone, render.State(s.env.Stdout, s.outStyle(), s.state))
}

func runStateRemove(s *session, c *cli.Context) error {
	if err := s.changeState("state rm"); err != nil {
		return err
	}
	addresses, err := s.stateAddresses(c)
	if err != nil {
		return err
	}
	if !c.Bool("force") {
		for _, a := range addresses {
			if s.state.Resources[a].Protect {
				return &problem{Code: exitRefused, Diagnostic: diag.Diagnostic{Code: "protected", What: fmt.Sprintf("%s is protected", a),
					Why: "once it is forgotten, nothing keeps its object from being deleted or made twice",
					Fix: "give --force to forget it all the same"}}
			}
		}
	}
	for _, a := range addresses {
		s.tellRemoval(a, addresses)
	}
	next := s.state.Clone()
	for _, a := range addresses {
		if err := next.Remove(a, s.kinds); err != nil {
			return err
		}
	}
	if err := s.saveState(next); err != nil {
		return err
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	for _, a := range addresses {
		p.Line("forgot", p.Bold(a.String()))
	}
	return outcome(s.env.Stdout, exitDone, p.Err())
}

// tellRemoval says what forgetting a resource means for its object and for
// those that need it.
func (s *session) tellRemoval(a resource.Address, going []resource.Address) {
	r := s.state.Resources[a]
	s.note("warning: the object of %s stays in the service, unmanaged (id %s)", a, firstOf(r.ID, "unknown"))
	var users []string
	for _, other := range s.state.Resources.Addresses() {
		if slices.Contains(s.state.Resources[other].Needs, a) && !slices.Contains(going, other) {
			users = append(users, other.String())
		}
	}
	if len(users) > 0 {
		s.note("warning: %s is still used by %s, by its id from now on", a, strings.Join(users, ", "))
	}
}

func runStateMove(s *session, c *cli.Context) error {
	if c.NArg() != 2 {
		return usage("state mv takes two addresses", "write polyplan state mv FROM TO, as in polyplan state mv model.users model.people")
	}
	to, err := resource.ParseAddress(c.Args().Get(1))
	if err != nil {
		return usage(err.Error(), "names are a lower-case letter, then letters, digits, _ and -")
	}
	if err := s.changeState("state mv"); err != nil {
		return err
	}
	from, err := s.stateAddress(c.Args().First())
	if err != nil {
		return err
	}
	switch {
	case from.Kind != to.Kind:
		return usage(fmt.Sprintf("%s cannot become %s", from, to),
			fmt.Sprintf("an object keeps its kind: write %s.NAME", from.Kind))
	case s.state.Resources[to] != nil:
		return usage(fmt.Sprintf("the state holds another resource at %s (id %s)", to, s.state.Resources[to].ID),
			fmt.Sprintf("move that one first, or forget it with `polyplan state rm %s`", to))
	}
	next := s.state.Clone()
	if err := next.Move(from, to, s.kinds); err != nil {
		return err
	}
	if err := s.saveState(next); err != nil {
		return err
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	p.Line("moved", p.Bold(from.String()), "→", p.Bold(to.String()))
	return outcome(s.env.Stdout, exitDone, p.Err())
}

// changeState takes the lock and opens the state.
func (s *session) changeState(command string) error {
	if err := s.lock(command); err != nil {
		return err
	}
	return s.openState()
}

func (s *session) saveState(next *state.State) error {
	next.Tool = "polyplan " + version
	if err := s.store.Save(s.ctx, next); err != nil {
		return err
	}
	s.state = next
	return nil
}

// stateAddresses are the addresses that the arguments give, each once.
func (s *session) stateAddresses(c *cli.Context) ([]resource.Address, error) {
	if c.NArg() == 0 {
		return nil, usage(c.Command.HelpName+" lacks an address", "`polyplan state list` lists the addresses")
	}
	var out []resource.Address
	for _, w := range c.Args().Slice() {
		a, err := s.stateAddress(w)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

func (s *session) stateAddress(word string) (resource.Address, error) {
	a, err := resource.ParseAddress(word)
	if err != nil || s.state.Resources[a] == nil {
		return a, unknownAddress("the state", word, s.state.Resources.Addresses())
	}
	return a, nil
}
