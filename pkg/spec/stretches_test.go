package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/diag"
)

// inOne parses a text in stretches of at least size bytes, and as a whole, and
// compares what comes of it. It reports whether there were stretches.
func inOne(t *testing.T, text string, size int) bool {
	t.Helper()
	parts, whole := newSource("x.yaml", []byte(text)), newSource("x.yaml", []byte(text))
	var foundParts, foundWhole diag.List
	n, ok := inStretches(parts, size, &foundParts)
	if !ok {
		if parts.secrets != nil || foundParts != nil {
			t.Errorf("what came to nothing left something behind: %v", foundParts)
		}
		return false
	}
	want := documents(whole, &foundWhole) // too small to be cut
	if len(want) != 1 {
		t.Fatalf("it is %d documents, and was parsed as one:\n%s", len(want), text)
	}
	if d := cmp.Diff(dump(want[0]), dump(n)); d != "" {
		t.Errorf("in stretches of %d bytes it says something else (-whole +stretches):\n%s\nin:\n%s", size, d, text)
	}
	if !reflect.DeepEqual(foundWhole, foundParts) || !reflect.DeepEqual(whole.secrets, parts.secrets) {
		t.Errorf("in stretches of %d bytes other things are found:\n%v\n%v\nin:\n%s", size, foundParts, foundWhole, text)
	}
	return true
}

// dump writes all that a node says, and those below it.
func dump(n *node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%d %d %v %v %v %d %d %q %#v\n", n.line, n.col, n.kind, n.quoted, n.block, n.hidden, n.height, n.size, n.text, n.value)
	for _, item := range n.items {
		b.WriteString("- " + dump(item))
	}
	for _, m := range n.members {
		b.WriteString("? " + dump(m.key) + ": " + dump(m.value))
	}
	return b.String()
}

func TestStretches(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		cut        bool
	}{
		{"sections", "polyplan: 1\na:\n  b: {c: d}\n  e: [f]\ng:\n  h:\n    i: j\n  k: ~\n", true},
		{"text over lines", "a:\n  b: |\n    c: d\n\n  e: f\n    g\n  h: \"i\n  j: k\"\n  l: 'm\nn: o'\np: q\n", false},
		{"a block of text", "a:\n  b: |\n    c: d\n\n    e: f\n  g: >+\n\n\n  h: 1\ni: |-\n j\nk: l\n", true},
		{"open brackets", "a:\n  b: [c,\n  d: e]\n  f: {g: [\nh: i]}\nj: k\n", false},
		{"comments", "a: # b\n  # c\n  b: 1\n# d\n  c: 2 # e\n\n# f\nd:\n  e: 1\n", true},
		{"a repeated section", "a:\n  b: 1\n  c: 2\na:\n  d: 1\n  e: 2\nf: 1\n", true},
		{"repeated keys", "a:\n  b: 1\n  c: 2\n  b: 3\n  password: x\n", true},
		{"CRLF", "a:\r\n  b: 1\r\n  c: 2\r\nd: 1\r\n", true},
		{"an alias in its own stretch", "a:\n  b: {x: &x 1, y: *x}\n  c: 2\n", true},
		{"an alias from another", "a: &a {b: c}\nd: *a\ne: {<<: *a}\n", false},
		{"a section that is a list", "a:\n- b: 1\n  c: 2\n- d: 3\ne: 1\n", true},
		{"a section that is a text", "a:\n  b\n  c\nd: 1\n", false},
		{"another margin", "a:\n  b: 1\n   c: 2\n", false},
		{"documents", "a: 1\nb: 2\n---\nc: 1\nd: 1\n", false},
		{"the end of a document", "a: 1\nb: 2\n...\nc: 1\nd: 1\n", false},
		{"the same with old line ends", "a: 1\rb: 2\r...\rc: 1\rd: 1\r", false},
		{"a map that begins before its margin", "&a\n  b: |\n    c\nd: 1\n", false},
		{"a key without a value", "a:\n  b: 1\n  ? c\n  d: 1\n", false},
		{"a text alone", "a\nb\nc\n", false},
		{"a syntax error", "a:\n  b: 1\n  c: [\nd: 1\n", false},
	} {
		if got := inOne(t, tt.text, 1); got != tt.cut {
			t.Errorf("%s: was parsed in stretches: %v", tt.name, got)
		}
	}
}

// FuzzStretches: a text says the same in stretches and as a whole.
func FuzzStretches(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	if len(files) == 0 {
		f.Fatal("no fixtures to begin with")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b), 40)
	}
	for _, s := range []string{"a:\n  b: |2\n\n   c\n  d: e\nf: g\n", "? a\n: b\nc: d\n", "a: &x\n  b: 1\n  c: *x\nd: 2\n", "--- # a\na:\n b: 1\n c: 2\n", "a:\n  b: >-\n   \n  c: d\n", "a: 'b\nc: d'\ne: f\n"} {
		f.Add(s, 1)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		var ignored diag.List
		if data, ok := clean("x.yaml", []byte(text), &ignored); ok && strings.Contains(text, "\n") {
			inOne(t, string(data), max(1, size%200))
		}
	})
}
