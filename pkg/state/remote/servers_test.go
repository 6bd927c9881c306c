package remote

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

// leash runs a server for as long as its standard input is open: that ends with
// this process, even if it is killed.
const leash = `"$@" & read -r _; kill $!; wait`

// A server is a program of others that speaks S3 and keeps objects as files.
type server struct {
	program string   // in bin, where scripts/deps puts it
	dirs    []string // that it wants to be there, with the bucket named states
	args    func(at, root string) []string
	env     []string
}

// start runs the server in a process of its own, and is its endpoint.
func (s server) start(t *testing.T) string {
	program, err := filepath.Abs("../../../bin/" + s.program)
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		trial.Optional(t, "there is no bin/%s (scripts/deps reliability builds it)", s.program)
	}
	root := t.TempDir()
	for _, dir := range s.dirs {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	cmd := exec.Command("sh", append([]string{"-c", leash, "sh", program}, s.args(at, root)...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, root
	cmd.Env = append(os.Environ(), s.env...)
	var input io.Closer
	if input, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		_ = cmd.Wait() // it was killed
	})
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		answer, err := http.Get("http://" + at)
		if err == nil {
			answer.Body.Close()
			break
		}
		if time.Since(began) > time.Minute {
			input.Close()
			_ = cmd.Wait()
			t.Fatalf("no answer: %v: %s", err, strings.TrimSpace(said.String()))
		}
	}
	return "http://" + at
}

// conforms runs all that is asked of a store against one bucket of the server, which
// has room for many states.
func (s server) conforms(t *testing.T) {
	endpoint, states := url.QueryEscape(s.start(t)), 0
	statetest.Run(t, func(t *testing.T) func() state.Store {
		states++
		return opener(t, fmt.Sprintf("s3://states/number-%d?endpoint=%s", states, endpoint))
	})
}

// Servers that are not of this process, and not of the same authors.

func TestVersity(t *testing.T) {
	server{
		program: "versitygw",
		dirs:    []string{"buckets/states", "metadata"},
		args: func(at, root string) []string {
			return []string{"--quiet", "--port", at, "--access", "made-up", "--secret", "made-up-",
				"posix", "--sidecar", filepath.Join(root, "metadata"), filepath.Join(root, "buckets")}
		},
	}.conforms(t)
}

func TestRclone(t *testing.T) {
	server{
		program: "rclone-s3",
		dirs:    []string{"buckets/states"},
		args: func(at, root string) []string {
			return []string{"serve", "s3", "--config", "", "--addr", at, "--auth-key", "made-up,made-up-", filepath.Join(root, "buckets")}
		},
	}.conforms(t)
}

func TestMinIO(t *testing.T) {
	server{
		program: "minio",
		dirs:    []string{"data/states"},
		args: func(at, root string) []string {
			return []string{"server", "--quiet", "--anonymous", "--address", at, filepath.Join(root, "data")}
		},
		env: []string{"MINIO_ROOT_USER=made-up", "MINIO_ROOT_PASSWORD=made-up-"},
	}.conforms(t)
}
