package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/schema"
)

// The file of the schemas that the service had last, beside the manifest. The
// sandbox has its own, as it has its own state.
const (
	lockName        = "polyplan.schema.lock.json"
	sandboxLockName = "polyplan.sandbox.schema.lock.json"
)

// lockLimit is how large the file may be.
const lockLimit = 64 << 20

// readLock reads the file, nil if there is none.
func (s *session) readLock() (*schema.Lock, error) {
	info, err := os.Lstat(s.lockPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	unusable := func(err error) error {
		return &problem{Diagnostic: diag.Diagnostic{Pos: diag.Pos{File: s.lockName()}, Code: "lock-damaged", What: "the lock file of the schemas cannot be read",
			Why: fmt.Sprint(withoutPath(err)), Fix: "take it from version control, or delete it and run `polyplan validate --online --update-lock`"}, Err: err}
	}
	if err == nil && !info.Mode().IsRegular() { // opening a named pipe would wait for ever
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		return nil, unusable(err)
	}
	f, err := os.Open(s.lockPath())
	if err != nil {
		return nil, unusable(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, lockLimit+1))
	if err == nil && len(data) > lockLimit {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, unusable(err)
	}
	lock, err := schema.ParseLock(data)
	if err != nil {
		return nil, unusable(err)
	}
	return lock, nil
}
