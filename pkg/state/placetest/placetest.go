// Package placetest is servers on which tests keep a state: buckets, and
// Terraform's HTTP backend protocol.
//
// It is for tests alone: no package of the program may import it. It stands outside
// of pkg/internal because the tests of cmd need it, too.
package placetest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is a server of S3's interface that has one bucket, by the name of states.
func Bucket() http.Handler {
	backend := s3mem.New()
	if err := backend.CreateBucket("states"); err != nil {
		panic(err) // an empty one has no such bucket
	}
	return gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
}

// Who may use a Document.
const (
	User     = "ada"
	Password = "made-up-password"
)

// Document is a server of Terraform's HTTP backend protocol, with one state at any
// path. Its zero value is ready.
type Document struct {
	GitLab   bool   // locks with POST and DELETE of .../lock, and takes each serial only once
	Forgets  bool   // grants every lock
	Password string // in place of Password

	mu      sync.Mutex
	content []byte
	lock    []byte
	serials map[int64]bool
}

// Path is where its state is to be looked for.
func (d *Document) Path() string {
	if d.GitLab {
		return "/api/v4/projects/7/terraform/state/production"
	}
	return "/state"
}

// Leave leaves a lock there, as a run does that is killed: the text is what the
// protocol says of it.
func (d *Document) Leave(info string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lock = []byte(info)
}

// Put puts a text in place of the state.
func (d *Document) Put(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.content = []byte(text)
}

// Text is what is kept, "" for nothing.
func (d *Document) Text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(d.content)
}

// ServeHTTP implements http.Handler.
func (d *Document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	want := d.Password
	if want == "" {
		want = Password
	}
	if user, password, _ := r.BasicAuth(); user != User || password != want {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	method, isHeld := r.Method, http.StatusLocked
	if d.GitLab {
		isHeld = http.StatusConflict
		if strings.HasSuffix(r.URL.Path, "/lock") {
			method = map[string]string{http.MethodPost: "LOCK", http.MethodDelete: "UNLOCK"}[method]
		}
	}
	var held, asked struct{ ID string }
	_ = json.Unmarshal(d.lock, &held) // no lock has no ID
	_ = json.Unmarshal(body, &asked)
	switch method {
	case http.MethodGet:
		if d.content == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(d.content)
	case http.MethodPost:
		if !d.Forgets && (d.lock == nil || r.URL.Query().Get("ID") != held.ID) {
			w.WriteHeader(isHeld)
			return
		}
		var doc struct{ Serial int64 }
		if err := json.Unmarshal(body, &doc); err != nil || d.GitLab && d.serials[doc.Serial] {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if d.serials == nil {
			d.serials = map[int64]bool{}
		}
		d.serials[doc.Serial] = true
		d.content = body
	case "LOCK":
		if d.lock != nil && !d.Forgets {
			w.WriteHeader(isHeld)
			_, _ = w.Write(d.lock)
			return
		}
		d.lock = body
	case "UNLOCK":
		if asked.ID != held.ID && !d.Forgets {
			w.WriteHeader(http.StatusConflict)
			return
		}
		d.lock = nil
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}
