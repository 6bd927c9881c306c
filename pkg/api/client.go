package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Client reads and writes objects. It is safe for concurrent use.
type Client struct {
	t       *transport.Client
	version string
}

// New is a client over t, which speaks the given version of the API.
func New(t *transport.Client, version string) *Client { return &Client{t, version} }

// Stats are the transport's counts.
func (c *Client) Stats() transport.Stats { return c.t.Stats() }

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
	Object map[string]any
	// Time is the server's clock, zero if it did not say.
	Time time.Time
}

// ID is the object's id.
func (a Answer) ID() string { return idOf(a.Object) }

func idOf(o map[string]any) string {
	id, _ := o["id"].(string)
	return id
}

func objectPath(k *resource.Kind, id string) string {
	return k.Path + "/" + transport.PathSegment(id)
}

// Get reads one object.
func (c *Client) Get(ctx context.Context, k *resource.Kind, id string) (Answer, error) {
	return c.object(ctx, transport.Request{Method: "GET", Path: objectPath(k, id)})
}

// Create makes an object under an idempotency key; resent says that an earlier
// run has sent this key already. When it fails, transport.MayHaveEffect tells
// whether the object may have been made all the same.
func (c *Client) Create(ctx context.Context, k *resource.Kind, body map[string]any, key string, resent bool) (Answer, error) {
	a, err := c.object(ctx, transport.Request{Method: "POST", Path: k.Path, Body: body, Key: key, Resent: resent, Slow: k.Slow})
	if err == nil && a.ID() == "" {
		return a, &NoIDError{Path: k.Path}
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

// Update replaces an object whole.
func (c *Client) Update(ctx context.Context, k *resource.Kind, id string, body map[string]any) (Answer, error) {
	return c.object(ctx, transport.Request{Method: "PUT", Path: objectPath(k, id), Body: body, Slow: k.Slow})
}

// Delete removes an object. One that is not there any more is no error.
func (c *Client) Delete(ctx context.Context, k *resource.Kind, id string) error {
	_, err := c.t.Do(ctx, transport.Request{Method: "DELETE", Path: objectPath(k, id), EmptyOK: true, Slow: k.Slow})
	if transport.IsNotFound(err) {
		return nil
	}
	return err
}

// object sends r and reads the object that is answered, at once or as the
// result of a job (API dossier 15).
func (c *Client) object(ctx context.Context, r transport.Request) (Answer, error) {
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
		return Answer{o, resp.ServerTime}, nil
	}
	o, err := resp.Object()
	return Answer{o, resp.ServerTime}, err
}

// jobFailure is a write that a job was to carry out: what became of it nobody
// saw.
type jobFailure struct{ error }

func (e *jobFailure) Unwrap() error { return e.error }

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
