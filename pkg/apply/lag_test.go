package apply_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// laggard has a service answer GETs of the paths that stale matches as it did the
// first time: lists lack what was made since, objects show what they were.
type laggard struct {
	stale *regexp.Regexp
	base  http.RoundTripper
	mu    sync.Mutex
	first map[string][]byte
	late  int // answers that were
}

func (l *laggard) round(base http.RoundTripper) http.RoundTripper {
	l.base = base
	return l
}

func (l *laggard) RoundTrip(q *http.Request) (*http.Response, error) {
	res, err := l.base.RoundTrip(q)
	if err != nil || q.Method != http.MethodGet || res.StatusCode != http.StatusOK || !l.stale.MatchString(q.URL.Path) {
		return res, err
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.first[q.URL.String()]; ok {
		if !bytes.Equal(old, raw) {
			l.late++
		}
		raw = old
	} else {
		l.first[q.URL.String()] = raw
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Del("Content-Length")
	return res, nil
}

var (
	lists   = regexp.MustCompile(`^/api/(connections|models|syncs)$`)
	objects = regexp.MustCompile(`^/api/(connections|models|syncs)/[^/]+$`)
)

// Lists that lag behind, and objects that show what they were before they were
// written, make nothing twice, be the answer to a create lost or not; and once the
// service shows what it has, so does the plan.
func TestServiceThatLags(t *testing.T) {
	for _, tt := range []struct {
		name  string
		stale *regexp.Regexp
		fault sandbox.Action // of every create; "" for none
	}{
		{"lists", lists, ""},
		{"lists, answers lost", lists, sandbox.LoseReply},
		{"lists, requests lost", lists, sandbox.Refuse},
		{"objects", objects, ""},
		{"objects, answers lost", objects, sandbox.LoseReply},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rig.New(t, rig.Options{Unchecked: true}) // the contract would find old answers good
			wanted := r.Manifest(small)
			l := &laggard{stale: tt.stale, first: map[string][]byte{}}
			run := rig.Run{Manifest: wanted, Round: l.round}
			r.Plan(run) // what lists answer from now on
			if tt.fault != "" {
				r.Server.Fault(sandbox.Fault{Method: "POST", Path: "/api/*", Do: tt.fault, Times: -1})
				r.Do(run)
				r.Server.ResetFaults()
			}
			for range 4 { // one kind waits for another
				r.Do(run)
			}
			changed := r.Manifest(rig.Replace(t, small, "tracking_columns: [id]", "tracking_columns: [id, email]"))
			run.Manifest = changed
			for range 2 {
				run.Store = rig.Suspicious(r.Store()) // every object is read
				if err := r.Do(run).Failure(); err != nil {
					t.Errorf("an update: %v", err)
				}
			}
			if l.late == 0 {
				t.Error("nothing was late")
			}
			r.Converged(changed)
		})
	}
}
