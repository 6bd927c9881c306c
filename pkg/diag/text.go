package diag

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Part says what a piece of a shown diagnostic is, for those who colour it.
type Part int

// The parts of a shown diagnostic.
const (
	Place           Part = iota // file:line:col:
	SeverityError               // error:
	SeverityWarning             // warning:
	What                        // the words of the first line
	Gutter                      // the line number and the bar
	Source                      // the source line
	Caret                       // the ^^^^
	Label                       // why: and fix:
)

// Paint dresses a piece of text according to its part. It must not change how
// many columns the text fills.
type Paint func(part Part, text string) string

func plain(_ Part, text string) string { return text }

// Text returns the finding in full: the first line, the source line with its
// caret when there is a Snippet, why and fix. It is safe for a terminal and has
// no newline at its end.
func (d Diagnostic) Text() string { return d.Painted(plain) }

// Painted is [Diagnostic.Text] with every piece passed through paint.
func (d Diagnostic) Painted(paint Paint) string {
	lines := []string{d.headline(paint)}
	if d.Snippet != "" && d.Pos.Line > 0 {
		source, indent, carets := excerpt(d.Snippet, d.Pos.Col, d.Pos.End)
		lines = append(lines, paint(Gutter, fmt.Sprintf("%5d |", d.Pos.Line))+" "+paint(Source, source))
		if carets > 0 {
			lines = append(lines, paint(Gutter, "      |")+" "+
				strings.Repeat(" ", indent)+paint(Caret, strings.Repeat("^", carets)))
		}
	}
	for _, part := range []struct{ label, text string }{{"why:", d.Why}, {"fix:", d.Fix}} {
		if part.text == "" {
			continue
		}
		text := strings.TrimRight(VisibleLines(part.text), "\n")
		// Further lines stand under the first.
		text = strings.ReplaceAll(text, "\n", "\n       ")
		lines = append(lines, "  "+paint(Label, part.label)+" "+text)
	}
	return strings.Join(lines, "\n")
}

const (
	windowWidth = 100 // columns of a source line shown
	windowLead  = 40  // of these before the caret, when all do not fit
	tabShown    = "    "
)

// cell is what one character of the line, marks combined with it included,
// looks like in the excerpt.
type cell struct {
	text  string
	width int
	from  int // its first code point, counted as columns are
	to    int // the code point after its last
}

// excerpt returns the line as it is shown, and where under it the carets go:
// none when col is 0. Of a long line only the surroundings of col are shown.
func excerpt(line string, col, end int) (shown string, indent, carets int) {
	cells, cutLeft, cutRight := cellsAround(line, max(col, 1))
	at := len(cells) // stays there for a caret after the end of the line
	total := 0
	for i, c := range cells {
		total += c.width
		if col < c.to && at == len(cells) {
			at = i
		}
	}
	first, last := 0, len(cells)
	if cutLeft || cutRight || total > windowWidth {
		first, last = window(cells, at)
	}

	var b strings.Builder
	width := 0
	if cutLeft || first > 0 {
		b.WriteString("…")
		width = 1
	}
	for i, c := range cells[first:last] {
		if first+i == at {
			indent = width
		}
		if first+i == at || first+i > at && c.from < end {
			carets += c.width
		}
		b.WriteString(c.text)
		width += c.width
	}
	if at == last {
		indent = width
	}
	if cutRight || last < len(cells) {
		b.WriteString("…")
	}
	shown = strings.TrimRight(b.String(), " ")
	if col <= 0 {
		return shown, 0, 0
	}
	return shown, indent, max(carets, 1)
}

// cellsAround returns the characters around column col, more than a window of
// them on either side, and whether the line goes on to the left and right. It
// does not look at more of the line than it must: a manifest may be one line of
// megabytes.
func cellsAround(line string, col int) (cells []cell, cutLeft, cutRight bool) {
	from := max(1, col-2*windowWidth)
	start := columnOffset(line, from)
	if start == len(line) && from > 1 { // col is far beyond the end
		col = utf8.RuneCountInString(line) + 1
		from = max(1, col-2*windowWidth)
		start = columnOffset(line, from)
	}
	rest := line[start:]
	stop := columnOffset(rest, 4*windowWidth+1)
	cutLeft, cutRight = from > 1, stop < len(rest)

	graphemes := uniseg.NewGraphemes(rest[:stop])
	for graphemes.Next() {
		text := graphemes.Str()
		to := from + utf8.RuneCountInString(text)
		if text == "\t" {
			text = tabShown
		} else {
			text = Visible(text)
		}
		cells = append(cells, cell{text: text, width: Width(text), from: from, to: to})
		from = to
	}
	return cells, cutLeft, cutRight
}

// window chooses which cells to show, those around at, in windowWidth columns.
func window(cells []cell, at int) (first, last int) {
	first, last = at, at
	width := 0
	grow := func(limit int, c cell) bool {
		if width+c.width > limit {
			return false
		}
		width += c.width
		return true
	}
	for first > 0 && grow(windowLead, cells[first-1]) {
		first--
	}
	for last < len(cells) && grow(windowWidth, cells[last]) {
		last++
	}
	for first > 0 && grow(windowWidth, cells[first-1]) {
		first--
	}
	return first, last
}
