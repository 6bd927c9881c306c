package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// session is one run of a command: what it has opened, and what it has to
// close.
type session struct {
	env  *Env
	opts *options
	// ctx ends the requests; stop ends the start of new work. The first
	// interrupt does the one, the second the other.
	ctx  context.Context
	stop context.Context

	kinds    []*resource.Kind
	manifest *spec.Manifest
	found    diag.List
	store    *state.FileStore
	state    *state.State
	client   *api.Client
	// deployment is what the state is bound to: the URL, or "sandbox".
	deployment string
	prints     *resource.Fingerprinter
	closers    []func()

	mu      sync.Mutex
	secrets []string // values that no text from the service may show
}

func newSession(env *Env, opts *options) *session {
	s := &session{env: env, opts: opts, kinds: kinds.All()}
	ctx, end := context.WithCancel(context.Background())
	stop, halt := context.WithCancel(ctx)
	s.ctx, s.stop = ctx, stop
	done := make(chan struct{})
	if env.Signals != nil {
		go func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-env.Signals:
					if n == 0 {
						halt() // before it is told, so that whoever reads it knows that nothing new starts
						fmt.Fprintln(env.Stderr, "interrupted: finishing what is under way; interrupt again to end at once")
					} else {
						end()
					}
				}
			}
		}()
	}
	s.closers = append(s.closers, func() { close(done); halt(); end() })
	return s
}

func (s *session) close() {
	for _, f := range slices.Backward(s.closers) {
		f()
	}
}

func (s *session) path(name string) string {
	if name == "-" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.dir(), name)
}

// dir is the directory that the command works in; "" is the process's own.
func (s *session) dir() string {
	if s.opts.chdir == "" || filepath.IsAbs(s.opts.chdir) {
		return firstOf(s.opts.chdir, s.env.Dir)
	}
	return filepath.Join(s.env.Dir, s.opts.chdir)
}

// load reads the manifest and shows what was found. It ends the command if
// anything is an error.
func (s *session) load() error {
	if err := s.read(); err != nil {
		return err
	}
	return s.showFindings()
}

func (s *session) read() error {
	if s.opts.chdir != "" {
		if info, err := os.Stat(s.dir()); err != nil || !info.IsDir() {
			return &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("there is no directory %q", s.opts.chdir), Fix: "correct --chdir"}, Err: err}
		}
	}
	made := map[string]bool{}
	lookup := s.env.LookupEnv
	if s.opts.sandbox {
		lookup = func(name string) (string, bool) {
			if v, ok := s.env.LookupEnv(name); ok {
				return v, true
			}
			made[name] = true
			return "made-up-" + strings.ToLower(name), true
		}
	}
	s.manifest, s.found = spec.Load(spec.Options{Kinds: s.kinds, Files: s.opts.files, Dir: s.dir(), Stdin: s.env.Stdin,
		Env: lookup, Vars: s.opts.vars, VarFiles: s.opts.varFiles})
	s.found = s.manifest.Sources.Annotate(s.found).Sorted()
	if len(made) > 0 {
		s.note("%s not set; the sandbox gets made-up values", strings.Join(resource.Keys(made), ", "))
	}
	for _, r := range s.manifest.Set {
		resource.Secrets(r.Object, func(x *resource.Secret) {
			if v, ok := x.Reveal(); ok {
				s.hide(resource.Text(v))
			}
		})
	}
	return nil
}

// note says something beside the result.
func (s *session) note(format string, args ...any) {
	fmt.Fprintln(s.env.Stderr, diag.Visible(fmt.Sprintf(format, args...)))
}

// showFindings shows the findings on standard error and ends the command if
// there are errors among them.
func (s *session) showFindings() error {
	if err := render.Diagnostics(s.env.Stderr, s.errStyle(), s.found); err != nil {
		return err
	}
	if s.found.HasErrors() {
		return exitCode(exitError)
	}
	return nil
}

func (s *session) outStyle() render.Style {
	return style(s.env, s.opts.noColor, s.env.OutTerminal)
}

func (s *session) errStyle() render.Style {
	return style(s.env, s.opts.noColor, s.env.ErrTerminal)
}

// shortest is the length from which on a secret is looked for in texts: shorter
// ones occur in words by chance.
const shortest = 6

func (s *session) hide(secret string) {
	if len(secret) >= shortest {
		s.mu.Lock()
		s.secrets = append(s.secrets, secret)
		s.mu.Unlock()
	}
}

// redact removes the secrets of this run from a text of the service's.
func (s *session) redact(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "(secret)")
	}
	return text
}

// stateNames are the default files beside the manifest. The sandbox has its
// own, so that trying something out never meets the real state.
const (
	stateName        = "polyplan.state.json"
	sandboxStateName = "polyplan.sandbox.state.json"
	sandboxDataName  = "polyplan.sandbox.data"
)

// beside is where files that belong to the manifest lie.
func (s *session) beside(name string) string {
	first := s.opts.files[0]
	if first == "-" {
		return filepath.Join(s.dir(), name)
	}
	p := s.path(first)
	if info, err := os.Stat(p); err == nil && info.IsDir() {
		return filepath.Join(p, name)
	}
	return filepath.Join(filepath.Dir(p), name)
}

func (s *session) statePath() string {
	switch {
	case s.opts.state != "":
		return s.path(s.opts.state)
	case s.opts.sandbox:
		return s.beside(sandboxStateName)
	}
	return s.beside(stateName)
}

