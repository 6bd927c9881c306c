package check

import (
	"errors"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// try has the service try the object out.
func (s *survey) try(k *resource.Kind) {
	subject := s.r.Address.String()
	c, why := s.in.Place(s.r.Address)
	// What it refers to is no part of a trial.
	anything := func(resource.Address) (string, bool) { return "00000000-0000-0000-0000-000000000000", true }
	body, err := k.Encode(s.r.Object, anything, false)
	if err != nil {
		s.Unverified(subject, err.Error())
		return
	}
	// Before a person has authorised it there is nothing to try.
	if why != "" && k.Waiting != nil && k.Waiting(body) != nil {
		s.Unverified(subject, why)
		return
	}
	path, trial := k.Trial(body, c.ID)
	_, err = settled(s, subject, true, s.in.Trial(s.ctx, path, trial))
	var refused *schema.Refused
	switch {
	case errors.As(err, &refused):
		s.Error("configuration", "test-failed", "the test of "+subject+" failed", refused.Message, "")
	case err != nil:
		s.Unverified(subject, err.Error())
	}
}
