package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxPause    = time.Minute            // longest single wait
	firstDelay  = 500 * time.Millisecond // upper bound of the first backoff
	lastDelay   = 30 * time.Second       // upper bound of any backoff
	firstPause  = time.Second            // when asked to slow down without a figure
	moreForSlow = 3                      // further attempts then
	bucketSize  = 10
	perCall     = 0.1 // what a call pays into the bucket

	enough = "no more attempts are made for one call"
)

// Do sends r, repeats it where that is safe and of use, and returns the
// answer if it says success. Otherwise its error is, or wraps, an *Error, a
// *NetworkError or a *BodyError; MayHaveEffect tells whether the request may
// have been carried out nevertheless. Any other error means that r is not
// proper, and nothing was sent.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	cl, err := c.prepare(r)
	if err != nil {
		return nil, err
	}
	defer c.leave(cl)
	return c.do(ctx, cl)
}

// do is Do, but for the end of the call, which is still inside if its answer is
// a large one.
func (c *Client) do(ctx context.Context, cl *call) (*Response, error) {
	c.stats.calls.Add(1)
	for {
		resp, err := c.attempt(ctx, cl)
		if err == nil {
			return resp, nil
		}
		c.leave(cl)
		cl.settle(err)
		if !cl.repeatable(err) {
			return nil, err
		}
		wait, reason := c.plan(cl)
		if reason != "" {
			return nil, &RetryError{Attempts: cl.attempt, Waited: cl.waited, Reason: reason, Err: err}
		}
		c.notifyWait(cl, wait, err)
		if stop := c.opt.Sleep(ctx, wait); stop != nil {
			ne := c.interrupted(cl, stop)
			ne.doubt = cl.doubt
			return nil, ne
		}
		cl.waited += wait
		c.stats.waited.Add(int64(wait))
	}
}

// attempt waits for its turn and sends cl once.
func (c *Client) attempt(ctx context.Context, cl *call) (*Response, error) {
	if err := c.refuse(cl); err != nil {
		return nil, err // without waiting for a turn that would not be used
	}
	s, err := c.limit.acquire(ctx)
	if err != nil {
		return nil, c.interrupted(cl, err)
	}
	content := false
	defer func() { c.limit.release(content) }()
	if err := c.refuse(cl); err != nil {
		return nil, err
	}
	if cl.attempt++; cl.attempt > 1 {
		c.stats.retries.Add(1)
	} else {
		c.bucket.deposit() // now, not in Do: a thousand calls may be waiting for their turn
	}
	cl.asked = 0
	a, err := c.exchange(ctx, cl)
	if err != nil {
		return nil, err
	}
	resp, err := c.understand(cl, a)
	var e *Error
	if errors.As(err, &e) {
		switch e.Status {
		case http.StatusUnauthorized:
			first := *e
			c.denied.CompareAndSwap(nil, &first)
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			c.slowDown(cl, s, e)
		}
	}
	content = a.status < 500 && a.status != http.StatusTooManyRequests
	return resp, err
}

// refuse returns the error for a call that must not be sent: after a 401, or
// when the service asked for a longer pause than a call may wait.
func (c *Client) refuse(cl *call) error {
	if e := c.denied.Load(); e != nil {
		return e.unsent()
	}
	if r := c.refusal.Load(); r != nil {
		if left := r.until.Sub(c.opt.Now()); left > c.opt.MaxWait {
			return &RetryError{Attempts: cl.attempt, Waited: cl.waited, Reason: c.tooLong(left), Err: r.err.unsent()}
		}
	}
	return nil
}

func (c *Client) tooLong(asked time.Duration) string {
	return fmt.Sprintf("the service asks to wait %v, longer than the %v that a call may wait",
		asked.Round(time.Second), c.opt.MaxWait)
}

// A refusal is a pause that is longer than calls wait.
type refusal struct {
	until time.Time
	err   *Error
}

// slowDown makes the whole client go slower, after a 429 or 503.
func (c *Client) slowDown(cl *call, s slot, e *Error) {
	streak := c.limit.slowDown(s)
	now := c.opt.Now()
	asked, ok := retryAfter(e.retryAfter, e.date, now)
	if !ok || asked <= 0 {
		// Growing by three, as each probe costs a repeat: a service that
		// counts by the minute is met again after about five.
		most := firstPause
		for range min(streak-1, 5) {
			most = min(3*most, maxPause)
		}
		asked = most/2 + time.Duration(c.opt.Rand()*float64(most/2))
	}
	cl.asked = asked
	if asked > c.opt.MaxWait {
		first := *e
		c.refusal.Store(&refusal{until: now.Add(asked), err: &first})
		return
	}
	c.limit.hold(min(asked, maxPause))
}

