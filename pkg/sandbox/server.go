package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxBody is the longest request body, in bytes, that is read.
const maxBody = 4 << 20

// Server is the Polytomic API as an http.Handler. It is safe for concurrent use:
// writes happen one after the other, as if in one database.
type Server struct {
	opts     Options
	keys     map[string]Key
	services services
	mux      *http.ServeMux
	faults   faults
	requests requestLog
	limits   limiter
	facts    facts
	done     chan struct{} // closed by Close: nobody waits any more
	closing  sync.Once

	mu      sync.Mutex
	store   *store
	running map[string]bool // idempotency keys of requests under way
}

// New returns a sandbox with these options. With a data file it goes on from what is
// kept there.
func New(opts Options) (*Server, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, fmt.Errorf("sandbox options: %w", err)
	}
	catalogue, err := loadServices(opts.Catalog)
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox's catalog: %w", err)
	}
	st, err := openStore(opts.Data, opts.Clock())
	if err != nil {
		return nil, fmt.Errorf("opening the sandbox's data: %w", err)
	}
	s := &Server{
		opts:     opts,
		keys:     map[string]Key{},
		services: catalogue,
		mux:      http.NewServeMux(),
		requests: requestLog{keepBodies: opts.KeepBodies},
		limits:   limiter{perSecond: opts.RateLimit, buckets: map[string]*bucket{}},
		facts:    facts{known: map[string]fact{}},
		done:     make(chan struct{}),
		store:    st,
		running:  map[string]bool{},
	}
	for _, k := range opts.Keys {
		s.keys[k.Value] = k
	}
	if err := s.plant(); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the sandbox's data: %w", err), s.Close())
	}
	s.routes()
	return s, nil
}

// Close lets waiting requests go and closes the data file, with everything on disk.
// Requests that come later find nothing kept.
func (s *Server) Close() error {
	s.closing.Do(func() { close(s.done) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store.log == nil {
		return nil
	}
	log := s.store.log
	s.store.log = nil
	if err := log.close(); err != nil {
		return fmt.Errorf("closing the sandbox's data: %w", err)
	}
	return nil
}

// entryKey finds a request's log entry in its context.
type entryKey struct{}

// ServeHTTP serves the API under /api, and the pages that a person opens. A fault may
// panic with http.ErrAbortHandler, by which net/http drops the connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if !isAPI(r.URL.Path) {
		s.mux.ServeHTTP(w, r)
		return
	}
	entry := s.requests.begin(r, s.opts.Clock())
	defer s.requests.end(entry)
	r = r.WithContext(context.WithValue(r.Context(), entryKey{}, entry))
	if pattern == "" {
		// Asked only for its verdict: the service answers errors as JSON.
		var verdict statusOnly
		h.ServeHTTP(&verdict, r)
		s.serve(w, r, func(*call) (*answer, error) {
			if verdict.status == http.StatusMethodNotAllowed {
				return nil, &problem{status: verdict.status, key: "method_not_allowed", message: r.Method + " is not allowed here"}
			}
			return nil, notFound("path")
		})
		return
	}
	s.mux.ServeHTTP(w, r)
}

func isAPI(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/api/")
}

// statusOnly is a ResponseWriter that keeps the status and drops the rest.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (w *statusOnly) WriteHeader(status int)      { w.status = status }

// handle serves the pattern of an http.ServeMux with h.
func (s *Server) handle(pattern string, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, h) })
}

// serve takes a request from the wire to the handler and the answer back, and lets
// ordered faults happen on the way.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, h handler) {
	entry := r.Context().Value(entryKey{}).(*Request)
	fault := s.faults.take(r)
	s.sleep(s.opts.Latency)
	version, err := s.version(r)
	w.Header().Set("X-Polytomic-Version", version)
	w.Header().Set("Date", s.opts.Clock().UTC().Format(http.TimeFormat))
	if fault.inFront() {
		s.wait(fault)
		s.play(w, r, entry, fault, version)
		return
	}
	var rep *reply
	if err != nil {
		rep = asReply(err, version)
	} else {
		rep = s.process(r, entry, fault, version, h)
	}
	if s.opts.Switches.BareErrors {
		rep = rep.bare()
	}
	if fault.hidesReply() {
		s.spoil(w, entry, fault, version, rep)
		return
	}
	s.write(w, entry, rep)
}

// write sends the reply.
func (s *Server) write(w http.ResponseWriter, entry *Request, rep *reply) {
	s.requests.answered(entry, rep.Status)
	for name, value := range rep.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(rep.Status)
	w.Write(rep.Body) // whoever hung up does not want it
}

// version is the API version that answers, and a problem if there is none such.
func (s *Server) version(r *http.Request) (string, error) {
	switch v := r.Header.Get("X-Polytomic-Version"); v {
	case "":
		return s.opts.Switches.DefaultVersion, nil
	case Version2024, Version2025:
		return v, nil
	}
	return s.opts.Switches.DefaultVersion, badRequest("X-Polytomic-Version: this sandbox speaks %s and %s", Version2024, Version2025)
}

