package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// stateNames are the default files beside the manifest. The sandbox has its
// own, so that trying something out never meets the real state.
const (
	stateName        = "polyplan.state.json"
	sandboxStateName = "polyplan.sandbox.state.json"
	sandboxDataName  = "polyplan.sandbox.data"
)

// beside is where files that belong to the manifest lie.
func (s *session) beside(name string) string {
	first := s.opts.files[0]
	if first == "-" {
		return filepath.Join(s.dir(), name)
	}
	p := s.path(first)
	if info, err := os.Stat(p); err == nil && info.IsDir() {
		return filepath.Join(p, name)
	}
	return filepath.Join(filepath.Dir(p), name)
}

func (s *session) statePath() string {
	switch {
	case s.opts.state != "":
		return s.path(s.opts.state)
	case s.opts.sandbox:
		return s.beside(sandboxStateName)
	}
	return s.beside(stateName)
}

// openState loads the state and seals the manifest's secrets with its key.
func (s *session) openState() error {
	if scheme, _, ok := strings.Cut(s.opts.state, "://"); ok {
		return usage(fmt.Sprintf("a state at %s:// is not supported", scheme), "give --state the path of a file")
	}
	path := s.statePath()
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("there is no directory for the state %s", path),
			Fix: "make the directory, or correct --state"}, Err: fs.ErrNotExist}
	}
	if _, err := s.keys(); err != nil {
		return err
	}
	var err error
	if s.state, err = s.openStore().Load(s.ctx); err != nil {
		return err // the store says what it was about
	}
	s.tellEncryption()
	s.continuePlanned()
	s.prints = s.fingerprinter(s.state.Lineage)
	if s.manifest != nil {
		s.seal()
	}
	return nil
}

// fingerprinter makes the fingerprints of a lineage.
func (s *session) fingerprinter(lineage string) *resource.Fingerprinter {
	key := s.env.get("POLYPLAN_FINGERPRINT_KEY")
	s.hide(key)
	return resource.NewFingerprinter(key, lineage)
}

// openStore is the one store of this run: the lock that it takes is its own.
func (s *session) openStore() *state.FileStore {
	if s.store == nil {
		s.store = state.File(s.statePath())
		s.store.Codec = lateKeys{s}
		s.store.Warn = func(text string) { s.note("warning: %s", text) }
	}
	return s.store
}

// seal makes the fingerprints of all secrets, on all processors.
func (s *session) seal() {
	var wg sync.WaitGroup
	work := make(chan *resource.Resource)
	for range 4 {
		wg.Go(func() {
			for r := range work {
				resource.Secrets(r.Object, func(x *resource.Secret) { x.Seal(s.prints) })
				resource.Secrets(r.Extra, func(x *resource.Secret) { x.Seal(s.prints) })
			}
		})
	}
	for _, r := range s.manifest.Set {
		work <- r
	}
	close(work)
	wg.Wait()
}

// lock takes the state's lock. It has to be held before the state is loaded.
func (s *session) lock(command string) error {
	if !s.opts.lock {
		return nil
	}
	who := state.Holder{Command: "polyplan " + command, PID: os.Getpid(), Who: firstOf(s.env.get("USER"), s.env.get("GITHUB_ACTOR"), s.env.get("GITLAB_USER_LOGIN"))}
	if who.Who == "" {
		if u, err := user.Current(); err == nil {
			who.Who = u.Username
		}
	}
	who.Host, _ = os.Hostname()
	lock, err := state.LockWait(s.stop, s.openStore(), who, s.opts.lockTimeout, func(e *state.LockedError) {
		s.note("waiting for the state's lock, held by %s", e.Holder)
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() { _ = lock.Unlock() })
	return nil
}
