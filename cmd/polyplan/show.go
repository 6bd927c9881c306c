package main

import "github.com/urfave/cli/v2"

func showCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "show",
		Usage: "show the state",
		Description: "Shows what the state remembers: each object at its address, as it was last written. It reads no manifest, sends\n" +
			"no request and needs no API key. Secrets are not in the state and not shown.",
		Flags: with(whereFlags(), stateFlags(), outputFlags("text, json, markdown, html")),
		Action: action(env, func(s *session, c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if err := s.opts.formatIn("text", "json", "markdown", "html"); err != nil {
				return err
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
