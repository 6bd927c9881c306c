package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hands is a clock that tests set.
type hands struct {
	mu sync.Mutex
	t  time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hands) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}

// onObjects is a store whose clock the test sets, and which gives no sign of life
// by itself.
func onObjects(objects Objects) (*ObjectStore, *hands) {
	o := OnObjects("memory", objects, 5)
	o.Lease = time.Hour
	h := &hands{t: time.Unix(1_000_000, 0)}
	o.now, o.sleep = h.now, func(context.Context, time.Duration) error { return nil }
	return o, h
}

// begun is a run that holds the lock and has a journal open.
func begun(t *testing.T, store Store) (*State, Lock, Journal) {
	t.Helper()
	ctx := context.Background()
	lock, err := store.Lock(ctx, Holder{Who: "ada", Host: "build-3"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	j, err := store.Journal(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return s, lock, j
}

func creation(op string) Intent {
	return Intent{Op: op, Address: addressOf("model." + op), Action: Create}
}

// A holder sleeps until another has taken over, worked, and saved. When it
// wakes up it can neither note what it is about to send, nor save.
func TestSleepingHolder(t *testing.T) {
	ctx := context.Background()
	objects := NewMemoryObjects()
	sleeper, clock := onObjects(objects)
	if err := sleeper.Save(ctx, New()); err != nil {
		t.Fatal(err)
	}
	s, lock, j := begun(t, sleeper)
	if err := j.Intend(ctx, creation("first")); err != nil {
		t.Fatal(err)
	}

	other, hisClock := onObjects(objects)
	var held *LockedError
	if _, err := other.Lock(ctx, Holder{Who: "bob"}); !errors.As(err, &held) || held.Holder.Who != "ada" || !strings.Contains(held.Fix, held.ID) {
		t.Fatalf("Lock: %v, want ada's", err)
	}
	hisClock.pass(59 * time.Minute)
	if _, err := other.Lock(ctx, Holder{Who: "bob"}); !errors.As(err, &held) {
		t.Fatalf("Lock before the lease has ended: %v", err)
	}
	hisClock.pass(2 * time.Minute)
	var warned []string
	other.Warn = func(text string) { warned = append(warned, text) }
	his, hisLock, hisJournal := begun(t, other)
	if len(warned) != 1 || !strings.Contains(warned[0], "ada on build-3") {
		t.Errorf("warned: %q", warned)
	}
	if len(his.Doubts) != 1 {
		t.Errorf("doubts of the new holder: %+v", his.Doubts)
	}

	// Awake, though its clock has not moved: the row tells.
	if err := j.Intend(ctx, creation("second")); err == nil || !strings.Contains(err.Error(), "another run has taken over") {
		t.Errorf("Intend after waking up: %v", err)
	}
	clock.pass(2 * time.Hour)
	if err := j.Outcome(ctx, Outcome{Op: "first", OK: true}); err == nil {
		t.Error("Outcome after waking up: no error")
	}
	if err := errors.Join(hisJournal.Close(), other.Save(ctx, his), hisLock.Unlock()); err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Save(ctx, s); err == nil {
		t.Error("the sleeper saved")
	}
	if err := errors.Join(j.Close(), lock.Unlock()); err != nil {
		t.Error(err)
	}
	if got, err := other.Load(ctx); err != nil || got.Serial != 2 || len(got.Doubts) != 1 {
		t.Errorf("Load: %+v, %v", got, err)
	}
}

// The same without any lock: the other freed it by force and saved at once.
func TestSleeperAgainstSave(t *testing.T) {
	ctx := context.Background()
	for _, saves := range []int{1, 3, 20} { // more than are kept, too
		objects := NewMemoryObjects()
		sleeper, _ := onObjects(objects)
		if err := sleeper.Save(ctx, New()); err != nil {
			t.Fatal(err)
		}
		s, lock, j := begun(t, sleeper)
		other, _ := onObjects(objects)
		if who, err := other.Break(ctx, sleeper.held.id); err != nil || who.Who != "ada" {
			t.Fatalf("Break: %v, %v", who, err)
		}
		his, err := other.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for range saves {
			if err := other.Save(ctx, his); err != nil {
				t.Fatal(err)
			}
		}
		if saves > 5 { // the row of the journal it stands in has been removed
			sleeper.held.mu.Lock()
			sleeper.held.n = 1
			sleeper.held.mu.Unlock()
		} else if err := j.Intend(ctx, creation("late")); err == nil {
			t.Errorf("Intend after %d saves of another: no error", saves)
		}
		var conflict *ConflictError
		if err := sleeper.Save(ctx, s); !errors.As(err, &conflict) {
			t.Errorf("Save after %d saves of another: %v, want a *ConflictError", saves, err)
		}
		if err := errors.Join(j.Close(), lock.Unlock()); err != nil {
			t.Error(err)
		}
		if got, err := other.Load(ctx); err != nil || got.Serial != int64(saves+1) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// One who sleeps between looking and writing meets the same.
func TestSleepWithinSave(t *testing.T) {
	ctx := context.Background()
	for _, saves := range []int{1, 4, 5, 30} {
		for _, at := range []string{"journal/000000000001/", "generations/000000000002"} {
			objects := NewMemoryObjects()
			slow := &intercepted{Objects: objects}
			sleeper, _ := onObjects(slow)
			s := New()
			if err := sleeper.Save(ctx, s); err != nil {
				t.Fatal(err)
			}
			slow.before = func(name string) {
				if !strings.HasPrefix(name, at) {
					return
				}
				slow.before = nil
				other, _ := onObjects(objects)
				if _, err := other.Break(ctx, ""); err != nil {
					t.Fatal(err)
				}
				his, err := other.Load(ctx)
				if err != nil {
					t.Fatal(err)
				}
				his.Tool = "another"
				for range saves {
					if err := other.Save(ctx, his); err != nil {
						t.Fatal(err)
					}
				}
			}
			var conflict *ConflictError
			if err := sleeper.Save(ctx, s); !errors.As(err, &conflict) || s.Serial != 1 {
				t.Errorf("%d saves before %s: %v, serial %d; want a *ConflictError", saves, at, err, s.Serial)
			}
		}
	}
}

// One who sleeps while his intent is written sends nothing: another has taken over,
// and knows of it.
func TestSleepWithinBatch(t *testing.T) {
	ctx := context.Background()
	objects := NewMemoryObjects()
	slow := &intercepted{Objects: objects}
	sleeper, clock := onObjects(slow)
	_, lock, j := begun(t, sleeper)
	other, hisClock := onObjects(objects)
	if _, err := other.Lock(ctx, Holder{}); err == nil {
		t.Fatal("it is not locked")
	}
	var his *State
	var hisLock Lock
	var hisJournal Journal
	slow.after = func(string) error {
		slow.after = nil
		clock.pass(2 * time.Hour)
		hisClock.pass(2 * time.Hour)
		his, hisLock, hisJournal = begun(t, other)
		return nil
	}
	var lost *LockLostError
	if err := j.Intend(ctx, creation("late")); !errors.As(err, &lost) {
		t.Errorf("Intend: %v, want a *LockLostError", err)
	}
	if len(his.Doubts) != 1 {
		t.Errorf("doubts of the new holder: %+v", his.Doubts)
	}
	if err := errors.Join(j.Close(), lock.Unlock(), hisJournal.Close(), hisLock.Unlock()); err != nil {
		t.Error(err)
	}
}

// intercepted lets a test act between the lines.
type intercepted struct {
	Objects
	before func(name string) // of every Create
	after  func(name string) error
}

func (i *intercepted) Create(ctx context.Context, name string, content []byte) error {
	if i.before != nil {
		i.before(name)
	}
	err := i.Objects.Create(ctx, name, content)
	if i.after != nil {
		if lost := i.after(name); lost != nil {
			return lost
		}
	}
	return err
}

// Every reply in turn is lost although the object was made, and every request in
// turn before it has an effect. Neither stops a run, nor does anything twice.
func TestLostReplies(t *testing.T) {
	lost := errors.New("the connection was reset")
	for n := 1; ; n++ {
		objects := NewMemoryObjects()
		flaky := &intercepted{Objects: objects}
		count := 0
		flaky.after = func(string) error {
			if count++; count == n {
				return lost
			}
			return nil
		}
		store, _ := onObjects(flaky)
		if err := run(store); err != nil {
			t.Errorf("reply %d is lost: %v", n, err)
		}
		calm, _ := onObjects(objects)
		if got, err := calm.Load(context.Background()); err != nil || got.Serial != 1 || len(got.Resources) != 1 {
			t.Errorf("reply %d is lost: %+v, %v", n, got, err)
		}
		if count < n {
			break
		}
	}
	down := &intercepted{Objects: NewMemoryObjects(), after: func(string) error { return lost }}
	down.Objects = refusing{down.Objects}
	store, _ := onObjects(down)
	if err := run(store); !errors.Is(err, lost) {
		t.Errorf("nothing can be written: %v", err)
	}
}

// refusing makes nothing.
type refusing struct{ Objects }

func (refusing) Create(context.Context, string, []byte) error { return nil }

// late is a place that shows what was made a moment too late: the n-th reading of
// an object does not find it, or the n-th list of generations lacks the newest.
type late struct {
	Objects
	gets, lists int // still to go, until it is late
}

func (l *late) Get(ctx context.Context, name string) ([]byte, error) {
	if l.gets--; l.gets == 0 {
		return nil, fs.ErrNotExist
	}
	return l.Objects.Get(ctx, name)
}

func (l *late) List(ctx context.Context, prefix string) ([]Item, error) {
	items, err := l.Objects.List(ctx, prefix)
	if prefix == generationsPrefix {
		if l.lists--; l.lists == 0 {
			items = slices.DeleteFunc(items, func(i Item) bool { return i.Name == generationObject(int64(len(items))) })
		}
	}
	return items, err
}

// What was listed and cannot be read yet, or the other way round, is neither
// damage nor absence.
func TestLateObjects(t *testing.T) {
	ctx := context.Background()
	for _, saves := range []int{1, 2} {
		objects := NewMemoryObjects()
		store, _ := onObjects(objects)
		for range saves {
			s, err := store.Load(ctx)
			if err == nil {
				err = store.Save(ctx, s)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_, lock, j := begun(t, store)
		if err := errors.Join(j.Intend(ctx, creation("first")), j.Close(), lock.Unlock()); err != nil {
			t.Fatal(err)
		}
		for n := 1; ; n++ {
			met := false
			for what, l := range map[string]*late{"object": {objects, n, 0}, "list": {objects, 0, n}} {
				reader, _ := onObjects(l)
				if got, err := reader.Load(ctx); err != nil || got.Serial != int64(saves) || len(got.Doubts) != 1 {
					t.Errorf("%d saves, %s %d is late: %+v, %v", saves, what, n, got, err)
				}
				met = met || what == "object" && l.gets <= 0 || what == "list" && l.lists <= 0
			}
			if !met {
				break
			}
		}
	}
}

// careless overwrites, as a server that knows nothing of If-None-Match.
type careless struct{ *MemoryObjects }

func (c careless) Create(ctx context.Context, name string, content []byte) error {
	return errors.Join(c.Delete(ctx, name), c.MemoryObjects.Create(ctx, name, content))
}

func TestUnfit(t *testing.T) {
	ctx := context.Background()
	store, _ := onObjects(careless{NewMemoryObjects()})
	var unfit *UnfitError
	if err := store.Save(ctx, New()); !errors.As(err, &unfit) {
		t.Errorf("Save: %v, want an *UnfitError", err)
	}
	if _, err := store.Journal(ctx, New()); !errors.As(err, &unfit) {
		t.Errorf("Journal: %v, want an *UnfitError: nothing may be sent", err)
	}
	if got, err := store.Load(ctx); err != nil || got.Serial != 0 {
		t.Errorf("Load: %+v, %v", got, err)
	}
}

// Steps that are noted while a batch is under way share the next one.
func TestSharedBatches(t *testing.T) {
	ctx := context.Background()
	const workers = 10
	slow := &intercepted{Objects: NewMemoryObjects()}
	store, _ := onObjects(slow)
	_, lock, j := begun(t, store)
	batches := 0
	var wg sync.WaitGroup
	slow.before = func(name string) {
		if !strings.HasPrefix(name, "journal/") {
			return
		}
		if batches++; batches > 1 {
			return
		}
		for i := range workers { // all of them come while the first is written
			wg.Go(func() {
				if err := j.Intend(ctx, creation(fmt.Sprintf("m%d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		inner := j.(*objectJournal)
		for gathered := 0; gathered < workers; {
			inner.mu.Lock()
			gathered = strings.Count(string(inner.batch.lines), "\n")
			inner.mu.Unlock()
		}
	}
	if err := j.Intend(ctx, creation("first")); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if batches != 2 {
		t.Errorf("%d batches, want 2", batches)
	}
	if err := errors.Join(j.Close(), lock.Unlock()); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Load(ctx); err != nil || len(s.Doubts) != workers+1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What is kept is damaged in every way; it is never taken for something else.
func TestDamagedObjects(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name   string
		damage func(m *MemoryObjects, name string)
		what   map[string]Damage
	}{
		{"gone", func(m *MemoryObjects, name string) { delete(m.content, name) },
			map[string]Damage{"generations/000000000001": Missing, "journal/000000000001/00000000": BadJournal}},
		{"cut off", func(m *MemoryObjects, name string) { m.content[name] = m.content[name][:len(m.content[name])-1] },
			map[string]Damage{"generations/000000000001": Truncated, "journal/000000000001/00000000": BadJournal, "journal/000000000001/00000001": BadJournal}},
		{"emptied", func(m *MemoryObjects, name string) { m.content[name] = nil },
			map[string]Damage{"generations/000000000001": Empty, "journal/000000000001/00000000": BadJournal, "journal/000000000001/00000001": BadJournal}},
		{"altered", func(m *MemoryObjects, name string) { m.content[name][len(m.content[name])/2] ^= 1 },
			map[string]Damage{"generations/000000000001": Altered, "journal/000000000001/00000000": BadJournal, "journal/000000000001/00000001": BadJournal}},
		{"another's", func(m *MemoryObjects, name string) { m.content[name] = m.content["journal/000000000000/00000000"] },
			map[string]Damage{"journal/000000000001/00000001": BadJournal}},
	} {
		for name, want := range c.what {
			objects := NewMemoryObjects()
			store, _ := onObjects(objects)
			if err := store.Save(ctx, New()); err != nil {
				t.Fatal(err)
			}
			_, lock, j := begun(t, store)
			if err := errors.Join(j.Intend(ctx, creation("lost")), j.Close(), lock.Unlock()); err != nil {
				t.Fatal(err)
			}
			if _, ok := objects.content[name]; !ok {
				t.Fatalf("there is no %s: %q", name, names(objects))
			}
			c.damage(objects, name)
			var d *DamagedError
			if _, err := store.Load(ctx); !errors.As(err, &d) || d.Damage != want || d.Path != "memory" || !strings.Contains(d.Fix, "state recover") {
				t.Errorf("%s is %s: %v, want %q", name, c.name, err, want)
			}
		}
	}
}

func names(m *MemoryObjects) (out []string) {
	for name := range m.content {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Of old generations and their journals a fixed number stays, of the lock one
// object.
func TestPruned(t *testing.T) {
	ctx := context.Background()
	objects := NewMemoryObjects()
	store, _ := onObjects(objects)
	s := New()
	for range 12 {
		if err := store.Save(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{}
	for serial := 8; serial <= 12; serial++ {
		want = append(want, fmt.Sprintf("generations/%012d", serial))
	}
	for serial := 8; serial < 12; serial++ {
		want = append(want, fmt.Sprintf("journal/%012d/00000000", serial))
	}
	got := slices.DeleteFunc(names(objects), func(name string) bool {
		return strings.HasPrefix(name, "lock/") || name == "journal/000000000000/00000000"
	})
	if !slices.Equal(want, got) || len(names(objects)) > len(want)+2 {
		t.Errorf("kept: %q\nwant: %q, one of the lock and the first journal", names(objects), want)
	}
}

// The lock's holder gives signs of life, and loses it when someone frees it.
func TestSignsOfLife(t *testing.T) {
	ctx := context.Background()
	objects := NewMemoryObjects()
	store, clock := onObjects(objects)
	lock, err := store.Lock(ctx, Holder{Who: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	clock.pass(50 * time.Minute)
	if err := store.held.alive(ctx); err != nil {
		t.Fatal(err)
	}
	if n, r, err := store.currentLock(ctx); err != nil || n != 2 || r.Beat != 2 || r.ID != store.held.id {
		t.Errorf("after a sign of life: %d %+v, %v", n, r, err)
	}
	other, _ := onObjects(objects)
	var locked *LockedError
	if _, err := other.Break(ctx, "another"); !errors.As(err, &locked) {
		t.Errorf("Break of another id: %v", err)
	}
	if who, err := other.Break(ctx, ""); err != nil || who.Who != "ada" {
		t.Errorf("Break: %v, %v", who, err)
	}
	if _, err := other.Break(ctx, ""); !errors.Is(err, ErrNotLocked) {
		t.Errorf("Break when it is free: %v", err)
	}
	clock.pass(50 * time.Minute)
	if err := store.held.alive(ctx); err == nil {
		t.Error("alive after the lock was freed by another: no error")
	}
	if err := store.Save(ctx, New()); err == nil {
		t.Error("Save with a lock that was lost: no error")
	}
	if _, err := other.Lock(ctx, Holder{}); err != nil {
		t.Error(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
	if _, r, err := other.currentLock(ctx); err != nil || r.ID != other.held.id {
		t.Errorf("the loser freed what is not his: %+v, %v", r, err)
	}
	if err := other.release(); err != nil {
		t.Error(err)
	}
}
