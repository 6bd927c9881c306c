//go:build linux

package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// large writes manifests of 100,000 resources, and one of a single large map, and
// gives their paths.
func large(t *testing.T, dir string) map[string]string {
	t.Helper()
	one, err := exec.Command("sh", filepath.Join(root(), "scripts", "manifest"), "12500").Output()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for i := range 10_000 {
		var b bytes.Buffer
		b.WriteString("polyplan: 1\nconnections:\n")
		for j := range 5 {
			fmt.Fprintf(&b, "  stripe%d_%d:\n    type: stripe\n    configuration: {api_key: \"${env.STRIPE_API_KEY}\"}\n", i, j)
		}
		b.WriteString("models:\n")
		for j := range 5 {
			fmt.Fprintf(&b, "  customers%d_%d:\n    connection: stripe%d_%d\n    configuration: {stream_id: customers}\n    fields: [balance, description]\n", i, j, i, j)
		}
		write(fmt.Sprintf("many/%d.yaml", i), b.Bytes())
	}
	var keys bytes.Buffer
	keys.WriteString(`polyplan: 1
connections:
  stripe: {type: stripe, configuration: {api_key: "${env.STRIPE_API_KEY}"}}
  hubspot: {type: hubspot}
models:
  customers: {connection: stripe, configuration: {stream_id: customers}}
syncs:
  large:
    mode: updateOrCreate
    schedule: continuous
    target: {connection: hubspot, object: contacts}
    identity: {source: customers.email, target: email, function: Equality}
    fields:
`)
	for i := range 50_000 {
		fmt.Fprintf(&keys, "      field%d: customers.field%d\n", i, i)
	}
	return map[string]string{
		"100,000 resources in one file":      write("one.yaml", one),
		"100,000 resources in 10,000 files":  filepath.Join(dir, "many"),
		"a sync with 50,000 keys in one map": write("keys.yaml", keys.Bytes()),
	}
}

// What a team could write down once in its life is read in the time of a breath,
// on the machine of a pipeline.
func TestLargeManifests(t *testing.T) {
	trial.Long(t)
	trial.Alone(t)
	w := New(t)
	const mebibyte = 1 << 10 // of the kibibytes that Linux counts in
	for name, path := range large(t, w.Dir) {
		best, most := time.Hour, int64(0)
		for range 3 {
			p, took := w.timed("validate", "-f", path)
			best = min(best, took)
			most = max(most, p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
		}
		trial.AtMost(t, "validate of "+name+", best of 3", best.Seconds(), 5, "s")
		trial.AtMost(t, "validate of "+name+", memory", float64(most/mebibyte), 1024, "MiB")
	}
	_, took := w.timed("plan", "-f", filepath.Join(w.Dir, "one.yaml"), "--json")
	trial.AtMost(t, "plan of 100,000 resources, which the sandbox does not have yet", took.Seconds(), 60, "s")
}

// timed runs the program, which has to succeed. What it took is the time by the
// clock or, if that is less, by the processor: where nothing else runs it takes
// neither more than the one nor more than the other.
func (w *World) timed(args ...string) (*Process, time.Duration) {
	w.T.Helper()
	began := time.Now()
	code, p := w.Run(args...)
	took := time.Since(began)
	if code != 0 {
		w.T.Fatalf("polyplan %s ends with %d: %s", strings.Join(args, " "), code, p.Err.String())
	}
	return p, min(took, p.ProcessState.UserTime()+p.ProcessState.SystemTime())
}
