package rows

// column is a field of a schema, declared one of the user's own, as answers have
// them.
func column(id string, key bool) obj {
	return obj{"id": id, "name": id, "type": "string", "remote_type": "text", "is_primary_key": key}
}

func declared(id, label, typ string) obj {
	return obj{"id": id, "name": label, "type": typ, "remote_type": typ, "is_primary_key": false}
}

var schemas = []Row{
	{"primary_keys", "is_primary_key: includes overrides (API dossier 8.5)", "the key that holds, wherever it is from", []Case{
		{Name: "the same"},
		{Name: "any order", Answer: obj{"fields": list{column("b", true), column("a", true)}}, Manifest: obj{"fields": list{"a", "b"}}},
		{Name: "reset", Answer: obj{"fields": list{column("id", false), column("email", true)}}, Differs: true},
		{Name: "one more", Answer: obj{"fields": list{column("id", true), column("email", true)}}, Differs: true},
		{Name: "none", Answer: obj{"fields": list{column("id", false)}}, Differs: true},
		{Name: "no fields", Answer: obj{"fields": nil}, Manifest: obj{"fields": list{}}, Compared: true},
		{Name: "another schema", Manifest: obj{"schema": "public.orders"}, Differs: true},
		{Name: "another connection", Answer: obj{"connection": HubSpot}, Differs: true},
	}},
	{"schema_fields", "fields: name for label, path only since 2025-09-18, example never (API dossier 4, 8.5)", "compare label and type, and the rest with what was applied", []Case{
		{Name: "the same"},
		{Name: "not shown", Manifest: obj{"fields": obj{"plan": obj{"label": "Plan", "type": "string", "path": "$.plan", "example": "pro"}}}, Compared: true},
		{Name: "another example", Manifest: obj{"fields": obj{"plan": obj{"label": "Plan", "type": "string", "example": "pro"}}},
			Recorded: obj{"fields": obj{"plan": obj{"label": "Plan", "type": "string", "example": "free"}}}, Differs: true},
		{Name: "path", Answer: obj{"fields": list{with(declared("plan", "Plan", "string"), obj{"path": "$.plan", "user_managed": true})}},
			Manifest: obj{"fields": obj{"plan": obj{"label": "Plan", "type": "string", "path": "$.plan"}}}},
		{Name: "empty path", Answer: obj{"fields": list{with(declared("plan", "Plan", "string"), obj{"path": "", "user_managed": true})}}},
		{Name: "another path", Answer: obj{"fields": list{with(declared("plan", "Plan", "string"), obj{"path": "$.p", "user_managed": true})}},
			Manifest: obj{"fields": obj{"plan": obj{"label": "Plan", "type": "string", "path": "$.plan"}}}, Differs: true},
		{Name: "another label", Answer: obj{"fields": list{declared("plan", "P", "string")}}, Differs: true},
		{Name: "another type", Answer: obj{"fields": list{declared("plan", "Plan", "number")}}, Differs: true},
		{Name: "deleted", Answer: obj{"fields": list{}}, Differs: true},
		{Name: "others' fields", Answer: obj{"fields": list{declared("plan", "Plan", "string"), declared("theirs", "T", "string")}}, Compared: true},
		{Name: "no longer ours", Answer: obj{"fields": list{declared("plan", "Plan", "string"), declared("gone", "G", "string")}},
			Recorded: obj{"fields": obj{"plan": obj{"label": "Plan", "type": "string"}, "gone": obj{"label": "G", "type": "string"}}}, Differs: true},
	}},
}
