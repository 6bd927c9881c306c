package rows

func action(name string, roles any) obj { return obj{"action": name, "role_ids": roles} }

// edit is the manifest's one action, on top of more.
func edit(more obj) obj { return obj{"actions": with(obj{"edit": list{"analyst"}}, more)} }

var policies = []Row{
	{"role", "system (API dossier 8.18)", "drop", []Case{
		{Name: "there", Answer: obj{"system": false}},
		{Name: "renamed in the app", Answer: obj{"name": "M"}, Differs: true},
	}},
	{"policy", "policy_actions: all actions, role_ids possibly null", "map by action; null = []; sets; unlisted actions with roles are drift only if the manifest manages all", []Case{
		{Name: "all actions", Answer: obj{"system": false, "policy_actions": list{
			action("apply_policy", nil), action("create", list{}), obj{"action": "delete"}, action("edit", list{Analyst}), action("sync_to", nil), action("trigger", nil)}}},
		{Name: "nobody", Answer: obj{"policy_actions": list{action("edit", list{Analyst}), action("delete", nil)}}, Manifest: edit(obj{"delete": list{}}), Compared: true},
		{Name: "roles in any order", Answer: obj{"policy_actions": list{action("edit", list{theirs, Analyst})}},
			Manifest: obj{"actions": obj{"edit": list{"analyst", obj{"id": theirs}}}}},
		{Name: "actions in any order", Answer: obj{"policy_actions": list{action("trigger", list{theirs}), action("edit", list{Analyst})}},
			Manifest: edit(obj{"trigger": list{obj{"id": theirs}}})},
		{Name: "one role more", Answer: obj{"policy_actions": list{action("edit", list{Analyst, theirs})}}, Differs: true},
		{Name: "one role less", Answer: obj{"policy_actions": list{action("edit", nil)}}, Differs: true},
		{Name: "another role", Answer: obj{"policy_actions": list{action("edit", list{theirs})}}, Differs: true},
		{Name: "an action that the manifest leaves out", Answer: obj{"policy_actions": list{action("edit", list{Analyst}), action("delete", list{theirs})}}, Differs: true},
		{Name: "an action that is not known", Answer: obj{"policy_actions": list{action("edit", list{Analyst}), action("read", list{theirs})}}, Differs: true},
		{Name: "silent", Manifest: obj{"actions": nil}, Compared: true},
		{Name: "silent, nobody", Answer: obj{"policy_actions": nil}, Manifest: obj{"actions": nil}},
		{Name: "none wanted", Manifest: obj{"actions": obj{}}, Differs: true},
		{Name: "none wanted, none there", Answer: obj{"policy_actions": list{action("edit", nil)}}, Manifest: obj{"actions": obj{}}, Compared: true},
		{Name: "no longer ours", Manifest: obj{"actions": nil}, Recorded: edit(nil), Differs: true},
	}},
}
