package spec

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/diag"
)

// source is one file as it was read, without a byte order mark.
type source struct {
	name   string // in every Pos
	data   []byte
	starts []int // where each line begins

	root *project // what it may bring in lies below this directory
	dir  string   // its own directory within root, with slashes

	broken  bool // it has a syntax error: nobody knows which values are secrets
	secrets []span
}

func newSource(name string, data []byte) *source {
	s := &source{name: name, data: data, starts: make([]int, 1, 2+bytes.Count(data, []byte{'\n'}))}
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] == '\n', data[i] == '\r' && (i+1 == len(data) || data[i+1] != '\n'):
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// line is the text of a line, from 1, without its end.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.starts) {
		return ""
	}
	end := len(s.data)
	if n < len(s.starts) {
		end = s.starts[n]
	}
	return string(bytes.TrimRight(s.data[s.starts[n-1]:end], "\r\n"))
}

// offset is where in the file line and column stand, in bytes.
func (s *source) offset(line, col int) int {
	if line < 1 {
		return 0
	}
	if line > len(s.starts) {
		return len(s.data)
	}
	at := s.starts[line-1]
	for ; col > 1 && at < len(s.data) && s.data[at] != '\n' && s.data[at] != '\r'; col-- {
		_, size := utf8.DecodeRune(s.data[at:])
		at += size
	}
	return at
}

// at is the place of a byte.
func (s *source) at(offset int) diag.Pos {
	n, found := slices.BinarySearch(s.starts, offset)
	if !found {
		n--
	}
	return diag.Pos{File: s.name, Line: n + 1, Col: utf8.RuneCount(s.data[s.starts[n]:offset]) + 1}
}

// maxFile is the size beyond which a manifest is refused.
const maxFile = 16 << 20

// clean checks that the bytes of a file are text and cuts a byte order mark.
// A file that is not text has no nodes.
func clean(name string, data []byte, found *diag.List) ([]byte, bool) {
	refuse := func(at int, what, why, fix string) ([]byte, bool) {
		pos := diag.Pos{File: name}
		if at >= 0 {
			pos = newSource(name, data[:at]).at(at)
		}
		found.Add(diag.Diagnostic{Pos: pos, Code: "not-text", What: what, Why: why, Fix: fix})
		return nil, false
	}
	if len(data) > maxFile {
		return refuse(-1, "the file is too large", fmt.Sprintf("a manifest may have %d MiB", maxFile>>20), "split it; several files are read as one manifest")
	}
	if utf16(data) {
		return refuse(-1, "the file is UTF-16", "manifests are UTF-8", "save it as UTF-8; in PowerShell: Set-Content -Encoding utf8")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for i := 0; i < len(data); {
		if c := data[i]; c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return refuse(i, fmt.Sprintf("byte 0x%02x is not UTF-8", data[i]), "manifests are UTF-8", "save the file as UTF-8")
		case harmful(r):
			fix := "remove it"
			if _, isControl := control(string(r)); !isControl {
				fix = fmt.Sprintf(`remove it, or write it as \u%04x in a double-quoted string`, r)
			}
			return refuse(i, fmt.Sprintf("the character U+%04X must not stand in a manifest", r),
				"it does not show, so what people read would not be what is meant", fix)
		}
		i += size
	}
	return data, true
}

// utf16 recognises UTF-16 and UTF-32 by their mark, or by the zero bytes of
// its first characters.
func utf16(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) ||
		len(b) >= 4 && (b[0] == 0 && b[1] != 0 && b[2] == 0 || b[0] != 0 && b[1] == 0 && b[3] == 0)
}

// harmful reports whether r acts instead of showing: controls, separators that
// some programs take for line ends, overrides of the direction of writing, a
// byte order mark inside a text.
func harmful(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case r < ' ', r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return true
	}
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// control finds a character that no value may hold, however it was written.
func control(s string) (rune, bool) {
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r <= 0x9f {
			return r, true
		}
	}
	return 0, false
}
