package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/catalog"
)

// A connection's State:
//
//	consented   a person has authorised it
//	authorised  that, or nobody need: its configuration brings what it takes
//	filled      configuration fields that the service sets itself
//	error       why the service behind it does not let it in
//	token       of the page behind auth_url; used once
//	linked      when it was made
//	used        the token before it was used, if it works again
//	code        auth_code
//	redirect    where the page leads afterwards
//	refreshed   when its schema cache was last asked to be renewed
//	schemas     what users changed of its schemas, by schema id
//	created     target objects and fields made by syncs

func (s *Server) connectionRoutes() {
	s.handle("GET /api/connections", listConnections)
	s.handle("POST /api/connections", createConnection)
	s.handle("GET /api/connections/{id}", getConnection)
	s.handle("PUT /api/connections/{id}", updateConnection)
	s.handle("DELETE /api/connections/{id}", deleteConnection)
	s.handle("POST /api/connections/test", testConnection)
}

func listConnections(c *call) (*answer, error) {
	items := []any{}
	for _, r := range c.list(kindConnection) {
		items = append(items, c.connectionView(r))
	}
	return data(c.listed(items)), nil
}

func getConnection(c *call) (*answer, error) {
	r, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	return data(c.connectionView(r)), nil
}

func createConnection(c *call) (*answer, error) {
	r := c.create(kindConnection)
	in := c.readInto(r).required("name", "type", "configuration")
	in.text("redirect_url")
	r.State["redirect"] = text(c.body, "redirect_url")
	if err := c.writeConnection(r, in, nil); err != nil {
		return nil, err
	}
	if !flag(r.State, "authorised") {
		c.freshLink(r)
	}
	return data(c.settle(r)), nil
}

// settle stages the connection and returns the answer to its write. A sandbox that
// authorises by itself does so before or after the answer.
func (c *call) settle(r *record) map[string]any {
	waits := !flag(r.State, "authorised")
	if waits && c.s.opts.OAuth == OAuthImmediate {
		c.authorise(r)
	}
	view := c.connectionWritten(r)
	if waits && c.s.opts.OAuth == OAuthAuto {
		r = r.clone() // the view stays pending
		c.authorise(r)
	}
	c.change.put(r)
	return view
}

func updateConnection(c *call) (*answer, error) {
	old, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	r, err := c.replaceConnection(old)
	if err != nil {
		return nil, err
	}
	return data(c.settle(r)), nil
}

// replaceConnection returns the connection as the call's body makes it.
func (c *call) replaceConnection(old *record) (*record, error) {
	r := c.update(old)
	in := c.readInto(r).required("name", "configuration")
	reconnect := in.flag("reconnect")
	if err := c.writeConnection(r, in, old); err != nil {
		return nil, err
	}
	switch {
	case reconnect && typeOf(text(r.Body, "type")).OAuth:
		if c.s.opts.Switches.ReconnectRevokes {
			delete(r.State, "consented")
			r.State["authorised"] = false
		}
		c.freshLink(r)
	case flag(r.State, "authorised"):
		delete(r.State, "token")
		delete(r.State, "code")
	case text(r.State, "token") == "":
		c.freshLink(r)
	}
	return r, nil
}

