package power

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func filled(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }

// read is the disk's content as a letter a block, '?' for one that is torn.
func read(t *testing.T, d *Disk) string {
	t.Helper()
	var out []byte
	for at := int64(0); at < d.Size(); at += blockSize {
		b := make([]byte, blockSize)
		if err := d.Read(b, at); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, filled(b[0], blockSize)) {
			b[0] = '?'
		}
		out = append(out, b[0])
	}
	return string(out)
}

// What was flushed outlives a cut. Of what was not each block is old or new, and in
// the course of time either.
func TestDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, filled('-', 3*blockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDisk(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	write := func(content byte, at, size int) {
		t.Helper()
		if err := d.Write(filled(content, size), int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	for range 300 {
		write('a', 0, 3*blockSize)
		if err := d.Flush(); err != nil {
			t.Fatal(err)
		}
		write('b', blockSize, 2*blockSize)
		write('c', 2*blockSize-512, 512+blockSize) // a part of one block, and all of the next
		if got := read(t, d); got != "a?c" {
			t.Fatalf("before the cut: %s", got)
		}
		if _, err := d.Cut(rng); err != nil {
			t.Fatal(err)
		}
		seen[read(t, d)]++
	}
	for _, middle := range "ab?" {
		for _, last := range "abc" {
			content := "a" + string(middle) + string(last)
			if seen[content] == 0 {
				t.Errorf("never seen: %s", content)
			}
			delete(seen, content)
		}
	}
	if len(seen) > 0 {
		t.Errorf("what never was: %v", seen)
	}
}
