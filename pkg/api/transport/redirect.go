package transport

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// redirect returns where to ask next, or nil if a is no redirect. Only a GET
// is sent on, and only to the scheme, host and port that it came from:
// net/http would carry the token to other ports and from https to http, and
// with 307 and 308 the body to any host.
func (c *Client) redirect(cl *call, from *url.URL, a *answer, hop int) (*url.URL, error) {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	fail := func(format string, args ...any) (*url.URL, error) {
		return nil, &NetworkError{
			Method: cl.Method, Path: cl.Path, Host: c.base.Host, Phase: PhaseRedirect, final: true, Sent: true,
			Err: errors.New(c.clean(fmt.Sprintf("status %d ", a.status)+fmt.Sprintf(format, args...), maxText)),
			// 302 and 303 are also used to say "done, look there".
			doubt: cl.mutates() && (a.status == http.StatusFound || a.status == http.StatusSeeOther),
		}
	}
	to, err := from.Parse(a.header.Get("Location"))
	if err != nil || a.header.Get("Location") == "" {
		return fail("without a proper location")
	}
	switch {
	case cl.mutates():
		return fail("to %s is not followed: a %s goes only where it was sent to", origin(to), cl.Method)
	case to.User != nil, origin(to) != origin(from):
		return fail("to another origin, %s, is not followed: it would get the API key", origin(to))
	case hop > maxRedirects:
		return fail("more than %d times", maxRedirects)
	}
	return to, nil
}

// origin is the scheme, host and port of u: all that an error may show of a
// location, the rest may hold a signature.
func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
