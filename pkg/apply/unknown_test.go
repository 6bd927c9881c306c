package apply_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// What no table knows is kept: objects of every kind have, at every depth, a member that
// no document names. Plans do not speak of it, and an update of anything else sends it
// back wherever it was.
func TestUnknownMembersAreKept(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version, Unchecked: true, Env: map[string]string{"WEBHOOK_SECRET": "webhook-secret", "ACME_SECRET": "acme-secret"},
			Sandbox: sandbox.Options{Pace: -1, Keys: []sandbox.Key{{Value: rig.Key, Partner: true}}, Switches: sandbox.Switches{MoreMembers: true}}})
		text := rig.Replace(t, aLife, "analyst: {name: analyst}\n", "analyst: {name: analyst}\n  editor: {name: editor}\n",
			"      public.events:\n", "      public.events:\n        filters: {known: {field: user_id, function: IsNotNull}}\n")
		if version != transport.Version2024 { // where several schedules are members of another
			text = rig.Replace(t, text, "    source: lake\n", "    source: lake\n    additional_schedules: {weekly: {frequency: weekly, day_of_week: 1, hour: 2, minute: 0}}\n")
		}
		first := r.Manifest(text)
		r.Apply(first)
		r.Converged(first)
		before := unknownMembers(r)
		changed := r.Manifest(rig.Replace(t, text, " name: ", " name: our ", "{name: ", "{name: our ", "roles: [analyst]", "roles: [editor]", "label: Plan", "label: The plan",
			"hooks.example.com", "webhooks.example.com", "[data@example.com]", "[oncall@example.com]"))
		ran := r.Apply(changed)
		r.Converged(changed)
		updated := map[string]bool{"primary_keys": true} // of which there is nothing but keys
		for _, action := range ran.Actions() {
			kind, _, _ := strings.Cut(strings.TrimPrefix(action, "update "), ".")
			updated[kind] = true
		}
		for _, k := range kinds.All() {
			if !updated[k.Name] {
				t.Errorf("no %s was updated: %q", k.Name, ran.Actions())
			}
		}
		for a, place := range map[string]string{"bulk_sync.copy": "schemas[3].filters[0]", "schema_fields.events": `fields."properties.plan"`,
			"model.customers": "additional_fields[0]", "sync.touch": "schedule.run_after", "webhook.default": ""} {
			if !slices.Contains(before[a], place) {
				t.Errorf("%s has no such member at %q to be kept: %q", a, place, before[a])
			}
		}
		if d := cmp.Diff(before, unknownMembers(r)); d != "" {
			t.Errorf("members that no table knows (-before the update +after):\n%s", d)
		}
	})
}

// unknownMembers are the places of such members, by resource.
func unknownMembers(r *rig.Rig) map[string][]string {
	out := map[string][]string{}
	for a, rec := range r.Load().Resources {
		kind, id := a.Kind, path.Base(rec.ID)
		switch kind { // of these the service has no objects of their own
		case "error_subscribers":
			kind, id = "subscribers", "subscribers"
		case "schema_fields":
			kind, id = "schema", rec.ID
		case "primary_keys":
			continue
		}
		body, ok := r.Server.Object(kind, id)
		if !ok {
			r.T.Fatalf("the service has no %s", a)
		}
		var places []string
		var walk func(p resource.Path, v any)
		walk = func(p resource.Path, v any) {
			switch v := v.(type) {
			case map[string]any:
				for _, key := range resource.Keys(v) {
					if key == "added_later" {
						places = append(places, string(p))
					} else {
						walk(p.Child(key), v[key])
					}
				}
			case []any:
				for i, e := range v {
					walk(p.Index(i), e)
				}
			}
		}
		walk("", body)
		slices.Sort(places)
		out[a.String()] = places
	}
	return out
}
