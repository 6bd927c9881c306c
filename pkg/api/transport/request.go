package transport

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Request is what a caller wants done.
type Request struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Path begins with a slash and is percent-encoded: see PathSegment.
	Path  string
	Query url.Values
	// Body goes out as Encode makes it. A POST, PUT or PATCH without one
	// sends {}; GET and DELETE take none.
	Body any
	// Key is the idempotency key of a POST: 8 to 255 letters, digits, '-' and
	// '_'. Without one a POST is repeated only if it was certainly not sent.
	Key string
	// Resent says that an earlier run sent this key already and got no answer.
	// The call is then in doubt from the start (see MayHaveEffect), and a
	// conflict is taken for the lock of that request, and waited for.
	Resent bool
	// Timeout bounds the exchanges of this call instead of the client's own
	// limits; Slow chooses the longer one of these.
	Timeout time.Duration
	Slow    bool
	// EmptyOK accepts an answer without a body. A DELETE always does.
	EmptyOK bool
}

// A Response is an answer that says success.
type Response struct {
	Status int
	// Data is the member "data": checked, not decoded; nil when there is none.
	Data json.RawMessage
	// Raw is the whole body; empty when there was none.
	Raw    json.RawMessage
	Header http.Header
	// ServerTime is the server's clock, zero if it did not say.
	ServerTime time.Time
	// Attempts is how often the call was sent.
	Attempts int
	// Repeated is set on a DELETE that was sent more than once and then met
	// 404: it is done, by an earlier attempt or by someone else. Status is 404.
	Repeated bool

	members map[string]json.RawMessage
	cl      *call
}

// Member returns a sibling of data, such as "pagination" or "job", as it was
// sent; nil if there is none.
func (r *Response) Member(name string) json.RawMessage { return r.members[name] }

// Object decodes Data, which must be an object. Its error is a *BodyError.
func (r *Response) Object() (map[string]any, error) {
	if len(r.Data) == 0 {
		return nil, r.unfit("the answer has no data", nil)
	}
	m, err := DecodeObject(r.Data)
	if err != nil {
		return nil, r.unfit("the data of the answer is not an object", err)
	}
	return m, nil
}

// Bare decodes the whole body, which must be an object, of a call that answers
// without an envelope. Its error is a *BodyError.
func (r *Response) Bare() (map[string]any, error) {
	m, err := DecodeObject(r.Raw)
	if err != nil {
		return nil, r.unfit("the answer is not an object", err)
	}
	return m, nil
}

// unfit is the error for an answer that is JSON, but not what is due.
func (r *Response) unfit(reason string, err error) *BodyError {
	return &BodyError{
		Method: r.cl.Method, Path: r.cl.Path, Status: r.Status, Reason: reason, Err: err,
		doubt: r.cl.mutates(),
	}
}

// PathSegment encodes s as one segment of a path: an id or name of the server
// cannot reach beyond it.
func PathSegment(s string) string {
	switch s {
	case ".", "..":
		return strings.Repeat("%2E", len(s))
	}
	return url.PathEscape(s)
}

// A call is a Request under way.
type call struct {
	Request
	url   *url.URL
	body  []byte        // nil for GET and DELETE
	limit time.Duration // for all exchanges
	left  time.Duration // of limit

	attempt int           // the current one, from 1
	waited  time.Duration // between attempts
	asked   time.Duration // how long the service just asked to wait
	saw500  bool
	doubt   bool // an attempt may have had an effect, and no answer settled it
	inside  bool // its answer is the large one
}

func (cl *call) mutates() bool { return cl.Method != http.MethodGet }

// repeats tells whether sending the call again does no more than sending it
// once. PUT replaces whole objects and PATCH sets what it lists, so they may.
func (cl *call) repeats() bool { return cl.Method != http.MethodPost || cl.Key != "" }

// prepare checks r. Its errors are those of the program, or of an id that
// must not become part of a path; nothing is sent.
func (c *Client) prepare(r Request) (*call, error) {
	cl := &call{Request: r}
	fail := func(why string) (*call, error) {
		return nil, fmt.Errorf("%s %s: %s", cut(r.Method, 10), cut(r.Path, 200), why)
	}
	switch r.Method {
	case http.MethodGet, http.MethodDelete:
		if r.Body != nil {
			return fail("no body goes with this method")
		}
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		cl.body = []byte("{}")
		if r.Body != nil {
			body, err := Encode(r.Body)
			if err != nil {
				return nil, fmt.Errorf("%s %s: encoding the body: %s", r.Method, r.Path, c.redact(err.Error()))
			}
			cl.body = body
		}
	default:
		return fail("unknown method")
	}
	if r.Key != "" {
		if r.Method != http.MethodPost {
			return fail("an idempotency key goes with POST only")
		}
		if !validIdempotencyKey(r.Key) {
			return fail("the idempotency key is not 8 to 255 letters, digits, '-' and '_'")
		}
	}
	u, err := c.address(r.Path, r.Query)
	if err != nil {
		return fail(err.Error())
	}
	cl.url = u
	cl.doubt = r.Key != "" && r.Resent
	cl.limit = c.opt.Timeout
	if r.Slow {
		cl.limit = c.opt.SlowTimeout
	}
	if r.Timeout > 0 {
		cl.limit = r.Timeout
	}
	cl.left = cl.limit
	return cl, nil
}

// address joins a path to the base URL. An empty segment is refused, as an
// empty id would turn "delete this" into a request to the whole list; and so
// is what a server could read as "one level up".
func (c *Client) address(path string, query url.Values) (*url.URL, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, errors.New("the path does not begin with a slash")
	}
	for _, r := range path {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`?#"<>\^{|}`+"`", r) {
			return nil, errors.New("the path has characters that need percent-encoding")
		}
	}
	if strings.Contains(path, "//") {
		return nil, errors.New("the path has an empty segment: an id is missing")
	}
	if strings.HasSuffix(path, "/") && path != "/api/connections/connect/" {
		return nil, errors.New("the path ends in a slash: an id is missing")
	}
	for segment := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, errors.New("the path has a broken percent-encoding")
		}
		if plain == "." || plain == ".." {
			return nil, errors.New("the path has a dot segment")
		}
	}
	u, err := url.Parse(strings.TrimRight(c.base.String(), "/") + path)
	if err != nil {
		return nil, errors.New("the path is not proper")
	}
	u.RawQuery = query.Encode()
	return u, nil
}

func validIdempotencyKey(s string) bool {
	if len(s) < 8 || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
