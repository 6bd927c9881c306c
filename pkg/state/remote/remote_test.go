package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"gocloud.dev/blob/memblob"

	"github.com/polyplan/polyplan/pkg/pgtest"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/placetest"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

func TestMain(m *testing.M) {
	os.Setenv("AWS_ACCESS_KEY_ID", "made-up")
	os.Setenv("AWS_SECRET_ACCESS_KEY", "made-up-") // MinIO wants eight characters
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

// A bucket in memory stands for Azure's: its driver is the same library's, and no
// server of theirs can be run here.
func TestBucket(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() state.Store {
		b := memblob.OpenBucket(nil)
		t.Cleanup(func() { b.Close() })
		return func() state.Store { return state.OnObjects("mem://", bucket{b}, keepObjects) }
	})
}

// fakeS3 is the address of a bucket on a server in this process.
func fakeS3(t *testing.T) string {
	server := httptest.NewServer(placetest.Bucket())
	t.Cleanup(server.Close)
	return "s3://states/team/production?endpoint=" + url.QueryEscape(server.URL)
}

func TestS3(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() state.Store { return opener(t, fakeS3(t)) })
}

// Answers that end in the middle are asked for again.
func TestCutOff(t *testing.T) {
	ctx := context.Background()
	whole, cut := placetest.Bucket(), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Query().Has("list-type") || cut == 0 {
			whole.ServeHTTP(w, r)
			return
		}
		cut--
		answer := httptest.NewRecorder()
		whole.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	}))
	t.Cleanup(server.Close)
	store := opener(t, "s3://states?endpoint="+url.QueryEscape(server.URL))()
	if err := store.Save(ctx, state.New()); err != nil {
		t.Fatal(err)
	}
	cut = 3
	if got, err := store.Load(ctx); err != nil || got.Serial != 1 || cut != 0 {
		t.Errorf("Load: %+v, %v, with %d cuts to come", got, err, cut)
	}
	cut = 1000
	if _, err := store.Load(ctx); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Load of what is always cut off: %v", err)
	}
}

func TestPostgres(t *testing.T) {
	address, states := pgtest.URL(t), 0
	statetest.Run(t, func(t *testing.T) func() state.Store {
		states++ // one database has room for many
		return opener(t, fmt.Sprintf("%s&state=number-%d", address, states))
	})
}

// serve starts a server of a document and returns the address of the state on it.
func serve(t *testing.T, d *placetest.Document) string {
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http://", "http://"+placetest.User+":"+placetest.Password+"@", 1) + d.Path()
}

func TestHTTP(t *testing.T) {
	for name, gitlab := range map[string]bool{"plain": false, "as GitLab": true} {
		t.Run(name, func(t *testing.T) {
			statetest.Run(t, func(t *testing.T) func() state.Store {
				return opener(t, serve(t, &placetest.Document{GitLab: gitlab}))
			})
		})
	}
}
