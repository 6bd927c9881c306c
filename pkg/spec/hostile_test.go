package spec

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/resource"
)

// hostile are manifests that make careless readers run out of time, memory or
// stack. Each must end in a finding with the code, or be read.
var hostile = []struct {
	name, code string
	text       func() string
}{
	{"laughter", "alias-budget", func() string {
		var b strings.Builder
		b.WriteString("x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
		for i := 1; i < 10; i++ {
			fmt.Fprintf(&b, "x-%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
		}
		return b.String()
	}},
	{"flat laughter", "alias-budget", func() string {
		return "x-0: &a [" + strings.Repeat("x, ", 1000) + "]\nx-1: [" + strings.Repeat("*a, ", 1000) + "]\n"
	}},
	{"merge chain", "alias-budget", func() string {
		var b strings.Builder
		b.WriteString("x-0: &m0 {")
		for i := range 2000 {
			fmt.Fprintf(&b, "k%d: 1, ", i)
		}
		b.WriteString("}\n")
		for i := 1; i < 2000; i++ {
			fmt.Fprintf(&b, "x-%d: &m%d {<<: *m%d, n%d: 1}\n", i, i, i-1, i)
		}
		return b.String()
	}},
	{"merge of many", "alias-budget", func() string {
		var b strings.Builder
		b.WriteString("x-0: &m {")
		for i := range 2000 {
			fmt.Fprintf(&b, "k%d: 1, ", i)
		}
		b.WriteString("}\nx-1: {<<: [" + strings.Repeat("*m, ", 2000) + "]}\n")
		return b.String()
	}},
	{"itself", "endless-alias", func() string { return "x-0: &a [*a]\n" }},
	{"itself through a map", "endless-alias", func() string { return "x-0: &a {b: {c: *a}}\n" }},
	{"itself by merging", "endless-alias", func() string { return "x-0: &a {<<: *a}\n" }},
	{"depth by aliases", "too-deep", func() string {
		var b strings.Builder
		b.WriteString("x-0: &a0 1\n")
		for i := 1; i < 100; i++ {
			fmt.Fprintf(&b, "x-%d: &a%d [*a%d]\n", i, i, i-1)
		}
		return b.String()
	}},
	{"deep", "too-deep", func() string { return "x-0: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n" }},
	{"deeper than the parser goes", "syntax", func() string { return "x-0: " + strings.Repeat("[", 1_000_000) }},
	{"deep braces", "syntax", func() string { return "x-0: " + strings.Repeat("{a: ", 300_000) }},
	{"deep dashes", "syntax", func() string { return strings.Repeat("- ", 100_000) }},
	{"deep questions", "syntax", func() string { return strings.Repeat("? ", 100_000) }},
	{"many keys", "unknown-key", func() string {
		var b strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&b, "key%d: 1\n", i)
		}
		return b.String()
	}},
	{"one key many times", "duplicate-key", func() string { return strings.Repeat("x-0: 1\n", 20_000) }},
	{"many documents", "unknown-key", func() string { return strings.Repeat("---\na: 1\n", 10_000) }},
	{"many empty documents", "", func() string { return "polyplan: 1\n" + strings.Repeat("---\n", 20_000) }},
	{"many comments", "", func() string { return "polyplan: 1\n" + strings.Repeat("# comment\n", 250_000) }},
	{"a long line", "", func() string { return "polyplan: 1\nx-0: " + strings.Repeat("a", 2<<20) + "\n" }},
	{"a long list", "", func() string { return "polyplan: 1\nx-0: [" + strings.Repeat("a, ", 100_000) + "]\n" }},
	{"many tokens", "no-version", func() string { return "vars: {a: \"" + strings.Repeat("${env.X:-y}", 50_000) + "\"}\n" }},
	{"an open token", "bad-token", func() string { return "vars: {a: \"" + strings.Repeat("${", 50_000) + "\"}\n" }},
}

// refusal is how much processor time it takes to read a text, the best of some
// tries.
func refusal(text string) time.Duration {
	best := time.Hour
	for range 5 {
		began := trial.Processor()
		Load(Options{Files: []string{"-"}, Stdin: strings.NewReader(text)})
		best = min(best, trial.Processor()-began)
	}
	return best
}

func TestHostile(t *testing.T) {
	slowest := time.Duration(0)
	defer func() {
		if trial.IsLong() {
			trial.AtMost(t, "processor time to refuse a YAML bomb, slowest of 4", float64(slowest.Milliseconds()), 100, "ms")
		}
	}()
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.text()
			if trial.IsLong() && tt.code == "alias-budget" {
				slowest = max(slowest, refusal(text))
			}
			m, found := Load(Options{Files: []string{"-"}, Stdin: strings.NewReader(text)})
			if tt.code == "" && len(found) > 0 {
				t.Errorf("findings: %v", found[:min(3, len(found))])
			}
			if tt.code != "" && !slices.ContainsFunc(found, func(d diag.Diagnostic) bool { return d.Code == tt.code }) {
				t.Errorf("no %s among the %d findings", tt.code, len(found))
			}
			for _, d := range m.Sources.Annotate(found[:min(3, len(found))]) {
				if n := len(d.Text()); n > 2000 {
					t.Errorf("a finding of %d bytes", n)
				}
			}

			// However often aliases repeat things, what there is to visit stays
			// in proportion to the file.
			var ignored diag.List
			src := newSource("x", []byte(text))
			roots, _ := decode(src.data)
			nodes, size := 0, 0
			for _, root := range roots {
				nodes += count(root)
			}
			for _, doc := range documents(src, &ignored) {
				size += int(doc.size)
			}
			if most := (1+aliasFactor)*nodes + aliasAllowance; size > most {
				t.Errorf("%d nodes became %d, more than %d", nodes, size, most)
			}
		})
	}
}

// A circle of thousands is drawn in part, and found in one run.
func TestLongCircle(t *testing.T) {
	const n = 20_000
	kind := &resource.Kind{Name: "link", Section: "links", Fields: []resource.Field{{Name: "next", Type: resource.Ref, To: "link"}}}
	var b strings.Builder
	b.WriteString("polyplan: 1\nlinks:\n")
	for i := range n {
		fmt.Fprintf(&b, "  l%d: {next: l%d}\n", i, (i+1)%n)
	}
	_, found := Load(Options{Kinds: []*resource.Kind{kind}, Files: []string{"-"}, Stdin: strings.NewReader(b.String())})
	if len(found) != 1 || found[0].Code != "cycle" || strings.Count(found[0].Why, "\n") != maxDrawn+1 {
		t.Errorf("findings: %v", found)
	}
}

func TestLargeFile(t *testing.T) {
	_, found := Load(Options{Files: []string{"-"}, Stdin: strings.NewReader(strings.Repeat("# filler\n", maxFile/9+1))})
	if len(found) != 1 || found[0].What != "the file is too large" {
		t.Errorf("findings: %v", found)
	}
}

// Looking for near names among many for many would take minutes.
func TestNearIsBounded(t *testing.T) {
	l := &loader{}
	among := func() []string { return make([]string, 1_000_000) }
	for i := range 10 {
		l.near("model", fmt.Sprint(i), among)
	}
	if len(l.nearest) > 2 {
		t.Errorf("a million names were compared with %d words", len(l.nearest))
	}
}
