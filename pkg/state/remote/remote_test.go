package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"
	"gocloud.dev/blob/memblob"

	"github.com/polyplan/polyplan/pkg/pgtest"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

func TestMain(m *testing.M) {
	os.Setenv("AWS_ACCESS_KEY_ID", "made-up")
	os.Setenv("AWS_SECRET_ACCESS_KEY", "made-up")
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	code := pgtest.Main(m).Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

func noEnv(string) (string, bool) { return "", false }

// opener opens stores at an address, and closes them when the test ends.
func opener(t *testing.T, address string) func() state.Store {
	return func() state.Store {
		store, err := Open(context.Background(), address, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	}
}

// A bucket in memory stands for Google's and Azure's: their drivers are the same
// library's, and no server of theirs can be run here.
func TestBucket(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() state.Store {
		b := memblob.OpenBucket(nil)
		t.Cleanup(func() { b.Close() })
		return func() state.Store { return state.OnObjects("mem://", bucket{b}, keepObjects) }
	})
}

// fakeS3 is the address of a bucket on a server in this process.
func fakeS3(t *testing.T) string {
	backend := s3mem.New()
	if err := backend.CreateBucket("states"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(server.Close)
	return "s3://states/team/production?endpoint=" + url.QueryEscape(server.URL)
}

func TestS3(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() state.Store { return opener(t, fakeS3(t)) })
}

func TestPostgres(t *testing.T) {
	address, states := pgtest.URL(t), 0
	statetest.Run(t, func(t *testing.T) func() state.Store {
		states++ // one database has room for many
		return opener(t, fmt.Sprintf("%s&state=number-%d", address, states))
	})
}

// backend is a server of Terraform's HTTP backend protocol.
type backend struct {
	mu      sync.Mutex
	content []byte
	lock    []byte
	serials map[int64]bool // GitLab takes each only once
	gitlab  bool
	forgets bool // it grants every lock
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if user, password, _ := r.BasicAuth(); user != "ada" || password != "made-up-password" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	method := r.Method
	if b.gitlab && strings.HasSuffix(r.URL.Path, "/lock") {
		method = map[string]string{"POST": "LOCK", "DELETE": "UNLOCK"}[method]
	}
	var held, asked struct{ ID string }
	_ = json.Unmarshal(b.lock, &held)
	_ = json.Unmarshal(body, &asked)
	switch method {
	case "GET":
		if b.content == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(b.content)
	case "POST":
		if !b.forgets && (b.lock == nil || r.URL.Query().Get("ID") != held.ID) {
			w.WriteHeader(http.StatusConflict)
			return
		}
		var doc struct{ Serial int64 }
		if err := json.Unmarshal(body, &doc); err != nil || b.gitlab && b.serials[doc.Serial] {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b.serials[doc.Serial] = true
		b.content = body
	case "LOCK":
		if b.lock != nil && !b.forgets {
			w.WriteHeader(http.StatusLocked)
			w.Write(b.lock)
			return
		}
		b.lock = body
	case "UNLOCK":
		if asked.ID != held.ID && !b.forgets {
			w.WriteHeader(http.StatusConflict)
			return
		}
		b.lock = nil
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// serveBackend starts such a server and returns the address of a state on it.
func serveBackend(t *testing.T, b *backend) string {
	b.serials = map[int64]bool{}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	at := strings.Replace(server.URL, "http://", "http://ada:made-up-password@", 1)
	if b.gitlab {
		return at + "/api/v4/projects/7/terraform/state/production"
	}
	return at + "/state"
}

func TestHTTP(t *testing.T) {
	for name, gitlab := range map[string]bool{"plain": false, "as GitLab": true} {
		t.Run(name, func(t *testing.T) {
			statetest.Run(t, func(t *testing.T) func() state.Store {
				return opener(t, serveBackend(t, &backend{gitlab: gitlab}))
			})
		})
	}
}
