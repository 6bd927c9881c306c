package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/polyplan/polyplan/pkg/fault"
)

// An answer is what came back, whatever its status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends one attempt of cl and reads its answer, following redirects
// of a GET. Its errors are *NetworkError and *BodyError. It takes its time
// from what is left to the call.
func (c *Client) exchange(ctx context.Context, cl *call) (*answer, error) {
	began := c.opt.Now()
	defer func() { cl.left -= c.opt.Now().Sub(began) }()
	ctx, cancel := context.WithTimeoutCause(ctx, cl.left, errTimeout)
	defer cancel()
	u := cl.url
	for hop := 1; ; hop++ {
		a, err := c.roundTrip(ctx, cl, u)
		if err != nil {
			return nil, err
		}
		next, err := c.redirect(cl, u, a, hop)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return a, nil
		}
		u = next
	}
}

// roundTrip sends one request.
func (c *Client) roundTrip(ctx context.Context, cl *call, u *url.URL) (a *answer, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c.stats.requests.Add(1)
	began, status, size := c.opt.Now(), 0, int64(0)
	defer func() { c.logAttempt(ctx, cl, status, size, c.opt.Now().Sub(began), err) }()

	var tr trace
	var resp *http.Response
	send := func() (err error) {
		resp, err = c.round.RoundTrip(c.httpRequest(httptrace.WithClientTrace(ctx, tr.hooks()), cl, u))
		return err
	}
	if cl.Method == http.MethodGet {
		err = send()
	} else {
		err = fault.Around("request", send)
	}
	if err != nil {
		return nil, c.networkError(ctx, cl, &tr, err)
	}
	defer resp.Body.Close()
	status = resp.StatusCode
	ok := status >= 200 && status < 300
	most := int64(maxBody)
	if !ok {
		most = maxErrorBody
	}
	body, err := readBody(resp.Body, most, c.opt.Idle, stop, func() error { return c.enter(ctx, cl) })
	size = int64(len(body))
	c.stats.received.Add(size)
	switch {
	case err == nil || !ok: // a status that speaks for itself needs no body
	case errors.Is(err, errTooLarge):
		return nil, &BodyError{Method: cl.Method, Path: cl.Path, Status: status, Reason: err.Error()}
	default:
		return nil, c.networkError(ctx, cl, &tr, err)
	}
	return &answer{status: status, header: resp.Header, body: body}, nil
}

// httpRequest makes the request so that net/http never sends it twice of its
// own accord, as it would do with a GET or anything under an Idempotency-Key
// when an idle connection turns out dead: it repeats only what has no body,
// or a GetBody. The empty body of a GET leaves no trace on the wire.
func (c *Client) httpRequest(ctx context.Context, cl *call, u *url.URL) *http.Request {
	r := (&http.Request{
		Method: cl.Method, URL: u, Host: u.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Authorization":       {c.authorization(cl.Path)},
			"X-Polytomic-Version": {c.opt.Version},
			"Accept":              {"application/json"},
			"User-Agent":          {c.opt.UserAgent},
		},
		Body: io.NopCloser(onlyReader{bytes.NewReader(cl.body)}),
	}).WithContext(ctx)
	if cl.body == nil {
		r.TransferEncoding = []string{"identity"} // neither chunks nor a length
		return r
	}
	r.ContentLength = int64(len(cl.body))
	r.Header.Set("Content-Type", "application/json")
	if cl.Key != "" {
		r.Header.Set("Idempotency-Key", cl.Key)
	}
	return r
}

// onlyReader hides that the bytes could be read again.
type onlyReader struct{ io.Reader }

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)

