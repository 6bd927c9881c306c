package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Client reads and writes objects. It is safe for concurrent use.
type Client struct {
	t       *transport.Client
	version string
	org     atomic.Pointer[string] // of the key, once it is known
}

// New is a client over t, which speaks the given version of the API.
func New(t *transport.Client, version string) *Client { return &Client{t: t, version: version} }

// organization is the organisation in which objects are that name none: that of
// the key, "" until Me has asked for it; or see Within.
func (c *Client) organization() string {
	if id := c.org.Load(); id != nil {
		return *id
	}
	return ""
}

// Within has objects that name no organisation be in that one, as those are that
// the key of a partner reaches there.
func (c *Client) Within(organization string) { c.org.Store(&organization) }

// Stats are the transport's counts.
func (c *Client) Stats() transport.Stats { return c.t.Stats() }

// Now is the time of the service's clock, and until an answer told it that of
// this machine. What is judged by time, such as the age of an idempotency key,
// must not depend on how well this machine's clock goes.
func (c *Client) Now() time.Time {
	if now, ok := c.t.ServerTime(); ok {
		return now
	}
	return time.Now()
}

// Identity is whom an API key stands for (API dossier 8.1).
type Identity struct {
	ID, Email                           string
	OrganizationID, OrganizationName    string
	User, Organization, Partner, System bool
}

// Me asks for whom the key stands. It is how a key is checked.
func (c *Client) Me(ctx context.Context) (Identity, error) {
	resp, err := c.t.Do(ctx, transport.Request{Method: "GET", Path: "/api/me"})
	if err != nil {
		return Identity{}, err
	}
	o, err := resp.Object()
	if err != nil {
		return Identity{}, err
	}
	text := func(key string) string { s, _ := o[key].(string); return s }
	is := func(key string) bool { b, _ := o[key].(bool); return b }
	c.Within(text("organization_id"))
	return Identity{ID: text("id"), Email: text("email"),
		OrganizationID: text("organization_id"), OrganizationName: text("organization_name"),
		User: is("is_user"), Organization: is("is_organization"), Partner: is("is_partner"), System: is("is_system")}, nil
}

// Manages reports whether it is somebody who manages organisations and acts in
// whichever is named: a partner, or a self-hosted deployment.
func (i Identity) Manages() bool { return i.Partner || i.System }

// OrganizationName is the name of the organisation with that id, which only
// those may ask for who manage it.
func (c *Client) OrganizationName(ctx context.Context, id string) (string, error) {
	resp, err := c.t.Do(ctx, transport.Request{Method: "GET", Path: "/api/organizations/" + transport.PathSegment(id)})
	if err != nil {
		return "", err
	}
	o, err := resp.Object()
	name, _ := o["name"].(string)
	return name, err
}

// Answer is what the service said of one object.
type Answer struct {
	ID     string         // see Client.CollectionOf for what it holds; "" if the answer has none
	Object map[string]any // nil if the answer was empty
	// Time is the server's clock, zero if it did not say.
	Time time.Time
}

func idOf(o map[string]any) string {
	id, _ := o["id"].(string)
	return id
}

// Version is the version of the API that c speaks.
func (c *Client) Version() string { return c.version }

// ListsWhole reports whether lists show all that a GET of an object does, as far
// as is known before one is read.
func (c *Client) ListsWhole(k *resource.Kind) bool {
	return k.ListIsFull == nil || k.ListIsFull(c.version, nil)
}

// Get reads one object, and with its kind's Read what the known objects, those
// that the manifest and the state have of it, speak of.
func (c *Client) Get(ctx context.Context, k *resource.Kind, id string, known ...resource.Object) (Answer, error) {
	return c.get(ctx, k, id, false, known)
}

// GetWhole is Get of all that an update sends back.
func (c *Client) GetWhole(ctx context.Context, k *resource.Kind, id string, known ...resource.Object) (Answer, error) {
	return c.get(ctx, k, id, true, known)
}

func (c *Client) get(ctx context.Context, k *resource.Kind, id string, whole bool, known []resource.Object) (Answer, error) {
	a, err := c.object(ctx, k, transport.Request{Method: "GET", Path: sourcePath(k, id)})
	a.ID, a.Object = id, located(k, id, a.Object)
	if err != nil || k.Read == nil {
		return a, err
	}
	return a, k.Read(c.getter(ctx, k, id), a.Object, whole, known...)
}

// Look reads the object that stands at the segments below /api.
func (c *Client) Look(ctx context.Context, segments []string) (map[string]any, error) {
	resp, err := c.t.Do(ctx, transport.Request{Method: "GET", Path: below("/api", segments)})
	if err != nil {
		return nil, err
	}
	return resp.Object()
}

