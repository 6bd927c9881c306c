package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/remote"
)

// openStore is the one store of this run: the lock that it takes is its own.
func (s *session) openStore() (state.Archive, error) {
	if s.store != nil {
		return s.store, nil
	}
	at := s.opts.state
	if !remote.IsURL(at) {
		at = s.statePath()
	}
	if info, err := os.Lstat(at); err == nil && info.Mode()&fs.ModeSymlink != 0 && s.opts.state == "" {
		return nil, &problem{Diagnostic: diag.Diagnostic{Code: "state-is-a-link", What: fmt.Sprintf("the state %s is a symbolic link", diag.Visible(at)),
			Why: "whoever put it there would choose which file is overwritten",
			Fix: "name the state with --state, by the link or by what it points to"}}
	}
	var err error
	s.store, err = s.storeAt(at)
	return s.store, err
}

// storeAt opens the store at a URL, or at the path of a file.
func (s *session) storeAt(at string) (state.Archive, error) {
	warn := func(text string) { s.note("warning: %s", s.redact(text)) }
	if !remote.IsURL(at) {
		if info, err := os.Stat(filepath.Dir(at)); err != nil || !info.IsDir() {
			return nil, &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("there is no directory for the state %s", at),
				Fix: "make the directory, or correct --state"}, Err: fs.ErrNotExist}
		}
		f := state.File(at)
		f.Warn, f.Codec, f.Address = warn, lateKeys{s}, s.address(at)
		return f, nil
	}
	s.hide(remote.Password(at))
	store, err := remote.Open(s.ctx, at, s.env.LookupEnv)
	var unknown *remote.UnknownSchemeError
	switch {
	case errors.As(err, &unknown):
		return nil, usage(fmt.Sprintf("a state at %s:// is not supported", unknown.Scheme), unknown.Hint())
	case err != nil:
		return nil, err
	}
	store.Warn, store.Codec, store.Address = warn, lateKeys{s}, s.address(at)
	s.closers = append(s.closers, func() {
		if err := store.Close(); err != nil {
			warn(err.Error())
		}
	})
	return store, nil
}

// address is what --state has to say for a command to find the state at a place:
// nothing, where a command would find it by itself.
func (s *session) address(at string) string {
	bare := session{env: s.env, opts: &options{state: s.env.get("POLYPLAN_STATE"), files: []string{s.env.manifest()}, sandbox: truth(s.env.get("POLYPLAN_SANDBOX"))}}
	switch {
	case remote.IsURL(at) && at == bare.opts.state, !remote.IsURL(at) && at == bare.statePath():
		return ""
	case remote.IsURL(at):
		return remote.Redact(at)
	}
	return at
}

// where is a place of a state, as a command was given it.
func (s *session) where(word string) string {
	if remote.IsURL(word) {
		return word
	}
	return s.path(word)
}
