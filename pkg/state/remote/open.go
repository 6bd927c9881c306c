package remote

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/state"
)

// The number of generations that stay. A document is sent as a whole with
// every step, so it keeps fewer.
const (
	keepObjects  = 50
	keepDocument = 5
)

var urlForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// IsURL tells a URL from the path of a file.
func IsURL(s string) bool { return urlForm.MatchString(s) }

// Schemes are those that Open knows.
var Schemes = []string{"s3", "gs", "azblob", "postgres", "https"}

// UnknownSchemeError says that no store is opened by such a URL.
type UnknownSchemeError struct{ Scheme string }

func (e *UnknownSchemeError) Error() string {
	return fmt.Sprintf("a state at %s:// is not supported", e.Scheme)
}

// Hint is what to do instead.
func (e *UnknownSchemeError) Hint() string {
	return "give --state a path, or a URL that begins with " + strings.Join(Schemes, "://, ") + "://"
}

// Open opens the store that a URL names, without asking the network for more
// than it must. It looks for credentials in the environment.
func Open(ctx context.Context, address string, lookupEnv func(string) (string, bool)) (*state.ObjectStore, error) {
	u, err := url.Parse(address)
	if err != nil {
		// The error would quote the address, with a password that may be in it.
		return nil, errors.New("the address of the state is not a URL: write it as in s3://bucket/prefix, and in a password %40 for @, %2F for /")
	}
	shown := Redact(address)
	var objects state.Objects
	keep := keepObjects
	switch u.Scheme {
	case "s3", "azblob":
		objects, err = openBucket(ctx, u)
	case "gs":
		objects, err = openGoogle(ctx, u)
	case "postgres", "postgresql":
		objects, err = openTable(ctx, u)
	case "https", "http":
		keep = keepDocument
		objects, err = openDocument(u, lookupEnv)
	default:
		return nil, &UnknownSchemeError{u.Scheme}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the state at %s: %w", shown, err)
	}
	return state.OnObjects(shown, objects, keep), nil
}

// shownInQuery are the members of a query that are shown; any other may be a
// secret.
var shownInQuery = []string{"region", "endpoint", "state", "sslmode", "search_path", "use_path_style", "profile", "domain", "protocol", "storage_account"}

// Redact is an address as it may be shown: without password, and with the values
// of those parameters alone that are known not to be secrets.
func Redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, "://")
		return scheme + "://..."
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for name := range q {
		if !slices.Contains(shownInQuery, name) {
			q[name] = []string{"..."}
		}
	}
	u.RawQuery, u.Fragment = q.Encode(), ""
	return u.String()
}

// Password is the one that stands in an address, "" if there is none.
func Password(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	password, _ := u.User.Password()
	return password
}
