package transport

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "made-up-key-of-the-tests"

// A fakeClock moves only when someone sleeps on it.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (f *fakeClock) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	f.slept = append(f.slept, d)
	return nil
}

func (f *fakeClock) total() (sum time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.slept {
		sum += d
	}
	return sum
}

// testOptions are those of a client whose waits take no time.
func testOptions(base string, clock *fakeClock) Options {
	return Options{
		BaseURL: base, Key: testKey, Version: Version2024,
		Sleep: clock.Sleep, Now: clock.Now, Rand: func() float64 { return 0.5 },
	}
}

// serve starts a server and a client for it.
func serve(t *testing.T, h http.HandlerFunc, change ...func(*Options)) (*Client, *fakeClock) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	clock := newClock()
	return open(t, server.URL, clock, change...), clock
}

func open(t *testing.T, base string, clock *fakeClock, change ...func(*Options)) *Client {
	t.Helper()
	o := testOptions(base, clock)
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// answers is a server that gives one answer after the other, and the last
// one for ever. Each is a status, a space, and a body.
type answers struct {
	mu     sync.Mutex
	list   []string
	header http.Header
	got    []string // method, path, idempotency key, body
}

// seen returns the requests so far.
func (a *answers) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.got)
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Idempotency-Key")+" "+string(body)))
	next := a.list[0]
	if len(a.list) > 1 {
		a.list = a.list[1:]
	}
	if next == "cut" {
		panic(http.ErrAbortHandler)
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	status, text, _ := strings.Cut(next, " ")
	n := 0
	for _, c := range status {
		n = n*10 + int(c-'0')
	}
	w.WriteHeader(n)
	io.WriteString(w, text)
}

func TestNewRefuses(t *testing.T) {
	good := func() Options { return testOptions("https://polytomic.example", newClock()) }
	for _, tt := range []struct {
		name   string
		change func(*Options)
		want   string // part of the error
		never  string
	}{
		{"no base", func(o *Options) { o.BaseURL = " " }, "URL of the deployment is empty", ""},
		{"http elsewhere", func(o *Options) { o.BaseURL = "http://polytomic.example" }, "clear text", ""},
		{"other scheme", func(o *Options) { o.BaseURL = "ftp://polytomic.example" }, "https://", ""},
		{"password", func(o *Options) { o.BaseURL = "https://u:hunter22@polytomic.example" }, "password", "hunter22"},
		{"broken with password", func(o *Options) { o.BaseURL = "https://u:hunter22@poly tomic:x" }, "not a URL", "hunter22"},
		{"query", func(o *Options) { o.BaseURL = "https://polytomic.example?a=hunter22" }, "query", "hunter22"},
		{"fragment", func(o *Options) { o.BaseURL = "https://polytomic.example#" }, "fragment", ""},
		{"no host", func(o *Options) { o.BaseURL = "https:///x" }, "no host", ""},
		{"api", func(o *Options) { o.BaseURL = "https://polytomic.example/api/" }, "/api", ""},
		{"no key", func(o *Options) { o.Key = "" }, "API key is empty", ""},
		{"newline", func(o *Options) { o.Key = "hunter22\n" }, "line", "hunter22"},
		{"inner newline", func(o *Options) { o.Key = "hunter22\r\nX: y" }, "characters", "hunter22"},
		{"NUL", func(o *Options) { o.Key = "hunter22\x00" }, "characters", "hunter22"},
		{"quotes", func(o *Options) { o.Key = `"hunter22"` }, "quotes", "hunter22"},
		{"not ASCII", func(o *Options) { o.Key = "hunter22é" }, "characters", "hunter22"},
		{"long", func(o *Options) { o.Key = strings.Repeat("hunter22", 1<<17) }, "longer", "hunter22"},
		{"version", func(o *Options) { o.Version = "2021-05-23" }, "2024-02-08", ""},
		{"no version", func(o *Options) { o.Version = "" }, "2024-02-08", ""},
		{"user agent", func(o *Options) { o.UserAgent = "a\nb" }, "user agent", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good()
			tt.change(&o)
			_, err := New(o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("New: %v, want an error with %q", err, tt.want)
			}
			if tt.never != "" && strings.Contains(err.Error(), tt.never) {
				t.Errorf("New: the error shows a secret: %v", err)
			}
		})
	}
}

func TestBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		"app.polytomic.com":           "https://app.polytomic.com/api/me",
		"https://app.polytomic.com//": "https://app.polytomic.com/api/me",
		"https://host:8443/prefix/":   "https://host:8443/prefix/api/me",
		"http://localhost:8080":       "http://localhost:8080/api/me",
		"http://[::1]:80":             "http://[::1]:80/api/me",
		"HTTP://127.0.0.1":            "http://127.0.0.1/api/me",
	} {
		c, err := New(testOptions(in, newClock()))
		if err != nil {
			t.Errorf("New(%q): %v", in, err)
			continue
		}
		u, err := c.address("/api/me", nil)
		if err != nil || u.String() != want {
			t.Errorf("New(%q) asks %v, %v; want %s", in, u, err, want)
		}
	}
}

// quiet is for servers that would print what a test provokes.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
