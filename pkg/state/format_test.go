package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/polyplan/polyplan/pkg/resource"
)

var update = flag.Bool("update", false, "write the fixtures of the current format anew")

// fixture is what the fixtures of every format hold, as far as each can.
func fixture() (saved *State, in Intent, out Outcome) {
	address := func(kind, name string) resource.Address { return resource.Address{Kind: kind, Name: name} }
	secret := resource.NewSecret("a made-up value")
	secret.Seal(resource.NewFingerprinter("a made-up key", ""))
	day := time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
	saved = &State{
		Lineage: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", Serial: 7,
		Tool: "polyplan 0.1.0", Deployment: "https://app.polytomic.com",
		Organization: "0b3f8f4e-0000-4000-8000-000000000001", OrganizationName: "Acme <Ärzte> & Co",
		Resources: resource.Set{
			address("connection", "stripe"): {Address: address("connection", "stripe"), ID: "c-1", Protect: true, Unmanaged: []resource.Path{"configuration.port", `policies["a.b"]`},
				Object:  resource.Object{"name": "Stripe", "type": "stripe", "configuration": resource.Object{"api_key": secret}},
				Kept:    resource.Object{"token": resource.MaskedSecret()},
				Waiting: &resource.Waiting{Status: "pending", Detail: "wait for a person"}},
			address("model", "users"): {Address: address("model", "users"), ID: "m-1",
				Object: resource.Object{"connection": "stripe", "fields": []any{"id", "email"}, "limit": int64(9007199254740993),
					"share": 0.1, "exact": json.Number("123456789012345678901234567890"), "on": true, "nothing": nil,
					"empty": resource.Object{}, "none": []any{}, "text": "line\nline \u2028 \x1b[1m"},
				Needs: []resource.Address{address("connection", "stripe")},
				Marks: map[string]string{"updated_at": "2026-01-02T03:04:05Z"}},
			address("model-set", "a"): {Address: address("model-set", "a"), Object: resource.Object{}},
		},
		Doubts: []Intent{{Op: "op-0", Address: address("model", "lost"), Action: Create, Method: "POST", Path: "/api/models",
			Key: "k-0", BodyHash: "hmac-00:11", Name: "Lost", Serial: 6, Time: day}},
	}
	in = Intent{Op: "op-1", Address: address("sync", "s"), Action: Create, Method: "POST", Path: "/api/syncs", Key: "k-1", Serial: 7}
	out = Outcome{Op: "op-1", OK: true, Status: 200, Resource: &resource.Resource{Address: in.Address, ID: "s-1",
		Object: resource.Object{"model": "users", "secret": secret}}}
	return saved, in, out
}

var bySecretPrint = cmp.Comparer(func(a, b *resource.Secret) bool { return a.Print() == b.Print() })

// lines are the lines of a journal of what the fixtures hold, in this version of the
// format.
func lines(t *testing.T, version int, writer string) (header, intent, outcome []byte) {
	t.Helper()
	saved, in, out := fixture()
	h := headerOf(saved)
	h.FormatVersion, h.ID, h.Writer = version, saved.Lineage, writer
	form := intentJSON(in)
	header, err := sealing{}.line("", h)
	at := int64(len(header))
	intent, err1 := sealing{}.line(h.ID, record{Seq: 1, Synced: at, Intent: &form})
	outcome, err2 := sealing{}.line(h.ID, record{Seq: 2, Synced: at + int64(len(intent)), Outcome: outcomeToJSON(out)})
	if err := errors.Join(err, err1, err2); err != nil {
		t.Fatal(err)
	}
	return header, intent, outcome
}

// objectsOf are the objects of a place that keeps what the fixtures hold: a run is
// at work, with the lock and a journal of three batches.
func objectsOf(t *testing.T) map[string][]byte {
	t.Helper()
	saved, _, _ := fixture()
	generation, err := Encode(saved)
	lock, err1 := marshal(lockRecord{FormatVersion: Format, ID: "7ba7b810-9dad-41d1-80b4-00c04fd430c8", Beat: 3, Lease: 60,
		Holder: &Holder{Who: "ada", Host: "build-3", PID: 71, Command: "polyplan apply", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}})
	if err := errors.Join(err, err1); err != nil {
		t.Fatal(err)
	}
	header, intent, outcome := lines(t, Format, "8ba7b810-9dad-41d1-80b4-00c04fd430c8")
	return map[string][]byte{
		generationObject(saved.Serial): generation,
		batchObject(saved.Serial, 0):   header,
		batchObject(saved.Serial, 1):   slices.Concat(header, intent),
		batchObject(saved.Serial, 2):   slices.Concat(header, outcome),
		lockObject(3):                  append(lock, '\n'),
	}
}

