package state_test

import (
	"path/filepath"
	"testing"

	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

func TestFile(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() state.Store {
		path := filepath.Join(t.TempDir(), "polyplan.state.json")
		return func() state.Store { return state.File(path) }
	})
}

func TestMemory(t *testing.T) {
	statetest.Run(t, func(*testing.T) func() state.Store {
		m := state.NewMemory()
		return func() state.Store { return m.Another() }
	})
}

func TestObjects(t *testing.T) {
	statetest.Run(t, func(*testing.T) func() state.Store {
		objects := state.NewMemoryObjects()
		return func() state.Store { return state.OnObjects("memory", objects, 10) }
	})
}
