package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/state"
)

// document keeps objects in one document of a server that speaks the protocol of
// Terraform's HTTP backend: GET and POST of the whole, and a lock. It has nothing
// like create-if-absent, so all writing happens under the server's lock, which
// the run holds from its beginning to its end. The serial of the document goes up
// with every write: servers that know Terraform's states, as GitLab's, refuse one
// that they have.
type document struct {
	client         *http.Client
	at             string
	lock, unlock   endpoint
	user, password string

	mu     sync.Mutex
	lockID string // "" while the lock is not held
	wrote  int64  // the serial that was last written under it
}

type endpoint struct{ method, at string }

// documentLimit is the size from which on a document is refused.
const documentLimit = state.SizeLimit

// requestTime is how long a request may take, with its answer.
const requestTime = time.Minute

type documentJSON struct {
	Polyplan int                   `json:"polyplan"` // the version of this format
	Serial   int64                 `json:"serial"`
	Lineage  string                `json:"lineage"`
	Objects  map[string]objectJSON `json:"objects"`
}

type objectJSON struct {
	Made    time.Time `json:"made"`
	Content []byte    `json:"content"` // compressed
}

const documentFormat = 1

// openDocument takes the variables that Terraform and GitLab's pages use.
func openDocument(u *url.URL, lookupEnv func(string) (string, bool)) (state.Objects, error) {
	env := func(name, otherwise string) string {
		if v, ok := lookupEnv(name); ok && v != "" {
			return v
		}
		return otherwise
	}
	at := *u
	at.User = nil
	d := &document{at: at.String(), client: &http.Client{Timeout: requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	d.user, d.password = env("TF_HTTP_USERNAME", ""), env("TF_HTTP_PASSWORD", "")
	if u.User != nil {
		d.user = u.User.Username()
		if p, ok := u.User.Password(); ok {
			d.password = p
		}
	}
	lockAt, lockMethod, unlockMethod := d.at, "LOCK", "UNLOCK"
	if strings.Contains(u.Path, "/terraform/state/") { // GitLab's
		beside := at
		beside.Path = strings.TrimSuffix(at.Path, "/") + "/lock"
		lockAt, lockMethod, unlockMethod = beside.String(), http.MethodPost, http.MethodDelete
	}
	d.lock = endpoint{env("TF_HTTP_LOCK_METHOD", lockMethod), env("TF_HTTP_LOCK_ADDRESS", lockAt)}
	d.unlock = endpoint{env("TF_HTTP_UNLOCK_METHOD", unlockMethod), env("TF_HTTP_UNLOCK_ADDRESS", lockAt)}
	for _, address := range []string{d.at, d.lock.at, d.unlock.at} {
		to, err := url.Parse(address)
		if err != nil || to.Host == "" {
			return nil, errors.New("one of its addresses is not a URL")
		}
		if to.Scheme != "https" && !loopback(to.Hostname()) {
			return nil, errors.New("it is not encrypted on its way: write https://, for http:// goes to this machine only")
		}
	}
	return d, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// send sends a request and reads the whole answer.
func (d *document) send(ctx context.Context, method, at string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if d.user != "" || d.password != "" {
		req.SetBasicAuth(d.user, d.password)
	}
	res, err := d.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, documentLimit+1))
	if err == nil && len(answer) > documentLimit {
		err = errors.New("the answer has no end")
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer to %s: %w", method, err)
	}
	return res.StatusCode, answer, nil
}

// unexpected is the error for a status that does not fit. It does not quote the
// answer, which may hold anything.
func unexpected(method string, status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the server refused %s with status %d: check the user and password, in TF_HTTP_USERNAME and TF_HTTP_PASSWORD", method, status)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusNotFound:
		return fmt.Errorf("the server answered %s with status %d: it does not speak the protocol of Terraform's HTTP backend there", method, status)
	}
	return fmt.Errorf("the server answered %s with status %d", method, status)
}

