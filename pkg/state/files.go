package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// files is all that a FileStore asks of a file system; tests put a model in
// its place that loses what was not synced.
type files interface {
	Lstat(name string) (fs.FileInfo, error)
	Readlink(name string) (string, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	OpenFile(name string, flag int) (file, error) // new files get mode 0600
	Mkdir(name string) error                      // with mode 0700
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(name string) error
}

type file interface {
	io.Reader
	io.WriterAt
	Sync() error
	Close() error
	Lock() error // without waiting: errHeld, errNoLocks
}

var (
	errHeld    = errors.New("the lock is held")
	errNoLocks = errors.New("this file system knows no locks")
)

// disk is the operating system's files.
type disk struct{}

func (disk) Lstat(name string) (fs.FileInfo, error)     { return os.Lstat(name) }
func (disk) Readlink(name string) (string, error)       { return os.Readlink(name) }
func (disk) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (disk) Mkdir(name string) error                    { return os.Mkdir(name, 0o700) }
func (disk) Rename(from, to string) error               { return os.Rename(from, to) }
func (disk) Remove(name string) error                   { return os.Remove(name) }
func (disk) SyncDir(name string) error                  { return syncDir(name) }

func (disk) OpenFile(name string, flag int) (file, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

type diskFile struct{ *os.File }

func (f diskFile) Lock() error { return lockFile(f.File) }

// readFile reads a regular file of at most SizeLimit bytes. It opens nothing
// else: a FIFO would hang, a device might never end.
func readFile(sys files, name string) ([]byte, error) {
	info, err := sys.Lstat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(name, info); err != nil {
		return nil, err
	}
	if info.Size() > SizeLimit {
		return nil, fmt.Errorf("%s: %d bytes are more than a state may have (%d)", name, info.Size(), SizeLimit)
	}
	f, err := sys.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, 0, info.Size()+512)
	for {
		n, err := f.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b) > SizeLimit {
			return nil, fmt.Errorf("%s: it is growing while it is read", name)
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

func regular(name string, info fs.FileInfo) error {
	switch t := info.Mode().Type(); {
	case t == 0:
		return nil
	case t&fs.ModeDir != 0:
		return fmt.Errorf("%s is a directory, not a file", name)
	case t&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link, which is not followed here", name)
	case t&fs.ModeNamedPipe != 0:
		return fmt.Errorf("%s is a named pipe, not a regular file", name)
	}
	return fmt.Errorf("%s is not a regular file", name)
}

// create makes a new file in place of name and returns it open, unsynced. Never
// does it write through a link that someone put there.
func create(sys files, name string, content ...[]byte) (file, error) {
	if err := sys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := sys.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	at := int64(0)
	for _, b := range content {
		if _, err := f.WriteAt(b, at); err != nil {
			f.Close()
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
		at += int64(len(b))
	}
	return f, nil
}

// writeSynced makes a new file in place of name, durable but for its name.
func writeSynced(sys files, name string, content ...[]byte) error {
	f, err := create(sys, name, content...)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return fmt.Errorf("syncing %s: %w", name, err)
	}
	return f.Close()
}

// readState reads a generation and opens it.
func (x sealing) readState(sys files, name string) ([]byte, error) {
	b, err := readFile(sys, name)
	if err != nil {
		return nil, err
	}
	return x.open(b)
}
