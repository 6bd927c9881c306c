package main

import "github.com/urfave/cli/v2"

func showCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show the state, or a saved plan",
		ArgsUsage: "[PLANFILE]",
		Description: "Shows what the state remembers: each object at its address, as it was last written. With a PLANFILE of\n" +
			"`plan --out` it shows that plan, as plan did. It reads no manifest, sends no request and needs no API key.\n" +
			"Secrets are in neither and not shown.",
		Flags: with(whereFlags(), stateFlags(), outputFlags("text, json, markdown, html")),
		Action: action(env, func(s *session, c *cli.Context) error {
			if err := s.opts.formatIn("text", "json", "markdown", "html"); err != nil {
				return err
			}
			if c.NArg() > 0 {
				return s.showSaved(c)
			}
			if err := s.openState(); err != nil {
				return err
			}
			if s.opts.format == "text" && len(s.state.Resources) == 0 {
				return s.print("The state holds no resources.\n")
			}
			return s.showState(s.state.Resources.Addresses())
		}),
	}
}
