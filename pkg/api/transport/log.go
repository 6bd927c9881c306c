package transport

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// An EventKind says what an Event is about.
type EventKind string

const (
	// EventWait is sent before a call waits for its next attempt.
	EventWait EventKind = "wait"
	// EventWarning is something people should read. Each is sent once.
	EventWarning EventKind = "warning"
)

// An Event is something to tell while calls are under way.
type Event struct {
	Kind EventKind
	// Text is a thought in lower case: "the service asks to wait 30s".
	Text string
	// The rest is set for waits.
	Method, Path string
	Attempt      int           // the one that failed, from 1
	Status       int           // its status, 0 if no answer came
	Wait         time.Duration // at most one minute
	Err          error         // why the attempt failed
}

// Stats count what a client did.
type Stats struct {
	Calls       int64         // Do, List and Job count each request they intend
	Requests    int64         // sent, repeats and redirects included
	Retries     int64         // attempts after the first of a call
	Received    int64         // bytes of bodies, after decompression
	Waited      time.Duration // between attempts, added up over calls
	InFlight    int           // now
	MaxInFlight int           // the most there were
	Limit       int           // how many the client would send at once now
}

type counters struct{ calls, requests, retries, received, waited atomic.Int64 }

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	s := Stats{
		Calls:    c.stats.calls.Load(),
		Requests: c.stats.requests.Load(),
		Retries:  c.stats.retries.Load(),
		Received: c.stats.received.Load(),
		Waited:   time.Duration(c.stats.waited.Load()),
	}
	s.InFlight, s.MaxInFlight, s.Limit = c.limit.figures()
	return s
}

// Warnings returns the warnings given so far, also those that came up before
// anyone listened.
func (c *Client) Warnings() []string {
	c.talking.Lock()
	defer c.talking.Unlock()
	return slices.Clone(c.warns)
}

func (c *Client) warn(text string) {
	if _, said := c.warned.LoadOrStore(text, true); said {
		return
	}
	c.talking.Lock()
	defer c.talking.Unlock()
	c.warns = append(c.warns, text)
	c.opt.Notify(Event{Kind: EventWarning, Text: text})
}

func (c *Client) notify(e Event) {
	c.talking.Lock()
	defer c.talking.Unlock()
	c.opt.Notify(e)
}

// checkVersion warns when another version of the API answered.
func (c *Client) checkVersion(h http.Header) {
	if got := h.Get(versionHeader); got != "" && got != c.opt.Version {
		c.warn("the service answered as version " + c.redact(cut(got, 40)) + " of the API, asked for was " + c.opt.Version)
	}
}

// logAttempt writes what one request came to. The query stays out, it may
// hold what a configuration holds; so do headers and bodies.
func (c *Client) logAttempt(ctx context.Context, cl *call, status int, bytes int64, took time.Duration, err error) {
	attrs := []slog.Attr{
		slog.String("method", cl.Method), slog.String("path", cl.Path), slog.Int("attempt", cl.attempt),
		slog.Int("status", status), slog.Duration("took", took), slog.Int64("bytes", bytes),
	}
	var ne *NetworkError
	if errors.As(err, &ne) {
		attrs = append(attrs, slog.String("phase", string(ne.Phase)))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
}

// redact removes the API key, and what the caller knows as secret. A key of
// a few letters is none, and would be found in the middle of words.
func (c *Client) redact(s string) string {
	if len(c.opt.Key) >= 6 {
		s = strings.ReplaceAll(s, c.opt.Key, "[API key]")
		s = strings.ReplaceAll(s, c.opt.basic(), "[API key]")
	}
	return c.opt.Redact(s)
}

// clean makes text of the server fit for an error: valid, secret-free, short.
// Control characters stay: to make them visible is the renderer's.
func (c *Client) clean(s string, max int) string {
	if len(s) > 1<<16 {
		s = s[:1<<16] // a redactor should not have to search a megabyte
	}
	return cut(c.redact(strings.ToValidUTF8(s, "\uFFFD")), max)
}

// cut shortens s to at most max bytes, at a character, and shows that it did.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	s = s[:max-len("…")]
	for len(s) > 0 && s[len(s)-1]&0xC0 == 0x80 {
		s = s[:len(s)-1]
	}
	if len(s) > 0 && s[len(s)-1] >= 0xC0 {
		s = s[:len(s)-1]
	}
	return s + "…"
}
