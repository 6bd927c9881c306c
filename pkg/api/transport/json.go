package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// What a value may cost. Together they keep the memory for the answers at a
// few hundred megabytes, whatever their 64 MiB are made of.
const (
	maxDepth   = 100
	maxMembers = 100_000   // of one object
	maxCost    = 192 << 20 // bytes of a decoded value, or of all lists together if Options say nothing, estimated
)

// A JSONError says where and why text is not the JSON we accept: one whole
// value, valid UTF-8, no member twice.
type JSONError struct {
	Offset int // in bytes
	Reason string
	// Cut is set when the text ended too early.
	Cut bool

	large bool
}

func (e *JSONError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// Decode reads one JSON value, and nothing after it. Objects become
// map[string]any, arrays []any (never nil), numbers json.Number with the
// digits that were sent. Names of members are exact: "id" and "ID" are two,
// and the same name twice is an error. Errors are *JSONError.
func Decode(raw json.RawMessage) (any, error) {
	p := parser{src: raw, build: true, most: maxCost}
	return p.document()
}

// DecodeObject is Decode for what must be an object.
func DecodeObject(raw json.RawMessage) (map[string]any, error) {
	v, err := Decode(raw)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, &JSONError{Reason: "an object is due"}
	}
	return m, nil
}

// Encode returns the bytes that Do sends for a body: JSON without a line end,
// and without escapes for HTML. The same value gives the same bytes.
func Encode(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// members checks raw and returns the members of the object that it is, as
// they stand in raw; nil if it is no object.
func members(raw []byte) (map[string]json.RawMessage, error) {
	p := parser{src: raw, top: map[string]json.RawMessage{}}
	if _, err := p.document(); err != nil {
		return nil, err
	}
	if !p.object {
		return nil, nil
	}
	return p.top, nil
}

// A parser walks a text once. Without build it only checks, and costs almost
// no memory. encoding/json would not do: it takes the last of two equal
// members, folds case, and replaces what is not UTF-8.
type parser struct {
	src    []byte
	pos    int
	depth  int
	build  bool
	cost   int
	most   int                        // that a value may cost
	top    map[string]json.RawMessage // filled with the outermost members
	object bool                       // the value is an object
}

func (p *parser) document() (any, error) {
	if bytes.HasPrefix(p.src, []byte("\uFEFF")) {
		return nil, p.fail("a byte order mark")
	}
	p.space()
	p.object = p.peek() == '{'
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.src) {
		return nil, p.fail("something follows the value")
	}
	return v, nil
}

func (p *parser) fail(reason string) error {
	return &JSONError{Offset: p.pos, Reason: reason}
}

// wrong is fail for an unexpected character, or the end.
func (p *parser) wrong(due string) error {
	if p.pos >= len(p.src) {
		return &JSONError{Offset: p.pos, Reason: "the text ends where " + due + " is due", Cut: true}
	}
	return p.fail(due + " is due")
}

func (p *parser) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) spend(n int) error {
	if !p.build {
		return nil
	}
	if p.cost += n; p.cost > p.most {
		return &JSONError{Offset: p.pos, Reason: "the value is too large to be held in memory", large: true}
	}
	return nil
}

func (p *parser) value() (any, error) {
	if err := p.spend(32); err != nil {
		return nil, err
	}
	switch c := p.peek(); {
	case c == '{':
		return p.nested(p.members)
	case c == '[':
		return p.nested(p.elements)
	case c == '"':
		s, err := p.text()
		if err != nil || !p.build {
			return nil, err
		}
		return s, p.spend(len(s))
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	}
	return nil, p.wrong("a value")
}

func (p *parser) nested(read func() (any, error)) (any, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	p.pos++ // the bracket
	v, err := read()
	p.depth--
	return v, err
}

func (p *parser) word(w string) error {
	rest := p.src[p.pos:]
	if bytes.HasPrefix(rest, []byte(w)) {
		p.pos += len(w)
		return nil
	}
	if bytes.HasPrefix([]byte(w), rest) {
		p.pos = len(p.src)
	}
	return p.wrong(w)
}

func (p *parser) elements() (any, error) {
	list := []any{}
	p.space()
	if p.peek() == ']' {
		p.pos++
		return list, nil
	}
	for {
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if p.build {
			list = append(list, v)
		}
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return list, nil
		default:
			return nil, p.wrong("',' or ']'")
		}
	}
}

func (p *parser) members() (any, error) {
	var object map[string]any
	if p.build {
		object = map[string]any{}
	}
	var names nameSet
	if err := p.spend(320); err != nil {
		return nil, err
	}
	p.space()
	if p.peek() == '}' {
		p.pos++
		return object, nil
	}
	for {
		p.space()
		if p.peek() != '"' {
			return nil, p.wrong("the name of a member")
		}
		at := p.pos
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if !names.add(name) {
			p.pos = at
			return nil, p.fail(fmt.Sprintf("the member %q stands twice in one object", cut(name, 64)))
		}
		if names.n > maxMembers {
			return nil, p.fail(fmt.Sprintf("an object with more than %d members", maxMembers))
		}
		if p.space(); p.peek() != ':' {
			return nil, p.wrong("':'")
		}
		p.pos++
		p.space()
		start := p.pos
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if p.depth == 1 && p.top != nil {
			p.top[name] = json.RawMessage(p.src[start:p.pos:p.pos])
		}
		if p.build {
			if err := p.spend(40 + len(name)); err != nil {
				return nil, err
			}
			object[name] = v
		}
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return object, nil
		default:
			return nil, p.wrong("',' or '}'")
		}
	}
}

// A nameSet tells repeated names. Most objects have a handful of members, for
// which comparing beats hashing.
type nameSet struct {
	n    int
	few  [12]string
	many map[string]struct{}
}

func (s *nameSet) add(name string) bool {
	if s.many == nil {
		for _, seen := range s.few[:s.n] {
			if seen == name {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.many = make(map[string]struct{}, 2*s.n)
		for _, seen := range s.few {
			s.many[seen] = struct{}{}
		}
	}
	s.many[name] = struct{}{}
	if len(s.many) == s.n {
		return false
	}
	s.n++
	return true
}

func (p *parser) number() (any, error) {
	start := p.pos
	digits := func() bool {
		from := p.pos
		for c := p.peek(); '0' <= c && c <= '9'; c = p.peek() {
			p.pos++
		}
		return p.pos > from
	}
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++ // and no digit may follow: the caller then finds it unexpected
	} else if !digits() {
		return nil, p.wrong("a digit")
	}
	if p.peek() == '.' {
		p.pos++
		if !digits() {
			return nil, p.wrong("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !digits() {
			return nil, p.wrong("a digit")
		}
	}
	if !p.build {
		return nil, nil
	}
	return json.Number(p.src[start:p.pos]), p.spend(p.pos - start)
}

// text reads a string. p stands on the opening quote.
func (p *parser) text() (string, error) {
	start := p.pos
	p.pos++
	from, ascii := p.pos, true
	for ; ; p.pos++ {
		if p.pos >= len(p.src) {
			return "", p.wrong("the end of a string")
		}
		switch c := p.src[p.pos]; {
		case c == '"':
			s := p.src[from:p.pos]
			if !ascii && !utf8.Valid(s) {
				p.pos = start
				return "", p.fail("a string that is not UTF-8")
			}
			p.pos++
			return string(s), nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("a control character in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
}
