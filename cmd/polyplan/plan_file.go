package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/crypt"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/render"
)

// savePlan writes the plan to a file, for apply.
func (s *session) savePlan(out string, p *apply.Prepared) error {
	saved := p.Saved(s.state, s.manifest.Set)
	saved.Deployment, saved.Made = s.target(), s.now().UTC().Truncate(time.Second)
	saved.Files, saved.VarFiles = s.opts.files, s.opts.varFiles
	saved.Targets, saved.Excludes = s.opts.targets, s.opts.excludes
	saved.Prune, saved.Offline = s.opts.prune, !s.opts.refresh
	data, err := saved.Encode(s.prints)
	if err == nil {
		data, err = s.codec.Seal(data)
	}
	if err != nil {
		return err
	}
	path := s.path(out)
	if err := mayReplace(path, out); err != nil {
		return err
	}
	if err := replaceFile(path, data, 0o600); err != nil {
		return err
	}
	unsigned := ""
	if s.prints.Sign(nil) == "" {
		unsigned = ", unsigned, for POLYPLAN_FINGERPRINT_KEY is not set"
	}
	s.note("saved the plan%s; carry it out with: polyplan apply %s", unsigned, out)
	return nil
}

// now is the service's time where it was asked.
func (s *session) now() time.Time {
	if s.client != nil {
		return s.client.Now()
	}
	return s.env.Now()
}

// mayReplace keeps a mistyped --out from destroying something else.
func mayReplace(path, called string) error {
	refuse := func(why string) error {
		return &problem{Diagnostic: diag.Diagnostic{Code: "not-a-plan", What: fmt.Sprintf("the plan was not saved to %q", called), Why: why, Fix: "give --out another name"}}
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("writing %s: %w", called, withoutPath(err))
	case !info.Mode().IsRegular():
		return notAFile(called, info)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", called, withoutPath(err))
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head) // what cannot be read is no plan
	if n > 0 && !diff.IsSaved(head[:n]) && !crypt.IsSealed(head[:n]) {
		return refuse("a file of that name is there which is no saved plan")
	}
	return nil
}

// readPlan reads the plan file that the command was given.
func (s *session) readPlan(c *cli.Context) (*diff.Saved, error) {
	if c.NArg() > 1 {
		return nil, usage("unexpected argument "+c.Args().Get(1), "name one plan file")
	}
	name := c.Args().First()
	path := s.path(name)
	bad := func(what, fix string, err error) error {
		return &problem{Diagnostic: diag.Diagnostic{Code: "bad-plan", What: fmt.Sprintf("%q cannot be used as a saved plan", name), Why: what, Fix: fix}, Err: err}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, bad("there is no such file", "name a file that `polyplan plan --out FILE` wrote", err)
	case err == nil && !info.Mode().IsRegular():
		return nil, bad("it is no file", "name a file that `polyplan plan --out FILE` wrote", nil)
	}
	var data []byte
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		data, err = diff.ReadSaved(f)
	}
	var keys *crypt.Codec
	if err == nil {
		keys, err = s.keys()
	}
	if err == nil {
		data, err = keys.Open(data)
	}
	var saved *diff.Saved
	if err == nil {
		saved, err = diff.DecodeSaved(data)
	}
	if err == nil {
		err = saved.Verify(s.fingerprinter(saved.Lineage))
	}
	if err != nil {
		fix := ""
		var h hinted
		if errors.As(err, &h) {
			fix = h.Hint()
		}
		return nil, bad(withoutPath(err).Error(), fix, err)
	}
	return saved, nil
}

// showSaved shows a saved plan as plan did.
func (s *session) showSaved(c *cli.Context) error {
	saved, err := s.readPlan(c)
	if err != nil {
		return err
	}
	if s.opts.format == "text" {
		signed := "signed"
		if !saved.Signed() {
			signed = "unsigned"
		}
		text := fmt.Sprintf("Planned %s by %s for %s, %s.\nMade from %s and generation %d of the state.\n\n", saved.Made.UTC().Format("2006-01-02 15:04:05 UTC"),
			saved.Tool, saved.Deployment, signed, strings.Join(saved.Files, ", "), saved.Serial)
		if err := s.print(visibleLines(text)); err != nil {
			return err
		}
	}
	return s.showView(s.env.Stdout, render.PlanView{Plan: saved.Plan, Kinds: s.kinds, Width: s.env.width()}, nil)
}

func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = diag.Visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

// takePlan reads the plan that apply is to carry out, and with it what it was
// asked for.
func (s *session) takePlan(c *cli.Context) (err error) {
	for _, flag := range []string{"prune", "target", "exclude", "refresh"} {
		if c.IsSet(flag) {
			return usage("--"+flag+" cannot be given with a saved plan", "the plan says that already; to plan otherwise, plan again")
		}
	}
	if s.saved, err = s.readPlan(c); err != nil {
		return err
	}
	if !c.IsSet("file") {
		s.opts.files = s.saved.Files
	}
	if !c.IsSet("var-file") {
		s.opts.varFiles = s.saved.VarFiles
	}
	s.opts.prune, s.opts.refresh = s.saved.Prune, !s.saved.Offline
	s.opts.targets, s.opts.excludes = s.saved.Targets, s.saved.Excludes
	return nil
}

// continuePlanned gives a state that was never saved the lineage that it had
// when the plan was made, with which the plan's fingerprints were.
func (s *session) continuePlanned() {
	if s.saved != nil && s.saved.Serial == 0 && s.state.Serial == 0 && len(s.state.Resources)+len(s.state.Doubts) == 0 {
		s.state.Lineage = s.saved.Lineage
	}
}

// oldPlan is the age from which on a plan is worth a word, though all that it
// was made from is as it was.
const oldPlan = 24 * time.Hour

// stillBased refuses a saved plan when something that it was made from has
// moved, as far as that is known before the service is asked.
func (s *session) stillBased() error {
	if s.saved == nil {
		return nil
	}
	now := apply.Basis(s.state, s.manifest.Set)
	now.Deployment, now.Organization = s.target(), ""
	if err := s.stale(now); err != nil {
		return err
	}
	if age := s.env.Now().Sub(s.saved.Made); age > oldPlan {
		s.note("warning: the plan was made %d hours ago", int(age.Hours()))
	}
	return nil
}

// stillPlanned refuses a saved plan when it does not come out the same.
func (s *session) stillPlanned(p *apply.Prepared) error {
	if s.saved == nil {
		return nil
	}
	now := p.Saved(s.state, s.manifest.Set)
	now.Deployment = s.target()
	return s.stale(now)
}

func (s *session) stale(now *diff.Saved) error {
	moved := s.saved.Stale(now)
	if len(moved) == 0 {
		return nil
	}
	return &problem{Code: exitStale, Diagnostic: diag.Diagnostic{Code: "stale-plan", What: "the saved plan is stale, and nothing was changed",
		Why: strings.Join(moved, "; "), Fix: "plan again, and look at what comes out"}}
}
