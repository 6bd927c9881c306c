package kinds

import (
	"slices"
	"strconv"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Role is a group of permissions that users are given (API dossier 8.18).
var Role = resource.Kind{
	Name:    "role",
	Section: "roles",
	Path:    "/api/permissions/roles",
	Doc: `a role of your own, which users have and policies name

A role is no more than a name. What it may do stands in the policies that name
it, and who has it with the users, or is decided in the app. The roles that every organisation has,
such as Admin, belong to the service and cannot be changed or deleted: a policy
names one as {id: UUID}.

The policies that name a role are changed before the role is deleted. As long as
others do, or users still have it, whoever manages them, a plan that deletes it is
refused and says who: the service would not ask. Roles of one's own are an add-on that has to be paid for: without
it the service refuses to make one.`,
	Example: `roles:
  analyst: {name: Analyst}
  campaign_manager: {name: Campaign manager}
`,
	Fields:    []resource.Field{nameRow, organizationRow},
	Claims:    []string{"system"},
	Unguarded: true,
	Check:     checkRole,
}

// systemRoles are the names of the roles that belong to the service (API
// dossier 8.18).
var systemRoles = []string{"Admin", "Editor", "Sync Editor", "Viewer", "Member"}

// checkRole refuses the name of a role of the service: whether it takes a
// second one is unknown (API dossier 20), and a create whose answer was lost
// could not be told from it.
func checkRole(c resource.Checker, r *resource.Resource) {
	if name := textOf(r.Object["name"]); slices.Contains(systemRoles, name) {
		c.Error("name", "system-role", "the service has a role "+strconv.Quote(name)+" of its own",
			"it is in every organisation and cannot be changed or deleted",
			"choose another name; policies name the service's role as {id: UUID}")
	}
}
