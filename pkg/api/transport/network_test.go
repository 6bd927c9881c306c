package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// raw runs a server below HTTP: serve is given each connection in turn, its
// number from 1, and a reader that has the requests.
func raw(t *testing.T, serve func(n int, conn net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for n := 1; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(n, conn, bufio.NewReader(conn))
			})
		}
	})
	return "http://" + l.Addr().String()
}

// request reads one request and returns it as it came over the wire, nothing
// when the connection ended.
func request(r *bufio.Reader) string {
	var b strings.Builder
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		b.WriteString(line)
		fmt.Sscanf(line, "Content-Length: %d", &length)
		if line == "\r\n" {
			break
		}
	}
	io.CopyN(&b, r, int64(length))
	return b.String()
}

const goodAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"data\":[]}"

func TestTheWire(t *testing.T) {
	var got []string
	base := raw(t, func(n int, conn net.Conn, r *bufio.Reader) {
		for s := request(r); s != ""; s = request(r) {
			got = append(got, s)
			io.WriteString(conn, goodAnswer)
		}
	})
	c := open(t, base, newClock())
	for _, r := range []Request{
		{Method: "GET", Path: "/api/me"},
		{Method: "DELETE", Path: "/api/models/a"},
		{Method: "POST", Path: "/api/syncs", Key: "key-00000001"},
	} {
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	host := strings.TrimPrefix(base, "http://")
	common := "Accept: application/json\r\nAuthorization: Bearer " + testKey + "\r\n"
	want := []string{
		"GET /api/me HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: polyplan\r\n" + common +
			"X-Polytomic-Version: 2024-02-08\r\nAccept-Encoding: gzip\r\n\r\n",
		"DELETE /api/models/a HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: polyplan\r\n" + common +
			"X-Polytomic-Version: 2024-02-08\r\nAccept-Encoding: gzip\r\n\r\n",
		"POST /api/syncs HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: polyplan\r\nContent-Length: 2\r\n" + common +
			"Content-Type: application/json\r\nIdempotency-Key: key-00000001\r\n" +
			"X-Polytomic-Version: 2024-02-08\r\nAccept-Encoding: gzip\r\n\r\n{}",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

// TestDeadConnection shows that no repeat is net/http's: a connection that
// served one request dies with the second, which must be counted as a repeat,
// and must not be repeated at all when that is not safe.
func TestDeadConnection(t *testing.T) {
	for _, tt := range []struct {
		name    string
		req     Request
		retries int64
		err     bool
	}{
		{"GET", Request{Method: "GET"}, 1, false},
		{"DELETE", Request{Method: "DELETE"}, 1, false},
		{"PUT", Request{Method: "PUT"}, 1, false},
		{"POST with a key", Request{Method: "POST", Key: "key-00000001"}, 1, false},
		{"POST without", Request{Method: "POST"}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int64
			base := raw(t, func(n int, conn net.Conn, r *bufio.Reader) {
				for request(r) != "" {
					requests.Add(1)
					if n == 1 && requests.Load() == 2 {
						return
					}
					io.WriteString(conn, goodAnswer)
				}
			})
			c := open(t, base, newClock())
			if _, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/me"}); err != nil {
				t.Fatal(err)
			}
			tt.req.Path = "/api/x"
			_, err := c.Do(t.Context(), tt.req)
			if (err != nil) != tt.err || MayHaveEffect(err) != tt.err {
				t.Errorf("error: %v", err)
			}
			s := c.Stats()
			if s.Retries != tt.retries || s.Requests != 2+tt.retries || requests.Load() != s.Requests {
				t.Errorf("the server saw %d requests; Stats: %+v", requests.Load(), s)
			}
		})
	}
}

func TestNetworkErrors(t *testing.T) {
	cut := func(text string) func(*testing.T) string {
		return func(t *testing.T) string {
			return raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				request(r)
				io.WriteString(conn, text)
			})
		}
	}
	for _, tt := range []struct {
		name  string
		base  func(t *testing.T) string
		phase Phase
		sent  bool
		text  string
		tries int64
	}{
		{"nobody listens", func(t *testing.T) string {
			l, _ := net.Listen("tcp", "127.0.0.1:0")
			defer l.Close()
			return "http://" + l.Addr().String()
		}, PhaseConnect, false, "connecting to 127.0.0.1:", 5},
		{"no such host", func(*testing.T) string { return "https://polytomic.invalid" },
			PhaseDNS, false, "looking up polytomic.invalid: ", 1},
		{"unknown authority", func(t *testing.T) string {
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.Config.ErrorLog = quiet()
			s.StartTLS()
			t.Cleanup(s.Close)
			return s.URL
		}, PhaseTLS, false, "securing the connection to 127.0.0.1:", 1},
		{"cut in the handshake", func(t *testing.T) string {
			return strings.Replace(raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				r.ReadByte()
			}), "http:", "https:", 1)
		}, PhaseTLS, false, "securing the connection", 5},
		{"no TLS", func(t *testing.T) string {
			return strings.Replace(raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\n")
				r.ReadByte()
			}), "http:", "https:", 1)
		}, PhaseTLS, false, "securing the connection", 1},
		{"reset", func(t *testing.T) string {
			return raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				request(r)
				conn.(*net.TCPConn).SetLinger(0)
			})
		}, PhaseRead, true, "connection reset by peer", 5},
		{"closed without a word", cut(""), PhaseRead, true, "closed without an answer", 5},
		{"half a status", cut("HTTP/1.1 2"), PhaseRead, true, "reading the answer of 127.0.0.1:", 5},
		{"half a header", cut("HTTP/1.1 200 OK\r\nContent-"), PhaseRead, true, "reading the answer", 5},
		{"not HTTP", cut("hello\r\n\r\n"), PhaseRead, true, "malformed", 5},
		{"short body", cut("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"data\":"), PhaseRead, true, "cut short", 5},
		{"cut chunk", cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"da"), PhaseRead, true, "cut short", 5},
		{"no last chunk", cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), PhaseRead, true, "cut short", 5},
		{"HTTP/1.0, cut", cut("HTTP/1.0 200 OK\r\n\r\n{\"data\":"), PhaseRead, true, "cut short", 5},
		{"huge header", cut("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 2<<20)), PhaseRead, true, "header", 5},
		{"1xx without end", func(t *testing.T) string {
			return raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				request(r)
				for err := error(nil); err == nil; {
					_, err = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n")
				}
			})
		}, PhaseRead, true, "reading the answer", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, tt.base(t), newClock())
			_, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/x", Body: "b"})
			var ne *NetworkError
			if !errors.As(err, &ne) {
				t.Fatalf("error: %v", err)
			}
			if ne.Phase != tt.phase || ne.Sent != tt.sent || !strings.HasPrefix(err.Error(), "PUT /api/x: ") ||
				!strings.Contains(err.Error(), tt.text) || ne.Hint() == "" {
				t.Errorf("phase %s, sent %v, error %q; want %s, %v, %q", ne.Phase, ne.Sent, err, tt.phase, tt.sent, tt.text)
			}
			if MayHaveEffect(err) != tt.sent {
				t.Errorf("MayHaveEffect is %v", !tt.sent)
			}
			if got := c.Stats().Requests; got != tt.tries {
				t.Errorf("%d requests, want %d", got, tt.tries)
			}
		})
	}
}

