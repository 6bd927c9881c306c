package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	googleauth "golang.org/x/oauth2/google"

	"github.com/polyplan/polyplan/pkg/clock"
	"github.com/polyplan/polyplan/pkg/state"
)

// google keeps objects in a bucket of Google Cloud Storage, by the few requests of
// its JSON API that a store needs. Google's own client would bring gRPC along,
// which more than doubles the time that every command takes to start.
type google struct {
	client *http.Client
	base   *http.Transport // under the client's
	at     string          // the API
	bucket string
	prefix string
}

const (
	googleAPI   = "https://storage.googleapis.com"
	googleScope = "https://www.googleapis.com/auth/devstorage.read_write"
	// What is sent again after an answer that may be another the next time. A
	// create is not: ObjectStore does that, and looks what became of it.
	googleAttempts = 4
	googlePause    = 200 * time.Millisecond
)

// openGoogle takes the credentials of the environment ("application default
// credentials"). In the query, endpoint=https://... names another server that
// speaks the API, anonymous=true sends no credentials.
func openGoogle(ctx context.Context, u *url.URL) (state.Objects, error) {
	if u.Host == "" {
		return nil, errors.New("it lacks the name of a bucket: write it as in gs://bucket/prefix")
	}
	g := &google{base: http.DefaultTransport.(*http.Transport).Clone(), at: googleAPI, bucket: u.Host}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		g.prefix = prefix + "/"
	}
	g.client = &http.Client{Transport: g.base, Timeout: requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	anonymous := false
	for name, values := range u.Query() {
		switch {
		case name == "endpoint":
			g.at = strings.TrimSuffix(values[0], "/")
		case name == "anonymous" && (values[0] == "true" || values[0] == "false"):
			anonymous = values[0] == "true"
		default:
			return nil, fmt.Errorf("its parameter %s is unknown or has no such value: there are endpoint=https://... and anonymous=true", name)
		}
	}
	to, err := url.Parse(g.at)
	if err != nil || to.Host == "" {
		return nil, errors.New("its endpoint is not a URL")
	}
	if to.Scheme != "https" && !loopback(to.Hostname()) {
		return nil, errors.New("its endpoint is not encrypted on its way: write https://, for http:// goes to this machine only")
	}
	if anonymous {
		return g, nil
	}
	// Tokens are asked for as long as the store is open, by the same rules.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Transport: g.base, Timeout: requestTime})
	credentials, err := googleauth.FindDefaultCredentials(ctx, googleScope)
	if err != nil {
		return nil, fmt.Errorf("there are no credentials for Google Cloud: run `gcloud auth application-default login`, or name a file of them in GOOGLE_APPLICATION_CREDENTIALS: %w", err)
	}
	g.client.Transport = &oauth2.Transport{Source: credentials.TokenSource, Base: g.base}
	return g, nil
}

// send sends a request and reads the whole answer.
func (g *google) send(ctx context.Context, method, path string, query url.Values, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.at+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	res, err := g.client.Do(req)
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) { // it would quote the answer
		return 0, nil, fmt.Errorf("the credentials for Google Cloud were refused with status %d: run `gcloud auth application-default login` again, or renew what GOOGLE_APPLICATION_CREDENTIALS names", refused.Response.StatusCode)
	}
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, state.SizeLimit+1))
	if err == nil && len(answer) > state.SizeLimit {
		err = errors.New("the answer has no end")
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer to %s: %w", method, err)
	}
	return res.StatusCode, answer, nil
}

// ask sends a request that may be sent twice, until its answer is a lasting one.
func (g *google) ask(ctx context.Context, method, path string, query url.Values) (status int, answer []byte, err error) {
	for attempt := 1; ; attempt++ {
		status, answer, err = g.send(ctx, method, path, query, nil)
		passing := err != nil || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
		if !passing || attempt == googleAttempts {
			return status, answer, err
		}
		if err := clock.Sleep(ctx, googlePause<<(attempt-1)); err != nil {
			return 0, nil, err
		}
	}
}

// unfit is the error for a status that does not fit. It does not quote the answer.
func (g *google) unfit(method string, status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the bucket's server refused %s with status %d: the credentials need the role Storage Object User on the bucket %s", method, status, g.bucket)
	case http.StatusNotFound:
		return fmt.Errorf("there is no bucket %s at Google: create it, or correct its name", g.bucket)
	}
	return fmt.Errorf("the bucket's server answered %s with status %d", method, status)
}

func (g *google) object(name string) string {
	return "/storage/v1/b/" + url.PathEscape(g.bucket) + "/o/" + url.PathEscape(g.prefix+name)
}

// Create implements state.Objects. Generation 0 is that of an object that is not.
func (g *google) Create(ctx context.Context, name string, content []byte) error {
	status, _, err := g.send(ctx, http.MethodPost, "/upload/storage/v1/b/"+url.PathEscape(g.bucket)+"/o",
		url.Values{"uploadType": {"media"}, "name": {g.prefix + name}, "ifGenerationMatch": {"0"}}, content)
	switch {
	case err != nil:
		return err
	case status == http.StatusPreconditionFailed:
		return fs.ErrExist
	case status != http.StatusOK:
		return g.unfit(http.MethodPost, status)
	}
	return nil
}

// Get implements state.Objects.
func (g *google) Get(ctx context.Context, name string) ([]byte, error) {
	status, content, err := g.ask(ctx, http.MethodGet, g.object(name), url.Values{"alt": {"media"}})
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return nil, fs.ErrNotExist
	case status != http.StatusOK:
		return nil, g.unfit(http.MethodGet, status)
	}
	return content, nil
}

// List implements state.Objects.
func (g *google) List(ctx context.Context, prefix string) ([]state.Item, error) {
	query := url.Values{"prefix": {g.prefix + prefix}, "fields": {"items(name,timeCreated),nextPageToken"}}
	for out := []state.Item(nil); ; {
		status, answer, err := g.ask(ctx, http.MethodGet, "/storage/v1/b/"+url.PathEscape(g.bucket)+"/o", query)
		switch {
		case err != nil:
			return nil, err
		case status != http.StatusOK:
			return nil, g.unfit(http.MethodGet, status)
		}
		var page struct {
			Items []struct {
				Name        string    `json:"name"`
				TimeCreated time.Time `json:"timeCreated"`
			} `json:"items"`
			NextPageToken string `json:"nextPageToken"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, errors.New("the list of objects that the bucket's server answered is not one")
		}
		for _, o := range page.Items {
			out = append(out, state.Item{Name: strings.TrimPrefix(o.Name, g.prefix), Time: o.TimeCreated})
		}
		if page.NextPageToken == "" {
			return out, nil
		}
		query.Set("pageToken", page.NextPageToken)
	}
}

// Delete implements state.Objects.
func (g *google) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		status, _, err := g.ask(ctx, http.MethodDelete, g.object(name), nil)
		switch {
		case err != nil:
			return err
		case status != http.StatusNoContent && status != http.StatusOK && status != http.StatusNotFound:
			return g.unfit(http.MethodDelete, status)
		}
	}
	return nil
}

// Close implements state.Objects.
func (g *google) Close() error {
	g.base.CloseIdleConnections()
	return nil
}
