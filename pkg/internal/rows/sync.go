package rows

import "github.com/polyplan/polyplan/pkg/resource"

func constant(target, value string, src any) obj {
	return obj{"target": target, "override_value": value, "source": src, "new": false, "encryption_enabled": false, "sync_mode": "updateOrCreate"}
}

// isNull is a filter of the manifest's, nullFilter the service's form of it.
func isNull(field string) obj { return obj{"source": "users." + field, "function": "IsNull"} }

func nullFilter(label, field string) obj {
	return obj{"field": source(field), "field_id": "f-" + field, "field_type": "Model", "function": "IsNull", "label": label, "value": nil}
}

// target is that of every sync here, with more in it.
func target(more obj) obj {
	return obj{"target": with(answers["sync"]["target"].(obj), more)}
}

func wantsTarget(more obj) obj {
	return obj{"target": over(manifests["sync"]["target"].(obj), more, true)}
}

func schedule(more obj) obj { return obj{"schedule": more} }

var syncs = []Row{
	{"sync", "fields: holds override fields too", "entries with override_value and no or zero source are override fields", []Case{
		{Name: "no source", Answer: obj{"fields": list{mapped("a"), constant("c", "x", nil)}}, Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "c": obj{"value": "x"}}}, Compared: true},
		{Name: "zero source", Answer: obj{"fields": list{mapped("a"), constant("c", "x", obj{"model_id": zero, "field": ""})}}, Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "c": obj{"value": "x"}}}, Compared: true},
		{Name: "zero source with a field", Answer: obj{"fields": list{constant("c", "x", obj{"model_id": zero, "field": "f"})}}, Manifest: obj{"fields": obj{"c": obj{"value": "x"}}}, Compared: true},
		{Name: "in both places", Answer: obj{"fields": list{mapped("a"), constant("c", "x", nil)}, "override_fields": list{constant("c", "x", nil)}},
			Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "c": obj{"value": "x"}}}, Compared: true},
		{Name: "value in the other place only", Answer: obj{"fields": list{mapped("a"), obj{"target": "c", "source": nil}}, "override_fields": list{obj{"target": "c", "override_value": "x"}}},
			Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "c": obj{"value": "x"}}}},
		{Name: "in a place of their own", Answer: obj{"override_fields": list{obj{"target": "c", "override_value": "x"}}},
			Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "c": obj{"value": "x"}}}},
		{Name: "another value", Answer: obj{"fields": list{constant("c", "y", nil)}}, Manifest: obj{"fields": obj{"c": obj{"value": "x"}}}, Differs: true},
		{Name: "a source instead", Answer: obj{"fields": list{mapped("c")}}, Manifest: obj{"fields": obj{"c": obj{"value": "x"}}}, Differs: true},
	}},
	{"sync", "fields: order", "treat as set keyed by target", []Case{
		{Name: "order", Answer: obj{"fields": list{mapped("b"), mapped("a")}}, Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "b": obj{"source": "users.b"}}}},
		{Name: "one more", Answer: obj{"fields": list{mapped("b"), mapped("a")}}, Differs: true},
		{Name: "one less", Manifest: obj{"fields": obj{"a": obj{"source": "users.a"}, "b": obj{"source": "users.b"}}}, Differs: true},
		{Name: "another source", Answer: obj{"fields": list{obj{"target": "a", "source": source("z")}}}, Differs: true},
	}},
	{"sync", "fields[].new, encryption_enabled, sync_mode, override_value", "absent = false; sync_mode absent = updateOrCreate; ignore new after creation", []Case{
		{Name: "filled", Answer: obj{"fields": list{with(mapped("a"), obj{"new": false, "encryption_enabled": false, "sync_mode": "updateOrCreate", "override_value": ""})}}, Compared: true},
		{Name: "null", Answer: obj{"fields": list{with(mapped("a"), obj{"new": nil, "encryption_enabled": nil, "sync_mode": nil, "override_value": nil})}}},
		{Name: "empty", Answer: obj{"fields": list{with(mapped("a"), obj{"sync_mode": "", "override_value": ""})}}, Compared: true},
		{Name: "new, and made", Answer: obj{"fields": list{with(mapped("a"), obj{"new": false})}}, Manifest: obj{"fields": obj{"a": obj{"source": "users.a", "new": true}}}, Compared: true},
		{Name: "said out loud", Manifest: obj{"fields": obj{"a": obj{"source": "users.a", "sync_mode": "updateOrCreate", "encryption_enabled": false}}}, Compared: true},
		{Name: "mode", Answer: obj{"fields": list{with(mapped("a"), obj{"sync_mode": "create"})}}, Differs: true},
		{Name: "encryption", Answer: obj{"fields": list{with(mapped("a"), obj{"encryption_enabled": true})}}, Differs: true},
	}},
	{"sync", "filters[].label: assigned by the server", "never compare or send; translate filter_logic through them", []Case{
		{Name: "labels", Answer: obj{"filters": list{nullFilter("A", "x"), nullFilter("B", "y")}, "filter_logic": "A OR B"},
			Manifest: obj{"filters": obj{"mine": isNull("y"), "yours": isNull("x")}, "filter_logic": "yours OR mine"}},
		{Name: "other labels", Answer: obj{"filters": list{nullFilter("C", "x"), nullFilter("A", "y")}, "filter_logic": "C OR A"},
			Manifest: obj{"filters": obj{"mine": isNull("y"), "yours": isNull("x")}, "filter_logic": "yours OR mine"}},
		{Name: "no labels", Answer: obj{"filters": list{with(nullFilter("", "x"), nil), with(nullFilter("", "y"), nil)}, "filter_logic": "A OR B"},
			Manifest: obj{"filters": obj{"mine": isNull("y"), "yours": isNull("x")}, "filter_logic": "yours OR mine"}},
		{Name: "a logic that says nothing", Answer: obj{"filters": list{nullFilter("A", "x"), nullFilter("B", "y")}, "filter_logic": "A AND B"},
			Manifest: obj{"filters": obj{"mine": isNull("y"), "yours": isNull("x")}}},
		{Name: "another logic", Answer: obj{"filters": list{nullFilter("A", "x"), nullFilter("B", "y")}, "filter_logic": "A OR NOT B"},
			Manifest: obj{"filters": obj{"mine": isNull("y"), "yours": isNull("x")}, "filter_logic": "yours OR mine"}, Differs: true},
		{Name: "no logic", Answer: obj{"filters": list{nullFilter("A", "x"), nullFilter("B", "y")}, "filter_logic": ""},
			Manifest: obj{"filters": obj{"mine": isNull("y"), "yours": isNull("x")}, "filter_logic": "yours OR mine"}, Differs: true},
		{Name: "one more", Answer: obj{"filters": list{nullFilter("A", "x"), nullFilter("B", "y")}}, Manifest: obj{"filters": obj{"yours": isNull("x")}}, Differs: true},
	}},
	{"sync", "filters[]: field_id filled in besides field; field_type filled", "model filters: compare field; target filters: field_id", []Case{
		{Name: "model", Answer: obj{"filters": list{with(nullFilter("A", "x"), obj{"field_id": "moved"})}}, Manifest: obj{"filters": obj{"f": isNull("x")}}},
		{Name: "by id", Answer: obj{"filters": list{obj{"field_id": "f-1", "field_type": "Model", "function": "IsNull", "label": "A"}}}, Manifest: obj{"filters": obj{"f": obj{"field_id": "f-1", "function": "IsNull"}}}},
		{Name: "target", Answer: obj{"filters": list{obj{"field_id": "t", "field": nil, "field_type": "Target", "function": "IsNull", "label": "A"}}}, Manifest: obj{"target_filters": obj{"f": obj{"target": "t", "function": "IsNull"}}}},
		{Name: "another field", Answer: obj{"filters": list{nullFilter("A", "y")}}, Manifest: obj{"filters": obj{"f": isNull("x")}}, Differs: true},
		{Name: "another target field", Answer: obj{"filters": list{obj{"field_id": "u", "field_type": "Target", "function": "IsNull", "label": "A"}}}, Manifest: obj{"target_filters": obj{"f": obj{"target": "t", "function": "IsNull"}}}, Differs: true},
	}},
	{"sync", "filters, overrides: empty list v. absent", "equal", []Case{
		{Name: "empty", Answer: obj{"filters": list{}, "overrides": list{}, "filter_logic": ""}},
		{Name: "null", Answer: obj{"filters": nil, "overrides": nil, "filter_logic": nil}},
		{Name: "empty in the manifest", Manifest: obj{"filters": obj{}, "overrides": obj{}}, Compared: true},
	}},
	{"sync", "filter and override values: any JSON", "deep compare, no string conversion", []Case{
		{Name: "number", Answer: obj{"filters": list{with(nullFilter("A", "x"), obj{"function": "Equality", "value": 42.0})}}, Manifest: obj{"filters": obj{"f": with(isNull("x"), obj{"function": "Equality", "value": int64(42)})}}},
		{Name: "list", Answer: obj{"filters": list{with(nullFilter("A", "x"), obj{"function": "StringOneOf", "value": list{"a", "b"}})}}, Manifest: obj{"filters": obj{"f": with(isNull("x"), obj{"function": "StringOneOf", "value": list{"a", "b"}})}}},
		{Name: "a number is no text", Answer: obj{"filters": list{with(nullFilter("A", "x"), obj{"function": "Equality", "value": 42})}}, Manifest: obj{"filters": obj{"f": with(isNull("x"), obj{"function": "Equality", "value": "42"})}}, Differs: true},
		{Name: "the order of a list", Answer: obj{"filters": list{with(nullFilter("A", "x"), obj{"function": "Between", "value": list{2, 1}})}}, Manifest: obj{"filters": obj{"f": with(isNull("x"), obj{"function": "Between", "value": list{int64(1), int64(2)}})}}, Differs: true},
		{Name: "override", Answer: obj{"overrides": list{obj{"field": source("x"), "function": "IsNull", "override": obj{"deep": 2}}}}, Manifest: obj{"overrides": obj{"o": with(isNull("x"), obj{"override": obj{"deep": int64(1)}})}}, Differs: true},
		{Name: "nought is a value", Answer: obj{"filters": list{with(nullFilter("A", "x"), obj{"function": "GreaterThan", "value": nil})}}, Manifest: obj{"filters": obj{"f": with(isNull("x"), obj{"function": "GreaterThan", "value": int64(0)})}}, Differs: true},
	}},
	{"sync", "overrides[]: field_id besides field", "compare field if present", []Case{
		{Name: "both", Answer: obj{"overrides": list{obj{"field": source("x"), "field_id": "f", "function": "IsNull", "value": nil, "override": "o"}}}, Manifest: obj{"overrides": obj{"o": with(isNull("x"), obj{"override": "o"})}}},
		{Name: "id alone", Answer: obj{"overrides": list{obj{"field": obj{"model_id": zero, "field": ""}, "field_id": "f", "function": "IsNull", "override": "o"}}}, Manifest: obj{"overrides": obj{"o": obj{"field_id": "f", "function": "IsNull", "override": "o"}}}},
	}},
	{"sync", "identity: remote_field_type_id, new_field filled", "drop both unless set in the manifest", []Case{
		{Name: "filled", Answer: obj{"identity": obj{"source": source("email"), "target": "email", "function": "Equality", "remote_field_type_id": "string", "new_field": false}},
			Manifest: obj{"identity": obj{"source": "users.email", "target": "email", "function": "Equality"}}, Compared: true},
		{Name: "set, and so", Answer: obj{"identity": obj{"source": source("email"), "target": "email", "function": "Equality", "remote_field_type_id": "string"}},
			Manifest: obj{"identity": obj{"source": "users.email", "target": "email", "function": "Equality", "remote_field_type_id": "string"}}},
		{Name: "set, and not so", Answer: obj{"identity": obj{"source": source("email"), "target": "email", "function": "Equality", "remote_field_type_id": "string"}},
			Manifest: obj{"identity": obj{"source": "users.email", "target": "email", "function": "Equality", "remote_field_type_id": "number"}}, Differs: true},
		{Name: "none", Answer: obj{"identity": obj{"source": nil, "target": "", "function": ""}}},
		{Name: "another", Answer: obj{"identity": obj{"source": source("id"), "target": "email", "function": "Equality"}},
			Manifest: obj{"identity": obj{"source": "users.email", "target": "email", "function": "Equality"}}, Differs: true},
	}},
	{"sync", "target.search_values: derived from object", "drop", []Case{
		{Name: "there", Answer: target(obj{"search_values": obj{"object": "contacts"}})},
	}},
	{"sync", "target.configuration: {}, null, absent; defaults filled", "equal; subset compare", []Case{
		{Name: "{}", Answer: target(obj{"configuration": obj{}}), Compared: true},
		{Name: "null", Answer: target(obj{"configuration": nil})},
		{Name: "{} in the manifest", Manifest: wantsTarget(obj{"configuration": obj{}}), Compared: true},
		{Name: "defaults", Answer: target(obj{"configuration": obj{"a": true, "b": 1}}), Manifest: wantsTarget(obj{"configuration": obj{"a": true}}), Compared: true},
		{Name: "another", Answer: target(obj{"configuration": obj{"a": false}}), Manifest: wantsTarget(obj{"configuration": obj{"a": true}}), Differs: true},
	}},
	{"sync", "target.create, new_name: not returned; object holds the new object's id", "after creation move on with object; do not create again", []Case{
		{Name: "made", Answer: target(obj{"object": "public.made"}), Manifest: wantsTarget(obj{"object": nil, "create": obj{"name": "public.made"}}), Compared: true},
		{Name: "another is wanted", Answer: target(obj{"object": "public.made"}), Manifest: wantsTarget(obj{"object": nil, "create": obj{"name": "public.other"}}),
			Recorded: wantsTarget(obj{"object": nil, "create": obj{"name": "public.made"}}), Differs: true},
		{Name: "another object", Answer: target(obj{"object": "companies"}), Differs: true},
	}},
	{"sync", `target.filter_logic: "" or null`, "equal", []Case{
		{Name: "empty", Answer: target(obj{"filter_logic": ""})},
		{Name: "null", Answer: target(obj{"filter_logic": nil})},
		{Name: "in labels", Answer: with(target(obj{"filter_logic": "NOT A"}), obj{"filters": list{obj{"field_id": "t", "field_type": "Target", "function": "IsNull", "label": "A"}}}),
			Manifest: obj{"target_filters": obj{"f": obj{"target": "t", "function": "IsNull"}}, "target_filter_logic": "NOT f"}},
	}},
	{"sync", "encryption_passphrase: never returned", "fingerprint", []Case{
		{Name: "the same", Manifest: obj{"encryption_passphrase": resource.NewSecret("made-up")}, Compared: true},
		{Name: "changed", Manifest: obj{"encryption_passphrase": resource.NewSecret("made-up-2")}, Recorded: obj{"encryption_passphrase": resource.NewSecret("made-up")}, Differs: true},
	}},
	{"sync", "model_ids: computed", "drop", []Case{{Name: "there", Answer: obj{"model_ids": list{Users}}}}},
	{"sync", "sync_all_records, only_enrich_updates, skip_initial_backfill: false when unset", "default false", []Case{
		{Name: "false", Answer: obj{"sync_all_records": false, "only_enrich_updates": false, "skip_initial_backfill": false}, Compared: true},
		{Name: "false in the manifest", Manifest: obj{"sync_all_records": false, "only_enrich_updates": false, "skip_initial_backfill": false}, Compared: true},
		{Name: "on", Answer: obj{"sync_all_records": true}, Manifest: obj{"sync_all_records": false}, Differs: true},
		{Name: "off", Answer: obj{"sync_all_records": false}, Manifest: obj{"sync_all_records": true}, Differs: true},
	}},
	{"sync", "schedule: unused members null or empty; numbers as strings", `compare only members that the frequency uses; "08" = "8"`, []Case{
		{Name: "unused", Answer: schedule(obj{"frequency": "manual", "hour": nil, "minute": "", "day_of_week": "1", "run_after": obj{"sync_ids": list{}}, "run_after_success_only": false, "connection_id": "", "job_id": nil})},
		{Name: "leading zeros", Answer: schedule(obj{"frequency": "daily", "hour": "08", "minute": "00"}), Manifest: schedule(obj{"frequency": "daily", "hour": "8", "minute": "0"})},
		{Name: "numbers", Answer: schedule(obj{"frequency": "daily", "hour": 8, "minute": "0"}), Manifest: schedule(obj{"frequency": "daily", "hour": "8", "minute": "0"})},
		{Name: "success only, filled", Answer: schedule(obj{"frequency": "runafter", "run_after": obj{"sync_ids": list{Other}, "bulk_sync_ids": list{}}, "run_after_success_only": false}),
			Manifest: schedule(obj{"frequency": "runafter", "run_after": obj{"syncs": list{"other"}}}), Compared: true},
		{Name: "a day by name stays one", Answer: schedule(obj{"frequency": "weekly", "day_of_week": "monday"}), Manifest: schedule(obj{"frequency": "weekly", "day_of_week": "1"}), Differs: true},
		{Name: "another hour", Answer: schedule(obj{"frequency": "daily", "hour": "9", "minute": "0"}), Manifest: schedule(obj{"frequency": "daily", "hour": "8", "minute": "0"}), Differs: true},
		{Name: "another frequency", Answer: schedule(obj{"frequency": "continuous"}), Differs: true},
		{Name: "an hour that the manifest leaves out", Answer: schedule(obj{"frequency": "daily", "hour": "9"}), Manifest: schedule(obj{"frequency": "daily"}), Differs: true},
	}},
	{"sync", "schedule.run_after: lists", "sets", []Case{
		{Name: "order", Answer: schedule(obj{"frequency": "runafter", "run_after": obj{"sync_ids": list{"x", Other}}}), Manifest: schedule(obj{"frequency": "runafter", "run_after": obj{"syncs": list{"other", obj{"id": "x"}}}})},
		{Name: "one more", Answer: schedule(obj{"frequency": "runafter", "run_after": obj{"sync_ids": list{"x", Other}}}), Manifest: schedule(obj{"frequency": "runafter", "run_after": obj{"syncs": list{"other"}}}), Differs: true},
	}},
}
