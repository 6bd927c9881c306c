package render

import (
	"io"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
)

// columnGap stands between the columns of a table.
const columnGap = "  "

// Table writes rows in columns, each as wide as its widest cell by [Width].
// Rows may differ in length; no line ends in spaces. A cell is one line, whose
// text from outside has passed [diag.Visible].
func Table(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		gap := "" // owed: written only when something follows
		for i, cell := range row {
			if cell != "" {
				b.WriteString(gap)
				b.WriteString(cell)
				gap = ""
			}
			gap += strings.Repeat(" ", widths[i]-Width(cell)) + columnGap
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Truncate returns text cut to at most width columns, the last an ellipsis if
// anything was cut. Text that is cut loses its style; what is not, keeps it.
func Truncate(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	text = undress(text)
	if width <= 0 {
		return ""
	}
	// Characters have widths of their own: take the longest beginning that
	// leaves a column for the ellipsis.
	end, used := 0, 0
	for i, r := range text {
		n := diag.Width(string(r))
		if used+n > width-1 {
			break
		}
		used += n
		end = i + len(string(r))
	}
	return text[:end] + "…"
}

// Count returns "1 error" or "2 errors": n and the noun, with an s unless n is one.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
