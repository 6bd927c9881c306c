package remote

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

// googleServer is what a store needs of Google Cloud Storage: four requests of the
// JSON API, in pages of two, to who has a token; and the place that gives tokens.
type googleServer struct {
	t  *testing.T
	at string

	mu      sync.Mutex
	objects map[string]googleObject
	tokens  int
	// fault answers in place of the server if it returns true.
	fault func(w http.ResponseWriter, r *http.Request) bool
}

type googleObject struct {
	content []byte
	made    time.Time
}

const googlePage = 2

// serviceKey is the key of a service account.
var serviceKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// serveGoogle starts such a server and lets the environment name credentials for it.
func serveGoogle(t *testing.T) *googleServer {
	g := &googleServer{t: t, objects: map[string]googleObject{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.at = server.URL
	account, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "polyplan@made-up.example", "private_key_id": "made-up",
		"private_key": serviceKey(), "token_uri": g.at + "/token"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, account, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	return g
}

// address is that of a state on the server.
func (g *googleServer) address() string {
	return "gs://states/team/production?endpoint=" + url.QueryEscape(g.at)
}

func (g *googleServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if g.fault != nil && g.fault(w, r) {
		return
	}
	if r.URL.Path == "/token" {
		g.tokens++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "made-up-token", "token_type": "Bearer", "expires_in": 3600}`)
		return
	}
	if r.Header.Get("Authorization") != "Bearer made-up-token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	q := r.URL.Query()
	list := "/storage/v1/b/states/o"
	escaped, isObject := strings.CutPrefix(r.URL.EscapedPath(), list+"/")
	name, err := url.PathUnescape(escaped)
	o, there := g.objects[name]
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/upload"+list:
		name := q.Get("name")
		_, there := g.objects[name]
		switch {
		case q.Get("uploadType") != "media" || q.Get("ifGenerationMatch") != "0" || name == "":
			g.t.Errorf("an upload that might replace an object: %s", r.URL)
			w.WriteHeader(http.StatusBadRequest)
		case there:
			w.WriteHeader(http.StatusPreconditionFailed)
		default:
			g.objects[name] = googleObject{body, time.Now().UTC()}
			fmt.Fprint(w, `{}`)
		}
	case r.Method == http.MethodGet && r.URL.Path == list:
		g.list(w, q)
	case !isObject || err != nil || strings.Contains(escaped, "/"):
		w.WriteHeader(http.StatusBadRequest)
	case !there:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet && q.Get("alt") == "media":
		w.Write(o.content)
	case r.Method == http.MethodDelete:
		delete(g.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (g *googleServer) list(w http.ResponseWriter, q url.Values) {
	var names []string
	for name := range g.objects {
		if strings.HasPrefix(name, q.Get("prefix")) && name > q.Get("pageToken") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	page := map[string]any{}
	if len(names) > googlePage {
		names = names[:googlePage]
		page["nextPageToken"] = names[googlePage-1]
	}
	var items []map[string]any
	for _, name := range names {
		items = append(items, map[string]any{"name": name, "timeCreated": g.objects[name].made})
	}
	if items != nil {
		page["items"] = items
	}
	_ = json.NewEncoder(w).Encode(page)
}

func TestGoogle(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() state.Store { return opener(t, serveGoogle(t).address()) })
}

// Only the objects of the state's own prefix are its own, and a token is asked
// for once.
func TestGooglePrefix(t *testing.T) {
	ctx, g := context.Background(), serveGoogle(t)
	g.objects["team/production-2/generations/1"] = googleObject{[]byte("another's"), time.Now()}
	store := open(t, g.address())
	if err := store.Save(ctx, state.New()); err != nil {
		t.Fatal(err)
	}
	past, err := store.History(ctx)
	if err != nil || len(past) != 1 {
		t.Errorf("History: %+v, %v", past, err)
	}
	for name := range g.objects {
		if !strings.HasPrefix(name, "team/production/") && name != "team/production-2/generations/1" {
			t.Errorf("there is an object %s", name)
		}
	}
	if g.tokens != 1 {
		t.Errorf("%d tokens were asked for", g.tokens)
	}
}

// Answers that pass are waited out; those that last are told without a word of the
// server's, and no token goes to where a redirect leads.
func TestSickGoogle(t *testing.T) {
	ctx := context.Background()
	leaked := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
	}))
	defer leaked.Close()
	for name, c := range map[string]struct {
		fault func(n int, w http.ResponseWriter, r *http.Request) bool
		want  string // "" for no error
	}{
		"503 twice": {func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n <= 2 {
				w.WriteHeader(503)
			}
			return n <= 2
		}, ""},
		"a cut connection": {func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
			return false
		}, ""},
		"503 always": {func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true }, "answered GET with status 503"},
		"403": {func(_ int, w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, r.Header.Get("Authorization"), http.StatusForbidden)
			return true
		}, "Storage Object User"},
		"no bucket": {func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(404); return true }, "no bucket states at Google"},
		"a page":    {func(_ int, w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, "<html>made-up"); return true }, "is not one"},
		"a redirect": {func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", leaked.URL)
			w.WriteHeader(307)
			return true
		}, "status 307"},
	} {
		g, n := serveGoogle(t), 0
		store := open(t, g.address())
		g.fault = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/token" {
				return false
			}
			n++
			return c.fault(n, w, r)
		}
		_, err := store.Load(ctx)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || err != nil && strings.Contains(err.Error(), "made-up") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Credentials that are refused or not there are told, and quoted nowhere.
func TestGoogleCredentials(t *testing.T) {
	g := serveGoogle(t)
	g.fault = func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, `{"error": "invalid_grant", "error_description": "made-up"}`, http.StatusBadRequest)
		return true
	}
	if _, err := open(t, g.address()).Load(context.Background()); err == nil || !strings.Contains(err.Error(), "refused with status 400") || strings.Contains(err.Error(), "made-up") {
		t.Errorf("Load: %v", err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	if _, err := Open(context.Background(), g.address(), noEnv); !errors.Is(err, fs.ErrNotExist) && (err == nil || !strings.Contains(err.Error(), "gcloud auth")) {
		t.Errorf("Open: %v", err)
	}
	if _, err := open(t, g.address()+"&anonymous=true").Load(context.Background()); err == nil || !strings.Contains(err.Error(), "status 400") {
		t.Errorf("Load without credentials: %v", err)
	}
}
