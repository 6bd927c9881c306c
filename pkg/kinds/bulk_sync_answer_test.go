package kinds

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/resource"
)

// answerBulkSync imitates the answer about a bulk sync, in one of the versions of
// the API, and what Read makes of it and of the answers about its schemas.
func answerBulkSync(t *rapid.T, k *resource.Kind, o resource.Object, a map[string]any, calls []resource.Call) map[string]any {
	stored := storedSchemas(t, a["schemas"], calls)
	delete(a, "schemas")

	versions := []string{}
	for _, version := range []string{version2024, "2025-09-18"} {
		if k.Form(version, overTheWire(t, a)) == nil { // what one says the other may not
			versions = append(versions, version)
		}
	}
	if err := k.Form(rapid.SampledFrom(versions).Draw(t, "version"), a); err != nil {
		t.Fatal(err)
	}
	a = overTheWire(t, a)
	times := func(v any) map[string]any {
		s := objectOf(v)
		for _, key := range []string{"minute", "hour", "day_of_week", "day_of_month", "month"} {
			setEither(t, s, key, absent{}, nil, "")
		}
		return s
	}
	if first := objectOf(a["default_schedule"]); first != nil {
		times(first)["id"] = "a-schedule"
		setEither(t, a, "additional_schedules", absent{}, nil, []any{})
		for _, v := range listOf(a["additional_schedules"]) {
			s := times(v)
			s["id"], s["created_at"] = "another", "2024-02-08T00:00:00Z"
			setEither(t, s, "selective_mode", absent{}, "", nil, "none")
			setEither(t, s, "resync_mode", absent{}, "", nil, "normal")
			setEither(t, s, "schemas", absent{}, nil, []any{})
			slices.Reverse(listOf(s["schemas"]))
		}
	} else {
		schedule := times(a["schedule"])
		if multi := objectOf(schedule["multi"]); multi != nil {
			setEither(t, multi, "type", absent{}, "")
			for _, v := range listOf(multi["schedules"]) {
				times(objectOf(v)["schedule"])
			}
		} else {
			setEither(t, schedule, "multi", absent{}, nil, map[string]any{"schedules": nil, "type": ""})
		}
		setEither(t, a, "discover", absent{}, false)
	}
	for _, side := range []string{"source_configuration", "destination_configuration"} {
		setEither(t, a, side, absent{}, nil, map[string]any{})
		if c := objectOf(a[side]); c != nil {
			setEither(t, c, "added_by_the_service", absent{}, "", map[string]any{"table_prefix": ""})
		}
	}
	for _, pair := range [][2]string{{"automatically_add_new_objects", "none"}, {"automatically_add_new_fields", "all"}, {"normalize_names", "enabled"}} {
		setEither(t, a, pair[0], absent{}, "", pair[1])
	}
	setEither(t, a, "disable_record_timestamps", absent{}, nil, false)
	for _, key := range []string{"data_cutoff_timestamp", "concurrency_limit", "resync_concurrency_limit"} {
		setEither(t, a, key, absent{}, nil)
	}
	if a["data_cutoff_timestamp"] == "2024-01-15T09:30:00Z" {
		a["data_cutoff_timestamp"] = either(t, "instant", "2024-01-15T09:30:00Z", "2024-01-15T09:30:00.000Z", "2024-01-15T11:30:00+02:00")
	}
	if err := k.Read(getterOf(stored), a, true, o); err != nil {
		t.Fatal(err)
	}
	return a
}

// storedSchemas is what a service has for the schemas that it was sent: its
// own list of them, with all of their fields.
func storedSchemas(t *rapid.T, sent any, calls []resource.Call) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, v := range listOf(sent) {
		s := objectOf(v)
		for _, f := range listOf(s["fields"]) {
			f := objectOf(f)
			f["obfuscated"] = f["obfuscate"] == true
			delete(f, "obfuscate")
		}
		all[textOf(s["id"])] = s
	}
	for _, call := range calls {
		for _, v := range overTheWire(t, call.Body.(map[string]any))["schemas"].([]any) {
			all[textOf(objectOf(v)["id"])] = objectOf(v)
		}
	}
	if all["another"] == nil {
		all["another"] = map[string]any{"id": "another", "enabled": sent == nil}
	}
	for _, id := range resource.Keys(all) {
		s := all[id]
		s["output_name"] = "name_of_" + id
		for _, key := range []string{"user_output_name", "partition_key", "tracking_field"} {
			setEither(t, s, key, absent{}, "")
		}
		setEither(t, s, "data_cutoff_timestamp", absent{}, nil)
		setEither(t, s, "disable_data_cutoff", absent{}, false)
		setEither(t, s, "filters", absent{}, nil, []any{})
		for _, v := range listOf(s["filters"]) {
			setEither(t, objectOf(v), "value", absent{}, nil)
		}
		fields := listOf(s["fields"])
		if !slices.ContainsFunc(fields, func(v any) bool { return objectOf(v)["id"] == "another field" }) {
			fields = append(fields, map[string]any{"id": "another field", "enabled": len(fields) == 0, "obfuscated": false})
		}
		for _, v := range fields {
			f := objectOf(v)
			f["output_name"] = "computed"
			setEither(t, f, "user_output_name", absent{}, "")
			setEither(t, f, "obfuscated", absent{}, false)
		}
		slices.Reverse(fields)
		s["fields"] = fields
	}
	return all
}

// getterOf answers the calls about schemas: lists have neither fields nor
// filters.
func getterOf(stored map[string]map[string]any) resource.Getter {
	return func(_ map[string]string, path ...string) (any, error) {
		if len(path) == 2 {
			if s := stored[path[1]]; s != nil {
				return resource.Clone(resource.Object(s)), nil
			}
			return nil, nil
		}
		list := []any{}
		for _, id := range resource.Keys(stored) {
			light := maps.Clone(stored[id])
			delete(light, "fields")
			delete(light, "filters")
			list = append(list, light)
		}
		return list, nil
	}
}
