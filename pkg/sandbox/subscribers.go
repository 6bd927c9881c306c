package sandbox

import (
	"fmt"
	"strings"
)

// The people who hear of every error in the organisation are one list, which is always
// there. It is one of the two places without an envelope.

const subscribersPath = "/api/notifications/global-error-subscribers"

func (s *Server) subscriberRoutes() {
	s.handle("GET "+subscribersPath, getSubscribers)
	s.handle("PUT "+subscribersPath, setSubscribers)
}

// subscribers returns the organisation's list, or nil if nobody ever set it.
func (c *call) subscribers() *record { return c.get(kindSubscribers, derivedID("subscribers", c.org)) }

func (c *call) subscribersView(r *record) *answer {
	if r == nil {
		r = &record{}
	}
	return &answer{body: withRest(map[string]any{"emails": c.listed(orEmpty(list(r.Body, "emails")))}, r.Body)}
}

func getSubscribers(c *call) (*answer, error) {
	return c.subscribersView(c.subscribers()), nil
}

func setSubscribers(c *call) (*answer, error) {
	old := c.subscribers()
	if old == nil {
		old = c.create(kindSubscribers)
		old.ID = derivedID("subscribers", c.org)
	}
	r, err := c.replaceSubscribers(old)
	if err != nil {
		return nil, err
	}
	c.change.put(r)
	return c.subscribersView(r), nil
}

// replaceSubscribers returns the list as the call's body makes it; none and null empty it.
func (c *call) replaceSubscribers(old *record) (*record, error) {
	in := c.readInto(old)
	emails := in.words("emails")
	for i, email := range emails {
		if !strings.Contains(email, "@") {
			in.fail(fmt.Sprintf("emails[%d]", i), "want an e-mail address")
		}
	}
	if *in.err != nil {
		return nil, *in.err
	}
	r := c.update(old)
	r.Body = in.rest(map[string]any{"emails": anys(emails)})
	return r, nil
}
