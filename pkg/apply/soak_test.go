package apply_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// cyclesVar is how many cycles the soak is to have.
const cyclesVar = "POLYPLAN_SOAK"

func cycles(t *testing.T) int {
	if text := os.Getenv(cyclesVar); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", cyclesVar, err)
		}
		return n
	}
	if trial.IsLong() {
		return 300
	}
	return 40
}

// living is a manifest that people work at.
type living struct {
	rng         *rand.Rand
	connections map[int]connectionOf
	models      map[int]modelOf
	syncs       map[int]syncOf
}

type (
	connectionOf struct {
		typ, database string
		port          int
	}
	modelOf struct {
		connection       int
		name, identifier string
	}
	syncOf struct {
		model           int
		field, schedule string
	}
)

func newLiving(rng *rand.Rand) *living {
	return &living{rng, map[int]connectionOf{}, map[int]modelOf{}, map[int]syncOf{}}
}

// edit adds, changes or removes something, as far as all references stay good.
func (l *living) edit() {
	const most = 5
	one := func(of ...string) string { return of[l.rng.IntN(len(of))] }
	n, kind, remove := l.rng.IntN(most), l.rng.IntN(3), l.rng.IntN(4) == 0
	switch {
	case kind == 0 && remove:
		delete(l.connections, n)
	case kind == 0:
		l.connections[n] = connectionOf{one("postgresql", "postgresql", "postgresql", "azuresql"), one("app", "app2", "app3"), 1000 + l.rng.IntN(3)}
	case kind == 1 && remove:
		delete(l.models, n)
	case kind == 1:
		l.models[n] = modelOf{l.rng.IntN(most), one("", "People ", "Persons "), one("email", "id")}
	case remove:
		delete(l.syncs, n)
	default:
		l.syncs[n] = syncOf{l.rng.IntN(most), one("first_name", "last_name"), one("manual", "continuous", "{frequency: daily, hour: 3, minute: 30}")}
	}
	for n, m := range l.models {
		if _, ok := l.connections[m.connection]; !ok {
			delete(l.models, n)
		}
	}
	for n, s := range l.syncs {
		if _, ok := l.models[s.model]; !ok {
			delete(l.syncs, n)
		}
	}
}

func (l *living) text() string {
	var b strings.Builder
	b.WriteString("connections:\n  hub: {type: hubspot}\n")
	for _, n := range slices.Sorted(maps.Keys(l.connections)) {
		c := l.connections[n]
		fmt.Fprintf(&b, "  pg%d: {type: %s, configuration: {hostname: h, port: %d, database: %s, username: u, password: \"${env.PG_PASSWORD}\"}}\n", n, c.typ, c.port, c.database)
	}
	for i, n := range slices.Sorted(maps.Keys(l.models)) {
		m, name := l.models[n], ""
		if i == 0 {
			b.WriteString("models:\n")
		}
		if m.name != "" {
			name = fmt.Sprintf("name: %s%d, ", m.name, n)
		}
		fmt.Fprintf(&b, "  m%d: {%sconnection: pg%d, configuration: {table: users}, identifier: %s}\n", n, name, m.connection, m.identifier)
	}
	for i, n := range slices.Sorted(maps.Keys(l.syncs)) {
		s := l.syncs[n]
		if i == 0 {
			b.WriteString("syncs:\n")
		}
		fmt.Fprintf(&b, "  s%d: {mode: updateOrCreate, schedule: %s, target: {connection: hub, object: contacts}, identity: {source: m%d.email, target: email}, fields: {firstname: m%d.%s}}\n",
			n, s.schedule, s.model, s.model, s.field)
	}
	return b.String()
}

