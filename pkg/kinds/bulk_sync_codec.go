package kinds

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// version2024 is the older of the two versions of the API that polyplan speaks.
const version2024 = "2024-02-08"

func encodeBulkSync(e *resource.Encoder, o resource.Object, body map[string]any) {
	for _, side := range []string{"source", "destination"} {
		at, s := resource.Path(side), objectOf(o[side])
		body[side+"_connection_id"] = e.ID(Connection.Name, s["connection"], at.Child("connection"))
		if s["configuration"] != nil {
			body[side+"_configuration"] = e.Value(&resource.Field{Type: resource.Any}, s["configuration"], at.Child("configuration"))
		}
	}
	if body["destination_configuration"] == nil { // required (API dossier 8.13)
		body["destination_configuration"] = map[string]any{}
	}
	if more := objectOf(o["additional_schedules"]); len(more) > 0 {
		list := []any{}
		for _, name := range resource.Keys(more) {
			list = append(list, e.Value(&additionalRow, more[name], resource.Path("additional_schedules").Child(name)))
		}
		body["additional_schedules"] = list
	}
	// The first of several schedules is in the older version the first of multi, unless
	// multi is what it says itself (see formBulkSync).
	if first := objectOf(e.Live["schedule"]); first["frequency"] == "multi" && objectOf(body["schedule"])["frequency"] != "multi" {
		if more := listOf(e.Live["additional_schedules"]); len(more) > 0 {
			e.Live["schedule"], e.Live["additional_schedules"] = more[0], more[1:]
		}
	}
	if schemas, ok := body["schemas"].([]any); ok {
		chosen := []any{}
		for _, v := range schemas {
			s := objectOf(v)
			if s["enabled"] == false && e.Update {
				continue // what is not listed is not copied
			}
			wireSchema(s)
			// Names, and what nobody here knows, belong to the calls of followBulkSync.
			onlyKnown(s, schemaRow.Fields)
			for _, f := range listOf(s["fields"]) {
				onlyKnown(objectOf(f), resource.Lookup(schemaRow.Fields, "fields").Elem.Fields)
			}
			chosen = append(chosen, s)
		}
		body["schemas"] = chosen
	}
}

// bulkSyncAsSent finds the schedules in the form of either version.
func bulkSyncAsSent(answer map[string]any) map[string]any {
	out := maps.Clone(answer)
	if first := answer["default_schedule"]; first != nil {
		out["schedule"] = first
		return out
	}
	more := []any{}
	for _, item := range listOf(objectOf(objectOf(answer["schedule"])["multi"])["schedules"]) {
		more = append(more, objectOf(item)["schedule"])
	}
	out["additional_schedules"] = more
	return out
}

// onlyKnown drops, in place, what a choice of the bulk sync's own requests has
// no word for.
func onlyKnown(choice map[string]any, fields []resource.Field) {
	for key := range choice {
		known := slices.ContainsFunc(fields, func(f resource.Field) bool { return f.APIName() == key })
		if !known && key != "id" || key == "user_output_name" {
			delete(choice, key)
		}
	}
}

// wireSchema brings an encoded schema, in place, to the form of requests:
// filters in a list, and outright whether it is copied.
func wireSchema(s map[string]any) {
	if s["enabled"] == nil {
		s["enabled"] = true
	}
	if filters := objectOf(s["filters"]); filters != nil {
		list := []any{}
		for _, name := range resource.Keys(filters) {
			list = append(list, filters[name])
		}
		s["filters"] = list
	}
	for _, v := range listOf(s["fields"]) {
		if f := objectOf(v); f["enabled"] == nil {
			f["enabled"] = true
		}
	}
}

