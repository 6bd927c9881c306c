package spec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	other "go.yaml.in/yaml/v3"

	"github.com/polyplan/polyplan/pkg/spec"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"empty lines", "\n\npolyplan: 1\n\n\n\nx-a: 1\n\n\n", "polyplan: 1\n\nx-a: 1\n"},
		{"line ends", "polyplan: 1  \r\nx-a: 1\t\r\n  \r\n", "polyplan: 1\nx-a: 1\n"},
		{"no line end", "polyplan: 1", "polyplan: 1\n"},
		{"colons", "polyplan:   1\nx-a :\n  b:\t2   # kept\n", "polyplan: 1\nx-a:\n  b: 2   # kept\n"},
		{"brackets", "x-a: { a: 1, b : [ 1,2 , 3 ],c: {} , \"d\":4,e,f:  }\n", "x-a: {a: 1, b: [1, 2, 3], c: {}, \"d\": 4, e, f: }\n"},
		{"brackets over lines", "x-a: [\n      1,\n  {a: 1,\n  b: 2},\n    ]\nx-b:\n     - {\n  a: 1 }\n", "x-a: [\n  1,\n  {a: 1,\n    b: 2},\n]\nx-b:\n  - {\n    a: 1 }\n"},
		{"indentation", "x-a:\n    b:\n       c: 1\n       d: 2\n    e: 3\n", "x-a:\n  b:\n    c: 1\n    d: 2\n  e: 3\n"},
		{"lists", "x-a:\n- b\n-   c: 1\n    d: 2\n-\n     e: 1\nx-b:\n    -  - 1\n       - 2\n    - 3\n", "x-a:\n  - b\n  - c: 1\n    d: 2\n  -\n    e: 1\nx-b:\n  - - 1\n    - 2\n  - 3\n"},
		{"comments", "# head\n\n# above\nx-a: # beside\n     # first\n     b: 1\n     # last of a\n# of c\nx-c:\n    # in c\n    - 1\n    # end\n  # odd\n# foot\n",
			"# head\n\n# above\nx-a: # beside\n  # first\n  b: 1\n  # last of a\n# of c\nx-c:\n  # in c\n  - 1\n  # end\n# odd\n# foot\n"},
		{"blocks", "x-a:\n      b: |\n         one\n           two\n\n         three  \n      c: >-\n             folded\n\n             text\n      d: |+\n        kept\n\n\n      e: |2\n          spaces\n",
			"x-a:\n  b: |\n    one\n      two\n\n    three  \n  c: >-\n    folded\n\n    text\n  d: |+\n    kept\n\n\n  e: |2\n      spaces\n"},
		{"text over lines", "x-a:\n      b: one\n       two\n      c: \"one\n    two\\\n          three\"\n      d:\n         'one\n\n         two'\n", "x-a:\n  b: one\n    two\n  c: \"one\n    two\\\n    three\"\n  d:\n    'one\n\n    two'\n"},
		{"anchors", "x-a: &a   {b: 1}\nx-b:\n      <<:   *a\n      c: &c !!str   1\n      d: *c\n", "x-a: &a   {b: 1}\nx-b:\n  <<: *a\n  c: &c !!str   1\n  d: *c\n"},
		{"documents", "---\npolyplan:  1\n---\n\n\nx-a:\n    b: 1\n...\n", "---\npolyplan: 1\n---\n\nx-a:\n  b: 1\n...\n"},
		{"order", "# The head.\n\n# syncs\nsyncs: {}\nx-z: 1\nremoved: []\nmoved: []\n\n# the models\n\nmodels:\n  a: {}\n  # end of models\nconnections: {}\nvars: {}\nx-y: &y {a: 1}\ninclude: []\npolyplan: 1\n# The foot.\n",
			"# The head.\n\npolyplan: 1\n\ninclude: []\n\nx-y: &y {a: 1}\n\nvars: {}\n\nconnections: {}\n\n# the models\n\nmodels:\n  a: {}\n  # end of models\n\n# syncs\nsyncs: {}\n\nmoved: []\n\nremoved: []\n\nx-z: 1\n# The foot.\n"},
		{"short forms", "gadgets:\n  g:\n    plan: {when: now}\n    one: [{model: a, field: b}]\n    mapping:\n      a: {source: {model: a, field: b}}\n      b:\n        source: a.c\n      c:\n        source: # why\n          a.c\n      d: {source: a.d, note: x}\n      e: {source: {model: a, field: 'b.c'}}\n",
			"gadgets:\n  g:\n    plan: now\n    one: a.b\n    mapping:\n      a: a.b\n      b: a.c\n      c:\n        source: # why\n          a.c\n      d: {source: a.d, note: x}\n      e: {source: {model: a, field: 'b.c'}}\n"},
		{"short forms in blocks", "gadgets:\n  g:\n    one:\n      - a.b\n    plan:\n      when: \"now\"\n  h:\n    one:\n      - model: a\n        field: b\n      - a.c\n", "gadgets:\n  g:\n    one: a.b\n    plan: \"now\"\n  h:\n    one:\n      - a.b\n      - a.c\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, found := spec.Format("x.yaml", []byte(tt.in), testKinds())
			if len(found) > 0 {
				t.Errorf("findings: %v", found)
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			checkFormat(t, tt.in)
		})
	}
}

