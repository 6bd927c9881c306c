package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress shows how far a run has come. On a terminal it keeps one line at
// the bottom,
//
//	applying: 120/800 done, 10 running, 2 failed, 00:12
//
// and writes what happens above it. Elsewhere it writes what happens, a line
// each, and not one control byte of its own. It is safe for concurrent use.
type Progress struct {
	opts  ProgressOptions
	w     io.Writer
	begun time.Time

	mu                             sync.Mutex
	running, done, failed, skipped int
	shown                          bool   // the status line stands on the terminal
	partial                        []byte // of a line given to Write
	closed                         bool
	err                            error
}

// ProgressOptions says what is shown, and where.
type ProgressOptions struct {
	Verb     string           // what is done, as "applying"
	Total    int              // how many steps there are
	Terminal bool             // whether the status line can be redrawn
	Columns  func() int       // the terminal's width now; nil or 0: eighty
	Now      func() time.Time // the clock; nil: time.Now
	Style    Style
}

// NewProgress returns a Progress that begins now. Nothing is drawn until
// something happens or [Progress.Tick] is called.
func NewProgress(w io.Writer, opts ProgressOptions) *Progress {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Progress{opts: opts, w: w, begun: opts.Now()}
}

// Started counts a step that begins, and writes line unless it is empty.
func (p *Progress) Started(line string) { p.event(line, func() { p.running++ }) }

// Done counts a started step that went well, and writes line unless it is empty.
func (p *Progress) Done(line string) { p.event(line, func() { p.running--; p.done++ }) }

// Failed counts a started step that did not, and writes line unless it is empty.
func (p *Progress) Failed(line string) { p.event(line, func() { p.running--; p.failed++ }) }

// Skipped counts a step that never began, and writes line unless it is empty.
func (p *Progress) Skipped(line string) { p.event(line, func() { p.skipped++ }) }

// Line writes a line, and counts nothing.
func (p *Progress) Line(line string) { p.event(line, func() {}) }

// Tick redraws the status line, for the time in it. Call it about once a second.
func (p *Progress) Tick() { p.event("", func() {}) }

func (p *Progress) event(line string, count func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	count()
	if line != "" {
		line += "\n"
	}
	p.draw(line)
}

// Write lets others, a log for one, write lines while the status line stands:
// they appear above it. A line is shown once it has its end.
func (p *Progress) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := bytes.LastIndexByte(data, '\n') + 1
	if end > 0 {
		p.draw(string(p.partial) + string(data[:end]))
		p.partial = nil
	}
	p.partial = append(p.partial, data[end:]...)
	return len(data), p.err
}

// Close takes the status line away and returns the first error that writing
// met. What comes later is written as it would be without a terminal.
func (p *Progress) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	lines := string(p.partial)
	if lines != "" {
		lines += "\n"
	}
	p.partial = nil
	p.draw(lines)
	return p.err
}

const (
	eraseLine      = "\r\x1b[2K"
	defaultColumns = 80
)

// draw writes whole lines and the status line below them, at once, so that
// nothing flickers or gets between.
func (p *Progress) draw(lines string) {
	var b strings.Builder
	if p.shown {
		b.WriteString(eraseLine)
		p.shown = false
	}
	b.WriteString(lines)
	if p.opts.Terminal && !p.closed {
		b.WriteString(p.status())
		p.shown = true
	}
	if b.Len() == 0 || p.err != nil {
		return
	}
	_, p.err = io.WriteString(p.w, b.String())
}

// status returns the status line. It stays a column short of the width: a full
// line makes some terminals go to the next, where it could not be erased.
func (p *Progress) status() string {
	s := p.opts.Style
	parts := []string{fmt.Sprintf("%s: %d/%d done", p.opts.Verb, p.done, p.opts.Total)}
	for _, part := range []struct {
		n    int
		word string
		dye  func(string) string
	}{
		{p.running, "running", s.Cyan},
		{p.failed, "failed", s.Red},
		{p.skipped, "skipped", s.Yellow},
	} {
		if part.n > 0 {
			parts = append(parts, part.dye(fmt.Sprintf("%d %s", part.n, part.word)))
		}
	}
	parts = append(parts, elapsed(p.opts.Now().Sub(p.begun)))
	columns := defaultColumns
	if p.opts.Columns != nil {
		if n := p.opts.Columns(); n > 0 {
			columns = n
		}
	}
	return Truncate(strings.Join(parts, ", "), columns-1)
}

// elapsed returns "00:12", or "1:00:12" from an hour on.
func elapsed(d time.Duration) string {
	n := max(0, int(d/time.Second))
	if n < 3600 {
		return fmt.Sprintf("%02d:%02d", n/60, n%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
}