// openState loads the state and seals the manifest's secrets with its key.
func (s *session) openState() error {
	if scheme, _, ok := strings.Cut(s.opts.state, "://"); ok {
		return usage(fmt.Sprintf("a state at %s:// is not supported", scheme), "give --state the path of a file")
	}
	path := s.statePath()
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("there is no directory for the state %s", path),
			Fix: "make the directory, or correct --state"}, Err: fs.ErrNotExist}
	}
	var err error
	if s.state, err = s.openStore().Load(s.ctx); err != nil {
		return err // the store says what it was about
	}
	key := s.env.get("POLYPLAN_FINGERPRINT_KEY")
	s.hide(key)
	s.prints = resource.NewFingerprinter(key, s.state.Lineage)
	if s.manifest != nil {
		s.seal()
	}
	return nil
}

// openStore is the one store of this run: the lock that it takes is its own.
func (s *session) openStore() *state.FileStore {
	if s.store == nil {
		s.store = state.File(s.statePath())
		s.store.Warn = func(text string) { s.note("warning: %s", text) }
	}
	return s.store
}

// seal makes the fingerprints of all secrets, on all processors.
func (s *session) seal() {
	var wg sync.WaitGroup
	work := make(chan *resource.Resource)
	for range 4 {
		wg.Go(func() {
			for r := range work {
				resource.Secrets(r.Object, func(x *resource.Secret) { x.Seal(s.prints) })
			}
		})
	}
	for _, r := range s.manifest.Set {
		work <- r
	}
	close(work)
	wg.Wait()
}

// lock takes the state's lock. It has to be held before the state is loaded.
func (s *session) lock(command string) error {
	if !s.opts.lock {
		return nil
	}
	who := state.Holder{Command: "polyplan " + command, PID: os.Getpid(), Who: firstOf(s.env.get("USER"), s.env.get("GITHUB_ACTOR"), s.env.get("GITLAB_USER_LOGIN"))}
	if who.Who == "" {
		if u, err := user.Current(); err == nil {
			who.Who = u.Username
		}
	}
	who.Host, _ = os.Hostname()
	lock, err := state.LockWait(s.stop, s.openStore(), who, s.opts.lockTimeout, func(e *state.LockedError) {
		s.note("waiting for the state's lock, held by %s", e.Holder)
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() { _ = lock.Unlock() })
	return nil
}

// connect opens the service, checks the key, and refuses a state that belongs
// to another organisation or deployment.
func (s *session) connect() error {
	url, key := s.opts.url, s.env.get("POLYTOMIC_API_KEY")
	s.deployment = strings.TrimRight(url, "/")
	base := s.env.HTTP
	if s.opts.sandbox {
		var err error
		if url, key, err = s.startSandbox(); err != nil {
			return fmt.Errorf("starting the sandbox: %w", err)
		}
		s.deployment = "sandbox"
	}
	if key == "" {
		return &problem{Diagnostic: diag.Diagnostic{Code: "no-api-key", What: "there is no API key",
			Why: "POLYTOMIC_API_KEY is not set, and every call to " + diag.Visible(url) + " needs it",
			Fix: "export POLYTOMIC_API_KEY, or try it out with --sandbox"}}
	}
	s.hide(key)
	t, err := transport.New(transport.Options{BaseURL: url, Key: key, Version: s.opts.apiVersion,
		Parallelism: s.opts.parallelism, UserAgent: "polyplan/" + version, Base: base, Redact: s.redact, Logger: s.logger(),
		AllowHTTP: s.opts.sandbox, Sleep: s.env.Sleep,
		Notify: func(e transport.Event) { s.note("%s", e.Text) }})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, t.Close)
	s.client = api.New(t, s.opts.apiVersion)
	me, err := s.client.Me(s.ctx)
	if err != nil {
		return fmt.Errorf("checking the API key: %w", err)
	}
	return s.bind(me)
}

// bind ties the state to the organisation of the key, or refuses.
func (s *session) bind(me api.Identity) error {
	if s.state == nil {
		return nil
	}
	bound := s.state.Organization != "" || s.state.Deployment != ""
	if !bound {
		s.state.Organization, s.state.OrganizationName, s.state.Deployment = me.OrganizationID, me.OrganizationName, s.deployment
		return nil
	}
	if s.state.Deployment != s.deployment {
		return &problem{Code: exitRefused, Diagnostic: diag.Diagnostic{Code: "other-deployment",
			What: "the state belongs to another deployment",
			Why:  fmt.Sprintf("it records objects of %s, and this run would change %s", s.state.Deployment, s.deployment),
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
		return slog.New(slog.NewJSONHandler(s.env.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(s.env.Stderr, o))
}

// prepare makes the plan of a manifest; destroy makes that of an empty one.
func (s *session) prepare(destroy bool) (*apply.Prepared, error) {
	req := apply.Request{Kinds: s.kinds, State: s.state, Desired: s.manifest.Set, Prune: s.opts.prune, Offline: !s.opts.refresh}
	if destroy {
		req.Desired, req.Prune = resource.Set{}, true
	} else {
		req.Moves, req.Forget, req.Delete = map[resource.Address]resource.Address{}, map[resource.Address]bool{}, map[resource.Address]bool{}
		for _, m := range s.manifest.Moved {
			req.Moves[m.From] = m.To
		}
		for _, r := range s.manifest.Removed {
			if r.Delete {
				req.Delete[r.Address] = true
			} else {
				req.Forget[r.Address] = true
			}
		}
	}
	var err error
	if req.Only, err = s.only(req.Desired); err != nil {
		return nil, err
	}
	return apply.Prepare(s.stop, s.client, req)
}

var errNoTerminal = errors.New("no terminal to ask at")

// now is the time by the environment's clock.
func (s *session) now() time.Time { return s.env.Now() }
