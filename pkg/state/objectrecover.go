package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// History implements Archive.
func (o *ObjectStore) History(ctx context.Context) ([]Generation, error) {
	items, err := o.objects.List(ctx, generationsPrefix)
	if err != nil {
		return nil, fmt.Errorf("listing the generations: %w", err)
	}
	var out []Generation
	for _, item := range items {
		serial, err := strconv.ParseInt(strings.TrimPrefix(item.Name, generationsPrefix), 10, 64)
		if err != nil {
			continue
		}
		g := Generation{Serial: serial, Path: item.Name, Time: item.Time}
		content, err := o.generation(ctx, serial)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if fatal(err) && !isNewer(err) {
			return nil, fmt.Errorf("listing the generations: %w", err)
		}
		g.describe(content, err)
		out = append(out, g)
	}
	newestFirst(out)
	return out, nil
}

func isNewer(err error) bool {
	var n *NewerFormatError
	return errors.As(err, &n)
}

// Generation implements Archive.
func (o *ObjectStore) Generation(ctx context.Context, serial int64) (*State, error) {
	content, err := o.generation(ctx, serial)
	if err != nil {
		return nil, err
	}
	s, err := Decode(content)
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", serial, err)
	}
	return s, nil
}

// Recover implements Archive. Journals are kept with the generations that they
// began from, so that one that was lost can be rebuilt from the one before.
func (o *ObjectStore) Recover(ctx context.Context, serial int64) (*Recovery, error) {
	out, err := o.recover(ctx, serial)
	if err != nil {
		return nil, fmt.Errorf("recovering the state: %w", err)
	}
	return out, nil
}

func (o *ObjectStore) recover(ctx context.Context, serial int64) (*Recovery, error) {
	if serial != 0 {
		s, err := o.Generation(ctx, serial)
		return &Recovery{State: s, From: serial}, err
	}
	kept, err := o.row(ctx, generationsPrefix)
	if err != nil {
		return nil, err
	}
	runs, err := o.newestRun(ctx)
	if err != nil {
		return nil, err
	}
	return remains{serials: kept, runs: runs,
		generation: func(serial int64) (*State, error) { return o.Generation(ctx, serial) },
		journal:    func(serial int64) (*journalLog, error) { return o.journalOf(ctx, serial) },
	}.recover()
}

// newestRun is the serial of the newest generation that has a journal.
func (o *ObjectStore) newestRun(ctx context.Context) (newest int64, err error) {
	items, err := o.objects.List(ctx, journalPrefix)
	for _, item := range items {
		if n, err := strconv.ParseInt(strings.TrimPrefix(path.Dir(item.Name), journalPrefix), 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, err
}

// journalOf is what can be read of the journal of a generation, with an error
// that says what cannot.
func (o *ObjectStore) journalOf(ctx context.Context, serial int64) (*journalLog, error) {
	text, _, damaged := o.readJournal(ctx, serial, true)
	if fatal(damaged) || text == nil {
		return nil, damaged
	}
	log, err := sealing{o.Codec}.salvage(text)
	return log, errors.Join(damaged, err)
}

// Replace implements Archive.
func (o *ObjectStore) Replace(ctx context.Context, s *State) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.locked(ctx, func() error { return o.replace(ctx, s) }); err != nil {
		return fmt.Errorf("replacing the state: %w", err)
	}
	return nil
}

func (o *ObjectStore) replace(ctx context.Context, s *State) error {
	kept, err := o.row(ctx, generationsPrefix)
	if err != nil {
		return err
	}
	runs, err := o.newestRun(ctx)
	if err != nil {
		return err
	}
	found := &stored{sealing: sealing{o.Codec}, kept: kept}
	if found.batches, err = o.row(ctx, journalDir(last(kept))); err != nil {
		return err
	}
	if len(kept) == 0 && len(found.batches) == 0 {
		if err := o.probe(ctx); err != nil {
			return err
		}
	} else if len(kept) > 0 {
		content, err := o.generation(ctx, last(kept))
		if fatal(err) {
			return err
		}
		found.identity = identify(content)
	}
	if n := len(found.batches); n > 0 { // some may be missing
		found.batches = make([]int64, last(found.batches)+1)
	}
	next := *s
	next.Serial = max(s.Serial, last(kept), runs) + 1
	if err := o.write(ctx, found, &next); err != nil {
		return err
	}
	s.Serial = next.Serial
	return nil
}
