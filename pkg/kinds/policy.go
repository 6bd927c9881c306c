package kinds

import (
	"slices"
	"strconv"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Policy says which roles may do what with the objects that name it (API
// dossier 8.17).
var Policy = resource.Kind{
	Name:    "policy",
	Section: "policies",
	Path:    "/api/permissions/policies",
	Doc: `which roles may do what with the objects that name it

A policy gives actions to roles. Connections, models and syncs name the policies
that hold for them: ` + "`policies: [KEY]`" + `. Actions that do not fit an object are
ignored.

The manifest says all of a policy's actions or none. Once it has ` + "`actions`" + `, those
that it leaves out are allowed to nobody, and a role that somebody adds in the
app is drift. A policy without them is left to people in the app, and allows
nothing when it is new; ` + "`actions: {}`" + ` allows nothing and keeps it so.

The service attaches a policy of its own to every object. Nobody can change it,
and a manifest need not list it. Deleting a policy ends at once the access that
it gave. Policies of one's own are an add-on that has to be paid for: without it
the service refuses to make one.`,
	Example: `policies:
  marketing:
    name: Marketing
    actions:
      edit: [analyst, {id: 3f0e5a52-8c1d-4b7e-9a44-0c6de4a1b2f7}]
      trigger: [analyst]
`,
	Fields: []resource.Field{
		nameRow,
		// An update empties what it leaves out (API dossier 11), and permissions
		// that a manifest half says would be none to rely on: hence Whole.
		{Name: "actions", API: "policy_actions", Type: resource.Map, Whole: true, Custom: true, Match: []string{"action"}, Claims: []string{"role_ids"},
			Elem: &actionRow,
			Doc:  "The roles that may do each action: apply_policy, create, delete, edit, sync_to, trigger. Actions left out are allowed to nobody."},
		organizationRow,
	},
	Claims:    []string{"system"},
	Unguarded: true,
	Normal:    normalPolicy,
	Encoded:   encodePolicy,
	Decoded:   decodePolicy,
	Check:     checkPolicy,
}

// actionRow is what a policy holds of an action: the roles that may do it.
var actionRow = resource.Field{Type: resource.List, Set: true, Elem: &resource.Field{Type: resource.Ref, To: Role.Name}}

// policyActions are the actions that were seen; there may be more (API dossier
// 8.17).
var policyActions = []string{"apply_policy", "create", "delete", "edit", "sync_to", "trigger"}

// normalPolicy drops actions that are allowed to nobody: the service answers
// every action there is, and null or [] where no role may do it (API dossier 14).
func normalPolicy(o resource.Object) {
	actions := objectOf(o["actions"])
	for action, roles := range actions {
		if resource.Empty(roles) {
			delete(actions, action)
		}
	}
}

// encodePolicy sends the list even where it is empty: 2025-09-18 wants it (API
// dossier 4).
func encodePolicy(e *resource.Encoder, o resource.Object, body map[string]any) {
	actions, list := objectOf(o["actions"]), []any{}
	for _, action := range resource.Keys(actions) {
		roles := e.Value(&actionRow, actions[action], resource.Path("actions").Child(action))
		list = append(list, map[string]any{"action": action, "role_ids": roles})
	}
	body["policy_actions"] = list
}

func decodePolicy(d *resource.Decoder, answer map[string]any, o resource.Object) {
	actions := resource.Object{}
	for _, v := range listOf(resource.Normalize(answer["policy_actions"])) {
		a := objectOf(v)
		roles := []any{}
		for _, id := range listOf(a["role_ids"]) {
			roles = append(roles, d.Ref(Role.Name, textOf(id)))
		}
		if name := textOf(a["action"]); name != "" && len(roles) > 0 {
			actions[name] = roles
		}
	}
	if len(actions) > 0 {
		o["actions"] = actions
	}
}

// checkPolicy warns of actions that nobody has heard of.
func checkPolicy(c resource.Checker, r *resource.Resource) {
	for _, action := range resource.Keys(objectOf(r.Object["actions"])) {
		if slices.Contains(policyActions, action) {
			continue
		}
		fix := ""
		if near, ok := diag.Nearest(action, policyActions); ok {
			fix = "did you mean " + strconv.Quote(near) + "?"
		}
		c.Warn(resource.Path("actions").Child(action), "unknown-action", "unknown action "+strconv.Quote(action),
			"polyplan's list of what a policy allows does not have it, so the service may refuse it", fix)
	}
}
