package transport

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const maxText = 500 // bytes of what the server says that go into an error

// An Error is an answer with an error status.
type Error struct {
	Method, Path string
	Status       int
	// Key, Message and Metadata are what the body said, in either of its two
	// shapes (API dossier 6): redacted, valid UTF-8, short. Message may be
	// empty.
	Key, Message string
	Metadata     map[string]any
	RequestID    string
	// NotSent is set when the client did not send a call, because this had
	// been the answer to an earlier one: a 401, or a demand to wait long.
	NotSent bool

	retryAfter string
	date       time.Time
	doubt      bool
	keyName    string // of the variable that the API key came from
}

// Error is like "POST /api/syncs: 422 mode not supported by target".
func (e *Error) Error() string {
	what := e.Message
	if what == "" {
		what = e.Key
	}
	if what == "" {
		what = http.StatusText(e.Status)
	}
	s := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, what)
	if e.NotSent {
		s += " (said to an earlier call; this one was not sent)"
	}
	return strings.TrimSpace(s)
}

// unsent returns e as the answer to a call that was not sent because of it.
func (e *Error) unsent() *Error {
	same := *e
	same.NotSent, same.doubt = true, false
	return &same
}

// Hint says what the reader can do about e, or nothing.
func (e *Error) Hint() string {
	switch e.Status {
	case http.StatusUnauthorized:
		return "check " + cmp.Or(e.keyName, defaultKeyName) + ", and that it belongs to the deployment in POLYTOMIC_DEPLOYMENT_URL"
	case http.StatusForbidden:
		if manages(e.Path) {
			return "organisations, and with some services their users too, are for the key of a partner or of a deployment: POLYTOMIC_PARTNER_KEY or POLYTOMIC_DEPLOYMENT_KEY"
		}
		return "use the API key of somebody who may do this, or have its user given the role for it"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "the service is busy: run the same command again later, perhaps with less --parallelism"
	case http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusInternalServerError:
		return "the service had trouble of its own: run the same command again later"
	case http.StatusUnprocessableEntity:
		if len(UsedBy(e)) > 0 {
			return "delete or change first what uses it; polyplan deletes in that order what it manages itself"
		}
	}
	return ""
}

// A RetryError is a call that was given up. It wraps the last failure.
type RetryError struct {
	Attempts int           // how many were made, 0 if none was
	Waited   time.Duration // between them
	Reason   string        // why no more
	Err      error
}

func (e *RetryError) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	if e.Reason == enough {
		return fmt.Sprintf("%v (given up after %s)", e.Err, attempts)
	}
	return fmt.Sprintf("%v (given up after %s: %s)", e.Err, attempts, e.Reason)
}

func (e *RetryError) Unwrap() error { return e.Err }

// A BodyError is an answer that says success but cannot be understood.
type BodyError struct {
	Method, Path string
	Status       int
	Reason       string // "the server answered with HTML, not JSON"
	// Excerpt is the beginning of the body, redacted, at most 200 bytes. It
	// is for verbose output, and no part of Error.
	Excerpt string
	Err     error // the *JSONError, if there is one

	html  bool
	large bool // the lists cost more than they may
	doubt bool
}

func (e *BodyError) Error() string {
	return fmt.Sprintf("%s %s: %s (status %d)", e.Method, e.Path, e.Reason, e.Status)
}

// Hint says what the reader can do about it, or nothing.
func (e *BodyError) Hint() string {
	switch {
	case e.html:
		return "check POLYTOMIC_DEPLOYMENT_URL, and whether a proxy stands between: a page for people is at that address"
	case e.large:
		return "if the organisation really has so much, allow more with --list-memory MIB or POLYPLAN_LIST_MEMORY"
	}
	return ""
}

func (e *BodyError) Unwrap() error { return e.Err }

// MayHaveEffect tells whether a call that failed with err may nevertheless
// have been carried out, so that only asking the server can tell. It is true
// for a POST, PUT, PATCH or DELETE of which
//
//   - a request was sent and no whole answer came: a connection cut or timed
//     out after the header was written, an answer cut short, an interrupt;
//   - the answer was 408, or any 5xx but 501, or a redirect by 302 or 303;
//   - the answer said success but was not understood;
//   - the answer was 409 because the idempotency key is in use;
//   - an earlier attempt ended like this, and the last answer did not settle
//     it. A 4xx settles a POST with an idempotency key, as it is what became
//     of that key; but 401, 403, 408, 409 and 429 are given before keys are
//     looked at, and settle nothing. Request.Resent counts as an attempt.
//
// It is also true for a *JobError whose job did not end in time.
//
// It is false for nil, for every GET, for calls that were refused here or
// never got a connection, for definite refusals (4xx), and for errors that
// are not of this package.
func MayHaveEffect(err error) bool {
	var d interface{ inDoubt() bool }
	return errors.As(err, &d) && d.inDoubt()
}

func (e *Error) inDoubt() bool     { return e.doubt }
func (e *BodyError) inDoubt() bool { return e.doubt }

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// IsNotFound tells whether the server answered 404.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsConflict tells whether the server answered 409.
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// IsUnauthorized tells whether the server answered 401: the key is no good,
// and no further call will be sent.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsBadRequest tells whether the server answered 400.
func IsBadRequest(err error) bool { return hasStatus(err, http.StatusBadRequest) }

// IsForbidden tells whether the server answered 403.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// A Use is an object that keeps another from being deleted.
type Use struct{ Type, Name, ID string }

// UsedBy returns what the server named as users of the object that it would
// not delete, in its order; nil if it named none.
func UsedBy(err error) []Use {
	var e *Error
	if !errors.As(err, &e) {
		return nil
	}
	list, _ := e.Metadata["used_by"].([]any)
	var uses []Use
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			continue
		}
		str := func(name string) string { s, _ := m[name].(string); return s }
		uses = append(uses, Use{Type: str("type"), Name: str("name"), ID: str("id")})
	}
	return uses
}

// serverError makes the Error of an answer. A body that is no JSON, or of
// another shape, leaves the status to speak: proxies answer as they like.
func (c *Client) serverError(cl *call, status int, h http.Header, body []byte) *Error {
	e := &Error{Method: cl.Method, Path: cl.Path, Status: status, retryAfter: h.Get("Retry-After"), keyName: c.opt.KeyName}
	e.date, _ = http.ParseTime(h.Get("Date"))
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Amzn-Trace-Id", "Cf-Ray"} {
		if id := h.Get(name); id != "" {
			e.RequestID = c.clean(id, 100)
			break
		}
	}
	m, err := DecodeObject(body)
	if err != nil {
		return e
	}
	str := func(names ...string) string {
		for _, name := range names {
			if s, _ := m[name].(string); s != "" {
				return c.clean(s, maxText)
			}
		}
		return ""
	}
	e.Key = str("key")
	e.Message = str("message", "error")
	if inner, ok := m["error"].(map[string]any); ok && e.Message == "" {
		m = inner
		e.Message = str("message")
	}
	for _, name := range []string{"metadata", "context"} {
		if meta, ok := m[name].(map[string]any); ok && len(meta) > 0 {
			e.Metadata, _ = c.cleanValue(meta).(map[string]any)
			break
		}
	}
	return e
}

// cleanValue returns v with its texts cleaned.
func (c *Client) cleanValue(v any) any {
	switch v := v.(type) {
	case string:
		return c.clean(v, maxText)
	case json.Number:
		if s := c.clean(string(v), maxText); s != string(v) {
			return s
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = c.cleanValue(e)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[c.clean(k, maxText)] = c.cleanValue(e)
		}
		return m
	}
	return v
}
