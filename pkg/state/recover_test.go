package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
)

// threeRuns are two runs that ended and one that died, a create and more each.
func threeRuns(t *testing.T, store Store) {
	t.Helper()
	ctx := context.Background()
	s, err := store.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		j, err := store.Journal(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			op := fmt.Sprintf("r%d-%d", n, i)
			in := creation(op)
			out := Outcome{Op: op, OK: true, Resource: &resource.Resource{Address: in.Address, ID: "id-" + op, Object: resource.Object{"name": op}}}
			if err := errors.Join(j.Intend(ctx, in), j.Outcome(ctx, out)); err != nil {
				t.Fatal(err)
			}
			s.Record(in, &out)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if n < 2 {
			if err := store.Save(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// spoil changes content as accidents do.
func spoil(r *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	switch r.IntN(4) {
	case 0:
		return nil
	case 1:
		return b[:r.IntN(len(b))]
	case 2:
		at := r.IntN(len(b))
		clear(b[at:min(len(b), at+1+r.IntN(512))])
	default:
		b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
	}
	return b
}

// One of the objects or files of a state is spoiled. Either it loads as if
// nothing had happened, or recovering puts the very same state together; what of
// a journal's own text is lost is named.
func TestRecoverAfterRandomDamage(t *testing.T) {
	ctx := context.Background()
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	r := rand.New(rand.NewPCG(1, 2))
	check := func(t *testing.T, store Archive, truth *State, what string, journalIsHit bool) {
		t.Helper()
		_, loadErr := store.Load(ctx)
		got, err := store.Recover(ctx, 0)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		whole := slices.Equal(truth.Resources.Addresses(), got.State.Resources.Addresses())
		switch {
		case whole:
		case !journalIsHit:
			t.Errorf("%s: recovered %v, want %v; found %q", what, got.State.Resources.Addresses(), truth.Resources.Addresses(), got.Found)
		case loadErr != nil && len(got.Found) == 0:
			t.Errorf("%s: something is lost, and nothing is said of it", what)
		}
		if loadErr == nil {
			return
		}
		if err := store.Replace(ctx, got.State); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		again, err := store.Load(ctx)
		if err != nil {
			t.Fatalf("%s, after recovery: %v", what, err)
		}
		if !slices.Equal(got.State.Resources.Addresses(), again.Resources.Addresses()) {
			t.Errorf("%s, after recovery: %v, want %v", what, again.Resources.Addresses(), got.State.Resources.Addresses())
		}
	}

	t.Run("objects", func(t *testing.T) {
		objects := NewMemoryObjects()
		store, _ := onObjects(objects)
		threeRuns(t, store)
		truth, err := store.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.DeleteFunc(names(objects), func(name string) bool { return strings.HasPrefix(name, lockPrefix) })
		for range rounds {
			hit := NewMemoryObjects()
			for name, b := range objects.content {
				hit.content[name], hit.time[name] = b, objects.time[name]
			}
			name := all[r.IntN(len(all))]
			if r.IntN(5) == 0 {
				delete(hit.content, name)
			} else {
				hit.content[name] = spoil(r, hit.content[name])
			}
			damaged, _ := onObjects(hit)
			check(t, damaged, truth, name, strings.HasPrefix(name, journalDir(2)))
		}
	})
	t.Run("files", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "s.json")
		threeRuns(t, File(path))
		truth, err := File(path).Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		l, err := find(disk{}, path)
		if err != nil {
			t.Fatal(err)
		}
		all := []string{l.main, l.generation(2), l.generation(1), l.journal()}
		for i := range rounds / 5 {
			hit := filepath.Join(t.TempDir(), "d")
			if err := os.CopyFS(hit, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			name := all[i%len(all)]
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(hit, rel), spoil(r, read(t, name)))
			check(t, File(filepath.Join(hit, "s.json")), truth, rel, name == l.journal())
		}
	})
}

// A generation that is lost is rebuilt from the one before and the journal of
// the run between them.
func TestRecoverRebuilds(t *testing.T) {
	ctx := context.Background()
	objects := NewMemoryObjects()
	store, _ := onObjects(objects)
	threeRuns(t, store)
	truth, err := store.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, lost := range [][]int64{{2}, {1, 2}} {
		for _, serial := range lost {
			objects.content[generationObject(serial)] = nil
		}
		got, err := store.Recover(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got.From != 2-int64(len(lost)) || len(got.Found) != len(lost) || !slices.Equal(got.State.Resources.Addresses(), truth.Resources.Addresses()) {
			t.Errorf("without %v: from %d, found %q: %v", lost, got.From, got.Found, got.State.Resources.Addresses())
		}
	}
	empty, _ := onObjects(NewMemoryObjects())
	if _, err := empty.Recover(ctx, 0); !errors.Is(err, ErrNothingLeft) {
		t.Errorf("Recover of nothing: %v", err)
	}
}

// What a newer version wrote is not mended by this one.
func TestRecoverLeavesNewer(t *testing.T) {
	ctx := context.Background()
	objects := NewMemoryObjects()
	store, _ := onObjects(objects)
	if err := store.Save(ctx, New()); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(objects.content[generationObject(1)]), `"format_version": 1`, `"format_version": 2`, 1)
	objects.content[generationObject(1)] = seal(text)
	path := filepath.Join(t.TempDir(), "s.json")
	put(t, path, seal(text))
	for _, store := range []Archive{store, File(path)} {
		var newer *NewerFormatError
		if _, err := store.Recover(ctx, 0); !errors.As(err, &newer) {
			t.Errorf("Recover: %v, want a *NewerFormatError", err)
		}
		if err := store.Replace(ctx, New()); !errors.As(err, &newer) {
			t.Errorf("Replace: %v, want a *NewerFormatError", err)
		}
	}
	if got := string(objects.content[generationObject(1)]); got != string(seal(text)) || string(read(t, path)) != got {
		t.Error("it was touched")
	}
}
