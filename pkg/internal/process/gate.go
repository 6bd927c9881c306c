package process

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
)

// Fate is what becomes of a request: what is done with it, and what happens at
// that point.
type Fate struct {
	At   Boundary
	Then func() // nil: the request is served as ever
}

// Boundary is a point in the life of a request.
type Boundary int

// The boundaries of a request.
const (
	Accepted  Boundary = iota // nothing of it is read
	Read                      // it is read whole, and nothing is done
	Done                      // the service has done it, and says nothing
	FirstByte                 // one byte of the answer's body is out
	Answered                  // the answer is out
	Boundaries
)

func (b Boundary) String() string {
	return [...]string{"accepted", "read", "done", "first byte", "answered"}[b]
}

// gate stands before the service.
type gate struct {
	service http.Handler

	mu   sync.Mutex
	n    int
	fate func(n int, r *http.Request) Fate
}

// Gate has fate decide about every request from now on, which it counts from 1.
// At Done, Read and Accepted the connection is dropped after Then has run.
func (w *World) Gate(fate func(n int, r *http.Request) Fate) { w.gate.set(fate) }

// Open lets all requests pass again, and tells how many there were since Gate.
func (w *World) Open() int { return w.gate.set(nil) }

// set puts a fate in place, nil for none, and tells how many requests there were
// under the last one.
func (g *gate) set(fate func(n int, r *http.Request) Fate) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.n
	g.n, g.fate = 0, fate
	return n
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.n++
	n, fate := g.n, g.fate
	g.mu.Unlock()
	var f Fate
	if fate != nil {
		f = fate(n, r)
	}
	if f.Then == nil {
		g.service.ServeHTTP(w, r)
		return
	}
	drop := func() {
		f.Then()
		panic(http.ErrAbortHandler)
	}
	if f.At == Accepted {
		drop()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || f.At == Read {
		drop()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	g.service.ServeHTTP(answer, r)
	if f.At == Done {
		drop()
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
	w.WriteHeader(answer.Code)
	out := answer.Body.Bytes()
	if f.At == FirstByte && len(out) > 0 {
		_, _ = w.Write(out[:1]) // to whom it may concern
		_ = http.NewResponseController(w).Flush()
		drop()
	}
	_, _ = w.Write(out)
	_ = http.NewResponseController(w).Flush()
	f.Then()
}
