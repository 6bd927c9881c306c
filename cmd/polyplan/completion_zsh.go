package main

import (
	"fmt"
	"strings"
)

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
