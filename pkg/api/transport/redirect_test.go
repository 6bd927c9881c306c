package transport

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// TestRedirects sends all kinds of requests into all kinds of redirects; the
// sink stands for every place that must not hear of them.
func TestRedirects(t *testing.T) {
	var heard atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer sink.Close()
	port := sink.URL[strings.LastIndex(sink.URL, ":"):]
	for _, to := range []string{
		sink.URL + "/x?signature=hunter22", "http://localhost" + port, "https://127.0.0.1" + port, "//127.0.0.1" + port + "/x",
		"http://user:hunter22@127.0.0.1" + port, "file:///etc/passwd", "javascript:alert(1)", "", "http://[::1", "/loop", "loop",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
				var n int
				c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
					n++
					w.Header().Set("Location", to)
					w.WriteHeader(status)
				})
				r := Request{Method: method, Path: "/api/x"}
				if method == "POST" {
					r.Key = "key-00000001"
				}
				_, err := c.Do(t.Context(), r)
				var ne *NetworkError
				if !errors.As(err, &ne) || ne.Phase != PhaseRedirect || strings.Contains(err.Error(), "hunter22") {
					t.Errorf("%s %d to %s: %v", method, status, to, err)
				}
				if got, want := MayHaveEffect(err), method != "GET" && (status == 302 || status == 303) && to != "" && to != "http://[::1"; got != want && to != "" && to != "http://[::1" {
					t.Errorf("%s %d to %s: MayHaveEffect = %v", method, status, to, got)
				}
				want := 1
				if method == "GET" && strings.HasSuffix(to, "loop") {
					want = 1 + maxRedirects
				}
				if n != want {
					t.Errorf("%s %d to %s: %d requests, want %d", method, status, to, n, want)
				}
			}
		}
	}
	trial.None(t, "requests that follow a redirect to another origin, with key or body: 275 redirects", int(heard.Load()))
}

func TestRedirectOnTheSameOrigin(t *testing.T) {
	var paths []string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.RequestURI())
		if r.Header.Get("Authorization") != "Bearer "+testKey {
			t.Error("the key is not sent along")
		}
		if n := len(paths); n <= maxRedirects {
			http.Redirect(w, r, "http://"+r.Host+"/api/y?n="+strconv.Itoa(n), http.StatusFound)
			return
		}
		w.Write([]byte("{}"))
	})
	_, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/x"})
	if err != nil || paths[len(paths)-1] != "/api/y?n=5" || c.Stats().Requests != 6 || c.Stats().Retries != 0 {
		t.Errorf("Do: %v, after %q", err, paths)
	}
}

func TestOrigin(t *testing.T) {
	base := map[string]bool{}
	for _, s := range []string{"https://Host", "https://host:443/x", "HTTPS://host/"} {
		u, err := parseBase(s, false)
		if err != nil {
			t.Fatal(err)
		}
		base[origin(u)] = true
	}
	if len(base) != 1 {
		t.Errorf("one origin became %v", base)
	}
}
