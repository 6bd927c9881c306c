package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

const header = "Idempotency-Key"

func TestIdempotencyReplay(t *testing.T) {
	clk := newClock()
	c := start(t, Options{Clock: clk.now})
	keyed := c.with(header, "key-number-1")
	first := keyed.post("/api/connections", postgresBody())
	equal(t, "second answer", first, keyed.post("/api/connections", postgresBody()))
	_, other := keyed.send(contract.Unchecked(keyed.request("POST", "/api/models", m{"name": "x", "connection_id": id(first), "configuration": m{"table": "users"}})))
	equal(t, "other body, other path", first, other["data"].(m))
	equal(t, "connections", 1, c.s.Count("connection"))
	equal(t, "models", 0, c.s.Count("model"))

	requests := c.s.Requests()
	for i, want := range []struct{ effect, replayed bool }{{true, false}, {false, true}, {false, true}} {
		got := requests[i]
		if got.Effect != want.effect || got.Replayed != want.replayed || got.Key != "key-number-1" || got.Status != 200 {
			t.Errorf("request %d = %+v", i, got)
		}
	}
	clk.advance(24*time.Hour - time.Second)
	keyed.post("/api/connections", postgresBody())
	clk.advance(time.Second)
	// A day later the key is new, and the name is taken.
	keyed.refuse(422, "exists already", "POST", "/api/connections", postgresBody())
}

// Errors are outcomes, too: the same key gets the same error even when the cause is gone.
func TestIdempotencyReplaysErrors(t *testing.T) {
	c := start(t, Options{})
	conn := c.post("/api/connections", postgresBody())
	keyed := c.with(header, "key-number-1")
	keyed.refuse(422, "exists already", "POST", "/api/connections", postgresBody())
	c.do("DELETE", "/api/connections/"+id(conn), nil)
	keyed.refuse(422, "exists already", "POST", "/api/connections", postgresBody())
	c.with(header, "key-number-2").post("/api/connections", postgresBody())

	c.s.Fault(Fault{Do: Status, Status: 500})
	keyed = c.with(header, "key-number-3")
	for range 2 {
		keyed.refuse(500, "", "POST", "/api/model-preview", m{})
	}
	// What was answered in front of the service is nobody's outcome.
	c.s.Fault(Fault{Do: Status, Status: 503})
	keyed = c.with(header, "key-number-4")
	keyed.refuse(503, "", "POST", "/api/connections", patched(postgresBody(), m{"name": "Other"}))
	keyed.post("/api/connections", patched(postgresBody(), m{"name": "Other"}))
}

func TestIdempotencyKeyForm(t *testing.T) {
	c := start(t, Options{})
	for _, bad := range []string{"short", strings.Repeat("x", 256), "with space", "dots.are.bad", "ümlauts-are-bad"} {
		c.with(header, bad).refuse(400, header, "POST", "/api/connections", postgresBody())
	}
	for i, good := range []string{"12345678", strings.Repeat("x", 255), "a_b-C9_d", "8c0e6bb8-9a5e-4b43-9a02-5d2f7a9b1c11"} {
		c.with(header, good).post("/api/connections", patched(postgresBody(), m{"name": strings.Repeat("n", i+1)}))
	}
	// Other methods pass over the header.
	keyed := c.with(header, "bad")
	equal(t, "connections", 4, len(keyed.items("/api/connections")))
	conn := id(keyed.items("/api/connections")[0].(m))
	keyed = c.with(header, "key-number-1")
	keyed.put("/api/connections/"+conn, patched(postgresBody(), m{"name": "one"}))
	equal(t, "name after the second PUT", "two", keyed.put("/api/connections/"+conn, patched(postgresBody(), m{"name": "two"}))["name"])
}

// While a request runs its key is locked.
func TestIdempotencyLock(t *testing.T) {
	c := start(t, Options{})
	arrived, release := make(chan struct{}), make(chan struct{})
	c.s.Fault(Fault{Method: "POST", Do: Wait, Hold: func() { close(arrived); <-release }})
	keyed := c.with(header, "key-number-1")
	r := keyed.request("POST", "/api/connections", postgresBody())
	var wg sync.WaitGroup
	wg.Go(func() {
		res, err := keyed.http.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("first request: %d", res.StatusCode)
		}
	})
	<-arrived
	keyed.refuse(409, "still running", "POST", "/api/connections", postgresBody())
	close(release)
	wg.Wait()
	keyed.post("/api/connections", postgresBody())
	equal(t, "connections", 1, c.s.Count("connection"))
	if got := c.s.MaxInFlight(); got != 2 {
		t.Errorf("MaxInFlight = %d, want 2", got)
	}
}

// However many ask at once with one key, one of them has an effect.
func TestIdempotencyRace(t *testing.T) {
	c := start(t, Options{Switches: Switches{DuplicateConnectionNames: true}})
	keyed := c.with(header, "key-number-1")
	var wg sync.WaitGroup
	for range 20 {
		r := contract.Mistaken(keyed.request("POST", "/api/connections", postgresBody()))
		wg.Go(func() {
			res, err := keyed.http.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusConflict {
				t.Errorf("status %d", res.StatusCode)
			}
		})
	}
	wg.Wait()
	equal(t, "connections", 1, c.s.Count("connection"))
}
