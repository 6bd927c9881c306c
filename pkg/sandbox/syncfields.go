package sandbox

import "slices"

var (
	identityFunctions = []string{"Equality", "ISubstring", "OneOf", "DomainMatch", "HostnameMatch"}
	fieldModes        = []string{"", "create", "updateOrCreate"}
)

// readSource reads the source of a value: a model and a field of it.
func readSource(in *reader) map[string]any {
	in.required("model_id", "field")
	return in.rest(map[string]any{"model_id": in.uuid("model_id"), "field": in.text("field")})
}

// readSyncFields reads the mapping. A field with an override_value is a constant
// wherever it stands: clients that send back what they got have them in fields, with a
// source of zeros that means nothing. [API dossier 14]
func readSyncFields(in *reader) (mapped, constants []any) {
	mapped, constants = []any{}, []any{}
	one := func(constant bool) func(*reader) {
		return func(f *reader) {
			f.required("target")
			out := f.rest(map[string]any{
				"target": f.text("target"), "sync_mode": f.enum("sync_mode", fieldModes),
				"new": f.flag("new"), "encryption_enabled": f.flag("encryption_enabled"),
			})
			value := f.text("override_value")
			if constant {
				f.required("override_value")
			}
			if value != "" || constant {
				out["override_value"] = value
				constants = append(constants, out)
				return
			}
			out["source"] = readSource(f.required("source").in("source"))
			mapped = append(mapped, out)
		}
	}
	in.each("fields", one(false))
	in.each("override_fields", one(true))
	// What was sent in both places is one constant.
	seen := map[string]bool{}
	constants = slices.DeleteFunc(constants, func(f any) bool {
		target := text(f.(map[string]any), "target")
		defer func() { seen[target] = true }()
		return seen[target]
	})
	return mapped, constants
}

func readIdentity(in *reader) map[string]any {
	out := in.rest(map[string]any{
		"source": readSource(in.in("source")), "target": in.text("target"),
		"function":  in.enum("function", identityFunctions),
		"new_field": in.flag("new_field"),
	})
	if remote := in.text("remote_field_type_id"); remote != "" {
		out["remote_field_type_id"] = remote
	}
	return out
}

// checkSource refuses a source that does not exist. The field need not be selected by
// the model. [API dossier 19]
func (c *call) checkSource(where string, source map[string]any) error {
	m := c.get(kindModel, text(source, "model_id"))
	if m == nil {
		return invalid("%s: no such model", where)
	}
	if name := text(source, "field"); !c.reads(m).has(name) {
		return invalid("%s: model %q has no field %q", where, text(m.Body, "name"), name)
	}
	return nil
}

// checkSyncFields checks the mapping and the identity against models and target, and
// makes the fields that are to be made.
func (c *call) checkSyncFields(r *record, into *destination) error {
	identity := object(r.Body, "identity")
	if into.mode.RequiresIdentity && identity == nil {
		return invalid("identity: mode %q needs one", into.mode.ID)
	}
	if identity != nil {
		if err := c.checkSource("identity.source", object(identity, "source")); err != nil {
			return err
		}
		f, err := into.field("identity.target", text(identity, "target"), flag(identity, "new_field"))
		if err != nil {
			return err
		}
		if !f.Identity && !into.open {
			return invalid("identity.target: %q cannot identify records", f.ID)
		}
		if identity["remote_field_type_id"] == nil {
			identity["remote_field_type_id"] = f.Type
		}
	}
	var kept []any
	seen := map[string]bool{}
	for _, f := range objects(r.Body, "fields") {
		// Of a field and the identity with one target the server keeps the identity.
		if identity != nil && text(f, "target") == text(identity, "target") {
			continue
		}
		if err := c.checkSource("fields."+text(f, "target")+".source", object(f, "source")); err != nil {
			return err
		}
		kept = append(kept, f)
	}
	r.Body["fields"] = orEmpty(kept)
	for _, f := range slices.Concat(objects(r.Body, "fields"), objects(r.Body, "override_fields")) {
		target := text(f, "target")
		if seen[target] {
			return invalid("fields: %q is mapped twice", target)
		}
		seen[target] = true
		tf, err := into.field("fields."+target, target, flag(f, "new"))
		if err != nil {
			return err
		}
		if tf.ReadOnly {
			return invalid("fields.%s: the target field cannot be written", target)
		}
		if flag(f, "encryption_enabled") && text(r.Body, "encryption_passphrase") == "" {
			return invalid("encryption_passphrase: is required where fields are encrypted")
		}
		if flag(f, "new") && !c.s.opts.Switches.KeepNew {
			f["new"] = false // it exists from now on
		}
	}
	into.store(c)
	return nil
}

// fieldsView lists the mapped fields and, behind them, the constants. [API dossier 14]
func fieldsView(body map[string]any) []any {
	all := []any{}
	for _, f := range slices.Concat(objects(body, "fields"), objects(body, "override_fields")) {
		f = copyMap(f)
		if f["source"] == nil {
			f["source"] = map[string]any{"model_id": zeroID, "field": ""}
		}
		if text(f, "sync_mode") == "" {
			delete(f, "sync_mode")
		}
		all = append(all, f)
	}
	return all
}
