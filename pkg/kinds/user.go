package kinds

import (
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// User is a person who may sign in (API dossier 8.19).
var User = resource.Kind{
	Name:      "user",
	Section:   "users",
	Path:      "/api/organizations/{organization}/users",
	NameField: "email",
	Doc: `a person who may sign in, and the roles that he or she has

Making a user sends an invitation to the e-mail address. The address cannot be
changed afterwards: another one, case apart, makes a new user and deletes the old.
Deleting a user is for good and ends the API keys of that person.

Where the manifest has no ` + "`roles`" + `, the service chooses, and which a user has is then
decided in the app. Some services let only partners see users: others are told 403.`,
	Example: `users:
  ada:
    email: ada@example.com
    roles: [analyst, {id: 3f0e5a52-8c1d-4b7e-9a44-0c6de4a1b2f7}]
`,
	Fields: []resource.Field{
		{Name: "email", Type: resource.String, Required: true, Immutable: true,
			Doc: "The e-mail address; upper and lower case are the same."},
		{Name: "roles", API: "role_ids", Type: resource.List, Set: true, Implicit: true,
			Elem: &resource.Field{Type: resource.Ref, To: Role.Name},
			Doc:  "All the roles that the user has, at least one. Default: the app's own choice."},
		{Name: "role", Type: resource.String, Enum: []string{"admin", "user"}, Implicit: true, Deprecated: "use roles.",
			Doc: "The older word for what the user may do."},
		{Name: "organization", API: "organization_id", Type: resource.Ref, To: Organization.Name, Implicit: true, Immutable: true,
			Doc: "The organisation that the user is of, for the keys of partners and deployments. Default: that of the key, or of --organization."},
	},
	Normal:  normalUser,
	Encoded: encodeUser,
	Check:   checkUser,
}

// normalUser writes in lower case what the service does (API dossier 14).
func normalUser(o resource.Object) {
	for _, key := range []string{"email", "role"} {
		if s, ok := o[key].(string); ok {
			o[key] = strings.ToLower(strings.TrimSpace(s))
		}
	}
}

// encodeUser sends the roles back that are decided in the app: an update
// replaces them.
func encodeUser(e *resource.Encoder, o resource.Object, body map[string]any) {
	if live := listOf(e.Live["role_ids"]); o["roles"] == nil && o["role"] == nil && len(live) > 0 {
		body["role_ids"] = live
	}
}

func checkUser(c resource.Checker, r *resource.Resource) {
	if email := textOf(r.Object["email"]); email != "" && !isEmail(email) {
		c.Error("email", "bad-email", strconv.Quote(email)+" is not an e-mail address", "the service sends the invitation there", "write it as in ada@example.com")
	}
	roles, given := r.Object["roles"].([]any)
	switch {
	case given && r.Object["role"] != nil:
		c.Error("role", "role-and-roles", "role and roles are both set", "role is the older word for the same, and the service takes one of them", "remove role")
	case given && len(roles) == 0 && r.Knows("roles"):
		c.Error("roles", "no-roles", "the list of roles is empty", "a user has at least one role", "name a role, or remove roles to leave them to people in the app")
	}
}

// isEmail reports whether s has the outer form of an e-mail address.
func isEmail(s string) bool {
	name, host, ok := strings.Cut(s, "@")
	return ok && name != "" && host != "" && !slices.ContainsFunc([]rune(s), func(r rune) bool { return r <= ' ' })
}
