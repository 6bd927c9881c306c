package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
)

// arrange puts the words of a command line in the order that the flag parser
// wants: command, flags, arguments. The parser takes everything after the first
// argument for arguments, so that `apply plan.json --prune` would run without
// --prune and end with 0.
func arrange(app *cli.App, args []string) ([]string, error) {
	flags, words, rest, err := sortArgs(app, args)
	if err != nil {
		return nil, err
	}
	path, cmd := commandPath(app.Commands, words)
	words = words[len(path):]
	switch {
	case len(path) > 0 && path[0] == "help":
		// `help state mv` is `state mv --help`; `help` alone is about all.
		if path, cmd = commandPath(app.Commands, words); len(words) > len(path) {
			return nil, unknownCommand(path, words[len(path)], below(app, cmd))
		}
		if words = nil; cmd != nil {
			flags = []givenFlag{{name: "help"}}
		}
	case cmd == nil && len(words) > 0:
		return nil, unknownCommand(path, words[0], app.Commands)
	case cmd == nil && has(flags, "version", "v"):
		path, cmd = commandPath(app.Commands, []string{"version"})
		flags = slices.DeleteFunc(flags, func(f givenFlag) bool { return f.name == "version" || f.name == "v" })
	case cmd != nil && len(cmd.Subcommands) > 0 && len(words) > 0:
		return nil, unknownCommand(path, words[0], cmd.Subcommands)
	}
	if cmd == nil { // all commands, whatever flags came without one
		return []string{app.Name, "help"}, nil
	}
	if err := belong(path, cmd, flags); err != nil {
		return nil, err
	}
	if len(cmd.Subcommands) > 0 && !has(flags, "help", "h") {
		return nil, lacksCommand(path, cmd)
	}
	out := append([]string{app.Name}, path...)
	for _, f := range flags {
		out = append(out, f.words()...)
	}
	if words = append(words, rest...); len(words) > 0 {
		out = append(append(out, "--"), words...)
	}
	return out, nil
}

// givenFlag is a flag as it was given.
type givenFlag struct {
	name     string
	value    string
	hasValue bool
}

func (f givenFlag) words() []string {
	if f.hasValue {
		// In one word, so that a value such as -x is not taken for a flag.
		return []string{dashed(f.name) + "=" + f.value}
	}
	return []string{dashed(f.name)}
}

func has(flags []givenFlag, names ...string) bool {
	return slices.ContainsFunc(flags, func(f givenFlag) bool { return slices.Contains(names, f.name) })
}

// sortArgs tells flags with their values from words; rest is what stands after
// "--", where nothing is a flag or a command.
func sortArgs(app *cli.App, args []string) (flags []givenFlag, words, rest []string, err error) {
	takes := flagArity(app.Commands)
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return flags, words, args[i+1:], nil
		}
		if len(a) < 2 || a[0] != '-' { // "-" is standard input
			words = append(words, a)
			continue
		}
		found, ok := readFlag(a, takes)
		if !ok {
			_, cmd := commandPath(app.Commands, append(words, args[i+1:]...))
			return nil, nil, nil, unknownFlag(a, cmd, takes)
		}
		last := &found[len(found)-1]
		if takes[last.name] && !last.hasValue {
			if i++; i == len(args) {
				return nil, nil, nil, usage("the flag "+dashed(last.name)+" lacks its value", "write "+dashed(last.name)+" VALUE")
			}
			last.value, last.hasValue = args[i], true
		}
		flags = append(flags, found...)
	}
	return flags, words, nil, nil
}

// readFlag reads a word that begins with a dash: one flag, or several of one
// letter each, of which only the last may take a value, as in -yf FILE.
func readFlag(word string, takes map[string]bool) ([]givenFlag, bool) {
	name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if _, known := takes[name]; known {
		return []givenFlag{{name, value, hasValue}}, true
	}
	if strings.HasPrefix(word, "--") || len(name) < 2 {
		return nil, false
	}
	var out []givenFlag
	for i := range len(name) {
		letter := name[i : i+1]
		value, known := takes[letter]
		if !known || value && i < len(name)-1 {
			return nil, false
		}
		out = append(out, givenFlag{name: letter})
	}
	last := &out[len(out)-1]
	last.value, last.hasValue = value, hasValue
	return out, true
}

