package diag

import (
	"cmp"
	"strconv"
)

// Pos is a place in a file. The zero Pos means "not from a file".
type Pos struct {
	File string
	Line int // from 1
	Col  int // in code points, from 1
	End  int // the column after the marked text, on the same line; 0 marks one character
}

// String returns "file:line:col", leaving out what is not known: "file:line",
// "file", or "" for the zero Pos.
func (p Pos) String() string {
	s := p.File
	for _, n := range []int{p.Line, p.Col} {
		if n <= 0 {
			break
		}
		if s != "" {
			s += ":"
		}
		s += strconv.Itoa(n)
	}
	return s
}

// IsZero reports whether p points nowhere.
func (p Pos) IsZero() bool { return p == Pos{} }

// Before reports whether p stands before q: by file, then line, then column.
// The zero Pos stands before all others.
func (p Pos) Before(q Pos) bool { return p.compare(q) < 0 }

func (p Pos) compare(q Pos) int {
	return cmp.Or(
		cmp.Compare(p.File, q.File),
		cmp.Compare(p.Line, q.Line),
		cmp.Compare(p.Col, q.Col),
	)
}
