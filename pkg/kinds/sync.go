package kinds

import (
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Sync carries a model's records into a target (API dossier 8.10, 8.11).
var Sync = resource.Kind{
	Name:    "sync",
	Section: "syncs",
	Path:    "/api/syncs",
	Doc: `a mapping of model fields to the fields of a target, run on a schedule

A sync takes records from one model, or from several that relations join, finds
each in the target by its identity, and writes the mapped fields as its mode
says. It is active unless the manifest says ` + "`active: false`" + `.`,
	Example: `syncs:
  users_to_hubspot:
    mode: updateOrCreate
    schedule: {frequency: daily, hour: 8, minute: 30}
    target: {connection: hubspot, object: contacts}
    identity: {source: users.email, target: email}
    fields:
      firstname: users.first_name
      lastname: {source: users.last_name, sync_mode: create}
      source_system: {value: warehouse}
    filters:
      paying: {source: users.plan, function: Inequality, value: free}
      gone: {source: users.deleted_at, function: IsNotNull}
    filter_logic: paying AND NOT gone
`,
	Fields: []resource.Field{
		nameRow,
		{Name: "mode", Type: resource.String, Required: true,
			Enum: []string{"create", "update", "updateOrCreate", "replace", "append", "remove", "snapshot"},
			Doc:  "What it does with a record. Which modes there are depends on the target object."},
		{Name: "active", Type: resource.Bool, Filled: true,
			Doc: "Whether it runs, on its schedule or when started by hand. Default: true."},
		{Name: "schedule", Type: resource.Struct, Short: "frequency", Whole: true, Required: true, Fields: scheduleRows,
			Doc: "When it runs. A word alone is the frequency."},
		{Name: "target", Type: resource.Struct, Required: true, Fields: []resource.Field{
			{Name: "connection", API: "connection_id", Type: resource.Ref, To: "connection", Required: true, Doc: "The connection that it writes to."},
			{Name: "object", Type: resource.String, Doc: "The target object's id: contacts, public.users."},
			{Name: "configuration", Type: resource.Any, Labelled: true, Doc: "Settings of the target, by the connection's type."},
			{Name: "create", Type: resource.Map, Whole: true, Elem: &resource.Field{Type: resource.String}, WriteOnly: true, OnCreate: true, Immutable: true,
				Doc: "Makes a new target object from these properties, in place of object."},
			{Name: "new_name", Type: resource.String, WriteOnly: true, OnCreate: true, Immutable: true,
				Doc: "The new object's name, for targets that take it apart from create."},
		}, Doc: "Where it writes."},
		{Name: "identity", Type: resource.Struct, Fields: []resource.Field{
			{Name: "source", Type: resource.SourceRef, Required: true, Doc: "The model field that identifies a record."},
			{Name: "target", Type: resource.String, Required: true, Doc: "The target field that it is compared with."},
			{Name: "function", Type: resource.String, Filled: "Equality",
				Enum: []string{"Equality", "ISubstring", "OneOf", "DomainMatch", "HostnameMatch"}, Doc: "How they are compared. Default: Equality."},
			{Name: "new_field", Type: resource.Bool, Implicit: true, Doc: "Whether the target field is to be made."},
			{Name: "remote_field_type_id", Type: resource.String, Implicit: true, Doc: "The type of the target field that is to be made."},
		}, Doc: "How a record is found in the target; modes that change records need it."},
		{Name: "fields", Type: resource.Map, KeyedBy: "target", Whole: true, Required: true,
			Elem: &resource.Field{Type: resource.Struct, Short: "source", Whole: true, Fields: []resource.Field{
				{Name: "source", Type: resource.SourceRef, Doc: "The model field that is written: model.field."},
				{Name: "value", API: "override_value", Type: resource.String, Doc: "A constant that is written instead of a source."},
				{Name: "sync_mode", Type: resource.String, Enum: []string{"updateOrCreate", "create"}, Default: "updateOrCreate",
					Doc: "create does not overwrite what the target has. Default: updateOrCreate."},
				{Name: "new", Type: resource.Bool, Default: false, Once: true, Doc: "Whether the target field is to be made."},
				{Name: "encryption_enabled", Type: resource.Bool, Default: false, Doc: "Whether the value is encrypted."},
			}},
			Doc: "The mapping: target field, and the source field that it takes."},
		{Name: "filters", Type: resource.Map, Whole: true, Custom: true,
			Elem: &resource.Field{Type: resource.Struct, Whole: true, Fields: []resource.Field{
				{Name: "source", Type: resource.SourceRef, Doc: "The model field that is tested."},
				{Name: "field_id", Type: resource.String, Doc: "The service's id of the field, in place of source."},
				{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
				{Name: "value", Type: resource.Any, Doc: "What it is tested against, by the function."},
			}},
			Doc: "Which records are synced, each filter under a name of your own."},
		{Name: "filter_logic", Type: resource.String, Custom: true,
			Doc: "How the filters combine, in their names: paying AND NOT gone. Default: all apply."},
		{Name: "target_filters", Type: resource.Map, Whole: true, Custom: true,
			Elem: &resource.Field{Type: resource.Struct, Whole: true, Fields: []resource.Field{
				{Name: "target", Type: resource.String, Required: true, Doc: "The target field that is tested."},
				{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
				{Name: "value", Type: resource.Any, Doc: "What it is tested against, by the function."},
			}},
			Doc: "Which records of the target are touched, in mode update only."},
		{Name: "target_filter_logic", Type: resource.String, Custom: true,
			Doc: "How the target filters combine, in their names. Default: all apply."},
		{Name: "overrides", Type: resource.Map, Whole: true, Custom: true,
			Elem: &resource.Field{Type: resource.Struct, Whole: true, Fields: []resource.Field{
				{Name: "source", Type: resource.SourceRef, Doc: "The model field that is tested and replaced."},
				{Name: "field_id", Type: resource.String, Doc: "The service's id of the field, in place of source."},
				{Name: "function", Type: resource.String, Required: true, Enum: filterFunctions, Doc: "The test."},
				{Name: "value", Type: resource.Any, Doc: "What the field is tested against."},
				{Name: "override", Type: resource.Any, Required: true, Doc: "What is written where the test holds."},
			}},
			Doc: "Values that are replaced on a condition, each under a name of your own."},
		{Name: "sync_all_records", Type: resource.Bool, Default: false, Doc: "Whether every run takes all records, not only the changed ones."},
		{Name: "only_enrich_updates", Type: resource.Bool, Default: false, Doc: "Whether only changed records are enriched."},
		{Name: "skip_initial_backfill", Type: resource.Bool, Default: false, Doc: "Whether records that exist already are left out."},
		{Name: "encryption_passphrase", Type: resource.String, Sensitive: true, WriteOnly: true,
			Doc: "What encrypted fields are encrypted with."},
		policiesRow,
		organizationRow,
	},
	Claims: []string{"override_fields", "model_ids"},
	Marks:  []string{"updated_at"},
	ListIsFull: func(_ string, item map[string]any) bool { // API dossier 4: light items in 2025-09-18
		_, ok := item["fields"]
		return ok && item["target"] != nil
	},
	Encoded: encodeSync,
	Decoded: decodeSync,
	Normal:  normalSync,
	Align:   alignSync,
	Check:   checkSync,
}

// Schedules have the same members for every frequency; frequencyMembers says
// which of them count (API dossier 8.11).
var scheduleRows = []resource.Field{
	{Name: "frequency", Type: resource.String, Required: true,
		Enum: []string{"manual", "continuous", "hourly", "daily", "weekly", "custom", "builder", "runafter", "dbtcloud"},
		Doc:  "How often."},
	{Name: "minute", Type: resource.Numeral, Doc: "UTC; with hourly one of 0, 15, 30, 45."},
	{Name: "hour", Type: resource.Numeral, Doc: "UTC."},
	{Name: "day_of_week", Type: resource.Numeral, Doc: "A number, or a name such as monday."},
	{Name: "day_of_month", Type: resource.Numeral, Doc: "A number from 1."},
	{Name: "month", Type: resource.Numeral, Doc: "A number from 1."},
	{Name: "run_after", Type: resource.Struct, Whole: true, Fields: []resource.Field{
		{Name: "syncs", API: "sync_ids", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: "sync"}, Doc: "Syncs."},
		{Name: "bulk_syncs", API: "bulk_sync_ids", Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: "bulk_sync"}, Doc: "Bulk syncs."},
	}, Doc: "With runafter: what it runs after."},
	{Name: "run_after_success_only", Type: resource.Bool, Implicit: true, Doc: "With runafter: whether it waits for a success."},
	{Name: "connection", API: "connection_id", Type: resource.Ref, To: "connection", Doc: "With dbtcloud: the dbt Cloud connection."},
	{Name: "job_id", Type: resource.Int, Doc: "With dbtcloud: the job."},
}

// frequencyMembers lists the members that count beside the frequency; nil
// means that nobody knows, so that all do.
var frequencyMembers = map[string][]string{
	"manual":     {},
	"continuous": {},
	"hourly":     {"minute"},
	"daily":      {"hour", "minute"},
	"weekly":     {"day_of_week", "hour", "minute"},
	"custom":     {"minute", "hour", "day_of_month", "month", "day_of_week"},
	"runafter":   {"run_after", "run_after_success_only"},
	"dbtcloud":   {"connection", "job_id"},
}

var filterFunctions = []string{"Equality", "Inequality", "IsNull", "IsNotNull", "True", "False", "OnOrAfter", "OnOrBefore",
	"GreaterThan", "GreaterThanEqual", "LessThan", "LessThanEqual", "StringContains", "StringStartsWith", "StringEndsWith",
	"StringDoesNotContain", "StringDoesNotStartWith", "StringDoesNotEndWith", "StringOneOf", "StringNotOneOf", "Between",
	"ArrayContains", "ArrayDoesNotContain", "InTheLast", "RelativeOnOrBefore", "RelativeOnOrAfter", "StringLike",
	"StringNotLike", "StringMatchesTrimmed"}

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
	if filters = append(filters, onTarget...); len(filters) > 0 {
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
			if o[member] = l.String(); l.allOf(len(objectOf(o[filters]))) {
				delete(o, member)
			}
		}
	}
}
