package rig

import (
	"context"

	"github.com/polyplan/polyplan/pkg/state"
)

// Suspicious is a store whose states have no marks, so that a plan has to read
// every object.
func Suspicious(s state.Store) state.Store { return suspicious{s} }

type suspicious struct{ state.Store }

func (s suspicious) Load(ctx context.Context) (*state.State, error) {
	st, err := s.Store.Load(ctx)
	if err == nil {
		for _, rec := range st.Resources {
			rec.Marks = nil
		}
	}
	return st, err
}
