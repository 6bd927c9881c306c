package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Action is what goes wrong.
type Action string

const (
	// Wait only takes time: Delay passes and Hold is called, then all goes well.
	Wait Action = "wait"
	// Refuse drops the connection before anything is done.
	Refuse Action = "refuse"
	// LoseReply does what was asked and then drops the connection.
	LoseReply Action = "lose-reply"
	// CutBody does what was asked and drops the connection half-way through the answer.
	CutBody Action = "cut"
	// Status answers Status. A 500 comes from the service itself and is what the
	// request's idempotency key remembers; any other status comes from something in
	// front of the service, which knows nothing of keys.
	Status Action = "status"
	// HTML answers a page with Status, 502 if there is none.
	HTML Action = "html"
	// Redirect answers Status, 307 if there is none, with Location.
	Redirect Action = "redirect"
)

// Fault is a fault on order: which request it hits and what then happens.
type Fault struct {
	Method   string `json:"method,omitempty"`   // empty: any
	Path     string `json:"path,omitempty"`     // empty: any; * is one segment, ** at the end any rest or none
	Mutating bool   `json:"mutating,omitempty"` // only POST, PUT, PATCH, DELETE
	Nth      int    `json:"nth,omitempty"`      // the first matching request to hit, counted from now; 0 is the next
	Times    int    `json:"times,omitempty"`    // how many in a row; 0 is one, negative all that follow

	Do         Action        `json:"do"`
	Status     int           `json:"status,omitempty"`
	After      bool          `json:"after,omitempty"`       // of Status and HTML: do what was asked first
	RetryAfter int           `json:"retry_after,omitempty"` // seconds, sent with Status
	Location   string        `json:"location,omitempty"`
	Delay      time.Duration `json:"delay,omitempty"` // passes first, whatever is done

	// Hold is called before anything is done, with an idempotency key already locked.
	// The request goes on when it returns.
	Hold func() `json:"-"`

	seen int
}

func (f *Fault) check() error {
	switch f.Do {
	case Wait, Refuse, LoseReply, CutBody, HTML, Redirect:
	case Status:
		if f.Status < 400 || f.Status > 599 {
			return fmt.Errorf("fault: status is %d, want one from 400 to 599", f.Status)
		}
	default:
		return fmt.Errorf("fault: unknown action %q", f.Do)
	}
	return nil
}

// Fault orders a fault. It panics if the fault makes no sense.
func (s *Server) Fault(f Fault) {
	if err := f.check(); err != nil {
		panic("sandbox: " + err.Error())
	}
	s.faults.add(f)
}

// FaultsLeft returns how many of the faults ordered have not run out.
func (s *Server) FaultsLeft() int { return s.faults.left() }

// ResetFaults forgets all faults.
func (s *Server) ResetFaults() { s.faults.reset() }

type faults struct {
	mu  sync.Mutex
	all []*Fault
}

func (fs *faults) add(f Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.seen = 0
	fs.all = append(fs.all, &f)
}

func (fs *faults) reset() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.all = nil
}

func (fs *faults) left() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	n := 0
	for _, f := range fs.all {
		if !f.over() {
			n++
		}
	}
	return n
}

func (f *Fault) first() int { return max(f.Nth, 1) }

func (f *Fault) over() bool {
	return f.Times >= 0 && f.seen >= f.first()-1+max(f.Times, 1)
}

// take counts the request for every fault it matches and returns a copy of the first
// that hits it, or nil.
func (fs *faults) take(r *http.Request) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var hit *Fault
	for _, f := range fs.all {
		if !f.matches(r) || f.over() {
			continue
		}
		f.seen++
		if hit == nil && f.seen >= f.first() {
			c := *f
			hit = &c
		}
	}
	return hit
}

func (f *Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method || f.Mutating && !writes(r.Method) {
		return false
	}
	return f.Path == "" || matchPath(f.Path, r.URL.Path)
}

func matchPath(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range want {
		if segment == "**" && i == len(want)-1 {
			return true
		}
		if i >= len(got) || segment != "*" && segment != got[i] {
			return false
		}
	}
	return len(want) == len(got)
}

// A nil *Fault is no fault.

// isServerError reports whether the service itself fails.
func (f *Fault) isServerError() bool {
	return f != nil && f.Do == Status && f.Status == http.StatusInternalServerError
}

// inFront reports whether the request never gets to the service.
func (f *Fault) inFront() bool {
	if f == nil {
		return false
	}
	switch f.Do {
	case Refuse, Redirect:
		return true
	case Status:
		return !f.After && !f.isServerError()
	case HTML:
		return !f.After
	}
	return false
}

// hidesReply reports whether the service does its work and its reply does not arrive.
func (f *Fault) hidesReply() bool {
	if f == nil {
		return false
	}
	switch f.Do {
	case LoseReply, CutBody:
		return true
	case Status, HTML:
		return f.After && !f.isServerError()
	}
	return false
}

// reply is what Status answers.
func (f *Fault) reply(version string) *reply {
	p := &problem{status: f.Status, key: strings.ReplaceAll(strings.ToLower(http.StatusText(f.Status)), " ", "_"), message: http.StatusText(f.Status)}
	rep := p.reply(version)
	if f.RetryAfter > 0 {
		rep.Header["Retry-After"] = strconv.Itoa(f.RetryAfter)
	}
	return rep
}

// page is what a proxy answers when it has lost the service.
func (f *Fault) page() *reply {
	status := f.Status
	if status == 0 {
		status = http.StatusBadGateway
	}
	return &reply{
		Status: status,
		Header: map[string]string{"Content-Type": "text/html"},
		Body:   []byte("<html><head><title>" + http.StatusText(status) + "</title></head><body><center><h1>" + http.StatusText(status) + "</h1></center></body></html>\n"),
	}
}

// wait lets pass the time that the fault takes.
func (s *Server) wait(f *Fault) {
	if f == nil {
		return
	}
	s.sleep(f.Delay)
	if f.Hold != nil {
		f.Hold()
	}
}

// play does what a fault in front of the service does.
func (s *Server) play(w http.ResponseWriter, r *http.Request, entry *Request, f *Fault, version string) {
	switch f.Do {
	case Status:
		s.write(w, entry, f.reply(version))
	case HTML:
		w.Header().Del("X-Polytomic-Version") // no proxy knows it
		s.write(w, entry, f.page())
	case Redirect:
		status, location := f.Status, f.Location
		if status == 0 {
			status = http.StatusTemporaryRedirect
		}
		if location == "" {
			location = r.URL.Path
		}
		s.write(w, entry, &reply{Status: status, Header: map[string]string{"Location": location}})
	default:
		panic(http.ErrAbortHandler)
	}
}

// spoil keeps the service's reply from arriving.
func (s *Server) spoil(w http.ResponseWriter, entry *Request, f *Fault, version string, rep *reply) {
	switch f.Do {
	case Status:
		s.write(w, entry, f.reply(version))
	case HTML:
		w.Header().Del("X-Polytomic-Version")
		s.write(w, entry, f.page())
	case CutBody:
		w.Header().Set("Content-Length", strconv.Itoa(max(len(rep.Body), 1)))
		s.write(w, entry, &reply{Status: rep.Status, Header: rep.Header, Body: rep.Body[:len(rep.Body)/2]})
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		panic(http.ErrAbortHandler)
	}
}
