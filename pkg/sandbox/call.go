package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// call is one API request while it is served: who asks for what, and what will come
// of it. The server's lock is held the whole time; a call that asks a database is served
// more than once, see questions.
type call struct {
	s *Server
	caller
	version string
	now     time.Time
	base    string // URL of the sandbox as the client sees it
	body    map[string]any
	path    func(name string) string // wildcards of the route
	query   url.Values
	change  change
	asked   *questions // of real databases; nil asks at once
}

// handler serves one route. It stages what it changes; staged changes are visible
// only when it has returned without an error.
type handler func(c *call) (*answer, error)

// find returns the record whose id stands in the path. An id of another organisation
// or of no UUID's form is not found either.
func (c *call) find(kind, wildcard, what string) (*record, error) {
	if r := c.get(kind, c.path(wildcard)); r != nil {
		return r, nil
	}
	return nil, notFound(what)
}

// get returns the caller's record, or nil.
func (c *call) get(kind, id string) *record { return c.s.store.get(c.org, kind, id) }

// list returns the caller's records of a kind, oldest first.
func (c *call) list(kind string) []*record { return c.s.store.list(c.org, kind) }

// create returns a new record of the caller, not yet staged.
func (c *call) create(kind string) *record {
	return &record{
		Kind: kind, ID: c.s.opts.NewID(), Org: c.org, Seq: c.s.store.nextSeq(),
		Body: map[string]any{}, State: map[string]any{},
		Created: c.now, CreatedBy: c.actor, Updated: c.now, UpdatedBy: c.actor,
	}
}

// update returns a clone of the record, marked as changed by the caller.
func (c *call) update(r *record) *record {
	r = r.clone()
	r.Updated, r.UpdatedBy = c.now, c.actor
	return r
}

// boolQuery returns the query parameter; what is no boolean is refused.
func (c *call) boolQuery(name string) (value, given bool, err error) {
	if !c.query.Has(name) || c.query.Get(name) == "" {
		return false, false, nil
	}
	value, perr := strconv.ParseBool(c.query.Get(name))
	if perr != nil {
		return false, false, badRequest("%s: want true or false", name)
	}
	return value, true, nil
}

// ownOrganization refuses a body that names an organisation other than the caller's.
func (c *call) ownOrganization(body map[string]any) error {
	if id := text(body, "organization_id"); id != "" && id != c.org {
		return forbidden("organization_id: this key belongs to another organization")
	}
	return nil
}

// stamps adds when the record was made and changed, and by whom.
func (r *record) stamps(view map[string]any) {
	view["created_at"] = stamp(r.Created)
	view["created_by"] = r.CreatedBy
	view["updated_at"] = stamp(r.Updated)
	view["updated_by"] = r.UpdatedBy
}

// OrganizationID is the id of the organisation that keys name so.
func OrganizationID(name string) string { return derivedID("organization", name) }

// parseBody reads a request's JSON object. No body is an empty object.
func parseBody(raw []byte) (map[string]any, error) {
	if len(raw) == 0 {
		return map[string]any{}, nil
	}
	var v any
	if err := decodeJSON(raw, &v); err != nil {
		return nil, badRequest("the body is not JSON: %s", jsonTrouble(err))
	}
	body, ok := v.(map[string]any)
	if !ok {
		return nil, badRequest("the body is not a JSON object")
	}
	return body, nil
}

// jsonTrouble says what is wrong without quoting the text, which may hold a secret.
func jsonTrouble(err error) string {
	if syntax, ok := err.(*json.SyntaxError); ok {
		return "syntax error at byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return "it ends early or goes on too long"
}

// writes reports whether requests of the method change something.
func writes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
