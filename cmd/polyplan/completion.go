package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/kinds"
)

func completionCommand(env *Env) *cli.Command {
	shells := map[string]func([]completed) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
	return &cli.Command{
		Name:      "completion",
		Usage:     "a script that completes commands and flags in your shell",
		ArgsUsage: "bash|zsh|fish",
		Description: "Prints the script for a shell. It is made of the tables of this version and runs nothing while one types:\n\n" +
			"  bash   source <(polyplan completion bash)                         in ~/.bashrc\n" +
			"  zsh    polyplan completion zsh > \"${fpath[1]}/_polyplan\"          once\n" +
			"  fish   polyplan completion fish > ~/.config/fish/completions/polyplan.fish",
		Action: action(env, func(s *session, c *cli.Context) error {
			script := shells[c.Args().First()]
			if script == nil || c.NArg() != 1 {
				return usage("completion takes the name of a shell", "write polyplan completion bash, zsh or fish")
			}
			return s.print(script(completedCommands(commands(env))))
		}),
	}
}

// completed is a command as the scripts see it.
type completed struct {
	Path  string // "/state/list"; "" for the program itself
	Usage string
	Below []*cli.Command
	Flags []completedFlag
	Args  values
}

// completedFlag is a flag, and what may stand after it.
type completedFlag struct {
	Names []string // with their dashes, the long one first
	Usage string
	Takes bool
	values
}

// values are what a shell offers in one place.
type values struct {
	Files, Dirs bool
	Words       []string
}

// completedCommands takes the tree of commands apart: the program first, then
// each command before those below it.
func completedCommands(top []*cli.Command) []completed {
	help := completedFlag{Names: []string{"--help", "-h"}, Usage: "how to call it"}
	out := []completed{{Below: top, Flags: []completedFlag{help, {Names: []string{"--version", "-v"}, Usage: "the version"}}}}
	var add func(path string, list []*cli.Command)
	add = func(path string, list []*cli.Command) {
		for _, c := range list {
			one := completed{Path: path + "/" + c.Name, Usage: c.Usage, Below: c.Subcommands, Args: argumentsOf(c, top)}
			for _, f := range c.Flags {
				one.Flags = append(one.Flags, completedOf(f))
			}
			one.Flags = append(one.Flags, help)
			out = append(out, one)
			add(one.Path, c.Subcommands)
		}
	}
	add("", top)
	return out
}

// argumentsOf is what the arguments of a command may be, as its usage has it.
func argumentsOf(c *cli.Command, top []*cli.Command) values {
	switch {
	case c.Name == "help":
		return values{Words: commandNames(top)}
	case c.Name == "explain":
		var names []string
		for _, k := range kinds.All() {
			names = append(names, k.Name)
		}
		return values{Words: names}
	case strings.Contains(c.ArgsUsage, "|"):
		return values{Words: strings.Split(c.ArgsUsage, "|")}
	}
	return values{Files: strings.Contains(c.ArgsUsage, "PATH") || strings.Contains(c.ArgsUsage, "FILE")}
}

var placeholder = regexp.MustCompile("`([^`]*)`")

func completedOf(f cli.Flag) completedFlag {
	var out completedFlag
	for _, n := range f.Names() {
		out.Names = append(out.Names, dashed(n))
	}
	usage := f.(cli.DocGenerationFlag).GetUsage()
	_, isBool := f.(*cli.BoolFlag)
	out.Takes = !isBool
	if m := placeholder.FindStringSubmatch(usage); m != nil {
		switch {
		case m[1] == "PATH" || m[1] == "FILE":
			out.Files = true
		case m[1] == "DIR":
			out.Dirs = true
		}
	}
	switch f.Names()[0] {
	case "format": // its formats stand at the end of its usage
		before, formats, _ := strings.Cut(usage, ": ")
		usage, out.Words = before, strings.Split(formats, ", ")
	case "oauth":
		out.Words = []string{"auto", "immediate", "manual", "never"}
	case "api-version":
		out.Words = []string{transport.Version2024, transport.Version2025}
	case "log-level":
		out.Words = []string{"debug", "info", "warn", "error"}
	case "log-format":
		out.Words = []string{"text", "json"}
	}
	// The first clause is enough while one types.
	usage = strings.ReplaceAll(usage, "`", "")
	out.Usage, _, _ = strings.Cut(usage, ";")
	out.Usage, _, _ = strings.Cut(out.Usage, " (")
	out.Usage, _, _ = strings.Cut(out.Usage, " [")
	return out
}

// takers are the names of all flags that take a value, each once.
func takers(list []completed) []string {
	var out []string
	for _, c := range list {
		for _, f := range c.Flags {
			if f.Takes {
				out = append(out, f.Names...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// paths are the commands' paths but the program's own.
func paths(list []completed) []string {
	var out []string
	for _, c := range list {
		if c.Path != "" {
			out = append(out, c.Path)
		}
	}
	return out
}

// single puts a text in the quotes of a POSIX shell.
func single(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
