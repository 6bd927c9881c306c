package state

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
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
		out[i] = ^b
	}
	return out, nil
}

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
	put(t, path, []byte("something else"))
	if _, err := open(flip{}).Load(ctx); !errors.Is(err, errNotFlipped) {
		t.Errorf("Load of what the codec cannot open: %v", err)
	}
}
