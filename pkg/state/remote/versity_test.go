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

// versity is the endpoint of a server in a process of its own, which keeps objects
// as files. It has a bucket named states.
func versity(t *testing.T) string {
	program, err := filepath.Abs("../../../bin/versitygw")
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		trial.Optional(t, "there is no bin/versitygw (scripts/deps reliability builds it)")
	}
	root := t.TempDir()
	for _, dir := range []string{"buckets/states", "metadata"} {
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
	cmd := exec.Command("sh", "-c", leash, "sh", program, "--quiet", "--port", at, "--access", "made-up", "--secret", "made-up",
		"posix", "--sidecar", filepath.Join(root, "metadata"), filepath.Join(root, "buckets"))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, root
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

// A second server that is not of this process, and not of the same authors.
func TestVersity(t *testing.T) {
	endpoint, states := url.QueryEscape(versity(t)), 0
	statetest.Run(t, func(t *testing.T) func() state.Store {
		states++ // one bucket has room for many
		return opener(t, fmt.Sprintf("s3://states/number-%d?endpoint=%s", states, endpoint))
	})
}
