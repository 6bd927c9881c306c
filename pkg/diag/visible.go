package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Visible returns s with everything that a terminal or a reader's eye would
// not show made visible and harmless: control characters, bidirectional
// overrides, zero-width and other format characters, line and paragraph
// separators and bytes that are not UTF-8 become escapes such as \n, \x1b or
// \u202e. All other text, backslashes among it, stays as it is, so the result
// is for reading, not for parsing back.
func Visible(s string) string { return visible(s, "") }

// VisibleLines is [Visible] for text of several lines: newlines and tabs stay.
func VisibleLines(s string) string { return visible(s, "\n\t") }

func visible(s, keep string) string {
	hidden := func(r rune) bool { return hides(r) && !strings.ContainsRune(keep, r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !hidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

// hides reports whether r acts instead of showing: controls (C0, DEL, C1), the
// two separators that some programs take for line ends, and the format
// characters, which hold the bidirectional controls, the zero-width ones and
// the tags that can smuggle text. Of these the signs that stand before a number
// in Arabic and Kaithi script do show.
func hides(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Cf) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// Width returns how many columns of a terminal s fills: wide characters count
// two, combining marks none. s should have passed [Visible]; what it would
// escape counts as nothing here.
func Width(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return uniseg.StringWidth(s)
		}
	}
	return len(s)
}
