package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/spec"
)

// scribe writes YAML as untidily as the language allows.
type scribe struct {
	t *rapid.T
	b strings.Builder
}

func (s *scribe) pick(n int) int { return rapid.IntRange(0, n-1).Draw(s.t, "n") }

func (s *scribe) blanks(least int) string { return strings.Repeat(" ", least+s.pick(3)) }

// end ends a line, and perhaps puts others behind it.
func (s *scribe) end(indent int) {
	if s.pick(6) == 0 {
		s.b.WriteString(s.blanks(1) + "# beside")
	}
	s.b.WriteString(strings.Repeat(" ", s.pick(2)) + "\n")
	for s.pick(4) == 0 {
		switch s.pick(3) {
		case 0:
			s.b.WriteString(s.blanks(0) + "\n")
		case 1:
			s.b.WriteString(strings.Repeat(" ", indent) + "# a comment\n")
		default:
			s.b.WriteString(s.blanks(0) + "# another\n")
		}
	}
}

func (s *scribe) word() string {
	return []string{"a", "two words", "'it''s'", `"q\" #"`, "1", "true", "a#b", "~", "x: y"[:1], "é ü"}[s.pick(10)]
}

func (s *scribe) flow(depth int) string {
	switch n := s.pick(5); {
	case n == 0 && depth > 0:
		var parts []string
		for i := range s.pick(4) {
			parts = append(parts, fmt.Sprintf("%sk%d%s:%s%s", s.blanks(0), i, s.blanks(0), s.blanks(1), s.flow(depth-1)))
		}
		return "{" + strings.Join(parts, s.blanks(0)+",") + s.blanks(0) + "}"
	case n == 1 && depth > 0:
		var parts []string
		for range s.pick(4) {
			parts = append(parts, s.blanks(0)+s.flow(depth-1))
		}
		sep := ","
		if s.pick(4) == 0 {
			sep = ",\n         "
		}
		return "[" + strings.Join(parts, sep) + s.blanks(0) + "]"
	}
	return s.word()
}

// value writes a value behind a key or a dash at indent.
func (s *scribe) value(indent, depth int) {
	inner := indent + 1 + s.pick(4)
	pad := strings.Repeat(" ", inner)
	switch n := s.pick(10); {
	case n < 3 && depth > 0:
		s.end(inner)
		s.mapping(inner, depth-1)
	case n < 5 && depth > 0:
		s.end(inner)
		s.list(inner, depth-1)
	case n == 5:
		s.b.WriteString(s.blanks(1) + []string{"|", ">", "|-", ">-", "|+", ">+"}[s.pick(6)] + "\n")
		for i := range 1 + s.pick(3) {
			s.b.WriteString(pad + []string{"text", "# no comment", "- x", "a: b  ", "  more"}[s.pick(4+min(i, 1))] + "\n")
			if s.pick(3) == 0 {
				s.b.WriteString("\n")
			}
			if s.pick(8) == 0 {
				s.b.WriteString(pad + "  \n")
			}
		}
	case n == 6:
		s.b.WriteString(s.blanks(1) + "first\n" + pad + "second\n" + s.blanks(0) + "\n" + pad + "third")
		s.end(inner)
	case n == 7:
		s.b.WriteString(s.blanks(1) + s.flow(2))
		s.end(inner)
	default:
		s.b.WriteString(s.blanks(1) + s.word())
		s.end(inner)
	}
}

func (s *scribe) mapping(indent, depth int) {
	for i := range 1 + s.pick(3) {
		s.b.WriteString(strings.Repeat(" ", indent) + fmt.Sprintf("key%d", i) + strings.Repeat(" ", s.pick(2)) + ":")
		if depth > 0 && s.pick(8) == 0 {
			s.end(indent)
			s.list(indent, depth-1) // a list may stand where its key does
			continue
		}
		s.value(indent, depth)
	}
}

func (s *scribe) list(indent, depth int) {
	for range 1 + s.pick(3) {
		s.b.WriteString(strings.Repeat(" ", indent) + "-")
		if gap := 1 + s.pick(3); depth > 0 && s.pick(3) == 0 {
			s.b.WriteString(strings.Repeat(" ", gap))
			var inner scribe
			inner.t = s.t
			if s.pick(2) == 0 {
				inner.mapping(indent+1+gap, depth-1)
			} else {
				inner.list(indent+1+gap, depth-1)
			}
			s.b.WriteString(inner.b.String()[indent+1+gap:])
			continue
		}
		s.value(indent, depth)
	}
}

func TestFormatProperty(t *testing.T) {
	tidied, all := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := &scribe{t: rt}
		s.b.WriteString("polyplan: 1\n")
		for _, section := range []string{"x-b", "x-a", "vars"} {
			s.b.WriteString(section + ":")
			s.value(0, 3)
		}
		text := s.b.String()
		once, found := spec.Format("x", []byte(text), testKinds())
		all++
		if len(found) == 0 {
			tidied++
		}
		for _, d := range found {
			if d.Code == "syntax" {
				rt.Fatalf("the text is not YAML: %v\n%s", d, text)
			}
		}
		same(t, text, string(once))
		if t.Failed() {
			rt.Fatalf("from\n%s", text)
		}
		twice, _ := spec.Format("x", once, testKinds())
		if string(once) != string(twice) {
			rt.Fatalf("not settled\n%s\n-- once\n%s\n-- twice\n%s", text, once, twice)
		}
		// Nothing may stay at odds with the layout: that would mean that a step
		// could not be proved, and was left out.
		for i, line := range strings.Split(string(once), "\n") {
			indent := len(line) - len(strings.TrimLeft(line, " "))
			if trimmed := strings.TrimSpace(line); len(found) == 0 && indent%2 == 1 && strings.HasPrefix(trimmed, "key") {
				rt.Fatalf("line %d is indented by %d\n%s\n-- once\n%s", i+1, indent, text, once)
			}
		}
	})
	if tidied < all*9/10 {
		t.Errorf("only %d of %d texts could be formatted", tidied, all)
	}
}
