package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
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
			out := Outcome{Op: op, OK: true, Resource: &resource.Resource{Address: in.Address, ID: "id-" + op, Object: resource.Object{"name": op, "query": strings.Repeat("select ", 60)}}}
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

// One of the objects or files of a state is spoiled. Recovering puts the very same
// state together. Where the text of the last run's own journal was hit, what cannot
// be had from elsewhere is in doubt, so that the service is asked, or its loss is told;
// but for the very end of it, which nobody can tell from one that was never written.
func TestRecoverAfterRandomDamage(t *testing.T) {
	ctx := context.Background()
	rounds := 200
	if trial.IsLong() {
		rounds = 1000
	}
	r := rand.New(rand.NewPCG(1, 2))
	wrong, hits, whole, shorter := 0, 0, 0, 0
	check := func(t *testing.T, store Archive, truth *State, what string, journalIsHit bool) {
		t.Helper()
		fail := func(format string, args ...any) {
			t.Helper()
			wrong++
			t.Errorf(what+": "+format, args...)
		}
		_, loadErr := store.Load(ctx)
		got, err := store.Recover(ctx, 0)
		if err != nil {
			fail("%v", err)
			return
		}
		if journalIsHit {
			hits++
		}
		switch {
		case content(got.State) == content(truth):
			if journalIsHit {
				whole++
			}
		case !journalIsHit:
			fail("recovered %v, want %v; found %q", got.State.Resources.Addresses(), truth.Resources.Addresses(), got.Found)
		case loadErr == nil: // its end is gone, and it reads as that of a run that died earlier
			shorter++
		case len(got.Found) == 0:
			fail("something is lost, and nothing is said of it")
		}
		for a, r := range got.State.Resources {
			if want := truth.Resources[a]; want == nil || want.ID != r.ID {
				fail("recovered %+v, which never was", r)
			}
		}
		if loadErr == nil {
			return
		}
		if err := store.Replace(ctx, got.State); err != nil {
			fail("%v", err)
			return
		}
		again, err := store.Load(ctx)
		if err != nil || content(again) != content(got.State) {
			fail("after recovery: %+v, %v", again, err)
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
		written := bytes.TrimRight(read(t, l.journal()), "\x00")
		for i := range rounds {
			hit := filepath.Join(t.TempDir(), "d")
			if err := os.CopyFS(hit, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			name := all[i%len(all)]
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			text := read(t, name)
			if name == l.journal() { // where there is something to lose
				if hit := spoil(r, written); len(hit) == len(written) {
					text = slices.Concat(hit, text[len(written):])
				} else {
					text = hit
				}
			} else {
				text = spoil(r, text)
			}
			put(t, filepath.Join(hit, rel), text)
			check(t, File(filepath.Join(hit, "s.json")), truth, rel, name == l.journal())
		}
	})
	trial.None(t, fmt.Sprintf("states not rebuilt, nor their loss told: %d random corruptions of a file or object", 2*rounds), wrong)
	t.Logf("of %d spoiled journals %d were rebuilt whole; %d read as if their run had died earlier", hits, whole, shorter)
}

// A record of a journal that cannot be read takes no other with it.
func TestSalvage(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.json")
	threeRuns(t, File(path))
	truth, err := File(path).Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	l, err := find(disk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, l.journal())
	lines := bytes.SplitAfter(bytes.TrimRight(text, "\x00"), []byte("\n"))
	at := len(lines[0])
	for i, line := range lines[1 : len(lines)-1] {
		hit := bytes.Clone(text)
		hit[at+len(line)/2] ^= 1
		at += len(line)
		put(t, l.journal(), hit)
		got, err := File(path).Recover(ctx, 0)
		if err != nil {
			t.Fatalf("record %d: %v", i+1, err)
		}
		op := fmt.Sprintf("r2-%d", i/2)
		if i%2 == 0 { // the intent, of which the outcome tells all
			if content(got.State) != content(truth) {
				t.Errorf("without the intent of %s: %v", op, got.State.Resources.Addresses())
			}
		} else if len(got.State.Resources) != len(truth.Resources)-1 || len(got.State.Doubts) != 1 || got.State.Doubts[0].Op != op {
			t.Errorf("without the outcome of %s: %v, in doubt %+v", op, got.State.Resources.Addresses(), got.State.Doubts)
		}
		if len(got.Found) != 1 || !strings.Contains(got.Found[0], "5 of its records could be read") {
			t.Errorf("record %d: found %q", i+1, got.Found)
		}
	}
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
