package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
)

func graphCommand(env *Env) *cli.Command {
	formats := strings.Join(render.GraphFormats, ", ")
	return &cli.Command{
		Name:  "graph",
		Usage: "draw what needs what, or where data goes",
		Description: "Draws the resources of the manifest and what each needs; with --lineage the fields, from connections over models\n" +
			"to what syncs write. It reads the manifest alone: no state, no network, no API key, and no variable has to be set.\n\n" +
			"Mermaid is what GitHub and GitLab draw in a page, dot is Graphviz's, svg opens in any browser:\n\n" +
			"  polyplan graph --lineage --format svg --output lineage.svg",
		Flags: with(inputFlags(), []cli.Flag{
			&cli.StringFlag{Name: "format", Value: render.GraphFormats[0], Usage: "the `FORMAT` of the result: " + formats},
			&cli.BoolFlag{Name: "json", Usage: "the same as --format json"},
			&cli.BoolFlag{Name: "lineage", Usage: "draw fields, and where their data goes"},
			&cli.StringFlag{Name: "output", Usage: "write to `FILE` and not to standard output"},
		}, noColorFlag()),
		Action: action(env, runGraph),
	}
}

func runGraph(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn(slices.Clone(render.GraphFormats)...); err != nil {
		return err
	}
	if err := s.read(); err != nil {
		return err
	}
	s.found = withoutUnset(s.found)
	if err := s.showFindings(); err != nil {
		return err
	}
	g := render.ResourceGraph(s.manifest.Set)
	if c.Bool("lineage") {
		g = render.Lineage(s.manifest.Set, s.kinds)
	}
	var drawn bytes.Buffer
	if err := g.Draw(&drawn, s.opts.format); err != nil {
		return err
	}
	out := c.String("output")
	if out == "" || out == "-" {
		return s.print(drawn.String())
	}
	if err := replaceFile(s.path(out), drawn.Bytes(), 0); err != nil {
		return err
	}
	s.note("wrote %s", out)
	return nil
}

// withoutUnset drops the findings about values from outside that are not there,
// for commands that look at the manifest and not at what it takes in.
func withoutUnset(found diag.List) diag.List {
	return slices.DeleteFunc(slices.Clone(found), unset)
}

func unset(d diag.Diagnostic) bool {
	return d.Code == "undefined-env" || d.Code == "undefined-variable"
}
