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
		r.file(p, path.Join(at, filepath.Base(disk)), name, f)
	}
}

func (r *reader) stdin() {
	p, at, err := r.open(filepath.Join(r.opts.Dir, "."))
	if err != nil || r.opts.Stdin == nil {
		r.unreadable(diag.Pos{}, "-", cmp.Or(err, errors.New("there is no standard input")))
		return
	}
	r.file(p, path.Join(at, "-"), "<stdin>", r.opts.Stdin)
}

// file reads a file that is open.
func (r *reader) file(p *project, at, name string, in io.Reader) {
	if !r.again(p, at, name, diag.Pos{}) {
		r.take(p, at, name, parse(p, at, name, in), diag.Pos{})
	}
}

// directory reads all manifests below dir, which lies in p and is called name.
func (r *reader) directory(p *project, dir, name string, pos diag.Pos) {
	var files []string
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
		files = append(files, at)
		return nil
	})
	if err != nil {
		r.unreadable(pos, name, err)
	}
	called := func(at string) string {
		rel, _ := filepath.Rel(filepath.FromSlash(dir), filepath.FromSlash(at))
		return filepath.Join(name, rel)
	}
	// Which of them are read already, as others include them, shows only when they
	// are taken in, in their order.
	ahead := make([]parsed, len(files))
	sideBySide(len(files), func(i int) { ahead[i] = p.parse(files[i], called(files[i])) })
	for i, at := range files {
		if !r.again(p, at, called(at), pos) {
			r.take(p, at, called(at), ahead[i], pos)
		}
		ahead[i] = parsed{}
	}
	if len(files) == 0 {
		if pos.IsZero() {
			pos.File = name
		}
		r.add(diag.Diagnostic{Pos: pos, Code: "no-file", What: fmt.Sprintf("the directory %q has no manifests", name),
			Why: "files that end in .yaml or .yml count, hidden ones do not"})
	}
}

// within reads a file of a project, where at leads; it is called name.
func (r *reader) within(p *project, at, name string, pos diag.Pos) {
	if !r.again(p, at, name, pos) {
		r.take(p, at, name, p.parse(at, name), pos)
	}
}

// again reports whether a file was taken in before, and a circle if it is the one
// that is being read.
func (r *reader) again(p *project, at, name string, pos diag.Pos) bool {
	if !r.seen[p.disk(at)] {
		return false
	}
	for i, s := range r.chain {
		if s.root.dir == p.dir && path.Join(s.dir, filepath.Base(s.name)) == at {
			r.circle(r.chain[i:], name, pos)
		}
	}
	return true
}

// parsed is a file and what stands in it.
type parsed struct {
	src   *source // nil if it is no text
	docs  []*node
	found diag.List
	err   error // why it could not be read
}

// parse reads and parses a file of the project.
func (p *project) parse(at, name string) parsed {
	in, err := p.regular(at)
	if err != nil {
		return parsed{err: err}
	}
	defer in.Close()
	return parse(p, at, name, in)
}

func parse(p *project, at, name string, in io.Reader) (f parsed) {
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return parsed{err: err}
	}
	if data, ok := clean(name, data, &f.found); ok {
		f.src = newSource(name, data)
		f.src.root, f.src.dir = p, path.Dir(at)
		f.docs = documents(f.src, &f.found)
	}
	return f
}

// take takes a file in, and reads what it includes.
func (r *reader) take(p *project, at, name string, f parsed, pos diag.Pos) {
	if f.err != nil {
		r.unreadable(pos, name, f.err)
		return
	}
	r.seen[p.disk(at)] = true
	r.m.Files = append(r.m.Files, name)
	r.found.Add(f.found...)
	if f.src == nil {
		r.partial = true
		return
	}
	src := f.src
	r.sources = append(r.sources, src)
	r.chain = append(r.chain, src)
	r.partial = r.partial || src.broken
	for _, doc := range f.docs {
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
