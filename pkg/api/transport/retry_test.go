package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

func TestRetryPolicy(t *testing.T) {
	const ok = `200 {"data":{"id":"a"}}`
	const key = "key-00000001"
	for _, tt := range []struct {
		name    string
		req     Request
		answers []string
		sent    int
		err     string // the error, or a part of it; empty for success
		doubt   bool
	}{
		{"GET 503", Request{Method: "GET"}, []string{"503 ", "502 ", "504 ", "429 ", ok}, 5, "", false},
		{"GET cut", Request{Method: "GET"}, []string{"cut", "cut", ok}, 3, "", false},
		{"GET cut for ever", Request{Method: "GET"}, []string{"cut"}, 5, "given up after 5 attempts", false},
		{"GET 503 for ever", Request{Method: "GET"}, []string{"503 "}, 7, "GET /api/x: 503 Service Unavailable (given up after 7 attempts: it would wait longer than 2m0s in all)", false},
		{"GET 502 for ever", Request{Method: "GET"}, []string{"502 <html>"}, 5, "GET /api/x: 502 Bad Gateway (given up after 5 attempts)", false},
		{"GET 500 once", Request{Method: "GET"}, []string{"500 ", ok}, 2, "", false},
		{"GET 500 twice", Request{Method: "GET"}, []string{"500 ", "500 ", ok}, 2, "GET /api/x: 500 Internal Server Error", false},
		{"GET 404", Request{Method: "GET"}, []string{"404 ", ok}, 1, "404", false},
		{"GET 501", Request{Method: "GET"}, []string{"501 ", ok}, 1, "501", false},
		{"GET cut JSON", Request{Method: "GET"}, []string{`200 {"data":`, ok}, 2, "", false},

		{"PUT like GET", Request{Method: "PUT"}, []string{"503 ", "cut", "500 ", ok}, 4, "", false},
		{"PUT 500 twice", Request{Method: "PUT"}, []string{"500 "}, 2, "500", true},
		{"PUT 422", Request{Method: "PUT"}, []string{"422 "}, 1, "422", false},
		{"PUT lost, then 422", Request{Method: "PUT"}, []string{"cut", "422 "}, 2, "422", true},
		{"PATCH", Request{Method: "PATCH"}, []string{"cut", ok}, 2, "", false},

		{"DELETE 404", Request{Method: "DELETE"}, []string{"404 "}, 1, "404", false},
		{"DELETE lost, then 404", Request{Method: "DELETE"}, []string{"cut", "404 "}, 2, "", false},
		{"DELETE empty", Request{Method: "DELETE"}, []string{"503 ", "200 "}, 2, "", false},
		{"DELETE 500", Request{Method: "DELETE"}, []string{"500 ", "204 "}, 2, "", false},

		{"POST no key, cut", Request{Method: "POST"}, []string{"cut", ok}, 1, "closed without an answer", true},
		{"POST no key, 429", Request{Method: "POST"}, []string{"429 ", ok}, 1, "429", false},
		{"POST no key, 503", Request{Method: "POST"}, []string{"503 ", ok}, 1, "503", true},
		{"POST no key, 409", Request{Method: "POST"}, []string{`409 {"message":"idempotency key in use"}`, ok}, 1, "409", false},
		{"POST cut", Request{Method: "POST", Key: key}, []string{"cut", ok}, 2, "", false},
		{"POST 429, 503", Request{Method: "POST", Key: key}, []string{"429 ", "503 ", ok}, 3, "", false},
		{"POST 500", Request{Method: "POST", Key: key}, []string{"500 ", ok}, 1, "500", true},
		{"POST 502", Request{Method: "POST", Key: key}, []string{"502 <html>", ok}, 1, "502", true},
		{"POST 504", Request{Method: "POST", Key: key}, []string{"504 ", ok}, 1, "504", true},
		{"POST 408", Request{Method: "POST", Key: key}, []string{"408 ", ok}, 1, "408", true},
		{"POST 501", Request{Method: "POST", Key: key}, []string{"501 ", ok}, 1, "501", false},
		{"POST 422", Request{Method: "POST", Key: key}, []string{"422 ", ok}, 1, "422", false},
		{"POST lost, then 422 for the key", Request{Method: "POST", Key: key}, []string{"cut", "422 "}, 2, "422", false},
		{"POST lost, then 401", Request{Method: "POST", Key: key}, []string{"cut", "401 "}, 2, "401", true},
		{"POST lost, then 403", Request{Method: "POST", Key: key}, []string{"cut", "403 "}, 2, "403", true},
		{"POST 409 lock", Request{Method: "POST", Key: key}, []string{`409 {"message":"Idempotency key in use"}`, ok}, 2, "", false},
		{"POST 409 lock for ever", Request{Method: "POST", Key: key}, []string{`409 {"key":"idempotency_locked"}`}, 5, "409 idempotency_locked (given up", true},
		{"POST 409 conflict", Request{Method: "POST", Key: key}, []string{`409 {"message":"name taken"}`, ok}, 1, "409 name taken", false},
		{"POST 409 after an earlier run", Request{Method: "POST", Key: key, Resent: true}, []string{`409 {"message":"conflict"}`, ok}, 2, "", false},
		{"POST 422 after an earlier run", Request{Method: "POST", Key: key, Resent: true}, []string{"422 "}, 1, "422", false},
		{"POST 401 after an earlier run", Request{Method: "POST", Key: key, Resent: true}, []string{"401 "}, 1, "401", true},
		{"POST lost, then 409", Request{Method: "POST", Key: key}, []string{"cut", `409 {"message":"conflict"}`, ok}, 3, "", false},
		{"POST lost, then 409 for ever", Request{Method: "POST", Key: key}, []string{"cut", "409 "}, 5, "409 Conflict (given up", true},
		{"POST not understood", Request{Method: "POST", Key: key}, []string{"200 <html>", ok}, 1, "HTML", true},
		{"POST cut JSON", Request{Method: "POST", Key: key}, []string{`201 {"data":{"id"`, ok}, 2, "", false},
		{"POST cut JSON for ever", Request{Method: "POST", Key: key}, []string{`201 {"data":{"id"`}, 5, "cut short", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &answers{list: tt.answers}
			c, clock := serve(t, a.ServeHTTP)
			tt.req.Path = "/api/x"
			_, err := c.Do(t.Context(), tt.req)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error: %v, want %q", err, tt.err)
			}
			if got := MayHaveEffect(err); got != tt.doubt {
				t.Errorf("MayHaveEffect(%v) = %v", err, got)
			}
			if len(a.seen()) != tt.sent {
				t.Errorf("sent %d times, want %d", len(a.seen()), tt.sent)
			}
			for _, again := range a.seen()[1:] {
				if again != a.seen()[0] {
					t.Errorf("the repeat differs:\n%s\n%s", a.seen()[0], again)
				}
			}
			if clock.total() > 2*time.Minute {
				t.Errorf("waited %v", clock.total())
			}
			if s := c.Stats(); s.Requests != int64(tt.sent) || s.Retries != int64(tt.sent-1) || s.Waited < clock.total()-time.Minute {
				t.Errorf("Stats: %+v, want %d requests", s, tt.sent)
			}
		})
	}
}

