package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/polyplan/polyplan/pkg/fault"
)

// generationsKept is how many generations stay, the current one included.
const generationsKept = 10

// Save implements Store.
func (f *FileStore) Save(ctx context.Context, s *State) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.borrow(); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	defer func() {
		if err := f.release(); err != nil {
			f.warn("freeing the lock: %v", err)
		}
	}()
	if err := f.save(ctx, s); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

func (f *FileStore) save(ctx context.Context, s *State) error {
	// From here on the journal would be that of an older generation.
	if f.journal != nil {
		f.seenLog = f.journal.stop()
	}
	found, err := f.fence(ctx, s)
	if err != nil {
		return err
	}
	next := *s
	next.Serial = found.serial + 1
	content, sealed, err := found.encode(&next)
	if err != nil {
		return err
	}
	if err := f.write(found, sealed, identify(content)); err != nil {
		return err
	}
	s.Serial, s.CutShort = next.Serial, false
	f.seen, f.unsure, f.seenLog = identify(content), identity{}, logMark{}
	return fault.Around("generation.tidy", func() error {
		f.tidy(found.layout, s.Serial)
		return nil
	})
}

// fence refuses to go on when what is stored is not what s was loaded from.
func (f *FileStore) fence(ctx context.Context, s *State) (*stored, error) {
	found, err := f.inspect(ctx)
	if err != nil {
		return nil, err
	}
	if f.unsure.lineage == s.Lineage && f.unsure.serial == s.Serial+1 && f.unsure == found.identity {
		return found, nil // what a save of ours left that could not be sure of its success
	}
	if err := fence(f.path, found, s, f.seen, f.seenLog); err != nil {
		return nil, err
	}
	return found, nil
}

// write makes content the next generation. Two copies of it are made durable
// before the first gets its name: the state itself, and the one that is kept
// should something spoil the state.
func (f *FileStore) write(found *stored, content []byte, id identity) error {
	if err := fault.Around("generation.keep", func() error { return f.keepCurrent(found) }); err != nil {
		return err
	}
	// The room that the journal kept free is wanted now.
	if err := remove(f.sys, found.spare()); err != nil {
		return err
	}
	err := fault.Around("generation.write", func() error {
		if err := writeSynced(f.sys, found.next(), content); err != nil {
			return err
		}
		return writeSynced(f.sys, found.temp(), content)
	})
	if err == nil {
		err = fault.Around("generation.name", func() error { return f.sys.Rename(found.temp(), found.main) })
	}
	if err != nil {
		// Leave no half of a file to fill a disk that may be full.
		_, _ = f.sys.Remove(found.next()), f.sys.Remove(found.temp())
		return err
	}
	// If this fails nobody knows which generation a loss of power would leave.
	// Whoever saves again is let through if he finds his own work.
	f.unsure = id
	if err := f.sys.SyncDir(found.dir); err != nil {
		return fmt.Errorf("the new state may be lost with the power: %w", err)
	}
	return nil
}

// keepCurrent makes sure that the generation about to be replaced is kept, as
// it is not when the last save was cut short or the file came from elsewhere.
func (f *FileStore) keepCurrent(found *stored) error {
	if found.lineage == "" {
		return nil
	}
	name := found.generation(found.serial)
	if _, err := f.sys.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeSynced(f.sys, found.next(), found.raw); err != nil {
		return err
	}
	return f.sys.Rename(found.next(), name)
}

// tidy does what is left when the new generation is safe. Its failures are no
// failure of the save, and the next save makes up for them.
func (f *FileStore) tidy(l layout, serial int64) {
	errs := []error{f.sys.Rename(l.next(), l.generation(serial))}
	errs = append(errs, remove(f.sys, l.journal()))
	kept, err := l.generations(f.sys)
	errs = append(errs, err)
	for len(kept) > f.keep {
		errs = append(errs, remove(f.sys, l.generation(kept[0])))
		kept = kept[1:]
	}
	errs = append(errs, f.sys.SyncDir(l.side))
	if err := errors.Join(errs...); err != nil {
		f.warn("the state is saved, but tidying up after it failed: %v", err)
	}
}

func remove(sys files, name string) error {
	if err := sys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
