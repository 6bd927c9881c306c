package sandbox

import "slices"

// policyActions are what a policy can allow. Every policy has all of them, and whoever
// sends only some gets all in the answer. [API dossier 8.17]
func (s *Server) policyActions() []string {
	actions := []string{"apply_policy", "create", "delete", "edit", "sync_to", "trigger"}
	if s.opts.Switches.MorePolicyActions {
		actions = append(actions, "unheard_of")
	}
	return actions
}

func (s *Server) policyRoutes() {
	s.handle("GET /api/permissions/policies", listPolicies)
	s.handle("POST /api/permissions/policies", createPolicy)
	s.handle("GET /api/permissions/policies/{id}", getPolicy)
	s.handle("PUT /api/permissions/policies/{id}", updatePolicy)
	s.handle("DELETE /api/permissions/policies/{id}", deletePolicy)
}

// builtinPolicy is the id of the policy that every object of the organisation has.
func builtinPolicy(org string) string { return derivedID("policy", org) }

// systemPolicy is the built-in policy, which nobody stores.
func (s *Server) systemPolicy(org string) *record {
	r := system(kindPolicy, org, builtinPolicy(org), "Default policy")
	admins, editors := roleID(org, "Admin"), roleID(org, "Editor")
	roles := map[string][]string{}
	for _, action := range s.policyActions() {
		roles[action] = []string{admins, editors}
	}
	roles["apply_policy"] = []string{admins}
	roles["trigger"] = []string{admins, editors, roleID(org, "Sync Editor")}
	r.Body["policy_actions"] = actionList(roles)
	return r
}

// policies returns the record's policies as the service answers them, with the
// built-in one behind those that were sent. [API dossier 14]
func (r *record) policies() []any {
	builtin := builtinPolicy(r.Org)
	all := []any{}
	for _, id := range words(r.Body, "policies") {
		if id != builtin {
			all = append(all, id)
		}
	}
	return append(all, builtin)
}

// allPolicies lists the policies of the organisation, the system's first.
func (c *call) allPolicies() []*record {
	return append([]*record{c.s.systemPolicy(c.org)}, c.list(kindPolicy)...)
}

// checkPolicies refuses policies for r that do not exist. One that r has already may stay
// though it was deleted since: that is not the doing of who changes r.
func (c *call) checkPolicies(r *record, ids []string) error {
	for _, id := range ids {
		if byID(c.allPolicies(), id) == nil && !oneOf(id, words(r.Body, "policies")) {
			return invalid("policies: no such policy")
		}
	}
	return nil
}

func (c *call) findPolicy() (*record, error) {
	if r := byID(c.allPolicies(), c.path("id")); r != nil {
		return r, nil
	}
	return nil, notFound("policy")
}

func listPolicies(c *call) (*answer, error) {
	items := []any{}
	for _, r := range c.allPolicies() {
		items = append(items, c.policyView(r))
	}
	return data(c.listed(items)), nil
}

func getPolicy(c *call) (*answer, error) {
	r, err := c.findPolicy()
	if err != nil {
		return nil, err
	}
	return data(c.policyView(r)), nil
}

func createPolicy(c *call) (*answer, error) {
	r := c.create(kindPolicy)
	if err := c.writePolicy(r); err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(c.policyView(r)), nil
}

func updatePolicy(c *call) (*answer, error) {
	old, err := c.findPolicy()
	if err != nil {
		return nil, err
	}
	if err := notSystem(old); err != nil {
		return nil, err
	}
	r, err := c.replacePolicy(old)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(c.policyView(r)), nil
}

// replacePolicy returns the policy as the call's body makes it.
func (c *call) replacePolicy(old *record) (*record, error) {
	r := c.update(old)
	return r, c.writePolicy(r)
}

// deletePolicy leaves the policy's id in the objects that name it, unless the switches
// have it taken out there.
func deletePolicy(c *call) (*answer, error) {
	r, err := c.findPolicy()
	if err != nil {
		return nil, err
	}
	if err := notSystem(r); err != nil {
		return nil, err
	}
	if c.s.opts.Switches.DropDeletedPolicies {
		for _, kind := range []string{kindConnection, kindModel, kindSync, kindBulkSync} {
			for _, user := range c.list(kind) {
				if ids := words(user.Body, "policies"); oneOf(r.ID, ids) {
					user = user.clone()
					user.Body["policies"] = anys(slices.DeleteFunc(ids, func(id string) bool { return id == r.ID }))
					c.change.put(user)
				}
			}
		}
	}
	c.remove(r)
	return &answer{}, nil
}

// writePolicy checks the body and stores it in r: of each action the roles that may do
// it, in the order of their ids. Actions that are left out lose theirs.
func (c *call) writePolicy(r *record) error {
	in := c.readInto(r).required("name")
	name := in.text("name")
	if _, sent := c.body["policy_actions"]; !sent && c.version == Version2025 {
		in.fail("policy_actions", "is required, though it may be null")
	}
	roles, rests := map[string][]string{}, map[string]map[string]any{}
	in.each("policy_actions", func(a *reader) {
		action := a.required("action").text("action")
		if _, sent := a.m["role_ids"]; !sent && c.version == Version2025 {
			a.fail("role_ids", "is required, though it may be null")
		}
		if !oneOf(action, c.s.policyActions()) {
			a.fail("action", "%q is none of %q", action, c.s.policyActions())
		}
		if roles[action] != nil {
			a.fail("action", "%q stands there twice", action)
		}
		ids := a.uuids("role_ids")
		for _, id := range ids {
			// A role that was deleted may stay where it is.
			if byID(c.roles(), id) == nil && !oneOf(id, rolesFor(r, action)) {
				a.fail("role_ids", "no such role")
			}
		}
		roles[action] = append([]string{}, ids...)
		rests[action] = a.rest(map[string]any{})
	})
	if *in.err != nil {
		return *in.err
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	if err := c.newName(r, name, c.allPolicies()); err != nil {
		return err
	}
	actions := actionList(roles)
	for _, a := range actions {
		withRest(a.(map[string]any), rests[text(a.(map[string]any), "action")])
	}
	r.Body = in.rest(map[string]any{"name": name, "policy_actions": actions})
	return nil
}

// actionList is the roles by action in the form of a request, in the order of their ids.
func actionList(roles map[string][]string) []any {
	all := []any{}
	for _, action := range sortedKeys(roles) {
		ids := slices.Compact(slices.Sorted(slices.Values(roles[action])))
		all = append(all, map[string]any{"action": action, "role_ids": anys(ids)})
	}
	return all
}

// actionOf is what the policy says of an action, nil for nothing.
func actionOf(r *record, action string) map[string]any {
	for _, a := range objects(r.Body, "policy_actions") {
		if text(a, "action") == action {
			return a
		}
	}
	return nil
}

// rolesFor are the roles that the policy lets do the action.
func rolesFor(r *record, action string) []string { return words(actionOf(r, action), "role_ids") }

// policyView is a policy with all actions; one that nobody may do has null for its roles.
func (c *call) policyView(r *record) map[string]any {
	actions := []any{}
	for _, action := range c.s.policyActions() {
		var roles any
		if ids := rolesFor(r, action); len(ids) > 0 {
			roles = anys(ids)
		}
		actions = append(actions, withRest(map[string]any{"action": action, "role_ids": roles}, actionOf(r, action)))
	}
	return withRest(map[string]any{
		"id": r.ID, "name": r.Body["name"], "organization_id": r.Org, "policy_actions": actions, "system": flag(r.State, "system"),
	}, r.Body)
}
