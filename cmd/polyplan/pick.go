package main

import (
	"slices"

	"github.com/urfave/cli/v2"
)

// pick takes the flags of these names out of a group, for commands that have a
// use for some of it: a flag is declared once, so that it means the same
// wherever it stands.
func pick(flags []cli.Flag, names ...string) []cli.Flag {
	var out []cli.Flag
	for _, f := range flags {
		if slices.Contains(names, f.Names()[0]) {
			out = append(out, f)
		}
	}
	if len(out) != len(names) {
		panic("a flag that is not there was picked") // a bug, and every run of it shows
	}
	return out
}

// whereFlags say where the manifest lies, for commands that do not read it but
// files beside it.
func whereFlags() []cli.Flag { return pick(inputFlags(), "file", "chdir", "sandbox") }

func chdirFlag() []cli.Flag { return pick(inputFlags(), "chdir") }

func noColorFlag() []cli.Flag { return pick(outputFlags(""), "no-color") }
