package statetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

func load(t *testing.T, store state.Store) *state.State {
	t.Helper()
	s, err := store.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(t *testing.T, store state.Store, s *state.State) {
	t.Helper()
	if err := store.Save(context.Background(), s); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, what string, want, got *state.State) {
	t.Helper()
	if d := Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// filled is a first generation, saved.
func filled(t *testing.T, store state.Store) *state.State {
	t.Helper()
	s := load(t, store)
	s.Tool, s.Deployment = "polyplan test", "https://polytomic.example"
	s.Organization, s.OrganizationName = "0a1b", "Ärger & Söhne <ltd>"
	for _, name := range []string{"users", "accounts"} {
		s.Resources[resource.Address{Kind: "model", Name: name}] = Model(name, "id-"+name)
	}
	save(t, store, s)
	return s
}

func freshState(t *testing.T, open func() state.Store) {
	a, b := load(t, open()), load(t, open())
	if a.Serial != 0 || len(a.Resources) != 0 || a.Resources == nil || len(a.Doubts) != 0 {
		t.Errorf("a fresh state is not empty: %+v", a)
	}
	if len(a.Lineage) != 36 || a.Lineage == b.Lineage {
		t.Errorf("lineages of two fresh states: %q, %q", a.Lineage, b.Lineage)
	}
}

func saveLoad(t *testing.T, open func() state.Store) {
	store := open()
	s := filled(t, store)
	if s.Serial != 1 {
		t.Errorf("serial after the first save: %d", s.Serial)
	}
	expect(t, "another process loads", s, load(t, open()))
	for want := int64(2); want <= 15; want++ {
		s.Resources[addr("model.users")].Object["name"] = strings.Repeat("n", int(want))
		save(t, store, s)
		if s.Serial != want {
			t.Fatalf("serial %d, want %d", s.Serial, want)
		}
		expect(t, "another process loads", s, load(t, open()))
	}
	delete(s.Resources, addr("model.users"))
	save(t, store, s)
	expect(t, "after a removal", s, load(t, store))
}

func secretsStayOut(t *testing.T, open func() state.Store) {
	s := filled(t, open())
	kept, ok := load(t, open()).Resources[addr("model.users")].Object["token"].(*resource.Secret)
	if !ok {
		t.Fatal("the secret did not come back as one")
	}
	was := s.Resources[addr("model.users")].Object["token"].(*resource.Secret)
	if kept.Known() || kept.Print() == "" || kept.Print() != was.Print() {
		t.Errorf("the secret came back with its value %v, fingerprint %q, want %q", kept.Known(), kept.Print(), was.Print())
	}
}

func notKept(t *testing.T, open func() state.Store) {
	store := open()
	s := load(t, store)
	r := Model("users", "1")
	r.Waiting.Link, r.Waiting.Code = "https://polytomic.example/authorise?code=made-up", "made-up"
	r.Pos.Line = 3
	r.Raw = map[string]any{"anything": true}
	s.Resources[r.Address] = r
	save(t, store, s)
	want := s.Clone()
	if w := want.Resources[r.Address]; w.Waiting.Link != "" || w.Waiting.Code != "" || w.Raw != nil || !w.Pos.IsZero() {
		t.Errorf("Clone keeps too much: %+v", w)
	}
	expect(t, "loaded", want, load(t, store))
}

func conflict(t *testing.T, open func() state.Store) {
	one, two := open(), open()
	filled(t, one)
	a, b := load(t, one), load(t, two)
	a.Tool, b.Tool = "first", "second"
	save(t, one, a)
	err := two.Save(context.Background(), b)
	var c *state.ConflictError
	if !errors.As(err, &c) {
		t.Fatalf("the second save: %v, want a *ConflictError", err)
	}
	if c.Serial != 1 || c.StoredSerial != 2 || c.StoredLineage != a.Lineage || b.Serial != 1 {
		t.Errorf("%+v; serial afterwards %d", c, b.Serial)
	}
	expect(t, "the first save stands", a, load(t, two))

	other := state.New()
	other.Serial = 2
	if err := one.Save(context.Background(), other); !errors.As(err, &c) {
		t.Errorf("saving another lineage: %v, want a *ConflictError", err)
	}
}

func twoFirstSaves(t *testing.T, open func() state.Store) {
	one, two := open(), open()
	a, b := load(t, one), load(t, two)
	save(t, one, a)
	var c *state.ConflictError
	if err := two.Save(context.Background(), b); !errors.As(err, &c) {
		t.Errorf("the second first save: %v, want a *ConflictError", err)
	}
	expect(t, "the first stands", a, load(t, two))
}

func contextDone(t *testing.T, open func() state.Store) {
	store := open()
	s := filled(t, store)
	ctx, cancel := context.WithCancel(context.Background())
	j := journal(t, store, s)
	intent(t, j, "op-1", "model.late", state.Create)
	cancel()
	if err := j.Intend(ctx, state.Intent{Op: "op-2", Address: addr("model.later"), Action: state.Create}); !errors.Is(err, context.Canceled) {
		t.Errorf("Intend: %v, want context.Canceled", err)
	}
	if err := j.Outcome(ctx, state.Outcome{Op: "op-1", OK: true, Resource: Model("late", "7")}); err != nil {
		t.Errorf("Outcome must not heed the context: %v", err)
	}
	closeJournal(t, j)
	for what, err := range map[string]error{
		"Save": store.Save(ctx, s),
		"Load": func() error { _, err := store.Load(ctx); return err }(),
		"Lock": func() error { _, err := store.Lock(ctx, state.Holder{}); return err }(),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", what, err)
		}
	}
	got := load(t, store)
	if len(got.Doubts) != 0 || got.Resources[addr("model.late")].ID != "7" {
		t.Errorf("loaded: %+v", got)
	}
}
