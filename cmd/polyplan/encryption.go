package main

import (
	"strings"

	"github.com/polyplan/polyplan/pkg/crypt"
)

// keys are those of this run, made when they are first asked for: a command that
// neither reads nor writes what can be encrypted needs none.
func (s *session) keys() (*crypt.Codec, error) {
	if s.codec != nil {
		return s.codec, nil
	}
	o := crypt.Options{Recipients: s.opts.encryptTo, Identity: s.env.get("POLYPLAN_AGE_IDENTITY"), Passphrase: s.env.get("POLYPLAN_AGE_PASSPHRASE"), Path: s.path}
	s.hide(o.Identity)
	s.hide(o.Passphrase)
	var err error
	s.codec, err = crypt.New(o)
	return s.codec, err
}

// lateKeys are the keys of a run for a store that is opened before they are.
type lateKeys struct{ s *session }

func (k lateKeys) Seal(plain []byte) ([]byte, error) {
	c, err := k.s.keys()
	if err != nil {
		return nil, err
	}
	return c.Seal(plain)
}

func (k lateKeys) Open(sealed []byte) ([]byte, error) {
	c, err := k.s.keys()
	if err != nil {
		return nil, err
	}
	return c.Open(sealed)
}

// tellEncryption says that the next save changes how the state is kept.
func (s *session) tellEncryption() {
	switch {
	case s.codec.Encrypts() && s.state.Serial > 0 && !s.codec.Met():
		s.note("the state is in clear, and is encrypted when it is saved next; older generations beside it stay in clear")
	case !s.codec.Encrypts() && s.codec.Met() && len(s.opts.encryptTo) > 0:
		s.note("the state is encrypted, and is in clear when it is saved next")
	}
}

// recipientsOf are those that a variable lists.
func recipientsOf(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}
