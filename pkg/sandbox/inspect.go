package sandbox

import (
	"fmt"
	"strings"
)

// Count returns how many objects of a kind there are, in all organisations: "connection",
// "model", "sync", "execution", "bulk_sync", "bulk_schedule", "bulk_execution", "role",
// "policy", "user", "organization", "webhook", "subscribers". The organisations and users
// of the keys count, what belongs to the system does not.
func (s *Server) Count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.store.records[kind])
}

// Object returns what the service stores of an object, in the form of a request and with
// secrets in clear, and whether there is such an object. It is named by its id or, if
// only one bears it, by its name: a user by the e-mail address, a webhook by its endpoint,
// the subscribers by the word "subscribers". Of a schema, named CONNECTION/SCHEMA, it is
// what users have changed: {"fields": {ID: field}, "keys": {ID: bool}}.
func (s *Server) Object(kind, nameOrID string) (body map[string]any, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == kindSchema {
		conn, schema, err := s.namedSchema(nameOrID)
		if err != nil {
			return nil, false
		}
		return deepCopy(copyMap(edits(conn, schema))).(map[string]any), true
	}
	r, err := s.named(kind, nameOrID)
	if err != nil {
		return nil, false
	}
	return deepCopy(s.stored(r)).(map[string]any), true
}

// kindSchema is a part of a connection's record.
const kindSchema = "schema"

// namedSchema finds the connection in CONNECTION/SCHEMA, and the schema's id.
func (s *Server) namedSchema(name string) (*record, string, error) {
	connection, schema, _ := strings.Cut(name, "/")
	conn, err := s.named(kindConnection, connection)
	return conn, schema, err
}

// editSchema lays the patch over what users have changed of a schema.
func (s *Server) editSchema(name string, patch map[string]any) error {
	conn, schema, err := s.namedSchema(name)
	if err != nil {
		return err
	}
	c := &call{s: s, caller: caller{org: conn.Org, actor: otherHand}, now: s.opts.Clock().UTC()}
	changed := edits(conn, schema)
	for _, member := range sortedKeys(patch) {
		c.edit(conn, schema, member, mergePatch(changed[member], patch[member]))
		conn = c.change.Put[len(c.change.Put)-1]
	}
	return s.store.commit(&c.change)
}

// stored is the body of a request that would store the object as it is.
func (s *Server) stored(r *record) map[string]any {
	if r.Kind != kindBulkSync {
		return r.Body
	}
	body := copyMap(r.Body)
	more := []any{}
	for i, schedule := range s.store.children(kindBulkSchedule, r.ID) {
		one := copyMap(schedule.Body)
		one["id"] = schedule.ID
		if i == 0 {
			body["default_schedule"] = one
		} else {
			more = append(more, one)
		}
	}
	body["additional_schedules"] = more
	return body
}

// named finds an object by its id or its name.
func (s *Server) named(kind, nameOrID string) (*record, error) {
	if r := s.store.records[kind][nameOrID]; r != nil {
		return r, nil
	}
	var found *record
	for _, r := range s.store.records[kind] {
		if r.name() != nameOrID {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("several objects of kind %s are called %q", kind, nameOrID)
		}
		found = r
	}
	if found == nil {
		return nil, fmt.Errorf("no %s %q", kind, nameOrID)
	}
	return found, nil
}

// name is what people call the object: its name, or what stands for one.
func (r *record) name() string {
	for _, member := range []string{"name", "email", "endpoint"} {
		if name := text(r.Body, member); name != "" {
			return name
		}
	}
	return r.Kind
}

// otherHand is the actor of Edit: somebody in the app.
var otherHand = actor{ID: derivedID("user", "other hand"), Name: "grace@example.com", Type: "user"}

// Edit changes an object as somebody else would in the app: the patch, in the form of
// RFC 7386, is laid over the body of a request that would store the object as it is,
// and what comes out is stored by the rules of a PUT. A schema is named and patched as
// Object shows it.
func (s *Server) Edit(kind, nameOrID string, patch map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == kindSchema {
		plain, err := plainJSON(patch)
		if err != nil {
			return err
		}
		changes, _ := plain.(map[string]any)
		return s.editSchema(nameOrID, changes)
	}
	old, err := s.named(kind, nameOrID)
	if err != nil {
		return err
	}
	replace := map[string]func(*call, *record) (*record, error){
		kindConnection:   (*call).replaceConnection,
		kindModel:        (*call).replaceModel,
		kindSync:         (*call).replaceSync,
		kindBulkSync:     (*call).replaceBulkSync,
		kindOrganization: (*call).replaceOrganization,
		kindUser:         (*call).replaceUser,
		kindRole:         (*call).replaceRole,
		kindPolicy:       (*call).replacePolicy,
		kindWebhook:      (*call).replaceWebhook,
		kindSubscribers:  (*call).replaceSubscribers,
	}[kind]
	if replace == nil {
		return fmt.Errorf("objects of kind %q cannot be edited", kind)
	}
	plain, err := plainJSON(patch)
	if err != nil {
		return err
	}
	c := &call{
		s: s, caller: caller{org: old.Org, actor: otherHand}, version: Version2025, now: s.opts.Clock().UTC(),
		body: mergePatch(s.stored(old), plain).(map[string]any),
	}
	switch {
	case kind == kindBulkSync && c.body["schedule"] != nil:
		c.version = Version2024 // whose form it is
	case kind == kindConnection && c.body["type"] == old.Body["type"]:
		delete(c.body, "type") // it stays what it is, and not every PUT may say so
	}
	r, err := replace(c, old)
	if err != nil {
		return fmt.Errorf("editing %s %q: %w", kind, nameOrID, err)
	}
	c.change.put(r)
	return s.store.commit(&c.change)
}

// Remove deletes an object as somebody else would in the app, asking nobody.
func (s *Server) Remove(kind, nameOrID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.named(kind, nameOrID)
	if err != nil {
		return err
	}
	c := &call{s: s, caller: caller{org: r.Org}}
	c.remove(r)
	return s.store.commit(&c.change)
}

// Authorize authorises a connection as a person would on the page behind auth_url.
func (s *Server) Authorize(nameOrID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.named(kindConnection, nameOrID)
	if err != nil {
		return err
	}
	return s.change(r, (*call).authorise)
}

// Revoke takes the authorisation of a connection back, as a person might in the service
// behind it.
func (s *Server) Revoke(nameOrID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.named(kindConnection, nameOrID)
	if err != nil {
		return err
	}
	return s.change(r, func(c *call, r *record) {
		r.State["consented"], r.State["authorised"] = false, false
		r.State["denied"] = "the authorization was revoked"
		r.State["filled"] = map[string]any{}
	})
}

// plainJSON returns v as it would have been read from a request.
func plainJSON(v any) (any, error) {
	data, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	var plain any
	return plain, decodeJSON(data, &plain)
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = deepCopy(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = deepCopy(e)
		}
		return out
	}
	return v
}
