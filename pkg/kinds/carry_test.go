package kinds

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// What no table knows goes back with an update as it came, at every depth, and
// what the service adds itself does not.
func TestUnknownMembersGoBack(t *testing.T) {
	m1, m2 := "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	index := resource.NewIndex(resource.Set{{Kind: "model", Name: "users"}: {ID: m1}, {Kind: "model", Name: "orders"}: {ID: m2}})
	ids := func(a resource.Address) (string, bool) {
		return map[string]string{"users": m1, "orders": m2, "hub": "33333333-3333-4333-8333-333333333333"}[a.Name], true
	}
	type o = map[string]any
	src := func(field string) o { return o{"model_id": m1, "field": field, "of_source": 1} }
	for _, tt := range []struct {
		name   string
		kind   *resource.Kind
		live   o
		change func(resource.Object)
		want   o // of the body, as far as it matters
	}{
		{"a sync's structs", &Sync, o{"target": o{"connection_id": "c", "object": "contacts", "of_target": 1, "search_values": o{"x": 1}},
			"schedule": o{"frequency": "runafter", "of_schedule": 1, "run_after": o{"sync_ids": []any{"s"}, "of_run_after": 1}},
			"identity": o{"source": src("email"), "target": "email", "function": "Equality", "of_identity": 1}},
			func(r resource.Object) { r["name"] = "other" },
			o{"target": o{"connection_id": "c", "object": "contacts", "of_target": int64(1), "configuration": o{}},
				"schedule": o{"frequency": "runafter", "of_schedule": int64(1), "run_after": o{"sync_ids": []any{"s"}, "of_run_after": int64(1)}},
				"identity": o{"source": o{"model_id": m1, "field": "email", "of_source": int64(1)}, "target": "email", "function": "Equality", "of_identity": int64(1)}}},
		{"a struct that changes", &Sync, o{"schedule": o{"frequency": "manual", "of_schedule": 1}},
			func(r resource.Object) { r["schedule"] = resource.Object{"frequency": "continuous"} },
			o{"schedule": o{"frequency": "continuous", "of_schedule": int64(1)}}},
		{"mapped fields and constants", &Sync, o{"fields": []any{
			o{"target": "a", "source": src("a"), "of_field": 1}, o{"target": "b", "override_value": "x", "source": nil, "of_field": 2}, o{"target": "z", "source": src("z"), "of_field": 3}}},
			func(r resource.Object) { delete(r["fields"].(resource.Object), "z") },
			o{"fields": []any{o{"target": "a", "source": o{"model_id": m1, "field": "a", "of_source": int64(1)}, "of_field": int64(1)}},
				"override_fields": []any{o{"target": "b", "override_value": "x", "of_field": int64(2)}}}},
		{"a source that changes", &Sync, o{"fields": []any{o{"target": "a", "source": src("a"), "of_field": 1}}},
			func(r resource.Object) { r["fields"] = resource.Object{"a": resource.Object{"source": "orders.a"}} },
			o{"fields": []any{o{"target": "a", "source": o{"model_id": m2, "field": "a"}, "of_field": int64(1)}}}},
		{"filters", &Sync, o{"filters": []any{
			o{"field": src("a"), "field_id": "f1", "field_type": "Model", "function": "Equality", "value": "x", "label": "A", "of_filter": 1},
			o{"field": src("a"), "field_id": "f1", "field_type": "Model", "function": "Equality", "value": "y", "label": "B", "of_filter": 2}}},
			func(r resource.Object) { delete(r["filters"].(resource.Object), "a") },
			o{"filters": []any{o{"field": o{"model_id": m1, "field": "a", "of_source": int64(1)}, "field_type": "Model", "function": "Equality", "value": "y", "of_filter": int64(2)}}}},
		{"overrides", &Sync, o{"overrides": []any{o{"field": src("a"), "field_id": "f1", "function": "IsNull", "override": "x", "of_override": 1}}},
			func(resource.Object) {},
			o{"overrides": []any{o{"field": o{"model_id": m1, "field": "a", "of_source": int64(1)}, "function": "IsNull", "override": "x", "of_override": int64(1)}}}},
		{"relations", &Model, o{"relations": []any{
			o{"from": "id", "to": o{"model_id": m2, "field": "user_id", "of_to": 1}, "of_relation": 1}, o{"from": "id", "to": o{"model_id": m1, "field": "id"}, "of_relation": 2}},
			"enricher": o{"connection_id": "c", "enricher_id": "e", "of_enricher": 1}},
			func(r resource.Object) { r["relations"] = resource.Object{"id": []any{"orders.user_id"}} },
			o{"relations": []any{o{"from": "id", "to": o{"model_id": m2, "field": "user_id", "of_to": int64(1)}, "of_relation": int64(1)}},
				"enricher": o{"connection_id": "c", "enricher_id": "e", "of_enricher": int64(1)}}},
		{"fields of a model's own", &Model, o{"fields": []any{o{"name": "id", "nullable": false},
			o{"id": "f", "name": "plan", "label": "Plan", "type": "string", "user_added": true, "remote_type": "text", "of_field": 2}}},
			func(resource.Object) {},
			o{"fields": []any{"id"}, "additional_fields": []any{o{"name": "plan", "label": "Plan", "type": "string", "of_field": int64(2)}}}},
		{"fields of a schema", &SchemaFields, o{"fields": []any{
			o{"id": "plan", "name": "Plan", "type": "string", "is_primary_key": false, "user_managed": true, "of_field": 1}}},
			func(r resource.Object) { r["fields"].(resource.Object)["plan"].(resource.Object)["label"] = "The plan" },
			o{"fields": []any{o{"field_id": "plan", "label": "The plan", "type": "string", "of_field": int64(1)}}}},
		{"schedules", &BulkSync, o{"source_connection_id": m1, "destination_connection_id": m2,
			"default_schedule":     o{"id": "d", "frequency": "daily", "hour": "1", "created_at": "2024-01-15T09:30:00Z", "of_first": 1},
			"additional_schedules": []any{o{"id": "e", "frequency": "hourly", "of_more": 1}, o{"id": "f", "frequency": "weekly", "hour": "2", "of_more": 2}}},
			func(r resource.Object) {
				r["schedule"].(resource.Object)["hour"] = "2"
				delete(r["additional_schedules"].(resource.Object), "a")
			},
			o{"schedule": o{"id": "d", "frequency": "daily", "hour": "2", "of_first": int64(1)},
				"additional_schedules": []any{o{"id": "f", "frequency": "weekly", "hour": "2", "of_more": int64(2)}}}},
		{"schedules in the older version", &BulkSync, o{"source_connection_id": m1, "destination_connection_id": m2,
			"schedule": o{"frequency": "multi", "multi": o{"schedules": []any{o{"item": "none", "schedule": o{"frequency": "daily", "hour": "1", "of_first": 1}},
				o{"item": "incrementalFields", "schedule": o{"frequency": "hourly", "of_more": 1}}}}}},
			func(r resource.Object) {
				r["schedule"] = resource.Object{"frequency": "daily", "hour": "2"}
				delete(r["additional_schedules"].(resource.Object), "a")
			},
			o{"schedule": o{"frequency": "daily", "hour": "2", "of_first": int64(1)},
				"additional_schedules": []any{o{"frequency": "hourly", "selective_mode": "incrementalFields", "of_more": int64(1)}}}},
		{"actions", &Policy, o{"policy_actions": []any{o{"action": "edit", "role_ids": []any{"r"}, "of_action": 1}}},
			func(r resource.Object) { r["actions"].(resource.Object)["delete"] = []any{resource.Object{"id": "r"}} },
			o{"policy_actions": []any{o{"action": "delete", "role_ids": []any{"r"}}, o{"action": "edit", "role_ids": []any{"r"}, "of_action": int64(1)}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			object := tt.kind.Decode(tt.live, index)
			tt.change(object)
			body, err := tt.kind.EncodeOver(tt.live, object, ids)
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range tt.want {
				if d := cmp.Diff(want, body[key]); d != "" {
					t.Errorf("%s (-want +got):\n%s", key, d)
				}
			}
			unknown := slices.Collect(maps.Keys(tt.kind.UnknownBelow(tt.live)))
			for p := range tt.kind.Extras(tt.kind.UnknownExtra(tt.live)) {
				unknown = append(unknown, "extra."+p)
			}
			for _, p := range unknown {
				if !strings.Contains(string(p), "of_") {
					t.Errorf("taken for unknown: %s", p)
				}
			}
			if n := strings.Count(resource.Text(tt.live), `"of_`); len(unknown) != n {
				t.Errorf("%d members that no table knows, want %d: %v", len(unknown), n, unknown)
			}
		})
	}
	// A mask is never sent, nor what stands behind it cleared.
	masked := o{"target": o{"connection_id": "c", "of_target": "********"}}
	if _, err := Sync.EncodeOver(masked, Sync.Decode(masked, index), ids); err == nil {
		t.Error("a mask of a member that no table knows was sent")
	}
}
