package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

func journal(t *testing.T, store state.Store, s *state.State) state.Journal {
	t.Helper()
	j, err := store.Journal(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func closeJournal(t *testing.T, j state.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func intent(t *testing.T, j state.Journal, op, address, action string) state.Intent {
	t.Helper()
	in := state.Intent{Op: op, Address: addr(address), Action: action, Method: "POST", Path: "/api/models", Key: "key-" + op,
		BodyHash: "pbkdf2:00", Name: "Name of " + address, Serial: 1, Time: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)}
	if err := j.Intend(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	return in
}

func outcome(t *testing.T, j state.Journal, out state.Outcome) {
	t.Helper()
	if err := j.Outcome(context.Background(), out); err != nil {
		t.Fatal(err)
	}
}

func replayed(t *testing.T, open func() state.Store) {
	store := open()
	want := filled(t, store)
	j := journal(t, store, want)
	intent(t, j, "create", "model.new", state.Create)
	outcome(t, j, state.Outcome{Op: "create", OK: true, Status: 200, Resource: Model("new", "id-new")})
	intent(t, j, "update", "model.users", "update")
	changed := Model("users", "id-users")
	changed.Object["name"] = "changed"
	outcome(t, j, state.Outcome{Op: "update", OK: true, Status: 200, Resource: changed})
	intent(t, j, "delete", "model.accounts", "delete")
	outcome(t, j, state.Outcome{Op: "delete", OK: true, Status: 204, Removed: true})
	intent(t, j, "refused", "model.refused", state.Create)
	outcome(t, j, state.Outcome{Op: "refused", Status: 422})
	outcome(t, j, state.Outcome{Op: "adopt", OK: true, Resource: Model("adopted", "id-adopted")})
	if err := j.Outcome(context.Background(), state.Outcome{Op: "unheard of", OK: true}); err == nil {
		t.Error("an outcome of nothing was accepted")
	}
	closeJournal(t, j)

	want.Resources[addr("model.new")] = Model("new", "id-new")
	want.Resources[addr("model.users")] = changed
	want.Resources[addr("model.adopted")] = Model("adopted", "id-adopted")
	delete(want.Resources, addr("model.accounts"))
	expect(t, "replayed", want, load(t, open()))

	store = open()
	s := load(t, store)
	save(t, store, s)
	want.Serial = 2
	expect(t, "saved with what the journal had", want, load(t, open()))
}

func beforeFirstSave(t *testing.T, open func() state.Store) {
	store := open()
	s := load(t, store)
	s.Deployment, s.Organization, s.OrganizationName, s.Tool = "https://polytomic.example", "0a", "Acme", "polyplan test"
	j := journal(t, store, s)
	intent(t, j, "1", "model.users", state.Create)
	outcome(t, j, state.Outcome{Op: "1", OK: true, Resource: Model("users", "id-users")})
	lost := intent(t, j, "2", "model.lost", state.Create)
	closeJournal(t, j)

	s.Resources[addr("model.users")] = Model("users", "id-users")
	s.Doubts = []state.Intent{lost}
	store = open()
	got := load(t, store)
	expect(t, "a first run that died", s, got)
	save(t, store, got)
	s.Serial = 1
	expect(t, "saved at last", s, load(t, open()))

	// Who loaded before that run began must not start another lineage.
	var c *state.ConflictError
	if err := open().Save(context.Background(), state.New()); !errors.As(err, &c) {
		t.Errorf("saving a second lineage: %v", err)
	}
}

func continued(t *testing.T, open func() state.Store) {
	want := filled(t, open())
	for i := range 3 {
		store := open()
		s := load(t, store)
		j := journal(t, store, s)
		name := fmt.Sprintf("m%d", i)
		intent(t, j, name, "model."+name, state.Create)
		outcome(t, j, state.Outcome{Op: name, OK: true, Resource: Model(name, "id-"+name)})
		closeJournal(t, j)
		want.Resources[addr("model."+name)] = Model(name, "id-"+name)
		expect(t, "continued", want, load(t, open()))
	}
}

func endsWithSave(t *testing.T, open func() state.Store) {
	store := open()
	s := filled(t, store)
	j := journal(t, store, s)
	in := intent(t, j, "1", "model.new", state.Create)
	out := state.Outcome{Op: "1", OK: true, Resource: Model("new", "id-new")}
	outcome(t, j, out)
	s.Record(in, &out)
	save(t, store, s)
	if err := j.Intend(context.Background(), in); !errors.Is(err, state.ErrJournalClosed) {
		t.Errorf("Intend after Save: %v, want ErrJournalClosed", err)
	}
	if err := j.Outcome(context.Background(), out); !errors.Is(err, state.ErrJournalClosed) {
		t.Errorf("Outcome after Save: %v, want ErrJournalClosed", err)
	}
	closeJournal(t, j)
	closeJournal(t, j) // a second time does nothing
	expect(t, "saved", s, load(t, open()))

	// The same store goes on.
	j = journal(t, store, s)
	intent(t, j, "2", "model.users", "update")
	outcome(t, j, state.Outcome{Op: "2", OK: true, Resource: Model("users", "another")})
	closeJournal(t, j)
	if got := load(t, open()).Resources[addr("model.users")].ID; got != "another" {
		t.Errorf("id from the second journal: %q", got)
	}
}

func notSavedOver(t *testing.T, open func() state.Store) {
	filled(t, open())
	late := open()
	loaded := load(t, late)
	store := open()
	j := journal(t, store, load(t, store))
	intent(t, j, "1", "model.new", state.Create)
	closeJournal(t, j) // it dies here, as far as anyone knows

	var c *state.ConflictError
	if err := late.Save(context.Background(), loaded); !errors.As(err, &c) {
		t.Errorf("Save by one who does not know the journal: %v, want a *ConflictError", err)
	}
	if _, err := late.Journal(context.Background(), loaded); !errors.As(err, &c) {
		t.Errorf("Journal by one who does not know the journal: %v, want a *ConflictError", err)
	}
	if got := load(t, late); len(got.Doubts) != 1 {
		t.Errorf("doubts: %+v", got.Doubts)
	}
}

func doubts(t *testing.T, open func() state.Store) {
	store := open()
	want := filled(t, store)
	j := journal(t, store, want)
	unanswered := intent(t, j, "1", "model.unanswered", state.Create)
	lost := intent(t, j, "2", "model.lost", state.Create)
	outcome(t, j, state.Outcome{Op: "2", MayHaveEffect: true, Status: 502})
	intent(t, j, "3", "model.users", "update") // seen by reading it again
	intent(t, j, "4", "model.accounts", "delete")
	outcome(t, j, state.Outcome{Op: "4", MayHaveEffect: true})
	half := intent(t, j, "5", "model.half", state.Create) // made, but its second request failed
	outcome(t, j, state.Outcome{Op: half.Op, MayHaveEffect: true, Resource: Model("half", "id-half")})
	closeJournal(t, j)

	store = open()
	got := load(t, store)
	if want := []state.Intent{lost, unanswered}; !slices.Equal(want, got.Doubts) {
		t.Errorf("doubts %+v, want %+v", got.Doubts, want)
	}
	if got.Resources[addr("model.half")] == nil {
		t.Error("an object that is known to exist is not recorded")
	}
	save(t, store, got)
	again := load(t, open())
	expect(t, "doubts outlive the save", got, again)
	if in, ok := again.Doubt("1"); !ok || in != unanswered {
		t.Errorf("Doubt: %+v, %v", in, ok)
	}
	if !again.Settle("1") || again.Settle("1") || len(again.Doubts) != 1 {
		t.Errorf("after Settle: %+v", again.Doubts)
	}
}

func settled(t *testing.T, open func() state.Store) {
	store := open()
	j := journal(t, store, filled(t, store))
	for _, op := range []string{"1", "2", "3"} {
		intent(t, j, op, "model.m"+op, state.Create)
	}
	closeJournal(t, j)

	store = open()
	s := load(t, store)
	save(t, store, s) // into the state file
	j = journal(t, store, s)
	outcome(t, j, state.Outcome{Op: "1", OK: true, Resource: Model("m1", "found")})
	outcome(t, j, state.Outcome{Op: "2"})                      // never made
	outcome(t, j, state.Outcome{Op: "3", MayHaveEffect: true}) // still not known
	closeJournal(t, j)

	got := load(t, open())
	if len(got.Doubts) != 1 || got.Doubts[0].Op != "3" {
		t.Errorf("doubts: %+v", got.Doubts)
	}
	if r := got.Resources[addr("model.m1")]; r == nil || r.ID != "found" {
		t.Errorf("recorded: %+v", r)
	}
}

func replayEqualsRecording(t *testing.T, open func() state.Store) {
	store := open()
	s := filled(t, store)
	j := journal(t, store, s)
	for i := range 24 {
		op := fmt.Sprint(i)
		in := intent(t, j, op, fmt.Sprintf("model.m%d", i%5), []string{state.Create, "update", "delete"}[i%3])
		out := state.Outcome{Op: op, OK: i%2 == 0, MayHaveEffect: i%4 == 1}
		switch {
		case out.OK && i%3 == 2:
			out.Removed = true
		case out.OK:
			out.Resource = Model("m", op)
		}
		outcome(t, j, out)
		s.Record(in, &out)
	}
	closeJournal(t, j)
	expect(t, "replayed", s, load(t, open()))
}

func stepsAtOnce(t *testing.T, open func() state.Store) {
	const workers, steps = 16, 20
	store := open()
	s := filled(t, store)
	j := journal(t, store, s)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range steps {
				name := fmt.Sprintf("w%d-%d", w, i)
				in := state.Intent{Op: name, Address: resource.Address{Kind: "model", Name: name}, Action: state.Create}
				err := j.Intend(context.Background(), in)
				if err == nil && i != steps-1 { // the last one is never answered
					err = j.Outcome(context.Background(), state.Outcome{Op: name, OK: true, Resource: Model(name, name)})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	closeJournal(t, j)
	got := load(t, open())
	if len(got.Resources) != 2+workers*(steps-1) || len(got.Doubts) != workers {
		t.Errorf("%d resources, %d doubts", len(got.Resources), len(got.Doubts))
	}
}
