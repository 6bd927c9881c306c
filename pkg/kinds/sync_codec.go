package kinds

import (
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// zeroID stands in answers for a source that is none (API dossier 14).
const zeroID = "00000000-0000-0000-0000-000000000000"

func encodeSync(e *resource.Encoder, o resource.Object, body map[string]any) {
	// Constants have a list of their own in requests (API dossier 8.10).
	mapped, constants := []any{}, []any{}
	for _, v := range listOf(body["fields"]) {
		f := objectOf(v)
		if f["override_value"] != nil {
			delete(f, "encryption_enabled") // ignored there
			constants = append(constants, f)
		} else {
			mapped = append(mapped, f)
		}
	}
	body["fields"] = mapped
	if len(constants) > 0 {
		body["override_fields"] = constants
	}
	filters, labels := encodeFilters(e, o, "filters", "Model", 0)
	onTarget, targetLabels := encodeFilters(e, o, "target_filters", "Target", len(filters))
	if textOf(o["filter_logic"]) == "" {
		// Nobody knows whether the service counts both sorts through or each
		// apart (API dossier 20). The labels of those that come first are the
		// same either way, so those with a logic do.
		onTarget, targetLabels = encodeFilters(e, o, "target_filters", "Target", 0)
		filters = append(onTarget, filters...)
	} else {
		filters = append(filters, onTarget...)
	}
	if len(filters) > 0 {
		body["filters"] = filters
	}
	if s := textOf(o["filter_logic"]); s != "" {
		body["filter_logic"] = renameLogic(s, labels)
	}
	target := objectOf(body["target"])
	if s := textOf(o["target_filter_logic"]); s != "" && target != nil {
		target["filter_logic"] = renameLogic(s, targetLabels)
	}
	if target != nil && target["configuration"] == nil {
		target["configuration"] = map[string]any{} // API dossier 8.10: {} when empty
	}
	if overrides := objectOf(o["overrides"]); len(overrides) > 0 {
		list := []any{}
		for _, name := range resource.Keys(overrides) {
			list = append(list, encodeCondition(e, objectOf(overrides[name]), resource.Path("overrides").Child(name)))
		}
		body["overrides"] = list
	}
}

// encodeFilters writes the filters of one sort in the order of their names,
// and tells which label the server will give each: it counts through them all
// and ignores ours.
func encodeFilters(e *resource.Encoder, o resource.Object, member, fieldType string, before int) ([]any, map[string]string) {
	list, labels := []any{}, map[string]string{}
	filters := objectOf(o[member])
	for i, name := range resource.Keys(filters) {
		f := encodeCondition(e, objectOf(filters[name]), resource.Path(member).Child(name))
		f["field_type"] = fieldType
		list = append(list, f)
		labels[name] = letter(before + i)
	}
	return list, labels
}

func encodeCondition(e *resource.Encoder, o resource.Object, p resource.Path) map[string]any {
	out := map[string]any{"function": o["function"]}
	if o["source"] != nil {
		out["field"] = e.Source(o["source"], p.Child("source"))
	} else if id := textOf(o["field_id"]) + textOf(o["target"]); id != "" {
		out["field_id"] = id // target filters speak of the target's field (API dossier 8.10)
	}
	for _, member := range []string{"value", "override"} {
		if v, ok := o[member]; ok {
			out[member] = e.Value(&resource.Field{Type: resource.Any}, v, p.Child(member))
		}
	}
	return out
}

func decodeSync(d *resource.Decoder, answer map[string]any, o resource.Object) {
	decodeConstants(d, answer, o)
	names := map[string]string{} // the server's labels -> the names until Align
	filters, onTarget := resource.Object{}, resource.Object{}
	for i, v := range listOf(resource.Normalize(answer["filters"])) {
		f := objectOf(v)
		label := textOf(f["label"])
		if label == "" {
			label = letter(i)
		}
		names[label] = strings.ToLower(label)
		if f["field_type"] == "Target" {
			onTarget[names[label]] = pick(resource.Object{"target": f["field_id"], "function": f["function"], "value": f["value"]})
		} else {
			filters[names[label]] = decodeCondition(d, f)
		}
	}
	set := func(member string, v any) {
		if !resource.Empty(v) {
			o[member] = v
		}
	}
	set("filters", filters)
	set("target_filters", onTarget)
	set("filter_logic", renameLogic(textOf(answer["filter_logic"]), names))
	set("target_filter_logic", renameLogic(textOf(objectOf(answer["target"])["filter_logic"]), names))
	overrides := resource.Object{}
	for i, v := range listOf(resource.Normalize(answer["overrides"])) {
		overrides["override_"+strconv.Itoa(i+1)] = decodeCondition(d, objectOf(v))
	}
	set("overrides", overrides)

	schedule := objectOf(o["schedule"])
	if members, known := frequencyMembers[textOf(schedule["frequency"])]; known {
		for key := range schedule { // only what the frequency uses counts (API dossier 14)
			if key != "frequency" && !slices.Contains(members, key) {
				delete(schedule, key)
			}
		}
	}
	if resource.Empty(o["identity"]) {
		delete(o, "identity")
	}
}

// decodeConstants gathers the constants, which the service answers among the
// mapped fields, with a source that is none (API dossier 14).
func decodeConstants(d *resource.Decoder, answer map[string]any, o resource.Object) {
	fields := objectOf(o["fields"])
	if fields == nil {
		fields = resource.Object{}
		o["fields"] = fields
	}
	for _, v := range listOf(resource.Normalize(answer["override_fields"])) {
		f := objectOf(v)
		target := textOf(f["target"])
		if target == "" {
			continue
		}
		// It may stand among the fields too, with the value or without.
		if field := objectOf(fields[target]); field == nil {
			fields[target] = pick(resource.Object{"value": f["override_value"], "sync_mode": f["sync_mode"], "new": f["new"]})
		} else if resource.Empty(field["value"]) {
			field["value"] = f["override_value"]
		}
	}
	for _, v := range fields {
		f := objectOf(v)
		model, _, ok := resource.SplitSource(f["source"])
		none := !ok || textOf(objectOf(model)["id"]) == zeroID
		if resource.Empty(f["value"]) && !none {
			delete(f, "value")
			continue
		}
		delete(f, "source")
		delete(f, "encryption_enabled") // ignored for constants
	}
}

func decodeCondition(d *resource.Decoder, f resource.Object) resource.Object {
	out := resource.Object{"function": f["function"], "value": f["value"], "override": f["override"]}
	if field := objectOf(f["field"]); textOf(field["field"]) != "" {
		out["source"] = d.Source(field)
	} else {
		out["field_id"] = f["field_id"]
	}
	return pick(out)
}

// pick drops what is not there.
func pick(o resource.Object) resource.Object {
	for key, v := range o {
		if v == nil {
			delete(o, key)
		}
	}
	return o
}

// normalSync writes the logics in one way, and not at all where they say what
// their absence does: that every filter applies.
func normalSync(o resource.Object) {
	for member, filters := range map[string]string{"filter_logic": "filters", "target_filter_logic": "target_filters"} {
		s := textOf(o[member])
		if s == "" {
			delete(o, member)
			continue
		}
		if l, err := parseLogic(s); err == nil {
			if o[member] = l.String(); l.allOf(objectOf(o[filters])) {
				delete(o, member)
			}
		}
	}
}
