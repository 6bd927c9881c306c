package rows

import "github.com/polyplan/polyplan/pkg/resource"

var people = []Row{
	{"user", "email, role: lower-cased", "compare without case", []Case{
		{Name: "lower-cased by the server", Manifest: obj{"email": "Ada@Example.com"}, Compared: true},
		{Name: "not lower-cased after all", Answer: obj{"email": "Ada@Example.com"}, Compared: true},
		{Name: "another address", Answer: obj{"email": "grace@example.com"}, Differs: true},
		{Name: "role", Answer: obj{"role": "Admin"}, Manifest: obj{"roles": nil, "role": "admin"}, Compared: true},
		{Name: "another role", Answer: obj{"role": "user"}, Manifest: obj{"roles": nil, "role": "admin"}, Differs: true},
	}},
	{"user", "role_ids: null, role besides them (API dossier 8.19)", "sets; what the manifest does not say is the app's", []Case{
		{Name: "any order", Answer: obj{"role_ids": list{theirs, Analyst}}, Manifest: obj{"roles": list{"analyst", obj{"id": theirs}}}, Compared: true},
		{Name: "one more", Answer: obj{"role_ids": list{Analyst, theirs}}, Differs: true},
		{Name: "none", Answer: obj{"role_ids": nil}, Differs: true},
		{Name: "silent", Manifest: obj{"roles": nil}, Compared: true},
	}},
	{"user", "id, organization_id", "drop", []Case{
		{Name: "the key's own", Answer: obj{"organization_id": theirs}, Compared: true},
		{Name: "the manifest's", Answer: obj{"organization_id": Acme}, Manifest: obj{"organization": "acme"}, Compared: true},
		{Name: "another", Answer: obj{"organization_id": theirs}, Manifest: obj{"organization": "acme"}, Differs: true},
	}},
	{"organization", "client_id, client_secret: never returned (API dossier 8.20)", "fingerprint, and what was applied", []Case{
		{Name: "not shown", Manifest: obj{"client_id": "c", "client_secret": resource.NewSecret("made-up")}, Compared: true},
		{Name: "another client", Manifest: obj{"client_id": "c"}, Recorded: obj{"client_id": "d"}, Differs: true, Compared: true},
		{Name: "another secret", Manifest: obj{"client_secret": resource.NewSecret("made-up")}, Recorded: obj{"client_secret": resource.NewSecret("made-up-2")}, Differs: true},
		{Name: "unset settings come as empty strings", Answer: obj{"sso_domain": "", "sso_org_id": "", "issuer": ""}, Compared: true},
		{Name: "another issuer", Answer: obj{"issuer": "https://elsewhere.example.com"}, Manifest: obj{"issuer": "https://login.example.com"}, Differs: true},
	}},
	{"webhook", "secret: whether it is masked is not documented (API dossier 8.22)", "compare by fingerprint, or by value where it is shown", []Case{
		{Name: "masked"},
		{Name: "clear", Answer: obj{"secret": "made-up"}},
		{Name: "absent", Answer: obj{"secret": nil}, Compared: true},
		{Name: "clear, and another", Answer: obj{"secret": "made-up-2"}, Differs: true, Compared: true},
		{Name: "changed in the manifest", Manifest: obj{"secret": resource.NewSecret("made-up-2")}, Recorded: obj{}, Differs: true},
	}},
	{"webhook", "disabled: not of the body (API dossier 8.22)", "enabled is its opposite", []Case{
		{Name: "said", Manifest: obj{"enabled": true}},
		{Name: "silent", Answer: obj{"disabled": true}, Manifest: obj{"enabled": nil}, Compared: true},
		{Name: "disabled", Answer: obj{"disabled": true}, Manifest: obj{"enabled": false}},
		{Name: "disabled in the app", Answer: obj{"disabled": true}, Manifest: obj{"enabled": true}, Differs: true},
	}},
	{"error_subscribers", "emails: null, any order (API dossier 8.23)", "sets; null = []", []Case{
		{Name: "any order", Answer: obj{"emails": list{"b@example.com", "a@example.com"}}},
		{Name: "null", Answer: obj{"emails": nil}, Manifest: obj{"emails": list{}}, Compared: true},
		{Name: "one more", Answer: obj{"emails": list{"a@example.com", "b@example.com", "c@example.com"}}, Differs: true},
		{Name: "emptied", Answer: obj{"emails": nil}, Differs: true},
	}},
}
