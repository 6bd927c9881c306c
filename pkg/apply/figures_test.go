package apply_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// What it costs that everything is durable before it is built upon: an apply
// with its state in a file, set against one that keeps it in memory. The service
// answers as a real one does, after 30 ms.
func TestCostOfSafety(t *testing.T) {
	trial.Long(t)
	trial.Alone(t)
	text := groups(t, 100)
	took := func(durable bool) time.Duration {
		best := time.Hour
		for range 3 { // whatever else the machine does only adds to the time
			opt := rig.Options{Parallelism: 10, Unchecked: true, Sandbox: sandbox.Options{Latency: 30 * time.Millisecond}}
			if !durable {
				opt.Memory = state.NewMemory()
			}
			r := rig.New(t, opt)
			wanted := r.Manifest(text)
			began := time.Now()
			r.Apply(wanted)
			best = min(best, time.Since(began))
		}
		return best
	}
	without, with := took(false), took(true)
	t.Logf("%v with, %v without", with, without)
	trial.AtMost(t, "apply of 800 resources, 30 ms a request: durable, as a multiple of not durable", with.Seconds()/without.Seconds(), 1.1, "")
}

// What a step adds to the journal costs the same whatever the state holds.
func TestCostOfAStep(t *testing.T) {
	trial.Long(t)
	trial.Alone(t)
	step := func(resources int) time.Duration {
		store := state.File(filepath.Join(t.TempDir(), "s.json"))
		s := state.New()
		for i := range resources {
			a := resource.Address{Kind: "model", Name: fmt.Sprintf("m%05d", i)}
			s.Resources[a] = &resource.Resource{Address: a, ID: fmt.Sprint(i), Object: resource.Object{"name": a.Name}}
		}
		if err := store.Save(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		j, err := store.Journal(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		best := time.Hour
		for i := range 100 {
			op, a := fmt.Sprint(i), resource.Address{Kind: "model", Name: "new"}
			began := time.Now()
			err := j.Intend(t.Context(), state.Intent{Op: op, Address: a, Action: state.Create})
			if err == nil {
				err = j.Outcome(t.Context(), state.Outcome{Op: op, OK: true, Resource: &resource.Resource{Address: a, ID: "x", Object: resource.Object{}}})
			}
			if err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	small, large := step(10), step(10_000)
	t.Logf("%v beside 10 resources, %v beside 10,000", small, large)
	trial.AtMost(t, "journal of a step beside 10,000 resources, as a multiple of that beside 10", large.Seconds()/small.Seconds(), 1.5, "")
}
