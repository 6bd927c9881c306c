package apply_test

import (
	"context"
	"testing"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// both runs a test with either version of the API.
func both(t *testing.T, f func(t *testing.T, version string)) {
	for _, version := range []string{transport.Version2024, transport.Version2025} {
		t.Run(version, func(t *testing.T) { f(t, version) })
	}
}

// The manifest that the README begins with is applied, and applied again.
func TestApplyExample(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Sandbox: sandbox.Options{KeepBodies: true}})
		m := r.Example("joined-hubspot.yaml")
		ran := r.Apply(m)
		if got := ran.Result.Done.Create; got != 8 {
			t.Errorf("%d created, want 8", got)
		}
		r.Converged(m)
		r.Server.ResetRequests()
		r.Apply(m)
		for _, q := range r.Server.Requests() {
			if q.Method != "GET" {
				t.Errorf("the second apply sends %s %s", q.Method, q.Path)
			}
		}
	})
}

// A run that died when all was done leaves its journal to the next, which has
// nothing else to do.
func TestNothingLeftButTheJournal(t *testing.T) {
	r := rig.New(t, rig.Options{})
	wanted := r.Manifest(small)
	r.Do(rig.Run{Manifest: wanted, Store: unsaved{r.Store()}})
	if s := r.Load(); s.Serial != 0 || !s.CutShort || len(s.Resources) == 0 {
		t.Fatalf("serial %d, cut short: %v, %d resources", s.Serial, s.CutShort, len(s.Resources))
	}
	next := r.Apply(wanted)
	if got := next.Actions(); len(got) > 0 {
		t.Errorf("plan: %q", got)
	}
	if s := r.Load(); s.Serial != 1 || s.CutShort {
		t.Errorf("serial %d, cut short: %v", s.Serial, s.CutShort)
	}
	r.Converged(wanted)
}

// unsaved is a store whose process dies at the end of its run.
type unsaved struct{ state.Store }

func (unsaved) Save(context.Context, *state.State) error { return errDead }
