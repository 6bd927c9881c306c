package main

import (
	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
)

func runStateShow(s *session, c *cli.Context) error {
	if err := s.opts.formatIn("text", "json", "markdown", "html"); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	addresses, err := s.stateAddresses(c)
	if err != nil {
		return err
	}
	return s.showState(addresses)
}

// showState writes all that the state holds of the resources at these addresses
// in the format that was asked for.
func (s *session) showState(addresses []resource.Address) error {
	some := *s.state
	some.Resources = resource.Set{}
	for _, a := range addresses {
		some.Resources[a] = s.state.Resources[a]
	}
	w := s.env.Stdout
	var err error
	switch s.opts.format {
	case "json":
		err = render.StateJSON(w, &some)
	case "markdown":
		err = render.StateMarkdown(w, &some)
	case "html":
		err = render.StateHTML(w, &some)
	default:
		p := render.NewPrinter(w, s.outStyle())
		for i, a := range addresses {
			if i > 0 {
				p.Line()
			}
			if err := render.Resource(p, p.Style, &some, a); err != nil {
				return err
			}
		}
		err = p.Err()
	}
	return outcome(w, exitDone, err)
}
