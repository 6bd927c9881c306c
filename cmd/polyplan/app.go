package main

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
)

// version is set when a release is built.
var version = "0.1.0-dev"

// run is the whole program: it ends with an exit code and leaves the process
// alone.
func run(env *Env, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			tellBug(env.Stderr, fmt.Sprint(r), string(debug.Stack()))
			code = exitError
		}
	}()
	app := newApp(env)
	arranged, err := arrange(app, args)
	if err == nil {
		err = app.Run(arranged)
	}
	var told exitCode
	if err != nil && !errors.As(err, &told) {
		list := diag.List{diagnosticOf(err)}
		if e := render.Diagnostics(env.Stderr, style(env, truth(env.get("NO_COLOR")), env.ErrTerminal), list); e != nil {
			return exitError
		}
	}
	return codeOf(err)
}

// tellBug tells of a mistake of ours, with what is needed to find it.
func tellBug(w io.Writer, what, stack string) {
	fmt.Fprintf(w, "polyplan: this is a bug in polyplan, please report it: %s\n%s", diag.Visible(what), stack)
}

func newApp(env *Env) *cli.App {
	app := &cli.App{
		Name:                      "polyplan",
		Usage:                     "Polytomic as code: plan and apply connections, models and syncs from a manifest",
		UsageText:                 "polyplan COMMAND [FLAGS] [ARGUMENTS]",
		Description:               exitHelp,
		Version:                   version,
		HideVersion:               true,
		Reader:                    env.Stdin,
		Writer:                    env.Stdout,
		ErrWriter:                 env.Stderr,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // else an exit code ends the process in here
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return badValue(err)
		},
		Commands: commands(env),
	}
	for _, c := range app.Commands {
		prepareCommand(c, app)
	}
	return app
}

// prepareCommand gives every command the same manners.
func prepareCommand(c *cli.Command, app *cli.App) {
	c.OnUsageError = app.OnUsageError
	c.HideHelpCommand = true
	if c.Description == "" {
		c.Description = exitHelp
	} else {
		c.Description += "\n\n" + exitHelp
	}
	for _, s := range c.Subcommands {
		prepareCommand(s, app)
	}
}

func style(env *Env, plain, terminal bool) render.Style {
	return render.NewStyle(terminal && !plain && env.get("TERM") != "dumb")
}

// outcome ends a command whose result was written: a write that failed is an
// error, for a pipeline may have read half of it.
func outcome(w io.Writer, code int, errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	}
	if code != exitDone {
		return exitCode(code)
	}
	return nil
}
