package sandbox

// routes registers everything that is served.
func (s *Server) routes() {
	s.handle("GET /api/me", getIdentity)
	s.typeRoutes()
	s.connectionRoutes()
	s.modelRoutes()
	s.syncRoutes()
	s.connectRoutes()
	s.parameterRoutes()
	s.schemaRoutes()
	s.pageRoutes()
	s.controlRoutes()
}

// getIdentity tells whose key it is.
func getIdentity(c *call) (*answer, error) {
	me := map[string]any{
		"organization_id":   c.org,
		"organization_name": c.key.Organization,
		"is_user":           c.key.User != "",
		"is_organization":   c.key.User == "",
		"is_partner":        false,
		"is_system":         false,
	}
	if c.key.User != "" {
		me["id"], me["email"], me["role"] = c.actor.ID, c.key.User, "admin"
	}
	return data(me), nil
}
