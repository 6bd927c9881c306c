package render

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// inline is a value in one line, as a manifest would have it: strings bare
// where nothing else could be meant and quoted elsewhere, lists and maps in
// flow form, secrets as such. It is harmless for a terminal, and different
// values never look the same.
func inline(v any) string {
	var b strings.Builder
	writeInline(&b, v, false)
	return b.String()
}

func writeInline(b *strings.Builder, v any, nested bool) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		b.WriteString(scalar(v, nested))
	case resource.Object:
		b.WriteByte('{')
		for i, key := range resource.Keys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(scalar(key, true) + ": ")
			writeInline(b, v[key], true)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeInline(b, e, true)
		}
		b.WriteByte(']')
	default:
		b.WriteString(diag.Visible(resource.Text(v)))
	}
}

// scalar is a string bare or quoted. Within lists and maps more has to be quoted.
func scalar(s string, nested bool) string {
	if ambiguous(s) || nested && strings.ContainsAny(s, ",[]{}:") {
		return quoted(s)
	}
	return s
}

// quoted is s in quotes, in one line.
func quoted(s string) string { return `"` + strings.ReplaceAll(exact(s), `"`, `\"`) + `"` }

// notText is what a manifest would read as something else than a string: a
// number, a date.
var notText = regexp.MustCompile(`^(?i:[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|0[xob][\da-f_]+|[-+]?\.(inf|nan)|\d{4}-\d\d?-\d\d?([t ].*)?|true|false|null|~)$`)

// ambiguous reports whether s must be quoted to be read as the string that it
// is, and not as something of YAML's or of ours.
func ambiguous(s string) bool {
	if s == "" || strings.TrimSpace(s) != s || diag.Visible(s) != s || notText.MatchString(s) {
		return true
	}
	// "(" begins our own words, such as (secret).
	if strings.ContainsRune("[]{}#&*!|>'\"%@`,(=", rune(s[0])) || strings.HasSuffix(s, ":") {
		return true
	}
	if rest := s[1:]; strings.ContainsRune("-?:", rune(s[0])) && (rest == "" || rest[0] == ' ') {
		return true
	}
	for _, part := range []string{": ", " #", "→", "…"} {
		if strings.Contains(s, part) {
			return true
		}
	}
	return strings.ContainsFunc(s, func(r rune) bool { return r != ' ' && unicode.Is(unicode.Zs, r) })
}

// middle returns text, which is plain, in at most width columns: of a longer
// one the beginning and the end, for both tell things apart.
func middle(text string, width int) string {
	if len(text) <= width || Width(text) <= width {
		return text
	}
	if width < 8 {
		return Truncate(text, width)
	}
	tail := len(text)
	for used := 0; tail > 0; {
		r, size := utf8.DecodeLastRuneInString(text[:tail])
		if used += diag.Width(string(r)); used > width/3 {
			break
		}
		tail -= size
	}
	end := text[tail:]
	return Truncate(text[:tail], width-diag.Width(end)) + end
}

// severalLines reports whether v is a text that is read line by line.
func severalLines(v any) bool {
	s, ok := v.(string)
	return ok && strings.Contains(strings.TrimRight(s, "\n"), "\n")
}

// named is a display name in its quotes, cut if it is endless.
func named(name string) string { return middle(quoted(name), 80) }

// thousands is n for people: 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
