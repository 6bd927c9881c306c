package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/spec"
)

func fmtCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:      "fmt",
		Usage:     "bring manifests to one layout, comments kept",
		ArgsUsage: "[PATH...]",
		Description: "Rewrites manifests in place in the one canonical layout and lists the files that it changed. A PATH is a file, a\n" +
			"directory, of which all *.yaml and *.yml below count but hidden ones, or - to read standard input and write\n" +
			"standard output; without one it is the manifest with all that it includes. Comments stay, and the meaning does: a\n" +
			"file is changed only where that is proved. A symbolic link is written through if it is named, and passed over below a directory.\n\n" +
			"With --check nothing is written, the files that would change are listed, and it ends with 1 if there are any.",
		Flags: with(pick(inputFlags(), "file", "chdir"), []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "write nothing; list what would change, and end with 1 if there is any"},
			&cli.BoolFlag{Name: "diff", Usage: "write nothing but what would change, line by line, to standard output"},
		}, noColorFlag()),
		Action: action(env, runFmt),
	}
}

// formatter is one run of fmt.
type formatter struct {
	*session
	check, diff bool
	// No excerpts go with the findings: a text that cannot be parsed cannot be
	// searched for the secrets that may be written out in it.
	found   diag.List
	changed int
	seen    map[string]bool // the files that were formatted, by their path on disk
	out     *render.Printer
}

func runFmt(s *session, c *cli.Context) error {
	paths := c.Args().Slice()
	if len(paths) == 0 {
		paths = slices.Concat(s.opts.files, s.included())
	}
	f := &formatter{session: s, seen: map[string]bool{}, check: c.Bool("check"), diff: c.Bool("diff"),
		out: render.NewPrinter(s.env.Stdout, s.outStyle())}
	for _, p := range paths {
		if err := f.argument(p); err != nil {
			return err
		}
	}
	if err := f.out.Err(); err != nil {
		return outcome(s.env.Stdout, exitDone, err)
	}
	s.found = f.found.Sorted()
	if err := s.showFindings(); err != nil {
		return err
	}
	if f.check && f.changed > 0 {
		s.note("%s would change; `polyplan fmt` rewrites them", render.Count(f.changed, "file"))
		return exitCode(exitError)
	}
	return nil
}

// included are the files that the manifest includes, as far as it can be read;
// what is wrong with it is told when its files are formatted. Symbolic links are
// passed over, as they are below a directory.
func (s *session) included() []string {
	if slices.Contains(s.opts.files, "-") {
		return nil // standard input can be read once
	}
	m, _ := spec.Load(spec.Options{Kinds: s.kinds, Files: s.opts.files, Dir: s.dir()})
	return slices.DeleteFunc(slices.Clone(m.Files), func(name string) bool {
		info, err := os.Lstat(s.path(name))
		return err != nil || !info.Mode().IsRegular()
	})
}

// argument formats what a word of the command line names.
func (f *formatter) argument(name string) error {
	if name == "-" {
		return f.stdin()
	}
	path := f.path(name)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("cannot read %s", diag.Visible(name)), Why: withoutPath(err).Error(),
			Fix: "name a manifest or a directory of manifests"}, Err: err}
	case info.IsDir():
		return f.directory(name, path)
	case !info.Mode().IsRegular():
		return usage(diag.Visible(name)+" is not a regular file", "name a manifest, a directory of manifests, or - for standard input")
	}
	// A link that was named is to stay one: what it points to is rewritten.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return fmt.Errorf("reading %s: %w", name, withoutPath(err))
	}
	return f.file(name, path)
}

func (f *formatter) directory(name, path string) error {
	return filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if at != path && strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(at); entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		shown := name
		if rel, err := filepath.Rel(path, at); err == nil {
			shown = filepath.Join(name, rel)
		}
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			f.note("passed over %s: it is a symbolic link; name it to format what it points to", shown)
			return nil
		case !entry.Type().IsRegular():
			return nil
		}
		return f.file(shown, at)
	})
}

func (f *formatter) file(name, path string) error {
	if path = filepath.Clean(path); f.seen[path] {
		return nil
	}
	f.seen[path] = true
	before, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, withoutPath(err))
	}
	after, ok := f.format(name, before)
	if !ok || bytes.Equal(before, after) {
		return f.out.Err()
	}
	f.changed++
	if f.diff {
		_ = render.TextDiff(f.out, f.out.Style, name, string(before), string(after)) // the printer keeps the error
	} else {
		f.out.Line(diag.Visible(name))
	}
	if f.check || f.diff {
		return f.out.Err()
	}
	return replaceFile(path, after, 0)
}

// stdin formats standard input and, unless it is only checked, writes it to
// standard output, changed or not: it is a filter. What cannot be read is not
// written, so that an editor does not lose it.
func (f *formatter) stdin() error {
	if f.env.Stdin == nil {
		return usage("there is no standard input", "name a file")
	}
	before, err := io.ReadAll(f.env.Stdin)
	if err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	after, ok := f.format("<stdin>", before)
	if !ok {
		return nil
	}
	changed := !bytes.Equal(before, after)
	if changed {
		f.changed++
	}
	switch {
	case f.diff:
		if changed {
			_ = render.TextDiff(f.out, f.out.Style, "<stdin>", string(before), string(after)) // the printer keeps the error
		}
	case f.check:
		if changed {
			f.out.Line("<stdin>")
		}
	default:
		_, _ = f.out.Write(after) // kept by the printer
	}
	return f.out.Err()
}

// format formats a text and keeps what was found; false if it has errors.
func (f *formatter) format(name string, text []byte) ([]byte, bool) {
	after, found := spec.Format(name, text, f.kinds)
	f.found = append(f.found, found...)
	return after, !found.HasErrors()
}
