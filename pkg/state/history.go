package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Generation is one that is kept, the current one included.
type Generation struct {
	Serial int64
	Path   string
	Time   time.Time // when it was saved, by the clock of where it is kept

	Tool      string // what wrote it
	Resources int    // how many it holds
	Err       error  // why it cannot be read
}

// History implements Archive.
func (f *FileStore) History(ctx context.Context) ([]Generation, error) {
	l, err := find(f.sys, f.path)
	if err != nil {
		return nil, fmt.Errorf("listing the generations: %w", err)
	}
	kept, err := l.generations(f.sys)
	if err != nil {
		return nil, fmt.Errorf("listing the generations: %w", err)
	}
	var out []Generation
	for _, serial := range slices.Backward(kept) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g := Generation{Serial: serial, Path: l.generation(serial)}
		b, err := sealing{f.Codec}.readState(f.sys, g.Path)
		if errors.Is(err, os.ErrNotExist) {
			continue // pruned since
		}
		g.describe(b, err)
		if info, err := f.sys.Lstat(g.Path); err == nil {
			g.Time = info.ModTime()
		}
		out = append(out, g)
	}
	return out, nil
}

// Generation implements Archive.
func (f *FileStore) Generation(ctx context.Context, serial int64) (*State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := find(f.sys, f.path)
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", serial, err)
	}
	b, err := sealing{f.Codec}.readState(f.sys, l.generation(serial))
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", serial, err)
	}
	s, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", serial, err)
	}
	return s, nil
}

func newestFirst(generations []Generation) {
	slices.SortFunc(generations, func(a, b Generation) int { return cmp.Compare(b.Serial, a.Serial) })
}

// remedy is the one next step for a sort of damage: a command to paste where
// there is one that cannot make things worse.
func (f *FileStore) remedy(s *stored, d Damage) string {
	back := "nothing whole is kept beside it: put a backup of it in place"
	recover := Command(f.Address, "state", "recover")
	if newest := f.newestWhole(s); newest.lineage != "" {
		back = fmt.Sprintf("to put back generation %d and what was recorded since: %s", newest.serial, recover)
	} else if log, err := f.readAnyLog(s); err == nil && log != nil {
		back = "to put back what the journal of a run recorded: " + recover
	}
	stay := Command(f.Address, "state", "push", "--force", f.shown(s.main))
	switch d {
	case BadJournal:
		return "to go on with what can be read of it: " + recover + "; then look with polyplan plan for objects that its run made"
	case Unrelated:
		if s.unrelated(f.newestWhole(s)) {
			return back + "; if the state that is there is to stay: " + stay
		}
		return "put the right state back, or, if the one that is there is to stay: " + recover
	case Missing:
		return back + "; to start anew, with nothing recorded: mv " + quote(f.shown(s.side)) + " " + quote(f.shown(s.side+".old"))
	case Older:
		return back + "; if the older one is to stay: " + stay
	}
	return back
}

// newestWhole is the newest of the kept generations that can be read; without a
// lineage if none can.
func (f *FileStore) newestWhole(s *stored) identity {
	for _, serial := range slices.Backward(s.kept) {
		if b, err := s.readState(f.sys, s.generation(serial)); err == nil && verify(b) == nil {
			return identify(b)
		}
	}
	return identity{}
}

// Command is a command to paste into a shell, for the state at an address, as
// --state has it; where that is "" the command finds the state by itself.
func Command(address string, words ...string) string {
	if address != "" {
		words = append(words, "--state", address)
	}
	out := "polyplan"
	for _, w := range words {
		out += " " + quote(w)
	}
	return out
}

// shown is a path as the user would write it: from where he gave the state's.
func (f *FileStore) shown(path string) string {
	if filepath.IsAbs(f.path) {
		return path
	}
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return path
}

// quote is for pasting into a shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
