package power

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
)

// blockSize is what a disk writes as a whole, even while its power goes.
const blockSize = 4096

// Disk is one with a cache: what was written since the last flush may be lost with
// the power, wholly or in part, in whatever order it was written.
type Disk struct {
	image *os.File // what is safe
	size  int64

	mu     sync.Mutex
	cached map[int64][][]byte // what was written to a block since the last flush, oldest first
}

// OpenDisk gives the disk whose content is that of a file, of whole blocks.
func OpenDisk(path string) (*Disk, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Disk{image: f, size: info.Size(), cached: map[int64][][]byte{}}, nil
}

// Close lets go of the file.
func (d *Disk) Close() error { return d.image.Close() }

// Size is how many bytes the disk has.
func (d *Disk) Size() int64 { return d.size }

// each calls do with the part of p that lies in each block, and where in it.
func each(p []byte, at int64, do func(block int64, from int, part []byte) error) error {
	for len(p) > 0 {
		from := int(at % blockSize)
		n := min(len(p), blockSize-from)
		if err := do(at/blockSize, from, p[:n]); err != nil {
			return err
		}
		p, at = p[n:], at+int64(n)
	}
	return nil
}

// now is the block as it is read.
func (d *Disk) now(block int64) ([]byte, error) {
	if c := d.cached[block]; len(c) > 0 {
		return c[len(c)-1], nil
	}
	b := make([]byte, blockSize)
	_, err := d.image.ReadAt(b, block*blockSize)
	return b, err
}

// Read reads what was last written.
func (d *Disk) Read(p []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return each(p, at, func(block int64, from int, part []byte) error {
		b, err := d.now(block)
		copy(part, b[from:])
		return err
	})
}

// Write writes into the cache.
func (d *Disk) Write(p []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return each(p, at, func(block int64, from int, part []byte) error {
		b, err := d.now(block)
		if err != nil {
			return err
		}
		b = slices.Clone(b)
		copy(b[from:], part)
		d.cached[block] = append(d.cached[block], b)
		return nil
	})
}

// Flush makes safe what is in the cache.
func (d *Disk) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for block, c := range d.cached {
		if _, err := d.image.WriteAt(c[len(c)-1], block*blockSize); err != nil {
			return err
		}
	}
	clear(d.cached)
	return nil
}

// Cut takes the power away and tells of how many blocks something was lost. One
// time all that was cached is lost, another time only some of it.
func (d *Disk) Cut(rng *rand.Rand) (lost int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stays := float64(rng.IntN(5)) / 4
	for _, block := range slices.Sorted(maps.Keys(d.cached)) {
		c := d.cached[block]
		kept := 0 // of what was written to it
		if rng.Float64() < stays {
			kept = 1 + rng.IntN(len(c))
		}
		if kept < len(c) {
			lost++
		}
		if kept > 0 {
			if _, err := d.image.WriteAt(c[kept-1], block*blockSize); err != nil {
				return lost, err
			}
		}
	}
	clear(d.cached)
	return lost, nil
}
