package state

import (
	"context"
	"errors"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
)

// run is a small run of one step over a store.
func run(store Store) (err error) {
	ctx := context.Background()
	lock, err := store.Lock(ctx, Holder{Who: "ada"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	s, err := store.Load(ctx)
	if err != nil {
		return err
	}
	j, err := store.Journal(ctx, s)
	if err != nil {
		return err
	}
	in := Intent{Op: "1", Address: addressOf("model.users"), Action: Create}
	if err := j.Intend(ctx, in); err != nil {
		return errors.Join(err, j.Close())
	}
	out := Outcome{Op: "1", OK: true, Resource: &resource.Resource{Address: in.Address, ID: "id", Object: resource.Object{}}}
	err = j.Outcome(ctx, out)
	s.Record(in, &out)
	return errors.Join(err, j.Close(), store.Save(ctx, s))
}

// Each operation of a run fails in turn; the error comes out, and the next
// process loads what the run had made durable.
func TestMemoryFaults(t *testing.T) {
	broken := errors.New("broken")
	for n := int64(1); ; n++ {
		m := NewMemory()
		failing := m.Another()
		var ops []string
		fault := FailAt(n, broken)
		failing.Fault = func(op string) error {
			ops = append(ops, op)
			return fault(op)
		}
		err := run(failing)
		if err == nil {
			if want := int64(9); n != want {
				t.Errorf("a run had %d operations (%q), want %d", n-1, ops, want-1)
			}
			return
		}
		if !errors.Is(err, broken) {
			t.Errorf("operation %d: %v", n, err)
		}
		failing.Kill()
		got, err := m.Another().Load(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		op := ops[n-1]
		want := 1 // for where the outcome was not recorded, the save that followed had it
		if op == "lock" || op == "load" || op == "journal" || op == "intend" {
			want = 0
		}
		if len(got.Resources) != want || len(got.Doubts) != 0 {
			t.Errorf("%s failed: %+v", op, got)
		}
		if _, err := m.Another().Lock(context.Background(), Holder{}); err != nil {
			t.Errorf("%s failed, and the lock of the dead is held: %v", op, err)
		}
	}
}

func TestMemoryKill(t *testing.T) {
	ctx := context.Background()
	m := NewMemory()
	dying := m.Another()
	s, err := dying.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	j, err := dying.Journal(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Intend(ctx, Intent{Op: "1", Address: addressOf("model.users"), Action: Create}); err != nil {
		t.Fatal(err)
	}
	dying.Kill()
	if err := j.Outcome(ctx, Outcome{Op: "1", OK: true}); err == nil {
		t.Error("a dead process recorded something")
	}
	if err := dying.Save(ctx, s); err == nil {
		t.Error("a dead process saved something")
	}
	next := m.Another()
	got, err := next.Load(ctx)
	if err != nil || got.Lineage != s.Lineage || len(got.Doubts) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Settle("1")
	if err := next.Save(ctx, got); err != nil {
		t.Fatal(err)
	}
	if state, journal := m.Bytes(); len(state) == 0 || journal != nil {
		t.Errorf("stored afterwards: %d bytes, journal %q", len(state), journal)
	}
}
