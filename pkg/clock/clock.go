// Package clock waits by the system's clock.
package clock

import (
	"context"
	"time"
)

// Sleep waits for d, or until ctx is done, and then returns why it is.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
