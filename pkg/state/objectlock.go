package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// lockRecord is an object of the lock's row. The newest one counts. A claim, and
// each sign of life of its holder, has the holder's id; the end has none.
//
// No clock of another machine is believed: who waits for a lock watches, by his
// own clock, whether signs of life come. Taking over is to write the next
// object, and so is a sign of life: of the two one wins.
type lockRecord struct {
	FormatVersion int     `json:"format_version"`
	ID            string  `json:"id,omitempty"`
	Beat          int64   `json:"beat,omitempty"`
	Lease         float64 `json:"lease_seconds,omitempty"`
	Holder        *Holder `json:"holder,omitempty"`
}

// watch is a lock as it was last seen, and since when it is like that.
type watch struct {
	n     int64
	since time.Time
}

// lease is the lock while a store holds it.
type lease struct {
	store  *ObjectStore
	id     string
	holder Holder
	users  int // guarded by the store's mutex

	unlock func() error // of a place that has locks of its own
	stop   chan struct{}
	done   chan struct{}

	mu   sync.Mutex // guards what follows
	n    int64      // the newest object of ours
	beat time.Time  // when the last sign of life began
	lost error
}

// objectLock is what Lock hands out.
type objectLock struct {
	once  sync.Once
	store *ObjectStore
	err   error
}

// Lock implements Store. A lock whose holder died is taken over by one who asks
// for it again and again, as LockWait does, and sees no sign of life for the
// length of a lease.
func (o *ObjectStore) Lock(ctx context.Context, who Holder) (Lock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held != nil {
		return nil, o.lockedBy(o.held.id, o.held.holder)
	}
	if err := o.acquire(ctx, who); err != nil {
		return nil, fmt.Errorf("locking the state: %w", err)
	}
	return &objectLock{store: o}, nil
}

// Unlock implements Lock.
func (l *objectLock) Unlock() error {
	l.once.Do(func() {
		l.store.mu.Lock()
		defer l.store.mu.Unlock()
		l.err = l.store.release()
	})
	return l.err
}

// borrow holds the lock until the next release, taking it if it is free.
func (o *ObjectStore) borrow(ctx context.Context) error {
	if o.held != nil {
		o.held.users++
		return nil
	}
	host, _ := os.Hostname()
	return o.acquire(ctx, Holder{Host: host, PID: os.Getpid()})
}

func (o *ObjectStore) acquire(ctx context.Context, who Holder) error {
	if who.Since.IsZero() {
		who.Since = time.Now().UTC().Truncate(time.Second)
	}
	l := &lease{store: o, id: newID(), holder: who, users: 1}
	if own, ok := o.objects.(Locker); ok {
		var err error
		if l.unlock, err = own.Lock(ctx, l.id, who); err != nil {
			var held *LockedError
			if errors.As(err, &held) {
				return o.lockedBy(held.ID, held.Holder)
			}
			return err
		}
		o.held = l
		return nil
	}
	n, current, err := o.currentLock(ctx)
	if err != nil {
		return err
	}
	if current.ID != "" {
		if o.watched.n != n {
			o.watched = watch{n, o.now()}
		}
		// The holder of the lock knows best how long it may be silent.
		if o.now().Sub(o.watched.since) < seconds(current.Lease) {
			return o.lockedBy(current.ID, *current.Holder)
		}
		o.warn("took over the lock of %s: no sign of life for %s", current.Holder, seconds(current.Lease))
	}
	l.n, l.beat = n, o.now()
	if err := l.next(ctx, lockRecord{ID: l.id, Lease: o.Lease.Seconds(), Holder: &who}); err != nil {
		if _, current, readErr := o.currentLock(ctx); errors.Is(err, fs.ErrExist) && readErr == nil && current.ID != "" {
			return o.lockedBy(current.ID, *current.Holder)
		} else if errors.Is(err, fs.ErrExist) {
			return o.lockedBy("", Holder{}) // and free again, but not ours
		}
		return err
	}
	l.stop, l.done = make(chan struct{}), make(chan struct{})
	go l.live(o.Lease / 3)
	o.held = l
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// currentLock is the newest record of the row. One that nobody holds has no id.
func (o *ObjectStore) currentLock(ctx context.Context) (n int64, r lockRecord, err error) {
	for {
		row, err := o.row(ctx, lockPrefix)
		if err != nil || len(row) == 0 {
			return 0, r, err
		}
		n = last(row)
		b, err := o.objects.Get(ctx, lockObject(n))
		if errors.Is(err, fs.ErrNotExist) {
			continue // there is a newer one
		}
		if err != nil {
			return 0, r, err
		}
		var is struct {
			FormatVersion int `json:"format_version"`
		}
		if json.Unmarshal(b, &is) == nil && is.FormatVersion > Format {
			return 0, r, &NewerFormatError{Path: o.place, Version: is.FormatVersion, Known: Format}
		}
		if err := json.Unmarshal(b, &r); err != nil || r.ID != "" && r.Holder == nil {
			// Nobody writes such a thing; whose it was, nobody knows.
			return n, lockRecord{ID: "unknown", Lease: LeaseDefault.Seconds(), Holder: &Holder{}}, nil
		}
		return n, r, nil
	}
}

// next adds a record to the row, after the newest that this lease has seen, and
// removes the older ones. One who slept while the row went on is found out: what
// he adds is not the newest.
func (l *lease) next(ctx context.Context, r lockRecord) error {
	o := l.store
	r.FormatVersion = Format
	b, err := marshal(r)
	if err != nil {
		return err
	}
	n := l.n + 1
	if err := o.create(ctx, lockObject(n), append(b, '\n')); err != nil {
		return err
	}
	row, err := o.row(ctx, lockPrefix)
	if err != nil {
		return err
	}
	if last(row) != n {
		return errors.Join(fs.ErrExist, o.objects.Delete(ctx, lockObject(n)))
	}
	l.n = n
	var old []string
	for _, n := range row[:len(row)-1] {
		old = append(old, lockObject(n))
	}
	if err := o.objects.Delete(ctx, old...); err != nil {
		o.warn("removing old records of the lock: %v", err)
	}
	return nil
}

// live gives signs of life until the lock is freed or lost.
func (l *lease) live(every time.Duration) {
	defer close(l.done)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-t.C:
			ctx, cancel := context.WithTimeout(context.Background(), every)
			l.mu.Lock()
			err := l.renew(ctx)
			lost := l.lost
			l.mu.Unlock()
			cancel()
			if lost != nil {
				l.store.warn("%v", lost)
				return
			}
			if err != nil {
				l.store.warn("giving a sign of life of the lock's holder: %v", err)
			}
		}
	}
}

