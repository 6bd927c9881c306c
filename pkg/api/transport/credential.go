package transport

import (
	"encoding/base64"
	"fmt"
	"strings"
)

const (
	maxKeyLength   = 4096 // of the API key
	defaultKeyName = "POLYTOMIC_API_KEY"
	// managed is where organisations and their users are.
	managed  = "/api/organizations"
	identity = "/api/me"
)

// authorization is the header that goes with a request to the path. A partner's
// key acts in an organisation by Basic authentication with that one's id. As
// itself it manages organisations and their users, and says whose it is (API
// dossier 2).
func (c *Client) authorization(path string) string {
	if c.opt.Organization == "" || path == identity || manages(path) {
		return "Bearer " + c.opt.Key
	}
	return "Basic " + c.opt.basic()
}

// basic holds the key in a form of its own, which has to be kept secret as well.
func (o Options) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(o.Organization + ":" + o.Key))
}

func manages(path string) bool { return path == managed || strings.HasPrefix(path, managed+"/") }

func (o Options) badKey(format string, args ...any) error {
	return &settingError{"the API key " + fmt.Sprintf(format, args...), "set " + o.KeyName + " to the key alone, as the app showed it"}
}

func (o Options) checkCredential() error {
	bad := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\'' || r == '`' }
	key := o.Key
	switch {
	case key == "":
		return o.badKey("is empty")
	case len(key) > maxKeyLength:
		return o.badKey("is longer than %d bytes: is it a whole file?", maxKeyLength)
	case strings.TrimSpace(key) != key:
		return o.badKey("has white space around it: is it a line read with its end?")
	case strings.ContainsFunc(key, bad):
		return o.badKey("has characters that no key has (white space, quotes, control or non-ASCII characters)")
	case strings.ContainsFunc(o.Organization, func(r rune) bool { return bad(r) || r == ':' || r == '/' }):
		return &settingError{"the organisation is not an id", "give its id, a UUID, as the app or GET " + managed + " shows it"}
	}
	return nil
}
