package apply_test

import (
	"testing"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
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
