package process

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

var rescue = regexp.MustCompile(`then: cp (\S+) (\S+)`)

// The directory of the state goes away, or another takes its place, while the run
// is under way. What the run did is in the state that is there then, or it is
// kept in another place, and the way back is the one that the message tells.
func TestDirectoryOfTheStateGoes(t *testing.T) {
	aside := func(dir string) error { return os.Rename(dir, dir+".aside") }
	for _, tt := range []struct {
		name  string
		swap  func(dir string) error
		saved bool // a run that began without a state may end well
	}{
		{"gone", os.RemoveAll, false},
		{"moved", aside, false},
		{"an empty one", func(dir string) error { return errors.Join(aside(dir), os.Mkdir(dir, 0o755)) }, true},
		{"a file", func(dir string) error { return errors.Join(aside(dir), os.WriteFile(dir, nil, 0o644)) }, false},
	} {
		for _, n := range []int{1, 4, 8, -2} { // the write at which it happens; in a second run if below 0
			w := New(t)
			dir := filepath.Join(w.Dir, "kept")
			w.State = filepath.Join(dir, "s.json")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			args := []string{"apply", "-y", "--state", w.State}
			if n < 0 {
				if code, p := w.Run(args...); code != 0 {
					t.Fatalf("exit code %d: %s", code, p.Err.String())
				}
				w.Edit("name: HubSpot Connection", "name: HubSpot", "name: Customers", "name: All customers", "name: Stars Data", "name: Stars")
			}
			var writes atomic.Int64
			w.Gate(func(_ int, r *http.Request) Fate {
				if r.Method != http.MethodGet && writes.Add(1) == int64(max(n, -n)) {
					if err := tt.swap(dir); err != nil {
						t.Error(err)
					}
				}
				return Fate{}
			})
			code, p := w.Run(args...)
			w.Open()
			w.Setenv("POLYPLAN_STATE", w.State)
			if code == 0 && tt.saved && n > 0 {
				findings(t, "with "+tt.name, w.Unlike())
				continue
			}
			m := rescue.FindStringSubmatch(p.Err.String())
			if code == 0 || m == nil || m[2] != w.State {
				t.Fatalf("%s at write %d: exit code %d: %s%s", tt.name, n, code, p.Out.String(), p.Err.String())
			}
			if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755), os.Rename(m[1], m[2])); err != nil {
				t.Fatal(err)
			}
			findings(t, "with "+tt.name, w.Unlike())
		}
	}
}

var ended = regexp.MustCompile(`"outcome":\{"op":"([^"]+)"`)

// spoil changes a bit of what a killed run left: of the state, of a generation, or of
// the record of an operation whose answer it had.
func (w *World) spoil(rng *rand.Rand) (what string, ok bool) {
	side := filepath.Join(w.Dir, ".polyplan", filepath.Base(w.State))
	files, _ := filepath.Glob(filepath.Join(side, "0*.json")) // the pattern is a good one
	files = append(files, w.State, filepath.Join(side, "journal"))
	path := files[rng.IntN(len(files))]
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return "", false
	}
	from, to := 0, len(text)
	if w.sealed {
		from = to / 2 // what is before says to whom it is encrypted: it would be another's
	}
	if filepath.Base(path) == "journal" {
		all := ended.FindAllSubmatch(text, -1) // none in one that is encrypted
		if len(all) == 0 {
			return "", false
		}
		op := all[rng.IntN(len(all))][1]
		at := bytes.Index(text, op) // in its intent, or
		if rng.IntN(2) == 0 {
			at = bytes.LastIndex(text, op)
		}
		from, to = bytes.LastIndexByte(text[:at], '\n')+1, at+bytes.IndexByte(text[at:], '\n')
	}
	at := from + rng.IntN(to-from)
	text[at] ^= 1 << rng.IntN(8)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		w.T.Error(err)
	}
	return fmt.Sprintf("byte %d of %s", at, filepath.Base(path)), true
}

// A process is killed, and something spoils what it left. What the message tells
// brings back all that it did, with what the service is asked.
func TestSpoiledAfterKill(t *testing.T) {
	rounds := 3
	if trial.IsLong() {
		rounds = 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	done, recovered, bad := 0, 0, 0
	for done < rounds && bad == 0 {
		life := lives[rng.IntN(len(lives))]
		w := New(t)
		life.before(w)
		p := w.Command(Program(t), life.args...)
		kill := 1 + rng.IntN(25)
		w.Gate(func(i int, _ *http.Request) Fate {
			if i == kill {
				return Fate{Answered, p.Kill}
			}
			return Fate{}
		})
		w.Launch(p)
		p.Wait()
		w.Open()
		what, ok := w.spoil(rng)
		if !ok {
			continue
		}
		done++
		name := fmt.Sprintf("seed %d: %s, killed at request %d, %s", seed, life.name, kill, what)
		if _, p := w.Run("plan"); strings.Contains(p.Err.String(), "polyplan state recover") {
			recovered++
			if code, p := w.Run("state", "recover"); code != 0 {
				bad += findings(t, name, []string{fmt.Sprintf("state recover ends with %d: %s", code, p.Err.String())})
			}
		}
		bad += findings(t, name, w.restored())
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates: %d processes killed and their files spoiled, %d recovered", done, recovered), bad)
}

// restored is Unlike where damaged files have been put aside.
func (w *World) restored() []string {
	return slices.DeleteFunc(w.Unlike(), func(s string) bool { return strings.HasSuffix(s, ".damaged") })
}
