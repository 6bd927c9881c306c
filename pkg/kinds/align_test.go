package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Live filters have the names that decoding gave them, a, b, ...; the tests say
// which of the manifest's they get.
func TestAlign(t *testing.T) {
	test := func(source, function string, value any) obj {
		return pick(obj{"source": source, "function": function, "value": value})
	}
	plan, spend, gone := test("users.plan", "Inequality", "free"), test("users.spend", "GreaterThan", int64(5)), test("users.deleted_at", "IsNotNull", nil)
	sync := func(logic any, filters obj) obj { return pick(obj{"filters": filters, "filter_logic": logic}) }
	tests := []struct {
		name       string
		live, want obj
		known      []obj
	}{
		{"nothing", obj{}, obj{}, []obj{sync(nil, obj{"plan": plan})}},
		{"nothing known", sync("a OR b", obj{"a": plan, "b": spend}), sync("a OR b", obj{"a": plan, "b": spend}), nil},
		{"same", sync("a AND NOT b", obj{"a": gone, "b": plan}), sync("gone AND NOT plan", obj{"gone": gone, "plan": plan}),
			[]obj{sync("gone AND NOT plan", obj{"gone": gone, "plan": plan})}},
		{"names that cross", sync("a AND NOT b", obj{"a": gone, "b": plan}), sync("b AND NOT a", obj{"b": gone, "a": plan}),
			[]obj{sync(nil, obj{"b": gone, "a": plan})}},
		{"renamed in the manifest", sync("a OR b", obj{"a": plan, "b": spend}), sync("buyers OR spend", obj{"buyers": plan, "spend": spend}),
			[]obj{sync(nil, obj{"buyers": plan, "spend": spend}), sync(nil, obj{"paying": plan, "spend": spend})}},
		{"changed value", sync("a OR b", obj{"a": test("users.plan", "Inequality", "trial"), "b": spend}),
			sync("plan OR spend", obj{"plan": test("users.plan", "Inequality", "trial"), "spend": spend}),
			[]obj{sync(nil, obj{"plan": plan, "spend": spend})}},
		{"changed function", sync(nil, obj{"a": test("users.plan", "Equality", "free")}), sync(nil, obj{"plan": test("users.plan", "Equality", "free")}),
			[]obj{sync(nil, obj{"plan": plan})}},
		{"changed source", sync(nil, obj{"a": test("users.tier", "Inequality", "free"), "b": spend}),
			sync(nil, obj{"plan": test("users.tier", "Inequality", "free"), "spend": spend}),
			[]obj{sync(nil, obj{"plan": plan, "spend": spend})}},
		{"the equal one wins over the similar one", sync(nil, obj{"a": test("users.plan", "Inequality", "trial"), "b": plan}),
			sync(nil, obj{"y": test("users.plan", "Inequality", "trial"), "x": plan}),
			[]obj{sync(nil, obj{"x": plan, "y": test("users.plan", "Inequality", "other")})}},
		{"two equal ones, in order", sync("a AND NOT b", obj{"a": plan, "b": plan}), sync("x AND NOT y", obj{"x": plan, "y": plan}),
			[]obj{sync(nil, obj{"x": plan, "y": plan})}},
		{"removed from the manifest, known to the state", sync("a OR b", obj{"a": plan, "b": gone}), sync("plan OR gone", obj{"plan": plan, "gone": gone}),
			[]obj{sync(nil, obj{"plan": plan}), sync(nil, obj{"plan": plan, "gone": gone})}},
		{"added in the app", sync("a OR b", obj{"a": plan, "b": gone}), sync("plan OR b", obj{"plan": plan, "b": gone}),
			[]obj{sync(nil, obj{"plan": plan})}},
		{"added in the app, its letter taken", sync("a OR b", obj{"a": plan, "b": gone}), sync("b OR b_", obj{"b": plan, "b_": gone}),
			[]obj{sync(nil, obj{"b": plan})}},
		{"added in the manifest", sync(nil, obj{"a": plan}), sync(nil, obj{"plan": plan}),
			[]obj{sync("plan OR gone", obj{"plan": plan, "gone": gone})}},
		{"a logic that says nothing once renamed", sync("a AND b", obj{"a": plan, "b": gone}), sync(nil, obj{"plan": plan, "gone": gone}),
			[]obj{sync(nil, obj{"plan": plan, "gone": gone})}},
		{"target filters", obj{"target_filters": obj{"a": obj{"target": "t", "function": "IsNull"}, "b": obj{"target": "u", "function": "IsNull"}}, "target_filter_logic": "a OR b"},
			obj{"target_filters": obj{"y": obj{"target": "t", "function": "IsNull"}, "x": obj{"target": "u", "function": "IsNull"}}, "target_filter_logic": "y OR x"},
			[]obj{{"target_filters": obj{"x": obj{"target": "u", "function": "IsNull"}, "y": obj{"target": "t", "function": "IsNull"}}}}},
		{"overrides", obj{"overrides": obj{"override_1": obj{"source": "u.a", "function": "IsNull", "override": "x"}, "override_2": obj{"source": "u.a", "function": "IsNull", "override": "y"}}},
			obj{"overrides": obj{"two": obj{"source": "u.a", "function": "IsNull", "override": "x"}, "one": obj{"source": "u.a", "function": "IsNull", "override": "y"}}},
			[]obj{{"overrides": obj{"one": obj{"source": "u.a", "function": "IsNull", "override": "y"}, "two": obj{"source": "u.a", "function": "IsNull", "override": "x"}}}}},
		{"a schedule that the service filled in", obj{"schedule": obj{"frequency": "custom", "hour": "8", "minute": "*", "month": "*"}},
			obj{"schedule": obj{"frequency": "custom", "hour": "8", "month": "*"}},
			[]obj{{}, {"schedule": obj{"frequency": "custom", "hour": "9", "month": "*"}}, {"schedule": obj{"frequency": "custom", "minute": "*"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := resource.Clone(tt.known)
			alignSync(tt.live, tt.known...)
			if d := cmp.Diff(tt.want, tt.live); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(before, tt.known); d != "" {
				t.Errorf("what is known was changed:\n%s", d)
			}
			alignSync(tt.live, tt.known...)
			if d := cmp.Diff(tt.want, tt.live); d != "" {
				t.Errorf("a second time (-want +got):\n%s", d)
			}
		})
	}
}

// A name that is the id says nothing of the label, which then is the one that was
// applied; any other name is one.
func TestAlignSchemaFields(t *testing.T) {
	fields := func(plan, score string) obj {
		return obj{"fields": obj{"plan": obj{"label": plan}, "score": obj{"label": score}, "new": obj{"label": "new"}}}
	}
	live := fields("plan", "Points")
	alignSchemaFields(live, fields("The plan", "The score"), fields("Plan", "Score"))
	if d := cmp.Diff(fields("Plan", "Points"), live); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	live = fields("plan", "Points")
	alignSchemaFields(live, fields("The plan", "The score"), obj{}) // to be adopted
	if d := cmp.Diff(fields("plan", "Points"), live); d != "" {
		t.Errorf("adopted (-want +got):\n%s", d)
	}
}

// More than nine overrides or 26 filters: the order of the service counts, not
// that of the names as text.
func TestInOrder(t *testing.T) {
	got := inOrder(obj{"aa": 1, "b": 1, "override_10": 1, "z": 1, "override_9": 1, "a": 1})
	if d := cmp.Diff([]string{"a", "b", "z", "aa", "override_9", "override_10"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
