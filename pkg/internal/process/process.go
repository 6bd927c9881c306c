// Package process runs the program as people do, in processes of its own that
// can be killed, against a sandbox in this one.
//
//	w := process.New(t)
//	w.Gate(func(n int, r *http.Request) process.Fate { ... })
//	w.Run("apply", "-y")
//	w.Open()
//	for _, s := range w.Unlike() { ... }
//
// A [World] is a directory with examples/joined-hubspot.yaml as its manifest, and
// the service that it is applied to. [World.Unlike] is the oracle: it asks the
// sandbox what there is, and new processes what they think is left to do.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// deadline is for a process that hangs, on a machine that has much else to do.
const deadline = 2 * time.Minute

const key = "key-of-the-process-tests"

// Secrets are what nobody may see.
var Secrets = []string{key, "postgres-password", "stripe-api-key"}

// Objects are how many of each kind the manifest makes.
var Objects = map[string]int{"connection": 4, "model": 3, "sync": 1}

// World is a directory and a service.
type World struct {
	T      testing.TB
	Dir    string
	State  string // the path of the state
	Server *sandbox.Server
	URL    string

	gate   gate
	more   []string // of the environment
	sealed bool     // it encrypts its state
}

// New starts a world, which ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	return NewIn(t, t.TempDir())
}

// NewIn starts a world in a directory that is there.
func NewIn(t testing.TB, dir string) *World {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{APIKey: key, OAuth: sandbox.OAuthImmediate, Pace: -1, JobPolls: -1})
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, Dir: dir, State: filepath.Join(dir, "polyplan.state.json"), Server: s}
	w.gate.service = s
	srv := httptest.NewServer(&w.gate)
	w.URL = srv.URL
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	manifest, err := os.ReadFile(filepath.Join(root(), "examples", "joined-hubspot.yaml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "polyplan.yaml"), manifest, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func root() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "..")
}

// program is where polyplan was built, faulty where it was with its fault points;
// Main removes both.
var program, faulty build

type build struct {
	once sync.Once
	dir  string
	err  error
}

// Main runs the tests of a package that uses processes.
func Main(m interface{ Run() int }) {
	code := m.Run()
	for _, b := range []*build{&program, &faulty} {
		if b.dir != "" {
			_ = os.RemoveAll(b.dir)
		}
	}
	os.Exit(code)
}

// Program builds polyplan, once, and gives its path.
func Program(t testing.TB) string {
	t.Helper()
	return program.path(t, "urfave_cli_no_docs")
}

// Faulty builds polyplan with its fault points (see pkg/fault), once, and gives its
// path.
func Faulty(t testing.TB) string {
	t.Helper()
	return faulty.path(t, "urfave_cli_no_docs,polyplan_faults")
}

func (b *build) path(t testing.TB, tags string) string {
	t.Helper()
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "polyplan-process-"); b.err != nil {
			return
		}
		// Whoever is not root has to run it too.
		if b.err = os.Chmod(b.dir, 0o755); b.err != nil {
			return
		}
		build := exec.Command("go", "build", "-tags", tags, "-o", b.dir, "./cmd/polyplan")
		build.Dir = root()
		if out, err := build.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if b.err != nil {
		t.Fatalf("building polyplan: %v", b.err)
	}
	return filepath.Join(b.dir, "polyplan")
}

// Setenv adds a variable to the environment of the processes to come.
func (w *World) Setenv(name, value string) { w.more = append(w.more, name+"="+value) }

// UseBucket keeps the state of the processes to come in a bucket of its own.
func (w *World) UseBucket() {
	w.T.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("states"); err != nil {
		w.T.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	w.T.Cleanup(server.Close)
	w.Setenv("POLYPLAN_STATE", "s3://states/team?endpoint="+url.QueryEscape(server.URL))
	w.Setenv("AWS_ACCESS_KEY_ID", "made-up")
	w.Setenv("AWS_SECRET_ACCESS_KEY", "made-up")
}

// Env is the environment of the processes.
func (w *World) Env() []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.Dir, "USER=ada", "NO_PROXY=127.0.0.1", "NO_COLOR=1",
		"POLYTOMIC_DEPLOYMENT_URL=" + w.URL, "POLYTOMIC_API_KEY=" + key,
		"PG_PASSWORD=postgres-password", "STRIPE_API_KEY=stripe-api-key"}, w.more...)
}

