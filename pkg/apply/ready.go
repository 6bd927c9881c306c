package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// whenReady writes as soon as the service is ready for it, and tells if that is
// not at once. What the service says of itself may lag behind, so a refusal that
// means no more than "not yet" is waited out too, each attempt under a key of its
// own. Waiting takes no slot.
func (r *runner) whenReady(ctx, stop context.Context, s *diff.Step, mine *slot, write func() error) error {
	ready, err := r.kinds[s.Address.Kind].Readiness(s.After, r.id, func(p resource.Path) bool {
		return slices.ContainsFunc(s.Changes, func(c diff.Change) bool { return c.Path.Within(p) || p.Within(c.Path) })
	})
	if err != nil {
		return err
	}
	if ready == nil {
		return write()
	}
	limit, cancel := context.WithTimeout(stop, r.ReadyWait)
	defer cancel()
	for told := false; ; told = true {
		// Where it cannot be asked, the write will tell.
		answer, asked := r.Client.Look(ctx, ready.Path)
		var refused error
		if asked != nil || !ready.Busy(answer) {
			if refused = write(); !early(ready, refused, answer) {
				return refused
			}
		}
		if !told {
			r.tell(Event{Kind: Preparing, Address: s.Address, Name: s.Name, Action: s.Action, Text: ready.What})
		}
		mine.free()
		select {
		case <-limit.Done():
		case <-r.watch.tick():
		}
		switch {
		case stop.Err() != nil:
			return errUnsent
		case limit.Err() == nil:
		case refused != nil:
			return fmt.Errorf("%s, still after %s: %w", ready.What, r.ReadyWait, refused)
		default:
			return fmt.Errorf("%s, still after %s; apply again when it is done", ready.What, r.ReadyWait)
		}
		if err := mine.take(stop); err != nil {
			return err
		}
	}
}

// early reports whether a write was refused for nothing but being too early.
func early(ready *resource.Readiness, err error, answer map[string]any) bool {
	var server *transport.Error
	return errors.As(err, &server) && !server.NotSent && (server.Status == 400 || server.Status == 422) && ready.Early(server.Message, answer)
}
