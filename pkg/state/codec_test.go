package state

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// flip is a codec that nobody can read by chance: each byte is turned round
// behind a mark that says so.
type flip struct{}

func (flip) Seal(plain []byte) ([]byte, error) {
	out := []byte("flipped\n")
	for _, b := range plain {
		out = append(out, ^b)
	}
	return out, nil
}

var errNotFlipped = errors.New("this was not flipped")

func (flip) Open(sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte("flipped\n"))
	if !ok {
		return nil, errNotFlipped
	}
	out := make([]byte, len(rest))
	for i, b := range rest {
		if out[i] = ^b; b < 0x80 { // the texts of the test are ASCII
			return nil, errHalfFlipped{}
		}
	}
	return out, nil
}

// errHalfFlipped is about what is there.
type errHalfFlipped struct{}

func (errHalfFlipped) Error() string { return "some of it was not flipped" }
func (errHalfFlipped) Damaged() bool { return true }

// What a store with a codec leaves behind can be read with it alone, the
// journal too.
func TestCodec(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.json")
	open := func(c Codec) *FileStore {
		f := File(path)
		f.Codec = c
		return f
	}
	if err := run(open(nil)); err != nil { // begun in clear
		t.Fatal(err)
	}
	sealed := open(flip{})
	s, err := sealed.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := sealed.Save(ctx, s); err != nil {
		t.Fatal(err)
	}
	j, err := sealed.Journal(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	in := Intent{Op: "2", Address: addressOf("model.accounts"), Action: Create, Name: "Accounts"}
	if err := errors.Join(j.Intend(ctx, in), j.Close()); err != nil {
		t.Fatal(err)
	}
	l, err := find(disk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, l.generation(2), l.journal()} {
		if b := read(t, name); bytes.Contains(b, []byte("ccounts")) || bytes.Contains(b, []byte("model.users")) {
			t.Errorf("%s is in clear:\n%s", name, b)
		}
	}
	got, err := open(flip{}).Load(ctx)
	if err != nil || len(got.Resources) != 1 || len(got.Doubts) != 1 {
		t.Errorf("Load: %+v, %v", got, err)
	}
	if history, err := open(flip{}).History(ctx); err != nil || len(history) != 2 || history[0].Err != nil || history[1].Err != nil {
		t.Errorf("History: %+v, %v", history, err)
	}
	var d *DamagedError
	if _, err := open(nil).Load(ctx); !errors.As(err, &d) {
		t.Errorf("Load without the codec: %v, want a *DamagedError", err)
	}

	// A spoiled copy spoils nothing else.
	whole := read(t, l.generation(2))
	put(t, l.generation(2), []byte("flipped\n!"))
	if again, err := open(flip{}).Load(ctx); err != nil || content(again) != content(got) {
		t.Errorf("Load beside a damaged copy: %+v, %v", again, err)
	}
	put(t, l.generation(2), whole)

	// What the codec must leave alone is left alone by all; what is damaged is not.
	put(t, path, []byte("something else"))
	if _, err := open(flip{}).Load(ctx); !errors.Is(err, errNotFlipped) {
		t.Errorf("Load of what the codec cannot open: %v", err)
	}
	if _, err := open(flip{}).Recover(ctx, 0); !errors.Is(err, errNotFlipped) {
		t.Errorf("Recover of what the codec cannot open: %v", err)
	}
	if err := open(flip{}).Replace(ctx, got); !errors.Is(err, errNotFlipped) {
		t.Errorf("Replace of what the codec cannot open: %v", err)
	}
	if b := read(t, path); string(b) != "something else" {
		t.Errorf("it was touched: %q", b)
	}
	put(t, path, []byte("flipped\n!"))
	if _, err := open(flip{}).Load(ctx); !errors.As(err, &d) || !strings.Contains(d.Fix, "generation 2") {
		t.Errorf("Load of what is damaged: %v, want a *DamagedError", err)
	}
	back, err := open(flip{}).Recover(ctx, 0)
	if err != nil || content(back.State) != content(got) || len(back.Found) != 1 {
		t.Fatalf("Recover of what is damaged: %+v, %v", back, err)
	}
	if err := open(flip{}).Replace(ctx, back.State); err != nil {
		t.Error(err)
	}
}