// Process is one that runs, or ran.
type Process struct {
	*exec.Cmd
	Out, Err bytes.Buffer

	started, ended chan struct{}
	cancel         context.CancelFunc
}

// Start starts a command in the world's directory.
func (w *World) Start(name string, args ...string) *Process {
	w.T.Helper()
	p := w.Command(name, args...)
	p.Stdout, p.Stderr = &p.Out, &p.Err
	w.Launch(p)
	return p
}

// Command prepares what Launch starts.
func (w *World) Command(name string, args ...string) *Process {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	p := &Process{Cmd: exec.CommandContext(ctx, name, args...), started: make(chan struct{}), ended: make(chan struct{}), cancel: cancel}
	p.Dir, p.Env = w.Dir, w.Env()
	p.WaitDelay = time.Second
	return p
}

// Launch starts a process.
func (w *World) Launch(p *Process) {
	w.T.Helper()
	if err := p.Cmd.Start(); err != nil {
		w.T.Fatal(err)
	}
	close(p.started)
	go func() {
		_ = p.Cmd.Wait() // its outcome is in ProcessState
		p.cancel()
		close(p.ended)
	}()
}

// Wait waits for the process to end and gives its exit code, -1 if it was killed.
func (p *Process) Wait() int {
	<-p.ended
	return p.ProcessState.ExitCode()
}

// Kill kills the process and waits until it is gone.
func (p *Process) Kill() {
	<-p.started // its first request may come before Launch has returned
	if err := p.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err)
	}
	<-p.ended
}

// Send sends a signal to the process; one that is gone does not get it.
func (p *Process) Send(sig os.Signal) {
	<-p.started
	_ = p.Process.Signal(sig)
}

// Polyplan starts the program.
func (w *World) Polyplan(args ...string) *Process {
	w.T.Helper()
	return w.Start(Program(w.T), args...)
}

// Run runs the program to its end.
func (w *World) Run(args ...string) (code int, p *Process) {
	w.T.Helper()
	p = w.Polyplan(args...)
	return p.Wait(), p
}

// Apply applies the manifest, which must succeed.
func (w *World) Apply() {
	w.T.Helper()
	if code, p := w.Run("apply", "-y"); code != 0 {
		w.T.Fatalf("apply ends with %d: %s%s", code, p.Out.String(), p.Err.String())
	}
}

// Edit replaces pairs of old and new text in the manifest, each of which must be
// there.
func (w *World) Edit(pairs ...string) {
	w.T.Helper()
	path := filepath.Join(w.Dir, "polyplan.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(rig.Replace(w.T, string(text), pairs...)), 0o644)
	}
	if err != nil {
		w.T.Fatal(err)
	}
}

// Unlike runs the program to recover from what happened, and lists what is not as
// it should be then: the next plan shows what there is, the next apply is done
// with it, the plan after it is empty; the service has each object once; no file
// of a run is left.
func (w *World) Unlike() []string {
	w.T.Helper()
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, step := range []struct {
		args  []string
		codes []int
	}{
		{[]string{"plan", "--detailed-exitcode"}, []int{0, 2}},
		{[]string{"apply", "-y"}, []int{0}},
		{[]string{"plan", "--detailed-exitcode"}, []int{0}},
	} {
		code, p := w.Run(step.args...)
		good := false
		for _, c := range step.codes {
			good = good || c == code
		}
		if !good {
			say("polyplan %s ends with %d: %s%s", strings.Join(step.args, " "), code, p.Out.String(), p.Err.String())
		}
	}
	for kind, want := range Objects {
		if got := w.Server.Count(kind); got != want {
			say("the service has %d of kind %s, want %d", got, kind, want)
		}
	}
	return append(out, w.litter()...)
}

// litter lists files that belong to no finished run.
func (w *World) litter() []string {
	var out []string
	_ = filepath.WalkDir(filepath.Join(w.Dir, ".polyplan"), func(path string, d os.DirEntry, err error) error {
		name := filepath.Base(path)
		if err == nil && !d.IsDir() && name != "lock" && filepath.Ext(name) != ".json" {
			out = append(out, "a file is left: "+name)
		}
		return nil
	})
	return out
}

// Writes counts the requests so far that change something.
func (w *World) Writes() int {
	n := 0
	for _, r := range w.Server.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}
