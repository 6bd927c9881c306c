package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// testEnv is a world for the program to run in within the test's own process:
// an empty directory, no terminal, no variables but Vars.
type testEnv struct {
	*Env
	t    testing.TB
	Vars map[string]string
	out  buffer
	err  buffer
}

// buffer may be written to from several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.b.String()
	b.b.Reset()
	return s
}

func newTestEnv(t testing.TB) *testEnv {
	t.Helper()
	e := &testEnv{t: t, Vars: map[string]string{"USER": "ada"}}
	e.Env = &Env{Stdin: strings.NewReader(""), Stdout: &e.out, Stderr: &e.err, Dir: t.TempDir(), Now: time.Now,
		LookupEnv: func(name string) (string, bool) { v, ok := e.Vars[name]; return v, ok }}
	return e
}

// result is what a run gave.
type result struct {
	code     int
	out, err string
}

// run runs the program.
func (e *testEnv) run(args ...string) result {
	e.t.Helper()
	code := run(e.Env, args)
	return result{code, e.out.take(), e.err.take()}
}

// must runs the program, wants this exit code, and gives its output.
func (e *testEnv) must(code int, args ...string) string {
	e.t.Helper()
	r := e.run(args...)
	if r.code != code {
		e.t.Fatalf("polyplan %s: exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), r.code, code, r.out, r.err)
	}
	return r.out
}

func (e *testEnv) path(name string) string { return filepath.Join(e.Dir, name) }

func (e *testEnv) write(name, text string) {
	e.t.Helper()
	if err := os.MkdirAll(filepath.Dir(e.path(name)), 0o755); err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(e.path(name), []byte(text), 0o644); err != nil {
		e.t.Fatal(err)
	}
}

func (e *testEnv) read(name string) string {
	e.t.Helper()
	b, err := os.ReadFile(e.path(name))
	if err != nil {
		e.t.Fatal(err)
	}
	return string(b)
}

// wants checks that a text holds each of the pieces.
func wants(t testing.TB, what, text string, pieces ...string) {
	t.Helper()
	for _, p := range pieces {
		if !strings.Contains(text, p) {
			t.Errorf("%s does not have %q:\n%s", what, p, text)
		}
	}
}
