package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Version is the version of the manifest's grammar that this package reads.
const Version = 1

// The top-level keys that are no sections of a kind.
const (
	keyVersion = "polyplan"
	keyInclude = "include"
	keyVars    = "vars"
	keySecrets = "secrets"
	keyMoved   = "moved"
	keyRemoved = "removed"
)

// top sorts what stands at the top of every document.
func (l *loader) top() {
	l.vars, l.secrets = map[string]*variable{}, map[string]*secret{}
	versioned := false
	for _, doc := range l.docs {
		v := doc.get(keyVersion)
		versioned = versioned || v != nil
		if v != nil && v.value != int64(Version) {
			l.partial = true
			l.version(v)
			continue // of another grammar, all else would be found wrong too
		}
		for _, m := range doc.members {
			l.topKey(m)
		}
	}
	if !versioned && len(l.docs) > 0 {
		first := l.docs[0]
		l.add(diag.Diagnostic{Pos: diag.Pos{File: first.src.name, Line: int(first.line), Col: int(first.col), End: int(first.col)}, Code: "no-version",
			What: "the manifest does not say its version", Why: "without it, a later polyplan could not know how to read it", Fix: fmt.Sprintf("begin with the line: polyplan: %d", Version)})
	}
	if len(l.docs) == 0 && len(l.m.Files) > 0 && !l.found.HasErrors() {
		l.add(diag.Diagnostic{Pos: diag.Pos{File: l.m.Files[0]}, Code: "empty", What: "the manifest is empty",
			Why: "there is nothing to compare with", Fix: "`polyplan init` writes a first manifest"})
	}
	l.docs = nil
}

func (l *loader) version(v *node) {
	switch got := v.value.(type) {
	case int64:
		why, fix := fmt.Sprintf("this polyplan reads version %d", Version), fmt.Sprintf("write polyplan: %d", Version)
		if got > Version {
			fix = "use a newer polyplan"
		}
		l.errorAt(v, "unknown-version", fmt.Sprintf("version %d of the manifest is not known", got), why, fix)
	default:
		l.errorAt(v, "unknown-version", fmt.Sprintf("the manifest's version is %s", v.kindWords()), "it is a whole number", fmt.Sprintf("write polyplan: %d", Version))
	}
}

func (l *loader) topKey(m member) {
	switch key := m.key.text; {
	case key == keyVersion, key == keyInclude, strings.HasPrefix(key, "x-"):
	case key == keyVars:
		l.declare(m.value)
	case key == keySecrets:
		l.declareSecrets(m.value)
	case key == keyMoved:
		l.moved = append(l.moved, l.list(m, "a list of {from, to}")...)
	case key == keyRemoved:
		l.removed = append(l.removed, l.list(m, "a list of {address, delete}")...)
	default:
		for _, k := range l.opts.Kinds {
			if k.Section == key {
				l.section(k, m)
				return
			}
		}
		l.unknownTop(m.key)
	}
}

func (l *loader) list(m member, want string) []*node {
	switch {
	case m.value.isNull():
		return nil
	case m.value.kind == listNode:
		return m.value.items
	}
	l.errorAt(m.value, "wrong-type", fmt.Sprintf("%s is %s", m.key.text, m.value.kindWords()), "it is "+want, "begin each entry with \"- \"")
	return nil
}

func (l *loader) unknownTop(key *node) {
	known := append([]string{keyVersion, keyInclude, keyVars, keySecrets}, l.bySection...)
	known = append(known, keyMoved, keyRemoved)
	fix := "known keys: " + strings.Join(known, ", ") + "; x-* for your own"
	if near, ok := diag.Nearest(key.text, known); ok {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	for _, k := range l.opts.Kinds {
		if key.text == k.Name {
			fix = fmt.Sprintf("did you mean %q?", k.Section)
		}
	}
	l.errorAt(key, "unknown-key", fmt.Sprintf("unknown key %q", key.text), "the manifest has no such section", fix)
}

// section takes in the resources of one section.
func (l *loader) section(k *resource.Kind, section member) {
	n := section.value
	if n.isNull() {
		return
	}
	if k.Singleton {
		l.declareResource(k, resource.DefaultName, section)
		return
	}
	if n.kind != mapNode {
		l.partial = true
		l.errorAt(n, "wrong-type", fmt.Sprintf("%s is %s, not a map", k.Section, n.kindWords()),
			fmt.Sprintf("it maps the key of each %s to what it should be", k.Name), fmt.Sprintf("write %s:, and below it, indented, a line KEY: for each", k.Section))
		return
	}
	for _, m := range n.members {
		name := m.key.text
		if strings.HasPrefix(name, "x-") {
			continue
		}
		if !resource.ValidName(name) {
			l.misnamed[resource.Address{Kind: k.Name, Name: name}] = true
			l.errorAt(m.key, "bad-name", fmt.Sprintf("%q cannot be a key here", name),
				"a resource's key is a lower-case letter, then lower-case letters, digits, _ and -", fmt.Sprintf("call it %q", validName(name, k.Name)))
			continue
		}
		l.declareResource(k, name, m)
	}
}

// declareResource takes in a resource that m says.
func (l *loader) declareResource(k *resource.Kind, name string, m member) {
	a := resource.Address{Kind: k.Name, Name: name}
	if first := l.built[a]; first != nil {
		l.add(diag.Diagnostic{Pos: m.key.pos(), Code: "duplicate-address", Address: a.String(), What: fmt.Sprintf("%s is declared twice", a),
			Why: "an address names one resource", Fix: "rename or remove one of the two; the other stands at " + place(first.key.pos())})
		return
	}
	key := *m.key // a copy: the nodes beside it are to go when their resources are read
	b := &build{loader: l, kind: k, key: &key, n: m.value, r: &resource.Resource{
		Address: a,
		Object:  resource.Object{},
		Pos:     m.key.pos(),
		At:      map[resource.Path]diag.Pos{},
	}}
	l.built[a] = b
	l.builds = append(l.builds, b)
	l.m.Set[a] = b.r
	l.m.Graph.Add(a)
}

// validName makes a key of a name that is none.
func validName(s, kind string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, s)
	out = strings.Trim(out, "_-")
	if len(out) > 60 {
		out = out[:60]
	}
	if !resource.ValidName(out) {
		out = strings.TrimRight(kind+"_"+out, "_")
	}
	return out
}

// near finds the nearest of the names that have a declaration, with its place.
// Looking among many is dear, so that it is done only so often in one run.
func (l *loader) near(what, word string, among func() []string) (string, bool) {
	key := what + "\x00" + word
	if got, ok := l.nearest[key]; ok {
		return got, got != ""
	}
	names := among()
	if l.guesses += len(names); l.guesses > 2_000_000 {
		return "", false
	}
	got, _ := diag.Nearest(word, names)
	if l.nearest == nil {
		l.nearest = map[string]string{}
	}
	l.nearest[key] = got
	return got, got != ""
}

// names are the keys of all resources of a kind.
func (l *loader) names(kind string) []string {
	var out []string
	for _, b := range l.builds {
		if b.kind.Name == kind {
			out = append(out, b.r.Address.Name)
		}
	}
	slices.Sort(out)
	return out
}