// getter reads what stands below an object's path.
func (c *Client) getter(ctx context.Context, k *resource.Kind, id string) resource.Getter {
	return func(query map[string]string, path ...string) (any, error) {
		values := url.Values{}
		for key, v := range query {
			values.Set(key, v)
		}
		resp, err := c.t.Do(ctx, transport.Request{Method: "GET", Path: below(objectPath(k, id), path), Query: values})
		switch {
		case transport.IsNotFound(err):
			return nil, nil
		case err != nil:
			return nil, err
		case len(resp.Data) == 0:
			return nil, nil
		}
		return transport.Decode(resp.Data)
	}
}

func below(path string, segments []string) string {
	for _, s := range segments {
		path += "/" + transport.PathSegment(s)
	}
	return path
}

// Create makes an object in a collection (see CollectionOf) under an idempotency
// key; resent says that an earlier run has sent this key already. When it fails,
// MayHaveEffect tells whether the object may have been made all the same.
func (c *Client) Create(ctx context.Context, k *resource.Kind, collection string, body map[string]any, key string, resent bool) (Answer, error) {
	path := collectionPath(k, collection)
	a, err := c.object(ctx, k, transport.Request{Method: "POST", Path: path, Body: body, Key: key, Resent: resent, Slow: k.Slow})
	a.ID = IDIn(collection, idOf(a.Object))
	a.Object = located(k, a.ID, a.Object)
	if err == nil && a.ID == "" {
		return a, &NoIDError{Path: path}
	}
	return a, err
}

// NoIDError says that the service reported success and gave no id, so that
// nobody knows which object was made.
type NoIDError struct{ Path string }

func (e *NoIDError) Error() string {
	return fmt.Sprintf("POST %s: the answer says success and holds no id", e.Path)
}

// MayHaveEffect tells of a failed write whether it may have been carried out.
func MayHaveEffect(err error) bool {
	var (
		noID *NoIDError
		job  *jobFailure
		said *transport.JobError
	)
	switch {
	case errors.As(err, &noID):
		return true
	case errors.As(err, &job):
		// Only the job's own word that it failed ends the doubt.
		return !errors.As(err, &said) || said.Pending
	}
	return transport.MayHaveEffect(err)
}

// Update replaces an object whole. An object whose kind has an Upsert is made by
// it, if there is none.
func (c *Client) Update(ctx context.Context, k *resource.Kind, id string, body map[string]any, key string) (Answer, error) {
	method, path := Written(k, id)
	if method != "POST" {
		key = ""
	}
	a, err := c.object(ctx, k, transport.Request{Method: method, Path: path, Body: body, Key: key, Slow: k.Slow, EmptyOK: k.Upsert != ""})
	a.ID, a.Object = id, located(k, id, a.Object)
	return a, err
}

// Written tells how the object with that id is written anew.
func Written(k *resource.Kind, id string) (method, path string) {
	if k.Upsert != "" {
		return k.Upsert, objectPath(k, id)
	}
	return "PUT", objectPath(k, id)
}

// Made tells how an object of a collection is made.
func Made(k *resource.Kind, collection string) (method, path string) {
	return "POST", collectionPath(k, collection)
}

// Called tells what a further request is.
func Called(k *resource.Kind, id string, call resource.Call) (method, path string) {
	return call.Method, below(objectPath(k, id), call.Path)
}

// Call sends a further request about the object with that id; what it answers
// does not matter. The key is that of a POST. A DELETE of what is not there any
// more is no error.
func (c *Client) Call(ctx context.Context, k *resource.Kind, id string, call resource.Call, key string) error {
	method, path := Called(k, id, call)
	if method != "POST" {
		key = ""
	}
	_, err := c.t.Do(ctx, transport.Request{Method: method, Path: path, Body: call.Body, Key: key, Slow: k.Slow, EmptyOK: true})
	if method == "DELETE" && transport.IsNotFound(err) {
		return nil
	}
	return err
}

// object sends r and reads the object that is answered, at once or as the
// result of a job (API dossier 15).
func (c *Client) object(ctx context.Context, k *resource.Kind, r transport.Request) (Answer, error) {
	resp, err := c.t.Do(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	if raw := resp.Member("job"); isNull(resp.Data) && !isNull(raw) {
		job, err := transport.DecodeObject(raw)
		if err != nil {
			return Answer{}, err
		}
		kind, _ := job["type"].(string)
		id, _ := job["job_id"].(string)
		result, err := c.t.Job(ctx, kind, id)
		if err != nil {
			return Answer{}, &jobFailure{err}
		}
		o, err := transport.DecodeObject(result)
		if err != nil {
			return Answer{}, &jobFailure{err}
		}
		return Answer{Object: o, Time: resp.ServerTime}, nil
	}
	data := resp.Object
	switch {
	case r.EmptyOK && isNull(resp.Data) && !k.Bare:
		return Answer{Time: resp.ServerTime}, nil
	case k.Bare:
		data = resp.Bare
	}
	o, err := data()
	return Answer{Object: o, Time: resp.ServerTime}, err
}

// jobFailure is a write that a job was to carry out: what became of it nobody
// saw.
type jobFailure struct{ error }

func (e *jobFailure) Unwrap() error { return e.error }

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