// writeConnection checks the body and stores it in r. old is nil on create.
func (c *call) writeConnection(r *record, in *reader, old *record) error {
	name, typ := in.text("name"), in.text("type")
	sent := in.object("configuration")
	validate := !in.has("validate") || in.flag("validate")
	interval := in.text("healthcheck_interval")
	policies := in.uuids("policies")
	if *in.err != nil {
		return *in.err
	}
	if interval != "" {
		if d, err := time.ParseDuration(interval); err != nil || d <= 0 {
			return badRequest("healthcheck_interval: want a duration such as 3h30m")
		}
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	if strings.TrimSpace(name) == "" {
		return invalid("name: must not be empty")
	}
	if err := c.checkPolicies(r, policies); err != nil {
		return err
	}
	if old != nil {
		if typ != "" && typ != text(old.Body, "type") {
			return invalid("type: a connection cannot change its type")
		}
		if typ != "" && c.s.opts.Switches.RefuseTypeOnPut {
			return invalid("type: is not expected here")
		}
		typ = text(old.Body, "type")
		if interval == "" && c.s.opts.Switches.KeepHealthcheckInterval {
			interval = text(old.Body, "healthcheck_interval")
		}
	}
	t, err := c.knownType(typ)
	if err != nil {
		return err
	}
	if err := c.freeName(r.ID, name); err != nil {
		return err
	}
	sent = c.withOldSecrets(t, sent, old)
	stored, err := configure(t, sent)
	if err != nil {
		return err
	}
	// A PUT that asks for no validation gets none, so that a secret left out is
	// cleared without a word.
	if names := missing(t, stored); names != nil && (old == nil || validate) {
		p := invalid("configuration: missing %s", strings.Join(names, ", "))
		p.metadata = map[string]any{"missing": anys(names)}
		return p
	}
	why := rejected(t, stored)
	// A mask gets past the check, as it is meant to: nobody knows that the service
	// would notice one, so no client may count on it.
	refused := why != "" && !onlyMasks(t, stored)
	if why == "" {
		if why, err = c.unreachable(typ, stored); err != nil {
			return err
		}
		refused = why != ""
	}
	if validate && refused {
		return invalid("%s", why)
	}
	r.Body = in.rest(map[string]any{
		"name": name, "type": typ, "configuration": stored, "healthcheck_interval": interval,
		"policies": anys(policies),
	})
	if old != nil && c.s.opts.Switches.DropOmittedTokens && !slices.ContainsFunc(tokens, func(name string) bool { return stored[name] != nil }) {
		delete(r.State, "consented")
		delete(r.State, "filled")
	}
	r.State["error"] = why
	r.State["authorised"] = flag(r.State, "consented") || !t.Interactive(stored)
	if in.has("validate") && validate && !flag(r.State, "authorised") && c.s.opts.Switches.ValidateUnauthorized {
		return invalid("validate: the connection is not authorized")
	}
	if object(r.State, "filled") == nil || old == nil {
		r.State["filled"] = c.fill(t, flag(r.State, "authorised") && t.Interactive(stored))
		r.State["refreshed"] = stamp(c.now)
	}
	return nil
}

// onlyMasks reports whether every secret that would be refused is a mask.
func onlyMasks(t *catalog.Type, stored map[string]any) bool {
	return rejected(t, secretsOf(t, stored, func(_ []string, v any) any {
		if s, ok := v.(string); ok && isMask(s) {
			return ""
		}
		return v
	})) == ""
}

// withOldSecrets returns the configuration with those stored secrets that the switches
// keep: of what was sent as a mask, and of what was left out.
func (c *call) withOldSecrets(t *catalog.Type, sent map[string]any, old *record) map[string]any {
	if old == nil {
		return sent
	}
	before := object(old.Body, "configuration")
	sent = copyMap(sent)
	if c.s.opts.Switches.IgnoreMasks {
		sent = secretsOf(t, sent, func(path []string, v any) any {
			if s, ok := v.(string); ok && isMask(s) {
				return valueAt(before, path)
			}
			return v
		})
	}
	if c.s.opts.Switches.KeepOmittedSecrets {
		for name, v := range before {
			if f := t.Fields[name]; f != nil && f.Secret {
				if _, given := sent[name]; !given {
					sent[name] = v
				}
			}
		}
	}
	return sent
}

// valueAt returns what stands at a path of member names and element numbers, or nil.
func valueAt(v any, path []string) any {
	for _, step := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(in) {
				return nil
			}
			v = in[n]
		default:
			return nil
		}
	}
	return v
}

func (c *call) knownType(id string) (*catalog.Type, error) {
	if t, ok := catalog.Lookup(id); ok {
		return t, nil
	}
	if c.s.services[id] != nil {
		return typeOf(id), nil
	}
	return nil, invalid("type: unknown connection type %q", id)
}