// followBulkSync gives the request that changes schemas: the prose says that
// the bulk sync's own does not, and only this one knows names in the destination
// (API dossier 8.13, 8.14).
func followBulkSync(e *resource.Encoder, before, after resource.Object) []resource.Call {
	was, now := objectOf(before["schemas"]), objectOf(after["schemas"])
	changed := []any{}
	for _, id := range resource.Keys(now) {
		// A name may be lost by the request before this one, which has none.
		if !named(objectOf(now[id])) && (before == nil || resource.Text(was[id]) == resource.Text(now[id])) {
			continue
		}
		s := objectOf(e.Value(&schemaRow, now[id], resource.Path("schemas").Child(id)))
		s["id"] = id
		wireSchema(s)
		for _, v := range listOf(s["fields"]) {
			f := objectOf(v)
			if f["obfuscate"] != nil {
				f["obfuscated"] = f["obfuscate"] // as these calls spell it
				delete(f, "obfuscate")
			}
		}
		changed = append(changed, s)
	}
	if len(changed) == 0 {
		return nil
	}
	return []resource.Call{{Method: "PATCH", Path: []string{"schemas"}, Body: map[string]any{"schemas": changed}}}
}

// named reports whether a schema or a field of it has a name of the user's.
func named(schema resource.Object) bool {
	if textOf(schema["output_name"]) != "" {
		return true
	}
	for _, f := range objectOf(schema["fields"]) {
		if textOf(objectOf(f)["output_name"]) != "" {
			return true
		}
	}
	return false
}

// formBulkSync writes the schedules in the form of the version (API dossier 4).
// In the older one several schedules are one of frequency multi.
func formBulkSync(version string, body map[string]any) error {
	schedule, more := objectOf(body["schedule"]), listOf(body["additional_schedules"])
	typ := schedule["multi_type"]
	delete(schedule, "multi_type")
	if version != version2024 {
		if body["discover"] == true {
			return errors.New("discover: version " + version + " of the API does not have it any more; use automatically_add_new_objects")
		}
		if typ != nil {
			return errors.New("schedule.multi_type: version " + version + " of the API does not have it any more; remove it")
		}
		body["default_schedule"] = schedule
		delete(body, "schedule")
		delete(body, "discover")
		return nil
	}
	delete(body, "additional_schedules")
	if len(more) == 0 {
		return nil
	}
	items := []any{}
	if schedule["frequency"] != "multi" {
		items = append(items, map[string]any{"item": "none", "schedule": schedule})
	}
	for _, v := range more {
		s := objectOf(v)
		if mode := textOf(s["resync_mode"]); len(listOf(s["schemas"])) > 0 || mode != "" && mode != "normal" {
			return errors.New("additional_schedules: version 2024-02-08 of the API knows neither schemas nor resync_mode of a schedule; " +
				"remove them, or use --api-version 2025-09-18")
		}
		item := s["selective_mode"]
		if item == nil {
			item = "none"
		}
		for _, key := range []string{"selective_mode", "resync_mode", "schemas"} {
			delete(s, key)
		}
		items = append(items, map[string]any{"item": item, "schedule": s})
	}
	multi := map[string]any{"schedules": items}
	if typ != nil {
		multi["type"] = typ
	}
	body["schedule"] = map[string]any{"frequency": "multi", "multi": multi}
	return nil
}

func decodeBulkSync(d *resource.Decoder, answer map[string]any, o resource.Object) {
	for _, side := range []string{"source", "destination"} {
		s := resource.Object{}
		if id := textOf(answer[side+"_connection_id"]); id != "" {
			s["connection"] = d.Ref(Connection.Name, id)
		}
		if v := resource.Normalize(answer[side+"_configuration"]); !resource.Empty(v) {
			s["configuration"] = d.Value(&resource.Field{Type: resource.Any}, v)
		}
		if len(s) > 0 {
			o[side] = s
		}
	}
	more := resource.Object{}
	add := func(s any, mode any) {
		one := objectOf(d.Value(&additionalRow, s))
		if mode != nil {
			one["selective_mode"] = mode
		}
		more[strings.ToLower(letter(len(more)))] = usedMembers(one, "selective_mode", "resync_mode", "schemas")
	}
	if first := objectOf(resource.Normalize(answer["default_schedule"])); first != nil {
		o["schedule"] = d.Value(&bulkScheduleRow, first)
		for _, s := range listOf(resource.Normalize(answer["additional_schedules"])) {
			add(s, nil)
		}
	} else if multi := objectOf(objectOf(resource.Normalize(answer["schedule"]))["multi"]); multi != nil {
		if typ := textOf(multi["type"]); typ != "" && objectOf(o["schedule"])["frequency"] == "multi" {
			objectOf(o["schedule"])["multi_type"] = typ
		}
		for _, v := range listOf(multi["schedules"]) {
			item := objectOf(v)
			add(objectOf(item["schedule"]), item["item"])
		}
	}
	if schedule := objectOf(o["schedule"]); schedule != nil {
		o["schedule"] = usedMembers(schedule, "multi_type")
	}
	if len(more) > 0 {
		o["additional_schedules"] = more
	}
}