func TestFormatRefuses(t *testing.T) {
	for in, code := range map[string]string{"a: [\n": "syntax", "a: \x00\n": "not-text", "? a\n: b\n": "not-formatted"} {
		got, found := spec.Format("x.yaml", []byte(in), testKinds())
		if string(got) != in || len(found) != 1 || found[0].Code != code {
			t.Errorf("%q: %q, %v", in, got, found)
		}
	}
}

func TestFormatFixtures(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checkFormat(t, string(src))
	}
	for _, tt := range []struct{ name, in string }{{"groups", string(groups(3))}} {
		checkFormat(t, tt.in)
	}
}

// same checks with another parser that two texts say the same but for the order
// of top-level keys and for short forms.
func same(t *testing.T, a, b string) {
	t.Helper()
	docs := func(s string) (out []any, ok bool) {
		d := other.NewDecoder(strings.NewReader(s))
		for {
			var v any
			if err := d.Decode(&v); err != nil {
				return out, err.Error() == "EOF"
			}
			out = append(out, v)
		}
	}
	before, ok1 := docs(a)
	after, ok2 := docs(b)
	if !ok1 {
		return // what that parser refuses to put into maps, such as repeated keys
	}
	if !ok2 {
		t.Errorf("it cannot be read any more:\n%s\nit was:\n%s", b, a)
		return
	}
	if d := cmp.Diff(before, after); d != "" && !strings.Contains(a, "gadgets") && !strings.Contains(a, "models") && !strings.Contains(a, "syncs") {
		t.Errorf("not the same (-before +after):\n%s\n%s\n%s", d, a, b)
	}
	m1, _ := loadText(a)
	m2, _ := loadText(b)
	if len(m1.Set) != len(m2.Set) {
		t.Errorf("%d resources, then %d", len(m1.Set), len(m2.Set))
	}
	for _, addr := range m1.Set.Addresses() {
		if m2.Set[addr] == nil {
			t.Errorf("%s is lost", addr)
			continue
		}
		if d := cmp.Diff(m1.Set[addr].Object, m2.Set[addr].Object, revealed); d != "" {
			t.Errorf("%s (-before +after):\n%s\n%s\n%s", addr, d, a, b)
		}
	}
	comments := func(s string) (out []string) {
		for _, l := range strings.Split(s, "\n") {
			if t := strings.TrimLeft(l, " \t"); strings.HasPrefix(t, "#") {
				out = append(out, strings.TrimRight(t, " \t\r"))
			}
		}
		slices.Sort(out)
		return out
	}
	if d := cmp.Diff(comments(strings.ReplaceAll(a, "\r", "\n")), comments(b)); d != "" && !strings.ContainsAny(a, "|>\"'\ufeff") {
		t.Errorf("comments (-before +after):\n%s", d)
	}
}
