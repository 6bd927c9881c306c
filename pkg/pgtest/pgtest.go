// Package pgtest runs a PostgreSQL of its own for tests: on a free port of this machine,
// with nothing of it on a disk that lasts.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }
//
//	func TestStore(t *testing.T) {
//		url := pgtest.URL(t) // postgres://postgres:SECRET@127.0.0.1:PORT/test_1?sslmode=disable
//		...
//	}
//
// The server starts when the first test of the binary asks for it and is gone, with its
// files, when the binary ends, however it ends. Every call of URL makes a fresh database
// in it. Where PostgreSQL is not installed, URL skips the test; scripts/deps installs it.
//
// It is for tests alone: no package of the program may import it. It stands outside of
// pkg/internal because the tests of cmd need it, too.
package pgtest

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Missing begins the reason for which a test is skipped that needs a PostgreSQL.
const Missing = "PostgreSQL is not installed"

// User is the name of the superuser in URLs, Password its password: both are real, so
// that a test can log in wrongly.
const (
	User     = "postgres"
	Password = "made-up-of-pgtest"
)

// Tests is what testing.M is to a TestMain.
type Tests interface{ Run() int }

// Main returns the tests such that the server they have started is gone after their Run.
func Main(m Tests) Tests { return &tests{m} }

type tests struct{ inner Tests }

func (t *tests) Run() int {
	shared.mu.Lock()
	shared.managed = true
	shared.mu.Unlock()
	code := t.inner.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stopping PostgreSQL: %v\n", err)
		return max(code, 1)
	}
	return code
}

var (
	shared server
	number atomic.Int64
)

// URL returns where a fresh, empty database is. It skips the test where there is no
// PostgreSQL.
func URL(t testing.TB) string {
	t.Helper()
	address, err := New()
	if errors.Is(err, errMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("starting PostgreSQL: %v", err)
	}
	return address
}

var errMissing = errors.New(Missing + ": scripts/deps installs it")

// Installed reports whether there is a PostgreSQL.
func Installed() bool {
	_, err := installed()
	return err == nil
}

// New is URL for those who have no testing.TB, such as the commands of scripts.
func New() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	base, err := shared.start()
	if err != nil {
		return "", err
	}
	db, err := pgx.Connect(ctx, base)
	if err != nil {
		return "", err
	}
	defer db.Close(ctx)
	name := fmt.Sprintf("test_%d", number.Add(1))
	if _, err := db.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	at, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	at.Path = "/" + name
	return at.String(), nil
}

// patience is how long the server may take for anything. It is not there to be reached.
const patience = 2 * time.Minute

// server is the one of this test binary.
type server struct {
	mu      sync.Mutex
	managed bool // somebody will stop it
	url     string
	err     error
	keeper  *exec.Cmd
	leash   io.Closer // the keeper's standard input
}

//go:embed keeper.sh
var keeper string

// start starts the server unless it runs, and returns its URL.
func (s *server) start() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.url != "" || s.err != nil {
		return s.url, s.err
	}
	if !s.managed {
		return "", errors.New("call pgtest.Main in TestMain, or nobody stops the server")
	}
	var bin string
	if bin, s.err = installed(); s.err != nil {
		return "", s.err
	}
	// Between the look for a free port and its use another may take it.
	for range 5 {
		if s.err = s.launch(bin); s.err == nil {
			break
		}
	}
	return s.url, s.err
}

// installed returns the directory of the server's programs.
func installed() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	// Debian keeps them out of PATH, a directory for each version.
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errMissing
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// launch runs keeper.sh, which runs the server for as long as its standard input is open:
// that ends with this process, even if it is killed.
func (s *server) launch(bin string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	// Not in TMPDIR: the path of a socket in it would soon be too long, and a script's
	// TMPDIR is closed to the user that the server runs as.
	dir, err := os.MkdirTemp("/tmp", "pgtest-")
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", keeper, "pgtest", bin, dir, strconv.Itoa(port), User, Password)
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	cmd.Dir = dir
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if line, _ := bufio.NewReader(said).ReadString('\n'); line != "ready\n" {
		_ = leash.Close()
		_ = cmd.Wait()
		return fmt.Errorf("%s", strings.TrimSpace(trouble.String()))
	}
	s.keeper, s.leash = cmd, leash
	s.url = (&url.URL{
		Scheme: "postgres", User: url.UserPassword(User, Password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// stop ends the server, if there is one, and waits until its files are gone.
func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.managed = false
	if s.keeper == nil {
		return nil
	}
	s.url = ""
	err := errors.Join(s.leash.Close(), s.keeper.Wait())
	s.keeper = nil
	return err
}
