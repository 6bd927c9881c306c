package kinds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/internal/gen"
	"github.com/polyplan/polyplan/pkg/resource"
)

// answerTo imitates what the service answers to a GET of the object o that was
// written with the body and the calls that follow: API dossier 14, row by row.
// Where the dossier leaves open which of several forms comes, t draws one.
func answerTo(t *rapid.T, k *resource.Kind, o resource.Object, body map[string]any, calls []resource.Call) map[string]any {
	a := overTheWire(t, body)
	placed(k, o, a)
	if k.Bare {
		setEither(t, a, "emails", absent{}, nil, []any{})
		return a
	}
	a["id"] = gen.ID(resource.Address{Kind: "any", Name: "thing"})
	if a["organization_id"] == nil {
		a["organization_id"] = "0a0a0a0a-0000-4000-8000-000000000000"
	}
	for _, who := range []string{"created", "updated"} {
		a[who+"_at"] = "2024-02-08T00:00:00Z"
		a[who+"_by"] = map[string]any{"id": "u", "name": "U", "type": "user"}
	}
	switch k.Name {
	case "primary_keys", "schema_fields":
		return overTheWire(t, answerSchema(t, a))
	case "organization", "user", "webhook":
		answerPeople(t, k, a)
		return overTheWire(t, a) // without actors and policies
	case "connection":
		a["type"] = o["type"] // an update does not send it
		answerConnection(t, a)
	case "model":
		answerModel(t, a)
	case "bulk_sync":
		a = answerBulkSync(t, k, o, a, calls)
	case "sync":
		answerSync(t, a)
	case "role", "policy":
		a["system"] = false
		if k.Name == "policy" {
			answerPolicy(t, a)
		}
		return overTheWire(t, a) // policies hold for neither
	default:
		t.Fatalf("nothing is known of answers about %s", k.Name)
	}
	a["policies"] = append(listOf(a["policies"]), "b0b0b0b0-0000-4000-8000-000000000000") // the built-in one
	return overTheWire(t, a)
}

// placed adds what the client knows of an object by its path.
func placed(k *resource.Kind, o resource.Object, a map[string]any) {
	for i := range k.Fields {
		f := &k.Fields[i]
		if !k.InPath(f.Name) || o[f.Name] == nil {
			continue
		}
		a[f.APIName()] = o[f.Name]
		if ref, ok := resource.ReadRef(f.To, o[f.Name]); ok && f.Type == resource.Ref {
			if a[f.APIName()] = ref.ID; ref.ID == "" {
				a[f.APIName()] = gen.ID(ref.Address)
			}
		}
	}
}

// answerSchema is the schema of which the body says the keys or some fields: for
// the one the service answers, and for the other, the whole of it.
func answerSchema(t *rapid.T, a map[string]any) map[string]any {
	var fields []any
	for _, v := range listOf(a["fields"]) {
		f := objectOf(v)
		field := map[string]any{"id": f["field_id"], "name": f["label"], "type": f["type"], "remote_type": "", "is_primary_key": f["is_primary_key"] == true}
		switch path := textOf(f["path"]); either(t, "version", "2024", "2025") {
		case "2025":
			field["path"], field["user_managed"] = path, f["label"] != nil
		}
		fields = append(fields, field)
	}
	if fields == nil || fields[0].(map[string]any)["is_primary_key"] == true { // an ordinary one
		fields = append(fields, map[string]any{"id": "of the source", "name": "Of the source", "type": "string", "is_primary_key": false})
	}
	slices.Reverse(fields)
	return map[string]any{"id": a["schema"], "name": "N", "fields": fields, "connection": a["connection"], "schema": a["schema"]}
}

func answerPeople(t *rapid.T, k *resource.Kind, a map[string]any) {
	switch k.Name {
	case "organization":
		for _, key := range []string{"organization_id", "client_id", "client_secret"} {
			delete(a, key)
		}
		for _, key := range []string{"sso_domain", "sso_org_id", "issuer"} {
			setEither(t, a, key, absent{}, nil, "")
		}
	case "user":
		a["email"] = strings.ToLower(textOf(a["email"]))
		slices.Reverse(listOf(a["role_ids"]))
		setEither(t, a, "role", "user")
		setEither(t, a, "role_ids", nil, []any{"12121212-0000-4000-8000-000000000000"})
	case "webhook":
		a["disabled"] = false // the body does not say
		if a["secret"] = either(t, "secret", "masked", "clear", "absent"); a["secret"] == "masked" {
			a["secret"] = resource.Mask
		} else if a["secret"] == "absent" {
			delete(a, "secret")
		}
	}
}

