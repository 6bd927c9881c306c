package main

import (
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// commands are all commands, in the order in which people meet them.
func commands(env *Env) []*cli.Command {
	return []*cli.Command{
		initCommand(env),
		validateCommand(env),
		fmtCommand(env),
		planCommand(env),
		applyCommand(env),
		destroyCommand(env),
		importCommand(env),
		driftCommand(env),
		showCommand(env),
		graphCommand(env),
		stateCommand(env),
		unlockCommand(env),
		authCommand(env),
		explainCommand(env),
		schemaCommand(env),
		sandboxCommand(env),
		versionCommand(env),
		completionCommand(env),
		helpCommand(),
	}
}

// action is a command's function: it reads the options, opens a session and
// closes it again, whatever the command ran into.
func action(env *Env, f func(s *session, c *cli.Context) error) cli.ActionFunc {
	return func(c *cli.Context) (err error) {
		opts, err := readOptions(c, env)
		if err != nil {
			return err
		}
		s := newSession(env, opts)
		defer s.close()
		defer func() {
			if r := recover(); r != nil {
				s.bug(r, debug.Stack())
				err = exitCode(exitError)
			}
		}()
		return f(s, c)
	}
}

// noArguments refuses words that a command has no use for.
func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return usage("unexpected argument "+c.Args().First(), "`polyplan "+c.Command.Name+" --help` shows how to call it")
	}
	return nil
}