// renew gives a sign of life. The caller holds mu.
func (l *lease) renew(ctx context.Context) error {
	began := l.store.now()
	who := l.holder
	err := l.next(ctx, lockRecord{ID: l.id, Beat: l.n + 1, Lease: l.store.Lease.Seconds(), Holder: &who})
	switch {
	case err == nil:
		l.beat = began
	case errors.Is(err, fs.ErrExist):
		l.lost = &LockLostError{"the lock of the state was lost: another run has taken it over, or someone has freed it; nothing more is sent"}
		return l.lost
	}
	return err
}

// alive returns nil while the lock is surely held. Where the last sign of life is
// so long ago that another run may soon take over, as after a sleep of the whole
// machine, it gives one first.
func (l *lease) alive(ctx context.Context) error {
	if l.unlock != nil {
		return nil // the place checks with every request whose lock it is
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return l.lost
	}
	if l.store.now().Sub(l.beat) < l.store.Lease*2/3 {
		return nil
	}
	return l.renew(ctx)
}

// release ends one use of the lock, and frees it after the last.
func (o *ObjectStore) release() error {
	l := o.held
	if l.users--; l.users > 0 {
		return nil
	}
	o.held = nil
	if l.unlock != nil {
		return l.unlock()
	}
	close(l.stop)
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return nil // it is another's
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := l.next(ctx, lockRecord{}); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("freeing the lock: %w", err)
	}
	return nil
}

// Break frees the lock that has the id, "" for whichever is held, and says whose
// it was. It believes its caller that the run is dead; one that is not finds out
// before it sends anything more.
func (o *ObjectStore) Break(ctx context.Context, id string) (Holder, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if own, ok := o.objects.(Locker); ok {
		return o.breakOwn(ctx, own, id)
	}
	n, current, err := o.currentLock(ctx)
	switch {
	case err != nil:
		return Holder{}, err
	case current.ID == "":
		return Holder{}, ErrNotLocked
	case id != "" && id != current.ID:
		return Holder{}, o.lockedBy(current.ID, *current.Holder)
	}
	l := &lease{store: o, n: n}
	if err := l.next(ctx, lockRecord{}); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return Holder{}, o.lockedBy(current.ID, *current.Holder) // it has just given a sign of life
		}
		return Holder{}, err
	}
	return *current.Holder, nil
}

// breakOwn asks for the lock to learn who holds it.
func (o *ObjectStore) breakOwn(ctx context.Context, own Locker, id string) (Holder, error) {
	mine := newID()
	unlock, err := own.Lock(ctx, mine, Holder{Command: "polyplan unlock"})
	if err == nil {
		return Holder{}, errors.Join(ErrNotLocked, unlock())
	}
	var held *LockedError
	if !errors.As(err, &held) {
		return Holder{}, err
	}
	if id != "" && id != held.ID {
		return Holder{}, o.lockedBy(held.ID, held.Holder)
	}
	return held.Holder, own.Break(ctx, held.ID)
}

// ErrNotLocked says that there is no lock to free.
var ErrNotLocked = errors.New("the state is not locked")

func (o *ObjectStore) lockedBy(id string, h Holder) *LockedError {
	fix := waitFix
	if _, ok := o.objects.(Locker); !ok {
		fix += fmt.Sprintf(" %s, in which a lock without a sign of life is taken over", o.Lease+o.Lease/2)
	}
	unlock := []string{"unlock"}
	if id != "" {
		unlock = append(unlock, "--id", id)
	}
	return lockedBy(o.place, id, h, fix+sureFix+Command(o.Address, unlock...))
}
