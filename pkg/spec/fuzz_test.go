package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/spec"
)

func seeds(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	if len(files) == 0 {
		f.Fatal("no fixtures to begin with")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	for _, s := range []string{"", "polyplan: 1", "a: [", "a: 'b", "\ta", "a:\r\n  - b\r\n", "? a\n: b", "a: &b\n  <<: *b", "--- |\n x", "a: \"\\x41\\u00e9\"", "é: ö", "a: |+\n\n b\n\n", "%YAML 1.2\n---\na"} {
		f.Add(s)
	}
}

// FuzzLoad: whatever the text, loading ends in words, and every place named is
// within the file.
func FuzzLoad(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		m, found := loadText(text)
		inside(t, m, found)
		if again, _ := loadText(text); len(again.Set) != len(m.Set) {
			t.Errorf("%d resources, then %d", len(m.Set), len(again.Set))
		}
	})
}

// FuzzReference puts a text where references, sources, paths and values from
// outside stand.
func FuzzReference(f *testing.F) {
	for _, s := range []string{"g", "model.g", "g.a.b", ".", "..", "${env.X}", "${", "$${", "${env.X:-}", "${file:../x}", "${file:/dev/zero}", "${var.}", `a."b.c"[0]`, "a[", "gadget.g", " ", "x y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		q := quoted(s)
		for _, line := range []string{"polyplan: 1", "vars: {v: " + q + "}", "gadgets:", "  g:", "    friend: " + q, "    one: [" + q + ", {model: " + q + ", field: " + q + "}]",
			"    unmanaged: [" + q + "]", "    text: " + q, "    friends: [{id: " + q + "}]", "moved: [{from: " + q + ", to: " + q + "}]", "removed: [{address: " + q + "}]"} {
			b.WriteString(line + "\n")
		}
		m, found := loadText(b.String())
		inside(t, m, found)
	})
}

// quoted writes s as YAML's single quotes do.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// FuzzFormat: formatting never changes what a manifest says, and a second time
// nothing at all.
func FuzzFormat(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) { checkFormat(t, text) })
}

func checkFormat(t *testing.T, text string) {
	t.Helper()
	once, found := spec.Format("x.yaml", []byte(text), testKinds())
	if len(found) > 0 {
		if string(once) != text {
			t.Errorf("findings, and yet a change:\n%v\n%s", found, once)
		}
		return
	}
	same(t, text, string(once))
	twice, found := spec.Format("x.yaml", once, testKinds())
	if string(once) != string(twice) || found.HasErrors() {
		t.Errorf("not settled: %v\nfrom:\n%s\nonce:\n%s\ntwice:\n%s", found, text, once, twice)
	}
}
