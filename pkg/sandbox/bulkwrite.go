package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// writeBulkSync checks the body, stores it in r, stages the schedules and returns them.
// old is nil on create; whole says that schemas are part of what is written.
func (c *call) writeBulkSync(r, old *record, whole bool) ([]*record, error) {
	in := c.readInto(r).required("name", "source_connection_id", "destination_connection_id", "destination_configuration")
	if c.version == Version2025 {
		in.required("mode", "default_schedule")
	} else {
		in.required("schedule")
	}
	body := map[string]any{
		"name":                          in.text("name"),
		"source_connection_id":          in.uuid("source_connection_id"),
		"source_configuration":          in.object("source_configuration"),
		"destination_connection_id":     in.uuid("destination_connection_id"),
		"destination_configuration":     in.object("destination_configuration"),
		"mode":                          in.enum("mode", bulkModes),
		"active":                        !c.s.opts.Switches.InactiveByDefault,
		"automatically_add_new_objects": in.choice("automatically_add_new_objects", discoverModes, "none"),
		"automatically_add_new_fields":  in.choice("automatically_add_new_fields", discoverModes, "all"),
		"normalize_names":               in.choice("normalize_names", normalizeModes, "enabled"),
		"disable_record_timestamps":     in.flag("disable_record_timestamps"),
		"discover":                      in.flag("discover"),
		"data_cutoff_timestamp":         in.time("data_cutoff_timestamp"),
		"concurrency_limit":             in.wholeOrNull("concurrency_limit"),
		"resync_concurrency_limit":      in.wholeOrNull("resync_concurrency_limit"),
	}
	in.rest(body)
	if in.has("active") {
		body["active"] = in.flag("active")
	}
	policies := in.uuids("policies")
	body["policies"] = anys(policies)
	var chosen []map[string]any // nil: all
	if in.has("schemas") {
		chosen = []map[string]any{}
		in.named("schemas", func(s *reader) { chosen = append(chosen, readBulkSchema(s.required("id"), s.named, "obfuscate")) })
	}
	schedules := c.readSchedules(in)
	if *in.err != nil {
		return nil, *in.err
	}
	if err := c.ownOrganization(c.body); err != nil {
		return nil, err
	}
	if strings.TrimSpace(text(body, "name")) == "" {
		return nil, invalid("name: must not be empty")
	}
	if err := c.checkPolicies(r, policies); err != nil {
		return nil, err
	}
	source, err := c.checkBulkSides(body)
	if err != nil {
		return nil, err
	}
	if err := schedules.check(); err != nil {
		return nil, err
	}
	if old == nil {
		if err := c.freshSchemas(source); err != nil {
			return nil, err
		}
	}
	switch {
	case !whole && !c.choosesSchemas(old, body, chosen):
		body["schemas"] = old.Body["schemas"]
	default:
		if body["schemas"], err = c.chooseSchemas(source, chosen); err != nil {
			return nil, err
		}
	}
	r.Body = body
	return c.storeSchedules(r, schedules), nil
}

// choosesSchemas reports whether a PUT changes what is read of the source: when it reads
// another, or when the switches let it.
func (c *call) choosesSchemas(old *record, body map[string]any, chosen []map[string]any) bool {
	if text(old.Body, "source_connection_id") != text(body, "source_connection_id") {
		return true
	}
	switch c.s.opts.Switches.BulkPutSchemas {
	case "sent":
		return chosen != nil
	case "all":
		return true
	}
	return false
}

// checkBulkSides checks source, destination and mode, completes the configurations, and
// returns the source.
func (c *call) checkBulkSides(body map[string]any) (*record, error) {
	source, from, err := c.bulkSide(body, "source")
	if err != nil {
		return nil, err
	}
	_, into, err := c.bulkSide(body, "destination")
	if err != nil {
		return nil, err
	}
	modes := into.bulk().modes()
	if body["mode"] == "" {
		body["mode"] = modes[0]
	}
	if !oneOf(text(body, "mode"), modes) {
		return nil, invalid("mode: %q is not supported by the destination", body["mode"])
	}
	if body["data_cutoff_timestamp"] != nil && from.bulk().NoCutoff {
		return nil, invalid("data_cutoff_timestamp: the source does not know one")
	}
	return source, nil
}

func (c *call) bulkSide(body map[string]any, side string) (*record, *service, error) {
	at := side + "_connection_id"
	conn := c.get(kindConnection, text(body, at))
	if conn == nil {
		return nil, nil, invalid("%s: no such connection", at)
	}
	if err := c.usable(conn); err != nil {
		return nil, nil, invalid("%s: %s", at, err.(*problem).message)
	}
	sv := c.s.services.of(text(conn.Body, "type"))
	schema := sv.bulk().Destination
	if side == "source" {
		schema = sv.bulk().Source
	}
	if !sv.canBulk(side == "source") {
		return nil, nil, invalid("%s: %s is no %s of bulk syncs", at, sv.title(text(conn.Body, "type")), side)
	}
	var err error
	at = side + "_configuration"
	body[at], err = configureBulk(at, schema, object(body, at))
	return conn, sv, err
}

// freshSchemas refuses a source whose schema cache is not there yet. [API dossier 8.13]
func (c *call) freshSchemas(source *record) error {
	if _, err := c.service(source); err != nil {
		return declared(http.StatusUnprocessableEntity, err)
	}
	objects, open := c.bulkObjects(source)
	switch started, finished := c.refresh(source); {
	case started.IsZero(), len(objects) == 0 && !open:
		return badRequest("the source did not provide any schemas")
	case finished.IsZero():
		p := invalid("the schemas of the source are not there yet: cache refresh in progress")
		if c.s.opts.Switches.RefreshingIs400 {
			p.status, p.key = http.StatusBadRequest, "bad_request"
		}
		return p
	}
	return nil
}

// choice is enum with what to take if nothing is sent.
func (r *reader) choice(name string, values []string, silent string) string {
	if !r.has(name) {
		return silent
	}
	return r.enum(name, values)
}

// time reads a time, in the form in which it was sent; absent is null.
func (r *reader) time(name string) any {
	s := r.text(name)
	if !r.has(name) {
		return nil
	}
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
		r.fail(name, "want a time such as 2024-01-15T09:30:00Z")
	}
	return s
}

// wholeOrNull reads a whole number; absent is null.
func (r *reader) wholeOrNull(name string) any {
	r.whole(name)
	return r.m[name]
}

// named is each for a list whose elements may also be the ids of objects that say no more.
func (r *reader) named(name string, f func(*reader)) {
	full := []any{}
	for _, v := range take[[]any](r, name, "a list") {
		if id, ok := v.(string); ok {
			v = map[string]any{"id": id}
		}
		full = append(full, v)
	}
	(&reader{m: map[string]any{name: full}, at: r.at, err: r.err, more: r.more}).each(name, f)
}
