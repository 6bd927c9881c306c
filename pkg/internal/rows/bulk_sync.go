package rows

// bulkConfiguration is what an answer has for a side, source or destination;
// wantsConfiguration is a manifest's.
func bulkConfiguration(side string, v any) obj { return obj{side + "_configuration": v} }

func wantsConfiguration(side string, v any) obj {
	return obj{side: with(manifests["bulk_sync"][side].(obj), obj{"configuration": v})}
}

// chosen are schemas as Read answers them; chosenIs those of a manifest.
func chosen(schemas ...any) obj { return obj{"schemas": schemas} }

func chosenIs(schemas obj) obj { return obj{"schemas": schemas} }

var bulkSyncs = []Row{
	{"bulk_sync", "source_configuration, destination_configuration: defaults added", "compare only keys that the manifest has", []Case{
		{Name: "added", Answer: bulkConfiguration("destination", obj{"schema": "s", "mirror_schemas": false, "advanced": obj{"table_prefix": "", "truncate_existing": true}}),
			Manifest: wantsConfiguration("destination", obj{"schema": "s"}), Compared: true},
		{Name: "added within", Answer: bulkConfiguration("destination", obj{"schema": "s", "advanced": obj{"table_prefix": "pt_", "truncate_existing": true}}),
			Manifest: wantsConfiguration("destination", obj{"schema": "s", "advanced": obj{"table_prefix": "pt_"}}), Compared: true},
		{Name: "added to none", Answer: bulkConfiguration("source", obj{"replication_slot": "slot"}), Compared: true},
		{Name: "null", Answer: bulkConfiguration("source", nil)},
		{Name: "empty", Answer: bulkConfiguration("source", obj{})},
		{Name: "{} in the manifest", Manifest: wantsConfiguration("source", obj{}), Compared: true},
		{Name: "another", Answer: bulkConfiguration("destination", obj{"schema": "t"}), Manifest: wantsConfiguration("destination", obj{"schema": "s"}), Differs: true},
		{Name: "another within", Answer: bulkConfiguration("destination", obj{"advanced": obj{"table_prefix": "x"}}),
			Manifest: wantsConfiguration("destination", obj{"advanced": obj{"table_prefix": "pt_"}}), Differs: true},
	}},
	{"bulk_sync", "schemas: not in the answer; separate endpoint; output_name computed", "set by id; fields set by id; drop output_name", []Case{
		{Name: "order", Answer: chosen(obj{"id": "b", "enabled": true}, obj{"id": "a", "enabled": true}), Manifest: chosenIs(obj{"a": obj{"enabled": true}, "b": obj{"enabled": true}})},
		{Name: "computed", Answer: chosen(obj{"id": "a", "enabled": true, "output_name": "A", "fields": list{obj{"id": "f", "enabled": true, "output_name": "F"}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "fields": obj{"f": obj{"enabled": true}}}})},
		{Name: "those that are off", Answer: chosen(obj{"id": "a", "enabled": true}, obj{"id": "b", "enabled": false}), Manifest: chosenIs(obj{"a": obj{"enabled": true}}), Compared: true},
		{Name: "off in the manifest", Answer: chosen(obj{"id": "a", "enabled": true}), Manifest: chosenIs(obj{"a": obj{"enabled": true}, "b": obj{"enabled": false}}), Compared: true},
		{Name: "said in short", Answer: chosen(obj{"id": "a", "enabled": true}), Manifest: chosenIs(obj{"a": obj{}}), Compared: true},
		{Name: "filled", Answer: chosen(obj{"id": "a", "enabled": true, "user_output_name": "", "partition_key": "", "tracking_field": "", "data_cutoff_timestamp": nil, "disable_data_cutoff": false, "filters": nil}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true}}), Compared: true},
		{Name: "fields of a silent manifest", Answer: chosen(obj{"id": "a", "enabled": true, "fields": list{obj{"id": "f", "enabled": true}, obj{"id": "g", "enabled": false}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true}}), Compared: true},
		{Name: "fields that are off", Answer: chosen(obj{"id": "a", "enabled": true, "fields": list{obj{"id": "g", "enabled": false}, obj{"id": "f", "enabled": true, "obfuscate": false}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "fields": obj{"f": obj{"enabled": true}}}}), Compared: true},
		{Name: "filters' names", Answer: chosen(obj{"id": "a", "enabled": true, "filters": obj{"a": obj{"field_id": "f", "function": "IsNull"}, "b": obj{"field_id": "g", "function": "IsNull"}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "filters": obj{"mine": obj{"field": "g", "function": "IsNull"}, "yours": obj{"field": "f", "function": "IsNull"}}}})},
		{Name: "all, for a silent manifest", Answer: chosen(obj{"id": "a", "enabled": true}), Compared: true},
		{Name: "one more", Answer: chosen(obj{"id": "a", "enabled": true}, obj{"id": "b", "enabled": true}), Manifest: chosenIs(obj{"a": obj{"enabled": true}}), Differs: true},
		{Name: "one less", Answer: chosen(obj{"id": "a", "enabled": true}, obj{"id": "b", "enabled": false}), Manifest: chosenIs(obj{"a": obj{"enabled": true}, "b": obj{"enabled": true}}), Differs: true},
		{Name: "one that the service lets in", Answer: with(chosen(obj{"id": "a", "enabled": true}, obj{"id": "b", "enabled": true}), obj{"automatically_add_new_objects": "all"}),
			Manifest: with(chosenIs(obj{"a": obj{"enabled": true}}), obj{"automatically_add_new_objects": "all"}), Compared: true},
		{Name: "one more field", Answer: chosen(obj{"id": "a", "enabled": true, "fields": list{obj{"id": "g", "enabled": true}, obj{"id": "f", "enabled": true}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "fields": obj{"f": obj{"enabled": true}}}}), Differs: true},
		{Name: "a field that the service lets in", Answer: with(chosen(obj{"id": "a", "enabled": true, "fields": list{obj{"id": "g", "enabled": true}, obj{"id": "f", "enabled": true}}}), obj{"automatically_add_new_fields": "onlyIncremental"}),
			Manifest: with(chosenIs(obj{"a": obj{"enabled": true, "fields": obj{"f": obj{"enabled": true}}}}), obj{"automatically_add_new_fields": "onlyIncremental"}), Compared: true},
		{Name: "readable", Answer: chosen(obj{"id": "a", "enabled": true, "fields": list{obj{"id": "f", "enabled": true, "obfuscate": false}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "fields": obj{"f": obj{"enabled": true, "obfuscate": true}}}}), Differs: true},
		{Name: "a name", Answer: chosen(obj{"id": "a", "enabled": true, "user_output_name": "x"}), Manifest: chosenIs(obj{"a": obj{"enabled": true, "output_name": "y"}}), Differs: true},
		{Name: "another filter", Answer: chosen(obj{"id": "a", "enabled": true, "filters": obj{"a": obj{"field_id": "f", "function": "IsNull"}}}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "filters": obj{"mine": obj{"field": "f", "function": "IsNotNull"}}}}), Differs: true},
	}},
	{"bulk_sync", "automatically_add_new_*, normalize_names, disable_record_timestamps: defaults none/all/enabled/false", "fill before comparing", []Case{
		{Name: "filled", Answer: obj{"automatically_add_new_objects": "none", "automatically_add_new_fields": "all", "normalize_names": "enabled", "disable_record_timestamps": false, "discover": false}, Compared: true},
		{Name: "null", Answer: obj{"automatically_add_new_objects": nil, "automatically_add_new_fields": nil, "normalize_names": nil, "disable_record_timestamps": nil}},
		{Name: "said out loud", Manifest: obj{"automatically_add_new_objects": "none", "automatically_add_new_fields": "all", "normalize_names": "enabled", "disable_record_timestamps": false}, Compared: true},
		{Name: "objects", Answer: obj{"automatically_add_new_objects": "all"}, Manifest: obj{"automatically_add_new_objects": "none"}, Differs: true},
		{Name: "fields", Answer: obj{"automatically_add_new_fields": "all"}, Manifest: obj{"automatically_add_new_fields": "none"}, Differs: true},
		{Name: "names", Answer: obj{"normalize_names": "legacy"}, Manifest: obj{"normalize_names": "enabled"}, Differs: true},
		{Name: "timestamps", Answer: obj{"disable_record_timestamps": false}, Manifest: obj{"disable_record_timestamps": true}, Differs: true},
	}},
	{"bulk_sync", "concurrency_limit etc.: null or a number", "absent = null", []Case{
		{Name: "null", Answer: obj{"concurrency_limit": nil, "resync_concurrency_limit": nil, "data_cutoff_timestamp": nil}},
		{Name: "a number", Answer: obj{"concurrency_limit": 4}, Manifest: obj{"concurrency_limit": int64(4)}},
		{Name: "another", Answer: obj{"concurrency_limit": 4}, Manifest: obj{"concurrency_limit": int64(5)}, Differs: true},
		{Name: "null now", Answer: obj{"resync_concurrency_limit": nil}, Manifest: obj{"resync_concurrency_limit": int64(5)}, Differs: true},
	}},
	{"bulk_sync", "schedules: camelCase in 8.15, snake_case in the sync", "only the latter is managed, in two versions", []Case{
		{Name: "unused", Answer: schedule(obj{"frequency": "manual", "hour": "", "minute": nil, "day_of_week": "1", "multi": nil})},
		{Name: "leading zeros", Answer: schedule(obj{"frequency": "daily", "hour": "08", "minute": "00"}), Manifest: schedule(obj{"frequency": "daily", "hour": "8", "minute": "0"})},
		{Name: "the later form", Answer: obj{"schedule": nil, "default_schedule": obj{"id": "s", "frequency": "daily", "hour": "8", "created_at": "x"}, "additional_schedules": list{}}, Manifest: schedule(obj{"frequency": "daily", "hour": "8"})},
		{Name: "several", Answer: obj{"schedule": nil, "default_schedule": obj{"frequency": "manual"}, "additional_schedules": list{
			obj{"id": "1", "frequency": "daily", "hour": "8", "selective_mode": "none", "schemas": nil, "resync_mode": "normal"}, obj{"frequency": "hourly", "minute": "15", "selective_mode": "incrementalFields"}}},
			Manifest: obj{"additional_schedules": obj{"often": obj{"frequency": "hourly", "minute": "15", "selective_mode": "incrementalFields"}, "daily": obj{"frequency": "daily", "hour": "8"}}}, Compared: true},
		{Name: "several in the older form", Answer: schedule(obj{"frequency": "multi", "multi": obj{"type": "", "schedules": list{
			obj{"item": "incrementalFields", "schedule": obj{"frequency": "hourly", "minute": "15"}}, obj{"item": "none", "schedule": obj{"frequency": "manual", "hour": ""}}}}}),
			Manifest: obj{"additional_schedules": obj{"often": obj{"frequency": "hourly", "minute": "15", "selective_mode": "incrementalFields"}}}},
		{Name: "several and no first", Answer: schedule(obj{"frequency": "multi", "multi": obj{"type": "t", "schedules": list{
			obj{"item": "incrementalFields", "schedule": obj{"frequency": "hourly", "minute": "15"}}}}}),
			Manifest: with(schedule(obj{"frequency": "multi"}), obj{"additional_schedules": obj{"often": obj{"frequency": "hourly", "minute": "15", "selective_mode": "incrementalFields"}}}), Compared: true},
		{Name: "several for a manifest of one", Answer: schedule(obj{"frequency": "multi", "multi": obj{"schedules": list{
			obj{"item": "none", "schedule": obj{"frequency": "daily", "hour": "8"}}, obj{"item": "none", "schedule": obj{"frequency": "hourly"}}}}}),
			Manifest: schedule(obj{"frequency": "daily", "hour": "8"}), Compared: true},
		{Name: "several for a manifest of one and no more", Answer: schedule(obj{"frequency": "multi", "multi": obj{"schedules": list{
			obj{"item": "none", "schedule": obj{"frequency": "daily", "hour": "8"}}, obj{"item": "none", "schedule": obj{"frequency": "hourly"}}}}}),
			Manifest: with(schedule(obj{"frequency": "daily", "hour": "8"}), obj{"additional_schedules": obj{}}), Differs: true},
		{Name: "another first", Answer: schedule(obj{"frequency": "multi", "multi": obj{"schedules": list{
			obj{"item": "none", "schedule": obj{"frequency": "daily", "hour": "9"}}, obj{"item": "none", "schedule": obj{"frequency": "hourly"}}}}}),
			Manifest: with(schedule(obj{"frequency": "daily", "hour": "8"}), obj{"additional_schedules": obj{"often": obj{"frequency": "hourly"}}}), Differs: true},
		{Name: "one more", Answer: obj{"schedule": nil, "default_schedule": obj{"frequency": "manual"}, "additional_schedules": list{obj{"frequency": "hourly"}, obj{"frequency": "daily"}}},
			Manifest: obj{"additional_schedules": obj{"often": obj{"frequency": "hourly"}}}, Differs: true},
		{Name: "another item", Answer: schedule(obj{"frequency": "multi", "multi": obj{"schedules": list{obj{"item": "nonincrementalFields", "schedule": obj{"frequency": "hourly"}}}}}),
			Manifest: with(schedule(obj{"frequency": "multi"}), obj{"additional_schedules": obj{"often": obj{"frequency": "hourly", "selective_mode": "incrementalFields"}}}), Differs: true},
	}},
	{"bulk_sync", "timestamps: precision and zone", "parse, compare instants", []Case{
		{Name: "zone", Answer: obj{"data_cutoff_timestamp": "2024-01-15T11:30:00+02:00"}, Manifest: obj{"data_cutoff_timestamp": "2024-01-15T09:30:00Z"}},
		{Name: "precision", Answer: obj{"data_cutoff_timestamp": "2024-01-15T09:30:00.000000Z"}, Manifest: obj{"data_cutoff_timestamp": "2024-01-15T09:30:00Z"}},
		{Name: "of a schema", Answer: chosen(obj{"id": "a", "enabled": true, "data_cutoff_timestamp": "2024-01-15T11:30:00.0+02:00"}),
			Manifest: chosenIs(obj{"a": obj{"enabled": true, "data_cutoff_timestamp": "2024-01-15T09:30:00Z"}})},
		{Name: "another", Answer: obj{"data_cutoff_timestamp": "2024-01-15T09:30:01Z"}, Manifest: obj{"data_cutoff_timestamp": "2024-01-15T09:30:00Z"}, Differs: true},
	}},
}