// readBody reads all of r, at most max bytes. Before it takes more than smallBody
// it calls enter, which may wait. When fewer than minIdleBytes come within idle,
// it calls stop, which is expected to end the reading: a body that trickles would
// else last as long as it likes.
func readBody(r io.Reader, most int64, idle time.Duration, stop context.CancelCauseFunc, enter func() error) ([]byte, error) {
	var parts [][]byte // one buffer that grows would be copied, and be in memory twice and more
	size := int64(0)
	for {
		var part bytes.Buffer
		err := readPart(&part, r, min(smallBody, most+1-size), idle, stop)
		parts = append(parts, part.Bytes())
		if size += int64(part.Len()); size > most {
			return nil, errTooLarge
		}
		if err != nil || part.Len() < smallBody {
			return bytes.Join(parts, nil), err
		}
		if len(parts) == 1 {
			if err := enter(); err != nil {
				return nil, err
			}
		}
	}
}

func readPart(to io.Writer, r io.Reader, most int64, idle time.Duration, stop context.CancelCauseFunc) error {
	var got atomic.Int64
	done := make(chan struct{})
	defer close(done)
	go func() {
		tick := time.NewTicker(idle)
		defer tick.Stop()
		var before int64
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				now := got.Load()
				if now-before < minIdleBytes {
					stop(errStalled)
					return
				}
				before = now
			}
		}
	}()
	_, err := io.Copy(to, io.TeeReader(io.LimitReader(r, most), counter{&got}))
	return err
}

// enter waits until no other call has a large answer in its hands, so that the
// memory of all is that of one. The call leaves when it is done with its own.
func (c *Client) enter(ctx context.Context, cl *call) error {
	select {
	case c.large <- struct{}{}:
		cl.inside = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) leave(cl *call) {
	if cl.inside {
		cl.inside = false
		runtime.GC() // what this answer took is for the next
		<-c.large
	}
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// understand turns an answer into a Response, or into an *Error, *BodyError,
// or *NetworkError when the body turns out to be cut.
func (c *Client) understand(cl *call, a *answer) (*Response, error) {
	resp := &Response{Status: a.status, Header: a.header, Attempts: cl.attempt, cl: cl}
	if t, err := http.ParseTime(a.header.Get("Date")); err == nil {
		resp.ServerTime = t
		ahead := t.Sub(c.opt.Now())
		c.clock.Store(&ahead)
	}
	c.checkVersion(a.header)
	if a.status == http.StatusNotFound && cl.Method == http.MethodDelete && cl.attempt > 1 {
		resp.Repeated = true
		return resp, nil
	}
	if a.status < 200 || a.status > 299 {
		return nil, c.serverError(cl, a.status, a.header, a.body)
	}
	unfit := func(reason string) *BodyError {
		return &BodyError{
			Method: cl.Method, Path: cl.Path, Status: a.status, Reason: reason,
			Excerpt: visible(c.clean(string(a.body[:min(len(a.body), 4096)]), 400), 200),
		}
	}
	text := bytes.TrimSpace(a.body)
	if len(text) == 0 {
		if cl.EmptyOK || cl.Method == http.MethodDelete {
			return resp, nil
		}
		return nil, unfit("the server answered with nothing where JSON is due")
	}
	if text[0] == '<' || strings.Contains(strings.ToLower(a.header.Get("Content-Type")), "text/html") {
		e := unfit("the server answered with HTML, not JSON")
		e.html = true
		return nil, e
	}
	m, err := members(a.body)
	var bad *JSONError
	if errors.As(err, &bad) {
		if bad.Cut { // HTTP/1.0 without a length: only the JSON shows the cut
			return nil, &NetworkError{
				Method: cl.Method, Path: cl.Path, Host: c.base.Host, Phase: PhaseRead, Sent: true,
				Err: fmt.Errorf("the answer was cut short: %w", err),
			}
		}
		bad.Reason = c.clean(bad.Reason, maxText)
		e := unfit("the answer is " + bad.Error())
		e.Err = err
		return nil, e
	}
	resp.Raw, resp.Data, resp.members = a.body, m["data"], m
	return resp, nil
}

// visible shortens s and shows its control characters.
func visible(s string, max int) string {
	return cut(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\u00b7'
		}
		return r
	}, s), max)
}