func (c *call) freeName(id, name string) error {
	if c.s.opts.Switches.DuplicateConnectionNames {
		return nil
	}
	for _, r := range c.list(kindConnection) {
		if r.ID != id && text(r.Body, "name") == name {
			return &problem{status: http.StatusUnprocessableEntity, key: "name_taken", message: "name: a connection of this name exists already"}
		}
	}
	return nil
}

// status is the health of a connection and what ails it.
func (c *call) status(r *record) (status, trouble string) {
	switch why := text(r.State, "error"); {
	case !flag(r.State, "authorised"):
		status, trouble = c.s.opts.Switches.PendingStatus, text(r.State, "denied")
		if trouble != "" && c.s.opts.Switches.RevokedFails {
			status = c.s.opts.Switches.FailedStatus
		}
		return status, trouble
	case why != "":
		return c.s.opts.Switches.FailedStatus, why
	}
	return c.s.opts.Switches.HealthyStatus, ""
}

// connectionView is what GET answers.
func (c *call) connectionView(r *record) map[string]any {
	view := c.connectionCommon(r)
	view["api_calls_last_24_hours"] = nil
	r.stamps(view)
	return view
}

// connectionWritten is what POST and PUT answer: without the times, with the link.
func (c *call) connectionWritten(r *record) map[string]any {
	view := c.connectionCommon(r)
	view["healthcheck_interval"] = text(r.Body, "healthcheck_interval")
	if token := text(r.State, "token"); token != "" {
		view["auth_url"] = c.base + authPath + token
	}
	if code := text(r.State, "code"); code != "" {
		view["auth_code"] = code
	}
	return view
}

func (c *call) connectionCommon(r *record) map[string]any {
	typ := text(r.Body, "type")
	status, trouble := c.status(r)
	return withRest(map[string]any{
		"id":              r.ID,
		"name":            r.Body["name"],
		"type":            c.s.services.typeRef(typ),
		"configuration":   c.s.answerConfiguration(typeOf(typ), r),
		"organization_id": r.Org,
		"policies":        r.policies(),
		"saved":           flag(r.State, "authorised") || c.s.opts.Switches.PendingSaved,
		"status":          status,
		"status_error":    trouble,
	}, r.Body)
}

// testConnection tries a configuration and stores nothing. Over a stored connection
// it lays what is given, so a part can be tried without knowing the secrets.
func testConnection(c *call) (*answer, error) {
	in := read(c.body).required("type", "configuration")
	typ, sent, id := in.text("type"), in.object("configuration"), in.uuid("connection_id")
	if *in.err != nil {
		return nil, *in.err
	}
	if id != "" {
		r := c.get(kindConnection, id)
		if r == nil {
			return nil, notFound("connection")
		}
		if typ != text(r.Body, "type") {
			return nil, badRequest("type: the connection is of another type")
		}
		if !flag(r.State, "authorised") {
			return nil, badRequest("the connection is not authorized")
		}
		sent = mergePatch(object(r.Body, "configuration"), sent).(map[string]any)
	}
	t, err := c.knownType(typ)
	if err != nil {
		return nil, badRequest("type: unknown connection type %q", typ)
	}
	stored, err := configure(t, sent)
	if err != nil {
		return nil, badRequest("%s", err.(*problem).message)
	}
	if names := missing(t, stored); names != nil {
		return nil, badRequest("configuration: missing %s", strings.Join(names, ", "))
	}
	why := rejected(t, stored)
	if why == "" {
		if why, err = c.unreachable(typ, stored); err != nil {
			return nil, err
		}
	}
	if why != "" {
		return nil, badRequest("%s", why)
	}
	return &answer{}, nil
}

// listed returns items as a list's data.
func (c *call) listed(items []any) any {
	if len(items) == 0 && c.s.opts.Switches.NullLists {
		return nil
	}
	return items
}
