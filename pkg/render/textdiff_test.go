package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawn writes a diff as it is read, what changed in a line in brackets.
func drawn(lines []textLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteByte(l.Mark)
		for _, p := range l.Parts {
			if p.Hot {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestTextDiff(t *testing.T) {
	numbered := func(from, to int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			fmt.Fprintf(&b, "%d\n", i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, before, after, want string }{
		{"same", "a\nb\n", "a\nb\n", ""},
		{"a word", "select a\nfrom t\n", "select a\nfrom users\n", " select a\n-from [t]\n+from [users]\n"},
		{"another line", "abc def\nx\n", "ghi\nx\n", "-abc def\n+ghi\n x\n"},
		{"added and removed", "a\nb\nc\n", "b\nc\nd\n", "-a\n b\n c\n+d\n"},
		{"surroundings", numbered(1, 20), strings.Replace(numbered(1, 20), "\n10\n", "\nten\n", 1),
			"~… 6 lines the same\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n~… 7 lines the same\n"},
		{"one line is not worth leaving out", numbered(1, 4), numbered(1, 4) + "5\n", " 1\n 2\n 3\n 4\n+5\n"},
		{"two places", numbered(1, 20), "0\n" + numbered(1, 20) + "21\n", "+0\n 1\n 2\n 3\n~… 14 lines the same\n 18\n 19\n 20\n+21\n"},
		{"a line after the last", "a", "a\nb", " a\n+b\n"},
		{"line end gone", "a\nb\n", "a\nb", " a\n-b\n+b\n~(no line end here)\n"},
		{"line end new", "a\nb", "a\nb\n", " a\n-b\n~(no line end here)\n+b\n"},
		{"all gone", "a\nb\n", "", "-a\n-b\n"},
		{"a tab for spaces", "a\n    b\n", "a\n\tb\n", " a\n-    b\n+\\tb\n"},
		{"spaces at the end", "a\nb c\n", "a\nb c  \n", " a\n-b c\n+b c[\\x20\\x20]\n"},
		{"carriage returns", "a\r\nb\n", "a\nb\n", "-a[\\r]\n+a\n b\n"},
		{"an escape and what looks like one", "a\n\x1b all b\n", "a\n\\x1b all b\n", " a\n-[\\x1b] all b\n+[\\\\x1b] all b\n"},
		{"invalid UTF-8", "a\nx \xff y\n", "a\nx \xfe y\n", " a\n-x [\\xff] y\n+x [\\xfe] y\n"},
		{"replacement character", "a\nx \xff yy\n", "a\nx \ufffd yy\n", " a\n-x [\\xff] yy\n+x [\ufffd] yy\n"},
		{"too long", numbered(1, 5000), numbered(1, 3000) + "x\n", "~too long to compare here: 5,001 lines became 3,002, the first difference is in line 3,001\n"},
	} {
		if d := cmp.Diff(tt.want, drawn(textDiff(tt.before, tt.after))); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestPiecesMakeBoth(t *testing.T) {
	list := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "\xff", "\xfe", "\ufffd", ""}), 0, 30)
	rapid.Check(t, func(t *rapid.T) {
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		var before, after []string
		changed := false
		for _, blk := range pieces(a, b) {
			before, after = append(append(before, blk.same...), blk.gone...), append(append(after, blk.same...), blk.come...)
			changed = changed || blk.same == nil
		}
		if !slices.Equal(a, before) || !slices.Equal(b, after) || changed == slices.Equal(a, b) {
			t.Fatalf("%q and %q became %q and %q", a, b, before, after)
		}
	})
}

// More different lines than there are characters below the surrogates.
func TestLettersPassSurrogates(t *testing.T) {
	for _, i := range []int{0, 0xd7fe, 0xd7ff, 0xd800, 0x10000} {
		if r := letter(i); number(r) != i || string(r) == "\ufffd" {
			t.Errorf("%d is written %U and read %d", i, r, number(r))
		}
	}
}

func TestTextDiffShowsEveryDifference(t *testing.T) {
	text := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b c", " ", "\t", "\n", "\n", "\r", "\\", "\xff", "\u200b", "é"}), 0, 20),
		func(s []string) string { return strings.Join(s, "") })
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		lines := textDiff(a, b)
		changed := slices.ContainsFunc(lines, func(l textLine) bool { return l.Mark == '+' || l.Mark == '-' })
		if changed != (a != b) {
			t.Fatalf("%q and %q: %s", a, b, drawn(lines))
		}
		var minus, plus []string
		for _, l := range lines {
			switch {
			case l.Mark == '-':
				minus = append(minus, l.Plain())
			case l.Mark == '+':
				plus = append(plus, l.Plain())
			case l.Mark == '~' && strings.HasPrefix(l.Plain(), "(no line end"):
				minus = append(minus, l.Plain())
			}
		}
		if a != b && slices.Equal(minus, plus) {
			t.Fatalf("%q and %q look the same: %s", a, b, drawn(lines))
		}
	})
}
