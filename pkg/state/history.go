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
	copyBack := "no good generation is kept beside it: put a backup of it in place"
	for _, serial := range slices.Backward(s.kept) {
		b, err := s.readState(f.sys, s.generation(serial))
		if err == nil && verify(b) == nil {
			copyBack = fmt.Sprintf("to put back generation %d: cp %s %s", serial, quote(f.shown(s.generation(serial))), quote(f.shown(s.main)))
			break
		}
	}
	switch d {
	case BadJournal:
		return "to go on without what it recorded: mv " + quote(f.shown(s.layout.journal())) + " " +
			quote(f.shown(s.layout.journal()+".damaged")) + ", and look for objects that its run made with polyplan plan"
	case Unrelated:
		return "put the right state back, or, if it is to stay: mv " + quote(f.shown(s.side)) + " " + quote(f.shown(s.side+".other"))
	case Missing:
		return copyBack + "; to start anew, with nothing recorded: mv " + quote(f.shown(s.side)) + " " + quote(f.shown(s.side+".old"))
	case Older:
		return copyBack + "; if the older one is to stay: mv " + quote(f.shown(s.side)) + " " + quote(f.shown(s.side+".newer"))
	}
	return copyBack
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