// disturb has something go wrong with a run.
func disturb(r *rig.Rig, rng *rand.Rand, run *rig.Run, mem *state.Memory) string {
	n := 1 + rng.IntN(30)
	answers := []sandbox.Fault{{Do: sandbox.Refuse}, {Do: sandbox.LoseReply}, {Do: sandbox.CutBody}, {Do: sandbox.HTML}, {Do: sandbox.HTML, Status: 200, After: true},
		{Do: sandbox.Status, Status: 500}, {Do: sandbox.Status, Status: 500, After: true}, {Do: sandbox.Status, Status: 503, After: true}, {Do: sandbox.Status, Status: 429}}
	switch what := rng.IntN(10); {
	case what < 5:
		f := answers[rng.IntN(len(answers))]
		f.Nth, f.Times, f.Mutating = n, []int{1, 3, -1}[rng.IntN(3)], rng.IntN(2) == 0
		r.Server.Fault(f)
		return fmt.Sprintf("%+v", f)
	case what == 5:
		stop, halt := context.WithCancel(context.Background())
		run.Stop = stop
		run.Round = (&interrupter{n: n, interrupt: halt}).round
		return fmt.Sprintf("interrupted at request %d", n)
	case what == 6:
		run.Round = (&panicker{n: 1 + n/3, after: n%2 == 0}).round
		return fmt.Sprintf("a panic, %d", n)
	case mem == nil:
		run.Store = unsaved{r.Store()}
		return "the state is not saved"
	case what == 7:
		process := mem.Another()
		process.Fault = state.FailAt(int64(n), errors.New("the disk is full"))
		run.Store = process
		return fmt.Sprintf("operation %d on the state fails", n)
	default:
		process := mem.Another()
		run.Store, run.Round = process, (&killer{n: n, after: n%2 == 0, kill: process.Kill}).round
		return fmt.Sprintf("dead at request %d", n)
	}
}

// A manifest is edited and applied again and again, and each time something goes
// wrong; the next run makes up for it, every time, and nothing grows by it.
func TestSoak(t *testing.T) {
	all, seed := cycles(t), rand.Uint64()
	bad, grown := 0, usage{}
	for i, mem := range []*state.Memory{nil, state.NewMemory()} {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		var c clock
		r := rig.New(t, rig.Options{Memory: mem, Unchecked: true, Sandbox: sandbox.Options{Clock: c.now, Pace: -1}})
		l := newLiving(rng)
		var early usage
		for cycle := range all / 2 {
			c.put(time.Duration(cycle) * 2 * time.Hour) // lets the service forget what came of old keys
			for range 1 + rng.IntN(4) {
				l.edit()
			}
			wanted := r.Manifest(l.text())
			run := rig.Run{Manifest: wanted, Prune: true, NoWait: true}
			what := disturb(r, rng, &run, mem)
			r.Do(run)
			if process, ok := run.Store.(*state.Memory); ok {
				process.Kill() // whose lock goes with it
			}
			r.Server.ResetFaults()
			if err := r.Do(rig.Run{Manifest: wanted, Prune: true}).Failure(); err != nil {
				bad++
				t.Errorf("seed %d, world %d, cycle %d (%s): the next run: %v\n%s", seed, i, cycle, what, err, l.text())
			}
			for _, s := range r.Unlike(wanted) {
				bad++
				t.Errorf("seed %d, world %d, cycle %d (%s): %s", seed, i, cycle, what, s)
			}
			if bad > 0 {
				break
			}
			r.Server.ResetRequests()
			switch cycle {
			case all / 4:
				early = inUse(r)
			case all/2 - 1:
				grown = grown.most(inUse(r).since(early))
			}
		}
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates, ends that are not reached: %d cycles of edit, fault and apply", all), bad)
	if all < 200 {
		return // what grows by little shows in many cycles only
	}
	// Connections that are kept open come and go.
	for _, g := range []struct {
		name      string
		got, most int
		unit      string
	}{{"memory", grown.heap >> 20, 8, "MiB"}, {"goroutines", grown.goroutines, 16, ""}, {"descriptors", grown.descriptors, 8, ""}, {"files beside the state", grown.files, 0, ""}} {
		trial.AtMost(t, "growth over the later half of these: "+g.name, float64(g.got), float64(g.most), g.unit)
	}
}

// usage is what a process has in use.
type usage struct{ heap, goroutines, descriptors, files int }

func inUse(r *rig.Rig) usage {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{heap: int(m.HeapAlloc), goroutines: runtime.NumGoroutine()}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.descriptors = len(open)
	}
	_ = filepath.WalkDir(filepath.Dir(r.Path), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			u.files++
		}
		return nil
	})
	return u
}

func (u usage) since(before usage) usage {
	return usage{u.heap - before.heap, u.goroutines - before.goroutines, u.descriptors - before.descriptors, u.files - before.files}
}

func (u usage) most(v usage) usage {
	return usage{max(u.heap, v.heap), max(u.goroutines, v.goroutines), max(u.descriptors, v.descriptors), max(u.files, v.files)}
}