// usedMembers drops, in place, what the frequency of a schedule does not use
// (API dossier 14).
func usedMembers(schedule resource.Object, also ...string) resource.Object {
	if members, known := frequencyMembers[textOf(schedule["frequency"])]; known {
		for key := range schedule {
			if key != "frequency" && !slices.Contains(members, key) && !slices.Contains(also, key) {
				delete(schedule, key)
			}
		}
	}
	return schedule
}

// alignBulkSync gives what has no name in the service the names under which
// known objects hold it.
func alignBulkSync(live resource.Object, known ...resource.Object) {
	alignSchedules(live, known)
	alignTimes(live, known)
	schemas := objectOf(live["schemas"])
	for id, v := range schemas {
		var same []resource.Object
		for _, k := range known {
			if s := objectOf(objectOf(k["schemas"])[id]); s != nil {
				same = append(same, s)
			}
		}
		alignMember(objectOf(v), "filters", same)
	}
	// What is chosen of one source says nothing of another.
	if len(known) > 0 {
		from, to := objectOf(live["source"])["connection"], objectOf(known[0]["source"])["connection"]
		if to != nil && resource.Text(from) != resource.Text(to) {
			delete(live, "schemas")
		}
	}
}

// alignSchedules names the further schedules. The older version of the API has
// no first among several: where a known object does, the one like it is.
func alignSchedules(live resource.Object, known []resource.Object) {
	more := objectOf(live["additional_schedules"])
	for _, k := range known {
		first := objectOf(k["schedule"])
		if first == nil {
			continue
		}
		if first["frequency"] == "multi" || objectOf(live["schedule"])["frequency"] != "multi" {
			break
		}
		if name := likeFirst(more, first); name != "" {
			schedule := objectOf(more[name])
			delete(schedule, "selective_mode")
			if typ := objectOf(live["schedule"])["multi_type"]; typ != nil {
				schedule["multi_type"] = typ
			}
			live["schedule"] = schedule
			delete(more, name)
		}
		break
	}
	alignMember(live, "additional_schedules", known,
		func(a, b resource.Object) bool { return sameMembers(a, b) },
		func(a, b resource.Object) bool { return sameMembers(a, b, "frequency", "selective_mode") },
		func(a, b resource.Object) bool { return sameMembers(a, b, "selective_mode") && selective(a) })
}

// likeFirst is the name of the schedule without a choice of fields that says the
// same as first, else of the first without one.
func likeFirst(more, first resource.Object) string {
	found := ""
	for _, name := range inOrder(more) {
		s := objectOf(more[name])
		if selective(s) {
			continue
		}
		if found == "" {
			found = name
		}
		if sameMembers(s, first) {
			return name
		}
	}
	return found
}

func selective(schedule resource.Object) bool {
	mode := textOf(schedule["selective_mode"])
	return mode != "" && mode != "none"
}

// sameMembers compares two schedules by the members named, all if none is;
// defaults are the same as silence.
func sameMembers(a, b resource.Object, members ...string) bool {
	for i := range additionalRow.Fields {
		f := &additionalRow.Fields[i]
		if len(members) > 0 && !slices.Contains(members, f.Name) {
			continue
		}
		x, y := a[f.Name], b[f.Name]
		if resource.Empty(x) {
			x = f.Default
		}
		if resource.Empty(y) {
			y = f.Default
		}
		if resource.Text(x) != resource.Text(y) {
			return false
		}
	}
	return true
}
