package process

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// File systems that know no locks, and those whose locks keep nobody out: of runs
// that start together one does the work.
func TestOddLocks(t *testing.T) {
	trial.Long(t)
	strace := trial.Program(t, "strace")
	alone := New(t)
	alone.Apply()
	runs, bad := 0, 0
	for _, what := range []string{"error=ENOLCK", "error=EOPNOTSUPP", "retval=0"} {
		for range 5 {
			w := New(t)
			var all []*Process
			for range 4 {
				all = append(all, w.Start(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace=flock", "-e", "inject=flock:"+what, Program(t), "apply", "-y"))
			}
			won := 0
			for _, p := range all {
				runs++
				switch code := p.Wait(); code {
				case 0:
					won++
				case 5:
				default:
					bad++
					t.Errorf("%s: exit code %d: %s", what, code, p.Err.String())
				}
			}
			if got, want := w.Writes(), alone.Writes(); got != want || won == 0 {
				bad++
				t.Errorf("%s: %d effects, want %d; %d won", what, got, want, won)
			}
		}
	}
	trial.None(t, fmt.Sprintf("effects lost or doubled: %d runs that race without working locks", runs), bad)
}

// opened are the files that system calls opened, with the directories that they
// were relative to as strace -y shows them.
var opened = regexp.MustCompile(`(?m)^(?:\[pid +\d+\] |\d+ +)?open(?:at2?)?\(.*= \d+<([^>]*)>$`)

// A manifest names files outside of its project in every way: none is opened.
func TestOpensOutside(t *testing.T) {
	trial.Long(t)
	strace := trial.Program(t, "strace")
	w := New(t)
	dir := filepath.Join(w.Dir, "m")
	for _, d := range []string{"m/dir", "outside"} {
		if err := os.MkdirAll(filepath.Join(w.Dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "outside", "x.yaml"), []byte("vars: {x: y}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"out.yaml": "../outside/x.yaml", "up": "..", "dir/chain.yaml": "../out.yaml", "zero.yaml": "/dev/zero",
		"environ.yaml": "/proc/self/environ", "passwd.yaml": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	inside := 0
	var outside []string
	names := []string{"../outside/x.yaml", filepath.Join(w.Dir, "outside", "x.yaml"), "/etc/passwd", "/dev/zero", "/proc/self/environ", "out.yaml", "up",
		"up/outside/x.yaml", "dir/chain.yaml", "dir/../../outside/x.yaml", "zero.yaml", "environ.yaml", "passwd.yaml"}
	for _, name := range names {
		text := "polyplan: 1\ninclude: [\"" + name + "\"]\nmodels:\n  m: {connection: {id: x}, configuration: {query: \"${file:" + name + "}\"}}\n"
		if err := os.WriteFile(filepath.Join(dir, "polyplan.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p := w.Start(strace, "-f", "-y", "-qq", "-e", "trace=open,openat,openat2", Program(t), "validate", "-f", "m")
		if p.Wait() != 1 {
			t.Errorf("%s: exit code %d: %s", name, p.ProcessState.ExitCode(), p.Err.String())
		}
		for _, m := range opened.FindAllStringSubmatch(p.Err.String(), -1) {
			at := m[1]
			switch {
			case at == dir || strings.HasPrefix(at, dir+"/"):
				inside++
			case strings.HasPrefix(at, w.Dir), at == "/etc/passwd", at == "/dev/zero", strings.HasSuffix(at, "/environ"):
				outside = append(outside, at)
			}
		}
	}
	if inside < len(names) {
		t.Errorf("strace shows only %d files of the project", inside)
	}
	for _, at := range outside {
		t.Errorf("opened: %s", at)
	}
	trial.None(t, fmt.Sprintf("files opened outside of the project: %d ways to name them", len(names)), len(outside))
}

// A symbolic link that is swapped while the program reads lets nothing in either.
func TestSwappedLink(t *testing.T) {
	w := New(t)
	const canary = "content-that-nobody-may-see"
	secret := filepath.Join(t.TempDir(), "secret")
	here := filepath.Join(w.Dir, "query.sql")
	if err := os.WriteFile(secret, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Edit("name: User Details", `name: "${file:query.sql}"`) // which the plan shows
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			next := here + ".next"
			_ = os.Remove(next)
			if i%2 == 0 {
				_ = os.WriteFile(next, []byte("SELECT 1"), 0o600)
			} else {
				_ = os.Symlink(secret, next)
			}
			_ = os.Rename(next, here)
			time.Sleep(50 * time.Microsecond)
		}
	}()
	rounds := 5
	if trial.IsLong() {
		rounds = 100
	}
	read := 0
	for range rounds {
		code, p := w.Run("plan")
		if code == 0 && strings.Contains(p.Out.String(), "SELECT 1") {
			read++
		}
		if strings.Contains(p.Out.String()+p.Err.String(), canary) {
			t.Fatalf("it was read through the link: %s%s", p.Out.String(), p.Err.String())
		}
	}
	close(stop)
	<-stopped
	t.Logf("of %d plans %d met the file", rounds, read)
	for _, r := range w.Server.Requests() {
		if r.Method != http.MethodGet || strings.Contains(string(r.Body), canary) {
			t.Errorf("%s %s was sent", r.Method, r.Path)
		}
	}
}
