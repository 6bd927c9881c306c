package process

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/cert"
)

// A proxy passes on what is encrypted, and remembers what it saw of it.
type proxy struct {
	addr string // of itself
	to   string // where every tunnel leads

	dead    atomic.Bool  // it lets go of everything
	tunnels atomic.Int64 // that were asked for

	mu     sync.Mutex
	answer string // to who asks, "" for a tunnel
	seen   []byte
	conns  []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), to: to}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.keep(conn)
			if p.dead.Load() {
				conn.Close()
				continue
			}
			wg.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); p.die(); wg.Wait() })
	return p
}

func (p *proxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
}

func (p *proxy) die() {
	p.dead.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}

// refuse has it answer everybody with that status.
func (p *proxy) refuse(status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = "HTTP/1.1 " + status + "\r\n\r\n"
}

func (p *proxy) refusal() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answer
}

func (p *proxy) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, b...)
	return len(b), nil
}

func (p *proxy) saw() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.seen)
}

func (p *proxy) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(io.TeeReader(conn, p))
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	p.tunnels.Add(1)
	if no := p.refusal(); no != "" {
		io.WriteString(conn, no)
		return
	}
	if req.Method != http.MethodConnect {
		io.WriteString(conn, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
		return
	}
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	p.keep(there)
	defer there.Close()
	io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	var wg sync.WaitGroup
	wg.Go(func() { io.Copy(there, r); there.Close() })
	io.Copy(conn, io.TeeReader(there, p))
	conn.Close()
	wg.Wait()
}

// beyond moves a world's service to a host that only proxies find, behind TLS
// with a certificate of an authority of its own.
func beyond(t *testing.T) (*World, *proxy) {
	t.Helper()
	w := New(t)
	ours := cert.NewAuthority(t)
	srv := httptest.NewUnstartedServer(&w.gate)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that end
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{ours.Server(t, "polytomic.test")}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	w.URL = "https://polytomic.test"
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, ours.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Setenv("SSL_CERT_FILE", authority)
	return w, newProxy(t, srv.Listener.Addr().String())
}

// A proxy carries whole runs, under each of its variables, and learns nothing; its
// password stands in no output and no file.
func TestProxy(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		w, p := beyond(t)
		password := rand.Text()
		w.Setenv(name, "http://ada:"+password+"@"+p.addr)
		w.Setenv("REQUEST_METHOD", "GET") // as under CGI, where HTTP_PROXY may be a stranger's
		findings(t, name, w.Unlike())
		code, out := w.Run("plan", "--log-level", "debug", "--url", w.URL)
		said := out.Out.String() + out.Err.String() + p.saw()
		if code != 0 || p.tunnels.Load() == 0 || strings.Contains(said, key) || strings.Contains(said, "postgres-password") {
			t.Errorf("%s: exit code %d after %d tunnels: %s", name, code, p.tunnels.Load(), out.Err.String())
		}
		if strings.Contains(out.Out.String()+out.Err.String(), password) {
			t.Errorf("%s: the password is shown: %s", name, out.Err.String())
		}
		err := filepath.WalkDir(w.Dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				var text []byte
				if text, err = os.ReadFile(path); strings.Contains(string(text), password) {
					t.Errorf("%s: the password is in %s", name, path)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Where there is no way to the service, or none that can be trusted, what is told
// says so, without the proxy's password.
func TestNoWay(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		break_     func(w *World, p *proxy)
	}{
		{"NO_PROXY", "looking up polytomic.test", func(w *World, _ *proxy) { w.Setenv("NO_PROXY", "127.0.0.1,polytomic.test") }},
		{"no_proxy", "looking up polytomic.test", func(w *World, _ *proxy) { w.Setenv("NO_PROXY", ""); w.Setenv("no_proxy", ".test") }},
		{"an authority that is not trusted", "certificate signed by unknown authority", func(w *World, _ *proxy) { w.Setenv("SSL_CERT_FILE", "/dev/null") }},
		{"the proxy wants a password", "Proxy Authentication Required", func(_ *World, p *proxy) {
			p.refuse("407 Proxy Authentication Required")
		}},
		{"the proxy refuses", "Forbidden", func(_ *World, p *proxy) { p.refuse("403 Forbidden") }},
		{"the proxy is gone", "connecting to polytomic.test", func(_ *World, p *proxy) { p.die() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, p := beyond(t)
			w.Setenv("HTTPS_PROXY", "http://ada:hunter22@"+p.addr)
			tt.break_(w, p)
			code, out := w.Run("plan")
			said := out.Out.String() + out.Err.String()
			if code != 1 || !strings.Contains(said, tt.want) || strings.Contains(said, "hunter22") || w.Writes() > 0 {
				t.Errorf("exit code %d: %s, want %q", code, said, tt.want)
			}
		})
	}
}

// A proxy that dies in the middle of a run is a network that fails: nothing is
// lost or made twice.
func TestProxyDies(t *testing.T) {
	for n := 2; ; n += 5 {
		w, p := beyond(t)
		w.Setenv("https_proxy", "http://"+p.addr)
		w.Gate(func(i int, _ *http.Request) Fate {
			if i != n {
				return Fate{}
			}
			return Fate{Done, p.die}
		})
		code, out := w.Run("apply", "-y")
		if w.Open() < n {
			break
		}
		if code != 1 && code != 3 || !strings.Contains(out.Err.String()+out.Out.String(), "polytomic.test") {
			t.Errorf("at request %d: exit code %d: %s", n, code, out.Err.String())
		}
		again := newProxy(t, p.to)
		w.Setenv("https_proxy", (&url.URL{Scheme: "http", Host: again.addr}).String())
		findings(t, "after the proxy died", w.Unlike())
	}
}
