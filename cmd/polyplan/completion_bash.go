package main

import (
	"fmt"
	"strings"
)

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
