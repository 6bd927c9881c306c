package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// heldLock is the lock while this store holds it, for a caller of Lock, for an
// open journal, or for the length of a save.
type heldLock struct {
	layout
	file   file // the flock; nil for the stand-in
	holder Holder
	users  int
}

// fileLock is what Lock hands out.
type fileLock struct {
	once  sync.Once
	store *FileStore
	err   error
}

// Lock implements Store. The lock is the kernel's and ends with the process;
// on a file system without locks a file stands for it, and Warn is told.
func (f *FileStore) Lock(ctx context.Context, who Holder) (Lock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held != nil {
		return nil, f.lockedBy(f.held.holder, false)
	}
	if err := f.acquire(who); err != nil {
		return nil, fmt.Errorf("locking the state: %w", err)
	}
	return &fileLock{store: f}, nil
}

// Unlock implements Lock.
func (l *fileLock) Unlock() error {
	l.once.Do(func() {
		l.store.mu.Lock()
		defer l.store.mu.Unlock()
		l.err = l.store.release()
	})
	return l.err
}

// borrow holds the lock until the next release, taking it if it is free.
func (f *FileStore) borrow() error {
	if f.held != nil {
		f.held.users++
		return nil
	}
	host, _ := os.Hostname()
	return f.acquire(Holder{Host: host, PID: os.Getpid()})
}

// acquire takes the lock, which this store does not hold.
func (f *FileStore) acquire(who Holder) error {
	l, err := find(f.sys, f.path)
	if err != nil {
		return err
	}
	if err := l.prepare(f.sys); err != nil {
		return err
	}
	if who.Since.IsZero() {
		who.Since = time.Now().UTC().Truncate(time.Second)
	}
	text, err := marshal(who)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	file, err := f.flock(l)
	switch {
	case errors.Is(err, errHeld):
		return f.lockedBy(readHolder(f.sys, l.holder()), false)
	case errors.Is(err, errNoLocks):
		if err := f.take(l, text); err != nil {
			return err
		}
		f.warn("%s: this file system knows no locks, so the file %s stands for one; a run that is killed leaves it behind", f.path, l.taken())
	case err != nil:
		return err
	default:
		// A run on another machine may see no locks where this one does.
		if _, err := f.sys.Lstat(l.taken()); err == nil {
			file.Close()
			return f.lockedBy(readHolder(f.sys, l.taken()), true)
		}
	}
	f.held = &heldLock{l, file, who, 1}
	// For people only, so that its failure is no reason to stop.
	if err := writeSynced(f.sys, l.holder()+".tmp", text); err != nil {
		f.warn("noting who holds the lock: %v", err)
	} else if err := f.sys.Rename(l.holder()+".tmp", l.holder()); err != nil {
		f.warn("noting who holds the lock: %v", err)
	}
	return nil
}

// flock locks the lock file, and makes sure that the lock keeps others out.
func (f *FileStore) flock(l layout) (file, error) {
	if info, err := f.sys.Lstat(l.lock()); err == nil {
		if err := regular(l.lock(), info); err != nil {
			return nil, err
		}
	}
	first, err := f.sys.OpenFile(l.lock(), os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := first.Lock(); err != nil {
		first.Close()
		return nil, err
	}
	// Some file systems grant every lock to everyone.
	second, err := f.sys.OpenFile(l.lock(), os.O_RDWR)
	if err != nil {
		first.Close()
		return nil, err
	}
	err = second.Lock()
	second.Close()
	if !errors.Is(err, errHeld) {
		first.Close()
		return nil, fmt.Errorf("%w: a lock was granted twice", errNoLocks)
	}
	return first, nil
}

// take makes the file that stands for a lock; only one can.
func (f *FileStore) take(l layout, text []byte) error {
	file, err := f.sys.OpenFile(l.taken(), os.O_CREATE|os.O_EXCL|os.O_WRONLY)
	if errors.Is(err, fs.ErrExist) {
		return f.lockedBy(readHolder(f.sys, l.taken()), true)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteAt(text, 0)
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, f.sys.Remove(l.taken()))
	}
	return nil
}

// release ends one use of the lock, and frees it after the last.
func (f *FileStore) release() error {
	h := f.held
	if h.users--; h.users > 0 {
		return nil
	}
	f.held = nil
	_ = f.sys.Remove(h.layout.holder())
	if h.file != nil {
		return h.file.Close()
	}
	return f.sys.Remove(h.taken())
}

// Break frees a lock that a dead run left behind and says whose it was. Where
// the kernel keeps the lock there is nothing to break: it ends with its run, and
// while that lives Break refuses with a *LockedError. Only the file that stands
// for a lock can be left behind; Break believes its caller that the run is dead.
// The lock of a file has no id.
func (f *FileStore) Break(ctx context.Context, id string) (Holder, error) {
	if err := ctx.Err(); err != nil {
		return Holder{}, err
	}
	if id != "" {
		return Holder{}, errors.New("the lock of a file has no id")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held != nil {
		return Holder{}, f.lockedBy(f.held.holder, false)
	}
	l, err := find(f.sys, f.path)
	if err != nil {
		return Holder{}, err
	}
	who := readHolder(f.sys, l.taken())
	if err := f.sys.Remove(l.taken()); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return who, err
	}
	if err := f.borrow(); err != nil {
		return Holder{}, err
	}
	return Holder{}, errors.Join(ErrNotLocked, f.release())
}

func readHolder(sys files, name string) (h Holder) {
	if b, err := readFile(sys, name); err == nil && json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}

func (f *FileStore) lockedBy(h Holder, standIn bool) *LockedError {
	fix := endsWithRun
	if standIn {
		fix = waitFix + sureFix + Command(f.Address, "unlock")
	}
	return lockedBy(f.path, "", h, fix)
}

// The ways out of a lock that is held.
const (
	waitFix     = "wait for it with --lock-timeout"
	sureFix     = ", or, once you are sure that no such run is alive: "
	endsWithRun = waitFix + ", or end that run: its lock ends with it"
)

func lockedBy(path, id string, h Holder, fix string) *LockedError {
	e := &LockedError{Path: path, Holder: h, ID: id, Fix: fix}
	if !h.Since.IsZero() {
		e.Age = max(0, time.Since(h.Since))
	}
	return e
}
