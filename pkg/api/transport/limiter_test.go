package transport

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/clock"
)

// TestLimiterIsFair hands slots over in the order of asking.
func TestLimiterIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, time.Now, clock.Sleep)
		if _, err := l.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []int
		impatient, cancel := context.WithCancel(t.Context())
		for i := range 6 {
			go func() {
				ctx := t.Context()
				if i == 2 {
					ctx = impatient
				}
				if _, err := l.acquire(ctx); err != nil {
					return
				}
				got = append(got, i)
				l.release(true)
			}()
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		l.release(true)
		synctest.Wait()
		if d := cmp.Diff([]int{0, 1, 3, 4, 5}, got); d != "" {
			t.Errorf("order (-want +got):\n%s", d)
		}
		if busy, peak, limit := l.figures(); busy != 0 || peak != 1 || limit != 1 || l.queue.Len() != 0 {
			t.Errorf("at the end: busy %d, peak %d, limit %d, queue %d", busy, peak, limit, l.queue.Len())
		}
	})
}

func TestLimiterFallsAndRises(t *testing.T) {
	l := newLimiter(8, time.Now, clock.Sleep)
	var slots []slot
	for range 8 {
		s, _ := l.acquire(t.Context())
		slots = append(slots, s)
	}
	limits := []int{}
	note := func() {
		_, _, n := l.figures()
		limits = append(limits, n)
	}
	for _, s := range slots { // all in flight at once are one reason to halve
		l.slowDown(s)
		l.release(false)
	}
	note()
	for range 4 {
		s, _ := l.acquire(t.Context())
		l.slowDown(s)
		l.release(false)
		note()
	}
	for range 40 {
		l.acquire(t.Context())
		l.release(true)
	}
	note()
	if d := cmp.Diff([]int{4, 2, 1, 1, 1, 8}, limits); d != "" {
		t.Errorf("limits (-want +got):\n%s", d)
	}
}

func TestLimiterPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2, time.Now, clock.Sleep)
		began := time.Now()
		l.hold(30 * time.Second)
		l.hold(10 * time.Second) // shorter: no effect
		go func() {
			time.Sleep(20 * time.Second)
			l.hold(25 * time.Second) // longer, while others wait
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("impatient: %v after %v", err, time.Since(began))
		}
		if _, err := l.acquire(t.Context()); err != nil || time.Since(began) != 45*time.Second {
			t.Errorf("patient: %v after %v", err, time.Since(began))
		}
		l.release(true)
		if busy, _, _ := l.figures(); busy != 0 {
			t.Errorf("%d slots are lost", busy)
		}
	})
}
