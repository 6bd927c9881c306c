package spec

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// look is what a name looks like to a hurried eye: two names of one look are hard
// to tell apart. Case and spaces do not count in it, nor forms of one character,
// nor what does not show, and letters of other scripts are the Latin ones that
// they are drawn like.
func look(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return strings.Join(strings.Fields(strings.ToLower(name)), "")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(drawnLike(r))
	}, norm.NFKC.String(name))
}

// drawnLike is the Latin letter that a Greek or Cyrillic one is drawn like, and
// every other character itself.
func drawnLike(r rune) rune {
	switch r {
	case 'А', 'а', 'Α', 'α':
		return 'a'
	case 'В', 'Β':
		return 'b'
	case 'С', 'с', 'ϲ':
		return 'c'
	case 'ԁ':
		return 'd'
	case 'Е', 'е', 'Ε':
		return 'e'
	case 'Н', 'Η', 'һ':
		return 'h'
	case 'І', 'і', 'Ι', 'ι':
		return 'i'
	case 'Ј', 'ј':
		return 'j'
	case 'К', 'Κ', 'κ', 'к':
		return 'k'
	case 'М', 'Μ':
		return 'm'
	case 'Ν':
		return 'n'
	case 'О', 'о', 'Ο', 'ο':
		return 'o'
	case 'Р', 'р', 'Ρ', 'ρ':
		return 'p'
	case 'Ѕ', 'ѕ':
		return 's'
	case 'Т', 'Τ':
		return 't'
	case 'ν':
		return 'v'
	case 'Х', 'х', 'Χ', 'χ':
		return 'x'
	case 'У', 'у', 'Υ':
		return 'y'
	case 'Ζ':
		return 'z'
	}
	return r
}
