package apply_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// A service answers whatever it likes: what is right but for a status, a header, a
// value or a byte. Each run ends, and does no harm to this machine.
func TestHostileAnswers(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // as the program has it, see TestMain
	debug.FreeOSMemory()                              // what other tests took is not to count
	want := 300
	if trial.IsLong() {
		want = 15_000
		if n, err := strconv.Atoi(os.Getenv("POLYPLAN_ANSWERS")); err == nil {
			want = n
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	home, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Chdir(home)
	var r *rig.Rig
	var manifests []*spec.Manifest
	rng := rand.New(rand.NewPCG(seed, 0))
	answers, hung, most := 0, 0, uint64(0)
	for run := 0; answers < want && !t.Failed(); run++ {
		if run%40 == 0 { // what it was made to believe is in the state by then
			r = rig.New(t, rig.Options{Unchecked: true, Memory: state.NewMemory()})
			manifests = []*spec.Manifest{r.Example("joined-hubspot.yaml"), r.Manifest(""),
				r.Example("joined-hubspot.yaml", "name: HubSpot Connection", "name: HubSpot", "type: postgresql", "type: azuresql")}
		}
		liar := &liar{rng: rand.New(rand.NewPCG(seed, uint64(run))), share: []float64{0.04, 0.1, 0.5}[rng.IntN(3)]}
		how := rig.Run{Manifest: manifests[rng.IntN(3)], Prune: true, Wait: time.Millisecond, Round: func(next http.RoundTripper) http.RoundTripper {
			liar.next = next
			return liar
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		how.Context = ctx
		_ = r.Do(how) // a panic ends the test, and any error will do
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			hung++
			t.Errorf("run %d hangs", run)
		}
		cancel()
		answers += liar.told
		if run%50 == 0 {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			most = max(most, s.Sys-s.HeapReleased)
		}
		if _, err := r.Store().Load(t.Context()); err != nil {
			t.Errorf("run %d leaves a state that cannot be read: %v", run, err)
		}
	}
	stray := 0
	for _, dir := range []string{home, temp} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if path != dir {
				stray++
				t.Errorf("%s was written", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	trial.None(t, fmt.Sprintf("panics, hangs, unreadable states, files in other places: %d hostile answers", answers), hung+stray)
	trial.AtMost(t, "memory of a process that got them all", float64(most>>20), 512, "MiB")
}

// liar changes a share of the answers that pass it.
type liar struct {
	next  http.RoundTripper
	share float64

	mu   sync.Mutex
	rng  *rand.Rand
	told int
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rng.Float64() < l.share {
		l.told++
		body = l.lie(resp, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func (l *liar) lie(resp *http.Response, body []byte) []byte {
	switch l.rng.IntN(8) {
	case 0:
		resp.StatusCode = []int{100, 199, 200, 201, 204, 206, 299, 302, 307, 400, 404, 409, 418, 422, 429, 500, 503, 599, 999}[l.rng.IntN(19)]
	case 1:
		name := []string{"Date", "Retry-After", "Location", "Content-Type", "X-Polytomic-Version", "X-Request-Id", "Content-Encoding", "Content-Length", "Set-Cookie"}[l.rng.IntN(9)]
		resp.Header.Set(name, fmt.Sprint(l.value(2)))
	case 2:
		return body[:l.rng.IntN(len(body)+1)]
	case 3:
		body = bytes.Clone(body)
		for range 1 + l.rng.IntN(4) {
			if len(body) > 0 {
				body[l.rng.IntN(len(body))] = byte(l.rng.IntN(256))
			}
		}
	case 4:
		return append(bytes.Clone(body), body...)
	default:
		var v any
		if json.Unmarshal(body, &v) != nil {
			return []byte(fmt.Sprint(l.value(2)))
		}
		for range 1 + l.rng.IntN(3) {
			v = l.change(v, l.rng.IntN(6))
		}
		body, _ = json.Marshal(v) // of what JSON gave
	}
	return body
}

// change changes something within v, depth levels down if it has so many.
func (l *liar) change(v any, depth int) any {
	switch x := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(x))
		if len(keys) == 0 || depth == 0 && l.rng.IntN(4) == 0 {
			x[fmt.Sprint(l.value(1))] = l.value(2)
			return x
		}
		k := keys[l.rng.IntN(len(keys))]
		switch {
		case depth > 0:
			x[k] = l.change(x[k], depth-1)
		case l.rng.IntN(2) == 0:
			delete(x, k)
		default:
			x[k], x[keys[0]] = x[keys[0]], x[k]
		}
		return x
	case []any:
		switch {
		case len(x) > 0 && depth > 0:
			i := l.rng.IntN(len(x))
			x[i] = l.change(x[i], depth-1)
			return x
		case l.rng.IntN(2) == 0:
			return append(x, x...)
		}
		return append(x, l.value(2))
	}
	return l.value(2)
}

// value is one that nobody expects.
func (l *liar) value(depth int) any {
	if depth > 0 {
		switch l.rng.IntN(6) {
		case 0:
			return []any{l.value(depth - 1), l.value(depth - 1)}
		case 1:
			return map[string]any{"id": l.value(depth - 1), fmt.Sprint(l.value(0)): l.value(depth - 1)}
		}
	}
	return []any{nil, true, -1, 1e300, json.Number("123456789012345678901234567890"), "", "x", "../../../etc/passwd", "\x1b[2J", "{{.}}", "${env.HOME}",
		"00000000-0000-0000-0000-000000000000", "created", "failed", "running", "********", strings.Repeat("long ", 10_000),
		"1970-01-01T00:00:00Z", "Fri, 31 Dec 9999 23:59:59 GMT", "/api/connections/x", "https://127.0.0.1:1/"}[l.rng.IntN(21)]
}
