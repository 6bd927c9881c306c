// Package rig runs plans and applies in tests as the program does, over real
// HTTP, against a sandbox, with a state that is opened anew for each run:
//
//	r := rig.New(t, rig.Options{})
//	m := r.Example("joined-hubspot.yaml")
//	r.Apply(m)
//	r.Converged(m)
//
// A [Rig] is the world: the service and the place where the state lies. A [Run]
// is one life of a process in it, which loads the state, plans and applies. All
// requests and answers are held against the contract of the API.
//
// [Rig.Converged] is the oracle: it asks the service itself, and not what the
// program believes, whether all is as the manifest says.
package rig

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/contract"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// Key is the API key that the sandbox accepts.
const Key = "key-of-the-rig"

// Options say what world a rig is. The zero value is a sandbox as it comes, the
// older API version, and a state in a file.
type Options struct {
	Sandbox sandbox.Options // its Keys, if it has any, say whose Key is
	Version string          // transport.Version2024 if empty
	// Parallelism is that of every run; 4 if zero.
	Parallelism int
	// Memory keeps the state there; nil keeps it in a file.
	Memory *state.Memory
	// Env are the variables of manifests, besides those that the examples need.
	Env map[string]string
	// Unchecked leaves the contract out, for benchmarks.
	Unchecked bool
}

// Rig is a world to run in. Its methods fail the test when they cannot do what
// they say.
type Rig struct {
	T      testing.TB
	Server *sandbox.Server
	URL    string
	Path   string // of the state's file
	Env    map[string]string

	opt     Options
	round   http.RoundTripper
	planted map[string]int // what the service has of each kind from the start
}

// New starts a world, which ends with the test.
func New(t testing.TB, opt Options) *Rig {
	t.Helper()
	if opt.Sandbox.Keys == nil {
		opt.Sandbox.APIKey = Key
	}
	if opt.Version == "" {
		opt.Version = transport.Version2024
	}
	if opt.Parallelism == 0 {
		opt.Parallelism = 4
	}
	s, err := sandbox.New(opt.Sandbox)
	if err != nil {
		t.Fatalf("starting the sandbox: %v", err)
	}
	// A connection that a fault drops is nothing to talk about.
	srv := httptest.NewUnstartedServer(s)
	srv.Config.ErrorLog = quiet
	srv.Start()
	r := &Rig{T: t, Server: s, URL: srv.URL, Path: filepath.Join(t.TempDir(), "polyplan.state.json"), opt: opt, planted: map[string]int{},
		Env: map[string]string{"PG_PASSWORD": "postgres-password", "STRIPE_API_KEY": "stripe-api-key"}}
	for name, v := range opt.Env {
		r.Env[name] = v
	}
	for _, k := range kinds.All() {
		r.planted[k.Name] = s.Count(k.Name)
	}
	base := &http.Transport{MaxIdleConnsPerHost: 64}
	r.round = base
	if !opt.Unchecked {
		r.round = contract.Transport(t, base)
	}
	t.Cleanup(func() {
		base.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	return r
}

// Store opens the state as a new process would.
func (r *Rig) Store() state.Store {
	if r.opt.Memory != nil {
		return r.opt.Memory.Another()
	}
	return state.File(r.Path)
}

// Load reads the state as a new process would.
func (r *Rig) Load() *state.State {
	r.T.Helper()
	s, err := r.Store().Load(context.Background())
	if err != nil {
		r.T.Fatal(err)
	}
	return s
}

// Manifest reads a manifest, in which there must be no mistake. Its first line,
// "polyplan: 1", may be left out.
func (r *Rig) Manifest(text string) *spec.Manifest {
	r.T.Helper()
	if !strings.Contains(text, "polyplan:") {
		text = "polyplan: 1\n" + text
	}
	m, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{"-"}, Stdin: strings.NewReader(text), Env: r.env})
	for _, d := range found {
		if d.Severity == 0 {
			r.T.Fatalf("the test's manifest: %s", d.Text())
		}
	}
	return m
}

// Example reads a manifest from examples/, with pairs of old and new text
// replaced in it, each of which must be there.
func (r *Rig) Example(name string, replace ...string) *spec.Manifest {
	r.T.Helper()
	_, here, _, _ := runtime.Caller(0)
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "..", "examples", name))
	if err != nil {
		r.T.Fatal(err)
	}
	return r.Manifest(Replace(r.T, string(raw), replace...))
}

// Replace replaces pairs of old and new text, each of which must be there.
func Replace(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("there is no %q to be replaced", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func (r *Rig) env(name string) (string, bool) {
	v, ok := r.Env[name]
	return v, ok
}

// Address reads "kind.name".
func (r *Rig) Address(s string) resource.Address {
	r.T.Helper()
	a, err := resource.ParseAddress(s)
	if err != nil {
		r.T.Fatal(err)
	}
	return a
}

// ID is the id that the state has of an address, which it must have.
func (r *Rig) ID(address string) string {
	r.T.Helper()
	rec := r.Load().Resources[r.Address(address)]
	if rec == nil {
		r.T.Fatalf("the state does not have %s", address)
	}
	return rec.ID
}

// Live is what the service stores of an address, in the form of a request.
func (r *Rig) Live(address string) map[string]any {
	r.T.Helper()
	body, ok := r.Server.Object(r.Address(address).Kind, r.ID(address))
	if !ok {
		r.T.Fatalf("the service does not have %s", address)
	}
	return body
}

// Edit changes an object as another hand in the app would: a patch laid over it.
func (r *Rig) Edit(address string, patch map[string]any) {
	r.T.Helper()
	if err := r.Server.Edit(r.Address(address).Kind, r.ID(address), patch); err != nil {
		r.T.Fatal(err)
	}
}

// Remove deletes an object as another hand would.
func (r *Rig) Remove(address string) {
	r.T.Helper()
	if err := r.Server.Remove(r.Address(address).Kind, r.ID(address)); err != nil {
		r.T.Fatal(err)
	}
}

// noSleep takes the waiting out of the transport.
func noSleep(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
