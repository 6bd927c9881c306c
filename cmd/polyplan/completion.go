package main

import (
	"fmt"
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
		_, formats, _ := strings.Cut(usage, ": ")
		out.Words = strings.Split(formats, ", ")
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

// bashCompletion runs in bash 3.2 too, which macOS has.
func bashCompletion(list []completed) string {
	var b strings.Builder
	b.WriteString(`# Completion of polyplan for bash: source <(polyplan completion bash)
_polyplan() {
    local cur prev at='' i=1 IFS=$'\n'
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD-1]}
    # bash takes --flag=value for three words.
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    # Which command is it?
    while (( i < COMP_CWORD )); do
        case ${COMP_WORDS[i]} in
            --) break ;;
`)
	fmt.Fprintf(&b, "            %s)\n", strings.Join(takers(list), "|"))
	b.WriteString(`                if [[ ${COMP_WORDS[i+1]} == = ]]; then (( i++ )); fi
                (( i++ )) ;;
            -*|=) ;;
            *) case $at/${COMP_WORDS[i]} in
`)
	fmt.Fprintf(&b, "                %s) at=$at/${COMP_WORDS[i]} ;;\n", strings.Join(paths(list), "|"))
	b.WriteString(`            esac ;;
        esac
        (( i++ ))
    done
    case "$at $prev" in
`)
	for _, c := range list {
		for _, f := range c.Flags {
			if f.Takes {
				var patterns []string
				for _, n := range f.Names {
					patterns = append(patterns, single(c.Path+" "+n))
				}
				fmt.Fprintf(&b, "        %s) %s; return ;;\n", strings.Join(patterns, "|"), f.bash())
			}
		}
	}
	b.WriteString("    esac\n    case \"$at $cur\" in\n")
	for _, c := range list {
		var names []string
		for _, f := range c.Flags {
			names = append(names, f.Names...)
		}
		fmt.Fprintf(&b, "        %s*) %s ;;\n", single(c.Path+" -"), values{Words: names}.bash())
	}
	for _, c := range list {
		v := c.Args
		if len(c.Below) > 0 {
			v = values{Words: commandNames(c.Below)}
		}
		fmt.Fprintf(&b, "        %s*) %s ;;\n", single(c.Path+" "), v.bash())
	}
	b.WriteString("    esac\n}\ncomplete -F _polyplan polyplan\n")
	return b.String()
}

// bash offers the values, which stand one a line.
func (v values) bash() string {
	switch {
	case len(v.Words) > 0:
		return fmt.Sprintf(`COMPREPLY=( $(compgen -W $'%s' -- "$cur") )`, strings.Join(v.Words, `\n`))
	case v.Files:
		return `compopt -o filenames 2>/dev/null; COMPREPLY=( $(compgen -f -- "$cur") )`
	case v.Dirs:
		return `compopt -o filenames 2>/dev/null; COMPREPLY=( $(compgen -d -- "$cur") )`
	}
	return ":"
}

func zshCompletion(list []completed) string {
	var b strings.Builder
	b.WriteString(`#compdef polyplan
# Completion of polyplan for zsh: polyplan completion zsh > "${fpath[1]}/_polyplan"
_polyplan() {
    local at='' cur=${words[CURRENT]} prev=${words[CURRENT-1]} word
    integer i=2
    local -a offered
    # Which command is it?
    while (( i < CURRENT )); do
        word=${words[i]}
        case $word in
            --) break ;;
`)
	fmt.Fprintf(&b, "            %s) (( i++ )) ;;\n", strings.Join(takers(list), "|"))
	b.WriteString("            -*) ;;\n            *) case $at/$word in\n")
	fmt.Fprintf(&b, "                %s) at=$at/$word ;;\n", strings.Join(paths(list), "|"))
	b.WriteString(`            esac ;;
        esac
        (( i++ ))
    done
    if [[ $cur == --*=* ]]; then
        prev=${cur%%=*}
        compset -P '*='
    fi
    case "$at $prev" in
`)
	for _, c := range list {
		for _, f := range c.Flags {
			if f.Takes {
				var patterns []string
				for _, n := range f.Names {
					patterns = append(patterns, single(c.Path+" "+n))
				}
				fmt.Fprintf(&b, "        %s) %s; return ;;\n", strings.Join(patterns, "|"), f.zsh("value"))
			}
		}
	}
	b.WriteString("    esac\n    case \"$at $cur\" in\n")
	for _, c := range list {
		var rows []string
		for _, f := range c.Flags {
			for _, n := range f.Names {
				rows = append(rows, single(strings.ReplaceAll(n, ":", `\:`)+":"+f.Usage))
			}
		}
		fmt.Fprintf(&b, "        %s*) offered=(%s); _describe -o flag offered ;;\n", single(c.Path+" -"), strings.Join(rows, " "))
	}
	for _, c := range list {
		if len(c.Below) == 0 {
			fmt.Fprintf(&b, "        %s*) %s ;;\n", single(c.Path+" "), c.Args.zsh("argument"))
			continue
		}
		var rows []string
		for _, s := range c.Below {
			rows = append(rows, single(s.Name+":"+s.Usage))
		}
		fmt.Fprintf(&b, "        %s*) offered=(%s); _describe command offered ;;\n", single(c.Path+" "), strings.Join(rows, " "))
	}
	b.WriteString("    esac\n}\n" + `if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then _polyplan "$@"; else compdef _polyplan polyplan; fi` + "\n")
	return b.String()
}

func (v values) zsh(what string) string {
	switch {
	case len(v.Words) > 0:
		return "offered=(" + strings.Join(v.Words, " ") + "); _describe " + what + " offered"
	case v.Files:
		return "_files"
	case v.Dirs:
		return "_files -/"
	}
	return "_message " + what
}

func fishCompletion(list []completed) string {
	var b strings.Builder
	b.WriteString(`# Completion of polyplan for fish: polyplan completion fish > ~/.config/fish/completions/polyplan.fish
function __polyplan_at --description 'whether the command typed so far is this one'
    set -l at ''
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --
                break
`)
	fmt.Fprintf(&b, "            case %s\n                set skip 1\n", strings.Join(takers(list), " "))
	b.WriteString("            case '-*'\n            case '*'\n                switch $at/$word\n")
	fmt.Fprintf(&b, "                    case %s\n                        set at $at/$word\n", strings.Join(paths(list), " "))
	b.WriteString(`                end
        end
    end
    test "$at" = "$argv[1]"
end
complete -c polyplan -f
`)
	for _, c := range list {
		at := fmt.Sprintf(`-n '__polyplan_at "%s"'`, c.Path)
		for _, s := range c.Below {
			fmt.Fprintf(&b, "complete -c polyplan %s -a %s -d %s\n", at, s.Name, fish(s.Usage))
		}
		switch {
		case c.Args.Files:
			fmt.Fprintf(&b, "complete -c polyplan %s -F\n", at)
		case len(c.Args.Words) > 0:
			fmt.Fprintf(&b, "complete -c polyplan %s -a %s\n", at, fish(strings.Join(c.Args.Words, " ")))
		}
		for _, f := range c.Flags {
			line := "complete -c polyplan " + at
			for _, n := range f.Names {
				if name, long := strings.CutPrefix(n, "--"); long {
					line += " -l " + name
				} else {
					line += " -s " + n[1:]
				}
			}
			switch {
			case !f.Takes:
			case f.Files:
				line += " -r -F"
			case f.Dirs:
				line += " -x -a '(__fish_complete_directories)'"
			case len(f.Words) > 0:
				line += " -x -a " + fish(strings.Join(f.Words, " "))
			default:
				line += " -x"
			}
			b.WriteString(line + " -d " + fish(f.Usage) + "\n")
		}
	}
	return b.String()
}

// fish puts a text in fish's quotes.
func fish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
