package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock stands still unless it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// run plays a short run on p; every step of it ends a line of the transcript.
func run(t *testing.T, p *Progress, c *clock, out *bytes.Buffer) string {
	t.Helper()
	var transcript strings.Builder
	step := func(do func()) {
		do()
		transcript.WriteString(strings.ReplaceAll(tags.Replace(out.String()), "\n", "⏎") + "\n")
		out.Reset()
	}
	step(p.Tick)
	step(func() { p.Started("") })
	step(func() { p.Started("") })
	step(func() { c.pass(12 * time.Second); p.Tick() })
	step(func() { p.Done("+ model.a created") })
	step(func() { p.Failed("! sync.b: 422") })
	step(func() { p.Skipped("") })
	step(func() { fmt.Fprint(p, "log: be") })
	step(func() { fmt.Fprint(p, "gun\nlog: mo") })
	step(func() { p.Line("a line") })
	step(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	step(func() { p.Line("after") })
	return transcript.String()
}

func TestProgress(t *testing.T) {
	const narrow = 29
	for _, tt := range []struct {
		name string
		opts ProgressOptions
		want string
	}{
		{"terminal", ProgressOptions{Terminal: true}, `
applying: 0/3 done, 00:00
<erase>applying: 0/3 done, 1 running, 00:00
<erase>applying: 0/3 done, 2 running, 00:00
<erase>applying: 0/3 done, 2 running, 00:12
<erase>+ model.a created⏎applying: 1/3 done, 1 running, 00:12
<erase>! sync.b: 422⏎applying: 1/3 done, 1 failed, 00:12
<erase>applying: 1/3 done, 1 failed, 1 skipped, 00:12

<erase>log: begun⏎applying: 1/3 done, 1 failed, 1 skipped, 00:12
<erase>a line⏎applying: 1/3 done, 1 failed, 1 skipped, 00:12
<erase>log: mo⏎
after⏎
`},
		{"narrow and coloured", ProgressOptions{Terminal: true, Style: NewStyle(true), Columns: func() int { return narrow }}, `
applying: 0/3 done, 00:00
<erase>applying: 0/3 done, 1 runni…
<erase>applying: 0/3 done, 2 runni…
<erase>applying: 0/3 done, 2 runni…
<erase>+ model.a created⏎applying: 1/3 done, 1 runni…
<erase>! sync.b: 422⏎applying: 1/3 done, 1 faile…
<erase>applying: 1/3 done, 1 faile…

<erase>log: begun⏎applying: 1/3 done, 1 faile…
<erase>a line⏎applying: 1/3 done, 1 faile…
<erase>log: mo⏎
after⏎
`},
		{"pipe", ProgressOptions{}, `




+ model.a created⏎
! sync.b: 422⏎


log: begun⏎
a line⏎
log: mo⏎
after⏎
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{at: time.Date(2024, 2, 8, 12, 0, 0, 0, time.UTC)}
			tt.opts.Verb, tt.opts.Total, tt.opts.Now = "applying", 3, c.now
			var out bytes.Buffer
			got := run(t, NewProgress(&out, tt.opts), c, &out)
			if d := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), got); d != "" {
				t.Errorf("progress (-want +got):\n%s", d)
			}
		})
	}
}

func TestProgressColours(t *testing.T) {
	c := &clock{}
	var out bytes.Buffer
	p := NewProgress(&out, ProgressOptions{Verb: "applying", Total: 9, Terminal: true, Now: c.now, Style: NewStyle(true)})
	for range 3 {
		p.Started("")
	}
	p.Failed("")
	out.Reset()
	p.Skipped("")
	want := "<erase>applying: 0/9 done, <c>2 running</c>, <r>1 failed</c>, <y>1 skipped</c>, 00:00"
	if d := cmp.Diff(want, tags.Replace(out.String())); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
}

func TestProgressConcurrently(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, ProgressOptions{Total: 50})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			p.Started("")
			fmt.Fprintf(p, "log %d\n", i)
			p.Done(fmt.Sprintf("done %d", i))
		})
	}
	all.Wait()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 100 {
		t.Fatalf("%d lines of 100", len(lines))
	}
	for _, line := range lines {
		var n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(strings.TrimPrefix(line, "done "), "log "), "%d", &n); err != nil {
			t.Errorf("broken line %q", line)
		}
	}
}

func TestProgressReportsWriteError(t *testing.T) {
	p := NewProgress(&full{}, ProgressOptions{})
	p.Line("x")
	if _, err := io.WriteString(p, "y\n"); !errors.Is(err, errFull) {
		t.Errorf("Write: %v", err)
	}
	if err := p.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v", err)
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                    "00:00",
		1900 * time.Millisecond:         "00:01",
		59*time.Minute + 59*time.Second: "59:59",
		time.Hour + 62*time.Second:      "1:01:02",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("elapsed(%v) = %q, want %q", d, got, want)
		}
	}
}
