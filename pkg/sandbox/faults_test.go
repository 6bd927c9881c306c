package sandbox

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

func TestFaults(t *testing.T) {
	tests := []struct {
		name    string
		fault   Fault
		status  int    // 0 if no answer arrives
		body    string // part of it
		header  string // "Name: value"
		cut     bool   // the body ends early
		effects int    // connections that exist afterwards
	}{
		{"wait", Fault{Do: Wait}, 200, `"id"`, "", false, 1},
		{"refuse", Fault{Do: Refuse}, 0, "", "", false, 0},
		{"lose reply", Fault{Do: LoseReply}, 0, "", "", false, 1},
		{"cut", Fault{Do: CutBody}, 200, `{"data"`, "", true, 1},
		{"500", Fault{Do: Status, Status: 500}, 500, `"status":500`, "X-Polytomic-Version: 2024-02-08", false, 0},
		{"500 after", Fault{Do: Status, Status: 500, After: true}, 500, `"status":500`, "", false, 1},
		{"503", Fault{Do: Status, Status: 503, RetryAfter: 7}, 503, `"status":503`, "Retry-After: 7", false, 0},
		{"503 after", Fault{Do: Status, Status: 503, After: true}, 503, "", "", false, 1},
		{"429", Fault{Do: Status, Status: 429, RetryAfter: 1}, 429, `"key":"too_many_requests"`, "Retry-After: 1", false, 0},
		{"401", Fault{Do: Status, Status: 401}, 401, `"status":"Unauthorized"`, "", false, 0},
		{"403", Fault{Do: Status, Status: 403}, 403, `"status":403`, "", false, 0},
		{"html", Fault{Do: HTML}, 502, "<html>", "Content-Type: text/html", false, 0},
		{"html of no error", Fault{Do: HTML, Status: 200}, 200, "<html>", "X-Polytomic-Version: ", false, 0},
		{"html after", Fault{Do: HTML, After: true}, 502, "<html>", "", false, 1},
		{"redirect", Fault{Do: Redirect, Location: "https://elsewhere.example.com/"}, 307, "", "Location: https://elsewhere.example.com/", false, 0},
		{"redirect by another status", Fault{Do: Redirect, Status: 302}, 302, "", "Location: /api/connections", false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Options{})
			c.s.Fault(tt.fault)
			res, err := c.http.Transport.RoundTrip(contract.Unchecked(c.request("POST", "/api/connections", postgresBody())))
			if tt.status == 0 {
				if err == nil {
					t.Fatalf("an answer came: %d", res.StatusCode)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				got, err := io.ReadAll(res.Body)
				if res.StatusCode != tt.status || !strings.Contains(string(got), tt.body) || (err != nil) != tt.cut {
					t.Errorf("answer: %d %q %v", res.StatusCode, got, err)
				}
				name, value, _ := strings.Cut(tt.header, ": ")
				if name != "" && res.Header.Get(name) != value {
					t.Errorf("%s = %q, want %q", name, res.Header.Get(name), value)
				}
			}
			equal(t, "connections", tt.effects, c.s.Count("connection"))
			equal(t, "effect in the log", tt.effects == 1, c.s.Requests()[0].Effect)
			equal(t, "status in the log", tt.status, c.s.Requests()[0].Status)
			equal(t, "faults left", 0, c.s.FaultsLeft())
			if tt.effects == 0 {
				c.post("/api/connections", postgresBody())
			}
		})
	}
}

func TestFaultMatching(t *testing.T) {
	tests := []struct {
		name  string
		fault Fault
		want  string // of the requests below, x hits and . passes
	}{
		{"next", Fault{}, "x....."},
		{"second", Fault{Nth: 2}, ".x...."},
		{"two from the third", Fault{Nth: 3, Times: 2}, "..xx.."},
		{"all", Fault{Times: -1}, "xxxxxx"},
		{"all from the fifth", Fault{Nth: 5, Times: -1}, "....xx"},
		{"method", Fault{Method: "PUT", Times: -1}, "..x..x"},
		{"mutating", Fault{Mutating: true, Times: -1}, ".xx.xx"},
		{"second mutating", Fault{Mutating: true, Nth: 2}, "..x..."},
		{"path", Fault{Path: "/api/syncs", Times: -1}, "...xx."},
		{"wildcard", Fault{Path: "/api/*/1", Times: -1}, "..x..x"},
		{"rest", Fault{Path: "/api/connections/**", Times: -1}, "xxx..."},
		{"prefix is no match", Fault{Path: "/api/sync", Times: -1}, "......"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := New(Options{})
			if err != nil {
				t.Fatal(err)
			}
			tt.fault.Do = Refuse
			s.Fault(tt.fault)
			var got string
			for _, line := range []string{"GET /api/connections", "POST /api/connections", "PUT /api/connections/1", "GET /api/syncs", "POST /api/syncs", "PUT /api/syncs/1"} {
				method, path, _ := strings.Cut(line, " ")
				r, err := http.NewRequest(method, path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if s.faults.take(r) != nil {
					got += "x"
				} else {
					got += "."
				}
			}
			if got != tt.want {
				t.Errorf("hits %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFaultOrder(t *testing.T) {
	c := start(t, Options{})
	c.s.Fault(Fault{Do: Status, Status: 500, Times: -1})
	c.refuse(500, "", "GET", "/api/me", nil)
	equal(t, "faults left", 1, c.s.FaultsLeft())
	c.s.ResetFaults()
	c.get("/api/me")
	for _, bad := range []Fault{{}, {Do: "explode"}, {Do: Status}, {Do: Status, Status: 200}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is accepted", bad)
				}
			}()
			c.s.Fault(bad)
		}()
	}
}

func TestRateLimit(t *testing.T) {
	clk := newClock()
	c := start(t, Options{Clock: clk.now, RateLimit: 2, Keys: []Key{{Value: "one"}, {Value: "two"}}})
	c.get("/api/me")
	c.get("/api/me")
	res, err := c.http.Do(c.request("GET", "/api/me", nil))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" {
		t.Errorf("third request: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	c.keyed("two").get("/api/me")
	clk.advance(500e6)
	c.get("/api/me")
	c.refuse(429, "", "GET", "/api/me", nil)
}

func TestRequestLog(t *testing.T) {
	clk := newClock()
	c := start(t, Options{KeepBodies: true, Clock: clk.now})
	c.send(c.request("GET", "/api/syncs?active=true", nil))
	c.with(header, "key-number-1").post("/api/connections", postgresBody())
	got := c.s.Requests()
	equal(t, "first", Request{Time: clk.now(), Method: "GET", Path: "/api/syncs", Query: "active=true", Version: Version2024, Status: 200}, Request{
		got[0].Time, got[0].Method, got[0].Path, got[0].Query, got[0].Version, got[0].Key, got[0].Status, got[0].Effect, got[0].Replayed, nil,
	})
	if !strings.Contains(string(got[1].Body), "made-up-password") || got[1].Key != "key-number-1" || !got[1].Effect {
		t.Errorf("second = %+v", got[1])
	}
	c.s.ResetRequests()
	if n := len(c.s.Requests()); n != 0 {
		t.Errorf("%d requests after the reset", n)
	}
}
