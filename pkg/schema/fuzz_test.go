package schema

import (
	"bytes"
	"os"
	"testing"
)

// FuzzParseLock gives ParseLock anything. What it takes it must write again, read
// back as the same, and hold against another without a panic.
func FuzzParseLock(f *testing.F) {
	good, err := os.ReadFile("testdata/lock-1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":1,"types":{"a":null},"connections":{"connection.a":null,"connection.b":{"sources":{"x":null},"targets":{"y":null,"z":{}}}}}`))
	f.Add([]byte(`{"format":1,"connections":{"c":{"bulk_source":{"schemas":{"s":null}},"bulk_target":{"modes":null},"enrichments":{"e":[null]}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLock(text)
		if err != nil {
			return
		}
		once, err := l.Marshal()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := ParseLock(once)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, once)
		}
		if twice, err := again.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("written twice it differs (%v):\n%s\n%s", err, once, twice)
		}
		if changes := l.Changes(again); len(changes) > 0 {
			t.Fatalf("it differs from itself: %q", changes)
		}
		l.Changes(NewLock())
		NewLock().Changes(l)
	})
}
