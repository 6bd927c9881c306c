package spec

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// part is a piece of a string: text as it is, or what stands between ${ and }.
type part struct {
	text    string
	isToken bool
}

// split takes a string apart. It is false for a ${ that nobody closed.
func split(s string) (parts []part, ok bool) {
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, part{text: text.String()})
			text.Reset()
		}
	}
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			text.WriteString(s)
			break
		}
		text.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "$${"):
			text.WriteString("${")
			s = s[3:]
		case strings.HasPrefix(s, "${"):
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, false
			}
			flush()
			parts = append(parts, part{s[2:end], true})
			s = s[end+1:]
		default:
			text.WriteByte('$')
			s = s[1:]
		}
	}
	flush()
	return parts, true
}

// missing is why a value from outside could not be had: the findings where it
// must be there. A secret may be missing: then its resource is left as it is.
type missing struct {
	found diag.List
	quiet bool // nobody asked for it
}

// resolve puts in what n brings in from outside. It reports what is wrong, and
// false, once for each place. What is missing is wrong, unless it is a secret:
// that has no place where resolve is called, and whoever calls it says so.
func (l *loader) resolve(n *node) (*node, bool) {
	out, ok := l.bring(n)
	if ok && out.missing != nil && !out.secret {
		l.found.Add(out.missing.found...)
		return nil, false
	}
	return out, ok
}

// bring is resolve for a place where a value may be missing.
func (l *loader) bring(n *node) (*node, bool) {
	s, isString := n.value.(string)
	if n.kind != scalarNode || !isString || n.outside || n.settled || !strings.Contains(s, "${") {
		return n, true
	}
	parts, ok := split(s)
	if !ok {
		l.add(diag.Diagnostic{Pos: n.tokenPos("${", 0), Code: "bad-token", What: "a ${ is not closed",
			Why: "${...} brings in a value from outside", Fix: "close it with }, or write $${ if the text is meant as it is"})
		return nil, false
	}
	out := *n
	out.settled = true // lest what was escaped be taken for a token next time
	var text strings.Builder
	seen := 0
	for _, p := range parts {
		if !p.isToken {
			text.WriteString(p.text)
			continue
		}
		out.outside, out.origin = true, s
		tok := "${" + p.text + "}"
		nth := seen
		got := l.token(n, p.text, func() diag.Pos { return n.tokenPos(tok, nth) })
		seen++
		switch {
		case got == nil:
			ok = false
			continue
		case len(parts) == 1:
			return got.placed(n, tok), true
		case got.kind != scalarNode:
			l.errorAt(n, "bad-token", fmt.Sprintf("%s is %s and cannot stand within a text", tok, got.kindWords()), "only a text, a number or a boolean can be put into a text", "let it stand alone")
			ok = false
			continue
		}
		out.secret = out.secret || got.secret
		if m := got.missing; m != nil {
			all := missing{quiet: m.quiet, found: m.found}
			if out.missing != nil {
				all = missing{quiet: m.quiet && out.missing.quiet, found: append(slices.Clip(out.missing.found), m.found...)}
			}
			out.missing = &all
		}
		text.WriteString(resource.Text(got.value))
	}
	if !ok {
		return nil, false
	}
	out.text = text.String()
	out.value = out.text
	return &out, true
}

// placed is the value n as it stands at at, where the manifest calls it origin.
func (n *node) placed(at *node, origin string) *node {
	c := *n
	c.outside, c.origin = true, origin
	if n.src == nil || n.kind == scalarNode {
		c.src, c.line, c.col = at.src, at.line, at.col
	}
	if n.src != nil {
		return &c
	}
	// From the command line or the environment: nothing in it has a place.
	c.items = make([]*node, len(n.items))
	for i, item := range n.items {
		c.items[i] = item.placed(at, origin)
	}
	c.members = make([]member, len(n.members))
	for i, m := range n.members {
		c.members[i] = member{m.key.placed(at, origin), m.value.placed(at, origin)}
	}
	return &c
}

// maxTokens is for how many tokens of one text the place is looked up, which
// takes the longer the more there are.
const maxTokens = 50

