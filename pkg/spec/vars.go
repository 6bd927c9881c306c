package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// variable is one entry of vars.
type variable struct {
	name      string
	key       *node
	typ       string
	byDefault *node
	sensitive bool
	value     *node // nil if it has none
	broken    bool  // something was reported about it
}

var (
	varForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	varTypes = []string{"string", "number", "bool", "list", "map"}
)

// declare reads a vars section.
func (l *loader) declare(section *node) {
	if section.isNull() {
		return
	}
	if section.kind != mapNode {
		l.errorAt(section, "wrong-type", fmt.Sprintf("vars is %s, not a map", section.kindWords()), "it maps each variable's name to its default, or to {type, default, sensitive, description}", "")
		return
	}
	for _, m := range section.members {
		v := &variable{name: m.key.text, key: m.key}
		if strings.HasPrefix(v.name, "x-") {
			continue
		}
		if first := l.vars[v.name]; first != nil {
			l.errorAt(m.key, "duplicate-variable", fmt.Sprintf("the variable %q is declared twice", v.name), "of two declarations only one can count", "remove one of the two; the other stands at "+place(first.key.pos()))
			continue
		}
		if !varForm.MatchString(v.name) {
			l.errorAt(m.key, "bad-name", fmt.Sprintf("%q cannot name a variable", v.name), "names are letters, digits, _ and -", "")
			continue
		}
		l.declaration(v, m.value)
		l.vars[v.name] = v
	}
}

func (l *loader) declaration(v *variable, n *node) {
	if n.kind != mapNode {
		v.byDefault = n
		if n.isNull() {
			v.byDefault = nil
		}
		v.typ = typeOf(n)
		return
	}
	fail := func(n *node, code, what, why, fix string) {
		v.broken = true
		l.errorAt(n, code, what, why, fix)
	}
	known := []string{"type", "default", "sensitive", "description"}
	for _, m := range n.members {
		switch m.key.text {
		case "type":
			if s, _ := m.value.value.(string); slices.Contains(varTypes, s) {
				v.typ = s
			} else {
				fail(m.value, "wrong-type", "this is not the type of a variable", "types are "+strings.Join(varTypes, ", "), l.meantWord(m.value.text, varTypes))
			}
		case "default":
			if !m.value.isNull() {
				v.byDefault = m.value
			}
		case "sensitive":
			b, ok := m.value.value.(bool)
			if v.sensitive = b; !ok {
				v.sensitive = true // rather hide too much
				fail(m.value, "wrong-type", "sensitive is true or false", fmt.Sprintf("this is %s", m.value.kindWords()), "")
			}
		case "description":
		default:
			if !strings.HasPrefix(m.key.text, "x-") {
				fail(m.key, "unknown-key", fmt.Sprintf("unknown key %q", m.key.text), "a variable has "+strings.Join(known, ", "), l.meantWord(m.key.text, known))
			}
		}
	}
	if v.typ == "" {
		v.typ = typeOf(v.byDefault)
	}
}

// typeOf is the type that a default implies.
func typeOf(n *node) string {
	switch {
	case n == nil:
		return "string"
	case n.kind == listNode:
		return "list"
	case n.kind == mapNode:
		return "map"
	}
	switch {
	case isNumber(n.value):
		return "number"
	case n.value == true || n.value == false:
		return "bool"
	}
	return "string"
}

// resolveVars gives every variable its value: of the options, of the files, of
// the environment, its default.
func (l *loader) resolveVars() {
	files := map[string]*node{}
	for _, name := range l.opts.VarFiles {
		l.varFile(name, files)
	}
	for _, name := range resource.Keys(l.opts.Vars) {
		if l.vars[name] == nil {
			l.add(diag.Diagnostic{Code: "unknown-variable", What: fmt.Sprintf("the manifest declares no variable %q", name),
				Why: "a value was given for it", Fix: l.nearVariable(name)})
		}
	}
	for _, name := range resource.Keys(l.vars) {
		v := l.vars[name]
		if v.broken {
			continue
		}
		if s, ok := l.opts.Vars[name]; ok {
			l.given(v, s, "--var "+name)
		} else if n := files[name]; n != nil {
			l.assign(v, n)
		} else if s, ok := l.fromEnv(name); ok {
			l.given(v, s, "POLYPLAN_VAR_"+name)
		} else if v.byDefault != nil {
			l.fallBack(v)
		} else if s, ok := l.madeUp(v, name); ok {
			l.given(v, s, "POLYPLAN_VAR_"+name)
		}
		if v.value != nil {
			v.value = v.value.marked(v)
		}
	}
}

