package state

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// What lineage and serial do not show is refused as well, and each refusal says
// what it found.
func TestConflicts(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name, want string
		meddle     func(t *testing.T, path string, s *State) *State // returns what to save
	}{
		{"saved by another", "generation 2 was loaded, but it now holds generation 3", func(t *testing.T, path string, s *State) *State {
			if err := File(path).Save(ctx, s.Clone()); err != nil {
				t.Fatal(err)
			}
			return s
		}},
		{"another content of the same serial", "generation 2 has another content now", func(t *testing.T, path string, s *State) *State {
			other := s.Clone()
			other.Tool = "another"
			b, err := Encode(other)
			if err != nil {
				t.Fatal(err)
			}
			put(t, path, b)
			return s
		}},
		{"another lineage", "it now holds a state of another lineage", func(_ *testing.T, _ string, s *State) *State {
			s = s.Clone()
			s.Lineage = newID()
			return s
		}},
		{"nothing stored", "there is no state any more", func(t *testing.T, path string, s *State) *State {
			l, err := find(disk{}, path)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{path, l.generation(1), l.generation(2)} {
				if err := remove(disk{}, name); err != nil {
					t.Fatal(err)
				}
			}
			return s
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, _ := stateOnDisk(t, false)
			store := File(path)
			s, err := store.Load(ctx)
			if err != nil {
				t.Fatal(err)
			}
			s = c.meddle(t, path, s)
			err = store.Save(ctx, s)
			var conflict *ConflictError
			if !errors.As(err, &conflict) || !strings.Contains(err.Error(), c.want) || s.Serial != 2 {
				t.Errorf("Save: %v, want %q; serial %d", err, c.want, s.Serial)
			}
			if _, err := store.Journal(ctx, s); !errors.As(err, &conflict) {
				t.Errorf("Journal: %v, want a *ConflictError: nothing may be sent", err)
			}
		})
	}
}

// Two first runs: one died after it had noted what it was about to do, the
// other had looked before that and knows nothing of it.
func TestTwoFirstRuns(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.json")
	late := File(path)
	s, err := late.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	died := File(path)
	first, err := died.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	j, err := died.Journal(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Intend(ctx, Intent{Op: "1", Address: addressOf("model.users"), Action: Create}), j.Close()); err != nil {
		t.Fatal(err)
	}
	var conflict *ConflictError
	if err := late.Save(ctx, s); !errors.As(err, &conflict) || conflict.StoredLineage != first.Lineage {
		t.Errorf("Save: %v, want a *ConflictError", err)
	}
	if got, err := late.Load(ctx); err != nil || got.Lineage != first.Lineage || len(got.Doubts) != 1 {
		t.Errorf("Load: %+v, %v", got, err)
	}
}

// A save that cannot tell whether it succeeded says so, and can be repeated.
func TestUnsureSave(t *testing.T) {
	ctx := context.Background()
	m := newModel("/", "/state")
	broken := errors.New("broken")
	f := &failDirSync{model: m, err: broken}
	store := onModel(f)
	s := New()
	if err := store.Save(ctx, s); err != nil {
		t.Fatal(err)
	}
	f.dir = "/state"
	if err := store.Save(ctx, s); !errors.Is(err, broken) || s.Serial != 1 {
		t.Fatalf("Save: %v, serial %d; want the error, and 1", err, s.Serial)
	}
	f.dir = ""
	if _, err := store.Journal(ctx, s); err == nil {
		t.Error("Journal after a save that may have failed: no error")
	}
	if err := store.Save(ctx, s); err != nil || s.Serial != 3 {
		t.Errorf("second attempt: %v, serial %d; want 3", err, s.Serial)
	}
}

// failDirSync fails to sync one directory.
type failDirSync struct {
	*model
	dir string
	err error
}

func (f *failDirSync) SyncDir(name string) error {
	if name == f.dir {
		return f.err
	}
	return f.model.SyncDir(name)
}
