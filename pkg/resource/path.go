package resource

import (
	"strconv"
	"strings"
)

// Path is a place within an Object, as people write it: "fields.lastname",
// "relations.email[0]", `fields."a.b"` where a key holds a dot.
type Path string

// Child is the path of a member of a map.
func (p Path) Child(key string) Path {
	if !bare(key) {
		key = strconv.Quote(key)
	}
	if p == "" {
		return Path(key)
	}
	return p + "." + Path(key)
}

// bare reports whether a key may stand in a path without quotes.
func bare(key string) bool {
	for i := range len(key) {
		switch key[i] {
		case '.', '[', ']', '"', ' ', '\t', '\n':
			return false
		}
	}
	return key != ""
}

// Index is the path of an element of a list.
func (p Path) Index(i int) Path { return p + Path("["+strconv.Itoa(i)+"]") }

// Within reports whether p is q or lies below it.
func (p Path) Within(q Path) bool {
	if q == "" || p == q {
		return true
	}
	rest, ok := strings.CutPrefix(string(p), string(q))
	return ok && (rest[0] == '.' || rest[0] == '[')
}

// Parent is the path of the map or list that holds p, "" at the top.
func (p Path) Parent() Path {
	s, quoted, last := string(p), false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted && s[i] == '\\':
			i++ // whatever it escapes
		case !quoted && (s[i] == '.' || s[i] == '['):
			last = i
		}
	}
	return p[:last]
}
