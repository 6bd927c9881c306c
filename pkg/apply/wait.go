package apply

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// waitsError ends a node whose object a person has still to authorise.
type waitsError struct{ address resource.Address }

func (e *waitsError) Error() string { return fmt.Sprintf("%s waits for a person", e.address) }

// await shows the link and waits until the object can be used, or for as long
// as the run may wait. It asks at least once: the consent may be there already.
func (r *runner) await(ctx, stop context.Context, s *diff.Step, w *resource.Waiting) error {
	k := r.kinds[s.Address.Kind]
	id, _ := r.id(s.Address)
	limit, cancel := context.WithTimeout(stop, r.Wait)
	defer cancel()
	told := false
	for {
		answer, err := r.Client.Get(ctx, k, id)
		if err == nil {
			now := waiting(k, answer)
			if now == nil {
				r.authorised(s)
				return nil
			}
			w.Status, w.Detail = now.Status, now.Detail
		}
		if !told {
			told = true
			graph.Aside(stop)
			r.tell(Event{Kind: Waiting, Address: s.Address, Name: s.Name, Action: s.Action, Link: w.Link, Code: w.Code,
				Text: w.Detail})
		}
		select {
		case <-limit.Done(): // ctx ends it too
			return &waitsError{s.Address}
		case <-r.watch.tick():
		}
	}
}

func (r *runner) authorised(s *diff.Step) {
	r.mu.Lock()
	if rec := r.State.Resources[s.Address]; rec != nil && rec.Waiting != nil {
		next := *rec
		next.Waiting = nil
		r.State.Resources[s.Address] = &next
		r.changed = true
	}
	r.mu.Unlock()
	r.tell(Event{Kind: Authorised, Address: s.Address, Name: s.Name, Action: s.Action})
}

// watcher beats the time at which those who wait ask again. All share one beat,
// so that asking does not crowd out the work.
type watcher struct {
	mu   sync.Mutex
	next chan struct{}
	stop chan struct{}
	once sync.Once
	poll time.Duration
	wg   sync.WaitGroup
}

func newWatcher(r *runner) *watcher {
	w := &watcher{next: make(chan struct{}), stop: make(chan struct{}), poll: r.Poll}
	if w.poll <= 0 {
		w.poll = 2 * time.Second
	}
	return w
}

// tick is closed at the next beat.
func (w *watcher) tick() <-chan struct{} {
	w.once.Do(func() {
		w.wg.Go(func() {
			t := time.NewTicker(w.poll)
			defer t.Stop()
			for {
				select {
				case <-w.stop:
					return
				case <-t.C:
					w.mu.Lock()
					close(w.next)
					w.next = make(chan struct{})
					w.mu.Unlock()
				}
			}
		})
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

func (w *watcher) close() {
	close(w.stop)
	w.wg.Wait()
}
