package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// TestMain makes the test program one that holds a lock until it dies.
func TestMain(m *testing.M) {
	if path := os.Getenv("STATE_TEST_HOLD"); path != "" {
		_, err := File(path).Lock(context.Background(), Holder{Who: "the other", Host: "here", PID: os.Getpid(), Command: "test"})
		fmt.Println("held:", err)
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// The kernel frees a lock when its holder is killed.
func TestLockEndsWithItsProcess(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.json")
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "STATE_TEST_HOLD="+path)
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || said != "held: <nil>\n" {
		t.Fatalf("%q, %v", said, err)
	}
	store := File(path)
	_, err = store.Lock(ctx, Holder{Who: "me"})
	var l *LockedError
	if !errors.As(err, &l) || l.Holder.PID != other.Process.Pid || !strings.Contains(err.Error(), "locked by the other on here (pid ") {
		t.Fatalf("Lock: %v, want a *LockedError with the holder", err)
	}
	if _, err := store.Break(ctx, ""); !errors.As(err, &l) {
		t.Errorf("Break of a lock whose holder lives: %v, want a *LockedError", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	lock, err := store.Lock(ctx, Holder{Who: "me"})
	if err != nil {
		t.Fatalf("Lock after the holder was killed: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// oddLocks is a disk whose locks are not what they should be.
type oddLocks struct {
	disk
	lock func() error
}

type oddFile struct {
	file
	lock func() error
}

func (f oddFile) Lock() error { return f.lock() }

func (o oddLocks) OpenFile(name string, flag int) (file, error) {
	f, err := o.disk.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	return oddFile{f, o.lock}, nil
}

// Where there are no locks, or locks that keep nobody out, a file stands for
// one, and we say so.
func TestWithoutLocks(t *testing.T) {
	ctx := context.Background()
	for name, lock := range map[string]func() error{
		"no locks":              func() error { return errNoLocks },
		"every lock is granted": func() error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.json")
			var warnings []string
			open := func() *FileStore {
				return &FileStore{path: path, sys: oddLocks{lock: lock}, chunk: journalChunk, keep: 10,
					Warn: func(text string) { warnings = append(warnings, text) }}
			}
			one, two := open(), open()
			held, err := one.Lock(ctx, Holder{Who: "ada", Since: time.Now().Add(-time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], "knows no locks") {
				t.Errorf("warnings: %q", warnings)
			}
			for _, store := range []*FileStore{two, File(path)} { // another machine may see locks
				var l *LockedError
				_, err = store.Lock(ctx, Holder{Who: "bob"})
				if !errors.As(err, &l) || l.Holder.Who != "ada" || l.Age < time.Hour || !strings.Contains(l.Fix, "polyplan unlock") {
					t.Errorf("a second Lock: %v, want a *LockedError", err)
				}
			}
			if err := one.Save(ctx, New()); err != nil {
				t.Errorf("Save by the holder: %v", err)
			}
			if err := held.Unlock(); err != nil {
				t.Fatal(err)
			}
			if _, err := two.Lock(ctx, Holder{Who: "bob"}); err != nil {
				t.Fatalf("after Unlock: %v", err)
			}
			// Bob's process dies here.
			if who, err := one.Break(ctx, ""); err != nil || who.Who != "bob" {
				t.Errorf("Break: %+v, %v", who, err)
			}
			held, err = one.Lock(ctx, Holder{})
			if err != nil {
				t.Fatalf("after Break: %v", err)
			}
			if err := held.Unlock(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestBreakOfNothing(t *testing.T) {
	path, _ := stateOnDisk(t, false)
	if who, err := File(path).Break(context.Background(), ""); !errors.Is(err, ErrNotLocked) || who != (Holder{}) {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestLockWait(t *testing.T) {
	ctx := context.Background()
	ada := Holder{Who: "ada"}
	t.Run("until it is free", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := NewMemory()
			held, err := m.Another().Lock(ctx, ada)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				time.Sleep(90 * time.Second)
				_ = held.Unlock()
			}()
			told, start := 0, time.Now()
			_, err = LockWait(ctx, m, Holder{Who: "bob"}, time.Hour, func(l *LockedError) {
				if told++; l.Holder.Who != "ada" {
					t.Errorf("told of %+v", l)
				}
			})
			if waited := time.Since(start); err != nil || told != 1 || waited < 90*time.Second || waited > 93*time.Second {
				t.Errorf("%v, told %d times, after %s", err, told, waited)
			}
		})
	})
	t.Run("in vain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := NewMemory()
			if _, err := m.Another().Lock(ctx, ada); err != nil {
				t.Fatal(err)
			}
			var l *LockedError
			start := time.Now()
			if _, err := LockWait(ctx, m, Holder{}, time.Minute, nil); !errors.As(err, &l) || time.Since(start) != time.Minute {
				t.Errorf("%v after %s, want a *LockedError after a minute", err, time.Since(start))
			}
			if _, err := LockWait(ctx, m, Holder{}, 0, nil); !errors.As(err, &l) || time.Since(start) != time.Minute {
				t.Errorf("without waiting: %v after %s", err, time.Since(start))
			}
			stopped, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if _, err := LockWait(stopped, m, Holder{}, time.Minute, nil); !errors.As(err, &l) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("interrupted: %v, want both errors", err)
			}
		})
	})
	t.Run("another error", func(t *testing.T) {
		m := NewMemory()
		broken := errors.New("broken")
		m.Fault = func(string) error { return broken }
		if _, err := LockWait(ctx, m, ada, time.Hour, nil); !errors.Is(err, broken) {
			t.Errorf("%v, want it at once", err)
		}
	})
}

func TestHolderString(t *testing.T) {
	for want, h := range map[string]Holder{
		"another run":                             {},
		"someone (polyplan apply)":                {Command: "polyplan apply"},
		"ada on build-3 (pid 71, polyplan apply)": {Who: "ada", Host: "build-3", PID: 71, Command: "polyplan apply"},
	} {
		if got := h.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
