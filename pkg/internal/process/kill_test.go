package process

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/pgtest"
)

func TestMain(m *testing.M) { Main(pgtest.Main(m)) }

// findings reports what the oracle found, and how much of it.
func findings(t *testing.T, at string, unlike []string) int {
	t.Helper()
	for _, s := range unlike {
		t.Errorf("%s: %s", at, s)
	}
	return len(unlike)
}

// A life is a run to be disturbed: what is there before, and what is run then.
type life struct {
	name   string
	before func(w *World)
	args   []string
}

var lives = []life{
	{"create", func(*World) {}, []string{"apply", "-y"}},
	{"create, encrypted,", (*World).seal, []string{"apply", "-y"}},
	// A connection is replaced, one is renamed, and what needs them is written.
	{"change", func(w *World) {
		w.Apply()
		w.Edit("type: postgresql", "type: azuresql", "port: 5432", "port: 1433", "name: HubSpot Connection", "name: HubSpot",
			"schedule: continuous", "schedule: {frequency: daily, hour: 8, minute: 30}")
	}, []string{"apply", "-y"}},
	{"destroy", (*World).Apply, []string{"destroy", "-y"}},
}

// killAt has the process run and kills it at the n-th request through the gate. It
// is false if there are not so many.
func (w *World) killAt(g *gate, p *Process, n int, at Boundary) bool {
	w.T.Helper()
	var met atomic.Bool
	g.set(func(i int, _ *http.Request) Fate {
		if i != n || !met.CompareAndSwap(false, true) {
			return Fate{}
		}
		return Fate{at, p.Kill}
	})
	w.Launch(p)
	p.Wait()
	g.set(nil)
	return met.Load()
}

// The process is killed at every boundary of every request. Without time for all
// of them it is at some.
func TestKillAtEveryRequest(t *testing.T) {
	step := 1
	if !trial.IsLong() {
		step = 23
	}
	kills, bad := 0, 0
	for i, life := range lives {
		for at := range Boundaries {
			for n := 1 + (int(at)+i)%step; bad == 0; n += step {
				w := New(t)
				life.before(w)
				p := w.Command(Program(t), life.args...)
				if !w.killAt(&w.gate, p, n, at) {
					break
				}
				kills++
				bad += findings(t, fmt.Sprintf("%s killed at request %d, %s", life.name, n, at), slices.Concat(w.clear(), w.Unlike(), w.clear()))
			}
		}
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates, states in clear: %d processes killed at a boundary of a request", kills), bad)
}

// Processes are killed at random, one to five in a row, before one is left alone.
func TestRandomKills(t *testing.T) {
	trial.Long(t)
	const want = 1000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	w := New(t)
	began := time.Now()
	if code, p := w.Run("apply", "-y"); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.Err.String())
	}
	length := time.Since(began)
	kills, chains, bad := 0, 0, 0
	for kills < want && bad == 0 {
		w := New(t)
		chains++
		for range 1 + rng.IntN(5) {
			p := w.Polyplan("apply", "-y")
			time.Sleep(time.Duration(rng.Int64N(int64(length))))
			p.Kill()
			kills++
		}
		bad += findings(t, fmt.Sprintf("seed %d, chain %d", seed, chains), w.Unlike())
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates: %d processes killed at random, in %d chains", kills, chains), bad)
}

// Many applies of one state start at once: one does it, the others find it
// locked, or done.
func TestRacingApplies(t *testing.T) {
	rounds := 2
	if trial.IsLong() {
		rounds = 200
	}
	const racers = 16
	alone := New(t)
	alone.Apply()
	bad, slowest := 0, time.Duration(0)
	for round := range rounds {
		w := New(t)
		var all []*Process
		began := time.Now()
		for range racers {
			all = append(all, w.Polyplan("apply", "-y"))
		}
		winners := 0
		for _, p := range all {
			switch code := p.Wait(); code {
			case 0:
				winners++
			case 5:
			default:
				bad++
				t.Errorf("round %d: exit code %d: %s", round, code, p.Err.String())
			}
		}
		slowest = max(slowest, time.Since(began))
		if winners == 0 {
			bad++
			t.Errorf("round %d: nobody won", round)
		}
		if got, want := w.Writes(), alone.Writes(); got != want {
			bad++
			t.Errorf("round %d: %d effects, want %d", round, got, want)
		}
		bad += findings(t, fmt.Sprintf("round %d", round), w.Unlike())
		if bad > 0 {
			break
		}
	}
	t.Logf("slowest round: %v", slowest)
	trial.None(t, fmt.Sprintf("effects that were lost or doubled: %d rounds of %d racing applies", rounds, racers), bad)
}
