//go:build unix

package process

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/pgtest"
	"github.com/polyplan/polyplan/pkg/state/placetest"
)

// The places on other machines, each of which has another sort of lock.
const (
	bucket   = "S3"
	document = "HTTP"
	table    = "PostgreSQL"
)

// keep has the world keep its state at a place. The gate is before the place's
// server; there is none before PostgreSQL's.
func (w *World) keep(place string) *gate {
	w.T.Helper()
	if place == table {
		w.Setenv("POLYPLAN_STATE", pgtest.URL(w.T))
		return nil
	}
	d := &placetest.Document{}
	g := &gate{service: d}
	if place == bucket {
		g.service = placetest.Bucket()
	}
	server := httptest.NewServer(g)
	w.T.Cleanup(server.Close)
	if place == document {
		w.Setenv("POLYPLAN_STATE", strings.Replace(server.URL, "http://", "http://"+placetest.User+":"+placetest.Password+"@", 1)+d.Path())
		return g
	}
	w.Setenv("POLYPLAN_STATE", "s3://states/team?endpoint="+url.QueryEscape(server.URL))
	w.Setenv("AWS_ACCESS_KEY_ID", "made-up")
	w.Setenv("AWS_SECRET_ACCESS_KEY", "made-up")
	w.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return g
}

var told = regexp.MustCompile(`it is held by ada on \S+ \(pid (\d+), polyplan apply\), for \d+s\n.*polyplan unlock --id ([\w-]+)`)

// free runs an apply after another was killed. Where that left its lock behind it
// has to be told whose it is, and is let in when the lock is freed in the way that
// the message says.
func (w *World) free(dead *Process) (held bool, unlike []string) {
	w.T.Helper()
	code, p := w.Run("apply", "-y")
	if code != 5 {
		return false, nil // what it did is seen by Unlike
	}
	m := told.FindStringSubmatch(p.Err.String())
	if m == nil || m[1] != fmt.Sprint(dead.Process.Pid) {
		return true, []string{fmt.Sprintf("it is not told who (pid %d) holds the lock: %s", dead.Process.Pid, p.Err.String())}
	}
	if code, p := w.Run("unlock", "--id", m[2]); code != 0 || !strings.Contains(p.Out.String(), "freed the lock of ada") {
		return true, []string{fmt.Sprintf("unlock ends with %d: %s%s", code, p.Out.String(), p.Err.String())}
	}
	return true, nil
}

