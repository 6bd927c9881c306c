package transport

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestServerErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer string
		want   Error
		text   string
	}{
		{"ApiError", `422 {"key":"invalid","message":"mode not supported by target","metadata":{"n":1},"status":422}`,
			Error{Status: 422, Key: "invalid", Message: "mode not supported by target", Metadata: map[string]any{"n": json.Number("1")}},
			"POST /api/syncs: 422 mode not supported by target"},
		{"RestErr", `403 {"code":403,"context":{"a":"b"},"error":"no access","status":"Forbidden"}`,
			Error{Status: 403, Message: "no access", Metadata: map[string]any{"a": "b"}},
			"POST /api/syncs: 403 no access"},
		{"error object", `400 {"error":{"message":"bad"}}`, Error{Status: 400, Message: "bad"}, "POST /api/syncs: 400 bad"},
		{"key only", `404 {"key":"not_found"}`, Error{Status: 404, Key: "not_found"}, "POST /api/syncs: 404 not_found"},
		{"wrong types", `404 {"key":1,"message":["x"],"metadata":"y"}`, Error{Status: 404}, "POST /api/syncs: 404 Not Found"},
		{"HTML", `404 <html>`, Error{Status: 404}, "POST /api/syncs: 404 Not Found"},
		{"nothing", `404 `, Error{Status: 404}, "POST /api/syncs: 404 Not Found"},
		{"unknown status", `499 `, Error{Status: 499}, "POST /api/syncs: 499"},
		{"secrets", `400 {"message":"bad key ` + testKey + ` and hunter22","metadata":{"hunter22":["` + testKey + `"]}}`,
			Error{Status: 400, Message: "bad key [API key] and ***", Metadata: map[string]any{"***": []any{"[API key]"}}},
			"POST /api/syncs: 400 bad key [API key] and ***"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &answers{list: []string{tt.answer}, header: http.Header{"X-Request-Id": {"r1 hunter22"}}}
			c, _ := serve(t, a.ServeHTTP, func(o *Options) {
				o.Redact = func(s string) string { return strings.ReplaceAll(s, "hunter22", "***") }
			})
			_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/syncs"})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			tt.want.Method, tt.want.Path, tt.want.RequestID = "POST", "/api/syncs", "r1 ***"
			if d := cmp.Diff(tt.want, *e, cmpopts.IgnoreUnexported(Error{})); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
			if err.Error() != tt.text {
				t.Errorf("text %q, want %q", err, tt.text)
			}
		})
	}
}

func TestErrorTextIsBounded(t *testing.T) {
	c := open(t, "https://polytomic.example", newClock())
	for _, s := range []string{strings.Repeat("ä", 100_000), strings.Repeat("\xff", 1000), strings.Repeat("😀", 200), "short\x1b[31m"} {
		got := c.clean(s, maxText)
		if len(got) > maxText || !utf8.ValidString(got) || strings.HasPrefix(s, "short") != (got == s) {
			t.Errorf("clean(%.20q...) = %q", s, got)
		}
	}
}

func TestAsking(t *testing.T) {
	wrapped := func(status int) error {
		return fmt.Errorf("creating x: %w", &RetryError{Err: &Error{Status: status}})
	}
	for status, f := range map[int]func(error) bool{404: IsNotFound, 409: IsConflict, 401: IsUnauthorized, 403: IsForbidden} {
		if !f(wrapped(status)) || f(wrapped(400)) || f(nil) || f(errors.New("404")) {
			t.Errorf("the question for %d is answered wrongly", status)
		}
		if (&Error{Status: status}).Hint() == "" && (status == 401 || status == 403) {
			t.Errorf("no hint for %d", status)
		}
	}
	if MayHaveEffect(nil) || MayHaveEffect(errors.New("x")) {
		t.Error("MayHaveEffect of what is not ours")
	}
}

func TestUsedBy(t *testing.T) {
	a := &answers{list: []string{`422 {"message":"connection in use","metadata":{"used_by":[{"type":"model","name":"Users","id":"u1"},7,{"type":"sync"}]}}`}}
	c, _ := serve(t, a.ServeHTTP)
	_, err := c.Do(t.Context(), Request{Method: "DELETE", Path: "/api/connections/a"})
	want := []Use{{"model", "Users", "u1"}, {Type: "sync"}}
	if d := cmp.Diff(want, UsedBy(fmt.Errorf("x: %w", err))); d != "" {
		t.Errorf("UsedBy (-want +got):\n%s", d)
	}
	if UsedBy(nil) != nil || UsedBy(&Error{}) != nil {
		t.Error("UsedBy names what nobody said")
	}
}