// TestPostNotSent: what never reached a connection is repeated without a key.
func TestPostNotSent(t *testing.T) {
	fails := 2
	c, _ := serve(t, (&answers{list: []string{`200 {}`}}).ServeHTTP, func(o *Options) {
		b := newBase(*o)
		dial := b.DialContext
		b.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if fails--; fails >= 0 {
				return nil, &net.OpError{Op: "dial", Err: errors.New("no route to host")}
			}
			return dial(ctx, network, addr)
		}
		o.Base = b
	})
	if _, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/x"}); err != nil || c.Stats().Retries != 2 {
		t.Errorf("Do: %v; %+v", err, c.Stats())
	}
}

// TestUnknownBase: with a Base that calls no hooks, whatever is not a failure
// to dial may have been sent.
func TestUnknownBase(t *testing.T) {
	for _, tt := range []struct {
		err   error
		doubt bool
	}{
		{errors.New("the cat sat on the cable of " + testKey), true},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, false},
		{&net.DNSError{Err: "no such host", IsNotFound: true}, false},
	} {
		c := open(t, "https://polytomic.example", newClock(), func(o *Options) {
			o.Base = roundTripper(func(*http.Request) (*http.Response, error) { return nil, tt.err })
		})
		_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/x"})
		if err == nil || MayHaveEffect(err) != tt.doubt || strings.Contains(fmt.Sprintf("%+v", err), testKey) {
			t.Errorf("error: %v", err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestInterrupt cancels a call whose request the server has.
func TestInterrupt(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		c := open(t, raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			request(r)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{")
			cancel(errors.New("second interrupt"))
			r.ReadByte()
		}), newClock())
		_, err := c.Do(ctx, Request{Method: method, Path: "/api/x", Key: map[string]string{"POST": "key-00000001"}[method]})
		var ne *NetworkError
		if !errors.As(err, &ne) || ne.Phase != PhaseCanceled || !errors.Is(err, context.Canceled) ||
			MayHaveEffect(err) != (method == "POST") || !strings.Contains(err.Error(), "second interrupt") || c.Stats().Requests != 1 {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// TestProxyErrors: a proxy is asked with its password, and no error shows it.
func TestProxyErrors(t *testing.T) {
	var asked atomic.Int64
	for name, answer := range map[string]string{
		"refuses": "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
		"dies":    "",
	} {
		addr := raw(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			if s := request(r); strings.HasPrefix(s, "CONNECT polytomic.example:443 ") && strings.Contains(s, "Proxy-Authorization: Basic ") &&
				!strings.Contains(s, testKey) {
				asked.Add(1)
			}
			io.WriteString(conn, answer)
		})
		proxy, _ := url.Parse(strings.Replace(addr, "//", "//user:hunter22@", 1))
		c := open(t, "https://polytomic.example", newClock(), func(o *Options) {
			b := newBase(*o)
			b.Proxy = http.ProxyURL(proxy)
			o.Base = b
		})
		_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/x"})
		var ne *NetworkError
		if !errors.As(err, &ne) || ne.Sent || MayHaveEffect(err) || strings.Contains(err.Error(), "hunter22") || asked.Swap(0) == 0 {
			t.Errorf("a proxy that %s: %v", name, err)
		}
	}
}

// TestClearTextThroughAProxy looks at what only a process of its own shows, for
// net/http reads the variables once.
func TestClearTextThroughAProxy(t *testing.T) {
	const variable = "http://user:hunter22@proxy.example:3128"
	if os.Getenv("HTTP_PROXY") != variable {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "HTTP_PROXY="+variable)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	c := open(t, "http://polytomic.example", newClock(), func(o *Options) { o.AllowHTTP = true })
	want := "requests go in clear text through the proxy proxy.example:3128, which sees the API key"
	if d := cmp.Diff([]string{want}, c.Warnings()); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	if w := open(t, "https://polytomic.example", newClock()).Warnings(); len(w) > 0 {
		t.Errorf("warnings of what is encrypted: %q", w)
	}
}

// TestBadProxy: an address of a proxy that is none is refused.
func TestBadProxy(t *testing.T) {
	for value, bad := range map[string]bool{"http://u:hunter22@%zz": true, "::hunter22": true, "proxy.example:3128": false, "http://u:p@proxy.example": false, "": false} {
		t.Setenv("HTTPS_PROXY", value)
		_, err := New(testOptions("https://polytomic.example", newClock()))
		if (err != nil) != bad || bad && (!strings.Contains(err.Error(), "HTTPS_PROXY holds no address of a proxy") || strings.Contains(err.Error(), "hunter22")) {
			t.Errorf("%q: %v", value, err)
		}
		if _, err := New(testOptions("http://127.0.0.1", newClock())); err != nil {
			t.Errorf("%q, which is for others: %v", value, err)
		}
	}
}

// TestTime runs servers that are slow in every way, on a clock of its own.
func TestTime(t *testing.T) {
	// Each script writes its answer; the sleeps are of virtual time.
	trickle := func(conn net.Conn, text string) {
		for err := error(nil); err == nil; time.Sleep(time.Second) {
			_, err = io.WriteString(conn, text)
		}
	}
	const head = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name  string
		slow  bool
		serve func(conn net.Conn)
		want  time.Duration
		text  string
	}{
		{"silence", false, func(net.Conn) {}, 30 * time.Second, "out of time after 30s, while waiting for the answer"},
		{"silence, slow call", true, func(net.Conn) {}, 5 * time.Minute, "out of time after 5m0s"},
		{"header by bytes", false, func(c net.Conn) { io.WriteString(c, head); trickle(c, "A") }, 30 * time.Second, "out of time"},
		{"stops after the header", true, func(c net.Conn) { io.WriteString(c, head+"Content-Length: 9\r\n\r\n") }, time.Minute, "stalled: fewer than 1024 bytes in 1m0s"},
		{"stops in the body", true, func(c net.Conn) { io.WriteString(c, head+"Content-Length: 9\r\n\r\n{") }, time.Minute, "stalled"},
		{"body by bytes", true, func(c net.Conn) { io.WriteString(c, head+"\r\n"); trickle(c, " ") }, time.Minute, "stalled"},
		{"body by chunks", true, func(c net.Conn) {
			io.WriteString(c, head+"Transfer-Encoding: chunked\r\n\r\n")
			trickle(c, "1\r\n \r\n")
		}, time.Minute, "stalled"},
		{"long but steady", true, func(c net.Conn) {
			io.WriteString(c, head+"\r\n")
			trickle(c, strings.Repeat(" ", 100))
		}, 5 * time.Minute, "out of time"},
		{"late but in time", true, func(c net.Conn) { time.Sleep(4 * time.Minute); io.WriteString(c, goodAnswer) }, 4 * time.Minute, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := pipeClient(t, tt.serve)
				began := time.Now()
				_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/x", Slow: tt.slow})
				if took := time.Since(began); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
				if tt.text == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				var ne *NetworkError
				if !errors.As(err, &ne) || ne.Phase != PhaseTimeout || !MayHaveEffect(err) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("error: %v, want %q", err, tt.text)
				}
			})
		})
	}
}

