package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
)

// document writes a command's result for programs.
func (s *session) document(v any) error {
	return outcome(s.env.Stdout, exitDone, render.JSON(s.env.Stdout, v))
}

// print writes a command's result for people.
func (s *session) print(text string) error {
	_, err := io.WriteString(s.env.Stdout, text)
	return outcome(s.env.Stdout, exitDone, err)
}

// replaceFile puts data in the place of the file at path, or makes it. Whoever
// reads the file at any moment sees the old one or the new one whole. A mode of
// 0 keeps that of the file that is there. What is no file is left alone, links
// too: whoever put one into a repository would choose what is overwritten.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return notAFile(path, info)
	}
	if mode == 0 {
		mode = 0o644
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
	}
	return putFile(path, data, mode, os.Rename)
}

// newFile makes the file at path, at which there must be nothing: no link either.
// Whoever finds it finds it whole.
func newFile(path string, data []byte) error {
	return putFile(path, data, 0o644, func(from, to string) error {
		switch err := os.Link(from, to); {
		case err == nil:
			return os.Remove(from)
		case errors.Is(err, fs.ErrExist):
			return err
		}
		// A file system without links.
		if _, err := os.Lstat(to); err == nil {
			return fs.ErrExist
		}
		return os.Rename(from, to)
	})
}

// putFile writes a file beside path and has put bring it there.
func putFile(path string, data []byte, mode fs.FileMode, put func(from, to string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, withoutPath(err))
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, withoutPath(err))
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return put(f.Name(), path)
}

// notAFile is the error for a path at which there is something else.
func notAFile(path string, info fs.FileInfo) error {
	what, fix := "it is there and is not a regular file", "choose another name, or remove it"
	if info.Mode()&fs.ModeSymlink != 0 {
		what, fix = "it is a symbolic link, which is not followed here", "name what it points to, or remove the link"
	}
	return &problem{Diagnostic: diag.Diagnostic{Code: "not-a-file", What: diag.Visible(path) + " is not written", Why: what, Fix: fix}}
}

// withoutPath is an error of the file system without the name of the temporary
// file, which means nothing to anyone.
func withoutPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
