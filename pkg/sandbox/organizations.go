package sandbox

import (
	"net/http"
	"strings"
)

// The sandbox holds one partner account: all organisations are in it, and every key of a
// partner or of a deployment manages them all.

func (s *Server) organizationRoutes() {
	s.handle("GET /api/organizations", listOrganizations)
	s.handle("POST /api/organizations", createOrganization)
	s.handle("GET /api/organizations/{id}", getOrganization)
	s.handle("PUT /api/organizations/{id}", updateOrganization)
	s.handle("DELETE /api/organizations/{id}", deleteOrganization)
	s.handle("GET /api/organization", since2025(getOwnOrganization))
}

// since2025 is for what only 2025-09-18 has.
func since2025(h handler) handler {
	return func(c *call) (*answer, error) {
		if c.version != Version2025 {
			return nil, notFound("path")
		}
		return h(c)
	}
}

// organizationMembers are those of a body; only the first is required, and the last two
// are never answered.
var organizationMembers = []string{"name", "sso_domain", "sso_org_id", "issuer", "client_id", "client_secret"}

// listOrganizations answers all of them to a partner, its own first. Before 2025-09-18
// other keys get their own. [API dossier 4]
func listOrganizations(c *call) (*answer, error) {
	if !c.key.manages() && (c.version == Version2025 || c.s.opts.Switches.PartnerOnly) {
		return nil, c.partner()
	}
	own := c.key.home()
	if !c.key.manages() {
		own = c.org
	}
	items := []any{}
	if r := c.organization(own); r != nil {
		items = append(items, organizationView(r))
	}
	for _, r := range c.s.store.all(kindOrganization) {
		if c.key.manages() && r.ID != own {
			items = append(items, organizationView(r))
		}
	}
	return data(c.listed(items)), nil
}

// organization returns any organisation, or nil.
func (c *call) organization(id string) *record { return c.s.store.records[kindOrganization][id] }

// findOrganization returns the one in the path. Only partners see others than their own.
func (c *call) findOrganization() (*record, error) {
	r := c.organization(c.path("id"))
	if r == nil || r.ID != c.org && !c.key.manages() {
		return nil, notFound("organization")
	}
	return r, nil
}

func getOrganization(c *call) (*answer, error) {
	r, err := c.findOrganization()
	if err != nil {
		return nil, err
	}
	return data(organizationView(r)), nil
}

func getOwnOrganization(c *call) (*answer, error) {
	return data(organizationView(c.organization(c.org))), nil
}

func createOrganization(c *call) (*answer, error) {
	if err := c.partner(); err != nil {
		return nil, err
	}
	r := c.create(kindOrganization)
	r.Org = r.ID // it belongs to itself, as all in it does
	if err := c.writeOrganization(r); err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(organizationView(r)), nil
}

func updateOrganization(c *call) (*answer, error) {
	if err := c.partner(); err != nil {
		return nil, err
	}
	old, err := c.findOrganization()
	if err != nil {
		return nil, err
	}
	r, err := c.replaceOrganization(old)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(organizationView(r)), nil
}

// replaceOrganization returns the organisation as the call's body makes it: its settings
// of single sign-on are replaced as a whole.
func (c *call) replaceOrganization(old *record) (*record, error) {
	r := c.update(old)
	return r, c.writeOrganization(r)
}

func (c *call) writeOrganization(r *record) error {
	in := c.readInto(r).required("name")
	body := in.rest(map[string]any{})
	for _, name := range organizationMembers {
		body[name] = in.text(name)
	}
	if *in.err != nil {
		return declared(http.StatusUnprocessableEntity, *in.err)
	}
	name := text(body, "name")
	if strings.TrimSpace(name) == "" {
		return invalid("name: must not be empty")
	}
	for _, other := range c.s.store.all(kindOrganization) {
		if other.ID != r.ID && text(other.Body, "name") == name {
			return conflict("name: an organization of this name exists already")
		}
	}
	r.Body = body
	return nil
}

// deleteOrganization takes everything in the organisation with it.
func deleteOrganization(c *call) (*answer, error) {
	if err := c.partner(); err != nil {
		return nil, err
	}
	r, err := c.findOrganization()
	if err != nil {
		return nil, err
	}
	if r.ID == c.key.home() {
		return nil, forbidden("the partner's own organization cannot be deleted")
	}
	for kind, records := range c.s.store.records {
		for _, child := range records {
			if child.Org == r.ID && kind != kindPlanted {
				c.change.delete(child)
			}
		}
	}
	return &answer{}, nil
}

func organizationView(r *record) map[string]any {
	return withRest(map[string]any{
		"id": r.ID, "name": r.Body["name"], "sso_domain": text(r.Body, "sso_domain"),
		"sso_org_id": text(r.Body, "sso_org_id"), "issuer": text(r.Body, "issuer"),
	}, r.Body)
}
