package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Recover implements Archive. The file itself counts as a generation, too.
func (f *FileStore) Recover(ctx context.Context, serial int64) (*Recovery, error) {
	out, err := f.recover(ctx, serial)
	if err != nil {
		return nil, fmt.Errorf("recovering the state: %w", err)
	}
	return out, nil
}

func (f *FileStore) recover(ctx context.Context, serial int64) (*Recovery, error) {
	if serial != 0 {
		s, err := f.Generation(ctx, serial)
		return &Recovery{State: s, From: serial}, err
	}
	found, err := f.read()
	if found == nil {
		return nil, err
	}
	out := &Recovery{}
	var main *State
	content, err := found.open(found.raw)
	if err == nil {
		main, err = Decode(content)
	}
	if fatal(err) {
		return nil, f.explain(found, err)
	}
	found.identity = identify(content)
	if err == nil && found.unrelated(f.newestWhole(found)) {
		out.Found = append(out.Found, "the state is of another lineage than the generations beside it, and was left out")
		main = nil
	}
	r := remains{serials: found.kept}
	if main != nil && !slices.Contains(r.serials, main.Serial) {
		r.serials = append(slices.Clone(r.serials), main.Serial)
		slices.Sort(r.serials)
	}
	if err != nil && found.raw != nil {
		out.Found = append(out.Found, err.Error())
	}
	r.generation = func(serial int64) (*State, error) {
		if main != nil && main.Serial == serial {
			return main.Clone(), nil
		}
		return f.Generation(ctx, serial)
	}
	log, logErr := f.readAnyLog(found)
	if fatal(logErr) {
		return nil, f.explain(found, logErr)
	}
	if log != nil {
		r.runs = log.header.Serial
	} else if len(r.serials) > 0 {
		r.runs = last(r.serials) // to tell of it
	}
	r.journal = func(serial int64) (*journalLog, error) {
		if serial != r.runs {
			return nil, nil
		}
		return log, logErr
	}
	rebuilt, err := r.recover()
	if err != nil {
		return nil, err
	}
	rebuilt.Found = append(out.Found, rebuilt.Found...)
	return rebuilt, nil
}

// readAnyLog reads what can be read of the journal, whatever it belongs to.
func (f *FileStore) readAnyLog(found *stored) (*journalLog, error) {
	text, err := readFile(f.sys, found.layout.journal())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return found.sealing.salvage(text)
}

// Replace implements Archive.
func (f *FileStore) Replace(ctx context.Context, s *State) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.borrow(); err != nil {
		return fmt.Errorf("replacing the state: %w", err)
	}
	if err := errors.Join(f.replace(s), f.release()); err != nil {
		return fmt.Errorf("replacing the state: %w", err)
	}
	return nil
}

func (f *FileStore) replace(s *State) error {
	found, err := f.read()
	if found == nil {
		return err
	}
	log, logErr := f.readAnyLog(found)
	switch {
	case fatal(err):
		return err
	case fatal(logErr):
		return logErr
	}
	next := *s
	next.Serial = max(s.Serial, found.serial, last(found.kept))
	if log != nil {
		next.Serial = max(next.Serial, log.header.Serial)
	}
	next.Serial++
	content, sealed, err := found.encode(&next)
	if err != nil {
		return err
	}
	aside := ""
	if logErr != nil {
		aside = ".damaged"
	} else if log != nil && log.header.Lineage != s.Lineage {
		aside = ".other"
	}
	if err := f.putAside(found, s.Lineage, aside); err != nil {
		return err
	}
	if err := f.write(found, sealed, identify(content)); err != nil {
		return err
	}
	s.Serial = next.Serial
	f.seen, f.unsure, f.seenLog = identify(content), identity{}, logMark{}
	f.tidy(found.layout, s.Serial)
	return nil
}

// putAside moves out of the way, under other names, what would contradict a state
// of that lineage: damaged files, and what is of another lineage. The journal is, if
// its name is to have an end.
func (f *FileStore) putAside(found *stored, lineage, journalEnd string) error {
	aside := func(name, end string) error {
		err := f.sys.Rename(name, name+end)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if journalEnd != "" {
		if err := aside(found.layout.journal(), journalEnd); err != nil {
			return err
		}
	}
	for _, serial := range found.kept {
		b, err := found.readState(f.sys, found.generation(serial))
		switch {
		case fatal(err) && !errors.Is(err, fs.ErrNotExist):
			return err
		case verify(b) != nil:
			err = aside(found.generation(serial), ".damaged")
		case identify(b).lineage != lineage:
			err = aside(found.generation(serial), ".other")
		default:
			continue
		}
		if err != nil {
			return err
		}
	}
	if found.raw != nil && verify(found.content) != nil {
		if err := aside(found.main, ".damaged"); err != nil {
			return err
		}
		found.identity = identity{} // nothing is left to keep of it
	} else if found.lineage != "" && found.lineage != lineage {
		if err := aside(found.main, ".other"); err != nil {
			return err
		}
		found.identity = identity{}
	}
	return nil
}

// Close implements Archive. A FileStore holds nothing open but while it works.
func (f *FileStore) Close() error { return nil }
