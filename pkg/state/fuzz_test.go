package state

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
)

// FuzzLoadState gives Decode anything, as it is and with a right checksum. What
// it accepts it must write again, and read back as the same.
func FuzzLoadState(f *testing.F) {
	good, err := os.ReadFile("testdata/format-1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(nil))
	f.Add(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		inputs := [][]byte{b}
		if bytes.Count(b, []byte("\n")) > 3 {
			inputs = append(inputs, seal(string(b)))
		}
		for _, in := range inputs {
			s, err := Decode(in)
			var d *DamagedError
			var n *NewerFormatError
			if err != nil {
				if !errors.As(err, &d) && !errors.As(err, &n) {
					t.Fatalf("an error of another type: %v", err)
				}
				continue
			}
			once, err := Encode(s)
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			again, err := Decode(once)
			if err != nil {
				t.Fatal(err)
			}
			if twice, err := Encode(again); err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("written twice it differs (%v)", err)
			}
		}
	})
}

// FuzzJournal gives readLog anything, and records of any text with right
// checksums. What it accepts can be replayed and continued; of what it does not,
// what can be had is salvaged.
func FuzzJournal(f *testing.F) {
	good, err := os.ReadFile("testdata/format-1.journal")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, []byte(`{"seq":1,"synced":0,"outcome":{"op":"x","ok":true,"address":"a.b","resource":{"object":{}}}}`))
	f.Add([]byte(nil), []byte(`{"seq":1,"synced":0,"intent":{"op":"x","address":"a.b","action":"create","serial":1}}`))
	f.Fuzz(func(t *testing.T, whole, payload []byte) {
		header := journalHeader{FormatVersion: Format, ID: "x", Lineage: "6ba7b810-9dad-41d1-80b4-00c04fd430c8"}
		lines, err := sealing{}.line("", header)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, frameRaw("x", payload)...)
		for _, in := range [][]byte{whole, append(lines, 0), append(append(lines, whole...), 0)} {
			log, err := sealing{}.readLog(in)
			if err != nil {
				var d *DamagedError
				var n *NewerFormatError
				if !errors.As(err, &d) && !errors.As(err, &n) {
					t.Fatalf("an error of another type: %v", err)
				}
				if log != nil {
					before := len(log.steps)
					if log, err := (sealing{}).salvage(in); err == nil || len(log.steps) < before {
						t.Fatalf("salvaged: %d records of at least %d, %v", len(log.steps), before, err)
					}
				}
				continue
			}
			s := log.header.fresh()
			if err := replay(s, log.steps); err != nil {
				continue
			}
			w, start, err := begin(&stored{log: log, logText: in}, s, 0)
			if err != nil {
				t.Fatal(err)
			}
			text, err := w.frame(record{Intent: &intentJSON{Op: "more", Address: addressOf("model.x"), Action: Create}}, "more", 0)
			if err != nil {
				t.Fatal(err)
			}
			more, err := sealing{}.readLog(append(append(bytes.Clone(start), text...), 0))
			if int64(len(start)+len(text)) < log.header.Reserved {
				continue
			}
			if err != nil || len(more.steps) != len(log.steps)+1 {
				t.Fatalf("continued: %v", err)
			}
		}
	})
}

func addressOf(s string) resource.Address {
	a, err := resource.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}
