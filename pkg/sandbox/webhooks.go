package sandbox

import "net/http"

func (s *Server) webhookRoutes() {
	s.handle("GET /api/webhooks", listWebhooks)
	s.handle("POST /api/webhooks", createWebhook)
	s.handle("GET /api/webhooks/{id}", getWebhook)
	s.handle("PUT /api/webhooks/{id}", updateWebhook)
	s.handle("DELETE /api/webhooks/{id}", deleteWebhook)
	s.handle("POST /api/webhooks/{id}/enable", turnWebhook(false))
	s.handle("POST /api/webhooks/{id}/disable", turnWebhook(true))
}

func listWebhooks(c *call) (*answer, error) {
	items := []any{}
	for _, r := range c.list(kindWebhook) {
		items = append(items, c.webhookView(r))
	}
	return data(c.listed(items)), nil
}

func getWebhook(c *call) (*answer, error) {
	r, err := c.find(kindWebhook, "id", "webhook")
	if err != nil {
		return nil, err
	}
	return data(c.webhookView(r)), nil
}

// createWebhook refuses a second one.
func createWebhook(c *call) (*answer, error) {
	r := c.create(kindWebhook)
	if err := c.writeWebhook(r); err != nil {
		return nil, err
	}
	if len(c.list(kindWebhook)) > 0 {
		return nil, invalid("the organization has a webhook already")
	}
	c.change.put(r)
	return data(c.webhookView(r)), nil
}

func updateWebhook(c *call) (*answer, error) {
	old, err := c.find(kindWebhook, "id", "webhook")
	if err != nil {
		return nil, err
	}
	r, err := c.replaceWebhook(old)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return data(c.webhookView(r)), nil
}

// replaceWebhook returns the webhook as the call's body makes it; whether it is disabled
// is not the body's to say.
func (c *call) replaceWebhook(old *record) (*record, error) {
	r := c.update(old)
	return r, c.writeWebhook(r)
}

func deleteWebhook(c *call) (*answer, error) {
	r, err := c.find(kindWebhook, "id", "webhook")
	if err != nil {
		return nil, err
	}
	c.remove(r)
	return &answer{}, nil
}

func turnWebhook(disabled bool) handler {
	return func(c *call) (*answer, error) {
		r, err := c.find(kindWebhook, "id", "webhook")
		if err != nil {
			return nil, err
		}
		r = c.update(r)
		r.State["disabled"] = disabled
		c.change.put(r)
		return data(c.webhookView(r)), nil
	}
}

func (c *call) writeWebhook(r *record) error {
	in := c.readInto(r).required("endpoint", "secret")
	endpoint, secret := in.text("endpoint"), in.text("secret")
	if *in.err == nil && webURL(endpoint) == "" {
		in.fail("endpoint", "want an address of the web")
	}
	if *in.err == nil && secret == "" {
		in.fail("secret", "must not be empty")
	}
	if *in.err != nil {
		return declared(http.StatusUnprocessableEntity, *in.err)
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	r.Body = in.rest(map[string]any{"endpoint": endpoint, "secret": secret})
	return nil
}

// webhookView shows the secret as the switches have it: nobody documented how.
func (c *call) webhookView(r *record) map[string]any {
	view := map[string]any{
		"id": r.ID, "endpoint": r.Body["endpoint"], "secret": mask, "disabled": flag(r.State, "disabled"),
		"organization_id": r.Org, "created_at": stamp(r.Created),
	}
	switch c.s.opts.Switches.WebhookSecret {
	case "clear":
		view["secret"] = r.Body["secret"]
	case "absent":
		delete(view, "secret")
	}
	return withRest(view, r.Body)
}
