package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/discover"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// verify holds the manifest against what lies behind its connections, or, where
// there is no network, against what lay there last. Errors refuse the plan.
func (s *session) verify(p *apply.Prepared) error {
	if s.opts.offline {
		return nil
	}
	last, err := s.readLock()
	if err != nil {
		return err
	}
	in := s.checking(last)
	switch {
	case s.client != nil:
		service := discover.New(s.client)
		service.Last = last
		in.Reader, in.Place = service, check.Places(s.kinds, p.Plan)
		if s.opts.tryOut {
			in.Trial = service.Trial
		}
	case last != nil:
		in.Reader, in.Place = last, lockedPlace
	default:
		return nil
	}
	if s.checked, err = check.Run(s.stop, in); err != nil {
		return err
	}
	refused := false
	for _, d := range s.checked.Findings {
		if d.Severity == diag.Error { // warnings are shown with the plan
			refused = true
			p.Plan.Refusals = append(p.Plan.Refusals, diff.Refused(d))
		}
	}
	if refused {
		s.note("the manifest does not fit %s; --offline plans without looking", s.lookedAt())
	}
	return nil
}

// lookedAt is what the manifest was held against.
func (s *session) lookedAt() string {
	if s.client != nil {
		return "what the service has now"
	}
	return s.lockName()
}

func (s *session) checking(last *schema.Lock) check.Input {
	return check.Input{Kinds: s.kinds, Desired: s.manifest.Set, Only: s.within, Last: last, Unquoted: s.manifest.Unquoted, Recorded: s.recorded}
}

// recorded is the object that the state has for an address, perhaps under the one
// that it had before.
func (s *session) recorded(a resource.Address) resource.Object {
	if s.state == nil {
		return nil
	}
	r := s.state.Resources[a]
	for _, m := range s.manifest.Moved {
		if r == nil && m.To == a {
			r = s.state.Resources[m.From]
		}
	}
	if r == nil {
		return nil
	}
	return r.Object
}

// lockedPlace is where a lock has what lies behind a connection.
func lockedPlace(a resource.Address) (schema.Connection, string) {
	return schema.Connection{Key: a.String()}, ""
}

// checkLocked holds the manifest against the lock file, if there is one.
func (s *session) checkLocked() error {
	last, err := s.readLock()
	if err != nil || last == nil {
		return err
	}
	in := s.checking(last)
	in.Reader, in.Place = last, lockedPlace
	if s.checked, err = check.Run(s.stop, in); err != nil {
		return err
	}
	for i := range s.checked.Findings {
		d := &s.checked.Findings[i]
		d.Fix = strings.TrimPrefix(d.Fix+fmt.Sprintf("; if the source has changed since, `polyplan validate --online --update-lock` renews %s", s.lockName()), "; ")
	}
	return nil
}

// checkOnline holds the manifest against what the service has now, and renews
// the lock file if that is wanted.
func (s *session) checkOnline() error {
	last, err := s.readLock()
	if err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	if err := s.connect(); err != nil {
		return err
	}
	plan, err := s.connections()
	if err != nil {
		return err
	}
	service := discover.New(s.client)
	service.Previews = true
	in := s.checking(last)
	in.Reader, in.Place = service, check.Places(s.kinds, plan)
	if s.opts.tryOut {
		in.Trial = service.Trial
	}
	if s.checked, err = check.Run(s.stop, in); err != nil {
		return err
	}
	return s.compareLock(last)
}

// connections plans those objects alone that others are asked about, which are
// those that may have to wait for a person: two lists and not all of them.
func (s *session) connections() (*diff.Plan, error) {
	asked := slices.DeleteFunc(slices.Clone(s.kinds), func(k *resource.Kind) bool { return k.Waiting == nil })
	other := func(a resource.Address) bool {
		return !slices.ContainsFunc(asked, func(k *resource.Kind) bool { return k.Name == a.Kind })
	}
	st := s.state.Clone()
	maps.DeleteFunc(st.Resources, func(a resource.Address, _ *resource.Resource) bool { return other(a) })
	st.Doubts = nil // whether something was made is for a plan to find out
	desired := maps.Clone(s.manifest.Set)
	maps.DeleteFunc(desired, func(a resource.Address, _ *resource.Resource) bool { return other(a) })
	req := apply.Request{Kinds: asked, State: st, Desired: desired, Moves: map[resource.Address]resource.Address{}}
	for _, m := range s.manifest.Moved {
		if !other(m.From) {
			req.Moves[m.From] = m.To
		}
	}
	p, err := apply.Prepare(s.stop, s.client, req)
	if err != nil {
		return nil, err
	}
	return p.Plan, nil
}

// shownChanges is how many changes of schemas a warning lists.
const shownChanges = 20

// compareLock tells what is otherwise than the lock file says, and renews it if
// that is wanted.
func (s *session) compareLock(last *schema.Lock) error {
	if last == nil && !s.opts.updateLock {
		return nil
	}
	before := last
	if before == nil {
		before = schema.NewLock()
	}
	changes := s.checked.Seen.Changes(before)
	if s.opts.updateLock {
		if len(changes) == 0 && last != nil {
			return nil
		}
		data, err := s.checked.Seen.Marshal()
		if err != nil {
			return err
		}
		if err := replaceFile(s.lockPath(), data, 0); err != nil {
			return err
		}
		s.note("%s: written", s.lockName())
		for _, c := range changes {
			s.note("  %s", c)
		}
		return nil
	}
	if len(changes) > 0 {
		more := ""
		if n := len(changes) - shownChanges; n > 0 {
			changes, more = changes[:shownChanges], fmt.Sprintf("; and %d more", n)
		}
		s.checked.Findings.Add(diag.Diagnostic{Severity: diag.Warning, Pos: diag.Pos{File: s.lockName()}, Code: "lock-outdated",
			What: "the service's schemas are not those of the lock file", Why: strings.Join(changes, "; ") + more,
			Fix: "renew it with `polyplan validate --online --update-lock`"})
	}
	return nil
}

func (s *session) lockPath() string {
	if s.opts.sandbox {
		return s.beside(sandboxLockName)
	}
	return s.beside(lockName)
}

func (s *session) lockName() string { return filepath.Base(s.lockPath()) }
