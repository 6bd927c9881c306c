package process

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
)

var rescue = regexp.MustCompile(`then: cp (\S+) (\S+)`)

// The directory of the state goes away while the run is under way: what it did
// is kept in another place, and the way back is the one that the message tells.
func TestDirectoryOfTheStateGoes(t *testing.T) {
	for _, n := range []int{1, 4, 8} {
		w := New(t)
		dir := filepath.Join(w.Dir, "kept")
		w.State = filepath.Join(dir, "s.json")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		var writes atomic.Int64
		w.Gate(func(_ int, r *http.Request) Fate {
			if r.Method == http.MethodPost && writes.Add(1) == int64(n) {
				if err := os.RemoveAll(dir); err != nil {
					t.Error(err)
				}
			}
			return Fate{}
		})
		code, p := w.Run("apply", "-y", "--state", w.State)
		w.Open()
		m := rescue.FindStringSubmatch(p.Err.String())
		if code == 0 || m == nil || m[2] != w.State {
			t.Fatalf("at write %d: exit code %d: %s", n, code, p.Err.String())
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(m[1], m[2]); err != nil {
			t.Fatal(err)
		}
		w.Setenv("POLYPLAN_STATE", w.State)
		findings(t, "with the directory gone", w.Unlike())
	}
}
