package sandbox

import (
	"slices"
	"strings"
)

// What is chosen of a schema, in the form of a request and with every field of the source
// as it was then:
//
//	{"id": "public.users", "enabled": true, "user_output_name": "", "partition_key": "",
//	 "tracking_field": "", "data_cutoff_timestamp": null, "disable_data_cutoff": false, "filters": [],
//	 "fields": [{"id": "email", "enabled": true, "obfuscate": false, "user_output_name": ""}]}
//
// Schemas and fields that come later follow automatically_add_new_objects and _fields.

// readBulkSchema reads what a request says of one schema. Where it lists fields, they are
// all that is enabled; where it does not, all are. Creation says obfuscate of a field and
// lets it be its id alone, the other requests say obfuscated.
func readBulkSchema(in *reader, each func(string, func(*reader)), obfuscate string) map[string]any {
	out := map[string]any{
		"id": in.text("id"), "enabled": !in.has("enabled") || in.flag("enabled"),
		"user_output_name": in.text("user_output_name"), "partition_key": in.text("partition_key"),
		"tracking_field": in.text("tracking_field"), "data_cutoff_timestamp": in.time("data_cutoff_timestamp"),
		"disable_data_cutoff": in.flag("disable_data_cutoff"),
	}
	in.rest(out)
	fields, filters := []any{}, []any{}
	each("fields", func(f *reader) {
		fields = append(fields, f.rest(map[string]any{
			"id": f.required("id").text("id"), "enabled": !f.has("enabled") || f.flag("enabled"),
			"obfuscate": f.flag(obfuscate), "user_output_name": f.text("user_output_name"),
		}))
	})
	in.each("filters", func(f *reader) {
		filter := f.rest(map[string]any{"field_id": f.text("field_id"), "function": f.required("function").enum("function", filterFunctions)})
		if v, sent := f.m["value"]; sent {
			filter["value"] = v
		}
		filters = append(filters, filter)
	})
	out["fields"], out["filters"] = fields, filters
	return out
}

// bulkObjects are the schemas of a source. It is open if nothing is known of what it has.
func (c *call) bulkObjects(source *record) (objects []sourceObject, open bool) {
	if source == nil {
		return nil, true
	}
	sv, err := c.service(source)
	if err != nil || sv.Source == nil {
		return nil, true
	}
	return sv.Source.Objects, false
}

// bulkFields are the names of the schema's fields by id, and the ids in order: those of
// the source and behind them those of users.
func bulkFields(source *record, o *sourceObject) (names map[string]string, ids []string) {
	names = map[string]string{}
	for _, f := range o.Fields {
		names[f.Name] = f.Name
		if f.Label != "" {
			names[f.Name] = f.Label
		}
		ids = append(ids, f.Name)
	}
	own := object(edits(source, o.ID), "fields")
	for _, id := range sortedKeys(own) {
		names[id] = text(object(own, id), "label")
		ids = append(ids, id)
	}
	return names, ids
}

// chooseSchemas returns what is chosen of every schema of the source: those that were sent
// as they were sent, the others disabled; if none was sent, all.
func (c *call) chooseSchemas(source *record, sent []map[string]any) ([]any, error) {
	objects, open := c.bulkObjects(source)
	byID := map[string]map[string]any{}
	for _, s := range sent {
		id := text(s, "id")
		if byID[id] != nil {
			return nil, invalid("schemas: %q stands there twice", id)
		}
		byID[id] = s
	}
	all := []any{}
	for i := range objects {
		o := &objects[i]
		choice := byID[o.ID]
		delete(byID, o.ID)
		if choice == nil {
			choice = readBulkSchema(read(map[string]any{"id": o.ID, "enabled": sent == nil}), func(string, func(*reader)) {}, "")
		}
		if err := settleSchema(source, o, choice); err != nil {
			return nil, err
		}
		all = append(all, choice)
	}
	for _, s := range sent {
		if id := text(s, "id"); byID[id] != nil {
			if !open {
				return nil, invalid("schemas: the source has no schema %q", id)
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// settleSchema checks a choice against the schema and makes it speak of every field.
func settleSchema(source *record, o *sourceObject, choice map[string]any) error {
	names, ids := bulkFields(source, o)
	known := func(what, id string) error {
		if _, ok := names[id]; id != "" && !ok {
			return invalid("schemas: %s: %q has no field %q", what, o.ID, id)
		}
		return nil
	}
	if err := known("tracking_field", text(choice, "tracking_field")); err != nil {
		return err
	}
	for _, f := range objects(choice, "filters") {
		if err := known("filters", text(f, "field_id")); err != nil {
			return err
		}
	}
	sent := map[string]map[string]any{}
	for _, f := range objects(choice, "fields") {
		if err := known("fields", text(f, "id")); err != nil {
			return err
		}
		sent[text(f, "id")] = f
	}
	fields := []any{}
	for _, id := range ids {
		f := sent[id]
		if f == nil {
			f = map[string]any{"id": id, "enabled": len(sent) == 0, "obfuscate": false, "user_output_name": ""}
		}
		fields = append(fields, f)
	}
	choice["fields"] = fields
	return nil
}

// choices are what is chosen of every schema that the bulk sync's source has now.
func (c *call) choices(r *record) []map[string]any {
	source := c.get(kindConnection, text(r.Body, "source_connection_id"))
	known, _ := c.bulkObjects(source)
	stored := objects(r.Body, "schemas")
	at := func(id string) int {
		return slices.IndexFunc(stored, func(s map[string]any) bool { return text(s, "id") == id })
	}
	all := slices.Clone(stored)
	for i := range known {
		o := &known[i]
		_, ids := bulkFields(source, o)
		if n := at(o.ID); n >= 0 {
			all[n] = withNewFields(stored[n], ids, text(r.Body, "automatically_add_new_fields") != "none")
			continue
		}
		enabled := text(r.Body, "automatically_add_new_objects") != "none"
		choice := readBulkSchema(read(map[string]any{"id": o.ID, "enabled": enabled}), func(string, func(*reader)) {}, "")
		all = append(all, withNewFields(choice, ids, true))
	}
	return all
}

// withNewFields returns the choice with the fields that it does not speak of yet.
func withNewFields(choice map[string]any, ids []string, enabled bool) map[string]any {
	fields := slices.Clone(list(choice, "fields"))
	for _, id := range ids {
		if !slices.ContainsFunc(objects(choice, "fields"), func(f map[string]any) bool { return text(f, "id") == id }) {
			fields = append(fields, map[string]any{"id": id, "enabled": enabled, "obfuscate": false, "user_output_name": ""})
		}
	}
	out := copyMap(choice)
	out["fields"] = fields
	return out
}

// outputName is how a schema or a field is called at the destination.
func outputName(r *record, own, name string) string {
	if own != "" {
		return own
	}
	if text(r.Body, "normalize_names") == "disabled" {
		return name
	}
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToLower(name))
}
