package process

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// A signal at any request lets what is under way end, starts nothing more, and
// leaves nothing behind.
func TestSignal(t *testing.T) {
	signals := []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}
	step := 1
	if !trial.IsLong() {
		step = 6
	}
	runs, bad, slowest := 0, 0, time.Duration(0)
	for i, sig := range signals {
		for n := 1 + i; ; n += step {
			w := New(t)
			p := w.Command(Program(t), "apply", "-y")
			var sent atomic.Pointer[time.Time]
			w.Gate(func(i int, _ *http.Request) Fate {
				if i == n {
					now := time.Now()
					sent.Store(&now)
					p.Send(sig)
				}
				return Fate{}
			})
			w.Launch(p)
			code := p.Wait()
			ended := time.Now()
			if w.Open() < n {
				break
			}
			runs++
			slowest = max(slowest, ended.Sub(*sent.Load()))
			if code != 130 && code != 0 {
				bad++
				t.Errorf("%v at request %d: exit code %d: %s", sig, n, code, p.Err.String())
			}
			bad += findings(t, fmt.Sprintf("%v at request %d", sig, n), w.Unlike())
			if bad > 0 {
				return
			}
		}
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates, other ends: %d processes that got a signal at a request", runs), bad)
	if trial.IsLong() {
		trial.AtMost(t, "end after a first signal, slowest", slowest.Seconds(), 5, "s")
	}
}

// The second signal ends a process at once, whatever it waits for.
func TestSecondSignal(t *testing.T) {
	step := 1
	if !trial.IsLong() {
		step = 7
	}
	var took []time.Duration
	for n := 1; ; n += step {
		w := New(t)
		p := w.Command(Program(t), "apply", "-y")
		var second atomic.Pointer[time.Time]
		w.Gate(func(i int, _ *http.Request) Fate {
			if i != n {
				return Fate{}
			}
			return Fate{Read, func() {
				p.Send(syscall.SIGTERM)
				// The kernel takes two that come together for one.
				time.Sleep(20 * time.Millisecond)
				now := time.Now()
				second.Store(&now)
				p.Send(syscall.SIGTERM)
				<-p.ended
			}}
		})
		w.Launch(p)
		code := p.Wait()
		ended := time.Now()
		if w.Open() < n {
			break
		}
		if at := second.Load(); at != nil && at.Before(ended) { // else the first was enough
			took = append(took, ended.Sub(*at))
		}
		if code != 130 {
			t.Errorf("at request %d: exit code %d: %s", n, code, p.Err.String())
		}
		if findings(t, fmt.Sprintf("twice at request %d", n), w.Unlike()) > 0 {
			return
		}
	}
	if trial.IsLong() {
		slices.Sort(took)
		trial.AtMost(t, fmt.Sprintf("end after a second signal, median of %d", len(took)),
			float64(took[len(took)/2].Microseconds())/1000, 100, "ms")
	}
}

// Nobody listens any more, and what was begun is carried out all the same.
func TestClosedOutput(t *testing.T) {
	for _, name := range []string{"stdout", "stderr", "both"} {
		w := New(t)
		p := w.Command(Program(t), "apply", "-y")
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		read.Close()
		p.Stdout, p.Stderr = &p.Out, &p.Err
		if name != "stderr" {
			p.Stdout = write
		}
		if name != "stdout" {
			p.Stderr = write
		}
		w.Launch(p)
		code := p.Wait()
		write.Close()
		for kind, want := range Objects {
			if got := w.Server.Count(kind); got != want {
				t.Errorf("%s closed: the service has %d of kind %s, want %d", name, got, kind, want)
			}
		}
		if code != 0 {
			t.Errorf("%s closed: exit code %d: %s", name, code, p.Err.String())
		}
		findings(t, name+" closed", w.Unlike())
	}
}

// What packages do before main every command waits for, so none that is linked in
// does much: what they allocate there tells that on any machine.
func TestInitWork(t *testing.T) {
	w := New(t)
	w.Setenv("GODEBUG", "inittrace=1")
	code, p := w.Run("version")
	sum, most, worst := 0, 0, ""
	for line := range strings.Lines(p.Err.String()) {
		var name string
		var at, took float64
		var bytes int
		if n, _ := fmt.Sscanf(line, "init %s @%g ms, %g ms clock, %d bytes", &name, &at, &took, &bytes); n < 4 {
			continue
		}
		if sum += bytes; bytes > most {
			most, worst = bytes, name
		}
	}
	if code != 0 || sum == 0 {
		t.Fatalf("exit code %d, and no trace: %s", code, p.Err.String())
	}
	const limit = 2 << 20 // half of where the first garbage collection begins
	if sum > limit {
		t.Errorf("before main packages allocate %d bytes, at most %d may be: %s alone takes %d", sum, limit, worst, most)
	}
}

// The program starts quickly, asks no network and writes no file for that.
func TestStartUp(t *testing.T) {
	trial.Long(t)
	strace := trial.Program(t, "strace")
	trial.Alone(t)
	w := New(t)
	best := time.Hour
	for range 21 {
		began := time.Now()
		if code, p := w.Run("version"); code != 0 {
			t.Fatalf("exit code %d: %s", code, p.Err.String())
		}
		best = min(best, time.Since(began))
	}
	trial.AtMost(t, "start-up of `polyplan version`, best of 21", float64(best.Microseconds())/1000, 10, "ms")
	p := w.Start(strace, "-f", "-qq", "-e", "trace=socket,connect,openat,mkdirat,renameat,unlinkat", Program(t), "version")
	p.Wait()
	touched := 0
	for line := range strings.Lines(p.Err.String()) {
		if strings.Contains(line, "socket(") || strings.Contains(line, "connect(") || strings.Contains(line, "O_CREAT") ||
			strings.Contains(line, "mkdirat(") || strings.Contains(line, "renameat(") || strings.Contains(line, "unlinkat(") {
			touched++
			t.Error(line)
		}
	}
	if !strings.Contains(p.Err.String(), "openat(") {
		t.Errorf("strace shows nothing: %s", p.Err.String())
	}
	trial.None(t, "sockets and files that `polyplan version` makes", touched)
}
