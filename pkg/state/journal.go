package state

import (
	"context"
	"errors"
	"fmt"
)

// journalChunk is the room that a journal begins with and grows by.
const journalChunk = 256 << 10

// Journal implements Store. The journal holds the lock until it is closed.
func (f *FileStore) Journal(ctx context.Context, s *State) (Journal, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.journal != nil {
		return nil, errors.New("opening the journal: this store has one open already")
	}
	if err := f.borrow(); err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j, err := f.openJournal(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", errors.Join(err, f.release()))
	}
	f.journal = j
	return j, nil
}

func (f *FileStore) openJournal(ctx context.Context, s *State) (*fileJournal, error) {
	found, err := f.fence(ctx, s)
	if err != nil {
		return nil, err
	}
	if found.serial != s.Serial {
		return nil, errors.New("the last save failed; save again before anything is sent")
	}
	log, lines, err := begin(found, s, f.chunk)
	if err != nil {
		return nil, err
	}
	at := int64(len(lines))
	j := &fileJournal{store: f, log: log, synced: at, at: at, batch: &batch{start: at}}
	j.size = roundUp(at+int64(len(log.open)+1)*j.share(), f.chunk)
	// The whole of it is made durable under another name first, so that a journal
	// is never seen half made, nor an old one half continued.
	j.file, err = create(f.sys, found.newJournal(), lines, make([]byte, j.size-j.at))
	if err != nil {
		return nil, err
	}
	if err := f.reserve(found, j.file); err != nil {
		j.file.Close()
		return nil, errors.Join(err, remove(f.sys, found.spare()), remove(f.sys, found.newJournal()))
	}
	f.seenLog = logMark{id: log.id, end: -1}
	return j, nil
}

// reserve makes the journal durable and keeps room for the next state, which
// also shows that a state can be written where it has to be.
func (f *FileStore) reserve(found *stored, journal file) error {
	if err := journal.Sync(); err != nil {
		return fmt.Errorf("syncing the journal: %w", err)
	}
	// Two copies of a state that has grown a little.
	if err := writeSynced(f.sys, found.spare(), make([]byte, 2*len(found.raw)+int(f.chunk/4))); err != nil {
		return err
	}
	if err := f.sys.SyncDir(found.dir); err != nil {
		return err
	}
	if err := f.sys.Rename(found.newJournal(), found.layout.journal()); err != nil {
		return err
	}
	return f.sys.SyncDir(found.side)
}

func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }
