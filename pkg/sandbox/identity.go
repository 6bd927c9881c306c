package sandbox

// routes registers everything that is served.
func (s *Server) routes() {
	s.handle("GET /api/me", getIdentity)
	s.typeRoutes()
	s.connectionRoutes()
	s.modelRoutes()
	s.syncRoutes()
	s.bulkSyncRoutes()
	s.eventRoutes()
	s.connectRoutes()
	s.parameterRoutes()
	s.schemaRoutes()
	s.organizationRoutes()
	s.userRoutes()
	s.roleRoutes()
	s.policyRoutes()
	s.webhookRoutes()
	s.subscriberRoutes()
	s.pageRoutes()
	s.controlRoutes()
}

// getIdentity tells whose key it is.
func getIdentity(c *call) (*answer, error) {
	me := map[string]any{
		"organization_id":   c.org,
		"organization_name": c.organization(c.org).Body["name"],
		"is_user":           c.actor.Type == "user",
		"is_organization":   c.actor.Type == "organization",
		"is_partner":        c.key.Partner,
		"is_system":         c.key.Deployment,
	}
	if c.actor.Type == "user" {
		me["id"], me["email"], me["role"] = c.actor.ID, c.key.User, "admin"
		if u := c.get(kindUser, c.actor.ID); u != nil {
			me["role"] = olderRole(u)
		}
	}
	return data(me), nil
}