// belong checks that a command has the flags that it was given. The parser
// would say so too, but not what to do about it.
func belong(path []string, cmd *cli.Command, flags []givenFlag) error {
	own := flagArity([]*cli.Command{{Flags: cmd.Flags}})
	delete(own, "version")
	delete(own, "v")
	for _, f := range flags {
		if _, ok := own[f.name]; !ok {
			return usage(dashed(f.name)+" is not a flag of "+strings.Join(path, " "),
				"`polyplan "+strings.Join(path, " ")+" --help` lists its flags")
		}
	}
	return nil
}

// flagArity tells of every flag of the commands whether it takes a value. A
// flag means the same wherever it stands; a test sees to that.
func flagArity(commands []*cli.Command) map[string]bool {
	out := map[string]bool{"help": false, "h": false, "version": false, "v": false}
	for _, c := range commands {
		for _, f := range c.Flags {
			_, isBool := f.(*cli.BoolFlag)
			for _, n := range f.Names() {
				out[n] = !isBool
			}
		}
		maps.Copy(out, flagArity(c.Subcommands))
	}
	return out
}

// commandPath finds the command that the first words name.
func commandPath(commands []*cli.Command, words []string) (path []string, cmd *cli.Command) {
	for _, w := range words {
		var next *cli.Command
		for _, c := range commands {
			if c.HasName(w) {
				next = c
			}
		}
		if next == nil {
			break
		}
		path, cmd, commands = append(path, w), next, next.Subcommands
	}
	return path, cmd
}

// below are the commands of cmd, or of the program where cmd is nil.
func below(app *cli.App, cmd *cli.Command) []*cli.Command {
	if cmd == nil {
		return app.Commands
	}
	return cmd.Subcommands
}

// parserError is how the flag parser words a value that it cannot take.
var parserError = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-+([\w-]+): `)

// badValue is the error for a flag whose value has the wrong form.
func badValue(err error) error {
	const fix = "`polyplan COMMAND --help` tells what each flag takes; a duration is written as 30s or 10m"
	if m := parserError.FindStringSubmatch(err.Error()); m != nil {
		return usage(dashed(m[2])+" cannot be "+m[1], fix)
	}
	return usage(err.Error(), fix)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// unknownFlag proposes a flag of the command, if there is one, before any other.
func unknownFlag(word string, cmd *cli.Command, known map[string]bool) error {
	word, _, _ = strings.Cut(diag.Visible(word), "=")
	name := strings.TrimLeft(word, "-")
	fix := "`polyplan --help` lists the commands, and `polyplan COMMAND --help` their flags"
	near, ok := "", false
	if cmd != nil {
		near, ok = diag.Nearest(name, slices.Sorted(maps.Keys(flagArity([]*cli.Command{cmd}))))
	}
	if !ok {
		near, ok = diag.Nearest(name, slices.Sorted(maps.Keys(known)))
	}
	if ok {
		fix = "did you mean " + dashed(near) + "?"
	}
	return usage("unknown flag "+word, fix)
}

func unknownCommand(path []string, word string, commands []*cli.Command) error {
	fix := "`polyplan --help` lists the commands"
	if len(path) > 0 {
		fix = "`polyplan " + strings.Join(path, " ") + " --help` shows how to call it"
	}
	if near, ok := diag.Nearest(word, commandNames(commands)); ok {
		fix = "did you mean " + strings.Join(append(slices.Clone(path), near), " ") + "?"
	}
	return usage("unknown command "+strings.Join(append(slices.Clone(path), diag.Visible(word)), " "), fix)
}

func lacksCommand(path []string, cmd *cli.Command) error {
	call := "polyplan " + strings.Join(path, " ")
	return usage("`"+call+"` lacks its command", "write `"+call+" "+strings.Join(commandNames(cmd.Subcommands), "`, `"+call+" ")+"`")
}

func commandNames(commands []*cli.Command) []string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.Name
	}
	return names
}
