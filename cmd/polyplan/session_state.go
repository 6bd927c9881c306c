package main

import (
	"os"
	"os/user"
	"path/filepath"
	"sync"

	"github.com/polyplan/polyplan/pkg/fault"
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
	store, err := s.openStore()
	if err != nil {
		return err
	}
	if _, err := s.keys(); err != nil {
		return err
	}
	if s.state, err = store.Load(s.ctx); err != nil {
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
	store, err := s.openStore()
	if err != nil {
		return err
	}
	return s.lockStore(store, command)
}

// holder is who this run is, to those who wait for its lock.
func (s *session) holder(command string) state.Holder {
	who := state.Holder{Command: "polyplan " + command, PID: os.Getpid(), Who: firstOf(s.env.get("USER"), s.env.get("GITHUB_ACTOR"), s.env.get("GITLAB_USER_LOGIN"))}
	if who.Who == "" {
		if u, err := user.Current(); err == nil {
			who.Who = u.Username
		}
	}
	who.Host, _ = os.Hostname()
	return who
}

// lockStore takes the lock of a store for the rest of the run.
func (s *session) lockStore(store state.Archive, command string) error {
	if !s.opts.lock {
		return nil
	}
	return fault.Around("lock", func() error {
		lock, err := state.LockWait(s.stop, store, s.holder(command), s.opts.lockTimeout, func(e *state.LockedError) {
			s.note("waiting for the state's lock, held by %s", e.Holder)
		})
		if err != nil {
			return err
		}
		s.closers = append(s.closers, func() {
			if err := fault.Around("unlock", lock.Unlock); err != nil {
				s.note("warning: %s", s.redact(err.Error()))
			}
		})
		return nil
	})
}
