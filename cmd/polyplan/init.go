package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/manual"
	"github.com/polyplan/polyplan/pkg/render"
)

// starter is the manifest that `init` writes. A test plans and applies it.
//
//go:embed starter.yaml
var starter []byte

// ignored are the lines of .gitignore that belong with it.
var ignored = []string{".polyplan/", "*.state.json", "*.state.json.*", "polyplan.sandbox.data*"}

func initCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "write a first manifest to start from",
		Description: "Writes a commented polyplan.yaml that can be tried out at once with `polyplan plan --sandbox`, its schema for\n" +
			"editors, and lines for .gitignore that keep states, which are no source, out of the repository. It asks nothing\n" +
			"and overwrites no manifest without --force; what a .gitignore holds already stays.",
		Flags: with(pick(inputFlags(), "file", "chdir"), []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "do it all the same: overwrite a manifest that is there"}}, noColorFlag()),
		Action: action(env, runInit),
	}
}

func runInit(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if len(s.opts.files) != 1 || s.opts.files[0] == "-" {
		return usage("init writes one manifest", "give at most one --file, and not -")
	}
	name := s.opts.files[0]
	path := s.path(name)
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		name, path = filepath.Join(name, "polyplan.yaml"), filepath.Join(path, "polyplan.yaml")
		info, err = os.Lstat(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for %s: %w", name, withoutPath(err))
	}
	if err == nil && !c.Bool("force") {
		return usage(diag.Visible(name)+" is there already", "edit it, or give --force to overwrite it")
	}
	if err == nil && !info.Mode().IsRegular() {
		return usage(diag.Visible(name)+" is not a regular file", "remove it, or choose another --file")
	}
	dir := filepath.Dir(path)
	for _, name := range []string{filepath.Dir(schemaPath), ".gitignore"} {
		at := filepath.Join(dir, name)
		if info, err := os.Lstat(at); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return notAFile(at, info)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(schemaPath)), 0o755); err != nil {
		return err
	}
	if err := replaceFile(path, starter, 0o644); err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(dir, schemaPath), manual.JSONSchema(s.kinds), 0); err != nil {
		return err
	}
	added, err := ignore(filepath.Join(dir, ".gitignore"), ignored)
	if err != nil {
		return err
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	p.Line("wrote", p.Bold(diag.Visible(name)))
	p.Line("wrote", p.Bold(filepath.Join(filepath.Dir(diag.Visible(name)), schemaPath)))
	if added > 0 {
		p.Line("added", render.Count(added, "line"), "to", p.Bold(".gitignore"))
	}
	p.Line()
	p.Line("Next, without a key and without the network:")
	p.Line()
	file := ""
	if name != "polyplan.yaml" {
		file = " -f " + diag.Visible(name)
	}
	p.Line("  polyplan plan --sandbox" + file)
	p.Line("  polyplan apply --sandbox" + file)
	return outcome(s.env.Stdout, exitDone, p.Err())
}

// ignore adds the lines that a .gitignore lacks and says how many those were.
func ignore(path string, lines []string) (added int, err error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("reading .gitignore: %w", withoutPath(err))
	}
	text := string(data)
	has := map[string]bool{}
	for line := range strings.Lines(text) {
		has[strings.TrimSpace(line)] = true
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	for _, line := range lines {
		if !has[line] {
			text += line + "\n"
			added++
		}
	}
	if added == 0 {
		return 0, nil
	}
	return added, replaceFile(path, []byte(text), 0)
}
