package render

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/diag"
)

// tags writes escape sequences readably.
var tags = strings.NewReplacer(
	openBold, "<b>", openDim, "<d>", closeWeight, "</w>",
	openRed, "<r>", openGreen, "<g>", openYellow, "<y>", openCyan, "<c>", closeColour, "</c>",
	eraseLine, "<erase>",
)

func TestStyle(t *testing.T) {
	s := NewStyle(true)
	for _, tt := range []struct{ name, got, want string }{
		{"one", s.Green("x"), "<g>x</c>"},
		{"empty", s.Red(""), ""},
		{"colour in weight", s.Bold(s.Red("x") + "y"), "<b><r>x</c>y</w>"},
		{"colour in colour", s.Green("a" + s.Yellow("b") + "c"), "<g>a<y>b</c><g>c</c>"},
		{"weight in weight", s.Dim("a" + s.Bold("b") + "c"), "<d>a<b>b</w><d>c</w>"},
		{"lines", s.Cyan("a\n\nb\n"), "<c>a</c>\n\n<c>b</c>\n"},
	} {
		if d := cmp.Diff(tt.want, tags.Replace(tt.got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
		if undressed := undress(tt.got); strings.Contains(undressed, "\x1b") {
			t.Errorf("%s: undress left %q", tt.name, undressed)
		}
	}
	var plain Style
	if got := plain.Bold(plain.Red("x")); got != "x" {
		t.Errorf("the zero Style gives %q", got)
	}
}

func TestUndressLeavesOtherText(t *testing.T) {
	for _, in := range []string{"", "plain", "\x1b[", "a\x1b[2"} {
		if got := undress(in); got != in {
			t.Errorf("undress(%q) = %q", in, got)
		}
	}
}

func TestTable(t *testing.T) {
	s := NewStyle(true)
	for _, tt := range []struct {
		name string
		in   [][]string
		want string
	}{
		{"nothing", nil, ""},
		{"columns", [][]string{{"ADDRESS", "ID"}, {"model.a", "1"}, {"connection.b", "22"}},
			"ADDRESS       ID\nmodel.a       1\nconnection.b  22\n"},
		{"ragged, and no spaces at the end", [][]string{{"a", "b", "c"}, {"long"}, {"x", "", "z"}, {}, {"x", "yy", ""}},
			"a     b   c\nlong\nx         z\n\nx     yy\n"},
		{"wide", [][]string{{"日本", "x"}, {"abc", "y"}, {"e\u0301", "z"}},
			"日本  x\nabc   y\ne\u0301     z\n"},
		{"styled", [][]string{{s.Red("ab"), "x"}, {"abc", "y"}},
			"<r>ab</c>   x\nabc  y\n"},
	} {
		var b bytes.Buffer
		if err := Table(&b, tt.in); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if d := cmp.Diff(tt.want, tags.Replace(b.String())); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"日本語", 4, "日…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{NewStyle(true).Red("abc"), 3, "<r>abc</c>"},
		{NewStyle(true).Red("abcd"), 3, "ab…"},
	} {
		if got := tags.Replace(Truncate(tt.in, tt.width)); got != tt.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := diag.Visible(rapid.String().Draw(t, "text"))
		width := rapid.IntRange(0, 30).Draw(t, "width")
		if got := Truncate(text, width); Width(got) > width {
			t.Fatalf("%q is %d columns wide, not %d", got, Width(got), width)
		}
	})
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 errors", 1: "1 error", 12: "12 errors"} {
		if got := Count(n, "error"); got != want {
			t.Errorf("Count(%d) = %q", n, got)
		}
	}
}

// full is a disk that has room for so many bytes.
type full struct {
	room    int
	written bytes.Buffer
}

var errFull = errors.New("disk full")

func (f *full) Write(p []byte) (int, error) {
	if f.written.Len()+len(p) > f.room {
		return 0, errFull
	}
	return f.written.Write(p)
}

func TestPrinterKeepsFirstError(t *testing.T) {
	disk := &full{room: 12}
	p := NewPrinter(disk, Style{})
	p.Line("one", "two")
	p.Table([][]string{{"three", "four"}})
	p.Printf("%d", 5) // there would be room for this
	if !errors.Is(p.Err(), errFull) || disk.written.String() != "one two\n" {
		t.Errorf("Err = %v, written %q", p.Err(), disk.written.String())
	}
	if err := Diagnostics(&full{}, Style{}, diag.List{{What: "x"}}); !errors.Is(err, errFull) {
		t.Errorf("Diagnostics: %v", err)
	}
}
