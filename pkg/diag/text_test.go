package diag

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Diagnostic
		want string
	}{
		{"full form", Diagnostic{
			Pos:     Pos{File: "joined-hubspot.yaml", Line: 31, Col: 18, End: 22},
			What:    `unknown model "user"`,
			Why:     `this manifest has no model called "user"`,
			Fix:     `did you mean "users" (joined-hubspot.yaml:12:3)?`,
			Snippet: "      firstname: user.first_name",
		}, `
joined-hubspot.yaml:31:18: error: unknown model "user"
   31 |       firstname: user.first_name
      |                  ^^^^
  why: this manifest has no model called "user"
  fix: did you mean "users" (joined-hubspot.yaml:12:3)?`},
		{"one caret, fix of two lines", Diagnostic{
			Severity: Warning,
			Pos:      Pos{File: "a", Line: 100000, Col: 1},
			What:     "w", Fix: "run this:\npolyplan fmt\n", Snippet: "x: 1",
		}, `
a:100000:1: warning: w
100000 | x: 1
      | ^
  fix: run this:
       polyplan fmt`},
		{"wide characters", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 4, End: 6}, What: "w", Snippet: "日本 語x y"}, `
a:1:4: error: w
    1 | 日本 語x y
      |      ^^^`},
		{"combining marks", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 3, End: 4}, What: "w", Snippet: "e\u0301x: y"}, "\n" +
			"a:1:3: error: w\n    1 | e\u0301x: y\n      |  ^"},
		{"on the mark itself", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 2}, What: "w", Snippet: "e\u0301x: y"}, "\n" +
			"a:1:2: error: w\n    1 | e\u0301x: y\n      | ^"},
		{"tab", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 2, End: 3}, What: "w", Snippet: "\tkey: v"}, `
a:1:2: error: w
    1 |     key: v
      |     ^`},
		{"the tab itself", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 1, End: 2}, What: "w", Snippet: "\tkey: v"}, `
a:1:1: error: w
    1 |     key: v
      | ^^^^`},
		{"control characters", Diagnostic{Pos: Pos{File: "a\x1b", Line: 1, Col: 3, End: 4}, What: "w", Why: "\x1b[31m", Snippet: "\x1b\u202e\xffz"}, `
a\x1b:1:3: error: w
    1 | \x1b\u202e\xffz
      |           ^^^^
  why: \x1b[31m`},
		{"after the end", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 6}, What: "w", Snippet: "key: "}, `
a:1:6: error: w
    1 | key:
      |      ^`},
		{"far after the end", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 9000}, What: "w", Snippet: "key:"}, `
a:1:9000: error: w
    1 | key:
      |     ^`},
		{"no column", Diagnostic{Pos: Pos{File: "a", Line: 1}, What: "w", Snippet: "key:"}, `
a:1: error: w
    1 | key:`},
		{"long line, middle", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 501, End: 504}, What: "w",
			Snippet: strings.Repeat("a", 500) + "bcd" + strings.Repeat("e", 500)}, `
a:1:501: error: w
    1 | …` + strings.Repeat("a", 40) + "bcd" + strings.Repeat("e", 57) + `…
      |  ` + strings.Repeat(" ", 40) + "^^^"},
		{"long line, start", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 3}, What: "w", Snippet: strings.Repeat("a", 500)}, `
a:1:3: error: w
    1 | ` + strings.Repeat("a", 100) + `…
      |   ^`},
		{"long line, end", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 500}, What: "w", Snippet: strings.Repeat("a", 500)}, `
a:1:500: error: w
    1 | …` + strings.Repeat("a", 100) + `
      |  ` + strings.Repeat(" ", 99) + "^"},
		{"mark beyond the window", Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 1, End: 500}, What: "w", Snippet: strings.Repeat("a", 500)}, `
a:1:1: error: w
    1 | ` + strings.Repeat("a", 100) + `…
      | ` + strings.Repeat("^", 100)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), tt.in.Text()); d != "" {
				t.Errorf("Text (-want +got):\n%s", d)
			}
		})
	}
}

func TestPaintedNamesEveryPart(t *testing.T) {
	d := Diagnostic{Pos: Pos{File: "a", Line: 1, Col: 1}, What: "w", Why: "y", Snippet: "k"}
	names := map[Part]string{Place: "place", SeverityError: "error", SeverityWarning: "warning", What: "what", Gutter: "gutter", Source: "source", Caret: "caret", Label: "label"}
	got := d.Painted(func(p Part, s string) string { return names[p] + "(" + s + ")" })
	want := `place(a:1:1:) error(error:) what(w)
gutter(    1 |) source(k)
gutter(      |) caret(^)
  label(why:) y`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Painted (-want +got):\n%s", d)
	}
}

