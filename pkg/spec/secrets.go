package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Helper is a command that gives a secret: the program and its arguments, which
// no shell reads, and where it runs, which is beside the manifest that names it.
type Helper struct {
	Dir  string
	Argv []string
}

// secret is one entry of secrets.
type secret struct {
	name   string
	key    *node
	exec   []*node
	member string // of the JSON object that the command writes; "" for all that it writes
	broken bool   // something was reported about it

	value   string
	missing string // why there is no value; "" if there is one
	quiet   bool   // nobody asked the command
}

// declareSecrets reads a secrets section.
func (l *loader) declareSecrets(section *node) {
	if section.isNull() {
		return
	}
	if section.kind != mapNode {
		l.errorAt(section, "wrong-type", fmt.Sprintf("secrets is %s, not a map", section.kindWords()), "it maps each secret's name to the command that gives it", "write it as in db: {exec: [sops, -d, db.txt]}")
		return
	}
	for _, m := range section.members {
		s := &secret{name: m.key.text, key: m.key}
		if strings.HasPrefix(s.name, "x-") {
			continue
		}
		if first := l.secrets[s.name]; first != nil {
			l.errorAt(m.key, "duplicate-secret", fmt.Sprintf("the secret %q is declared twice", s.name), "of two declarations only one can count", "remove one of the two; the other stands at "+place(first.key.pos()))
			continue
		}
		if !varForm.MatchString(s.name) {
			l.errorAt(m.key, "bad-name", fmt.Sprintf("%q cannot name a secret", s.name), "names are letters, digits, _ and -", "")
			continue
		}
		l.secretDeclaration(s, m.value)
		l.secrets[s.name] = s
	}
}

func (l *loader) secretDeclaration(s *secret, n *node) {
	fail := func(n *node, code, what, why, fix string) {
		s.broken = true
		l.errorAt(n, code, what, why, fix)
	}
	known := []string{"exec", "json", "description"}
	if n.kind != mapNode {
		if !n.isNull() && n.kind == scalarNode {
			n.scalars(n.src.conceal) // it may be the secret itself
		}
		fail(n, "wrong-type", fmt.Sprintf("the secret %q is %s, not a map", s.name, n.kindWords()), "a manifest says where a secret comes from and never what it is", "write it as in {exec: [sops, -d, db.txt]}")
		return
	}
	for _, m := range n.members {
		switch key := m.key.text; {
		case key == "exec":
			s.exec = l.argv(s, m.value)
		case key == "json":
			path, ok := m.value.value.(string)
			if steps, good := pathSteps(path); !ok || !good || len(steps) == 0 {
				fail(m.value, "bad-path", "json does not name a member", "it leads to one value of the JSON that the command writes", "write it as in json: data.password, or json: \"list[0].password\"")
			}
			s.member = path
		case key == "description", strings.HasPrefix(key, "x-"):
		default:
			fail(m.key, "unknown-key", fmt.Sprintf("unknown key %q", key), "a secret has "+strings.Join(known, ", "), l.meantWord(key, known))
		}
	}
	if s.exec == nil && !s.broken {
		fail(s.key, "missing-key", `"exec" is missing`, fmt.Sprintf("the secret %q comes from a command", s.name), "add exec: [PROGRAM, ARGUMENT...]")
	}
}

// argv reads a command as a list of words.
func (l *loader) argv(s *secret, n *node) []*node {
	if n.kind != listNode || len(n.items) == 0 {
		s.broken = true
		l.errorAt(n, "wrong-type", "exec is not a list of words", "no shell reads it, so that no character in it means anything", "write the program and each argument as an element: [sops, -d, db.txt]")
		return nil
	}
	for _, item := range n.items {
		if item.kind != scalarNode || item.isNull() || item.text == "" {
			s.broken = true
			l.errorAt(item, "wrong-type", fmt.Sprintf("a word of exec is %s", item.kindWords()), "programs take words", "write it in quotes")
		}
	}
	return n.items
}

