package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/resource"
)

// stateOnDisk is a file store with two generations of a small state, the second
// of which has an open doubt, and if journal is set a journal with two steps.
func stateOnDisk(t *testing.T, journal bool) (path string, s *State) {
	t.Helper()
	ctx := context.Background()
	path = filepath.Join(t.TempDir(), "s.json")
	store := File(path)
	s = sized(3)
	s.Tool, s.Deployment, s.Organization, s.OrganizationName = "polyplan test", "https://polytomic.example", "0a", "Ä & <b>"
	if err := store.Save(ctx, s); err != nil {
		t.Fatal(err)
	}
	s.Doubts = []Intent{{Op: "lost", Address: resource.Address{Kind: "model", Name: "lost"}, Action: Create, Method: "POST"}}
	if err := store.Save(ctx, s); err != nil {
		t.Fatal(err)
	}
	if !journal {
		return path, s
	}
	j, err := store.Journal(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		in := Intent{Op: name, Address: resource.Address{Kind: "model", Name: name}, Action: Create}
		out := Outcome{Op: name, OK: true, Resource: &resource.Resource{ID: "id-" + name, Object: resource.Object{"x": strings.Repeat(name, 400)}}}
		out.Resource.Address = in.Address
		if err := errors.Join(j.Intend(ctx, in), j.Outcome(ctx, out)); err != nil {
			t.Fatal(err)
		}
		s.Record(in, &out)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path, s
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryTruncationOfAStateIsDamage(t *testing.T) {
	path, _ := stateOnDisk(t, false)
	whole := read(t, path)
	for n := range whole {
		s, err := Decode(whole[:n])
		var d *DamagedError
		if !errors.As(err, &d) {
			t.Fatalf("cut after %d bytes: %v, %v; want a *DamagedError", n, s, err)
		}
		if want := map[bool]Damage{true: Empty, false: Truncated}[n == 0]; d.Damage != want {
			t.Fatalf("cut after %d bytes: %s, want %s", n, d.Damage, want)
		}
	}
}

func TestEveryFlippedBitOfAStateIsDamage(t *testing.T) {
	path, _ := stateOnDisk(t, false)
	whole := read(t, path)
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		at := rng.IntN(8 * len(whole))
		b := bytes.Clone(whole)
		b[at/8] ^= 1 << (at % 8)
		var d *DamagedError
		if s, err := Decode(b); !errors.As(err, &d) {
			t.Fatalf("bit %d of byte %d flipped: %v, %v; want a *DamagedError", at%8, at/8, s, err)
		}
	}
	trial.Unfailed(t, "damaged states read as whole: 2000 flipped bits")
}

// Whatever happens to the files of a state, all at once: it is read as it was,
// or as damage; never as another one, and never as the beginning of a new one.
func TestNoCorruptionIsReadAsEmpty(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	path, want := stateOnDisk(t, true)
	before := map[string][]byte{}
	side := filepath.Join(filepath.Dir(path), ".polyplan", "s.json")
	for _, name := range []string{path, filepath.Join(side, "journal"), filepath.Join(side, "000000000001.json"), filepath.Join(side, "000000000002.json")} {
		before[name] = read(t, name)
	}
	names := slices.Sorted(maps.Keys(before))
	whole, rounds := 0, 300
	if trial.IsLong() {
		rounds = 2000
	}
	for range rounds {
		for name, b := range before {
			put(t, name, b)
		}
		for range 1 + rng.IntN(3) {
			name := names[rng.IntN(len(names))]
			b := bytes.Clone(before[name])
			at := rng.IntN(len(b))
			to := min(len(b), at+1+rng.IntN(600))
			switch rng.IntN(8) {
			case 0:
				b = b[:at]
			case 1:
				clear(b[at:to])
			case 2:
				b[at] ^= 1 << rng.IntN(8)
			case 3:
				b = slices.Delete(b, at, to)
			case 4:
				b = slices.Insert(b, at, []byte("<<<<<<< HEAD\n")...)
			case 5:
				b = bytes.Clone(before[names[rng.IntN(len(names))]])
			case 6:
				b = append(b, b[at:to]...)
			case 7:
				if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				continue
			}
			put(t, name, b)
		}
		got, err := File(path).Load(context.Background())
		var d *DamagedError
		switch {
		case errors.As(err, &d):
		case err != nil:
			t.Fatalf("Load: %v, want a *DamagedError", err)
		case got.Lineage != want.Lineage || got.Serial == 0 || len(got.Resources) == 0:
			t.Fatalf("Load: lineage %s, serial %d, %d resources", got.Lineage, got.Serial, len(got.Resources))
		default:
			whole++
		}
	}
	if whole == 0 || whole > rounds*3/4 {
		t.Errorf("%d of %d load: the damage is not what it should be", whole, rounds)
	}
	trial.Unfailed(t, fmt.Sprintf("damaged states read as empty: %d random corruptions of state, journal and generations", rounds))
}

// Of a journal nothing that was acknowledged may be lost without a word. Its
// reserve is longer than what is written in it, so cuts are counted in full
// where records are, and by the sector behind them.
func TestEveryTruncationOfAJournalIsDamage(t *testing.T) {
	path, _ := stateOnDisk(t, true)
	journal := filepath.Join(filepath.Dir(path), ".polyplan", "s.json", "journal")
	whole := read(t, journal)
	log, err := sealing{}.readLog(whole)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n++ {
		if n > log.end+sector {
			n += 10 * sector
		}
		var d *DamagedError
		if _, err := (sealing{}).readLog(whole[:min(n, len(whole)-1)]); !errors.As(err, &d) || d.Damage != BadJournal {
			t.Fatalf("cut after %d bytes: %v; want a *DamagedError", n, err)
		}
	}
}

func TestNoFlippedBitOfAJournalLosesARecord(t *testing.T) {
	path, want := stateOnDisk(t, true)
	journal := filepath.Join(filepath.Dir(path), ".polyplan", "s.json", "journal")
	whole := read(t, journal)
	log, err := sealing{}.readLog(whole)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(9, 10))
	detected := 0
	for i := range 2000 {
		at := rng.IntN(8 * log.end)
		if i%10 == 0 { // behind the records, where nothing can be lost
			at = 8*log.end + rng.IntN(8*(len(whole)-log.end))
		}
		b := bytes.Clone(whole)
		b[at/8] ^= 1 << (at % 8)
		got, err := sealing{}.readLog(b)
		if err == nil && len(got.steps) != len(log.steps) || err == nil && at < 8*log.end {
			t.Fatalf("bit %d of byte %d (of %d) flipped: %d records of %d and no error", at%8, at/8, log.end, len(got.steps), len(log.steps))
		}
		if err != nil {
			detected++
		}
	}
	if detected < 1800 {
		t.Errorf("only %d of 1800 detected", detected)
	}
	got, err := File(path).Load(context.Background())
	if err != nil || content(got) != content(want) {
		t.Errorf("the whole one does not load: %v", err)
	}
}