func (l *loader) fromEnv(name string) (string, bool) {
	if l.opts.Env == nil {
		return "", false
	}
	s, ok := l.opts.Env("POLYPLAN_VAR_" + name)
	return s, ok && (s != "" || l.opts.MakeUp == nil)
}

func (l *loader) madeUp(v *variable, name string) (string, bool) {
	if l.opts.MakeUp == nil || v.typ != "string" {
		return "", false
	}
	return l.opts.MakeUp("POLYPLAN_VAR_" + name)
}

// varFile reads a file of values: a map of variables' names.
func (l *loader) varFile(name string, into map[string]*node) {
	pos := diag.Pos{File: name}
	data, err := readLimited(filepath.Join(l.opts.Dir, name))
	if err != nil {
		l.add(diag.Diagnostic{Pos: pos, Code: "unreadable", What: fmt.Sprintf("cannot read %q", name), Why: reasonOf(err), Fix: "check the path given with --var-file"})
		return
	}
	data, ok := clean(name, data, &l.found)
	if !ok {
		return
	}
	src := newSource(name, data)
	l.sources = append(l.sources, src)
	for _, doc := range documents(src, &l.found) {
		if doc.kind != mapNode {
			l.errorAt(doc, "not-a-map", fmt.Sprintf("the file is %s", doc.kindWords()), "a file of variables is a map from their names to their values", "")
			continue
		}
		for _, m := range doc.members {
			v := l.vars[m.key.text]
			switch {
			case strings.HasPrefix(m.key.text, "x-"):
				continue
			case v == nil:
				l.errorAt(m.key, "unknown-variable", fmt.Sprintf("the manifest declares no variable %q", m.key.text), "a value was given for it", l.nearVariable(m.key.text))
				continue
			case v.sensitive:
				m.value.scalars(src.conceal)
			}
			into[m.key.text] = m.value.literal()
		}
	}
}

// literal is n as a value in which ${ means nothing.
func (n *node) literal() *node {
	return n.copied(func(c *node) { c.outside = true })
}

func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return make([]byte, maxFile+1), nil // clean refuses it
	}
	return os.ReadFile(path)
}

// given takes a value that came as text.
func (l *loader) given(v *variable, s, from string) {
	n := &node{kind: scalarNode, quoted: true, text: s, value: s, size: 1}
	if v.typ != "string" {
		n.quoted, n.value = false, plain(s)
	}
	if v.typ == "list" || v.typ == "map" {
		var inside diag.List
		src := newSource(from, []byte(s))
		docs := documents(src, &inside)
		if len(docs) != 1 || inside.HasErrors() {
			docs = []*node{n}
		}
		n = docs[0].adrift()
	}
	if !v.takes(n) {
		v.broken = true
		l.add(diag.Diagnostic{Pos: v.key.pos(), Code: "wrong-type", What: fmt.Sprintf("the value of %q from %s is not a %s", v.name, from, v.typ),
			Why: "the variable is declared so", Fix: map[string]string{"list": "write it as in [a, b]", "map": "write it as in {a: b}", "bool": "give true or false"}[v.typ]})
		return
	}
	v.value = n
}

// adrift is n without any place, for values from outside of all files.
func (n *node) adrift() *node {
	c := *n
	c.src = nil
	c.items = slices.Clone(n.items)
	for i, item := range c.items {
		c.items[i] = item.adrift()
	}
	c.members = slices.Clone(n.members)
	for i, m := range c.members {
		c.members[i] = member{m.key.adrift(), m.value.adrift()}
	}
	return &c
}

