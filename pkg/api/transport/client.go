package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polyplan/polyplan/pkg/clock"
)

// The versions of the API that this client can speak.
const (
	Version2024 = "2024-02-08"
	Version2025 = "2025-09-18"
)

// Limits that no option moves.
const (
	maxBody       = 64 << 20 // of an answer, after decompression
	maxErrorBody  = 1 << 20  // of an answer with an error status
	smallBody     = 1 << 20  // of an answer, many of which are read at one time
	maxHeader     = 1 << 20
	maxRedirects  = 5
	minIdleBytes  = 1 << 10 // fewer in one idle window is a stalled answer
	dialTimeout   = 10 * time.Second
	maxPages      = 2_000
	maxObjects    = 100_000
	versionHeader = "X-Polytomic-Version"
)

// Options say how to reach the API. BaseURL, Key and Version are required;
// the zero value of every other field is a good choice.
type Options struct {
	// BaseURL is "https://app.polytomic.com" or that of a deployment. A bare
	// host gets https://, trailing slashes are cut.
	BaseURL string
	// Key is the API key, and KeyName the variable that it came from, for hints.
	// It is sent as a bearer token and shown nowhere.
	Key, KeyName string
	// Organization is the id of the organisation that a partner's or deployment's
	// key acts in; "" for the key's own.
	Organization string
	// Version is Version2024 or Version2025.
	Version string
	// Parallelism is the most requests in flight, 4 if zero. The client goes
	// below it when the service asks for less.
	Parallelism int
	// ListMemory bounds what all lists of the client cost together, in bytes by an
	// estimate; 192 MiB if zero. One answer is never larger than 64 MiB.
	ListMemory int
	// UserAgent is sent as it is; "polyplan" if empty.
	UserAgent string
	// AllowHTTP permits http:// to other machines. To this one it is always
	// permitted.
	AllowHTTP bool

	// Timeout bounds the exchanges of an ordinary call (30 s if zero), and
	// SlowTimeout those of a slow one (5 min). Waiting between attempts comes
	// on top, up to MaxWait.
	Timeout, SlowTimeout time.Duration
	// Idle ends an answer of which almost nothing came for so long (60 s).
	Idle time.Duration
	// Attempts bounds the requests of one call, 5 if zero. A service that
	// asks to slow down (429, 503) is given three more.
	Attempts int
	// MaxWait bounds the waiting of one call, 2 min if zero.
	MaxWait time.Duration

	// Base replaces the connections, for tests; RootCAs and the proxy
	// variables of the environment then mean nothing.
	Base http.RoundTripper
	// RootCAs are trusted instead of those of the system.
	RootCAs *x509.CertPool

	// Notify is told of waits and warnings, one at a time, from the calling
	// goroutine; it must not call the client.
	Notify func(Event)
	// Logger gets a debug line for each request: no header, no body, no query.
	Logger *slog.Logger
	// Redact is applied to all text that comes from the server before it
	// becomes part of an error. The API key is removed in any case.
	Redact func(string) string

	// Sleep, Now and Rand (in [0,1)) stand in for time and chance in tests.
	Sleep func(context.Context, time.Duration) error
	Now   func() time.Time
	Rand  func() float64
}

// A Client sends requests. Make one with New; it is safe for concurrent use.
type Client struct {
	opt    Options
	base   *url.URL
	round  http.RoundTripper
	limit  *limiter
	bucket bucket
	large  chan struct{} // full while a call has a large answer in its hands
	held   held
	log    *slog.Logger

	denied  atomic.Pointer[Error]   // the 401 that ended everything
	refusal atomic.Pointer[refusal] // the longest pause asked for lately
	stats   counters
	clock   atomic.Pointer[time.Duration] // how far the server's is ahead of ours
	warned  sync.Map                      // text of warnings given
	talking sync.Mutex
	warns   []string
}

