package kinds

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// checker gathers what a Check reports as "code at path: fix", warnings marked.
type checker struct {
	set  resource.Set
	said []string
}

func (c *checker) Get(a resource.Address) *resource.Resource { return c.set[a] }

func (c *checker) Error(p resource.Path, code, what, why, fix string) { c.say("", p, code, what, why) }

func (c *checker) Warn(p resource.Path, code, what, why, fix string) {
	c.say("warn ", p, code, what, why)
}

func (c *checker) say(how string, p resource.Path, code, what, why string) {
	c.said = append(c.said, fmt.Sprintf("%s%s at %s", how, code, p))
	if what == "" || strings.HasSuffix(what, ".") || why == "" {
		c.said = append(c.said, fmt.Sprintf("%s has the text %q because %q", code, what, why))
	}
}

// check runs the check of the kind on o among models with these objects.
func check(k *resource.Kind, o resource.Object, models map[string]resource.Object) []string {
	c := &checker{set: resource.Set{}}
	for name, m := range models {
		Model.Canonical(m)
		a := resource.Address{Kind: "model", Name: name}
		c.set[a] = &resource.Resource{Address: a, Object: m}
	}
	k.Canonical(o)
	k.Check(c, &resource.Resource{Address: resource.Address{Kind: k.Name, Name: "x"}, Object: o})
	slices.Sort(c.said)
	return c.said
}

type obj = resource.Object

// sound is a sync without a mistake, changed by with.
func sound(with obj) obj {
	o := obj{
		"mode": "updateOrCreate", "schedule": "continuous", "target": obj{"connection": "hubspot", "object": "contacts"},
		"identity": obj{"source": "users.email", "target": "email"}, "fields": obj{"firstname": "users.first_name"},
	}
	for key, v := range with {
		if v == nil {
			delete(o, key)
		} else {
			o[key] = v
		}
	}
	return o
}

