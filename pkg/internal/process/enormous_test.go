package process

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// Whatever the size of an answer, the program says what is wrong with it, and its
// memory stays within bounds.
func TestEnormousAnswers(t *testing.T) {
	trial.Long(t)
	if runtime.GOOS != "linux" {
		trial.Optional(t, "only Linux tells memory in a known unit")
	}
	w := New(t)
	endless := func(w io.Writer, text string) {
		b := bufio.NewWriterSize(w, 1<<20)
		for err := error(nil); err == nil; {
			_, err = b.WriteString(text)
		}
	}
	wire := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 ")
			endless(conn, text)
			conn.(*net.TCPConn).CloseWrite()
		}
	}
	object := `{"id":"%d","name":"` + strings.Repeat("n", 40) + `"},`
	var page atomic.Int64
	worst := 0.0
	for _, tt := range []struct {
		name, want string
		list       http.HandlerFunc // answers all lists; the key is accepted
	}{
		{"a body without end", "larger than 64 MiB", func(rw http.ResponseWriter, _ *http.Request) { endless(rw, " ") }},
		{"10 GB out of 10 MB", "larger than 64 MiB", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(rw)
			endless(z, strings.Repeat(" ", 1<<16))
		}},
		{"headers without end", "header", wire("200 OK\r\nA: " + strings.Repeat("a", 100) + "\r\nB: b\r\nC: ")},
		{"small headers without end", "header", wire("200 OK\r\n" + strings.Repeat("A: b\r\n", 1000) + "HTTP: ")},
		{"interim answers without end", "answer", wire("103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 ")},
		{"a million objects", "--list-memory", func(rw http.ResponseWriter, _ *http.Request) {
			io.WriteString(rw, `{"data":[`)
			for i := range 1_000_000 {
				if _, err := fmt.Fprintf(rw, object, i); err != nil {
					return
				}
			}
			io.WriteString(rw, `{"id":"x"}]}`)
		}},
		{"pages without end, each of one huge object", "--list-memory", func(rw http.ResponseWriter, _ *http.Request) {
			n := page.Add(1)
			fmt.Fprintf(rw, `{"data":[{"id":"%d","name":"%s"}],"pagination":{"next_page_token":"%d"}}`, n, strings.Repeat("n", 30<<20), n)
		}},
		{"pages without end, of small objects", "more than 100000 objects", func(rw http.ResponseWriter, _ *http.Request) {
			io.WriteString(rw, `{"data":[`)
			n := page.Add(1)
			for i := range 1000 {
				fmt.Fprintf(rw, object, n*1000+int64(i))
			}
			fmt.Fprintf(rw, `{"id":"x%d"}],"pagination":{"next_page_token":"%d"}}`, n, n)
		}},
		{"lists within lists", "--list-memory", func(rw http.ResponseWriter, _ *http.Request) {
			io.WriteString(rw, `{"data":[{"id":"a","configuration":[`+strings.Repeat("{},", 20<<20)+`{}]}]}`)
		}},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/me" {
				w.Server.ServeHTTP(rw, r)
				return
			}
			tt.list(rw, r)
		}))
		w.URL = srv.URL
		code, p := w.Run("plan")
		srv.CloseClientConnections()
		srv.Close()
		memory := float64(p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
		worst = max(worst, memory)
		t.Logf("%s: %.0f MiB, %v: %s", tt.name, memory, p.ProcessState.UserTime(), p.Err.String())
		if code != 1 || !strings.Contains(p.Err.String(), tt.want) || len(p.Err.String())+p.Out.Len() > 10_000 {
			t.Errorf("%s: exit code %d: %.2000s, want %q", tt.name, code, p.Err.String(), tt.want)
		}
	}
	trial.AtMost(t, "memory of a plan beside 9 kinds of enormous answers, worst", worst, 512, "MiB")
}