// New checks o and returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL, o.AllowHTTP)
	if err != nil {
		return nil, err
	}
	if o.KeyName == "" {
		o.KeyName = defaultKeyName
	}
	if err := o.checkCredential(); err != nil {
		return nil, err
	}
	if o.Version != Version2024 && o.Version != Version2025 {
		return nil, fmt.Errorf("unknown version %q of the API: use %s or %s", cut(o.Version, 40), Version2024, Version2025)
	}
	if strings.ContainsFunc(o.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, errors.New("the user agent has characters that a header cannot carry")
	}
	o = o.withDefaults()
	c := &Client{opt: o, base: base, round: o.Base, log: o.Logger, large: make(chan struct{}, 1)}
	c.limit = newLimiter(o.Parallelism, o.Now, o.Sleep)
	c.bucket.tokens = bucketSize
	if c.round == nil {
		c.round = newBase(o)
		if err := c.checkProxy(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	def(&o.Parallelism, 4)
	def(&o.ListMemory, maxCost)
	def(&o.UserAgent, "polyplan")
	def(&o.Timeout, 30*time.Second)
	def(&o.SlowTimeout, 5*time.Minute)
	def(&o.Idle, time.Minute)
	def(&o.Attempts, 5)
	def(&o.MaxWait, 2*time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	if o.Sleep == nil {
		o.Sleep = clock.Sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o
}

func def[T int | string | time.Duration](p *T, v T) {
	var zero T
	if *p <= zero {
		*p = v
	}
}

// newBase makes the connections. HTTP/2 is left out on purpose: see the
// package comment.
func newBase(o Options) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    o.Parallelism,
		IdleConnTimeout:        90 * time.Second,
		Protocols:              &protocols,
	}
}

// proxy follows the environment, but for its error, which quotes the address
// with the password in it.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy variables of the environment hold no proper address")
	}
	return u, nil
}

// checkProxy warns when the proxy would read along, and refuses an address of a
// proxy that is none: net/http passes over it and asks the service directly, which
// is not what was wanted.
func (c *Client) checkProxy() error {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		v := os.Getenv(name)
		_, err := url.Parse(v)
		_, bare := url.Parse("http://" + v)
		if strings.EqualFold(name, c.base.Scheme+"_proxy") && err != nil && bare != nil {
			return &settingError{name + " holds no address of a proxy", "correct it: http://HOST:PORT, with characters of a password escaped as in every URL"}
		}
	}
	if c.base.Scheme != "http" {
		return nil
	}
	if u, err := proxy(&http.Request{URL: c.base}); err == nil && u != nil {
		c.warn(fmt.Sprintf("requests go in clear text through the proxy %s, which sees the API key", u.Host))
	}
	return nil
}

// ServerTime is what the server's clock shows now, as far as its answers tell; ok
// is false as long as none has.
func (c *Client) ServerTime() (now time.Time, ok bool) {
	ahead := c.clock.Load()
	if ahead == nil {
		return time.Time{}, false
	}
	return c.opt.Now().Add(*ahead), true
}

// Close closes idle connections. Calls may go on and open new ones.
func (c *Client) Close() {
	if t, ok := c.round.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// A settingError is an option that cannot be used.
type settingError struct{ what, hint string }

func (e *settingError) Error() string { return e.what }

// Hint says what the reader can do about it.
func (e *settingError) Hint() string { return e.hint }

func badURL(format string, args ...any) error {
	return &settingError{"the URL of the deployment " + fmt.Sprintf(format, args...),
		"correct --url or POLYTOMIC_DEPLOYMENT_URL: https://HOST, as in https://app.polytomic.com"}
}

func parseBase(s string, allowHTTP bool) (*url.URL, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, badURL("is empty")
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(strings.TrimRight(s, "/"))
	switch {
	case err != nil || u.Opaque != "":
		return nil, badURL("is not a URL") // the text may hold a password
	case u.User != nil:
		return nil, badURL("must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return nil, badURL("must not hold a query or fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, badURL("must start with https://, not %q", cut(u.Scheme, 40))
	case u.Hostname() == "":
		return nil, badURL("names no host")
	case strings.HasSuffix(u.Path, "/api"):
		return nil, badURL(`must not end in "/api": that belongs to the paths`)
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, badURL("must start with https://: with http:// the API key would go to %s in clear text", u.Host)
	}
	return u, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
