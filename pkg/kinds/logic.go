package kinds

import (
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// A filter logic combines filters: "paying AND NOT churned". In a manifest it
// speaks of the user's names, in the API of the letters that the server gave
// the filters (API dossier 0.1, trap 6). The zero logic means that all apply.
type logic struct {
	op   string // "AND", "OR", "NOT", or "" for a name
	name string
	args []*logic
}

// parseLogic reads names, AND, OR, NOT and parentheses; NOT binds strongest,
// OR weakest. Operators are read in any case.
func parseLogic(s string) (*logic, error) {
	p := &logicParser{words: logicWords(s)}
	l, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is not expected here", p.words[0])
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

func logicWords(s string) []string {
	s = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s)
	return strings.Fields(s)
}

type logicParser struct {
	words []string
	depth int
}

func (p *logicParser) next(op string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], op) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *logicParser) or() (*logic, error)  { return p.chain("OR", p.and) }
func (p *logicParser) and() (*logic, error) { return p.chain("AND", p.not) }

// chain reads operands joined by op; those that are chains of op themselves
// are taken in, so that (a AND b) AND c is a AND b AND c.
func (p *logicParser) chain(op string, operand func() (*logic, error)) (*logic, error) {
	out := &logic{op: op}
	for {
		l, err := operand()
		if err != nil {
			return nil, err
		}
		if l.op == op {
			out.args = append(out.args, l.args...)
		} else {
			out.args = append(out.args, l)
		}
		if !p.next(op) {
			break
		}
	}
	if len(out.args) == 1 {
		return out.args[0], nil
	}
	return out, nil
}

// maxLogicDepth bounds the nesting of a filter logic.
const maxLogicDepth = 50

func (p *logicParser) not() (*logic, error) {
	if p.depth++; p.depth > maxLogicDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxLogicDepth)
	}
	defer func() { p.depth-- }()
	if p.next("NOT") {
		l, err := p.not()
		if err != nil {
			return nil, err
		}
		return &logic{op: "NOT", args: []*logic{l}}, nil
	}
	if p.next("(") {
		l, err := p.or()
		if err == nil && !p.next(")") {
			err = fmt.Errorf("a closing parenthesis is missing")
		}
		return l, err
	}
	if len(p.words) == 0 {
		return nil, fmt.Errorf("a filter's name is missing at the end")
	}
	w := p.words[0]
	switch strings.ToUpper(w) {
	case "AND", "OR", "(", ")":
		return nil, fmt.Errorf("a filter's name is missing before %q", w)
	}
	p.words = p.words[1:]
	return &logic{name: w}, nil
}

// String writes the logic with as few parentheses as it needs.
func (l *logic) String() string {
	switch l.op {
	case "":
		return l.name
	case "NOT":
		return "NOT " + l.args[0].within("NOT")
	}
	parts := make([]string, len(l.args))
	for i, a := range l.args {
		parts[i] = a.within(l.op)
	}
	return strings.Join(parts, " "+l.op+" ")
}

func (l *logic) within(outer string) string {
	if l.op == "OR" && outer != "OR" || l.op == "AND" && outer == "NOT" {
		return "(" + l.String() + ")"
	}
	return l.String()
}

// each calls f for every name, which may change it.
func (l *logic) each(f func(name *string)) {
	if l.op == "" {
		f(&l.name)
	}
	for _, a := range l.args {
		a.each(f)
	}
}

// allOf reports whether the logic says only that each of the filters applies, as
// its absence does.
func (l *logic) allOf(filters resource.Object) bool {
	args := l.args
	if l.op == "" {
		args = []*logic{l}
	} else if l.op != "AND" {
		return false
	}
	seen := map[string]bool{}
	for _, a := range args {
		if a.op != "" || filters[a.name] == nil {
			return false
		}
		seen[a.name] = true
	}
	return len(seen) == len(filters)
}

// renameLogic rewrites the names in s; a logic that cannot be read is left as
// it is, so that it shows as it came.
func renameLogic(s string, names map[string]string) string {
	l, err := parseLogic(s)
	if err != nil {
		return s
	}
	l.each(func(n *string) {
		if to, ok := names[*n]; ok {
			*n = to
		}
	})
	return l.String()
}

// letter is the label that the server gives the n-th filter, from 0: A, B,
// ..., Z, AA.
func letter(n int) string {
	s := ""
	for n++; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
