package remote

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/polyplan/polyplan/pkg/pgtest"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/placetest"
	"github.com/polyplan/polyplan/pkg/state/statetest"
)

var update = flag.Bool("update", false, "write the fixtures of the current formats anew")

// objects are those of a fixture of pkg/state, without its lock.
func objects(t *testing.T, format int) (out []txtar.File) {
	t.Helper()
	for _, f := range txtar.Parse(read(t, fmt.Sprintf("../testdata/format-%d.objects.txtar", format))).Files {
		if !strings.HasPrefix(f.Name, "lock/") {
			out = append(out, f)
		}
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goesOn checks that a fixture reads as the objects do that it was made of, and
// that a run can go on from it.
func goesOn(t *testing.T, format int, store *state.ObjectStore) {
	t.Helper()
	ctx := context.Background()
	memory := state.NewMemoryObjects()
	for _, f := range objects(t, format) {
		if err := memory.Create(ctx, f.Name, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	want, err := state.OnObjects("memory", memory, keepObjects).Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.Load(ctx)
	if err != nil {
		t.Fatalf("format %d: %v", format, err)
	}
	if d := statetest.Diff(want, got); d != "" || len(got.Resources) < 4 || !got.CutShort {
		t.Errorf("format %d: %+v\n%s", format, got, d)
	}
	if err := store.Save(ctx, got); err != nil || got.Serial != want.Serial+1 {
		t.Errorf("format %d: going on from it: serial %d, %v", format, got.Serial, err)
	}
}

// TestDocumentFixtures reads the document of every released format.
func TestDocumentFixtures(t *testing.T) {
	path := func(format int) string { return fmt.Sprintf("testdata/document-%d.json", format) }
	if *update {
		doc := documentJSON{Polyplan: documentFormat, Serial: 9, Lineage: "9ba7b810-9dad-41d1-80b4-00c04fd430c8", Objects: map[string]objectJSON{}}
		for _, f := range objects(t, state.Format) {
			packed, err := pack(f.Data)
			if err != nil {
				t.Fatal(err)
			}
			doc.Objects[f.Name] = objectJSON{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), packed}
		}
		text, err := json.Marshal(doc)
		if err == nil {
			err = os.WriteFile(path(documentFormat), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for format := 1; format <= documentFormat; format++ {
		text := read(t, path(format))
		var doc documentJSON
		err := json.Unmarshal(text, &doc)
		if again, againErr := json.Marshal(doc); format == documentFormat && (errors.Join(err, againErr) != nil || string(again) != string(text)) {
			t.Errorf("format %d is no longer written as it was: %s", format, again)
		}
		d := &placetest.Document{}
		d.Put(string(text))
		goesOn(t, format, open(t, serve(t, d)))
	}
}

// TestTableFixtures reads the table of every released version, into which what
// follows is written as well.
func TestTableFixtures(t *testing.T) {
	const tables = 1
	path := func(version int) string { return fmt.Sprintf("testdata/table-%d.sql", version) }
	if *update {
		text := makeTable + ";\n"
		for _, f := range objects(t, state.Format) {
			text += fmt.Sprintf("INSERT INTO polyplan_objects VALUES ('default', '%s', '\\x%x', '2026-01-02T03:04:05Z');\n", f.Name, f.Data)
		}
		if err := os.WriteFile(path(tables), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for version := 1; version <= tables; version++ {
		text := string(read(t, path(version)))
		if version == tables && !strings.HasPrefix(text, makeTable+";\n") {
			t.Errorf("the table is no longer made as in version %d: it needs another version, and a way from this one", version)
		}
		address := pgtest.URL(t)
		db, err := pgx.Connect(context.Background(), address)
		if err == nil {
			_, err = db.Exec(context.Background(), text)
			err = errors.Join(err, db.Close(context.Background()))
		}
		if err != nil {
			t.Fatal(err)
		}
		goesOn(t, version, open(t, address))
	}
}

// A document of a newer version is refused by all that reads or writes, and stays.
func TestNewerDocument(t *testing.T) {
	ctx := context.Background()
	const newer = `{"polyplan": 2, "serial": "9", "objects": []}`
	d := &placetest.Document{}
	d.Put(newer)
	store := open(t, serve(t, d))
	_, load := store.Load(ctx)
	_, journal := store.Journal(ctx, state.New())
	_, recover := store.Recover(ctx, 0)
	_, history := store.History(ctx)
	for what, err := range map[string]error{"Load": load, "Journal": journal, "Recover": recover, "History": history,
		"Save": store.Save(ctx, state.New()), "Replace": store.Replace(ctx, state.New())} {
		var refused *state.NewerFormatError
		if !errors.As(err, &refused) || refused.Version != documentFormat+1 {
			t.Errorf("%s: %v, want a *NewerFormatError", what, err)
		}
	}
	if text := d.Text(); text != newer {
		t.Errorf("it was changed: %s", text)
	}
}
