package transport

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDo(t *testing.T) {
	var got *http.Request
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		w.Header().Set("X-Polytomic-Version", "2024-02-08")
		w.Write([]byte(`{"data": {"id": "a", "n": 12345678901234567890}, "job": {"job_id": "j"}}`))
	}, func(o *Options) { o.UserAgent = "polyplan/test" })
	resp, err := c.Do(t.Context(), Request{
		Method: "POST", Path: "/api/models/" + PathSegment("a/b c"), Query: url.Values{"async": {"true"}},
		Body: map[string]any{"q": "a<b"}, Key: "key-00000001",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Authorization":       {"Bearer " + testKey},
		"X-Polytomic-Version": {"2024-02-08"},
		"Accept":              {"application/json"},
		"Accept-Encoding":     {"gzip"},
		"Content-Type":        {"application/json"},
		"Content-Length":      {"11"},
		"User-Agent":          {"polyplan/test"},
		"Idempotency-Key":     {"key-00000001"},
	}
	if d := cmp.Diff(want, got.Header); d != "" {
		t.Errorf("header (-want +got):\n%s", d)
	}
	if want := "/api/models/a%2Fb%20c?async=true"; got.RequestURI != want {
		t.Errorf("asked for %s, want %s", got.RequestURI, want)
	}
	object, err := resp.Object()
	if d := cmp.Diff(map[string]any{"id": "a", "n": json.Number("12345678901234567890")}, object); d != "" || err != nil {
		t.Errorf("Object: %v (-want +got):\n%s", err, d)
	}
	if string(resp.Member("job")) != `{"job_id": "j"}` || resp.Attempts != 1 ||
		!resp.ServerTime.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("response: %+v", resp)
	}
	if s := c.Stats(); s.Calls != 1 || s.Requests != 1 || s.Retries != 0 || s.MaxInFlight != 1 || s.InFlight != 0 {
		t.Errorf("Stats: %+v", s)
	}
}

func TestAnswersThatAreNotUnderstood(t *testing.T) {
	for _, tt := range []struct {
		name, method, answer, want string
	}{
		{"HTML", "GET", "200 <!DOCTYPE html><p>log in", "GET /api/x: the server answered with HTML, not JSON (status 200)"},
		{"empty", "GET", "200 ", "GET /api/x: the server answered with nothing where JSON is due (status 200)"},
		{"no content", "GET", "204 ", "GET /api/x: the server answered with nothing where JSON is due (status 204)"},
		{"blank", "PUT", "200 \n\n", "PUT /api/x: the server answered with nothing where JSON is due (status 200)"},
		{"twice", "GET", `200 {"data":{"id":1,"id":2}}`, `GET /api/x: the answer is invalid JSON at byte 16: the member "id" stands twice in one object (status 200)`},
		{"trailing", "GET", `200 {} {}`, "GET /api/x: the answer is invalid JSON at byte 3: something follows the value (status 200)"},
		{"byte order mark", "GET", "200 \uFEFF{}", "GET /api/x: the answer is invalid JSON at byte 0: a byte order mark (status 200)"},
		{"not UTF-8", "GET", "200 {\"a\":\"\xff\"}", "GET /api/x: the answer is invalid JSON at byte 5: a string that is not UTF-8 (status 200)"},
		{"NaN", "GET", `200 {"a":NaN}`, "GET /api/x: the answer is invalid JSON at byte 5: a value is due (status 200)"},
		{"deep", "GET", "200 " + strings.Repeat("[", 100_000), "GET /api/x: the answer is invalid JSON at byte 100: nested deeper than 100 (status 200)"},
		{"echoed key", "GET", `200 {"` + testKey + `":1,"` + testKey + `":2}`, `GET /api/x: the answer is invalid JSON at byte 30: the member "[API key]" stands twice in one object (status 200)`},
		{"HTML for DELETE", "DELETE", "200 <html>", "DELETE /api/x: the server answered with HTML, not JSON (status 200)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &answers{list: []string{tt.answer}}
			c, _ := serve(t, a.ServeHTTP)
			_, err := c.Do(t.Context(), Request{Method: tt.method, Path: "/api/x"})
			if err == nil || err.Error() != tt.want {
				t.Fatalf("got  %v\nwant %s", err, tt.want)
			}
			if got, want := MayHaveEffect(err), tt.method != "GET"; got != want {
				t.Errorf("MayHaveEffect = %v, want %v", got, want)
			}
			if len(a.seen()) != 1 {
				t.Errorf("asked %d times", len(a.seen()))
			}
		})
	}
}