// assign takes a value from a file of variables.
func (l *loader) assign(v *variable, n *node) {
	if !v.takes(n) {
		v.broken = true
		l.errorAt(n, "wrong-type", fmt.Sprintf("the value of %q is %s, not a %s", v.name, n.kindWords(), v.typ), "the variable is declared so at "+place(v.key.pos()), "")
		return
	}
	v.value = n
}

// fallBack takes the default, which may itself come from the environment or a
// file, but from no other variable.
func (l *loader) fallBack(v *variable) {
	n := v.byDefault
	n.scalars(func(s *node) {
		switch {
		case s.mentions("var."):
			v.broken = true
			l.errorAt(s, "bad-token", "a default names another variable", "variables that depend on each other could go round in a circle", "use ${env.NAME}, or write the value")
		case s.mentions("secret."):
			v.broken = true
			l.errorAt(s, "bad-token", "a default names a secret", "the command that gives a secret may itself depend on variables", "write ${secret.NAME} where the value is used")
		}
	})
	if v.broken {
		return
	}
	if v.sensitive && !n.fromOutside() {
		n.scalars(func(s *node) { s.src.conceal(s) })
		l.add(diag.Diagnostic{Severity: diag.Warning, Pos: n.pos(), Code: "secret-in-manifest", What: fmt.Sprintf("the default of the sensitive variable %q is written out", v.name),
			Why: "whoever can read the manifest can read it", Fix: "leave the default out, and give the value with POLYPLAN_VAR_" + v.name})
	}
	got, ok := l.bring(n)
	if ok && got.missing != nil {
		if !v.sensitive {
			l.found.Add(got.missing.found...)
			ok = false
		}
		v.value = got
	}
	switch {
	case !ok:
		v.broken = true
	case got.missing != nil:
	case got.outside:
		if v.typ != "string" && got.kind == scalarNode {
			got.value = plain(got.text)
		}
		fallthrough
	default:
		l.assign(v, got)
	}
}

// mentions reports whether a token of n begins with prefix.
func (n *node) mentions(prefix string) bool {
	if !strings.Contains(n.text, "${") {
		return false
	}
	parts, _ := split(n.text)
	return slices.ContainsFunc(parts, func(p part) bool { return p.isToken && strings.HasPrefix(p.text, prefix) })
}

// fromOutside reports whether n, or anything in it, comes from outside.
func (n *node) fromOutside() bool {
	outside := n.outside
	n.scalars(func(s *node) { outside = outside || s.outside || strings.Contains(s.text, "${") })
	return outside
}

func (v *variable) takes(n *node) bool { return v.typ == typeOf(n) }

// marked is n with all that follows from its being the value of v.
func (n *node) marked(v *variable) *node {
	return n.copied(func(c *node) { c.secret = c.secret || v.sensitive })
}

// variable is the value of ${var.name}; fail reports, lacking says what to
// report.
func (l *loader) variable(name string, fail, lacking func(code, what, why, fix string) *node) *node {
	v := l.vars[name]
	switch {
	case v == nil && l.partial:
		return nil // it may be declared in what could not be read
	case v == nil:
		return fail("unknown-variable", fmt.Sprintf("unknown variable %q", name), "the manifest's vars do not declare it", l.nearVariable(name))
	case v.broken:
		return nil // reported there
	case v.value == nil:
		return lacking("undefined-variable", fmt.Sprintf("the variable %q has no value", name), "it is declared without a default at "+place(v.key.pos()),
			fmt.Sprintf("give one with --var %s=VALUE or POLYPLAN_VAR_%s", name, name)).marked(v)
	}
	return v.value
}

func (l *loader) nearVariable(name string) string {
	if near, ok := diag.Nearest(name, resource.Keys(l.vars)); ok {
		return fmt.Sprintf("did you mean %q (%s)?", near, place(l.vars[near].key.pos()))
	}
	return fmt.Sprintf("declare it: vars: {%s: {type: string}}", name)
}

// meantWord is a fix that proposes one of few words.
func (l *loader) meantWord(word string, known []string) string {
	if near, ok := diag.Nearest(word, known); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}
