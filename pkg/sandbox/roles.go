package sandbox

import "strings"

// systemRoles are those that every organisation has. Nobody stores them: their ids go
// with the organisation and the name.
var systemRoles = []string{"Admin", "Editor", "Sync Editor", "Viewer", "Member"}

func roleID(org, name string) string { return derivedID("role", org, name) }

func (s *Server) roleRoutes() {
	s.handle("GET /api/permissions/roles", listRoles)
	s.handle("POST /api/permissions/roles", createRole)
	s.handle("GET /api/permissions/roles/{id}", getRole)
	s.handle("PUT /api/permissions/roles/{id}", updateRole)
	s.handle("DELETE /api/permissions/roles/{id}", deleteRole)
}

// system returns a record that nobody stores.
func system(kind, org, id, name string) *record {
	return &record{
		Kind: kind, ID: id, Org: org,
		Body: map[string]any{"name": name}, State: map[string]any{"system": true},
	}
}

// roles lists the roles of the organisation, those of the system first.
func (c *call) roles() []*record {
	var all []*record
	for _, name := range systemRoles {
		all = append(all, system(kindRole, c.org, roleID(c.org, name), name))
	}
	return append(all, c.list(kindRole)...)
}

// byID returns the record with this id, or nil.
func byID(all []*record, id string) *record {
	for _, r := range all {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (c *call) findRole() (*record, error) {
	if r := byID(c.roles(), c.path("id")); r != nil {
		return r, nil
	}
	return nil, notFound("role")
}

func listRoles(c *call) (*answer, error) {
	items := []any{}
	for _, r := range c.roles() {
		items = append(items, roleView(r))
	}
	return data(c.listed(items)), nil
}

func getRole(c *call) (*answer, error) {
	r, err := c.findRole()
	if err != nil {
		return nil, err
	}
	return data(roleView(r)), nil
}

func createRole(c *call) (*answer, error) {
	r := c.create(kindRole)
	if err := c.writeRole(r); err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(roleView(r)), nil
}

func updateRole(c *call) (*answer, error) {
	old, err := c.findRole()
	if err != nil {
		return nil, err
	}
	if err := notSystem(old); err != nil {
		return nil, err
	}
	r, err := c.replaceRole(old)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(roleView(r)), nil
}

// replaceRole returns the role as the call's body makes it.
func (c *call) replaceRole(old *record) (*record, error) {
	r := c.update(old)
	return r, c.writeRole(r)
}

// deleteRole leaves the role's id wherever it stands. [API dossier 12]
func deleteRole(c *call) (*answer, error) {
	r, err := c.findRole()
	if err != nil {
		return nil, err
	}
	if err := notSystem(r); err != nil {
		return nil, err
	}
	c.remove(r)
	return &answer{}, nil
}

// notSystem refuses what is not the organisation's own.
func notSystem(r *record) error {
	if flag(r.State, "system") {
		return forbidden("%s %q belongs to the system", r.Kind, text(r.Body, "name"))
	}
	return nil
}

func (c *call) writeRole(r *record) error {
	in := c.readInto(r).required("name")
	name := in.text("name")
	if *in.err != nil {
		return *in.err
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	if err := c.newName(r, name, c.roles()); err != nil {
		return err
	}
	r.Body = in.rest(map[string]any{"name": name})
	return nil
}

// newName refuses an empty name and, if the switches ask for it, one that another of
// these records bears.
func (c *call) newName(r *record, name string, others []*record) error {
	if strings.TrimSpace(name) == "" {
		return badRequest("name: must not be empty")
	}
	sw := c.s.opts.Switches
	unique := map[string]bool{
		kindModel: sw.UniqueModelNames, kindSync: sw.UniqueSyncNames, kindRole: sw.UniqueRoleNames, kindPolicy: sw.UniquePolicyNames,
	}
	for _, other := range others {
		if unique[r.Kind] && other.ID != r.ID && text(other.Body, "name") == name {
			return badRequest("name: a %s of this name exists already", r.Kind)
		}
	}
	return nil
}

func roleView(r *record) map[string]any {
	return withRest(map[string]any{"id": r.ID, "name": r.Body["name"], "organization_id": r.Org, "system": flag(r.State, "system")}, r.Body)
}