// process authenticates, reads the body, keeps the promise of idempotency keys, and
// runs the handler.
func (s *Server) process(r *http.Request, entry *Request, fault *Fault, version string, h handler) *reply {
	who, ok := s.authenticate(r)
	if !ok {
		return unauthorized("the API key is missing or unknown").reply(version)
	}
	if retry, ok := s.limits.allow(who.key.Value, s.opts.Clock()); !ok {
		rep := (&problem{status: http.StatusTooManyRequests, key: "rate_limited", message: "too many requests"}).reply(version)
		if !s.opts.Switches.NoRetryAfter {
			rep.Header["Retry-After"] = retry
		}
		return rep
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return (&problem{status: http.StatusRequestEntityTooLarge, key: "too_large", message: "the body is too long, or it ended early"}).reply(version)
	}
	s.requests.body(entry, raw)

	c := &call{
		s: s, caller: who, version: version, base: s.baseURL(r), path: r.PathValue, query: r.URL.Query(),
		asked: &questions{open: map[string]func(context.Context) (any, error){}, answers: map[string]fact{}},
	}
	idem, replayed, err := s.admit(c, r, raw)
	if err != nil {
		return asReply(err, version)
	}
	if replayed != nil {
		s.requests.replayed(entry)
		return replayed
	}
	s.wait(fault)
	return s.execute(c, r, entry, fault, idem, raw, h)
}

// admit looks at the idempotency key of a POST: it refuses a bad one and one in use,
// returns the reply that is remembered for it, or locks it.
func (s *Server) admit(c *call, r *http.Request, raw []byte) (idem string, replayed *reply, err error) {
	idem = r.Header.Get("Idempotency-Key")
	if idem == "" || r.Method != http.MethodPost && !(r.Method == http.MethodPut && s.opts.Switches.PutKeys) {
		return "", nil, nil
	}
	if !isKey(idem) {
		return "", nil, badRequest("Idempotency-Key: want 8 to 255 of A-Z a-z 0-9 - _")
	}
	if s.opts.Switches.KeysByPath {
		idem = r.URL.Path + " " + idem
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[outcomeKey(c.org, idem)] {
		return "", nil, conflict("a request with this idempotency key is still running")
	}
	if o := s.store.outcomes.get(c.org, idem, s.opts.Clock()); o != nil {
		if s.opts.Switches.RefuseOtherBody && o.Body != digest(raw) {
			return "", nil, invalid("Idempotency-Key: was used with another body")
		}
		return idem, o.Reply, nil
	}
	s.running[outcomeKey(c.org, idem)] = true
	return idem, nil, nil
}

// execute runs the handler and makes what it did durable, together with the outcome of
// the idempotency key, so that neither is ever without the other.
func (s *Server) execute(c *call, r *http.Request, entry *Request, fault *Fault, idem string, raw []byte, h handler) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	org := c.org // the handler may go to another
	if idem != "" {
		defer delete(s.running, outcomeKey(org, idem))
	}
	c.now = s.opts.Clock().UTC()
	fresh := *c
	rep := s.run(c, r, fault, raw, h)
	for len(c.asked.open) > 0 {
		s.mu.Unlock()
		s.settle(c.asked)
		s.mu.Lock()
		*c = fresh
		rep = s.run(c, r, fault, raw, h)
	}
	effect := !c.change.empty()
	if fault.isServerError() && fault.After {
		rep = fault.reply(c.version)
	}
	if idem != "" && !(s.opts.Switches.ForgetRefusals && rep.Status < http.StatusInternalServerError && rep.Status >= http.StatusBadRequest) {
		c.change.Outcome = &outcome{Org: org, Key: idem, Body: digest(raw), At: c.now, Reply: rep}
	}
	if err := s.store.commit(&c.change); err != nil {
		return (&problem{status: http.StatusInternalServerError, key: "internal_error", message: "the sandbox cannot keep its data"}).reply(c.version)
	}
	s.requests.effect(entry, effect)
	return rep
}

func (s *Server) run(c *call, r *http.Request, fault *Fault, raw []byte, h handler) *reply {
	ans, err := func() (*answer, error) {
		if fault.isServerError() && !fault.After {
			return nil, &problem{status: fault.Status, key: "internal_error", message: "something went wrong"}
		}
		if c.key.ReadOnly && writes(r.Method) {
			return nil, forbidden("this key may only read")
		}
		body, err := parseBody(raw)
		if err != nil {
			return nil, err
		}
		c.body = body
		if name, ok := body["name"].(string); ok {
			body["name"] = s.opts.Switches.keptName(name)
		}
		if err := c.roam(); err != nil {
			return nil, err
		}
		return h(c)
	}()
	if err != nil {
		c.change = change{}
		return asReply(err, c.version)
	}
	return ans.reply()
}

func asReply(err error, version string) *reply {
	p, ok := err.(*problem)
	if !ok {
		p = &problem{status: http.StatusInternalServerError, key: "internal_error", message: err.Error()}
	}
	return p.reply(version)
}

func (s *Server) baseURL(r *http.Request) string {
	if s.opts.BaseURL != "" {
		return strings.TrimRight(s.opts.BaseURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// sleep lets time pass, but not beyond Close.
func (s *Server) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.done:
	}
}
