package main

import (
	"github.com/urfave/cli/v2"
)

// helpCommand shows all commands. `help COMMAND` never comes to it: the words
// are arranged as `COMMAND --help` before they are parsed.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:        "help",
		Usage:       "how to call a command",
		ArgsUsage:   "[COMMAND...]",
		Description: "Lists the commands, or shows how to call one: `polyplan help state mv` is `polyplan state mv --help`.",
		Action:      cli.ShowAppHelp,
	}
}
