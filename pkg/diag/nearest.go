package diag

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nearestMax bounds the words Nearest compares letter by letter: nobody
// mistypes a name of this length, and the comparison is quadratic.
const nearestMax = 128

// Nearest returns the candidate that word most likely meant: one that differs
// in case only, else the one the fewest slips of the keyboard away (a letter
// too many, too few, wrong, or two swapped; case is ignored), as long as these
// are no more than a third of the word and one. Among equals the alphabetically
// first wins, whatever the order of candidates.
func Nearest(word string, candidates []string) (best string, ok bool) {
	for _, c := range candidates {
		if strings.EqualFold(word, c) && (!ok || c == word || c < best && best != word) {
			best, ok = c, true
		}
	}
	w := lower(nil, word)
	if ok || len(w) == 0 || len(w) > nearestMax {
		return best, ok
	}
	limit := len(w)/3 + 1
	var (
		m matrix
		r []rune
	)
	for _, c := range candidates {
		// The number of letters alone puts most out of reach.
		if n := utf8.RuneCountInString(c); n < len(w)-limit || n > len(w)+limit {
			continue
		}
		r = lower(r[:0], c)
		d := m.distance(w, r, limit)
		if d > limit || d >= max(len(w), len(r)) { // nothing in common
			continue
		}
		if !ok || d < limit || c < best {
			best, ok, limit = c, true, d
		}
	}
	return best, ok
}

func lower(dst []rune, s string) []rune {
	for _, r := range s {
		dst = append(dst, unicode.ToLower(r))
	}
	return dst
}

// matrix is the working memory of distance, kept from one call to the next.
type matrix struct{ before, above, row []int }

// distance returns the number of insertions, deletions, changes and swaps of
// neighbours that lead from a to b, no letter being touched twice; or limit+1
// as soon as it is certain to be more than limit.
func (m *matrix) distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	width := len(b) + 1
	if cap(m.row) < width {
		m.before, m.above, m.row = make([]int, 2*width), make([]int, 2*width), make([]int, 2*width)
	}
	before, above, row := m.before[:width], m.above[:width], m.row[:width]
	for j := range row {
		row[j] = j
	}
	// Only the diagonal band matters: a cell further than limit from it is
	// that many insertions away. The cells at its edges stand for all beyond.
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, before
		from, to := max(1, i-limit), min(len(b), i+limit)
		row[from-1] = limit + 1
		if from == 1 {
			row[0] = i
		}
		least := row[from-1]
		if to == i+limit {
			above[to] = limit + 1
		}
		for j := from; j <= to; j++ {
			d := above[j-1]
			if a[i-1] != b[j-1] {
				d = 1 + min(d, above[j], row[j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d = min(d, before[j-2]+1)
				}
			}
			row[j] = d
			least = min(least, d)
		}
		// A swap reaches two rows up, but costs one, and so much at least lies
		// between the two: no later row gets below this one's least.
		if least > limit {
			return limit + 1
		}
	}
	return min(row[len(b)], limit+1)
}
