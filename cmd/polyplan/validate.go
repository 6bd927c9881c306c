package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
)

func validateCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the manifest, without the network or, with --online, against live schemas",
		Description: "Reads the manifest with all that it includes and checks everything that needs no network: names,\n" +
			"references, types, enums, cycles. It reads no state and needs no API key. Variables of the environment\n" +
			"that the manifest asks for have to be set; where they are not, as in a pipeline without secrets,\n" +
			"--sandbox puts made-up values in their place. Of secrets it needs no value: one that is not set is a\n" +
			"warning, and the commands of `secrets:` are run only with --helpers.\n\n" +
			"With --online it also asks the service what lies behind the connections that the state knows, and checks\n" +
			"connection settings, models, relations, mappings, filters, targets and schemas against that. It saves nothing there;\n" +
			"where a GET cannot ask, it sends a preview of a model or asks by a POST. --update-lock writes what it was told to\n" +
			lockName + " beside the manifest. Where that file is, validate without --online checks against it.\n\n" +
			"Ends with 1 when there are errors; warnings, and what could not be checked, are shown and let pass.",
		Flags: with(inputFlags(), helperFlags(false), stateFlags(), serviceFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "online", Usage: "check against what the service has now"},
			&cli.BoolFlag{Name: "update-lock", Usage: "with --online: write the schemas that it has to " + lockName},
			testFlag(),
		}, outputFlags("text, json, markdown")),
		Action: action(env, runValidate),
	}
}

// validation is what `validate --json` prints.
type validation struct {
	FormatVersion string                  `json:"format_version"`
	Valid         bool                    `json:"valid"`
	Summary       validationSummary       `json:"summary"`
	Diagnostics   diag.List               `json:"diagnostics"`
	Unverified    []render.UnverifiedJSON `json:"unverified"`
}

type validationSummary struct {
	Files      int `json:"files"`
	Resources  int `json:"resources"`
	Checked    int `json:"checked"` // against schemas
	Unverified int `json:"unverified"`
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
}

func runValidate(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn("text", "json", "markdown"); err != nil {
		return err
	}
	if err := s.read(); err != nil {
		return err
	}
	// What follows from a mistake is not worth a question.
	if !s.found.HasErrors() {
		looked := s.checkLocked
		if s.opts.online {
			looked = s.checkOnline
		}
		if err := looked(); err != nil {
			return err
		}
	}
	if s.checked == nil {
		s.checked = &check.Result{}
	}
	s.found = s.manifest.Sources.Annotate(append(s.found, s.checked.Findings...)).Sorted()
	sum := validationSummary{Files: len(s.manifest.Files), Resources: len(s.manifest.Set), Checked: s.checked.Checked, Unverified: len(s.checked.Unverified)}
	sum.Errors, sum.Warnings = s.found.Count()
	if err := s.showValidation(sum); err != nil {
		return err
	}
	if sum.Errors > 0 {
		return exitCode(exitError)
	}
	return nil
}

func (s *session) showValidation(sum validationSummary) error {
	line := "valid, " + render.Count(sum.Resources, "resource")
	if sum.Errors > 0 {
		line = "not valid, " + render.Count(sum.Errors, "error")
	}
	if sum.Warnings > 0 {
		line += ", " + render.Count(sum.Warnings, "warning")
	}
	if sum.Checked > 0 {
		line += fmt.Sprintf("; %d checked against %s", sum.Checked, s.lookedAt())
	}
	switch s.opts.format {
	case "json":
		return s.document(validation{FormatVersion: render.FormatVersion, Valid: sum.Errors == 0, Diagnostics: s.found, Summary: sum,
			Unverified: render.Unverified(s.checked.Unverified)})
	case "markdown":
		return outcome(s.env.Stdout, exitDone, render.ValidationMarkdown(s.env.Stdout, line, s.found, s.checked.Unverified))
	}
	if err := render.Diagnostics(s.env.Stderr, s.errStyle(), s.found); err != nil {
		return err
	}
	if err := render.UnverifiedText(s.env.Stdout, s.outStyle(), s.checked.Unverified); err != nil {
		return outcome(s.env.Stdout, exitDone, err)
	}
	if sum.Errors > 0 {
		return nil // the findings end with their number
	}
	return s.print(s.manifestName() + ": " + line + "\n")
}

// manifestName is how a line of text calls the manifest: by what it was asked
// to read, not by all that this includes.
func (s *session) manifestName() string {
	var names []string
	for _, f := range s.opts.files {
		if f == "-" {
			f = "standard input"
		}
		names = append(names, diag.Visible(f))
	}
	return strings.Join(names, ", ")
}
