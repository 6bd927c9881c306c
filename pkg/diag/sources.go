package diag

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sources holds the files that diagnostics speak of, by the name in [Pos.File].
type Sources map[string][]byte

// Annotate returns a copy of l in which every finding with a place in one of
// the files has its Snippet, and an End computed from the word that begins at
// its column. What a finding already has stays.
func (s Sources) Annotate(l List) List {
	out := slices.Clone(l)
	files := make(map[string][]string)
	for i := range out {
		d := &out[i]
		src, known := s[d.Pos.File]
		if !known || d.Pos.Line < 1 {
			continue
		}
		lines, split := files[d.Pos.File]
		if !split {
			lines = splitLines(string(src))
			files[d.Pos.File] = lines
		}
		if d.Pos.Line > len(lines) {
			continue
		}
		line := lines[d.Pos.Line-1]
		if d.Snippet == "" {
			d.Snippet = line
		}
		if d.Pos.End == 0 && d.Pos.Col > 0 {
			d.Pos.End = wordEnd(line, d.Pos.Col)
		}
	}
	return out
}

// splitLines splits text where YAML ends a line, so that the numbers agree with
// the parser's: at \n, \r\n, \r, and the next-line, line and paragraph
// separators. A byte order mark is no part of the first line.
func splitLines(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	var lines []string
	for {
		i := strings.IndexAny(text, "\n\r\u0085\u2028\u2029")
		if i < 0 {
			return append(lines, text)
		}
		lines = append(lines, text[:i])
		_, size := utf8.DecodeRuneInString(text[i:])
		if strings.HasPrefix(text[i:], "\r\n") {
			size = 2
		}
		text = text[i+size:]
	}
}

// wordEnd returns the column after the word that begins at col: a quoted text
// with its quotes, else all up to a space, a comma, a bracket, or the colon
// that ends a key. It is 0, one caret, when no word begins there.
func wordEnd(line string, col int) int {
	rest := line[columnOffset(line, col):]
	if rest == "" {
		return 0
	}
	if quote := rest[0]; quote == '"' || quote == '\'' {
		escaped := false
		for i, n := 1, 1; i < len(rest); n++ {
			r, size := utf8.DecodeRuneInString(rest[i:])
			i += size
			if !escaped && r == rune(quote) {
				return col + n + 1
			}
			escaped = quote == '"' && r == '\\' && !escaped
		}
		return 0
	}
	n := 0
	for i := 0; i < len(rest); n++ {
		r, size := utf8.DecodeRuneInString(rest[i:])
		if unicode.IsSpace(r) || strings.ContainsRune(",[]{}", r) {
			break
		}
		i += size
		if r == ':' && (i == len(rest) || rest[i] == ' ' || rest[i] == '\t') {
			break
		}
	}
	if n == 0 {
		return 0
	}
	return col + n
}

// columnOffset returns where in line the code point of column col begins, in
// bytes; the end of the line when it is shorter.
func columnOffset(line string, col int) int {
	offset := 0
	for ; col > 1 && offset < len(line); col-- {
		_, size := utf8.DecodeRuneInString(line[offset:])
		offset += size
	}
	return offset
}