// TestFixtures reads what every released format has written. Fixtures of the
// current format are written by -update, those of older ones never again.
func TestFixtures(t *testing.T) {
	saved, in, out := fixture()
	if *update {
		b, err := Encode(saved)
		if err != nil {
			t.Fatal(err)
		}
		put(t, fmt.Sprintf("testdata/format-%d.json", Format), b)
		header, intent, outcome := lines(t, Format, "")
		put(t, fmt.Sprintf("testdata/format-%d.journal", Format), slices.Concat(header, intent, outcome, []byte{0}))
		archive := &txtar.Archive{Comment: []byte("The objects of a place that keeps a state, while a run is at work.\n")}
		objects := objectsOf(t)
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: objects[name]})
		}
		put(t, fmt.Sprintf("testdata/format-%d.objects.txtar", Format), txtar.Format(archive))
	}
	after := saved.Clone()
	after.Record(in, &out)
	after.CutShort = true
	for format := 1; format <= Format; format++ {
		path := filepath.Join(t.TempDir(), "s.json")
		text := read(t, fmt.Sprintf("testdata/format-%d.json", format))
		put(t, path, text)
		got, err := File(path).Load(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(saved, got, bySecretPrint); d != "" {
			t.Errorf("format %d (-want +got):\n%s", format, d)
		}
		if again, err := Encode(got); format == Format && (err != nil || !bytes.Equal(text, again)) {
			t.Errorf("format %d is no longer written as it was (%v):\n%s", format, err, cmp.Diff(string(text), string(again)))
		}

		side := filepath.Join(filepath.Dir(path), ".polyplan", "s.json")
		if err := os.MkdirAll(side, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(side, "journal"), read(t, fmt.Sprintf("testdata/format-%d.journal", format)))
		if got, err = File(path).Load(context.Background()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(after, got, bySecretPrint); d != "" {
			t.Errorf("format %d with its journal (-want +got):\n%s", format, d)
		}
	}
}

// TestObjectFixtures does so with what lies in places that keep objects: the run that
// is at work there is seen, and when it is dead another goes on.
func TestObjectFixtures(t *testing.T) {
	ctx := context.Background()
	saved, in, out := fixture()
	want := saved.Clone()
	want.Record(in, &out)
	want.CutShort = true
	for format := 1; format <= Format; format++ {
		archive := txtar.Parse(read(t, fmt.Sprintf("testdata/format-%d.objects.txtar", format)))
		objects := NewMemoryObjects()
		now := objectsOf(t)
		for _, f := range archive.Files {
			objects.content[f.Name] = f.Data
			if format == Format && !bytes.Equal(f.Data, now[f.Name]) {
				t.Errorf("format %d: %s is no longer written as it was:\n%s", format, f.Name, cmp.Diff(string(f.Data), string(now[f.Name])))
			}
		}
		store, _ := onObjects(objects)
		got, err := store.Load(ctx)
		if err != nil {
			t.Fatalf("format %d: %v", format, err)
		}
		if d := cmp.Diff(want, got, bySecretPrint); d != "" {
			t.Errorf("format %d (-want +got):\n%s", format, d)
		}
		var held *LockedError
		if _, err := store.Lock(ctx, Holder{}); !errors.As(err, &held) || held.ID != "7ba7b810-9dad-41d1-80b4-00c04fd430c8" || held.Holder.Who != "ada" || held.Holder.PID != 71 {
			t.Errorf("format %d: Lock: %v, want ada's", format, err)
		}
		if who, err := store.Break(ctx, held.ID); err != nil || who.Host != "build-3" {
			t.Errorf("format %d: Break: %v, %v", format, who, err)
		}
		j, err := store.Journal(ctx, got)
		if err == nil {
			err = errors.Join(j.Intend(ctx, creation("more")), j.Outcome(ctx, Outcome{Op: "more", OK: true}), j.Close(), store.Save(ctx, got))
		}
		if err != nil || got.Serial != saved.Serial+1 {
			t.Errorf("format %d: going on from it: serial %d, %v", format, got.Serial, err)
		}
	}
}

// What a newer version wrote is refused, and left as it is: a generation, a batch of
// a journal, a record of the lock.
func TestNewerObjects(t *testing.T) {
	ctx := context.Background()
	header, _, _ := lines(t, Format+1, "")
	s, _, _ := fixture()
	reading := []string{"Load", "Save", "Journal", "Recover", "Replace"}
	for name, c := range map[string]struct {
		content []byte
		refuse  []string
	}{
		generationObject(7): {seal(strings.Replace(string(objectsOf(t)[generationObject(7)]), `"format_version": 1`, `"format_version": 2`, 1)), reading},
		batchObject(7, 0):   {header, reading[:4]}, // a journal is replaced with its state, and stays
		lockObject(3):       {[]byte(`{"format_version":2,"holder":"ada, on a machine of hers"}`), []string{"Lock", "Break", "Save", "Journal", "Replace"}},
	} {
		for _, what := range c.refuse {
			objects := NewMemoryObjects()
			objects.content = objectsOf(t)
			if name != lockObject(3) {
				delete(objects.content, lockObject(3))
			}
			objects.content[name] = c.content
			store, _ := onObjects(objects)
			var err error
			switch what {
			case "Load":
				_, err = store.Load(ctx)
			case "Save":
				err = store.Save(ctx, s.Clone())
			case "Journal":
				_, err = store.Journal(ctx, s.Clone())
			case "Recover":
				_, err = store.Recover(ctx, 0)
			case "Replace":
				err = store.Replace(ctx, s.Clone())
			case "Lock":
				_, err = store.Lock(ctx, Holder{Who: "bob"})
			case "Break":
				_, err = store.Break(ctx, "")
			}
			var newer *NewerFormatError
			if !errors.As(err, &newer) || newer.Version != Format+1 {
				t.Errorf("%s of another version's %s: %v, want a *NewerFormatError", what, name, err)
			}
			want := objectsOf(t)
			want[name] = c.content
			for at, content := range objects.content {
				if strings.HasPrefix(at, lockPrefix) && name != at {
					continue // taken meanwhile, and freed
				}
				if !bytes.Equal(content, want[at]) {
					t.Errorf("%s of another version's %s changed %s", what, name, at)
				}
			}
		}
	}
}

// seal gives a text its right checksum: what is wrong with it then was not
// done by chance.
func seal(text string) []byte {
	lines := strings.SplitAfter(text, "\n")
	before, after := strings.Join(lines[:2], ""), strings.Join(lines[3:], "")
	return []byte(before + fmt.Sprintf(checksumLine, checksum([]byte(before), []byte(after))) + after)
}

func TestNewerFormat(t *testing.T) {
	path, s := stateOnDisk(t, false)
	newer := seal(strings.Replace(string(read(t, path)), `"format_version": 1,`, `"format_version": 2,`, 1))
	put(t, path, newer)
	store := File(path)
	_, loadErr := store.Load(context.Background())
	for what, err := range map[string]error{"Load": loadErr, "Save": store.Save(context.Background(), s)} {
		var n *NewerFormatError
		if !errors.As(err, &n) || n.Version != 2 || n.Path != path {
			t.Errorf("%s: %v, want a *NewerFormatError", what, err)
		}
	}
	if !bytes.Equal(newer, read(t, path)) {
		t.Error("the file was touched")
	}
}

func TestNewerJournal(t *testing.T) {
	path, _ := stateOnDisk(t, true)
	journal := filepath.Join(filepath.Dir(path), ".polyplan", "s.json", "journal")
	log, err := sealing{}.readLog(read(t, journal))
	if err != nil {
		t.Fatal(err)
	}
	log.header.FormatVersion = 2
	text, err := sealing{}.line("", log.header)
	if err != nil {
		t.Fatal(err)
	}
	put(t, journal, append(text, make([]byte, log.header.Reserved)...))
	var n *NewerFormatError
	if _, err := File(path).Load(context.Background()); !errors.As(err, &n) {
		t.Errorf("Load: %v, want a *NewerFormatError", err)
	}
}

func TestStrict(t *testing.T) {
	saved, _, _ := fixture()
	good, err := Encode(saved)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, old, new, want string }{
		{"a key twice", `  "tool": "polyplan 0.1.0",`, `  "tool": "a", "tool": "b",`, `the key "tool" stands twice`},
		{"a key twice, deep within", `"type": "stripe"`, `"type": "x", "type": "y"`, `the key "type" stands twice`},
		{"an unknown member", `  "tool"`, `  "tools": 1, "tool"`, `unknown member "tools"`},
		{"another case", `"tool"`, `"Tool"`, `unknown member "Tool"`},
		{"an unknown member of a resource", `"protect": true`, `"protect": true, "x": 1`, `unknown member "x"`},
		{"a member of the wrong type", `"protect": true`, `"protect": 1`, `"protect" has the wrong type`},
		{"a path that is none", `"configuration.port"`, `1`, `a path of "unmanaged" is not a string`},
		{"a lineage that is none", saved.Lineage, "x", "lineage is not a UUID"},
		{"serial 0", `"serial": 7`, `"serial": 0`, "serial is below 1"},
		{"a serial beyond all bounds", `"serial": 7`, `"serial": 9999999999999999999`, `"serial" has the wrong type`},
		{"no resources", `  "resources": {`, `  "resource": {`, `"resources" is missing`},
		{"an address that is none", `"model.users": {`, `"users": {`, "not an address"},
		{"more after the end", "\n}\n", "\n}\n{}\n}\n", "more after the end"},
		{"too deep", `"none": []`, `"none": ` + strings.Repeat("[", 600) + strings.Repeat("]", 600), "nested deeper"},
		{"a doubt without its operation", `"op": "op-0",`, ``, `"op" is missing`},
		{"a time that is none", `2026-01-02T03:04:05.6Z`, `tomorrow`, `"time" is not a time`},
		{"an endless number", `9007199254740993`, strings.Repeat("9", 2000), "more than 1000 digits"},
	}
	for _, c := range cases {
		text := strings.Replace(string(good), c.old, c.new, 1)
		if text == string(good) {
			t.Fatalf("%s: nothing replaced", c.name)
		}
		_, err := Decode(seal(text))
		var d *DamagedError
		if !errors.As(err, &d) || d.Damage != Altered || !strings.Contains(d.What, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Decode(seal(string(good))); err != nil {
		t.Errorf("seal itself spoils it: %v", err)
	}
}

// What cannot be read back is not written.
func TestEncodeRefuses(t *testing.T) {
	deep := any("x")
	for range depthLimit {
		deep = []any{deep}
	}
	for name, spoil := range map[string]func(*State){
		"an object too deep":     func(s *State) { s.Resources[resource.Address{Kind: "model", Name: "users"}].Object["deep"] = deep },
		"a name that is none":    func(s *State) { s.Resources[resource.Address{Kind: "model", Name: "A B"}] = &resource.Resource{} },
		"a lineage that is none": func(s *State) { s.Lineage = "" },
	} {
		s, _, _ := fixture()
		spoil(s)
		if _, err := Encode(s); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

// The checksum can be made by hand: sed 3d FILE | sha256sum.
func TestSecretsAndLayout(t *testing.T) {
	saved, in, out := fixture()
	path := filepath.Join(t.TempDir(), "s.json")
	saved.Serial = 0
	store := File(path)
	if err := store.Save(context.Background(), saved); err != nil {
		t.Fatal(err)
	}
	j, err := store.Journal(context.Background(), saved)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Intend(context.Background(), in), j.Outcome(context.Background(), out), j.Close()); err != nil {
		t.Fatal(err)
	}
	var names []string
	err = filepath.WalkDir(filepath.Dir(path), func(name string, d os.DirEntry, err error) error {
		if err != nil || name == filepath.Dir(path) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(filepath.Dir(path), name)
		names = append(names, fmt.Sprintf("%v %s", info.Mode(), rel))
		if !d.IsDir() && bytes.Contains(read(t, name), []byte("made-up value")) {
			t.Errorf("%s holds a secret in clear", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"drwx------ .polyplan",
		"drwx------ .polyplan/s.json",
		"-rw------- .polyplan/s.json/000000000001.json",
		"-rw------- .polyplan/s.json/journal",
		"-rw------- .polyplan/s.json/lock",
		"-rw------- s.json",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}
