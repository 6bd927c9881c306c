//go:build unix

package state

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestKindsOfFiles(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name, want string
		make       func(path string) error
	}{
		{"a directory", "is a directory", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a FIFO", "is a named pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"a device", "is not a regular file", func(path string) error { return os.Symlink("/dev/zero", path) }},
		{"a link to itself", "leads to itself", func(path string) error { return os.Symlink(path, path) }},
		{"a side directory that is a file", "has to be a directory", func(path string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(path), ".polyplan"), nil, 0o600)
		}},
		{"a side directory that is a link", "has to be a directory", func(path string) error {
			return os.Symlink(os.TempDir(), filepath.Join(filepath.Dir(path), ".polyplan"))
		}},
		{"a lock that is a link", "symbolic link, which is not followed", func(path string) error {
			side := filepath.Join(filepath.Dir(path), ".polyplan", "s.json")
			return errors.Join(os.MkdirAll(side, 0o700), os.Symlink("/dev/null", filepath.Join(side, "lock")))
		}},
		{"a journal that is a link", "symbolic link, which is not followed", func(path string) error {
			side := filepath.Join(filepath.Dir(path), ".polyplan", "s.json")
			return errors.Join(os.MkdirAll(side, 0o700), os.Symlink("/dev/null", filepath.Join(side, "journal")))
		}},
		{"no directory", "no such file", func(path string) error { return os.Remove(filepath.Dir(path)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dir", "s.json")
			if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), c.make(path)); err != nil {
				t.Fatal(err)
			}
			err := File(path).Save(ctx, New())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "saving the state: ") {
				t.Errorf("Save: %v, want %q", err, c.want)
			}
			if _, err := File(path).Journal(ctx, New()); err == nil {
				t.Error("Journal: no error, so that something would be sent")
			}
		})
	}
}

// Who reaches a state by a link shares its lock, and the link stays one.
func TestSymbolicLink(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "a", "real.json"), filepath.Join(dir, "b", "link.json")
	err := errors.Join(os.Mkdir(filepath.Dir(real), 0o700), os.Mkdir(filepath.Dir(link), 0o700),
		os.Symlink("../a/real.json", link))
	if err != nil {
		t.Fatal(err)
	}
	s := New()
	if err := File(link).Save(ctx, s); err != nil { // where it points to nothing yet
		t.Fatal(err)
	}
	lock, err := File(link).Lock(ctx, Holder{Who: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	var l *LockedError
	if _, err := File(real).Lock(ctx, Holder{}); !errors.As(err, &l) || l.Holder.Who != "ada" {
		t.Errorf("Lock by the real name: %v, want a *LockedError", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if got, err := File(real).Load(ctx); err != nil || got.Lineage != s.Lineage {
		t.Errorf("Load by the real name: %+v, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
}

// A state that others could read is theirs no longer after a save, and what a
// link in the place of a temporary file points to is left alone.
func TestModeAndPlantedLinks(t *testing.T) {
	path, s := stateOnDisk(t, false)
	victim := filepath.Join(t.TempDir(), "victim")
	put(t, victim, []byte("untouched"))
	l, err := find(disk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{l.temp(), l.spare(), l.next(), l.newJournal(), l.holder() + ".tmp"} {
		if err := os.Symlink(victim, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	store := File(path)
	j, err := store.Journal(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Close(), store.Save(context.Background(), s)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if got := string(read(t, victim)); got != "untouched" {
		t.Errorf("written through a link: %q", got)
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	path, s := stateOnDisk(t, false)
	withoutPrivileges(t, filepath.Dir(path))
	if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(path), 0o700)
	if err := File(path).Save(context.Background(), s); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Save: %v, want fs.ErrPermission", err)
	}
	if _, err := File(path).Journal(context.Background(), s); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Journal: %v, want fs.ErrPermission", err)
	}
	if got, err := File(path).Load(context.Background()); err != nil || got.Serial != s.Serial {
		t.Errorf("Load: %v, %v", got, err)
	}
}

// Reading writes nothing: not a file, not a lock, not a time.
func TestLoadChangesNothing(t *testing.T) {
	path, _ := stateOnDisk(t, true)
	type seen struct {
		size int64
		time time.Time
	}
	look := func() map[string]seen {
		out := map[string]seen{}
		err := filepath.WalkDir(filepath.Dir(path), func(name string, d fs.DirEntry, err error) error {
			if err == nil {
				info, infoErr := d.Info()
				out[name], err = seen{info.Size(), info.ModTime()}, infoErr
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := look()
	for _, p := range []string{path, filepath.Join(filepath.Dir(path), "absent.json")} {
		if _, err := File(p).Load(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	after := look()
	for name := range after {
		if before[name] != after[name] {
			t.Errorf("%s was changed", name)
		}
	}
	if len(before) != len(after) {
		t.Error("files were made or removed")
	}
}

func TestHistory(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.json")
	store, s := File(path), New()
	for i := range 13 {
		s.Tool = string(rune('a' + i))
		if err := store.Save(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	l, err := find(disk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l.generation(12), nil)
	history, err := store.History(ctx)
	if err != nil || len(history) != 10 || history[0].Serial != 13 || history[9].Serial != 4 {
		t.Fatalf("%+v, %v", history, err)
	}
	for _, g := range history {
		if (g.Err != nil) != (g.Serial == 12) || g.Time.IsZero() || g.Path != l.generation(g.Serial) {
			t.Errorf("%+v", g)
		}
	}
	old, err := store.Generation(ctx, 5)
	if err != nil || old.Tool != "e" {
		t.Fatalf("generation 5: %+v, %v", old, err)
	}
	old.Serial = 13 // go back to it
	if err := store.Save(ctx, old); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Load(ctx); err != nil || got.Tool != "e" || got.Serial != 14 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := store.Generation(ctx, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a generation that is no longer kept: %v", err)
	}
}
