package pgtest

import (
	"context"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m).Run()) }

// connect opens a connection that the test closes.
func connect(t *testing.T, at string) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	return db
}

func TestEveryDatabaseIsFresh(t *testing.T) {
	one, two := connect(t, URL(t)), connect(t, URL(t))
	for _, db := range []*pgx.Conn{one, two} {
		if _, err := db.Exec(t.Context(), "CREATE TABLE there (is_room int)"); err != nil {
			t.Error(err)
		}
	}
}

func TestAPasswordIsAskedFor(t *testing.T) {
	at, err := url.Parse(URL(t))
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.UserPassword(User, "wrong")
	if _, err := pgx.Connect(t.Context(), at.String()); err == nil || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("a wrong password: %v", err)
	}
}

// A test binary that is killed closes nothing itself; the pipe goes with it.
func TestNothingIsLeftWhenTheLeashIsCut(t *testing.T) {
	if _, err := installed(); err != nil {
		t.Skip(err)
	}
	var s server
	s.managed = true
	at, err := s.start()
	if err != nil {
		t.Fatal(err)
	}
	dir := s.keeper.Dir
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if _, err := pgx.Connect(t.Context(), at); err == nil {
		t.Error("the server still runs")
	}
}

func TestNobodyToStopIt(t *testing.T) {
	var s server
	if at, err := s.start(); err == nil {
		t.Errorf("started at %s", at)
	}
}

// The keeper says what ails the server, not only that something does.
func TestTroubleIsToldOn(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", keeper, "pgtest", dir, dir, "1", User, Password)
	var trouble strings.Builder
	cmd.Stderr, cmd.Stdout = &trouble, io.Discard
	if err := cmd.Run(); err == nil || trouble.Len() == 0 {
		t.Errorf("without a server: %v %q", err, trouble.String())
	}
}
