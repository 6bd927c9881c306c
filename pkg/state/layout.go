package state

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// layout is where things lie. For a state polyplan.state.json:
//
//	polyplan.state.json                                   the state
//	.polyplan.state.json.tmp                              the next one, being written
//	.polyplan.state.json.spare.tmp                        room for the next one, kept during a run
//	.polyplan/polyplan.state.json/000000000042.json       the last ten generations, the current one too
//	.polyplan/polyplan.state.json/journal                 what the present or a dead run did
//	.polyplan/polyplan.state.json/lock                    an empty file, locked by the run that is at work
//	.polyplan/polyplan.state.json/holder.json             who that is, for people
//	.polyplan/polyplan.state.json/lock.taken              stands for the lock where the file system has none
//
// One hidden directory holds all but the state itself, so that one line keeps
// it out of version control and several states can lie side by side. The
// temporary files have fixed names, so that those of dead runs cannot pile up:
// the next run replaces them, under the lock.
type layout struct{ main, dir, side string }

const sideName = ".polyplan"

func (l layout) beside(end string) string {
	return filepath.Join(l.dir, "."+filepath.Base(l.main)+end)
}
func (l layout) temp() string       { return l.beside(".tmp") }
func (l layout) spare() string      { return l.beside(".spare.tmp") }
func (l layout) next() string       { return filepath.Join(l.side, "next.tmp") }
func (l layout) journal() string    { return filepath.Join(l.side, "journal") }
func (l layout) newJournal() string { return filepath.Join(l.side, "journal.tmp") }
func (l layout) lock() string       { return filepath.Join(l.side, "lock") }
func (l layout) taken() string      { return filepath.Join(l.side, "lock.taken") }
func (l layout) holder() string     { return filepath.Join(l.side, "holder.json") }
func (l layout) generation(serial int64) string {
	return filepath.Join(l.side, fmt.Sprintf("%012d.json", serial))
}

// find resolves a path that may be a symbolic link, so that all who reach a
// state by different links share its lock and its journal.
func find(sys files, path string) (layout, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return layout{}, err
	}
	for range 40 {
		info, err := sys.Lstat(path)
		switch {
		case err == nil && info.Mode()&fs.ModeSymlink != 0:
			to, err := sys.Readlink(path)
			if err != nil {
				return layout{}, err
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(path), to)
			}
			path = filepath.Clean(to)
			continue
		case err == nil:
			if err := regular(path, info); err != nil {
				return layout{}, err
			}
		case !errors.Is(err, fs.ErrNotExist):
			return layout{}, err
		}
		dir := filepath.Dir(path)
		return layout{path, dir, filepath.Join(dir, sideName, filepath.Base(path))}, nil
	}
	return layout{}, fmt.Errorf("%s: a symbolic link that leads to itself", path)
}

// prepare makes the side directory, its name durable.
func (l layout) prepare(sys files) error {
	for _, dir := range []string{filepath.Dir(l.side), l.side} {
		info, err := sys.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			if err = sys.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if err := sys.SyncDir(filepath.Dir(dir)); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is in the way: it has to be a directory", dir)
		}
	}
	return nil
}

var generationName = regexp.MustCompile(`^([0-9]{12,})\.json$`)

// generations are the serials of the kept generations, oldest first.
func (l layout) generations(sys files) ([]int64, error) {
	entries, err := sys.ReadDir(l.side)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, e := range entries {
		if m := generationName.FindStringSubmatch(e.Name()); m != nil {
			if n, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}
