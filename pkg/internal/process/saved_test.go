package process

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// plan saves the plan of the manifest as "saved.plan".
func (w *World) plan() {
	w.T.Helper()
	if code, p := w.Run("plan", "--out", "saved.plan"); code != 0 {
		w.T.Fatalf("plan ends with %d: %s", code, p.Err.String())
	}
	w.Server.ResetRequests()
}

// keys are the idempotency keys of what was sent, by method and path.
func (w *World) keys() map[string][]string {
	out := map[string][]string{}
	for _, r := range w.Server.Requests() {
		if r.Key != "" {
			what := r.Method + " " + r.Path
			out[what] = append(out[what], r.Key)
		}
	}
	return out
}

// A run of a saved plan is killed, and all that it wrote is lost. The same plan,
// applied again, sends what it makes under the same keys, so that the service makes
// nothing twice. If all was there already the plan may also be refused.
func TestSavedPlanAgain(t *testing.T) {
	step := 1
	if !trial.IsLong() {
		step = 9
	}
	kills, bad := 0, 0
	for _, at := range []Boundary{Read, Done, Answered} {
		for n := 1 + int(at)%step; bad == 0; n += step {
			w := New(t)
			w.plan()
			p := w.Command(Program(t), "apply", "saved.plan")
			if !w.killAt(&w.gate, p, n, at) {
				break
			}
			where := fmt.Sprintf("killed at request %d, %s", n, at)
			if _, err := os.Stat(w.State); err == nil {
				continue // it had come to its end
			}
			kills++
			if err := os.RemoveAll(filepath.Join(w.Dir, ".polyplan")); err != nil {
				t.Fatal(err)
			}
			before := w.keys()
			w.Server.ResetRequests()
			if code, p := w.Run("apply", "saved.plan"); code != 0 {
				bad++
				t.Errorf("%s: applied again it ends with %d: %s%s", where, code, p.Out.String(), p.Err.String())
			}
			after := w.keys()
			for what, sent := range before {
				for _, key := range sent {
					if !slices.Contains(after[what], key) {
						bad++
						t.Errorf("%s: %s was sent under %s, then under %s", where, what, key, after[what])
					}
				}
			}
			bad += findings(t, where, w.Unlike())
		}
	}
	if kills == 0 {
		t.Error("no run was killed")
	}
	trial.None(t, fmt.Sprintf("duplicates, other keys: %d runs of a saved plan, killed, what they wrote lost, run again", kills), bad)
}

// No two plans share a key, be they of one manifest and one state.
func TestKeysOfTheirOwn(t *testing.T) {
	w := New(t)
	seen := map[string]string{}
	for range 2 {
		w.Server.ResetRequests()
		w.Apply()
		if code, p := w.Run("destroy", "-y"); code != 0 {
			t.Fatalf("destroy ends with %d: %s", code, p.Err.String())
		}
		sent := w.keys()
		if len(sent) == 0 {
			t.Fatal("nothing was sent under a key")
		}
		for what, keys := range sent {
			for _, key := range keys {
				if before, ok := seen[key]; ok {
					t.Errorf("%s and %s have the key %s", before, what, key)
				}
				seen[key] = what
			}
		}
	}
}

// beside is another working directory with the same manifest and saved plan, for
// another runner of the same service.
func (w *World) beside() *World {
	w.T.Helper()
	other := &World{T: w.T, Dir: w.T.TempDir(), Server: w.Server, URL: w.URL, more: slices.Clone(w.more)}
	for _, name := range []string{"polyplan.yaml", "saved.plan"} {
		data, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(other.Dir, name), data, 0o600)
		}
		if err != nil {
			w.T.Fatal(err)
		}
	}
	return other
}

// A saved plan is carried out by two runners, each with a working directory of its
// own; the second starts at each request of the first. Where they share a state one
// of them does it, and the other finds it locked, or done if it waits. Where they
// share nothing both do it, and nothing is made twice all the same.
func TestTwoRunnersOfOnePlan(t *testing.T) {
	step := 1
	if !trial.IsLong() {
		step = 13
	}
	alone := New(t)
	alone.plan()
	if code, p := alone.Run("apply", "saved.plan"); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.Err.String())
	}
	want := alone.Writes()
	disk := func(w *World) { w.Setenv("POLYPLAN_STATE", filepath.Join(t.TempDir(), "s.json")) }
	runs, bad := 0, 0
	for i, tt := range []struct {
		name   string
		shared func(*World)
		args   []string // of the second
		second int      // how it ends; -1: as the first
	}{
		{"a state on one disk", disk, nil, 5},
		{"a state on one disk, waiting", disk, []string{"--lock-timeout", "1m"}, 7},
		{"a state in a bucket", (*World).UseBucket, nil, 5},
		{"a state in a bucket, waiting", (*World).UseBucket, []string{"--lock-timeout", "1m"}, 7},
		{"nothing", func(*World) {}, nil, -1},
	} {
		for n := 1 + i%step; bad == 0; n += step {
			w := New(t)
			tt.shared(w)
			w.plan()
			other := w.beside()
			second := other.Command(Program(t), append([]string{"apply", "saved.plan"}, tt.args...)...)
			second.Stdout, second.Stderr = &second.Out, &second.Err
			met := false
			w.Gate(func(i int, _ *http.Request) Fate {
				if i != n || met {
					return Fate{}
				}
				met = true
				other.Launch(second)
				if tt.second == 5 {
					second.Wait()
				}
				return Fate{}
			})
			code, first := w.Run("apply", "saved.plan")
			if w.Open(); !met {
				break
			}
			runs++
			where := fmt.Sprintf("sharing %s, the second started at request %d", tt.name, n)
			code2 := second.Wait()
			if code != 0 || code2 != max(tt.second, 0) {
				bad++
				t.Errorf("%s: the first ends with %d, the second with %d\n%s\n%s", where, code, code2, first.Err.String(), second.Err.String())
			}
			if got := w.Writes(); tt.second >= 0 && got != want {
				bad++
				t.Errorf("%s: %d effects, want %d", where, got, want)
			}
			bad += findings(t, where, w.Unlike())
			if tt.second < 0 {
				bad += findings(t, where+", for the second", other.Unlike())
			}
		}
	}
	trial.None(t, fmt.Sprintf("plans applied twice, duplicates: %d times two runners of one saved plan", runs), bad)
}
