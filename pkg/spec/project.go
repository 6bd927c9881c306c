package spec

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
)

// project is a directory outside of which nothing is opened.
type project struct {
	dir  string // absolute
	root *os.Root
}

// disk is where a file of the project is.
func (p *project) disk(at string) string { return filepath.Join(p.dir, filepath.FromSlash(at)) }

// open gives the project to which dir belongs, and where in it dir is: the
// first one if dir lies below it, else one of its own.
func (l *loader) open(dir string) (*project, string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, "", err
	}
	if len(l.projects) > 0 {
		first := l.projects[0]
		if rel, err := filepath.Rel(first.dir, dir); err == nil && filepath.IsLocal(rel) {
			return first, filepath.ToSlash(rel), nil
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	p := &project{dir, root}
	l.projects = append(l.projects, p)
	return p, ".", nil
}

func (l *loader) closeProjects() {
	for _, p := range l.projects {
		_ = p.root.Close() // only read from
	}
}

// resolve is the path within the project of a path that the file src wrote,
// which is relative to that file.
func (s *source) resolve(to string) (string, bool) {
	if to == "" || path.IsAbs(to) || filepath.IsAbs(to) || strings.ContainsRune(to, 0) {
		return "", false
	}
	at := path.Join(s.dir, filepath.ToSlash(to))
	return at, filepath.IsLocal(filepath.FromSlash(at))
}

// regular opens a regular file of the project. Pipes and devices would block or
// never end.
func (p *project) regular(at string) (*os.File, error) {
	// Asked without blocking, lest a pipe that took the file's place holds us up.
	f, err := p.root.OpenFile(filepath.FromSlash(at), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

const maxText = 1 << 20 // of a file that ${file:path} brings in

type fileResult struct {
	text string
	why  string // not empty: it could not be read
}

// text reads a file for ${file:path}, its last line end cut.
func (l *loader) text(src *source, to string) (string, string) {
	at, ok := src.resolve(to)
	if !ok {
		return "", "it lies outside the project's directory"
	}
	key := src.root.dir + "\x00" + at
	l.common.Lock()
	defer l.common.Unlock()
	if got, ok := l.common.fileText[key]; ok {
		return got.text, got.why
	}
	text, err := src.root.text(at)
	got := fileResult{text: text}
	if err != nil {
		got.why = reasonOf(err)
	}
	l.common.fileText[key] = got
	return got.text, got.why
}

func (p *project) text(at string) (string, error) {
	f, err := p.regular(at)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxText+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxText:
		return "", fmt.Errorf("it is larger than %d MiB", maxText>>20)
	case !utf8.Valid(data):
		return "", errors.New("it is not UTF-8")
	}
	text := string(data)
	if r, bad := control(text); bad {
		return "", fmt.Errorf("it holds the control character U+%04X", r)
	}
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.TrimSuffix(text, "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// reasonOf is an error of the file system without the path.
func reasonOf(err error) string {
	var cause *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &cause):
		return cause.Err.Error()
	}
	return err.Error()
}