// Every sort of damage has a message of its own and one next step, and the file
// that is damaged stays as it is.
func TestDamage(t *testing.T) {
	type files struct{ main, side, journal string }
	const all, some, nothing = "all", "some", "nothing"
	const mend = "generation 2 and what was recorded since: polyplan state recover"
	generation := func(f files, n string) string { return filepath.Join(f.side, "00000000000"+n+".json") }
	cases := []struct {
		name    string
		journal bool
		spoil   func(t *testing.T, f files)
		want    Damage
		what    string
		fix     string
		back    string // of what there was, by state recover
	}{
		{"emptied", false, func(t *testing.T, f files) { put(t, f.main, nil) },
			Empty, "the state is empty", mend, all},
		{"blank", false, func(t *testing.T, f files) { put(t, f.main, []byte(" \n\n")) },
			Empty, "the state is empty", mend, all},
		{"NULs", false, func(t *testing.T, f files) { put(t, f.main, make([]byte, 620)) },
			Zeroed, "NUL bytes", mend, all},
		{"some NULs", false, func(t *testing.T, f files) {
			b := read(t, f.main)
			copy(b[600:], make([]byte, 100))
			put(t, f.main, b)
		}, Zeroed, "NUL bytes", mend, all},
		{"merged", false, func(t *testing.T, f files) {
			put(t, f.main, bytes.Replace(read(t, f.main), []byte(`  "serial"`), []byte("<<<<<<< HEAD\n  \"serial\""), 1))
		}, Conflicted, "git's conflict markers", mend, all},
		{"cut", false, func(t *testing.T, f files) { put(t, f.main, read(t, f.main)[:500]) },
			Truncated, "cut off after 500 bytes", mend, all},
		{"edited", false, func(t *testing.T, f files) {
			put(t, f.main, bytes.Replace(read(t, f.main), []byte("select 1"), []byte("select 2"), 1))
		}, Altered, "changed by something other than polyplan", mend, all},
		{"reformatted", false, func(t *testing.T, f files) {
			put(t, f.main, bytes.ReplaceAll(read(t, f.main), []byte("\n  "), []byte("\n\t")))
		}, Altered, "first three lines", mend, all},
		{"foreign", false, func(t *testing.T, f files) { put(t, f.main, []byte(`{"version": 4, "terraform_version": "1.5.0"}`)) },
			Foreign, "not a state of polyplan's", mend, all},
		{"cut, and its copy spoilt too", false, func(t *testing.T, f files) {
			put(t, f.main, read(t, f.main)[:500])
			put(t, generation(f, "2"), nil)
		}, Truncated, "cut off", "generation 1 and", some},
		{"cut, and no generation is good", false, func(t *testing.T, f files) {
			put(t, f.main, read(t, f.main)[:500])
			put(t, generation(f, "1"), nil)
			put(t, generation(f, "2"), nil)
		}, Truncated, "cut off", "put a backup of it in place", nothing},
		{"gone", false, func(t *testing.T, f files) { _ = os.Remove(f.main) },
			Missing, "generation 2 is here", "polyplan state recover; to start anew", all},
		{"gone, with its generations", true, func(t *testing.T, f files) {
			_, _, _ = os.Remove(f.main), os.Remove(generation(f, "1")), os.Remove(generation(f, "2"))
		}, Missing, "left a journal", "what the journal of a run recorded: polyplan state recover; to start anew", some},
		{"an older one put back", false, func(t *testing.T, f files) { put(t, f.main, read(t, generation(f, "1"))) },
			Older, "an older one was put back", "polyplan state recover; if the older one is to stay: polyplan state push --force ", all},
		{"an older one put back under a journal", true, func(t *testing.T, f files) { put(t, f.main, read(t, generation(f, "1"))) },
			Older, "left a journal", mend, all},
		{"another's put in its place", false, func(t *testing.T, f files) {
			other, _ := stateOnDisk(t, false)
			put(t, f.main, read(t, other))
		}, Unrelated, "another lineage than the generations", "polyplan state recover; if the state that is there is to stay: polyplan state push --force ", all},
		{"another's put under its journal", true, func(t *testing.T, f files) {
			other, _ := stateOnDisk(t, false)
			put(t, f.main, read(t, other))
		}, Unrelated, "journal beside the state is of another lineage", "polyplan state recover; if the state that is there", all},
		{"another's put under what is left of its journal", true, func(t *testing.T, f files) {
			_, _ = os.Remove(generation(f, "1")), os.Remove(generation(f, "2"))
			other, _ := stateOnDisk(t, false)
			put(t, f.main, read(t, other))
		}, Unrelated, "journal beside the state is of another lineage", "put the right state back, or, if the one that is there is to stay: polyplan state recover", some},
		{"journal emptied", true, func(t *testing.T, f files) { put(t, f.journal, nil) },
			BadJournal, "journal of an unfinished run is damaged", "what can be read of it: polyplan state recover; then look", some},
		{"journal broken in the middle", true, func(t *testing.T, f files) {
			b := read(t, f.journal)
			copy(b[sector:], make([]byte, sector))
			put(t, f.journal, b)
		}, BadJournal, "yet it was whole", "polyplan state recover", some},
	}
	seen := map[string]string{}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path, s := stateOnDisk(t, c.journal)
			side := filepath.Join(filepath.Dir(path), ".polyplan", "s.json")
			c.spoil(t, files{path, side, filepath.Join(side, "journal")})
			before, _ := os.ReadFile(path)
			_, err := File(path).Load(context.Background())
			var d *DamagedError
			if !errors.As(err, &d) {
				t.Fatalf("Load: %v, want a *DamagedError", err)
			}
			if d.Damage != c.want || !strings.Contains(d.What, c.what) || !strings.Contains(d.Fix, c.fix) || d.Path != path {
				t.Errorf("%+v\nwant %s, %q, %q", d, c.want, c.what, c.fix)
			}
			if other, ok := seen[d.What]; ok && c.want != Empty && c.want != Zeroed && c.want != Truncated && c.want != Unrelated {
				t.Errorf("the same message as for %q: %s", other, d.What)
			}
			seen[d.What] = c.name
			for what, err := range map[string]error{
				"Save":    File(path).Save(context.Background(), s),
				"Journal": func() error { _, err := File(path).Journal(context.Background(), s); return err }(),
			} {
				if !errors.As(err, &d) {
					t.Errorf("%s: %v, want a *DamagedError", what, err)
				}
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}

			// The next step does what it says.
			if strings.Contains(d.Fix, "state push --force") {
				copied := filepath.Join(t.TempDir(), "d")
				if err := os.CopyFS(copied, os.DirFS(filepath.Dir(path))); err != nil {
					t.Fatal(err)
				}
				stay(t, filepath.Join(copied, "s.json"))
			}
			back, err := File(path).Recover(context.Background(), 0)
			if c.back == nothing {
				if !errors.Is(err, ErrNothingLeft) || strings.Contains(d.Fix, "state recover") {
					t.Errorf("Recover: %v, %v; the message says %s", back, err, d.Fix)
				}
				return
			}
			if err == nil {
				err = File(path).Replace(context.Background(), back.State)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := File(path).Load(context.Background())
			if err != nil || (content(got) == content(s)) != (c.back == all) || c.back == some && len(back.Found) == 0 {
				t.Errorf("after it was recovered: %+v, %v; found %q", got, err, back.Found)
			}
		})
	}
}

// stay puts the damaged file in place as the other command of a message does.
func stay(t *testing.T, path string) {
	t.Helper()
	kept, err := Decode(read(t, path))
	if err == nil {
		err = File(path).Replace(context.Background(), kept)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := File(path).Load(context.Background()); err != nil || content(got) != content(kept) {
		t.Errorf("the state that was there, after it was put in place: %+v, %v", got, err)
	}
}

func TestLineEnds(t *testing.T) {
	path, want := stateOnDisk(t, false)
	put(t, path, bytes.ReplaceAll(read(t, path), []byte("\n"), []byte("\r\n")))
	store := File(path)
	got, err := store.Load(context.Background())
	if err != nil || content(got) != content(want) {
		t.Fatalf("with the line ends of another system: %v", err)
	}
	if err := store.Save(context.Background(), got); err != nil {
		t.Error(err)
	}
}