// overTheWire writes v as JSON and reads it, as the client does.
func overTheWire(t interface{ Fatal(...any) }, v map[string]any) map[string]any {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	out := map[string]any{}
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// either draws one of the forms of what is not set.
func either(t *rapid.T, what string, forms ...any) any {
	return rapid.SampledFrom(forms).Draw(t, "answer: "+what)
}

type absent struct{} // a form: the member is left out

func setEither(t *rapid.T, o map[string]any, key string, forms ...any) {
	if o[key] == nil {
		if v := either(t, key, forms...); v != (absent{}) {
			o[key] = v
		}
	}
}

func answerConnection(t *rapid.T, a map[string]any) {
	id := textOf(a["type"])
	a["type"] = map[string]any{"id": id, "name": strings.ToUpper(id), "logo_url": "https://example.com/logo", "operations": []any{"bulksyncsource"}}
	for _, key := range []string{"validate", "redirect_url", "healthcheck_interval"} {
		delete(a, key)
	}
	a["saved"], a["status"], a["status_error"], a["api_calls_last_24_hours"] = true, "healthy", "", nil
	known, ok := catalog.Lookup(id)
	if !ok {
		return
	}
	out := map[string]any{}
	for key, v := range objectOf(a["configuration"]) {
		v = masked(known.Fields[key], v)
		if strings.Contains(key, "_") && known.Fields[key] != nil && rapid.Bool().Draw(t, "answer: camelCase") {
			key = camel(key)
		}
		out[key] = v
	}
	for name, f := range known.Fields {
		set := objectOf(a["configuration"])[name] != nil
		switch {
		case set:
		case f.ReadOnly || f.Internal():
			out[name] = "filled by the server"
		case f.Default != nil:
			out[name] = f.Default
		case f.Secret: // absent or empty: unknown (API dossier 10)
			setEither(t, out, name, absent{}, "")
		case f.Type == "string" && len(f.Enum) == 0:
			setEither(t, out, name, absent{}, "", nil)
		case f.Type == "boolean":
			setEither(t, out, name, absent{}, false)
		case f.Type == "integer":
			setEither(t, out, name, absent{}, 0)
		}
	}
	a["configuration"] = out
}

func camel(key string) string {
	parts := strings.Split(key, "_")
	for i, p := range parts {
		if i > 0 && p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// masked hides the secrets in a configuration and renames the labels of
// pickers: the app does so when the thing that was picked is renamed.
func masked(f *catalog.Field, v any) any {
	if f == nil {
		return v
	}
	if f.Secret {
		return resource.Mask
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, x := range v {
			out[key] = masked(f.At(key), x)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, masked(f.Items, x))
		}
		return out
	}
	return v
}

// answerPolicy lists all actions, in the service's order.
func answerPolicy(t *rapid.T, a map[string]any) {
	actions := listOf(a["policy_actions"])
	for _, name := range policyActions {
		if !slices.ContainsFunc(actions, func(v any) bool { return objectOf(v)["action"] == name }) {
			action := map[string]any{"action": name}
			setEither(t, action, "role_ids", absent{}, nil, []any{})
			actions = append(actions, action)
		}
	}
	for _, v := range actions {
		slices.Reverse(listOf(objectOf(v)["role_ids"]))
	}
	slices.Reverse(actions)
	a["policy_actions"] = actions
}

func answerModel(t *rapid.T, a map[string]any) {
	delete(a, "refresh")
	a["type"], a["version"] = "postgresql", 7
	field := func(name any, added bool) map[string]any {
		return map[string]any{"id": "f0f0f0f0-0000-4000-8000-000000000000", "name": name, "label": "Some label", "type": "string",
			"remote_type": "text", "description": "", "example": "x", "unique": false, "user_added": added, "created_at": "2024-02-08T00:00:00Z"}
	}
	names := listOf(a["fields"])
	if names == nil { // all of them
		names = []any{"id", "email", "plan"}
	}
	fields := []any{}
	for _, name := range names {
		fields = append(fields, field(name, false))
	}
	for _, v := range listOf(a["additional_fields"]) {
		f := field(objectOf(v)["name"], true)
		f["label"], f["type"] = objectOf(v)["label"], objectOf(v)["type"]
		fields = append(fields, f)
	}
	slices.Reverse(fields) // the order of the source
	a["fields"] = fields
	delete(a, "additional_fields")
	for _, key := range []string{"relations", "tracking_columns", "labels", "policies"} {
		setEither(t, a, key, absent{}, nil, []any{})
	}
	labels := listOf(a["labels"])
	for i, id := range labels {
		labels[i] = map[string]any{"id": id, "name": "A label"}
	}
	setEither(t, a, "identifier", absent{}, nil, "")
	setEither(t, a, "enricher", absent{}, nil, map[string]any{"connection_id": "", "configuration": nil, "fields": nil, "mappings": nil})
	if e := objectOf(a["enricher"]); !resource.Empty(e) {
		setEither(t, e, "enricher_id", "e0e0e0e0-0000-4000-8000-000000000000")
		var full []any
		for _, v := range listOf(e["fields"]) {
			full = append(full, field(objectOf(v)["name"], false))
		}
		if full == nil {
			full = []any{field("company", false)}
		}
		e["fields"] = full
	}
	c := objectOf(a["configuration"])
	c["tracking_columns"] = a["tracking_columns"]
	c["view"], c["unused"] = nil, ""
}

func answerSync(t *rapid.T, a map[string]any) {
	delete(a, "encryption_passphrase")
	a["model_ids"] = []any{"m"}
	for _, key := range []string{"sync_all_records", "only_enrich_updates", "skip_initial_backfill"} {
		setEither(t, a, key, false)
	}
	fields := listOf(a["fields"])
	for _, v := range fields {
		f := objectOf(v)
		setEither(t, f, "override_value", absent{}, nil, "")
	}
	constants := listOf(a["override_fields"])
	for _, v := range constants {
		f := objectOf(v)
		f["source"] = either(t, "source of a constant", nil, map[string]any{"model_id": zeroID, "field": ""})
	}
	fields = append(fields, constants...)
	for _, v := range fields {
		f := objectOf(v)
		f["new"] = false // the field exists by now
		setEither(t, f, "encryption_enabled", absent{}, false)
		setEither(t, f, "sync_mode", absent{}, "", nil, "updateOrCreate")
	}
	slices.Reverse(fields)
	a["fields"] = fields
	setEither(t, map[string]any{}, "override_fields", nil)
	switch either(t, "override_fields", "gone", "null", "too").(string) {
	case "gone":
		delete(a, "override_fields")
	case "null":
		a["override_fields"] = nil
	}
	for _, key := range []string{"filters", "overrides"} {
		setEither(t, a, key, absent{}, nil, []any{})
	}
	for i, v := range listOf(a["filters"]) {
		f := objectOf(v)
		f["label"] = letter(i)
		setEither(t, f, "field_id", "d0d0d0d0-0000-4000-8000-000000000000")
		setEither(t, f, "value", absent{}, nil)
	}
	for _, v := range listOf(a["overrides"]) {
		setEither(t, objectOf(v), "field_id", "d0d0d0d0-0000-4000-8000-000000000000")
	}
	setEither(t, a, "filter_logic", absent{}, "", nil)
	setEither(t, a, "identity", absent{}, nil, map[string]any{"source": nil, "target": "", "function": ""})
	if identity := objectOf(a["identity"]); !resource.Empty(identity) {
		setEither(t, identity, "remote_field_type_id", "string")
		setEither(t, identity, "new_field", false)
	}
	target := objectOf(a["target"])
	if target["create"] != nil || target["new_name"] != nil {
		setEither(t, target, "object", "public.made")
	}
	delete(target, "create")
	delete(target, "new_name")
	target["search_values"] = map[string]any{"object": target["object"]}
	setEither(t, target, "filter_logic", absent{}, "", nil)
	if resource.Empty(target["configuration"]) {
		target["configuration"] = either(t, "target.configuration", nil, map[string]any{})
	}
	schedule := objectOf(a["schedule"])
	for _, key := range []string{"minute", "hour", "day_of_week", "day_of_month", "month"} {
		setEither(t, schedule, key, absent{}, nil, "")
		if s := textOf(schedule[key]); len(s) == 1 && s >= "0" && s <= "9" && rapid.Bool().Draw(t, "answer: two digits") {
			schedule[key] = "0" + s
		}
	}
	setEither(t, schedule, "run_after_success_only", absent{}, nil, false)
	setEither(t, schedule, "connection_id", absent{}, nil, "")
	setEither(t, schedule, "job_id", absent{}, nil)
	setEither(t, schedule, "run_after", absent{}, nil, map[string]any{"sync_ids": []any{}, "bulk_sync_ids": nil})
	if after := objectOf(schedule["run_after"]); after != nil {
		for _, key := range []string{"sync_ids", "bulk_sync_ids"} {
			l := listOf(after[key])
			slices.Reverse(l)
		}
	}
}

// said is what of got the manifest form want has something to say about: what
// is left once the service's additions and what no answer can show are gone
// from both. A secret is set or it is not.
func said(fields []resource.Field, root, want, got resource.Object) (w, g resource.Object) {
	w, g = resource.Object{}, resource.Object{}
	for _, key := range slices.Compact(slices.Sorted(slices.Values(append(resource.Keys(want), resource.Keys(got)...)))) {
		f := resource.Lookup(fields, key)
		if f == nil {
			f = &resource.Field{Name: key, Type: resource.Any, Labelled: true}
		}
		if f.WriteOnly || f.Directive || f.Once || f.Computed {
			continue
		}
		a, b := saidValue(f, root, want[key], got[key])
		silent := resource.Empty(want[key])
		if silent && f.Stays || f.Default != nil && resource.Empty(b) && resource.Text(a) == resource.Text(f.Default) {
			continue
		}
		// An update sends these two back; no manifest needs to know them.
		made := f.Name == "enricher_id" || f.Name == "object" && (want["create"] != nil || want["new_name"] != nil)
		if silent && (made || f.Implicit || f.Default != nil && resource.Text(b) == resource.Text(f.Default) || b == false || b == int64(0)) {
			continue
		}
		if !silent && !(resource.Empty(a) && resource.Empty(b)) { // all of it write-only
			w[key] = a
		}
		if !resource.Empty(b) {
			g[key] = b
		}
	}
	return w, g
}

func saidValue(f *resource.Field, root resource.Object, want, got any) (w, g any) {
	if _, ok := got.(*resource.Secret); ok {
		got = "set"
	}
	if _, ok := want.(*resource.Secret); ok {
		want = "set"
	}
	wo, wok := want.(resource.Object)
	po, gok := got.(resource.Object)
	switch {
	case f.Shared:
		theirs := slices.DeleteFunc(slices.Clone(listOf(got)), func(v any) bool {
			return !slices.ContainsFunc(listOf(want), func(x any) bool { return resource.Text(x) == resource.Text(v) })
		})
		return want, theirs
	case f.Type == resource.Struct && (wok || gok):
		fields, _ := f.Below(root)
		w, g := said(fields, root, wo, po)
		return w, g
	case f.Type == resource.Map && (wok || gok):
		w, g := resource.Object{}, resource.Object{}
		off := func(v any) bool { return f.Off != "" && objectOf(v)[f.Off] == false }
		for key, v := range wo {
			if po[key] != nil || !off(v) {
				w[key], _ = saidValue(f.Elem, root, v, po[key])
			}
		}
		for key, v := range po {
			if wo[key] != nil || !off(v) {
				_, g[key] = saidValue(f.Elem, root, wo[key], v)
			}
		}
		return w, g
	case f.Type == resource.List:
		wl, gl := listOf(want), listOf(got)
		if len(wl) == len(gl) {
			ow, og := make([]any, len(wl)), make([]any, len(gl))
			for i := range wl {
				ow[i], og[i] = saidValue(f.Elem, root, wl[i], gl[i])
			}
			return ow, og
		}
	case f.Type == resource.Any && wok && gok:
		return said(nil, root, wo, po)
	}
	return want, got
}

// ids knows the id of every address, index those of the small world.
func ids(a resource.Address) (string, bool) { return gen.ID(a), true }

var index = gen.Small.Index()

func show(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