// plan returns how long cl should wait before its next attempt, or the reason
// why there will be none. It takes the repeat from the bucket.
func (c *Client) plan(cl *call) (wait time.Duration, reason string) {
	most := c.opt.Attempts
	if cl.asked > 0 {
		most += moreForSlow
	}
	ceiling := min(firstDelay<<min(max(cl.attempt, 1)-1, 10), lastDelay)
	wait = min(max(time.Duration(c.opt.Rand()*float64(ceiling)), cl.asked), maxPause)
	switch {
	case cl.asked > c.opt.MaxWait:
		reason = c.tooLong(cl.asked)
	case cl.attempt >= most:
		reason = enough
	case cl.waited+wait > c.opt.MaxWait:
		reason = fmt.Sprintf("it would wait longer than %v in all", c.opt.MaxWait)
	case cl.left < min(time.Second, cl.limit/10):
		reason = fmt.Sprintf("its time of %v is used up", cl.limit)
	case !c.bucket.take():
		reason = "too many calls fail, and repeating them all would burden the service"
	}
	return wait, reason
}

func (c *Client) notifyWait(cl *call, wait time.Duration, err error) {
	e := Event{Kind: EventWait, Method: cl.Method, Path: cl.Path, Attempt: cl.attempt, Wait: wait, Err: err}
	var se *Error
	shown := wait.Round(100 * time.Millisecond)
	switch {
	case !errors.As(err, &se):
		e.Text = fmt.Sprintf("trying again in %v: the network failed", shown)
	case cl.asked > 0:
		e.Status = se.Status
		e.Text = fmt.Sprintf("the service asks to wait %v", shown)
	default:
		e.Status = se.Status
		e.Text = fmt.Sprintf("trying again in %v: the service answered %d", shown, se.Status)
	}
	c.notify(e)
}

// repeatable tells whether sending cl again is safe and may help.
func (cl *call) repeatable(err error) bool {
	var ne *NetworkError
	if errors.As(err, &ne) {
		return !ne.final && (!ne.Sent || cl.repeats())
	}
	var e *Error
	if !errors.As(err, &e) || e.NotSent {
		return false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return cl.repeats()
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		// Under a key these may be the recorded outcome, or the end of a
		// request that still goes on behind the balancer.
		return cl.Method != http.MethodPost
	case http.StatusInternalServerError:
		first := !cl.saw500
		cl.saw500 = true
		return first && cl.Method != http.MethodPost
	case http.StatusConflict:
		return cl.Method == http.MethodPost && cl.Key != "" && (locked(e) || cl.doubt || cl.Resent)
	}
	return false
}

// locked tells whether a 409 says that the idempotency key is in use.
func locked(e *Error) bool {
	return strings.Contains(strings.ToLower(e.Key+" "+e.Message), "idempot")
}

// settle updates what is known of the effect of cl, and tells err of it. The
// rules are those of MayHaveEffect.
func (cl *call) settle(err error) {
	var (
		ne *NetworkError
		be *BodyError
		e  *Error
	)
	mutates := cl.mutates()
	switch {
	case errors.As(err, &ne):
		lost := ne.Sent && ne.Phase != PhaseRedirect
		cl.doubt = mutates && (cl.doubt || ne.doubt || lost)
		ne.doubt = cl.doubt
	case errors.As(err, &be):
		cl.doubt = mutates
		be.doubt = cl.doubt
	case errors.As(err, &e):
		if !e.NotSent {
			cl.doubt = mutates && cl.doubtAfter(e)
		}
		e.doubt = cl.doubt
	}
}

func (cl *call) doubtAfter(e *Error) bool {
	switch s := e.Status; {
	case s == http.StatusRequestTimeout, s >= 500 && s != http.StatusNotImplemented:
		return true
	case s == http.StatusConflict:
		return cl.doubt || cl.Key != "" && locked(e)
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusTooManyRequests:
		return cl.doubt
	case s >= 400 && cl.Key != "":
		return false
	}
	return cl.doubt
}

// retryAfter reads the header: seconds, or a date, which is set against the
// server's own clock. ok is false when it is absent or makes no sense. A
// number beyond all measure counts as that.
func retryAfter(s string, server, now time.Time) (d time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	if strings.Trim(s, "0123456789") == "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if longest := int64(10 * 365 * 24 * time.Hour / time.Second); err != nil || n > longest {
			n = longest
		}
		return time.Duration(n) * time.Second, true
	}
	t, err := http.ParseTime(s)
	if err != nil {
		return 0, false
	}
	if server.IsZero() {
		server = now
	}
	return max(0, t.Sub(server)), true
}

// A bucket holds the repeats that the client may still make. It starts full,
// and each call pays a tenth of a repeat: n calls cost at most 1.1n + 10
// requests, whatever the server does.
type bucket struct {
	mu     sync.Mutex
	tokens float64
}

func (b *bucket) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(bucketSize, b.tokens+perCall)
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