func TestAnnotate(t *testing.T) {
	s := Sources{
		"a.yaml":    []byte("\ufeffkey: value # why\r\nlist: [one, 'two, it''s']\n\nq: \"a \\\" b\"\u2028last: {x: y}"),
		"open.yaml": []byte(`k: "never closed`),
	}
	at := func(file string, line, col int) Diagnostic {
		return Diagnostic{Pos: Pos{File: file, Line: line, Col: col}, What: "w"}
	}
	in := List{
		at("a.yaml", 1, 1), at("a.yaml", 1, 6), at("a.yaml", 2, 8), at("a.yaml", 2, 13), at("a.yaml", 4, 4),
		at("a.yaml", 5, 7), at("a.yaml", 3, 1), at("open.yaml", 1, 4), at("a.yaml", 99, 1), at("b.yaml", 1, 1), at("a.yaml", 1, 0),
		{Pos: Pos{File: "a.yaml", Line: 1, Col: 1, End: 2}, Snippet: "mine", What: "w"},
	}
	type place struct {
		Snippet string
		End     int
	}
	var got []place
	for _, d := range s.Annotate(in) {
		got = append(got, place{d.Snippet, d.Pos.End})
	}
	want := []place{
		{"key: value # why", 4},
		{"key: value # why", 11},
		{"list: [one, 'two, it''s']", 11},
		{"list: [one, 'two, it''s']", 22}, // a doubled quote ends the mark early, which harms nobody
		{`q: "a \" b"`, 12},
		{"last: {x: y}", 0},
		{"", 0},
		{`k: "never closed`, 0},
		{"", 0},
		{"", 0},
		{"key: value # why", 0},
		{"mine", 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Annotate (-want +got):\n%s", d)
	}
	if in[0].Snippet != "" {
		t.Error("Annotate changed the list it was given")
	}
}

func TestVisible(t *testing.T) {
	for _, tt := range []struct{ in, want, lines string }{
		{"plain é 日本 👍 \\x1b", "plain é 日本 👍 \\x1b", "plain é 日本 👍 \\x1b"},
		{"a\nb\tc\rd", `a\nb\tc\rd`, "a\nb\tc\\rd"},
		{"\x00\x1b[2J\x7f", `\x00\x1b[2J\x7f`, `\x00\x1b[2J\x7f`},
		{"\u0085\u009b", `\u0085\u009b`, `\u0085\u009b`},
		{"\u202a\u202e\u2066\u2069\u200f\u061c", `\u202a\u202e\u2066\u2069\u200f\u061c`, `\u202a\u202e\u2066\u2069\u200f\u061c`},
		{"\u200b\u200d\ufeff\u2060\u00ad", `\u200b\u200d\ufeff\u2060\u00ad`, `\u200b\u200d\ufeff\u2060\u00ad`},
		{"\u2028\u2029", `\u2028\u2029`, `\u2028\u2029`},
		{"\U000e0041", `\U000e0041`, `\U000e0041`},
		{"a\xff\xc0b", `a\xff\xc0b`, `a\xff\xc0b`},
		{"\ufffd", "\ufffd", "\ufffd"},
		{"\u0600\u0661", "\u0600\u0661", "\u0600\u0661"},
	} {
		if got := Visible(tt.in); got != tt.want {
			t.Errorf("Visible(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if got := VisibleLines(tt.in); got != tt.lines {
			t.Errorf("VisibleLines(%q) = %q, want %q", tt.in, got, tt.lines)
		}
	}
}

func TestWidth(t *testing.T) {
	for in, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "👍": 2, "é": 1} {
		if got := Width(in); got != want {
			t.Errorf("Width(%q) = %d, want %d", in, got, want)
		}
	}
}

// Whatever the text, what is shown is valid, harmless and bounded, and the
// carets stay within what is shown.
func TestTextIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "日", "\u0301", "\t", "\x1b", "\u202e", "\xff", "👩\u200d👩", " "}), 0, 600),
				func(s []string) string { return strings.Join(s, "") }),
		)
		snippet := strings.ReplaceAll(text.Draw(t, "snippet"), "\n", "")
		d := Diagnostic{
			Pos:     Pos{File: "a", Line: 1, Col: rapid.IntRange(1, 700).Draw(t, "col"), End: rapid.IntRange(0, 800).Draw(t, "end")},
			What:    text.Draw(t, "what"),
			Why:     strings.ReplaceAll(text.Draw(t, "why"), "\n", ""),
			Snippet: snippet,
		}
		got := d.Text()
		if !utf8.ValidString(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
		if i := strings.IndexFunc(strings.ReplaceAll(got, "\n", ""), func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
		}); i >= 0 && !strings.Contains(d.Why, "\t") {
			t.Fatalf("control character in %q", got)
		}
		if snippet == "" {
			return
		}
		lines := strings.Split(got, "\n")
		source, caret := lines[1], lines[2]
		const gutter, ellipses, caretAfterEnd = 8, 2, 1
		if w := Width(source); w > gutter+windowWidth+ellipses {
			t.Fatalf("%d columns wide: %q", w, source)
		}
		if w := Width(caret); w > gutter+windowWidth+ellipses+caretAfterEnd {
			t.Fatalf("carets reach to column %d: %q", w, caret)
		}
		if !strings.HasSuffix(caret, "^") {
			t.Fatalf("no caret in %q", caret)
		}
	})
}
