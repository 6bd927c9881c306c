package transport

import (
	"unicode/utf16"
	"unicode/utf8"
)

// escaped reads the string that opens at start and has escapes in it. A lone
// half of a surrogate pair is refused like invalid UTF-8: what it stood for
// cannot be sent back.
func (p *parser) escaped(start int) (string, error) {
	p.pos = start + 1
	var out []byte
	for {
		if p.pos >= len(p.src) {
			return "", p.wrong("the end of a string")
		}
		switch c := p.src[p.pos]; {
		case c == '"':
			if !utf8.Valid(out) {
				p.pos = start
				return "", p.fail("a string that is not UTF-8")
			}
			p.pos++
			return string(out), nil
		case c < ' ':
			return "", p.fail("a control character in a string")
		case c != '\\':
			out = append(out, c)
			p.pos++
		default:
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		}
	}
}

// escape reads one escape, or two that make one character.
func (p *parser) escape() (rune, error) {
	at := p.pos
	p.pos++
	c := p.peek()
	if c != 'u' {
		r, ok := shortEscapes[c]
		if !ok {
			return 0, p.wrong("an escape")
		}
		p.pos++
		return r, nil
	}
	r, err := p.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if p.pos >= len(p.src) {
		return 0, p.wrong("the other half of a pair")
	}
	if p.src[p.pos] == '\\' && p.pos+1 < len(p.src) && p.src[p.pos+1] == 'u' {
		p.pos++
		low, err := p.hex()
		if err != nil {
			return 0, err
		}
		if r := utf16.DecodeRune(r, low); r != utf8.RuneError {
			return r, nil
		}
	}
	p.pos = at
	return 0, p.fail("half of a surrogate pair")
}

var shortEscapes = map[byte]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// hex reads the "u" and four digits after a backslash.
func (p *parser) hex() (rune, error) {
	p.pos++
	var r rune
	for range 4 {
		c := p.peek()
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, p.wrong("a hexadecimal digit")
		}
		r = r<<4 | rune(c)
		p.pos++
	}
	return r, nil
}
