// Package contract holds HTTP exchanges against the API's description in
// testdata/contract, so that neither our client nor our sandbox drifts from it.
//
//	client := &http.Client{Transport: contract.Transport(t, nil)}
//
// Every request that such a client sends and every answer it gets is checked; what does
// not match fails the test. The description is of version 2024-02-08. Of another version
// the same is demanded, except where the two are known to differ.
//
// A test that sends something wrong on purpose says so with Mistaken, and one that breaks
// the exchange itself with Unchecked. The package checks form, not behaviour.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// version is the API version that the description is of.
const version = "2024-02-08"

// What infrastructure and idempotency keys answer is no operation's, so no operation
// declares it.
var undeclared = []int{
	http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusInternalServerError,
	http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

type contextKey string

const (
	mistaken  contextKey = "mistaken"
	unchecked contextKey = "unchecked"
)

// Mistaken returns the request marked as wrong on purpose: only its answer is checked.
func Mistaken(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), mistaken, true))
}

// Unchecked returns the request marked as one whose exchange is not checked at all.
func Unchecked(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), unchecked, true))
}

// Transport returns a round tripper that sends requests through base, the default
// transport if nil, and fails t where an exchange breaks the contract. It is safe for
// concurrent use.
func Transport(t testing.TB, base http.RoundTripper) http.RoundTripper {
	t.Helper()
	router, err := load()
	if err != nil {
		t.Fatalf("reading the contract: %v", err)
	}
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{t: t, base: base, router: router}
}

// Operations returns every operation that the description has as "METHOD /path/{id}", in
// order.
func Operations(t testing.TB) []string {
	t.Helper()
	all, err := operations()
	if err != nil {
		t.Fatalf("reading the contract: %v", err)
	}
	return all
}

func operations() ([]string, error) {
	doc, err := read()
	if err != nil {
		return nil, err
	}
	var all []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	slices.Sort(all)
	return all, nil
}

// exercised are the operations that were carried out with the contract looking on.
var exercised sync.Map

// Unexercised returns the operations of which no exchange of this process has been held
// against the contract and ended well, in order.
func Unexercised() ([]string, error) {
	all, err := operations()
	return slices.DeleteFunc(all, func(operation string) bool {
		_, done := exercised.Load(operation)
		return done
	}), err
}

func read() (*openapi3.T, error) {
	_, here, _, _ := runtime.Caller(0)
	data, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "..", "testdata", "contract", "polytomic-openapi.yaml"))
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(data)
}

// load prepares the description once for all tests of a package.
var load = sync.OnceValues(func() (routers.Router, error) {
	doc, err := read()
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // tests run on servers of their own
	for _, schema := range doc.Components.Schemas {
		allowNull(schema)
	}
	return gorillamux.NewRouter(doc)
})

// allowNull lets a schema that says nothing stand for any JSON, null included, as it is
// meant; to OpenAPI 3.0 even that schema excludes null.
func allowNull(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil {
		return
	}
	s := ref.Value
	if s.Type == nil && len(s.OneOf)+len(s.AllOf)+len(s.AnyOf) == 0 {
		s.Nullable = true
	}
	for _, member := range s.Properties {
		if member.Ref == "" { // the others have their own turn
			allowNull(member)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		allowNull(s.Items)
	}
	if more := s.AdditionalProperties.Schema; more != nil && more.Ref == "" {
		allowNull(more)
	}
}

type transport struct {
	t      testing.TB
	base   http.RoundTripper
	router routers.Router
}

func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Value(unchecked) != nil {
		return tr.base.RoundTrip(r)
	}
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	input, err := tr.input(r, sent)
	if err != nil {
		tr.complain(r, "no operation of the contract: %v", err)
	} else if r.Context().Value(mistaken) == nil {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			tr.complain(r, "the request breaks the contract: %v", err)
		}
	}
	res, rerr := tr.base.RoundTrip(r)
	if rerr != nil || err != nil {
		return res, rerr
	}
	got, rerr := io.ReadAll(res.Body)
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(got))
	if rerr != nil {
		return res, rerr
	}
	if err := tr.answer(r, input, res, got); err != nil {
		tr.complain(r, "the answer %d breaks the contract: %v\n%s", res.StatusCode, err, got)
	} else if res.StatusCode < 300 {
		exercised.Store(r.Method+" "+input.Route.Path, true)
	}
	return res, nil
}

func (tr *transport) complain(r *http.Request, format string, args ...any) {
	tr.t.Helper()
	tr.t.Errorf("%s %s: "+format, append([]any{r.Method, r.URL.Path}, args...)...)
}

// input finds the request's operation and prepares a copy to be checked, which speaks
// the version of the description.
func (tr *transport) input(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	r = r.Clone(r.Context())
	if asked := r.Header.Get("X-Polytomic-Version"); asked != "" && asked != version && bulkSync.MatchString(r.URL.Path) {
		body = older(body)
		r.ContentLength = int64(len(body))
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Header.Get("X-Polytomic-Version") != "" {
		r.Header.Set("X-Polytomic-Version", version)
	}
	r.URL.RawQuery = indexed(r.URL.Query()).Encode()
	route, params, err := tr.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true,
			MultiError:            true,
		},
	}, nil
}

// bulkSync is the path of a bulk sync, or of all.
var bulkSync = regexp.MustCompile(`^/api/bulk/syncs(/[^/]+)?$`)

// older returns the body of a bulk sync with its schedule called as in the description,
// of which the later version has the first by the name default_schedule, and with what
// that version has no more, as something that nobody takes.
func older(body []byte) []byte {
	var o map[string]any
	if json.Unmarshal(body, &o) != nil || o["default_schedule"] == nil && o["schedule"] == nil {
		return body
	}
	if _, kept := o["schedule"]; kept {
		o["schedule"] = "gone"
	} else {
		o["schedule"] = o["default_schedule"]
		delete(o, "default_schedule")
	}
	if _, kept := o["discover"]; kept {
		o["discover"] = "gone"
	}
	b, err := json.Marshal(o)
	if err != nil {
		return body
	}
	return b
}

// indexed returns the query with params[table]=users, which is how the documentation
// writes a map of lists, as params[table][0]=users, which is how the library reads one.
func indexed(query url.Values) url.Values {
	out := url.Values{}
	for name, values := range query {
		if !strings.HasPrefix(name, "params[") {
			out[name] = values
			continue
		}
		for i, v := range values {
			out.Add(fmt.Sprintf("%s[%d]", name, i), v)
		}
	}
	return out
}

func (tr *transport) answer(r *http.Request, input *openapi3filter.RequestValidationInput, res *http.Response, body []byte) error {
	asked := r.Header.Get("X-Polytomic-Version")
	if served := res.Header.Get("X-Polytomic-Version"); asked != "" && served != asked {
		return fmt.Errorf("version %q was asked for, %q answered", asked, served)
	}
	if slices.Contains(undeclared, res.StatusCode) && input.Route.Operation.Responses.Status(res.StatusCode) == nil {
		return nil
	}
	if res.StatusCode == http.StatusNotFound && len(input.PathParams) > 0 && input.Route.Operation.Responses.Status(http.StatusNotFound) == nil {
		return nil // an id may name nothing wherever it stands, though some operations forget to say so
	}
	if res.StatusCode == http.StatusUnauthorized && asked != version {
		return nil // the one error whose shape has changed
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: res.StatusCode, Header: res.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: input.Options,
	})
}
