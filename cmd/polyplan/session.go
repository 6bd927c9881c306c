package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/crypt"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/helper"
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
	checked  *check.Result               // nil: not checked against live schemas
	within   map[resource.Address]bool   // what --target and --exclude leave; nil: all
	codec    *crypt.Codec                // see keys
	saved    *diff.Saved                 // the plan to carry out, nil if one is to be made
	take     map[resource.Address]string // the ids of objects to adopt
	store    state.Archive
	state    *state.State
	client   *api.Client
	me       api.Identity // whose key it is, and in which organisation it acts
	talk     *talk        // where all is said that is no result
	prints   *resource.Fingerprinter
	closers  []func()

	mu      sync.Mutex
	secrets []string        // values that no text from the service may show
	hidden  map[string]bool // those that they are forms of
}

func newSession(env *Env, opts *options) *session {
	apply.Tool = "polyplan " + version
	s := &session{env: env, opts: opts, kinds: kinds.All(), talk: &talk{to: env.Stderr}}
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
						fmt.Fprintln(s.talk, "interrupted: finishing what is under way; interrupt again to end at once")
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

// inDir makes sure of the directory that the command is to work in.
func (s *session) inDir() error {
	if s.opts.chdir == "" {
		return nil
	}
	if info, err := os.Stat(s.dir()); err != nil || !info.IsDir() {
		return &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("there is no directory %q", s.opts.chdir), Fix: "correct --chdir"}, Err: err}
	}
	return nil
}

// While a manifest is read little of what is there can be dropped, so that the garbage
// collector looks for it in vain: it runs more rarely, until there is as much as a
// manifest of 100,000 resources makes do with. A larger one may take more.
const (
	readMemory  = 900 << 20
	readGarbage = 400 // in percent
)

func (s *session) read() error {
	if err := s.inDir(); err != nil {
		return err
	}
	made := map[string]bool{}
	var makeUp func(name string) (string, bool)
	if s.opts.sandbox {
		makeUp = func(name string) (string, bool) {
			made[name] = true
			return "made-up-" + strings.ToLower(name), true
		}
	}
	limit := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, readMemory))
	defer debug.SetMemoryLimit(limit)
	if _, chosen := os.LookupEnv("GOGC"); !chosen {
		defer debug.SetGCPercent(debug.SetGCPercent(readGarbage))
	}
	s.manifest, s.found = spec.Load(spec.Options{Kinds: s.kinds, Files: s.opts.files, Dir: s.dir(), Stdin: s.env.Stdin,
		Env: s.env.LookupEnv, Helper: s.helper(), MakeUp: makeUp, Vars: s.opts.vars, VarFiles: s.opts.varFiles})
	s.found = s.manifest.Sources.Annotate(s.found).Sorted()
	if len(made) > 0 {
		s.note("not set: %s; the sandbox gets made-up values", strings.Join(resource.Keys(made), ", "))
	}
	for _, r := range s.manifest.Set {
		for _, part := range []resource.Object{r.Object, r.Extra} {
			resource.Secrets(part, func(x *resource.Secret) {
				if v, ok := x.Reveal(); ok {
					s.hide(resource.Text(v))
				}
			})
		}
	}
	return nil
}

// helper runs the commands of the manifest's secrets, for commands that make
// use of them. The sandbox gets made-up secrets, unless it is to look into real
// databases.
func (s *session) helper() func(spec.Helper) (string, error) {
	if !s.opts.helpers || s.opts.sandbox && !s.opts.liveSources {
		return nil
	}
	var environ []string
	if s.env.Environ != nil {
		environ = s.env.Environ()
	}
	return func(h spec.Helper) (string, error) {
		return helper.Run(s.stop, helper.Command{Argv: h.Argv, Dir: h.Dir, Env: environ})
	}
}

// note says something beside the result.
func (s *session) note(format string, args ...any) {
	fmt.Fprintln(s.talk, diag.Visible(fmt.Sprintf(format, args...)))
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

// prepare makes the plan of a manifest; destroy makes that of an empty one.
func (s *session) prepare(destroy bool) (*apply.Prepared, error) {
	req := apply.Request{Kinds: s.kinds, State: s.state, Desired: s.manifest.Set, Prune: s.opts.prune, Offline: !s.opts.refresh,
		Fingerprints: s.prints, Again: s.saved, Take: s.take}
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
	s.within = req.Only
	p, err := apply.Prepare(s.stop, s.client, req)
	if err == nil {
		s.tellRekeyed(p)
	}
	return p, err
}

// tellRekeyed says once why secrets are sent again that nobody changed.
func (s *session) tellRekeyed(p *apply.Prepared) {
	n := 0
	for i := range p.Plan.Steps {
		for _, c := range p.Plan.Steps[i].Changes {
			if c.Rekeyed {
				n++
			}
		}
	}
	if n > 0 {
		s.note("warning: the state's fingerprints were made with another POLYPLAN_FINGERPRINT_KEY than is set now; whether a secret changed cannot be told, so %s sent once more",
			map[bool]string{true: "1 secret is", false: fmt.Sprintf("%d secrets are", n)}[n == 1])
	}
}

// limit refuses a plan that deletes more than the run may.
func (s *session) limit(p *apply.Prepared) {
	if most, err := strconv.Atoi(s.opts.maxDeletes); err == nil {
		p.Plan.LimitDeletes(most, s.opts.limitedBy)
	}
}
