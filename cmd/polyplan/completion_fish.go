package main

import (
	"fmt"
	"strings"
)

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
