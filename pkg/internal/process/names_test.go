package process

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// Names of the service lead to several addresses, of which some do not answer, or
// to one of IPv6 alone. The table of hosts is the process's own.
func TestNames(t *testing.T) {
	trial.Long(t)
	trial.Root(t)
	trial.Program(t, "unshare")
	for _, tt := range []struct{ name, listen, hosts string }{
		{"a dead address before the live one", "127.0.0.1:0", "127.0.0.2 localhost\n127.0.0.1 localhost\n"},
		{"a dead one of IPv6 before the live one", "127.0.0.1:0", "::1 localhost\n127.0.0.1 localhost\n"},
		{"the live one of IPv6 behind a dead one", "[::1]:0", "127.0.0.2 localhost\n::1 localhost\n"},
		{"IPv6 alone", "[::1]:0", "::1 localhost\n"},
	} {
		w := New(t)
		l, err := net.Listen("tcp", tt.listen)
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewUnstartedServer(http.HandlerFunc(w.gate.ServeHTTP))
		srv.Listener.Close()
		srv.Listener = l
		srv.Start()
		at, err := url.Parse(srv.URL)
		if err == nil {
			err = os.WriteFile(filepath.Join(w.Dir, "hosts"), []byte(tt.hosts), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.URL = "http://localhost:" + at.Port()
		for _, command := range [][]string{{"apply", "-y"}, {"plan", "--detailed-exitcode"}} {
			p := w.Start("unshare", append([]string{"-m", "sh", "-c", `mount --bind hosts /etc/hosts || exit 99; exec "$@"`, "sh", Program(t)}, command...)...)
			if code := p.Wait(); code != 0 {
				t.Errorf("%s: %s: exit code %d: %s", tt.name, command[0], code, p.Err.String())
			}
		}
		for kind, want := range Objects {
			if got := w.Server.Count(kind); got != want {
				t.Errorf("%s: the service has %d of kind %s, want %d", tt.name, got, kind, want)
			}
		}
		srv.Close()
	}
}
