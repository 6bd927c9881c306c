package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// faulty fails the n-th operation of the file system below, and with forever
// all that follow.
type faulty struct {
	files
	n, count int
	forever  bool
	err      error
	op       string // that failed first
}

func (f *faulty) hit(op string) error {
	f.count++
	if f.count == f.n || f.forever && f.count > f.n {
		if f.op == "" {
			f.op = op
		}
		return fail(op, "somewhere", f.err)
	}
	return nil
}

func (f *faulty) Lstat(name string) (fs.FileInfo, error) {
	if err := f.hit("lstat"); err != nil {
		return nil, err
	}
	return f.files.Lstat(name)
}

func (f *faulty) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.hit("readdir"); err != nil {
		return nil, err
	}
	return f.files.ReadDir(name)
}

func (f *faulty) OpenFile(name string, flag int) (file, error) {
	if err := f.hit("open"); err != nil {
		return nil, err
	}
	inner, err := f.files.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	return &faultyFile{inner, f}, nil
}

func (f *faulty) Mkdir(name string) error {
	if err := f.hit("mkdir"); err != nil {
		return err
	}
	return f.files.Mkdir(name)
}

func (f *faulty) Rename(from, to string) error {
	if err := f.hit("rename"); err != nil {
		return err
	}
	return f.files.Rename(from, to)
}

func (f *faulty) Remove(name string) error {
	if err := f.hit("remove"); err != nil {
		return err
	}
	return f.files.Remove(name)
}

func (f *faulty) SyncDir(name string) error {
	if err := f.hit("syncdir"); err != nil {
		return err
	}
	return f.files.SyncDir(name)
}

type faultyFile struct {
	file
	f *faulty
}

func (f *faultyFile) Read(b []byte) (int, error) {
	if err := f.f.hit("read"); err != nil {
		return 0, err
	}
	return f.file.Read(b)
}

// WriteAt writes half of it before it fails, as a full disk does.
func (f *faultyFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.f.hit("write"); err != nil {
		n, _ := f.file.WriteAt(b[:len(b)/2], at)
		return n, err
	}
	return f.file.WriteAt(b, at)
}

func (f *faultyFile) Sync() error {
	if err := f.f.hit("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faultyFile) Lock() error {
	if err := f.f.hit("lock"); err != nil {
		return err
	}
	return f.file.Lock()
}

// Close closes the file all the same, as the system does.
func (f *faultyFile) Close() error {
	return errors.Join(f.f.hit("close"), f.file.Close())
}

// TestEveryOperationFails lets the first, the second, the third ... operation
// of a life fail, until one life meets no failure.
func TestEveryOperationFails(t *testing.T) {
	ctx := context.Background()
	apart := 1
	if trial.Few(t) {
		apart = 7
	}
	for _, mode := range []struct {
		name    string
		forever bool
		err     error
	}{
		{"once", false, syscall.EIO},
		{"from then on", true, syscall.ENOSPC},
	} {
		t.Run(mode.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 6))
			for n := 1; ; n += apart {
				m := newModel("/", "/state")
				disk := &faulty{files: m, n: n, forever: mode.forever, err: mode.err}
				store := onModel(disk)
				s, err := newScript(store)
				if err == nil {
					err = s.life(700)
				}
				at := fmt.Sprintf("operation %d (%s)", n, disk.op)
				if disk.op == "" {
					t.Logf("fewer than %d operations", n)
					return
				}
				if s == nil {
					if !errors.Is(err, mode.err) {
						t.Errorf("%s: first Load: %v", at, err)
					}
					continue
				}
				if err != nil && !errors.Is(err, mode.err) {
					t.Errorf("%s: the cause is not in the error: %v", at, err)
				}
				for _, odds := range []float64{0, 0.5, 1} {
					if _, err := s.check(m.crash(func() bool { return rng.Float64() < odds })); err != nil {
						t.Errorf("%s, then a loss of power: %v", at, err)
					}
				}
				if err := s.recover(m.killed()); err != nil {
					t.Errorf("%s, then a new run: %v", at, err)
				}
				if err != nil && !mode.forever {
					s.live.Tool += "+"
					s.will()
					if err := s.done(store.Save(ctx, s.live)); err != nil {
						t.Errorf("%s: a second attempt to save: %v", at, err)
					} else if _, err := s.check(m.killed()); err != nil {
						t.Errorf("%s, saved at the second attempt: %v", at, err)
					}
				}
			}
		})
	}
}