// pipeClient is a client in a synctest bubble, whose connections are pipes to
// serve. A connection stays open when serve returns, until the client ends it.
func pipeClient(t *testing.T, serve func(net.Conn)) *Client {
	o := Options{BaseURL: "http://127.0.0.1", Key: testKey, Version: Version2024, Rand: func() float64 { return 0.5 }}
	var servers sync.WaitGroup
	b := newBase(o.withDefaults())
	b.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		servers.Go(func() {
			request(bufio.NewReader(theirs))
			serve(theirs)
			io.Copy(io.Discard, theirs)
			theirs.Close()
		})
		return ours, nil
	}
	o.Base = b
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); servers.Wait() })
	return c
}

// TestBlackHole: connections that nobody accepts end within the call's limit.
func TestBlackHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipeClient(t, nil)
		c.round.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
		}
		began := time.Now()
		_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/x", Key: "key-00000001"})
		if took := time.Since(began); took != 30*time.Second || MayHaveEffect(err) || !strings.Contains(err.Error(), "while connecting") {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// TestFixedWindow: a service that takes 100 requests a minute and says no
// more than 429 is served in full, in about the time that it asks for.
func TestFixedWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls, perMinute = 500, 100
		var mu sync.Mutex
		taken := map[int64]int{}
		c, err := New(Options{
			BaseURL: "https://polytomic.example", Key: testKey, Version: Version2024, Rand: func() float64 { return 0.5 },
			Base: roundTripper(func(*http.Request) (*http.Response, error) {
				time.Sleep(50 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				minute := time.Now().Unix() / 60
				if taken[minute]++; taken[minute] > perMinute {
					return &http.Response{StatusCode: 429, Body: http.NoBody}, nil
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}"))}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var wg sync.WaitGroup
		var failed atomic.Int64
		for range calls {
			wg.Go(func() {
				if _, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/me"}); err != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
		if failed.Load() > 0 || time.Since(began) > 10*time.Minute {
			t.Errorf("%d of %d calls failed, in %v: %+v", failed.Load(), calls, time.Since(began), c.Stats())
		}
	})
}
