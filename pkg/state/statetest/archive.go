package statetest

import (
	"context"
	"errors"
	"testing"

	"github.com/polyplan/polyplan/pkg/state"
)

func history(t *testing.T, store state.Archive, want ...int64) {
	t.Helper()
	got, err := store.History(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		if i >= len(want) || g.Serial != want[i] || g.Err != nil || g.Time.IsZero() || g.Tool != "polyplan test" {
			t.Errorf("generation %d of the history: %+v", i, g)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d generations, want %d", len(got), len(want))
	}
}

func past(t *testing.T, open func() state.Store) {
	store := open().(state.Archive)
	s := filled(t, store)
	first := s.Clone()
	delete(s.Resources, addr("model.users"))
	save(t, store, s)
	history(t, open().(state.Archive), 2, 1)
	got, err := store.Generation(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the first generation", first, got)
	if _, err := store.Generation(context.Background(), 7); err == nil {
		t.Error("a generation that never was: no error")
	}
	kept, err := store.History(context.Background())
	if err != nil || len(kept) != 2 || kept[0].Resources != 1 || kept[1].Resources != 2 {
		t.Errorf("%+v, %v", kept, err)
	}
}

func goingBack(t *testing.T, open func() state.Store) {
	store := open().(state.Archive)
	s := filled(t, store)
	first := s.Clone()
	delete(s.Resources, addr("model.users"))
	save(t, store, s)
	back, err := store.Recover(context.Background(), 1)
	if err != nil || back.From != 1 || len(back.Found) != 0 {
		t.Fatalf("%+v, %v", back, err)
	}
	if err := store.Replace(context.Background(), back.State); err != nil {
		t.Fatal(err)
	}
	first.Serial = 3
	expect(t, "gone back", first, load(t, open()))
	var c *state.ConflictError
	if err := open().Save(context.Background(), s); !errors.As(err, &c) {
		t.Errorf("Save by one who does not know of it: %v, want a *ConflictError", err)
	}

	// Nothing is wrong: what is recovered is what is loaded, an unfinished run included.
	j := journal(t, store, back.State)
	intent(t, j, "1", "model.new", state.Create)
	outcome(t, j, state.Outcome{Op: "1", OK: true, Resource: Model("new", "id-new")})
	intent(t, j, "2", "model.lost", state.Create)
	closeJournal(t, j)
	all, err := store.Recover(context.Background(), 0)
	if err != nil || all.From != 3 || all.Steps != 3 || len(all.Found) != 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	expect(t, "recovered", load(t, open()), all.State)
	if err := store.Replace(context.Background(), all.State); err != nil {
		t.Fatal(err)
	}
	if got := load(t, open()); got.Serial != 4 || len(got.Doubts) != 1 || got.Resources[addr("model.new")] == nil {
		t.Errorf("recovered and put in place: %+v", got)
	}
}

func otherLineage(t *testing.T, open func() state.Store) {
	store := open().(state.Archive)
	filled(t, store)
	late := open()
	old := load(t, late)
	other := state.New()
	other.Tool, other.Serial = "polyplan test", 41
	r := Model("other", "id")
	other.Resources[r.Address] = r
	if err := store.Replace(context.Background(), other); err != nil {
		t.Fatal(err)
	}
	if other.Serial != 42 {
		t.Errorf("serial %d, want 42", other.Serial)
	}
	expect(t, "put in place", other, load(t, open()))
	var c *state.ConflictError
	if err := late.Save(context.Background(), old); !errors.As(err, &c) {
		t.Errorf("Save of the old lineage: %v, want a *ConflictError", err)
	}
	save(t, store, other) // and it goes on
	expect(t, "saved", other, load(t, open()))
	if got := load(t, open()); got.Serial != 43 {
		t.Errorf("serial %d, want 43", got.Serial)
	}
}
