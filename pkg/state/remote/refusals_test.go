package remote

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/polyplan/polyplan/pkg/pgtest"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/placetest"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"s3://states/team?region=eu-central-1&accessKey=made-up": "s3://states/team?accessKey=...&region=eu-central-1",
		"postgres://ada:made-up@db/polyplan?password=made-up":    "postgres://ada@db/polyplan?password=...",
		"https://ada:made-up@host/state#made-up":                 "https://ada@host/state",
		"postgres://ada:made%zzup@db/polyplan":                   "postgres://...",
		"azblob://states/x?sas_token=made-up&domain=x.example":   "azblob://states/x?domain=x.example&sas_token=...",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

// What cannot be opened says why, and says nothing of a password.
func TestOpenRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"ftp://ada:made-up@host/x":                  "ftp:// is not supported",
		"http://ada:made-up@state.example/x":        "it is not encrypted on its way",
		"s3:///made-up":                             "lacks the name of a bucket",
		"gs:///made-up":                             "lacks the name of a bucket",
		"gs://bucket?anonymous=made-up-value":       "its parameter anonymous is unknown or has no such value",
		"gs://bucket?endpoint=http://gs.example":    "its endpoint is not encrypted",
		"gs://bucket?endpoint=gs.example":           "its endpoint is not a URL",
		"postgres://ada:made-up@db:port/x":          "",
		"postgres://ada:made%zzup@db/x":             "is not a URL",
		"postgres://ada:made-up@db/x?sslmode=maybe": "not an address of PostgreSQL's",
		"s3://bucket?made=made-up-value":            "",
	} {
		store, err := Open(context.Background(), address, noEnv)
		if err == nil {
			store.Close()
			t.Errorf("%s: no error", address)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "made-up@") || strings.Contains(err.Error(), ":made") || strings.Contains(err.Error(), "made-up-value") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	env := func(name string) (string, bool) {
		return "http://elsewhere.example/lock", name == "TF_HTTP_LOCK_ADDRESS"
	}
	if _, err := Open(context.Background(), "https://state.example/x", env); err == nil {
		t.Error("a lock at http://: no error")
	}
}

func open(t *testing.T, address string) *state.ObjectStore {
	t.Helper()
	return opener(t, address)().(*state.ObjectStore)
}

// A server that grants every lock is found out by the next step of the run whose
// work was replaced.
func TestForgottenLock(t *testing.T) {
	ctx := context.Background()
	address := serve(t, &placetest.Document{Forgets: true})
	first := open(t, address)
	s := state.New()
	if err := first.Save(ctx, s); err != nil {
		t.Fatal(err)
	}
	j, err := first.Journal(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	second := open(t, address)
	his, err := second.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Save(ctx, his); err != nil {
		t.Fatal(err)
	}
	in := state.Intent{Op: "1", Address: resource.Address{Kind: "model", Name: "late"}, Action: state.Create}
	if err := j.Intend(ctx, in); err == nil || !strings.Contains(err.Error(), "does not keep its locks") && !strings.Contains(err.Error(), "taken over") {
		t.Errorf("Intend: %v", err)
	}
	if err := first.Save(ctx, s); err == nil {
		t.Error("Save over another's: no error")
	}
	_ = j.Close()
	if got, err := second.Load(ctx); err != nil || got.Serial != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A lock that its run left behind is freed by its id.
func TestBreakHTTP(t *testing.T) {
	ctx := context.Background()
	for _, gitlab := range []bool{false, true} {
		address := serve(t, &placetest.Document{GitLab: gitlab})
		dead, next := open(t, address), open(t, address)
		if _, err := next.Break(ctx, ""); !errors.Is(err, state.ErrNotLocked) {
			t.Errorf("Break of nothing: %v", err)
		}
		if _, err := dead.Lock(ctx, state.Holder{Who: "ada", Host: "build-3", PID: 71, Command: "polyplan apply"}); err != nil {
			t.Fatal(err)
		}
		var locked *state.LockedError
		if _, err := next.Lock(ctx, state.Holder{}); !errors.As(err, &locked) || !strings.Contains(locked.Fix, "polyplan unlock --id "+locked.ID) {
			t.Fatalf("Lock: %v", err)
		}
		if _, err := next.Break(ctx, "another"); !errors.As(err, &locked) {
			t.Errorf("Break of another id: %v", err)
		}
		if who, err := next.Break(ctx, locked.ID); err != nil || who.Host != "build-3" {
			t.Errorf("Break: %v, %v", who, err)
		}
		if err := next.Save(ctx, state.New()); err != nil {
			t.Error(err)
		}
	}
}

// A server that answers anything else never makes a state look fresh, and no
// password follows a redirect.
func TestSickServer(t *testing.T) {
	leaked := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
	}))
	defer leaked.Close()
	for name, answer := range map[string]func(w http.ResponseWriter){
		"500":        func(w http.ResponseWriter) { w.WriteHeader(500) },
		"login page": func(w http.ResponseWriter) { w.Write([]byte("<html>made-up</html>")) },
		"terraform's": func(w http.ResponseWriter) {
			w.Write([]byte(`{"version": 4, "serial": 3, "lineage": "x", "resources": []}`))
		},
		"newer":        func(w http.ResponseWriter) { w.Write([]byte(`{"polyplan": 2, "objects": {}}`)) },
		"half":         func(w http.ResponseWriter) { w.Write([]byte(`{"polyplan": 1, "objects": {"gen`)) },
		"unauthorized": func(w http.ResponseWriter) { w.WriteHeader(401) },
		"redirect":     func(w http.ResponseWriter) { w.Header().Set("Location", leaked.URL); w.WriteHeader(307) },
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
		store := open(t, strings.Replace(server.URL, "http://", "http://ada:made-up@", 1)+"/state")
		if s, err := store.Load(context.Background()); err == nil || strings.Contains(err.Error(), "made-up") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		server.Close()
	}
}

// The server ends every connection of a run before each of its steps; the run
// goes on with new ones, or would fail without a loss.
func TestTerminatedConnections(t *testing.T) {
	ctx := context.Background()
	address := pgtest.URL(t)
	admin, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	terminate := func() {
		if _, err := admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'polyplan' AND datname = current_database()"); err != nil {
			t.Fatal(err)
		}
	}
	store := open(t, address)
	lock, err := store.Lock(ctx, state.Holder{Who: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	s := state.New()
	terminate()
	if err := store.Save(ctx, s); err != nil {
		t.Fatal(err)
	}
	terminate()
	j, err := store.Journal(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{"a", "b", "c"} {
		terminate()
		in := state.Intent{Op: op, Address: resource.Address{Kind: "model", Name: op}, Action: state.Create, Time: time.Unix(0, 0).UTC()}
		if err := j.Intend(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	terminate()
	if err := errors.Join(j.Close(), lock.Unlock()); err != nil {
		t.Fatal(err)
	}
	terminate()
	if got, err := open(t, address).Load(ctx); err != nil || got.Serial != 1 || len(got.Doubts) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}
