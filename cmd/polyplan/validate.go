package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
)

func validateCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the manifest, without the network",
		Description: "Reads the manifest with all that it includes and checks everything that needs no network: names,\n" +
			"references, types, enums, cycles. It reads no state and needs no API key. Variables of the environment\n" +
			"that the manifest asks for have to be set; where they are not, as in a pipeline without secrets,\n" +
			"--sandbox puts made-up values in their place. Of secrets it needs no value: one that is not set is a\n" +
			"warning, and the commands of `secrets:` are run only with --helpers.\n\n" +
			"Ends with 1 when there are errors; warnings are shown and let pass.",
		Flags:  with(inputFlags(), helperFlags(false), outputFlags("text, json")),
		Action: action(env, runValidate),
	}
}

// validation is what `validate --json` prints.
type validation struct {
	FormatVersion string            `json:"format_version"`
	Valid         bool              `json:"valid"`
	Summary       validationSummary `json:"summary"`
	Diagnostics   diag.List         `json:"diagnostics"`
}

type validationSummary struct {
	Files     int `json:"files"`
	Resources int `json:"resources"`
	Errors    int `json:"errors"`
	Warnings  int `json:"warnings"`
}

func runValidate(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn("text", "json"); err != nil {
		return err
	}
	if err := s.read(); err != nil {
		return err
	}
	errs, warnings := s.found.Count()
	if s.opts.format == "json" {
		err := s.document(validation{FormatVersion: render.FormatVersion, Valid: errs == 0, Diagnostics: s.found,
			Summary: validationSummary{Files: len(s.manifest.Files), Resources: len(s.manifest.Set), Errors: errs, Warnings: warnings}})
		if err == nil && errs > 0 {
			return exitCode(exitError)
		}
		return err
	}
	if err := s.showFindings(); err != nil {
		return err
	}
	line := fmt.Sprintf("%s: valid, %s", s.manifestName(), render.Count(len(s.manifest.Set), "resource"))
	if warnings > 0 {
		line += ", " + render.Count(warnings, "warning")
	}
	return s.print(line + "\n")
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