func TestCheckSync(t *testing.T) {
	filter := func(source string) obj { return obj{"source": source, "function": "IsNotNull"} }
	tests := []struct {
		name   string
		with   obj
		models map[string]obj
		want   []string
	}{
		{name: "sound"},
		// The mapping.
		{name: "constant", with: obj{"fields": obj{"a": obj{"value": "x"}}}},
		{name: "source and value", with: obj{"fields": obj{"a.b": obj{"source": "users.a", "value": "x"}}}, want: []string{`source-and-value at fields."a.b"`}},
		{name: "neither", with: obj{"fields": obj{"a": obj{"sync_mode": "create"}}}, want: []string{"no-source at fields.a"}},
		{name: "identity mapped", with: obj{"fields": obj{"email": "users.email"}}, want: []string{"identity-mapped at fields.email"}},
		{name: "identity's name mapped without one", with: obj{"identity": nil, "mode": "create", "fields": obj{"email": "users.email"}}},
		{name: "nothing mapped", with: obj{"fields": obj{}}, want: []string{"warn no-fields at fields"}},
		// The identity.
		{name: "update without identity", with: obj{"identity": nil, "mode": "update"}, want: []string{"identity-missing at mode"}},
		{name: "updateOrCreate without identity", with: obj{"identity": nil}, want: []string{"identity-missing at mode"}},
		{name: "replace without identity", with: obj{"identity": nil, "mode": "replace"}},
		// The target.
		{name: "no object", with: obj{"target": obj{"connection": "c"}}, want: []string{"no-target-object at target"}},
		{name: "made object", with: obj{"target": obj{"connection": "c", "create": obj{"name": "public.t"}}}},
		{name: "made by name", with: obj{"target": obj{"connection": "c", "new_name": "t"}}},
		{name: "object with a new name", with: obj{"target": obj{"connection": "c", "object": "__pt_new_target", "new_name": "d.t"}}}, // API dossier 17
		{name: "both", with: obj{"target": obj{"connection": "c", "object": "o", "create": obj{"name": "t"}}}, want: []string{"object-and-create at target.create"}},
		// The schedule.
		{name: "daily", with: obj{"schedule": obj{"frequency": "daily", "hour": int64(8), "minute": "30"}}},
		{name: "times", with: obj{"schedule": obj{"frequency": "custom", "minute": "*/5", "hour": "0", "day_of_month": "31", "month": "12", "day_of_week": "mon"}}},
		{name: "an hour that never comes", with: obj{"schedule": obj{"frequency": "daily", "hour": int64(24), "minute": "60"}},
			want: []string{"bad-time at schedule.hour", "bad-time at schedule.minute"}},
		{name: "a day that never comes", with: obj{"schedule": obj{"frequency": "custom", "day_of_month": "0", "month": "13"}},
			want: []string{"bad-time at schedule.day_of_month", "bad-time at schedule.month"}},
		{name: "a minute that the app does not offer", with: obj{"schedule": obj{"frequency": "hourly", "minute": "7"}},
			want: []string{"warn odd-minute at schedule.minute"}},
		{name: "weekday", with: obj{"schedule": obj{"frequency": "weekly", "day_of_week": "Friday", "hour": "1"}}},
		{name: "no weekday", with: obj{"schedule": obj{"frequency": "weekly", "day_of_week": "fryday"}},
			want: []string{"warn odd-weekday at schedule.day_of_week"}},
		{name: "unused member", with: obj{"schedule": obj{"frequency": "daily", "day_of_week": "1"}}, want: []string{"unused-schedule-member at schedule.day_of_week"}},
		{name: "nothing is used", with: obj{"schedule": obj{"frequency": "manual", "hour": "1", "minute": "1"}},
			want: []string{"unused-schedule-member at schedule.hour", "unused-schedule-member at schedule.minute"}},
		{name: "nobody knows", with: obj{"schedule": obj{"frequency": "builder", "hour": "1"}}},
		{name: "run after", with: obj{"schedule": obj{"frequency": "runafter", "run_after": obj{"syncs": []any{"other"}}}}},
		{name: "run after a bulk sync", with: obj{"schedule": obj{"frequency": "runafter", "run_after": obj{"bulk_syncs": []any{obj{"id": "b"}}}}}},
		{name: "run after itself", with: obj{"schedule": obj{"frequency": "runafter", "run_after": obj{"syncs": []any{"other", "x"}}}},
			want: []string{"runs-after-itself at schedule.run_after.syncs[1]"}},
		{name: "run after nothing", with: obj{"schedule": obj{"frequency": "runafter"}}, want: []string{"run-after-missing at schedule"}},
		{name: "dbt", with: obj{"schedule": obj{"frequency": "dbtcloud", "connection": "dbt", "job_id": int64(7)}}},
		{name: "dbt without a job", with: obj{"schedule": obj{"frequency": "dbtcloud", "connection": "dbt"}}, want: []string{"dbt-job-missing at schedule"}},
		// Filters.
		{name: "filters", with: obj{"filters": obj{"a": filter("users.a"), "b": filter("users.b")}, "filter_logic": "a OR NOT b"}},
		{name: "field by id", with: obj{"filters": obj{"a": obj{"field_id": "u", "function": "IsNull"}}}},
		{name: "which field?", with: obj{"filters": obj{"a": obj{"function": "IsNull"}}}, want: []string{"no-source at filters.a"}},
		{name: "two fields", with: obj{"filters": obj{"a": obj{"source": "users.a", "field_id": "u", "function": "IsNull"}}}, want: []string{"no-source at filters.a"}},
		{name: "override of which field?", with: obj{"overrides": obj{"a": obj{"function": "IsNull", "override": "x"}}}, want: []string{"no-source at overrides.a"}},
		{name: "tests of the field alone", with: obj{"filters": obj{"a": filter("users.a"), "b": obj{"source": "users.b", "function": "IsNull"},
			"c": obj{"source": "users.c", "function": "True"}, "d": obj{"source": "users.d", "function": "False"}}}},
		{name: "tests against nothing", with: obj{"filters": obj{"a": obj{"source": "users.a", "function": "Equality"}}, "overrides": obj{"a": obj{"source": "users.a", "function": "Between", "override": "x"}}},
			want: []string{"no-value at filters.a.value", "no-value at overrides.a.value"}},
		{name: "a target tested against nothing", with: obj{"mode": "update", "target_filters": obj{"a": obj{"target": "t", "function": "StringContains"}}},
			want: []string{"no-value at target_filters.a.value"}},
		{name: "tests against what is empty", with: obj{"filters": obj{"a": obj{"source": "users.a", "function": "Equality", "value": ""}, "b": obj{"source": "users.b", "function": "StringOneOf", "value": []any{}},
			"c": obj{"source": "users.c", "function": "Equality", "value": false}}}},
		{name: "unreadable logic", with: obj{"filters": obj{"a": filter("users.a")}, "filter_logic": "a AND"}, want: []string{"bad-logic at filter_logic"}},
		{name: "unknown filter, once", with: obj{"filters": obj{"a": filter("users.a")}, "filter_logic": "a AND (b OR b)"}, want: []string{"unknown-filter at filter_logic"}},
		{name: "unused filter", with: obj{"filters": obj{"a": filter("users.a"), "b": filter("users.b")}, "filter_logic": "a"}, want: []string{"warn unused-filter at filters.b"}},
		{name: "an operator for a name", with: obj{"filters": obj{"not": filter("users.a")}}, want: []string{"bad-filter-name at filters.not"}},
		{name: "two words for a name", with: obj{"filters": obj{"big spender": filter("users.a")}}, want: []string{`bad-filter-name at filters."big spender"`}},
		{name: "target filters", with: obj{"mode": "update", "target_filters": obj{"a": obj{"target": "t", "function": "IsNull"}}, "target_filter_logic": "a"}},
		{name: "target filters in another mode", with: obj{"target_filters": obj{"a": obj{"target": "t", "function": "IsNull"}}}, want: []string{"target-filters-mode at target_filters"}},
		{name: "unknown target filter", with: obj{"mode": "update", "filters": obj{"b": filter("users.b")}, "target_filters": obj{"a": obj{"target": "t", "function": "IsNull"}},
			"target_filter_logic": "a AND b"}, want: []string{"unknown-filter at target_filter_logic"}},
		// Joins.
		{name: "as many names as filters", with: obj{"filters": obj{"a": filter("users.a"), "b": filter("users.b")}, "filter_logic": "a AND c"},
			want: []string{"unknown-filter at filter_logic", "warn unused-filter at filters.b"}},
		{name: "one name and one filter", with: obj{"filters": obj{"a": filter("users.a")}, "filter_logic": "b"},
			want: []string{"unknown-filter at filter_logic", "warn unused-filter at filters.a"}},
		{name: "joined", with: obj{"fields": obj{"a": "users.a", "b": "orders.b"}},
			models: map[string]obj{"users": {}, "orders": {"relations": obj{"email": "users.email"}}}},
		{name: "joined by a third", with: obj{"fields": obj{"a": "orders.a", "b": "stars.b"}, "identity": obj{"source": "orders.email", "target": "email"}},
			models: map[string]obj{"users": {}, "orders": {"relations": obj{"email": "users.email"}}, "stars": {"relations": obj{"e": []any{"users.email"}}}}},
		{name: "not joined", with: obj{"fields": obj{"a": "users.a", "b": "orders.b", "c": "orders.c"}},
			models: map[string]obj{"users": {}, "orders": {}}, want: []string{"models-not-joined at fields.b.source"}},
		{name: "not joined by a filter", with: obj{"filters": obj{"f": filter("orders.x")}},
			models: map[string]obj{"users": {}, "orders": {}}, want: []string{"models-not-joined at filters.f.source"}},
		{name: "strangers may be joined", with: obj{"fields": obj{"a": "users.a", "b": obj{"source": obj{"model": obj{"id": "u"}, "field": "b"}}}},
			models: map[string]obj{"users": {}}},
		{name: "joined in a ring", with: obj{"fields": obj{"a": "users.a", "b": "orders.b"}},
			models: map[string]obj{"users": {"relations": obj{"e": "orders.e"}}, "orders": {"relations": obj{"e": "users.e"}}}},
		// Selected fields (API dossier 19, point 4).
		{name: "selected", models: map[string]obj{"users": {"fields": []any{"first_name", "email"}}}},
		{name: "of the user's own", models: map[string]obj{"users": {"fields": []any{"email"}, "additional_fields": obj{"first_name": obj{"label": "F", "type": "string"}}}}},
		{name: "not selected", models: map[string]obj{"users": {"fields": []any{"email"}}}, want: []string{"warn field-not-selected at fields.firstname.source"}},
		{name: "all are selected", models: map[string]obj{"users": {}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, check(&Sync, sound(tt.with), tt.models)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   obj
		want []string
	}{
		{"known", obj{"type": "postgresql"}, nil}, // what is required and missing, the table says
		{"unknown", obj{"type": "postgres"}, []string{"warn unknown-connection-type at type"}},
		{"missing", obj{}, nil},
		{"oauth", obj{"type": "salesforce"}, nil},
		{"a choice of keys", obj{"type": "s3", "configuration": obj{}},
			[]string{"warn missing-configuration at configuration.s3_bucket_name", "warn missing-configuration at configuration.s3_bucket_region"}},
		{"chosen", obj{"type": "s3", "configuration": obj{"s3_bucket_name": "b", "s3_bucket_region": "us-east-1"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, check(&Connection, tt.in, nil)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// The fixes name what the reader can do.
func TestCheckFixes(t *testing.T) {
	c := &fixes{}
	Connection.Check(c, &resource.Resource{Object: obj{"type": "postgres"}})
	Sync.Check(c, &resource.Resource{Object: sound(obj{"fields": obj{"a": obj{"source": "users.a"}},
		"filters": obj{"paying": obj{"source": "users.plan", "function": "IsNull"}}, "filter_logic": "payin"})})
	want := []string{`did you mean "postgresql"?`, `did you mean "paying"?`}
	if d := cmp.Diff(want, c.all); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

type fixes struct {
	checker
	all []string
}

func (c *fixes) Error(_ resource.Path, _, _, _, fix string) { c.add(fix) }
func (c *fixes) Warn(_ resource.Path, _, _, _, fix string)  { c.add(fix) }
func (c *fixes) add(fix string) {
	if fix != "" {
		c.all = append(c.all, fix)
	}
}

func TestCheckRole(t *testing.T) {
	for name, want := range map[string][]string{
		"Analyst": nil,
		"admin":   nil, // not the service's, as far as anybody knows
		"Admin":   {"system-role at name"},
		" Viewer": {"system-role at name"},
	} {
		if d := cmp.Diff(want, check(&Role, obj{"name": name}, nil)); d != "" {
			t.Errorf("%q (-want +got):\n%s", name, d)
		}
	}
}

func TestCheckUser(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   obj
		want []string
	}{
		{"roles", obj{"email": "ada@example.com", "roles": []any{"a"}}, nil},
		{"the older word", obj{"email": "ada@example.com", "role": "admin"}, nil},
		{"no roles", obj{"email": "ada@example.com", "roles": []any{}}, []string{"no-roles at roles"}},
		{"both", obj{"email": "ada@example.com", "roles": []any{"a"}, "role": "user"}, []string{"role-and-roles at role"}},
		{"no address", obj{"email": "ada"}, []string{"bad-email at email"}},
		{"no host", obj{"email": "ada@"}, []string{"bad-email at email"}},
		{"a space", obj{"email": "ada l@example.com"}, []string{"bad-email at email"}},
		{"missing", obj{}, nil}, // the table says so
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, check(&User, tt.in, nil)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckWebhook(t *testing.T) {
	for endpoint, want := range map[string][]string{
		"https://hooks.example.com/x?y=z": nil,
		"":                                nil, // the table says so
		"http://hooks.example.com":        {"warn clear-endpoint at endpoint"},
		"hooks.example.com":               {"bad-endpoint at endpoint"},
		"ftp://hooks.example.com":         {"bad-endpoint at endpoint"},
		"https://":                        {"bad-endpoint at endpoint"},
		"https://a b":                     {"bad-endpoint at endpoint"},
	} {
		if d := cmp.Diff(want, check(&Webhook, obj{"endpoint": endpoint}, nil)); d != "" {
			t.Errorf("%q (-want +got):\n%s", endpoint, d)
		}
	}
}

func TestCheckErrorSubscribers(t *testing.T) {
	got := check(&ErrorSubscribers, obj{"emails": []any{"a@example.com", "b"}}, nil)
	if d := cmp.Diff([]string{"bad-email at emails[1]"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestCheckPolicy(t *testing.T) {
	one := []any{"a"}
	for _, tt := range []struct {
		name string
		in   obj
		want []string
	}{
		{"no actions", obj{"name": "N"}, nil},
		{"all actions", obj{"name": "N", "actions": obj{"apply_policy": one, "create": one, "delete": one, "edit": one, "sync_to": one, "trigger": one}}, nil},
		{"a slip", obj{"name": "N", "actions": obj{"edit": one, "triger": one}}, []string{"warn unknown-action at actions.triger"}},
		{"nothing like it", obj{"name": "N", "actions": obj{"fly.by": one}}, []string{`warn unknown-action at actions."fly.by"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, check(&Policy, tt.in, nil)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
