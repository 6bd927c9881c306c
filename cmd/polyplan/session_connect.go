package main

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diag"
)

// connect opens the service, checks the key, and refuses a state that belongs
// to another organisation or deployment.
func (s *session) connect() error {
	url := s.opts.url
	base := s.env.HTTP
	var c credential
	var err error
	if s.opts.sandbox {
		if url, c, err = s.startSandbox(); err != nil {
			return fmt.Errorf("starting the sandbox: %w", err)
		}
	} else if c, err = s.credential(url); err != nil {
		return err
	}
	s.hide(c.key)
	o := transport.Options{BaseURL: url, Key: c.key, KeyName: c.name, Version: s.opts.apiVersion,
		Parallelism: s.opts.parallelism, UserAgent: "polyplan/" + version, Base: base, Redact: s.redact, Logger: s.logger(),
		AllowHTTP: s.opts.sandbox, Sleep: s.env.Sleep,
		Notify: func(e transport.Event) { s.note("%s", e.Text) }}
	if mib, err := strconv.Atoi(s.opts.listMemory); err == nil {
		o.ListMemory = mib << 20
	}
	if c.manages {
		o.Organization = s.opts.organization
	}
	t, err := transport.New(o)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, t.Close)
	s.client = api.New(t, s.opts.apiVersion)
	me, err := s.client.Me(s.ctx)
	if err != nil {
		return fmt.Errorf("checking the API key: %w", err)
	}
	if err := s.choose(c, &me); err != nil {
		return err
	}
	s.me = me
	return s.bind(me)
}

// target is the deployment that a state or a plan is bound to: the service's
// URL, or "sandbox".
func (s *session) target() string {
	if s.opts.sandbox {
		return "sandbox"
	}
	return strings.TrimRight(s.opts.url, "/")
}

// bind ties the state to the organisation of the key, or refuses.
func (s *session) bind(me api.Identity) error {
	if s.state == nil {
		return nil
	}
	bound := s.state.Organization != "" || s.state.Deployment != ""
	if !bound {
		s.state.Organization, s.state.OrganizationName, s.state.Deployment = me.OrganizationID, me.OrganizationName, s.target()
		return nil
	}
	if s.state.Deployment != s.target() {
		return &problem{Code: exitRefused, Diagnostic: diag.Diagnostic{Code: "other-deployment",
			What: "the state belongs to another deployment",
			Why:  fmt.Sprintf("it records objects of %s, and this run would change %s", s.state.Deployment, s.target()),
			Fix:  "correct --url, or name the state of this deployment with --state"}}
	}
	if s.state.Organization != me.OrganizationID {
		return &problem{Code: exitRefused, Diagnostic: diag.Diagnostic{Code: "other-organization",
			What: "the state belongs to another organisation",
			Why: fmt.Sprintf("it records objects of %q (%s), and the API key is of %q (%s)",
				s.state.OrganizationName, s.state.Organization, me.OrganizationName, me.OrganizationID),
			Fix: "use a key of that organisation, or name the state of this one with --state"}}
	}
	s.state.OrganizationName = me.OrganizationName
	return nil
}

func (s *session) logger() *slog.Logger {
	if s.opts.logLevel == "" {
		return nil
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.opts.logLevel)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if s.opts.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(s.talk, o))
	}
	return slog.New(slog.NewTextHandler(s.talk, o))
}
