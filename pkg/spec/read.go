package spec

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
)

// read reads and parses all files that the options name, and what these
// include.
func (l *loader) read() {
	if len(l.opts.Files) == 0 {
		l.add(diag.Diagnostic{Code: "no-file", What: "no manifest was named", Why: "there is nothing to read", Fix: "name a file or a directory with -f"})
	}
	r := &reader{loader: l, seen: map[string]bool{}}
	for _, name := range l.opts.Files {
		r.argument(name)
	}
}

// reader follows arguments and includes.
type reader struct {
	*loader
	seen  map[string]bool // files read, by their path on disk
	chain []*source       // the files whose includes are being read
}

// unreadable reports that a file could not be read. Errors of the file system
// repeat the whole path; only their cause is news.
func (r *reader) unreadable(pos diag.Pos, name string, err error) {
	r.partial = true
	fix := ""
	var cause *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fix = "check the path; `polyplan init` writes a first manifest"
		err = errors.New("there is no such file")
	case errors.Is(err, fs.ErrPermission):
		fix = "check the file's permissions"
		err = errors.New("permission denied")
	case errors.As(err, &cause):
		err = cause.Err
	}
	if pos.IsZero() {
		pos.File = name
	}
	r.add(diag.Diagnostic{Pos: pos, Code: "unreadable", What: fmt.Sprintf("cannot read %q", name), Why: err.Error(), Fix: fix})
}

// argument reads what -f names.
func (r *reader) argument(name string) {
	if name == "-" {
		r.stdin()
		return
	}
	disk := filepath.Join(r.opts.Dir, name)
	info, err := os.Stat(disk)
	switch {
	case err != nil:
		r.unreadable(diag.Pos{}, name, err)
	case info.IsDir():
		p, at, err := r.open(disk)
		if err != nil {
			r.unreadable(diag.Pos{}, name, err)
			return
		}
		r.directory(p, at, name, diag.Pos{})
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0:
		r.unreadable(diag.Pos{}, name, errors.New("it is neither a file nor a directory"))
	default:
		p, at, err := r.open(filepath.Dir(disk))
		if err != nil {
			r.unreadable(diag.Pos{}, name, err)
			return
		}
		f, err := os.Open(disk)
		if err != nil {
			r.unreadable(diag.Pos{}, name, err)
			return
		}
		defer f.Close()
		r.file(p, path.Join(at, filepath.Base(disk)), name, f, diag.Pos{})
	}
}

func (r *reader) stdin() {
	p, at, err := r.open(filepath.Join(r.opts.Dir, "."))
	if err != nil || r.opts.Stdin == nil {
		r.unreadable(diag.Pos{}, "-", cmp.Or(err, errors.New("there is no standard input")))
		return
	}
	r.file(p, path.Join(at, "-"), "<stdin>", r.opts.Stdin, diag.Pos{})
}

// directory reads all manifests below dir, which lies in p and is called name.
func (r *reader) directory(p *project, dir, name string, pos diag.Pos) {
	any := false
	err := fs.WalkDir(p.root.FS(), dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			r.unreadable(pos, path.Join(filepath.ToSlash(name), at), err)
			return nil
		}
		if at != dir && strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if ext := path.Ext(at); entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		any = true
		rel, _ := filepath.Rel(filepath.FromSlash(dir), filepath.FromSlash(at))
		r.within(p, at, filepath.Join(name, rel), pos)
		return nil
	})
	if err != nil {
		r.unreadable(pos, name, err)
	}
	if !any {
		if pos.IsZero() {
			pos.File = name
		}
		r.add(diag.Diagnostic{Pos: pos, Code: "no-file", What: fmt.Sprintf("the directory %q has no manifests", name),
			Why: "files that end in .yaml or .yml count, hidden ones do not"})
	}
}

// within reads a file of a project, where at leads; it is called name.
func (r *reader) within(p *project, at, name string, pos diag.Pos) {
	f, err := p.regular(at)
	if err != nil {
		r.unreadable(pos, name, err)
		return
	}
	defer f.Close()
	r.file(p, at, name, f, pos)
}

// file parses what in holds, and reads what it includes.
func (r *reader) file(p *project, at, name string, in io.Reader, pos diag.Pos) {
	disk := filepath.Join(p.dir, filepath.FromSlash(at))
	if r.seen[disk] {
		for i, s := range r.chain {
			if s.root.dir == p.dir && path.Join(s.dir, filepath.Base(s.name)) == at {
				r.circle(r.chain[i:], name, pos)
			}
		}
		return
	}
	r.seen[disk] = true
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		r.unreadable(pos, name, err)
		return
	}
	r.m.Files = append(r.m.Files, name)
	data, ok := clean(name, data, &r.found)
	if !ok {
		r.partial = true
		return
	}
	src := newSource(name, data)
	src.root, src.dir = p, path.Dir(at)
	r.sources = append(r.sources, src)
	r.chain = append(r.chain, src)
	docs := documents(src, &r.found)
	r.partial = r.partial || src.broken
	for _, doc := range docs {
		if doc.kind != mapNode {
			r.partial = true
			r.errorAt(doc, "not-a-map", fmt.Sprintf("the manifest is %s", doc.kindWords()), "a manifest is a map of sections", "begin with: polyplan: 1")
			continue
		}
		r.docs = append(r.docs, doc)
		if in := doc.get("include"); in != nil {
			r.include(src, in)
		}
	}
	r.chain = r.chain[:len(r.chain)-1]
}

// include reads the files and directories that the file src lists.
func (r *reader) include(src *source, list *node) {
	items := []*node{list}
	if list.kind == listNode {
		items = list.items
	}
	for _, n := range items {
		to, ok := n.value.(string)
		if !ok || n.kind != scalarNode {
			r.errorAt(n, "wrong-type", fmt.Sprintf("an include is a path, not %s", n.kindWords()), "include takes a list of files and directories", "write the path as a string")
			continue
		}
		at, ok := src.resolve(to)
		if !ok {
			r.errorAt(n, "outside", fmt.Sprintf("%q lies outside the project", to),
				"a manifest includes only what lies below the directory of the file that was named on the command line", "move the file there, or name it with another -f")
			continue
		}
		name := filepath.Join(filepath.Dir(src.name), filepath.FromSlash(to))
		if src.name == "<stdin>" {
			name = filepath.FromSlash(to)
		}
		switch info, err := src.root.root.Stat(at); {
		case err != nil:
			r.unreadable(n.pos(), name, err)
		case info.IsDir():
			r.directory(src.root, at, name, n.pos())
		default:
			r.within(src.root, at, name, n.pos())
		}
	}
}

func (r *reader) circle(chain []*source, name string, pos diag.Pos) {
	var b strings.Builder
	for _, s := range chain {
		b.WriteString(s.name + " → ")
	}
	r.add(diag.Diagnostic{Pos: pos, Code: "include-cycle", What: "files include each other in a circle", Why: b.String() + name, Fix: "remove this include"})
}