// read gets the document; one that was never written has serial 0.
func (d *document) read(ctx context.Context) (*documentJSON, error) {
	status, body, err := d.send(ctx, http.MethodGet, d.at, nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound, status == http.StatusNoContent, status == http.StatusOK && len(body) == 0:
		return &documentJSON{Polyplan: documentFormat, Lineage: state.New().Lineage, Objects: map[string]objectJSON{}}, nil
	case status != http.StatusOK:
		return nil, unexpected("GET", status)
	}
	var is struct{ Polyplan int }
	if json.Unmarshal(body, &is) == nil && is.Polyplan > documentFormat {
		return nil, &state.NewerFormatError{Version: is.Polyplan, Known: documentFormat}
	}
	var doc documentJSON
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, &state.DamagedError{Damage: state.Altered, What: "the document is not whole: " + err.Error()}
	}
	switch {
	case doc.Polyplan < 1 || doc.Objects == nil:
		return nil, &state.DamagedError{Damage: state.Foreign, What: "the document is not a state of polyplan's"}
	}
	return &doc, nil
}

// change reads the document, changes it and writes it back.
func (d *document) change(ctx context.Context, change func(map[string]objectJSON) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lockID == "" {
		return errors.New("the server's lock is not held")
	}
	doc, err := d.read(ctx)
	if err != nil {
		return err
	}
	if d.wrote != 0 && doc.Serial != d.wrote {
		// What this run wrote may be gone with the lock.
		return fmt.Errorf("the document was replaced by another run although this one holds the lock (its serial is %d, and %d was written here): "+
			"the server does not keep its locks", doc.Serial, d.wrote)
	}
	if err := change(doc.Objects); err != nil {
		return err
	}
	doc.Serial++
	body, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	at, err := url.Parse(d.at)
	if err != nil {
		return err
	}
	q := at.Query()
	q.Set("ID", d.lockID)
	at.RawQuery = q.Encode()
	status, _, err := d.send(ctx, http.MethodPost, at.String(), body)
	switch {
	case err != nil:
		return err
	case status == http.StatusLocked || status == http.StatusConflict:
		return &state.LockLostError{What: fmt.Sprintf("the server no longer knows this run's lock (status %d): someone has freed it", status)}
	case status < 200 || status > 299:
		return unexpected("POST", status)
	}
	d.wrote = doc.Serial
	return nil
}

// Create implements state.Objects.
func (d *document) Create(ctx context.Context, name string, content []byte) error {
	packed, err := pack(content)
	if err != nil {
		return err
	}
	err = d.change(ctx, func(objects map[string]objectJSON) error {
		if _, ok := objects[name]; ok {
			return fs.ErrExist
		}
		objects[name] = objectJSON{time.Now().UTC().Truncate(time.Second), packed}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		d.forget(ctx)
	}
	return err
}

// forget reads which serial a write left whose answer did not come.
func (d *document) forget(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if doc, err := d.read(ctx); err == nil && d.wrote != 0 && doc.Serial == d.wrote+1 {
		d.wrote = doc.Serial
	}
}

// Get implements state.Objects.
func (d *document) Get(ctx context.Context, name string) ([]byte, error) {
	doc, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	o, ok := doc.Objects[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return unpack(o.Content)
}

// List implements state.Objects.
func (d *document) List(ctx context.Context, prefix string) ([]state.Item, error) {
	doc, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	var out []state.Item
	for name, o := range doc.Objects {
		if strings.HasPrefix(name, prefix) {
			out = append(out, state.Item{Name: name, Time: o.Made})
		}
	}
	return out, nil
}

// Delete implements state.Objects.
func (d *document) Delete(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	return d.change(ctx, func(objects map[string]objectJSON) error {
		maps.DeleteFunc(objects, func(name string, _ objectJSON) bool {
			for _, n := range names {
				if n == name {
					return true
				}
			}
			return false
		})
		return nil
	})
}

// Close implements state.Objects.
func (d *document) Close() error {
	d.client.CloseIdleConnections()
	return nil
}

func pack(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unpack(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, &state.DamagedError{Damage: state.Altered, What: "an object of the document is not whole: " + err.Error()}
	}
	out, err := io.ReadAll(io.LimitReader(r, state.SizeLimit))
	if err != nil {
		return nil, &state.DamagedError{Damage: state.Altered, What: "an object of the document is not whole: " + err.Error()}
	}
	return out, nil
}

var (
	_ state.Objects = (*document)(nil)
	_ state.Locker  = (*document)(nil)
)
