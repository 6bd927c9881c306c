package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// sandboxRun is a `sandbox serve` that runs in this process.
type sandboxRun struct {
	url     string
	signals chan os.Signal
	code    chan int
}

// serveSandbox starts one; it ends with the test.
func serveSandbox(t *testing.T, e *testEnv, args ...string) *sandboxRun {
	t.Helper()
	r, w := io.Pipe()
	env := *e.Env
	env.Stdout = w
	s := &sandboxRun{signals: make(chan os.Signal, 2), code: make(chan int, 1)}
	env.Signals = s.signals
	go func() {
		code := run(&env, append([]string{"sandbox", "serve"}, args...))
		_ = w.Close()
		s.code <- code
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("sandbox serve ended with %d: %s", <-s.code, e.err.take())
	}
	s.url = strings.TrimSpace(line)
	t.Cleanup(func() { s.stop() })
	return s
}

// stop interrupts it and gives its exit code.
func (s *sandboxRun) stop() int {
	select {
	case s.signals <- os.Interrupt:
	default:
	}
	code := <-s.code
	s.code <- code
	return code
}

func (s *sandboxRun) post(t *testing.T, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "POST", s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s %s", path, resp.Status, text)
	}
}

func TestSandboxServe(t *testing.T) {
	e := newTestEnv(t)
	s := serveSandbox(t, e, "--data", "data", "--api-key", "the-key")
	if !strings.HasPrefix(s.url, "http://127.0.0.1:") {
		t.Fatalf("the first line is %q, want a URL", s.url)
	}
	e.write("polyplan.yaml", simple)
	e.Vars["POLYTOMIC_DEPLOYMENT_URL"], e.Vars["POLYTOMIC_API_KEY"] = s.url, "another-key"
	if r := e.run("plan"); r.code != exitError {
		t.Errorf("with a wrong key plan ends with %d", r.code)
	}
	e.Vars["POLYTOMIC_API_KEY"] = "the-key"
	e.must(exitDone, "apply", "-y")
	if code := s.stop(); code != exitDone {
		t.Errorf("an interrupted sandbox ends with %d, want %d", code, exitDone)
	}
	// What it was given lasts in its file.
	serveSandbox(t, e, "--data", "data", "--api-key", "the-key", "--addr", strings.TrimPrefix(s.url, "http://"))
	e.must(exitDone, "plan", "--detailed-exitcode")
}

func TestSandboxServeRefuses(t *testing.T) {
	for _, test := range []struct{ args, what, fix string }{
		{"--addr 0.0.0.0:0", "other machines could reach", "--allow-remote"},
		{"--addr :0", "other machines could reach", "--allow-remote"},
		{"--addr nowhere", "is no address to listen on", "HOST:PORT"},
		{"--oauth perhaps", "unknown way to authorise", "manual"},
		{"--api-key=", "is empty", "--api-key"},
		{"--latency -1s", "cannot be negative", "--latency"},
		{"--catalog none.json", "reading the sandbox's catalog", ""},
		{"extra", "unexpected argument extra", "--help"},
	} {
		r := newTestEnv(t).run(append([]string{"sandbox", "serve"}, strings.Fields(test.args)...)...)
		if r.code != exitError {
			t.Errorf("%s: exit code %d, want %d", test.args, r.code, exitError)
		}
		wants(t, test.args, r.err, test.what, test.fix)
	}
}

func TestSandboxServeRemote(t *testing.T) {
	e := newTestEnv(t)
	s := serveSandbox(t, e, "--addr", "0.0.0.0:0", "--allow-remote")
	s.stop()
	wants(t, "standard error", e.err.take(), "warning: other machines can reach the sandbox")
}
