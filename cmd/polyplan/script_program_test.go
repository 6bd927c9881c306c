package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The variables by which a script steers the program that it runs.
const (
	terminalVar = "SCRIPT_TERMINAL" // set: all streams are a person's terminal
	networkVar  = "SCRIPT_NETWORK"  // unknown-host or time-out: what becomes of every request
	hookVar     = "SCRIPT_HOOK"     // a URL that is told "started" and "interrupted"
)

// program is main with another environment: what it says is made to look the
// same in every run, and kept for the search for secrets; waiting between
// attempts takes no time.
func program() {
	log.SetOutput(io.Discard)
	said, err := os.OpenFile(filepath.Join(os.TempDir(), "said"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	env := systemEnv()
	out := &tidy{to: io.MultiWriter(os.Stdout, said)}
	errs := &tidy{to: io.MultiWriter(os.Stderr, said), hook: os.Getenv(hookVar)}
	env.Stdout, env.Stderr = out, errs
	env.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	if os.Getenv(terminalVar) != "" {
		env.InTerminal, env.OutTerminal, env.ErrTerminal = true, true, true
	}
	if v := os.Getenv(networkVar); v != "" {
		env.HTTP = badNetwork(v)
	}
	tell(errs.hook, "started")
	code := run(env, os.Args[1:])
	out.flush()
	errs.flush()
	os.Exit(code)
}

var (
	durations = regexp.MustCompile(`\b(in|for) (?:\d+h)?(?:\d+m)?[0-9.]+(?:ms|s)\b`)
	elapsed   = regexp.MustCompile(`"elapsed_ms":\d+`)
	tokens    = regexp.MustCompile(`/sandbox/authorize/[\w-]+`)
)

// tidy writes whole lines, without what differs from run to run.
type tidy struct {
	mu   sync.Mutex
	to   io.Writer
	hook string
	rest []byte
}

func (t *tidy) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = append(t.rest, p...)
	if i := bytes.LastIndexByte(t.rest, '\n'); i >= 0 {
		if err := t.say(t.rest[:i+1]); err != nil {
			return 0, err
		}
		t.rest = append([]byte(nil), t.rest[i+1:]...)
	}
	return len(p), nil
}

func (t *tidy) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.say(t.rest)
}

func (t *tidy) say(text []byte) error {
	s := string(text)
	for _, r := range []struct{ from, to string }{
		{os.Getenv("WORK"), "$WORK"},
		{os.Getenv("EXAMPLES"), "$EXAMPLES"},
		{os.Getenv(sandboxVar), "http://sandbox"},
		{strings.TrimPrefix(os.Getenv(sandboxVar), "http://"), "sandbox"},
	} {
		if r.from != "" {
			s = strings.ReplaceAll(s, r.from, r.to)
		}
	}
	s = durations.ReplaceAllString(s, "$1 1s")
	s = elapsed.ReplaceAllString(s, `"elapsed_ms":1`)
	s = tokens.ReplaceAllString(s, "/sandbox/authorize/TOKEN")
	if strings.Contains(s, "interrupted: ") {
		tell(t.hook, "interrupted")
	}
	_, err := io.WriteString(t.to, s)
	return err
}

// tell lets the script know how far the program is.
func tell(hook, what string) {
	if hook == "" {
		return
	}
	resp, err := http.Post(hook+"/"+what, "text/plain", strings.NewReader(strconv.Itoa(os.Getpid())))
	if err != nil {
		panic(err)
	}
	_ = resp.Body.Close()
}

// badNetwork answers as the system does where there is no way to the service.
type badNetwork string

func (n badNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	switch n {
	case "unknown-host":
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
	case "time-out":
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	panic("unknown " + networkVar + " " + string(n))
}
