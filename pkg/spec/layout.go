package spec

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tree is YAML to be written: a scalar, a list or a map.
type tree struct {
	text   string
	isText bool // a string, to be quoted in doubt; else text is as it is
	token  bool // ${...}, which needs quotes between braces

	isList bool
	items  []*tree
	keys   []string
	values []*tree

	isMap  bool
	block  bool // a map of one line for each key, however small
	spaced bool // with an empty line between the keys
}

func (t *tree) put(key string, v *tree) {
	t.isMap = true
	t.keys = append(t.keys, key)
	t.values = append(t.values, v)
}

func (t *tree) isScalar() bool { return !t.isList && !t.isMap && t.text != "" || t.isText }

const (
	lineWidth = 100 // beyond it, lists and maps go over several lines
	flowKeys  = 3   // maps of more keys do so in any case
)

// layout writes a map that is a whole document.
func (t *tree) layout() string {
	var b strings.Builder
	t.write(&b, 0)
	return b.String()
}

// write writes t in block style, in whole lines indented by indent.
func (t *tree) write(b *strings.Builder, indent int) {
	margin := strings.Repeat(" ", indent)
	switch {
	case t.isMap && len(t.keys) > 0:
		for i, key := range t.keys {
			if t.spaced && i > 0 {
				b.WriteByte('\n')
			}
			head := margin + scalarText(key) + ":"
			b.WriteString(head)
			t.values[i].after(b, indent, len(head))
		}
	case t.isList && len(t.items) > 0:
		for _, item := range t.items {
			b.WriteString(margin + "-")
			if _, fits := item.oneLine(); !fits && !item.isText {
				// The first key, or the first dash, stands behind this one's dash.
				var inner strings.Builder
				item.write(&inner, indent+2)
				b.WriteString(inner.String()[indent+1:])
				continue
			}
			item.after(b, indent, indent+1)
		}
	default:
		b.WriteString(margin + t.flow() + "\n")
	}
}

// after writes t behind a key or a dash: on the same line if it fits there.
func (t *tree) after(b *strings.Builder, indent, col int) {
	if s, ok := t.oneLine(); ok && (col+1+utf8.RuneCountInString(s) <= lineWidth || t.isScalar()) {
		b.WriteString(" " + s + "\n")
		return
	}
	if t.isText {
		b.WriteByte(' ')
		t.literal(b, strings.Repeat(" ", indent+2))
		return
	}
	b.WriteByte('\n')
	t.write(b, indent+2)
}

// oneLine is t on one line, if it may stand there.
func (t *tree) oneLine() (string, bool) {
	switch {
	case t.isText && multiline(t.text):
		return "", false
	case t.isMap && (t.block || len(t.keys) > flowKeys):
		return "", false
	case t.isScalar() && t.token:
		return t.text, true
	}
	for _, v := range append(t.items, t.values...) {
		if !v.isScalar() && !v.isEmpty() {
			return "", false
		}
		if v.isText && strings.Contains(v.text, "\n") {
			return "", false
		}
	}
	return t.flow(), true
}

func (t *tree) isEmpty() bool { return len(t.items) == 0 && len(t.keys) == 0 && !t.isScalar() }

// flow is t in flow style, all on one line.
func (t *tree) flow() string {
	var parts []string
	switch {
	case t.isList:
		for _, item := range t.items {
			parts = append(parts, item.flow())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case t.isText:
		return scalarText(t.text)
	case t.token:
		return `"` + t.text + `"`
	case t.text != "":
		return t.text
	}
	for i, key := range t.keys {
		parts = append(parts, scalarText(key)+": "+t.values[i].flow())
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// multiline reports whether s is best written as a literal block, and can be:
// no line of it would be changed or misread.
func multiline(s string) bool {
	body := strings.TrimRight(s, "\n")
	if !strings.Contains(body, "\n") || strings.ContainsRune(s, '\r') || strings.ContainsRune(" \t\n", rune(body[0])) {
		return false
	}
	for _, line := range strings.Split(body, "\n") {
		if line != "" && (line[0] == '\t' || strings.Trim(line, " \t") == "") {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
}

// literal writes a text as a literal block.
func (t *tree) literal(b *strings.Builder, margin string) {
	body := strings.TrimRight(t.text, "\n")
	switch len(t.text) - len(body) {
	case 0:
		b.WriteString("|-\n")
	case 1:
		b.WriteString("|\n")
	default:
		b.WriteString("|+\n")
	}
	for _, line := range strings.Split(body, "\n") {
		if line != "" {
			b.WriteString(margin + line)
		}
		b.WriteByte('\n')
	}
	b.WriteString(strings.Repeat("\n", max(0, len(t.text)-len(body)-1)))
}

// scalarText is a string on one line: bare where nobody could take it for
// anything else, in double quotes otherwise.
func scalarText(s string) string {
	if bare(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsPrint(r) && !harmful(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// bare reports whether s needs no quotes anywhere.
func bare(s string) bool {
	if s == "" || ambiguous(s) || strings.HasSuffix(s, " ") || strings.Contains(s, "  ") {
		return false
	}
	for i, r := range s {
		switch {
		case r == '_', unicode.IsLetter(r), r == '/' && i > 0:
		case unicode.IsDigit(r) && r < utf8.RuneSelf:
		case i > 0 && strings.ContainsRune(" .-+@()=<>;", r):
		default:
			return false
		}
	}
	return true
}
