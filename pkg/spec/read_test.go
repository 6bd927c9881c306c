package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/spec"
)

// tree writes files, by their slash paths, into a new directory. A text that
// begins with "->" makes a symbolic link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(to, at)
		} else {
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func lines(found diag.List) (out []string) {
	for _, d := range found {
		out = append(out, d.Error())
	}
	return out
}

func TestFiles(t *testing.T) {
	const one = "polyplan: 1\ngadgets: {one: {}}\n"
	gadget := func(name string) string { return "gadgets: {" + name + ": {}}\n" }
	for _, tt := range []struct {
		name  string
		files map[string]string
		args  []string
		want  string // resources and files read
		found []string
	}{
		{"one file", map[string]string{"a.yaml": one}, []string{"a.yaml"}, "one; a.yaml", nil},
		{"the same file twice", map[string]string{"a.yaml": one}, []string{"a.yaml", "./a.yaml"}, "one; a.yaml", nil},
		{"a directory", map[string]string{"m/b.yml": one, "m/a/z.yaml": gadget("two"), "m/.hidden.yaml": "[", "m/.git/x.yaml": "[", "m/notes.txt": "["},
			[]string{"m"}, "one two; m/a/z.yaml m/b.yml", nil},
		{"include", map[string]string{"a.yaml": "polyplan: 1\ninclude: [sub/b.yaml, more]\n" + gadget("one"), "sub/b.yaml": "include: c.yaml\n" + gadget("two"),
			"sub/c.yaml": gadget("three"), "more/d.yaml": gadget("four")}, []string{"a.yaml"}, "four one three two; a.yaml sub/b.yaml sub/c.yaml more/d.yaml", nil},
		{"include twice", map[string]string{"a.yaml": "polyplan: 1\ninclude: [b.yaml, c.yaml]\n", "b.yaml": "include: c.yaml\n", "c.yaml": gadget("one")},
			[]string{"a.yaml"}, "one; a.yaml b.yaml c.yaml", nil},
		{"include in a circle", map[string]string{"a.yaml": "polyplan: 1\ninclude: [b.yaml]\n", "b.yaml": "include: a.yaml\n"},
			[]string{"a.yaml"}, "; a.yaml b.yaml", []string{"b.yaml:1:10: error: files include each other in a circle"}},
		{"include outside", map[string]string{"m/a.yaml": "polyplan: 1\ninclude: [../b.yaml, /etc/hosts, n/../../b.yaml]\n", "b.yaml": "["},
			[]string{"m/a.yaml"}, "; m/a.yaml", []string{
				`m/a.yaml:2:11: error: "../b.yaml" lies outside the project`,
				`m/a.yaml:2:22: error: "/etc/hosts" lies outside the project`,
				`m/a.yaml:2:34: error: "n/../../b.yaml" lies outside the project`}},
		{"include through a link", map[string]string{"m/a.yaml": "polyplan: 1\ninclude: [b.yaml]\n", "b.yaml": "[", "m/b.yaml": "->../b.yaml"},
			[]string{"m/a.yaml"}, "; m/a.yaml", []string{`m/a.yaml:2:11: error: cannot read "m/b.yaml"`}},
		{"a file through a link", map[string]string{"a.yaml": "polyplan: 1\ngadgets: {g: {text: \"${file:secret}\"}}\n", "secret": "->/etc/hostname"},
			[]string{"a.yaml"}, "g; a.yaml", []string{`a.yaml:2:22: error: cannot read the file "secret"`}},
		{"include of nothing", map[string]string{"a.yaml": "polyplan: 1\ninclude: [b.yaml, 5]\n"},
			[]string{"a.yaml"}, "; a.yaml", []string{`a.yaml:2:11: error: cannot read "b.yaml"`, `a.yaml:2:19: error: an include is a path, not a number`}},
		{"no such file", nil, []string{"a.yaml"}, ";", []string{`a.yaml: error: cannot read "a.yaml"`}},
		{"an empty directory", map[string]string{"m/x.txt": ""}, []string{"m"}, ";", []string{`m: error: the directory "m" has no manifests`}},
		{"no argument", nil, nil, ";", []string{"error: no manifest was named"}},
		{"an empty file", map[string]string{"a.yaml": "# nothing\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml: error: the manifest is empty"}},
		{"no version", map[string]string{"a.yaml": "gadgets: {}\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:1:1: error: the manifest does not say its version"}},
		{"a later version", map[string]string{"a.yaml": "polyplan: 2\nnew_words: {}\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:1:11: error: version 2 of the manifest is not known"}},
		{"a worded version", map[string]string{"a.yaml": "polyplan: one\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:1:11: error: the manifest's version is a string"}},
		{"no map", map[string]string{"a.yaml": "- a\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:1:1: error: the manifest is a list"}},
		{"a mark", map[string]string{"a.yaml": "\ufeff" + one}, []string{"a.yaml"}, "one; a.yaml", nil},
		{"line ends", map[string]string{"a.yaml": "polyplan: 1\r\ngadgets:\r\n  one: {txt: 1}\r\n"}, []string{"a.yaml"}, "one; a.yaml", []string{`a.yaml:3:9: error: unknown key "txt"`}},
		{"UTF-16", map[string]string{"a.yaml": "\xff\xfep\x00o\x00"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml: error: the file is UTF-16"}},
		{"UTF-16 without a mark", map[string]string{"a.yaml": "p\x00o\x00l\x00"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml: error: the file is UTF-16"}},
		{"not UTF-8", map[string]string{"a.yaml": "polyplan: 1\nx-é: \xc3\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:2:6: error: byte 0xc3 is not UTF-8"}},
		{"NUL", map[string]string{"a.yaml": "polyplan: 1\nx-a: \x00\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:2:6: error: the character U+0000 must not stand in a manifest"}},
		{"a reversed word", map[string]string{"a.yaml": "x-a: \u202eabc\n"}, []string{"a.yaml"}, "; a.yaml", []string{"a.yaml:1:6: error: the character U+202E must not stand in a manifest"}},
		// What seems to be missing may stand in the file that could not be read.
		{"nothing follows from a broken file", map[string]string{"a.yaml": "polyplan: 1\ninclude: b.yaml\ngadgets: {g: {friend: h, text: \"${var.x}\"}}\n", "b.yaml": "gadgets:\n  h: [\n"},
			[]string{"a.yaml"}, "g; a.yaml b.yaml", []string{"b.yaml:2:6: error: a bracket is not closed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, tt.files)
			m, found := spec.Load(spec.Options{Kinds: testKinds(), Dir: dir, Files: tt.args, Env: env})
			inside(t, m, found)
			if d := cmp.Diff(tt.found, lines(found)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			var names []string
			for _, a := range m.Set.Addresses() {
				names = append(names, a.Name)
			}
			got := strings.TrimSuffix(strings.Join(names, " ")+"; "+strings.Join(m.Files, " "), " ")
			if d := cmp.Diff(tt.want, filepath.ToSlash(got)); d != "" {
				t.Errorf("read (-want +got):\n%s", d)
			}
		})
	}
}

// Files that ${file:} names are relative to the manifest that names them, and a
// second -f below the first shares its project.
func TestFileValues(t *testing.T) {
	dir := tree(t, map[string]string{
		"base.yaml":     "polyplan: 1\n",
		"env/prod.yaml": "gadgets: {g: {text: \"${file:../sql/q.sql}\", any: [\"${file:note.txt}\", \"${file:crlf.txt}\"]}}\n",
		"sql/q.sql":     "select 1\n\n", "env/note.txt": "no end", "env/crlf.txt": "\ufeffa\r\nb\r\n",
	})
	m, found := spec.Load(spec.Options{Kinds: testKinds(), Dir: dir, Files: []string{"base.yaml", "env/prod.yaml"}})
	if len(found) > 0 {
		t.Fatal(found)
	}
	got := m.Set[m.Set.Addresses()[0]].Object
	want := object{"name": "g", "flag": false, "text": "select 1\n", "any": list{"no end", "a\r\nb"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"tab", "a:\n\tb: 1\n", "2:2: a tab is used for indentation"},
		{"tab after blanks", "a:\n  b: 1\n \tc: 2\n", "3:3: a tab is used for indentation"},
		{"quote", "a: 1\nb: 'x\nc: 1\n", "2:1: a quotation mark is not closed"},
		{"double quote", "a: 1\nb:\n  c: \"x\n  d: 1\n", "3:3: a quotation mark is not closed"},
		{"bracket", "a: 1\nb: [1, 2\nc: 3\n", "2:4: a bracket is not closed"},
		{"brace", "a: 1\nb: {c: 2\nd: 3\n", "2:4: a bracket is not closed"},
		{"bracket after others", "a:\n  b: [1,\n    2]\n  c: 'it''s ['\n  d: a[1]\n  e: [1, 'x'\n  f: 3\n", "6:6: a bracket is not closed"},
		{"no comma", "a: 1\nb: [\"a\" \"b\"]\n", "2:1: a list goes on in an unexpected way"},
		{"indentation", "a:\n    b: 1\n    c: 1\n   d: 2\n", "4:4: the indentation fits no level above"},
		{"indentation far below", "a:\n  b: 1\n" + strings.Repeat("  c: 1\n", 50) + " d: 2\n", "53:2: the indentation fits no level above"},
		{"deeper", "a: 1\n  b: 2\n", "2:3: a key is not expected here"},
		{"colon in a value", "a: b: c\n", "1:1: a key is not expected here"},
		{"no colon", "a: 1\nb\nc: 1\n", "2:1: a \":\" is missing"},
		{"at sign", "x: 1\na: @b\n", "2:1: a value begins with a character that YAML keeps for itself"},
		{"anchor", "a: 1\nb: {c: *nope}\n", "2:1: there is no anchor &nope"},
		{"escape", "a: \"\\q\"\n", "1:1: an unknown escape follows a \"\\\""},
		{"token in braces", "a: {b: ${env.X}}\n", "1:1: ${...} between braces or brackets needs quotes"},
		{"directive", "%YAML 1.2\n---\na: 1\n", "1:1: directives are not read"},
		{"second document", "polyplan: 1\n---\na: [\n---\n", "3:4: a bracket is not closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, found := loadText(tt.in)
			inside(t, m, found)
			got := ""
			for _, d := range found {
				if d.Code == "syntax" {
					got = strings.TrimPrefix(d.Pos.String(), "<stdin>:") + ": " + d.What
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s\nall: %v", d, found)
			}
		})
	}
}
