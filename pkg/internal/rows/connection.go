package rows

import "github.com/polyplan/polyplan/pkg/resource"

// configured is the manifest's configuration of every connection here, with
// more in it.
func configured(more obj) obj {
	return obj{"configuration": over(manifests["connection"]["configuration"].(obj), more, true)}
}

// answered is that of every answer.
func answered(more obj) obj {
	return obj{"configuration": with(answers["connection"]["configuration"].(obj), more)}
}

// of is a connection of another type.
func of(typ string, configuration obj) obj {
	return obj{"type": obj{"id": typ}, "configuration": configuration}
}

func wants(typ string, configuration obj) obj {
	return obj{"type": typ, "configuration": configuration}
}

var connections = []Row{
	{"all", "id, organization_id, created_*, updated_*, actors", "drop", []Case{
		{Name: "there", Answer: obj{"organization_id": "o", "created_at": "2024-02-08T00:00:00Z", "created_by": obj{"id": "u"}, "updated_at": "2024-02-09T00:00:00Z", "updated_by": obj{"id": "u"}}, Compared: true},
		{Name: "organisation null", Answer: obj{"organization_id": nil}},
	}},
	{"all", "text: the server may trim names", "compare trimmed", []Case{
		{Name: "trimmed by the server", Manifest: obj{"name": " N "}, Compared: true},
		{Name: "trimmed by the manifest", Answer: obj{"name": "N "}},
		{Name: "another name", Answer: obj{"name": "M"}, Differs: true},
	}},
	{"governed", "policies: built-in policy appended", "if the manifest is silent, drop; else compare as set, ignoring system ones", []Case{
		{Name: "silent", Answer: obj{"policies": list{system}}, Compared: true},
		{Name: "null", Answer: obj{"policies": nil}},
		{Name: "ours and the built-in one", Answer: obj{"policies": list{system, ours}}, Manifest: obj{"policies": list{obj{"id": ours}}}, Compared: true},
		{Name: "order", Answer: obj{"policies": list{theirs, ours}}, Manifest: obj{"policies": list{obj{"id": ours}, obj{"id": theirs}}}},
		{Name: "ours is gone", Answer: obj{"policies": list{system}}, Manifest: obj{"policies": list{obj{"id": ours}}}, Differs: true},
		{Name: "no longer ours", Answer: obj{"policies": list{system, ours}}, Recorded: obj{"policies": list{obj{"id": ours}}}, Differs: true},
	}},
	{"connection", "type: object v. string", "take type.id", []Case{
		{Name: "object", Answer: obj{"type": obj{"id": "postgresql", "name": "PostgreSQL", "logo_url": "x", "operations": list{"bulksyncsource"}}}},
		{Name: "string", Answer: obj{"type": "postgresql"}},
		{Name: "another", Answer: obj{"type": obj{"id": "redshift"}}, Differs: true},
	}},
	{"connection", "status, status_error, saved, api_calls_last_24_hours, parent_connection_id", "drop", []Case{
		{Name: "there", Answer: obj{"status": "healthy", "status_error": "", "saved": true, "api_calls_last_24_hours": 7, "parent_connection_id": "p"}},
		{Name: "unwell", Answer: obj{"status": "error", "status_error": "no route", "saved": false, "auth_url": "https://example.com", "auth_code": "A"}},
	}},
	{"connection", "configuration: secrets masked", "compare by fingerprint", []Case{
		{Name: "the same", Compared: true},
		{Name: "a longer mask", Answer: answered(obj{"password": "****************"}), Compared: true},
		{Name: "changed in the manifest", Manifest: configured(obj{"password": resource.NewSecret("made-up-2")}),
			Recorded: configured(nil), Differs: true},
		{Name: "gone from the service", Answer: answered(obj{"password": nil}), Differs: true},
		{Name: "empty at the service", Answer: answered(obj{"password": ""}), Differs: true},
		{Name: "unset on both sides", Answer: answered(obj{"ssh_private_key": ""}), Compared: true},
	}},
	{"connection", "configuration: ro fields filled by the server", "drop", []Case{
		{Name: "hubspot", Answer: of("hubspot", obj{"hub_user": "u", "hub_domain": "d"}), Manifest: wants("hubspot", obj{})},
	}},
	{"connection", "configuration: tokens that consent fills (API dossier 9.3)", "rotating tokens change on the server: push one only if the user changed it", []Case{
		{Name: "by the browser", Answer: of("hubspot", obj{"oauth_refresh_token": resource.Mask, "oauth_access_token": resource.Mask}), Manifest: wants("hubspot", obj{})},
		{Name: "expiry", Answer: of("airtable", obj{"oauth_token_expiry": "2030-01-01T00:00:00Z"}), Manifest: wants("airtable", obj{})},
		{Name: "of the user's own", Answer: of("hubspot", obj{"oauth_refresh_token": resource.Mask}),
			Manifest: wants("hubspot", obj{"oauth_refresh_token": resource.NewSecret("made-up")}), Compared: true},
		{Name: "changed by the user", Answer: of("hubspot", obj{"oauth_refresh_token": resource.Mask}),
			Manifest: wants("hubspot", obj{"oauth_refresh_token": resource.NewSecret("made-up-2")}),
			Recorded: wants("hubspot", obj{"oauth_refresh_token": resource.NewSecret("made-up")}), Differs: true},
	}},
	{"connection", "configuration: internal fields", "drop", []Case{
		{Name: "googleads", Answer: of("googleads", obj{"authenticated": true, "connected_user": "u"}), Manifest: wants("googleads", obj{}), Compared: true},
	}},
	{"connection", "configuration: defaults filled in, zero values", "a remote value equal to the schema default or zero where the manifest is silent is no drift", []Case{
		{Name: "default", Manifest: configured(obj{"port": nil}), Compared: true},
		{Name: "zero", Answer: answered(obj{"ssl": false, "ssh": false, "publication": "", "ssh_port": 0}), Compared: true},
		{Name: "silent", Answer: answered(obj{"port": 5433}), Manifest: configured(obj{"port": nil}), Compared: true},
		{Name: "no longer ours, and at its default", Manifest: configured(obj{"port": nil}), Recorded: configured(nil), Compared: true},
		{Name: "the default said out loud", Answer: answered(obj{"port": nil}), Compared: true},
		{Name: "changed", Answer: answered(obj{"port": 5433}), Differs: true},
	}},
	{"connection", "configuration: numbers may be strings", "coerce by schema type", []Case{
		{Name: "in the answer", Answer: answered(obj{"port": "5432"}), Compared: true},
		{Name: "in the manifest", Manifest: configured(obj{"port": "5432"}), Compared: true},
		{Name: "another number", Answer: answered(obj{"port": "5433"}), Differs: true},
	}},
	{"connection", "configuration: picker objects {value, label}", "compare by value; label is cosmetic", []Case{
		{Name: "renamed", Answer: of("gsheets", obj{"spreadsheet_id": obj{"value": "1", "label": "New name"}}),
			Manifest: wants("gsheets", obj{"spreadsheet_id": obj{"value": "1", "label": "Old name"}}), Compared: true},
		{Name: "no label in the manifest", Answer: of("gsheets", obj{"spreadsheet_id": obj{"value": "1", "label": "Name"}}),
			Manifest: wants("gsheets", obj{"spreadsheet_id": obj{"value": "1"}}), Compared: true},
		{Name: "in a list", Answer: of("github", obj{"repositories": list{obj{"value": "a", "label": "New"}}}),
			Manifest: wants("github", obj{"repositories": list{obj{"value": "a", "label": "Old"}}}), Compared: true},
		{Name: "another", Answer: of("gsheets", obj{"spreadsheet_id": obj{"value": "2", "label": "Name"}}),
			Manifest: wants("gsheets", obj{"spreadsheet_id": obj{"value": "1", "label": "Name"}}), Differs: true},
		{Name: "another in a list", Answer: of("github", obj{"repositories": list{obj{"value": "b", "label": "L"}}}),
			Manifest: wants("github", obj{"repositories": list{obj{"value": "a", "label": "L"}}}), Differs: true},
	}},
	{"connection", "configuration: camelCase keys", "match case-insensitively without underscores when a key is unknown", []Case{
		{Name: "one", Answer: of("hubspot", obj{"useSearchApi": false}), Manifest: wants("hubspot", obj{"use_search_api": false})},
		{Name: "another value", Answer: of("hubspot", obj{"useSearchApi": true}), Manifest: wants("hubspot", obj{"use_search_api": false}), Differs: true},
		{Name: "both", Answer: of("hubspot", obj{"use_search_api": false, "useSearchApi": true}), Manifest: wants("hubspot", obj{"use_search_api": false}), Compared: true},
	}},
}
