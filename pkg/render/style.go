package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
)

// Style colours text, or leaves it alone: the zero Style is plain. Its methods
// nest in any way, and text of several lines is closed at the end of each, as
// pagers want it. What comes from outside must pass [diag.Visible] first.
type Style struct{ colour bool }

// NewStyle returns a Style that colours if asked to. Whether to ask, from the
// terminal, NO_COLOR and flags, is the caller's decision.
func NewStyle(colour bool) Style { return Style{colour} }

// Select graphic rendition: what opens and what closes each. Bold and dim share
// their end.
const (
	openBold   = "\x1b[1m"
	openDim    = "\x1b[2m"
	openRed    = "\x1b[31m"
	openGreen  = "\x1b[32m"
	openYellow = "\x1b[33m"
	openCyan   = "\x1b[36m"

	closeWeight = "\x1b[22m"
	closeColour = "\x1b[39m"
)

// Bold returns text in bold.
func (s Style) Bold(text string) string { return s.dress(text, openBold, closeWeight) }

// Dim returns text dimmed.
func (s Style) Dim(text string) string { return s.dress(text, openDim, closeWeight) }

// Red returns text in red, the colour of errors and deletion.
func (s Style) Red(text string) string { return s.dress(text, openRed, closeColour) }

// Green returns text in green, the colour of creation and success.
func (s Style) Green(text string) string { return s.dress(text, openGreen, closeColour) }

// Yellow returns text in yellow, the colour of warnings and change.
func (s Style) Yellow(text string) string { return s.dress(text, openYellow, closeColour) }

// Cyan returns text in cyan, the colour of what is named on the way.
func (s Style) Cyan(text string) string { return s.dress(text, openCyan, closeColour) }

func (s Style) dress(text, open, end string) string {
	if !s.colour {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line == "" {
			continue
		}
		// What is dressed inside ends what we began too: begin it again.
		lines[i] = open + strings.ReplaceAll(line, end, end+open) + end
	}
	return strings.Join(lines, "\n")
}

// undress returns text without the sequences that Style puts in.
func undress(text string) string {
	for {
		begin := strings.Index(text, "\x1b[")
		if begin < 0 {
			return text
		}
		n := strings.IndexByte(text[begin:], 'm')
		if n < 0 {
			return text
		}
		text = text[:begin] + text[begin+n+1:]
	}
}

// Printer writes styled text and keeps the first error, so that a renderer can
// write all it has and ask once. What a service that runs pipelines would take
// for an order to itself, such as "::add-mask::", it writes with its first
// character escaped; it is for text, not for JSON. It is not safe for
// concurrent use.
type Printer struct {
	Style
	w     io.Writer
	guard guard
	err   error
}

// NewPrinter returns a Printer that writes to w.
func NewPrinter(w io.Writer, style Style) *Printer { return &Printer{Style: style, w: w} }

// Write makes the Printer an io.Writer. After an error it writes no more.
func (p *Printer) Write(data []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	if _, p.err = io.WriteString(p.w, p.guard.clean(string(data))); p.err != nil {
		return 0, p.err
	}
	return len(data), nil
}

// Printf writes formatted text.
func (p *Printer) Printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// Line writes the texts, one space between them, and ends the line.
func (p *Printer) Line(texts ...string) { p.Printf("%s\n", strings.Join(texts, " ")) }

// Table writes rows as [Table] does.
func (p *Printer) Table(rows [][]string) { _ = Table(p, rows) } // kept in err

// Err returns the first error that writing met.
func (p *Printer) Err() error { return p.err }

// Width returns the columns that text, styled or not, fills in a terminal.
func Width(text string) int { return diag.Width(undress(text)) }