// secret is the value of ${secret.name}; fail reports, lacking says what to
// report.
func (l *loader) secret(name string, fail, lacking func(code, what, why, fix string) *node) *node {
	s := l.secrets[name]
	switch {
	case s == nil && l.partial:
		return nil // it may be declared in what could not be read
	case s == nil:
		fix := fmt.Sprintf("declare it: secrets: {%s: {exec: [PROGRAM, ARGUMENT...]}}", name)
		if near, ok := diag.Nearest(name, resource.Keys(l.secrets)); ok {
			fix = fmt.Sprintf("did you mean %q (%s)?", near, place(l.secrets[near].key.pos()))
		}
		return fail("unknown-secret", fmt.Sprintf("unknown secret %q", name), "the manifest's secrets do not declare it", fix)
	case s.broken:
		return nil // reported there
	case s.missing != "":
		n := lacking("missing-secret", fmt.Sprintf("the secret %q could not be had: %s", name, s.missing), "its command stands at "+place(s.key.pos()), "run that command by hand to see why")
		n.secret, n.missing.quiet = true, s.quiet
		return n
	}
	return &node{kind: scalarNode, quoted: true, text: s.value, value: s.value, size: 1, secret: true}
}

// fetchSecrets runs the commands of the secrets that resources ask for, each
// once, all at once.
func (l *loader) fetchSecrets() {
	asked := map[string]bool{}
	for _, b := range l.builds {
		b.n.scalars(func(n *node) {
			parts, _ := split(n.text)
			for _, p := range parts {
				if name, ok := strings.CutPrefix(p.text, "secret."); ok && p.isToken {
					asked[name] = true
				}
			}
		})
	}
	commands := map[string][]*secret{} // by directory and words
	helpers := map[string]Helper{}
	for _, name := range resource.Keys(asked) {
		s := l.secrets[name]
		switch {
		case s == nil || s.broken:
		case l.opts.MakeUp != nil && l.opts.Helper == nil:
			s.value, _ = l.opts.MakeUp("secret." + name)
		default:
			if h, ok := l.helper(s); ok {
				key := strings.Join(append([]string{h.Dir}, h.Argv...), "\x00")
				helpers[key], commands[key] = h, append(commands[key], s)
			}
		}
	}
	var wg sync.WaitGroup
	for key, h := range helpers {
		if l.opts.Helper == nil {
			for _, s := range commands[key] {
				s.quiet, s.missing = true, "its command was not run"
			}
			continue
		}
		wg.Go(func() {
			out, err := l.opts.Helper(h)
			for _, s := range commands[key] {
				s.take(out, err)
			}
		})
	}
	wg.Wait()
}

// helper is the command of a secret, with what its words bring in.
func (l *loader) helper(s *secret) (Helper, bool) {
	h := Helper{Dir: filepath.Join(s.key.src.root.dir, filepath.FromSlash(s.key.src.dir))}
	for _, n := range s.exec {
		got, ok := l.resolve(n)
		if ok && got.secret {
			ok = false
			l.errorAt(n, "secret-argument", "a word of exec comes from a secret", "arguments show in every list of processes", "give it to the program in the environment or in a file")
		}
		if !ok {
			s.broken = true
			return h, false
		}
		h.Argv = append(h.Argv, resource.Text(got.value))
	}
	return h, true
}

// take takes a secret out of what its command wrote.
func (s *secret) take(out string, err error) {
	if err == nil && s.member != "" {
		out, err = memberOf(out, s.member)
	}
	if err == nil && s.member == "" {
		out = strings.TrimSuffix(strings.TrimSuffix(out, "\n"), "\r")
	}
	if _, bad := control(out); err == nil && (bad || !utf8.ValidString(out)) {
		err = errors.New("what it wrote holds control characters or is not UTF-8")
	}
	if err == nil && out == "" {
		err = errors.New("it wrote nothing")
	}
	if err != nil {
		s.missing = err.Error()
		return
	}
	s.value = out
}

// memberOf finds a scalar in a JSON document. Its errors quote nothing of it.
func memberOf(doc, path string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.More() {
		return "", errors.New("what it wrote is not one JSON value")
	}
	steps, _ := pathSteps(path)
	for _, step := range steps {
		switch at := v.(type) {
		case map[string]any:
			v = at[step.key] // of an index there is none
		case []any:
			if !step.isIndex || step.index >= len(at) {
				return "", fmt.Errorf("what it wrote has no %s", path)
			}
			v = at[step.index]
		default:
			return "", fmt.Errorf("what it wrote has no %s", path)
		}
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number, bool:
		return resource.Text(resource.Normalize(v)), nil
	case nil:
		return "", fmt.Errorf("what it wrote has no %s", path)
	}
	return "", fmt.Errorf("%s of what it wrote is no text", path)
}
