package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// keptRequests is how many requests the log holds; older ones drop out.
const keptRequests = 20_000

// Request is an API request that the sandbox got.
type Request struct {
	Time    time.Time `json:"time"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Query   string    `json:"query,omitempty"`
	Version string    `json:"version,omitempty"` // as sent
	Key     string    `json:"key,omitempty"`     // its idempotency key
	Status  int       `json:"status"`            // 0 while it runs, and if the connection was dropped

	Effect   bool   `json:"effect"`         // it changed something
	Replayed bool   `json:"replayed"`       // it got what its idempotency key remembered
	Body     []byte `json:"body,omitempty"` // only with Options.KeepBodies
}

// Requests returns the requests since the start or the last ResetRequests, in the order
// in which they came.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	all := make([]Request, len(s.requests.all))
	for i, r := range s.requests.all {
		all[i] = *r
	}
	return all
}

// ResetRequests empties the request log and MaxInFlight.
func (s *Server) ResetRequests() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.all, s.requests.most = nil, s.requests.inFlight
}

// MaxInFlight returns the most requests that were served at one time.
func (s *Server) MaxInFlight() int {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return s.requests.most
}

type requestLog struct {
	keepBodies bool

	mu             sync.Mutex
	all            []*Request
	inFlight, most int
}

func (l *requestLog) begin(r *http.Request, now time.Time) *Request {
	entry := &Request{
		Time: now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Version: r.Header.Get("X-Polytomic-Version"), Key: r.Header.Get("Idempotency-Key"),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) >= keptRequests {
		l.all = append([]*Request(nil), l.all[keptRequests/10:]...)
	}
	l.all = append(l.all, entry)
	l.inFlight++
	l.most = max(l.most, l.inFlight)
	return entry
}

func (l *requestLog) end(*Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
}

// set changes an entry, which readers may be copying.
func (l *requestLog) set(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *requestLog) answered(e *Request, status int) { l.set(func() { e.Status = status }) }
func (l *requestLog) effect(e *Request, effect bool)  { l.set(func() { e.Effect = effect }) }
func (l *requestLog) replayed(e *Request)             { l.set(func() { e.Replayed = true }) }

func (l *requestLog) body(e *Request, raw []byte) {
	if l.keepBodies {
		l.set(func() { e.Body = raw })
	}
}

// limiter gives every key a bucket that holds a second's worth of requests.
type limiter struct {
	perSecond int

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// allow takes one request from the key's bucket. When it is empty, retry is what to
// send as Retry-After; the header counts whole seconds, so that is always "1".
func (l *limiter) allow(key string, now time.Time) (retry string, ok bool) {
	if l.perSecond <= 0 {
		return "", true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		b = &bucket{left: float64(l.perSecond), at: now}
		l.buckets[key] = b
	}
	b.left = min(float64(l.perSecond), b.left+now.Sub(b.at).Seconds()*float64(l.perSecond))
	b.at = now
	if b.left < 1 {
		return "1", false
	}
	b.left--
	return "", true
}
