package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diag"
)

// credential is an API key: the variable that it came from, and whether it is
// one that manages organisations and acts in any of them (API dossier 2).
type credential struct {
	name, key string
	manages   bool
}

// credentials are the variables that an API key may come from.
var credentials = []credential{
	{name: "POLYTOMIC_API_KEY"},
	{name: "POLYTOMIC_PARTNER_KEY", manages: true},
	{name: "POLYTOMIC_DEPLOYMENT_KEY", manages: true},
}

// credential is the key of this run. Of several nobody could tell which
// organisation is going to be changed, so there must be one.
func (s *session) credential(url string) (credential, error) {
	if s.opts.keyStdin || s.opts.keyFile != "" {
		return s.keyFrom(s.opts.keyFile)
	}
	var set []credential
	var names []string
	for _, c := range credentials {
		if c.key = s.env.get(c.name); c.key != "" {
			set, names = append(set, c), append(names, c.name)
		}
	}
	if file := s.env.get("POLYTOMIC_API_KEY_FILE"); file != "" {
		if len(set) == 0 {
			return s.keyFrom(file)
		}
		names = append(names, "POLYTOMIC_API_KEY_FILE")
		set = append(set, credential{})
	}
	switch len(set) {
	case 0:
		return credential{}, &problem{Diagnostic: diag.Diagnostic{Code: "no-api-key", What: "there is no API key",
			Why: "POLYTOMIC_API_KEY is not set, and every call to " + diag.Visible(url) + " needs it",
			Fix: "export POLYTOMIC_API_KEY, give --api-key-file or --api-key-stdin, or try it out with --sandbox"}}
	case 1:
		return set[0], nil
	}
	return credential{}, usage("there are several API keys: "+strings.Join(names, ", "),
		"unset all but the one that this run is to use: each may speak for another organisation")
}

// keyLimit is more than any key is long.
const keyLimit = 4 << 10

// keyFrom reads the key from a file, or from standard input if that has no name.
func (s *session) keyFrom(file string) (credential, error) {
	c := credential{name: "standard input"}
	in := s.env.Stdin
	if file != "" {
		c.name = diag.Visible(file)
		f, err := os.Open(s.path(file))
		if err != nil {
			return c, fmt.Errorf("reading the API key from %s: %w", c.name, withoutPath(err))
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, keyLimit+1))
	c.key = strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return c, fmt.Errorf("reading the API key from %s: %w", c.name, withoutPath(err))
	case c.key == "":
		return c, &problem{Diagnostic: diag.Diagnostic{Code: "no-api-key", What: "there is no API key", Why: c.name + " is empty", Fix: "put the key alone there"}}
	case len(text) > keyLimit:
		return c, &problem{Diagnostic: diag.Diagnostic{Code: "bad-api-key", What: "this is no API key", Why: fmt.Sprintf("%s has more than %d KiB", c.name, keyLimit>>10), Fix: "put the key alone there"}}
	}
	return c, nil
}

// choose settles which organisation this run is about: the key's own, or the
// one that --organization names.
func (s *session) choose(c credential, me *api.Identity) error {
	id := s.opts.organization
	switch {
	case id == "":
	case me.Manages() && !c.manages:
		return usage(c.name+" holds the key of a partner or of a deployment, which acts in --organization only when it is known as such",
			"set it as POLYTOMIC_PARTNER_KEY or POLYTOMIC_DEPLOYMENT_KEY instead")
	case me.Manages():
		name, err := s.client.OrganizationName(s.ctx, id)
		switch {
		case transport.IsNotFound(err):
			return usage(fmt.Sprintf("there is no organisation %s", diag.Visible(id)), "correct --organization; GET /api/organizations lists those of this key")
		case err != nil:
			return fmt.Errorf("looking for the organisation: %w", err)
		}
		me.OrganizationID, me.OrganizationName = id, name
		s.client.Within(id)
	case id != me.OrganizationID:
		return &problem{Code: exitRefused, Diagnostic: diag.Diagnostic{Code: "other-organization",
			What: "the API key belongs to another organisation than --organization names",
			Why:  fmt.Sprintf("it is of %q (%s), and this run is to be about %s", me.OrganizationName, me.OrganizationID, id),
			Fix:  "use a key of that organisation, or that of its partner in POLYTOMIC_PARTNER_KEY"}}
	}
	return nil
}