func TestDeleteRepeated(t *testing.T) {
	a := &answers{list: []string{"cut", "404 "}}
	c, _ := serve(t, a.ServeHTTP)
	resp, err := c.Do(t.Context(), Request{Method: "DELETE", Path: "/api/models/a"})
	if err != nil || resp.Status != 404 || !resp.Repeated || resp.Attempts != 2 {
		t.Errorf("Do: %+v, %v", resp, err)
	}
}

func TestLastErrorIsKept(t *testing.T) {
	a := &answers{list: []string{`503 {"message":"down for a moment","metadata":{"zone":"b"}}`}}
	c, _ := serve(t, a.ServeHTTP)
	_, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/me"})
	var retry *RetryError
	var e *Error
	if !errors.As(err, &retry) || !errors.As(err, &e) || e.Message != "down for a moment" || e.Metadata["zone"] != "b" {
		t.Errorf("error: %#v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	server := now.Add(-time.Hour) // its clock is behind
	for _, tt := range []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{"7", 7 * time.Second, true},
		{" 7 ", 7 * time.Second, true},
		{"3600", time.Hour, true},
		{"-5", 0, false},
		{"+5", 0, false},
		{"1.5", 0, false},
		{"1e99", 0, false},
		{"soon", 0, false},
		{"\x00", 0, false},
		{"99999999999999999999999", 3650 * 24 * time.Hour, true},
		{"9223372036854775807", 3650 * 24 * time.Hour, true},
		{"Fri, 02 Jan 2026 02:04:35 GMT", 30 * time.Second, true},
		{"Fri, 02 Jan 2026 02:00:00 GMT", 0, true},
		{"Friday, 02-Jan-26 02:04:35 GMT", 30 * time.Second, true},
		{"Fri, 99 Jan 2026 02:00:00 GMT", 0, false},
	} {
		if got, ok := retryAfter(tt.in, server, now); got != tt.want || ok != tt.ok {
			t.Errorf("retryAfter(%q) = %v, %v; want %v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
	if got, _ := retryAfter("Fri, 02 Jan 2026 03:04:35 GMT", time.Time{}, now); got != 30*time.Second {
		t.Errorf("without a Date of the server: %v", got)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for _, tt := range []struct {
		header string
		waits  []time.Duration // of a call that succeeds the second time
		err    string
	}{
		{"7", []time.Duration{7 * time.Second}, ""},
		{"60", []time.Duration{time.Minute}, ""},
		{"90", []time.Duration{time.Minute}, ""}, // never more than a minute at once
		{"0", []time.Duration{750 * time.Millisecond}, ""},
		{"-1", []time.Duration{750 * time.Millisecond}, ""},
		{"1e99", []time.Duration{750 * time.Millisecond}, ""},
		{"", []time.Duration{750 * time.Millisecond}, ""},
		{"121", nil, "the service asks to wait 2m1s, longer than the 2m0s that a call may wait"},
		{"3600", nil, "GET /api/me: 429 Too Many Requests (given up after 1 attempt: the service asks to wait 1h0m0s, longer than"},
		{"99999999999999999999999", nil, "longer than"},
	} {
		t.Run(tt.header, func(t *testing.T) {
			a := &answers{list: []string{"429 ", `200 {}`}, header: http.Header{"Retry-After": {tt.header}}}
			var events []Event
			c, clock := serve(t, a.ServeHTTP, func(o *Options) {
				o.Notify = func(e Event) { events = append(events, e) }
			})
			_, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/me"})
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error: %v, want %q", err, tt.err)
			}
			if d := cmp.Diff(tt.waits, clock.slept); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
			if len(events) != len(tt.waits) {
				t.Fatalf("events: %+v", events)
			}
			for i, e := range events {
				if e.Kind != EventWait || e.Wait != tt.waits[i] || e.Status != 429 || e.Attempt != 1 ||
					!strings.HasPrefix(e.Text, "the service asks to wait ") {
					t.Errorf("event: %+v", e)
				}
			}
		})
	}
}

func TestALongPauseIsKeptByAll(t *testing.T) {
	a := &answers{list: []string{"503 ", `200 {}`}, header: http.Header{"Retry-After": {"3600"}}}
	c, clock := serve(t, a.ServeHTTP)
	for range 5 {
		_, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/x"})
		if err == nil {
			t.Fatal("no error")
		}
	}
	if len(a.seen()) != 1 {
		t.Errorf("sent %d requests, want 1", len(a.seen()))
	}
	_, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/y"})
	var e *Error
	if !errors.As(err, &e) || !e.NotSent || MayHaveEffect(err) {
		t.Errorf("a call that was not sent: %v", err)
	}
	clock.Sleep(t.Context(), 59*time.Minute)
	if _, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/x"}); err != nil {
		t.Errorf("when it is over: %v", err)
	}
}

func TestUnauthorizedStopsAll(t *testing.T) {
	a := &answers{list: []string{`200 {}`, `401 {"code":401,"status":"Unauthorized","error":"no such key","context":{"a":1}}`, `200 {}`}}
	c, _ := serve(t, a.ServeHTTP)
	get := func() error {
		_, err := c.Do(t.Context(), Request{Method: "PUT", Path: "/api/x"})
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	first, second := get(), get()
	if len(a.seen()) != 2 {
		t.Errorf("sent %d requests, want 2", len(a.seen()))
	}
	if !IsUnauthorized(first) || !IsUnauthorized(second) || MayHaveEffect(second) {
		t.Errorf("errors: %v; %v", first, second)
	}
	if want := "PUT /api/x: 401 no such key"; first.Error() != want {
		t.Errorf("got %q, want %q", first, want)
	}
	if want := "PUT /api/x: 401 no such key (said to an earlier call; this one was not sent)"; second.Error() != want {
		t.Errorf("got %q, want %q", second, want)
	}
}

func TestInterruptWhileWaiting(t *testing.T) {
	a := &answers{list: []string{"503 "}}
	ctx, cancel := context.WithCancelCause(t.Context())
	c, _ := serve(t, a.ServeHTTP, func(o *Options) {
		o.Notify = func(Event) { cancel(errors.New("first interrupt")) }
	})
	_, err := c.Do(ctx, Request{Method: "PUT", Path: "/api/x"})
	var ne *NetworkError
	if !errors.As(err, &ne) || ne.Phase != PhaseCanceled || !errors.Is(err, context.Canceled) || !MayHaveEffect(err) {
		t.Errorf("error: %v", err)
	}
	_, err = c.Do(ctx, Request{Method: "PUT", Path: "/api/x"})
	if !errors.Is(err, context.Canceled) || MayHaveEffect(err) {
		t.Errorf("a call that never began: %v", err)
	}
	if len(a.seen()) != 1 {
		t.Errorf("sent %d requests, want 1", len(a.seen()))
	}
}

// TestStorm holds the figure of the design: in a storm, at most 1.1 requests
// a call and 10 more, and never a wait above a minute.
func TestStorm(t *testing.T) {
	const calls = 300
	worst := int64(0)
	defer func() {
		trial.AtMost(t, "requests per call in a storm of 429 and 503, worst of 18, less 10", float64(worst-10)/calls, 1.1, "")
	}()
	for _, after := range []string{"", "1", "30", "-1", "soon", "Fri, 02 Jan 2026 00:00:00 GMT"} {
		for name, sick := range map[string]func(n int64) bool{
			"all":   func(int64) bool { return true },
			"half":  func(n int64) bool { return n%2 == 0 },
			"waves": func(n int64) bool { return n/40%2 == 1 },
		} {
			t.Run(name+" "+after, func(t *testing.T) {
				var n atomic.Int64
				c, clock := serve(t, func(w http.ResponseWriter, r *http.Request) {
					if sick(n.Add(1)) {
						w.Header().Set("Retry-After", after)
						w.WriteHeader([]int{429, 503}[n.Load()%2])
						return
					}
					w.Write([]byte(`{"data":[]}`))
				})
				var wg sync.WaitGroup
				for i := range calls {
					wg.Go(func() {
						c.Do(context.Background(), Request{
							Method: "POST", Path: "/api/x", Key: fmt.Sprintf("key-%08d", i),
						})
					})
				}
				wg.Wait()
				worst = max(worst, n.Load())
				if got, most := n.Load(), int64(calls+calls/10+10); got > most || got < calls {
					t.Errorf("%d requests for %d calls, want at most %d", got, calls, most)
				}
				for _, d := range clock.slept {
					if d > time.Minute {
						t.Errorf("a wait of %v", d)
					}
				}
				s := c.Stats()
				if name == "all" && s.Limit != 1 {
					t.Errorf("the limit is %d after a storm, want 1", s.Limit)
				}
				if s.InFlight != 0 || s.MaxInFlight > 4 {
					t.Errorf("Stats: %+v", s)
				}
			})
		}
	}
}
