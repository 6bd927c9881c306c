package transport

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// A limiter decides how many requests are in flight, and when none may be.
// It rises by one for a full round of successes and halves when the service
// asks for less (AIMD), once for all that were in flight at the time. Who
// came first goes first.
type limiter struct {
	max   int
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu     sync.Mutex
	limit  float64
	busy   int
	peak   int
	queue  list.List // of chan struct{}, closed when a slot is handed over
	epoch  int       // counts the halvings
	streak int       // requests to slow down since the last success
	until  time.Time // nobody sends before
}

// A slot is the right to have one request in flight.
type slot struct{ epoch int }

func newLimiter(max int, now func() time.Time, sleep func(context.Context, time.Duration) error) *limiter {
	return &limiter{max: max, limit: float64(max), now: now, sleep: sleep}
}

// acquire waits for a slot and for the end of a pause. It fails only with the
// cause of ctx's end.
func (l *limiter) acquire(ctx context.Context) (slot, error) {
	if ctx.Err() != nil {
		return slot{}, context.Cause(ctx)
	}
	l.mu.Lock()
	if l.queue.Len() == 0 && l.busy < int(l.limit) {
		l.take()
		l.mu.Unlock()
	} else {
		ready := make(chan struct{})
		place := l.queue.PushBack(ready)
		l.mu.Unlock()
		select {
		case <-ready:
		case <-ctx.Done():
			l.leave(place, ready)
			return slot{}, context.Cause(ctx)
		}
	}
	return l.pause(ctx)
}

// leave gives up a place in the queue, or the slot that was handed over in
// the same moment.
func (l *limiter) leave(place *list.Element, ready chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-ready:
		l.busy--
		l.admit()
	default:
		l.queue.Remove(place)
		l.admit()
	}
}

// pause holds a slot back until nobody is asked to wait. A pause slept
// through counts as over, whatever the clock says, else a clock that stands
// still would keep everyone here.
func (l *limiter) pause(ctx context.Context) (slot, error) {
	var slept time.Time
	for {
		l.mu.Lock()
		until := l.until
		s := slot{epoch: l.epoch}
		l.mu.Unlock()
		wait := until.Sub(l.now())
		if wait <= 0 || !until.After(slept) {
			return s, nil
		}
		if err := l.sleep(ctx, wait); err != nil {
			l.mu.Lock()
			l.busy--
			l.admit()
			l.mu.Unlock()
			return slot{}, err
		}
		slept = until
	}
}

// release returns a slot. ok says that the service is content, which lets the
// limit rise.
func (l *limiter) release(ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	if ok {
		l.streak = 0
		l.limit = min(float64(l.max), l.limit+1/l.limit)
	}
	l.admit()
}

// slowDown halves the limit, unless that was done since s was handed out. It
// returns how often in a row the service has asked for it.
func (l *limiter) slowDown(s slot) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.epoch == l.epoch {
		l.epoch++
		l.streak++
		l.limit = max(1, l.limit/2)
	}
	return max(1, l.streak) // a success may have come in between
}

// hold makes all wait for d from now, if they do not wait longer already.
func (l *limiter) hold(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.now().Add(d); until.After(l.until) {
		l.until = until
	}
}

// admit hands free slots to those who wait. l.mu is held.
func (l *limiter) admit() {
	for l.queue.Len() > 0 && l.busy < int(l.limit) {
		ready := l.queue.Remove(l.queue.Front()).(chan struct{})
		l.take()
		close(ready)
	}
}

func (l *limiter) take() {
	l.busy++
	l.peak = max(l.peak, l.busy)
}

func (l *limiter) figures() (busy, peak, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy, l.peak, int(l.limit)
}