func TestImproperRequests(t *testing.T) {
	a := &answers{list: []string{"200 {}"}}
	c, _ := serve(t, a.ServeHTTP)
	for _, r := range []Request{
		{Method: "GET", Path: "api/me"},
		{Method: "GET", Path: "/api/me?x=1"},
		{Method: "GET", Path: "/api/me#x"},
		{Method: "GET", Path: "/api/a b"},
		{Method: "GET", Path: "/api/a\nb"},
		{Method: "GET", Path: "/api/ä"},
		{Method: "GET", Path: "/api/%zz"},
		{Method: "DELETE", Path: "/api/models/"},
		{Method: "DELETE", Path: "/api/models/" + PathSegment("..")},
		{Method: "DELETE", Path: "/api/models/../connections/x"},
		{Method: "DELETE", Path: "/api/models//x"},
		{Method: "DELETE", Path: "//evil.example/x"},
		{Method: "DELETE", Path: "/api/x", Body: 1},
		{Method: "GET", Path: "/api/x", Body: 1},
		{Method: "HEAD", Path: "/api/x"},
		{Method: "", Path: "/api/x"},
		{Method: "PUT", Path: "/api/x", Key: "key-00000001"},
		{Method: "POST", Path: "/api/x", Key: "short"},
		{Method: "POST", Path: "/api/x", Key: "key-0000000\n"},
		{Method: "POST", Path: "/api/x", Key: strings.Repeat("k", 256)},
		{Method: "POST", Path: "/api/x", Body: func() {}},
	} {
		if _, err := c.Do(t.Context(), r); err == nil || MayHaveEffect(err) {
			t.Errorf("Do(%+v): %v", r, err)
		}
	}
	if len(a.seen()) > 0 {
		t.Errorf("sent: %q", a.seen())
	}
	if _, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/connections/connect/"}); err != nil {
		t.Errorf("the one path with a slash at its end: %v", err)
	}
}

func TestPathSegment(t *testing.T) {
	for in, want := range map[string]string{
		"a-b_c.d": "a-b_c.d", "public.users": "public.users", "a/b": "a%2Fb", "..": "%2E%2E", ".": "%2E", "...": "...",
		"a?b#c%": "a%3Fb%23c%25", "ä": "%C3%A4", "a b": "a%20b", "": "",
	} {
		if got := PathSegment(in); got != want {
			t.Errorf("PathSegment(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestLogHoldsNoSecret sends secrets in all places and reads the log.
func TestLogHoldsNoSecret(t *testing.T) {
	var b bytes.Buffer
	a := &answers{list: []string{"cut", `200 {"data":{"password":"hunter22"}}`}, header: http.Header{"X-Secret": {"hunter22"}}}
	c, _ := serve(t, a.ServeHTTP, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := c.Do(t.Context(), Request{
		Method: "PUT", Path: "/api/connections/a", Query: map[string][]string{"q": {"hunter22"}}, Body: map[string]any{"password": "hunter22"},
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 || strings.Contains(b.String(), "hunter22") || strings.Contains(b.String(), testKey) {
		t.Errorf("log:\n%s", b.String())
	}
	for i, want := range []string{"attempt=1 status=0 took=0s bytes=0 phase=read", "attempt=2 status=200 took=0s bytes=32"} {
		if want = "msg=request method=PUT path=/api/connections/a " + want; !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %q, want %q", lines[i], want)
		}
	}
}

func TestVersionWarning(t *testing.T) {
	a := &answers{list: []string{`200 {}`}, header: http.Header{"X-Polytomic-Version": {"2025-09-18"}}}
	var told []string
	c, _ := serve(t, a.ServeHTTP, func(o *Options) {
		o.Notify = func(e Event) { told = append(told, string(e.Kind)+": "+e.Text) }
	})
	for range 3 {
		if _, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/me"}); err != nil {
			t.Fatal(err)
		}
	}
	want := "the service answered as version 2025-09-18 of the API, asked for was 2024-02-08"
	if d := cmp.Diff([]string{"warning: " + want}, told); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{want}, c.Warnings()); d != "" {
		t.Errorf("Warnings (-want +got):\n%s", d)
	}
}

func TestLimitsOfBodies(t *testing.T) {
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for _, tt := range []struct {
		status int
		want   string
	}{
		{200, "GET /api/x: the answer is larger than 64 MiB (status 200)"},
		{404, "GET /api/x: 404 Not Found"},
	} {
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.status)
			for range 80 {
				if _, err := w.Write(spaces); err != nil {
					return
				}
			}
		})
		_, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/x"})
		if err == nil || err.Error() != tt.want {
			t.Errorf("error %v, want %s", err, tt.want)
		}
	}
}

// TestGzipBomb: the limit holds for what comes out.
func TestGzipBomb(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 80 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(b.Bytes())
	})
	_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/api/x"})
	if want := "POST /api/x: the answer is larger than 64 MiB (status 200)"; err == nil || err.Error() != want || !MayHaveEffect(err) {
		t.Errorf("%d bytes: %v, want %s", b.Len(), err, want)
	}
}

func TestExcerpt(t *testing.T) {
	a := &answers{list: []string{"200 <p>\x1b[31m" + testKey + strings.Repeat("x", 500)}}
	c, _ := serve(t, a.ServeHTTP)
	_, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/x"})
	var e *BodyError
	if !errors.As(err, &e) || len(e.Excerpt) > 200 || !strings.HasPrefix(e.Excerpt, "<p>·[31m[API key]xxx") {
		t.Errorf("error: %#v", err)
	}
}
