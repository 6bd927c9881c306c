package state

import (
	"context"
	"fmt"
)

// memoryJournal is the journal of a Memory, whose mutex guards it.
type memoryJournal struct {
	m    *Memory
	log  logWriter
	err  error
	done bool // closed
}

// Intend implements Journal.
func (j *memoryJournal) Intend(ctx context.Context, in Intent) error {
	form := intentJSON(in)
	if err := j.add(ctx, "intend", record{Intent: &form}, in.Op); err != nil {
		return fmt.Errorf("noting the intent for %s: %w", in.Address, err)
	}
	return nil
}

// Outcome implements Journal.
func (j *memoryJournal) Outcome(_ context.Context, out Outcome) error {
	if err := j.add(context.Background(), "outcome", record{Outcome: outcomeToJSON(out)}, out.Op); err != nil {
		return fmt.Errorf("noting the outcome of %s: %w", out.Op, err)
	}
	return nil
}

func (j *memoryJournal) add(ctx context.Context, op string, r record, name string) error {
	if err := j.m.enter(ctx, op); err != nil {
		return err
	}
	defer j.m.shared.Unlock()
	if j.err != nil {
		return j.err
	}
	text, err := j.log.frame(r, name, int64(len(j.m.shared.journal)))
	if err != nil {
		return err
	}
	j.log.wrote(r, name)
	j.m.shared.journal = append(j.m.shared.journal, text...)
	return nil
}

func (j *memoryJournal) stop() logMark {
	if j.err == nil {
		j.err = ErrJournalClosed
	}
	return logMark{id: j.log.id, end: int64(len(j.m.shared.journal))}
}

// Close implements Journal.
func (j *memoryJournal) Close() error {
	if err := j.m.enter(context.Background(), "close"); err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	defer j.m.shared.Unlock()
	if j.done {
		return nil
	}
	j.done = true
	mark := j.stop()
	if j.m.seenLog.id == mark.id {
		j.m.seenLog = mark
	}
	j.m.journal = nil
	j.m.release()
	return nil
}