// tokenPos is where in the scalar n the token tok stands, after skip others.
func (n *node) tokenPos(tok string, skip int) diag.Pos {
	if n.src == nil || skip > maxTokens {
		return n.pos()
	}
	from := n.src.offset(int(n.line), int(n.col))
	text := n.src.data[from:n.src.end(n, from)]
	at := 0
	for ; skip > 0; skip-- {
		if i := bytes.Index(text[at:], []byte("${")); i >= 0 {
			at += i + 2
		}
	}
	i := bytes.Index(text[at:], []byte(tok))
	if i < 0 {
		return n.pos()
	}
	p := n.src.at(from + at + i)
	if !strings.Contains(tok, "\n") {
		p.End = p.Col + utf8.RuneCountInString(tok)
	}
	return p
}

var envForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// token is the value of what stands in ${}; nil if it has none, which it
// reports. at is the scalar it stands in, pos gives its own place.
func (l *loader) token(at *node, t string, pos func() diag.Pos) *node {
	fail := func(code, what, why, fix string) *node {
		l.add(diag.Diagnostic{Pos: pos(), Code: code, What: what, Why: why, Fix: fix})
		return nil
	}
	lacking := func(code, what, why, fix string) *node {
		return &node{kind: scalarNode, quoted: true, value: "", size: 1,
			missing: &missing{found: diag.List{{Pos: pos(), Code: code, What: what, Why: why, Fix: fix}}}}
	}
	if name, ok := strings.CutPrefix(t, "env."); ok {
		name, byDefault, hasDefault := strings.Cut(name, ":-")
		if !envForm.MatchString(name) {
			return fail("bad-token", fmt.Sprintf("%q is not the name of an environment variable", name), "names are letters, digits and _", "write ${env.NAME} or ${env.NAME:-default}")
		}
		v, set := "", false
		if l.opts.Env != nil {
			v, set = l.opts.Env(name)
		}
		if v == "" && !hasDefault && l.opts.MakeUp != nil {
			l.common.Lock()
			v, set = l.opts.MakeUp(name)
			l.common.Unlock()
		}
		switch {
		case hasDefault && v == "":
			v = byDefault
		case !set:
			return lacking("undefined-env", fmt.Sprintf("the environment variable %s is not set", name), "the manifest takes a value from it", fmt.Sprintf("set %s, or give a default: ${env.%s:-default}", name, name))
		case !utf8.ValidString(v):
			return fail("bad-env", fmt.Sprintf("the environment variable %s is not UTF-8", name), "the service takes text", "")
		}
		if _, bad := control(v); bad {
			return fail("bad-env", fmt.Sprintf("the environment variable %s holds a control character", name), "it would act on terminals and databases instead of being read", "look for stray characters where it is set")
		}
		return &node{kind: scalarNode, quoted: true, text: v, value: v, size: 1}
	}
	if name, ok := strings.CutPrefix(t, "var."); ok {
		return l.variable(name, fail, lacking)
	}
	if name, ok := strings.CutPrefix(t, "secret."); ok {
		return l.secret(name, fail, lacking)
	}
	if to, ok := strings.CutPrefix(t, "file:"); ok {
		text, why := l.text(at.src, to)
		if why != "" {
			return lacking("bad-file", fmt.Sprintf("cannot read the file %q", to), why, "the path is relative to this manifest, and only regular files of its project can be read")
		}
		return &node{kind: scalarNode, quoted: true, text: text, value: text, size: 1}
	}
	const why = "${...} brings in a value from outside: ${env.NAME}, ${env.NAME:-default}, ${var.name}, ${secret.name} or ${file:path}"
	return fail("bad-token", fmt.Sprintf("${%s} is not known", t), why, l.meant(t))
}

// meant guesses what somebody wanted who wrote t in ${}.
func (l *loader) meant(t string) string {
	head, rest, dotted := strings.Cut(t, ".")
	_, isSecret := l.secrets[t]
	switch _, isVar := l.vars[t]; {
	case isVar:
		return fmt.Sprintf("write ${var.%s}", t)
	case isSecret:
		return fmt.Sprintf("write ${secret.%s}", t)
	case !dotted && envForm.MatchString(t):
		return fmt.Sprintf("write ${env.%s}", t)
	}
	for _, k := range l.opts.Kinds {
		if dotted && (head == k.Name || head == k.Section) {
			return "references stand bare: write the key alone, without ${}"
		}
	}
	if near, ok := diag.Nearest(head, []string{"env", "var", "secret"}); ok && dotted {
		return fmt.Sprintf("did you mean ${%s.%s}?", near, rest)
	}
	if near, ok := diag.Nearest(t, []string{"env." + rest, "var." + rest, "secret." + rest, "file:" + rest}); ok {
		return fmt.Sprintf("did you mean ${%s}?", near)
	}
	return "write $${ if the text is meant as it is"
}
