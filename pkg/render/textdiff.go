package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/polyplan/polyplan/pkg/diag"
)

// textLine is a line of a text that is shown line by line.
type textLine struct {
	Mark  byte // '+', '-', ' ' for a line that stays, '~' for words of ours
	Parts []textPart
}

// textPart is a piece of a line; Hot if it is what changed in it.
type textPart struct {
	Text string
	Hot  bool
}

// Plain is the line without its mark.
func (l textLine) Plain() string {
	var b strings.Builder
	for _, p := range l.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

const (
	contextLines = 3
	// Beyond these a comparison would take longer than anybody reads.
	maxDiffLines = 4000
	maxDiffBytes = 1 << 20
	maxDiffWords = 400 // of a line
)

func remark(format string, args ...any) textLine {
	return textLine{'~', []textPart{{Text: fmt.Sprintf(format, args...)}}}
}

// textDiff compares two texts by lines, and changed lines by words. It returns
// nothing exactly if the texts are the same bytes.
func textDiff(before, after string) []textLine {
	if before == after {
		return nil
	}
	if before != "" && after != "" && !strings.HasSuffix(before, "\n") && !strings.HasSuffix(after, "\n") {
		// Else the last line of the one, where it stands within the other, would
		// count as another line for its end alone.
		before, after = before+"\n", after+"\n"
	}
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	if len(a) > maxDiffLines || len(b) > maxDiffLines || len(before)+len(after) > maxDiffBytes {
		first := 0
		for first < min(len(a), len(b)) && a[first] == b[first] {
			first++
		}
		return []textLine{remark("too long to compare here: %s lines became %s, the first difference is in line %s",
			thousands(len(a)), thousands(len(b)), thousands(first+1))}
	}
	var out []textLine
	blocks := pieces(a, b)
	for i, blk := range blocks {
		if blk.same != nil {
			out = append(out, surroundings(blk.same, i > 0, i < len(blocks)-1)...)
			continue
		}
		out = append(out, changed(blk.gone, blk.come)...)
	}
	return out
}

// block is a run of elements that stay, or of those that went and came.
type block struct{ same, gone, come []string }

// pieces compares two lists of strings. Each different string becomes a
// character, and texts of those are compared: so whatever bytes are in them,
// invalid UTF-8 too, counts.
func pieces(a, b []string) []block {
	letters := map[string]rune{}
	var known []string
	spell := func(list []string) []rune {
		out := make([]rune, len(list))
		for i, s := range list {
			r, ok := letters[s]
			if !ok {
				r = letter(len(known))
				letters[s] = r
				known = append(known, s)
			}
			out[i] = r
		}
		return out
	}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the same diff on a slow machine
	var out []block
	for _, d := range dmp.DiffMainRunes(spell(a), spell(b), false) {
		var list []string
		for _, r := range d.Text {
			list = append(list, known[number(r)])
		}
		if d.Type == diffmatchpatch.DiffEqual {
			out = append(out, block{same: list})
			continue
		}
		if len(out) == 0 || out[len(out)-1].same != nil {
			out = append(out, block{})
		}
		last := &out[len(out)-1]
		if d.Type == diffmatchpatch.DiffDelete {
			last.gone = append(last.gone, list...)
		} else {
			last.come = append(last.come, list...)
		}
	}
	return out
}

// letter is the i-th character that can stand in a string: surrogates cannot.
func letter(i int) rune {
	if r := rune(i + 1); r < 0xd800 {
		return r
	}
	return rune(i+1) + 0x800
}

func number(r rune) int {
	if r < 0xd800 {
		return int(r) - 1
	}
	return int(r) - 1 - 0x800
}

// surroundings are the lines that stay, as far as they are near a change.
func surroundings(lines []string, changeAbove, changeBelow bool) []textLine {
	if n := len(lines); n > 0 && lines[n-1] == "" {
		lines = lines[:n-1] // what follows the last line's end is no line
	}
	above, below := 0, 0
	if changeAbove {
		above = min(contextLines, len(lines))
	}
	if changeBelow {
		below = min(contextLines, len(lines)-above)
	}
	var out []textLine
	for i, l := range lines {
		hidden := len(lines) - above - below
		switch {
		case i < above || i >= len(lines)-below || hidden == 1:
			out = append(out, textLine{' ', []textPart{{Text: shownLine(l)}}})
		case i == above:
			out = append(out, remark("… %s the same", Count(hidden, "line")))
		}
	}
	return out
}

// changed shows lines that went and lines that came. A line and the one in its
// place are compared by words.
func changed(gone, come []string) []textLine {
	gone, cutGone := ended(gone)
	come, cutCome := ended(come)
	var minus, plus []textLine
	for i := range max(len(gone), len(come)) {
		switch {
		case i >= len(come):
			minus = append(minus, textLine{'-', []textPart{{Text: shownLine(gone[i])}}})
		case i >= len(gone):
			plus = append(plus, textLine{'+', []textPart{{Text: shownLine(come[i])}}})
		default:
			m, p := words(gone[i], come[i])
			minus, plus = append(minus, textLine{'-', m}), append(plus, textLine{'+', p})
		}
	}
	if cutGone != cutCome {
		if cutGone {
			minus = append(minus, remark("(no line end here)"))
		}
		if cutCome {
			plus = append(plus, remark("(no line end here)"))
		}
	}
	return append(minus, plus...)
}

// ended drops the empty string after the end of the last line, and reports
// whether a last line without its end is there.
func ended(lines []string) ([]string, bool) {
	n := len(lines)
	if n > 0 && lines[n-1] == "" {
		return lines[:n-1], false
	}
	return lines, n > 0 && !strings.HasSuffix(lines[n-1], "\n")
}

// words compares two lines.
func words(before, after string) (minus, plus []textPart) {
	before, after = strings.TrimSuffix(before, "\n"), strings.TrimSuffix(after, "\n")
	show := shownLine
	if strings.TrimRight(shownLine(before), " ") == strings.TrimRight(shownLine(after), " ") {
		show = exactLine // what differs would not be seen
	}
	a, b := splitWords(before), splitWords(after)
	whole := func() ([]textPart, []textPart) {
		return []textPart{{Text: show(before)}}, []textPart{{Text: show(after)}}
	}
	if len(a) > maxDiffWords || len(b) > maxDiffWords {
		return whole()
	}
	same := 0
	for _, blk := range pieces(a, b) {
		if blk.same != nil {
			text := strings.Join(blk.same, "")
			same += len(strings.TrimSpace(text))
			minus, plus = append(minus, textPart{show(text), false}), append(plus, textPart{show(text), false})
			continue
		}
		if len(blk.gone) > 0 {
			minus = append(minus, textPart{show(strings.Join(blk.gone, "")), true})
		}
		if len(blk.come) > 0 {
			plus = append(plus, textPart{show(strings.Join(blk.come, "")), true})
		}
	}
	if 3*same < max(len(before), len(after)) {
		return whole() // another line, not a changed one
	}
	return minus, plus
}

// splitWords cuts a line into words, runs of spaces and single signs.
func splitWords(s string) []string {
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_':
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 0
	}
	var out []string
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		c := class(r)
		for c > 0 && n < len(s) {
			next, size := utf8.DecodeRuneInString(s[n:])
			if class(next) != c {
				break
			}
			n += size
		}
		out, s = append(out, s[:n]), s[n:]
	}
	return out
}

// shownLine is a line of a text for reading.
func shownLine(s string) string {
	return diag.Visible(strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\t", "    "))
}

// exactLine is a line, or a part of one, in which every byte shows.
func exactLine(s string) string {
	s = exact(s)
	kept := strings.TrimRight(s, " ")
	return kept + strings.Repeat(`\x20`, len(s)-len(kept))
}
