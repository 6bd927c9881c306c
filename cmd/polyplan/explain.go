package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/manual"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

func explainCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "what a value is and where it comes from, or what a kind may hold",
		ArgsUsage: "[ADDRESS[.PATH] | KIND[.PATH] | connection.TYPE]",
		Description: "Without an argument it lists the kinds. With one it is the manual, or about a resource of this manifest:\n\n" +
			"  polyplan explain sync                   a kind and its fields\n" +
			"  polyplan explain sync.schedule          a field\n" +
			"  polyplan explain connection.postgresql  the configuration of a type\n" +
			"  polyplan explain model.users            a resource: its values, file:line:column, where they come from\n" +
			"  polyplan explain model.users.fields     some of them, with default and recorded value\n\n" +
			"A word that could be both, such as a model with the key configuration, is the resource if the manifest or the\n" +
			"state has it. Secrets are never shown. The live values are read where there is an API key or --sandbox;\n" +
			"--live insists on them and --live=false leaves them out.",
		Flags: with(inputFlags(), stateFlags(), serviceFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "live", Usage: "read the live values; false: do not, though there is an API key"},
		}, outputFlags("text, json, markdown")),
		Action: action(env, runExplain),
	}
}

func runExplain(s *session, c *cli.Context) error {
	if c.NArg() > 1 {
		return usage("explain takes one argument", "explain one address or kind at a time")
	}
	if err := s.opts.formatIn("text", "json", "markdown"); err != nil {
		return err
	}
	word := c.Args().First()
	if a, path, ok := splitAddress(word); ok {
		known, err := s.explainable(a)
		if err != nil {
			return err
		}
		if known {
			return s.explainResource(c, a, path)
		}
	}
	page, err := manual.Explain(s.kinds, word)
	var unknown *manual.UnknownError
	switch {
	case errors.As(err, &unknown):
		return s.unknownWord(word, unknown)
	case err != nil:
		return err
	case s.opts.format == "json":
		return s.document(struct {
			FormatVersion string `json:"format_version"`
			*manual.Page
		}{render.FormatVersion, page})
	case s.opts.format == "markdown":
		return s.print(page.Markdown())
	}
	return s.print(page.Text(s.env.width()))
}

// splitAddress takes the address off the front of what may be one with a path.
func splitAddress(word string) (a resource.Address, path resource.Path, ok bool) {
	parts := strings.SplitN(word, ".", 3)
	if len(parts) < 2 {
		return a, "", false
	}
	name, index, _ := strings.Cut(parts[1], "[")
	if index != "" {
		return a, "", false
	}
	a, err := resource.ParseAddress(parts[0] + "." + name)
	if err == nil && len(parts) == 3 {
		path = resource.Path(parts[2])
	}
	return a, path, err == nil
}

// explainable reads the manifest and the state, as far as there are any, and
// reports whether one of them has the address.
func (s *session) explainable(a resource.Address) (bool, error) {
	if err := s.read(); err != nil {
		return false, err
	}
	if err := s.openState(); err != nil {
		if s.manifest.Set[a] == nil {
			return false, nil // it can still be a page of the manual
		}
		s.note("warning: %s", err)
		s.state = nil
	}
	return s.manifest.Set[a] != nil || s.state != nil && s.state.Resources[a] != nil, nil
}

func (s *session) explainResource(c *cli.Context, a resource.Address, path resource.Path) error {
	v := render.ResourceView{Address: a, Desired: s.manifest.Set[a], Path: path, Origins: s.manifest.Origins[a]}
	for _, k := range s.kinds {
		if k.Name == a.Kind {
			v.Kind = k
		}
	}
	if s.state != nil {
		v.Recorded = s.state.Resources[a]
	}
	if err := s.explainLive(c, &v); err != nil {
		return err
	}
	// What is wrong with this resource is part of what there is to say of it.
	var about diag.List
	for _, d := range s.found {
		if unset(d) {
			d.Severity = diag.Warning
		}
		if d.Address == a.String() || d.Address == "" && owner(s.manifest, d.Pos) == a {
			about.Add(d)
		}
	}
	if err := render.Diagnostics(s.env.Stderr, s.errStyle(), about); err != nil {
		return err
	}
	w := s.env.Stdout
	var err error
	switch s.opts.format {
	case "json":
		err = render.ExplainJSON(w, v)
	case "markdown":
		err = render.ExplainMarkdown(w, v)
	default:
		err = render.Explain(w, s.outStyle(), v)
	}
	if errors.Is(err, render.ErrNoSuchValue) {
		return usage(fmt.Sprintf("%s has no %s", a, diag.Visible(string(path))),
			fmt.Sprintf("`polyplan explain %s` lists its values, `polyplan explain %s` what it may have", a, a.Kind))
	}
	return outcome(w, exitDone, err)
}

// owner is the resource of the manifest in which a place lies: the last one that
// begins before it.
func owner(m *spec.Manifest, p diag.Pos) resource.Address {
	var owner resource.Address
	var begins diag.Pos
	for a, r := range m.Set {
		if r.Pos.File == p.File && !p.Before(r.Pos) && !r.Pos.Before(begins) {
			owner, begins = a, r.Pos
		}
	}
	return owner
}

// explainLive reads the live object, if that is wanted and can be done. Only
// who insists is told of a failure as an error.
func (s *session) explainLive(c *cli.Context, v *render.ResourceView) error {
	insists := c.IsSet("live")
	switch {
	case insists && !c.Bool("live"):
		return nil
	case !insists && !s.opts.sandbox && s.env.get("POLYTOMIC_API_KEY") == "":
		return nil
	case v.Recorded == nil || v.Recorded.ID == "":
		if insists {
			s.note("%s is not in the state, so that nobody knows which live object it is", v.Address)
		}
		return nil
	case withoutUnset(s.found).HasErrors():
		s.note("the live values are not read, for the manifest has errors: `polyplan validate` shows them")
		return nil
	}
	err := s.connect()
	if err == nil {
		s.opts.targets = []string{v.Address.String()}
		// It is read even if it stands still: no state has what polyplan does not know.
		unmarked := *v.Recorded
		unmarked.Marks = nil
		s.state.Resources[v.Address] = &unmarked
		var p *apply.Prepared
		if p, err = s.prepare(false); err == nil {
			v.Live, v.Asked = p.Live[v.Address], true
			return nil
		}
	}
	if insists {
		return err
	}
	s.note("warning: the live values were not read: %s", err)
	return nil
}

// unknownWord is the error for what is neither in the manifest nor in the
// manual.
func (s *session) unknownWord(word string, err *manual.UnknownError) error {
	d := diag.Diagnostic{What: err.What + " is not known", Why: err.Why, Fix: "`polyplan explain` lists the kinds, `polyplan explain KIND` its fields"}
	var near []string
	if err.Near != "" {
		near = append(near, err.Near)
	}
	if a, _, ok := splitAddress(word); ok && s.manifest != nil {
		rest := strings.TrimPrefix(word, a.String())
		for _, known := range s.manifest.Set.Addresses() {
			near = append(near, known.String()+rest)
		}
	}
	if best, ok := diag.Nearest(word, near); ok {
		d.Why, d.Fix = "", "did you mean "+best+"?"
	}
	return &problem{Diagnostic: d, Err: err}
}
