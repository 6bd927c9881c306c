package state

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// model is a file system in memory that knows what a loss of power may take:
// written bytes until the file is synced, sector by sector, and changed names
// until their directory is.
type model struct {
	names   map[string]*inode // as programs see them
	stable  map[string]*inode // as the disk has them for certain
	pending []nameOp          // between the two, in order
	after   func()            // called after every change
}

type inode struct {
	dir    bool
	data   []byte
	stable []byte
	writes []write // since the last sync
	holder *modelFile
}

type write struct {
	at int
	b  []byte
}

// nameOp changes names within one directory, all at once.
type nameOp struct {
	dir string
	set map[string]*inode // nil removes
}

func newModel(dirs ...string) *model {
	m := &model{names: map[string]*inode{}, stable: map[string]*inode{}, after: func() {}}
	for _, d := range dirs {
		m.names[d] = &inode{dir: true}
		m.stable[d] = m.names[d]
	}
	return m
}

func (m *model) change(name string, set map[string]*inode) {
	m.pending = append(m.pending, nameOp{filepath.Dir(name), set})
	apply(m.names, set)
	m.after()
}

func apply(names, set map[string]*inode) {
	for name, n := range set {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

func fail(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

type info struct {
	name string
	n    *inode
}

func (i info) Name() string               { return filepath.Base(i.name) }
func (i info) Size() int64                { return int64(len(i.n.data)) }
func (i info) ModTime() time.Time         { return time.Time{} }
func (i info) IsDir() bool                { return i.n.dir }
func (i info) Sys() any                   { return nil }
func (i info) Type() fs.FileMode          { return i.Mode().Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
func (i info) Mode() fs.FileMode {
	if i.n.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}

func (m *model) Lstat(name string) (fs.FileInfo, error) {
	if n := m.names[name]; n != nil {
		return info{name, n}, nil
	}
	return nil, fail("lstat", name, fs.ErrNotExist)
}

func (m *model) Readlink(name string) (string, error) {
	return "", fail("readlink", name, fs.ErrInvalid)
}

func (m *model) ReadDir(name string) ([]fs.DirEntry, error) {
	if m.names[name] == nil {
		return nil, fail("open", name, fs.ErrNotExist)
	}
	var out []fs.DirEntry
	for _, other := range slices.Sorted(maps.Keys(m.names)) {
		if filepath.Dir(other) == name && other != name {
			out = append(out, info{other, m.names[other]})
		}
	}
	return out, nil
}

func (m *model) OpenFile(name string, flag int) (file, error) {
	n := m.names[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0, m.names[filepath.Dir(name)] == nil:
		return nil, fail("open", name, fs.ErrNotExist)
	case n != nil && flag&os.O_EXCL != 0:
		return nil, fail("open", name, fs.ErrExist)
	case n == nil:
		n = &inode{}
		m.change(name, map[string]*inode{name: n})
	}
	return &modelFile{m: m, n: n}, nil
}

func (m *model) Mkdir(name string) error {
	if m.names[name] != nil {
		return fail("mkdir", name, fs.ErrExist)
	}
	m.change(name, map[string]*inode{name: {dir: true}})
	return nil
}

func (m *model) Rename(from, to string) error {
	n := m.names[from]
	if n == nil {
		return fail("rename", from, fs.ErrNotExist)
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return fail("rename", from, fs.ErrInvalid) // not modelled, not wanted
	}
	m.change(from, map[string]*inode{from: nil, to: n})
	return nil
}

func (m *model) Remove(name string) error {
	if m.names[name] == nil {
		return fail("remove", name, fs.ErrNotExist)
	}
	m.change(name, map[string]*inode{name: nil})
	return nil
}

func (m *model) SyncDir(name string) error {
	m.pending = slices.DeleteFunc(m.pending, func(op nameOp) bool {
		if op.dir == name {
			apply(m.stable, op.set)
		}
		return op.dir == name
	})
	m.after()
	return nil
}

type modelFile struct {
	m  *model
	n  *inode
	at int
}

func (f *modelFile) Read(b []byte) (int, error) {
	n := copy(b, f.n.data[min(f.at, len(f.n.data)):])
	if f.at += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (f *modelFile) WriteAt(b []byte, at int64) (int, error) {
	w := write{int(at), slices.Clone(b)}
	f.n.data = w.into(f.n.data)
	f.n.writes = append(f.n.writes, w)
	f.m.after()
	return len(b), nil
}

func (w write) into(data []byte) []byte {
	if more := w.at + len(w.b) - len(data); more > 0 {
		data = append(slices.Clip(data), make([]byte, more)...)
	}
	copy(data[w.at:], w.b)
	return data
}

func (f *modelFile) Sync() error {
	f.n.stable, f.n.writes = slices.Clone(f.n.data), nil
	f.m.after()
	return nil
}

func (f *modelFile) Lock() error {
	if f.n.holder != nil && f.n.holder != f {
		return errHeld
	}
	f.n.holder = f
	return nil
}

func (f *modelFile) Close() error {
	if f.n.holder == f {
		f.n.holder = nil
	}
	return nil
}

// killed is what the next process finds when the last one died: all that was
// written, and no locks.
func (m *model) killed() *model {
	out := newModel()
	copies := map[*inode]*inode{}
	for name, n := range m.names {
		if copies[n] == nil {
			copies[n] = &inode{dir: n.dir, data: slices.Clone(n.data), stable: slices.Clone(n.data)}
		}
		out.names[name], out.stable[name] = copies[n], copies[n]
	}
	return out
}

// unsynced counts what a loss of power may take, one by one.
func (m *model) unsynced() int {
	count := len(m.pending)
	for _, name := range slices.Sorted(maps.Keys(m.names)) {
		for _, w := range m.names[name].writes {
			count += len(w.sectors())
		}
	}
	return count
}

// sectors splits a write as a disk would.
func (w write) sectors() []write {
	var out []write
	for len(w.b) > 0 {
		n := min(sector-w.at%sector, len(w.b))
		out = append(out, write{w.at, w.b[:n]})
		w = write{w.at + n, w.b[n:]}
	}
	return out
}

// crash is what the next process finds after a loss of power: of what was not
// synced only that which survives says so.
func (m *model) crash(survives func() bool) *model {
	out := newModel()
	maps.Copy(out.stable, m.stable)
	for _, op := range m.pending {
		if survives() {
			apply(out.stable, op.set)
		}
	}
	copies := map[*inode]*inode{}
	for _, name := range slices.Sorted(maps.Keys(out.stable)) {
		n := out.stable[name]
		if len(n.writes) == 0 && n.holder == nil {
			copies[n] = n // nobody writes to a file that he has not made
		}
		if copies[n] == nil {
			c := &inode{dir: n.dir, data: slices.Clone(n.stable)}
			for _, w := range n.writes {
				for _, s := range w.sectors() {
					if survives() {
						c.data = s.into(c.data)
					}
				}
			}
			c.stable = slices.Clone(c.data)
			copies[n] = c
		}
	}
	for name, n := range out.stable { // nothing can be reached below a lost directory
		if dir := filepath.Dir(name); name == "/" || out.stable[dir] != nil && (dir == "/" || out.stable[filepath.Dir(dir)] != nil) {
			out.names[name] = copies[n]
		}
	}
	out.stable = maps.Clone(out.names)
	return out
}

// crashes calls f with the states that a loss of power may leave: all of them
// where there are few, a random part else.
func (m *model) crashes(rng *rand.Rand, few, part int, f func(*model)) {
	n := m.unsynced()
	if n <= few {
		for bits := range 1 << n {
			f(m.crash(func() bool { b := bits & 1; bits >>= 1; return b == 1 }))
		}
		return
	}
	for i := range part {
		odds := []float64{0, 1, 0.5, 0.9, 0.1}[i%5]
		f(m.crash(func() bool { return rng.Float64() < odds }))
	}
}

// left are the files that must not outlive a save.
func (m *model) left() []string {
	var out []string
	for name := range m.names {
		if strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, "journal") || strings.HasSuffix(name, "holder.json") {
			out = append(out, name)
		}
	}
	return out
}