// The process is killed while it holds a lock on another machine: at its requests
// to the service, and at those to the place of its state.
func TestKilledHolder(t *testing.T) {
	step := 2
	if !trial.IsLong() {
		step = 60
	}
	kills, locks, bad := 0, 0, 0
	sweep := func(place string, atPlace bool, at Boundary) {
		for n := 1 + (int(at)+2*len(place))%step; bad == 0; n += step {
			w := New(t)
			g := w.keep(place)
			if !atPlace {
				g = &w.gate
			}
			p := w.Command(Program(t), "apply", "-y")
			if !w.killAt(g, p, n, at) {
				return
			}
			kills++
			held, unlike := w.free(p)
			if held {
				locks++
			}
			name := fmt.Sprintf("%s: killed at request %d to the service, %s", place, n, at)
			if atPlace {
				name = fmt.Sprintf("%s: killed at request %d to it, %s", place, n, at)
			}
			bad += findings(t, name, append(unlike, w.Unlike()...))
		}
	}
	for _, place := range []string{bucket, document, table} {
		if place == table && !pgtest.Installed() {
			continue
		}
		sweep(place, false, Done)
		if place != table {
			sweep(place, true, Read)
			sweep(place, true, Done)
		}
	}
	if locks == 0 {
		t.Error("no process left a lock behind")
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates, owners not told: %d processes killed, %d with a remote lock", kills, locks), bad)
}

var overtaken = regexp.MustCompile(`(another run has taken (it )?over|someone else changed the state|someone has freed it)(?s:.*)plan again`)

// A holder is killed or stopped. When his lease has ended another goes on to the end.
// One who was stopped then wakes up: he sends nothing more that has an effect, saves
// nothing, and says why.
func TestLeaseEnds(t *testing.T) {
	trial.Long(t)
	type holder struct {
		*World
		name        string
		stopped     bool
		first, next *Process
	}
	var all []*holder
	for _, place := range []string{bucket, table, document} {
		if place == table && !pgtest.Installed() {
			continue
		}
		for _, n := range []int64{1, 4, 8} { // the write at which it happens
			h := &holder{World: New(t), name: fmt.Sprintf("%s, at write %d", place, n), stopped: n != 4}
			if place == document && !h.stopped {
				continue // its lock has no lease
			}
			h.keep(place)
			h.first = h.Command(Program(t), "apply", "-y")
			h.first.Stdout, h.first.Stderr = &h.first.Out, &h.first.Err
			var writes atomic.Int64
			met := make(chan struct{})
			h.Gate(func(_ int, r *http.Request) Fate {
				if r.Method == http.MethodGet || writes.Add(1) != n {
					return Fate{}
				}
				return Fate{Answered, func() {
					if h.stopped {
						h.first.Send(syscall.SIGSTOP)
					} else {
						h.first.Kill()
					}
					close(met)
				}}
			})
			h.Launch(h.first)
			<-met
			h.Open()
			args := []string{"apply", "-y", "--lock-timeout", "100s"}
			if place == document {
				_, unlike := h.free(h.first)
				findings(t, h.name, unlike)
				args = args[:2]
			}
			h.next = h.Polyplan(args...)
			all = append(all, h)
		}
	}
	bad := 0
	for _, h := range all {
		say := func(format string, args ...any) { bad += findings(t, h.name, []string{fmt.Sprintf(format, args...)}) }
		code, said := h.next.Wait(), h.next.Err.String()
		waited := len(h.next.Args) > 3
		if code != 0 || waited && (!strings.Contains(said, "waiting for the state's lock, held by ada") || !strings.Contains(said, "took over the lock of ada")) {
			say("the next one ends with %d: %s", code, said)
		}
		if !h.stopped {
			continue
		}
		writes := h.Writes()
		h.first.Send(syscall.SIGCONT)
		code, said = h.first.Wait(), h.first.Err.String()
		if code == 0 || !overtaken.MatchString(said) {
			say("who was stopped ends with %d: %s", code, said)
		}
		if left, _ := filepath.Glob(filepath.Join(h.Dir, "*rescued*")); len(left) > 0 || strings.Contains(said, "nowhere else") {
			say("who was stopped leaves a state to be put over another's: %q %s", left, said)
		}
		t.Logf("%s: %d writes after waking up", h.name, h.Writes()-writes)
	}
	for _, h := range all {
		bad += findings(t, h.name, h.Unlike())
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates, overwritten states: %d holders of remote locks killed or stopped", len(all)), bad)
}

// The server of the state ends all connections of a run, at each of its requests to
// the service. It goes on with others.
func TestTerminatedHolder(t *testing.T) {
	runs, bad := 0, 0
	for n := 0; bad == 0; n++ { // 0: at every one
		w := New(t)
		address := pgtest.URL(t)
		w.Setenv("POLYPLAN_STATE", address)
		db, err := pgx.Connect(context.Background(), address)
		if err != nil {
			t.Fatal(err)
		}
		ended := 0
		w.Gate(func(i int, _ *http.Request) Fate {
			if n != 0 && i != n {
				return Fate{}
			}
			w.gate.mu.Lock()
			defer w.gate.mu.Unlock()
			rows, err := db.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'polyplan' AND datname = current_database()")
			if err != nil {
				t.Error(err)
			}
			ended += int(rows.RowsAffected())
			return Fate{}
		})
		w.Apply()
		requests := w.Open()
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if n > 0 && requests < n {
			break
		}
		runs++
		if ended == 0 {
			bad++
			t.Errorf("at request %d: no connection was ended", n)
		}
		bad += findings(t, fmt.Sprintf("connections ended at request %d", n), w.Unlike())
		if !trial.IsLong() {
			break
		}
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates: %d runs whose connections PostgreSQL ended at a request", runs), bad)
}
