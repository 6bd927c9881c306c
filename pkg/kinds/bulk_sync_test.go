package kinds

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

const version2025 = "2025-09-18"

// Every member of a schema's requests has a row, in the calls of 8.13 and of 8.14.
func TestBulkSchemasAgainstContract(t *testing.T) {
	all := schemas(t)
	spelled := map[string]string{"obfuscated": "obfuscate"} // in the calls of 8.14
	rows := func(at string, members resource.Object, fields []resource.Field) {
		for name := range members {
			if to := spelled[name]; to != "" {
				name = to
			}
			known := slices.ContainsFunc(fields, func(f resource.Field) bool { return f.APIName() == name })
			if !known && name != "id" && name != "output_name" { // the key, and the service's own
				t.Errorf("%s: no row for %s", at, name)
			}
		}
	}
	names := func(schema string) resource.Object {
		out := resource.Object{}
		for name := range all[schema].Value.Properties {
			out[name] = true
		}
		return out
	}
	fields := resource.Lookup(schemaRow.Fields, "fields").Elem.Fields
	rows("PUT", names("BulkSchemaReplace"), schemaRow.Fields)
	rows("PATCH", names("BulkSchema"), schemaRow.Fields)
	rows("POST", names("BulkSchemaSelection"), schemaRow.Fields)
	rows("PATCH fields", names("BulkField"), fields)
	rows("POST fields", names("BulkFieldSelection"), fields)
	rows("filters", names("BulkFilter"), resource.Lookup(schemaRow.Fields, "filters").Elem.Fields)
	for i := range schemaRow.Fields {
		if f := &schemaRow.Fields[i]; f.Name != "filters" && all["BulkSchema"].Value.Properties[f.APIName()] == nil {
			t.Errorf("the contract has no %s", f.APIName())
		}
	}
	for enum, field := range map[string]*resource.Field{
		"BulkSelectiveMode": resource.Lookup(additionalRow.Fields, "selective_mode"), "BulkScheduleSyncMode": resource.Lookup(additionalRow.Fields, "resync_mode"),
	} {
		var want []string
		for _, v := range all[enum].Value.Enum {
			want = append(want, v.(string))
		}
		if d := cmp.Diff(want, field.Enum); d != "" {
			t.Errorf("%s (-contract +table):\n%s", enum, d)
		}
	}
	// Of the frequencies those that wait for something else are none for bulk syncs.
	var want []string
	for _, v := range all["ScheduleFrequency"].Value.Enum {
		if v != "runafter" && v != "dbtcloud" {
			want = append(want, v.(string))
		}
	}
	if d := cmp.Diff(want, bulkScheduleRow.Fields[0].Enum); d != "" {
		t.Errorf("frequencies (-contract +table):\n%s", d)
	}
}

// One manifest, the schedules of two versions (API dossier 4), and back.
func TestSchedulesOfVersions(t *testing.T) {
	daily, hourly := obj{"frequency": "daily", "hour": "8"}, obj{"frequency": "hourly", "minute": "15"}
	inc := func(o obj) obj { return with(o, obj{"selective_mode": "incrementalFields"}) }
	for _, tt := range []struct {
		name         string
		in           obj
		older, newer obj // the body's members
		wrong        string
	}{
		{name: "one", in: obj{"schedule": daily}, older: obj{"schedule": daily}, newer: obj{"default_schedule": daily}},
		{name: "and another", in: obj{"schedule": daily, "additional_schedules": obj{"often": inc(hourly)}},
			older: obj{"schedule": obj{"frequency": "multi", "multi": obj{"schedules": []any{
				obj{"item": "none", "schedule": daily}, obj{"item": "incrementalFields", "schedule": hourly}}}}},
			newer: obj{"default_schedule": daily, "additional_schedules": []any{inc(hourly)}}},
		{name: "no first", in: obj{"schedule": obj{"frequency": "multi", "multi_type": "x"}, "additional_schedules": obj{"all": daily, "often": inc(hourly)}},
			older: obj{"schedule": obj{"frequency": "multi", "multi": obj{"type": "x", "schedules": []any{
				obj{"item": "none", "schedule": daily}, obj{"item": "incrementalFields", "schedule": hourly}}}}},
			wrong: "multi_type"},
		{name: "multi", in: obj{"schedule": obj{"frequency": "multi"}, "additional_schedules": obj{"often": inc(hourly)}},
			older: obj{"schedule": obj{"frequency": "multi", "multi": obj{"schedules": []any{obj{"item": "incrementalFields", "schedule": hourly}}}}},
			newer: obj{"default_schedule": obj{"frequency": "multi"}, "additional_schedules": []any{inc(hourly)}}},
		{name: "of some schemas", in: obj{"schedule": daily, "additional_schedules": obj{"weekly": with(hourly, obj{"schemas": []any{"a"}, "resync_mode": "rebuild"})}},
			newer: obj{"default_schedule": daily, "additional_schedules": []any{with(hourly, obj{"schemas": []any{"a"}, "resync_mode": "rebuild"})}},
			wrong: "neither schemas nor resync_mode"},
		{name: "the ordinary way of copying", in: obj{"schedule": daily, "additional_schedules": obj{"often": with(hourly, obj{"resync_mode": "normal"})}},
			older: obj{"schedule": obj{"frequency": "multi", "multi": obj{"schedules": []any{obj{"item": "none", "schedule": daily}, obj{"item": "none", "schedule": hourly}}}}},
			newer: obj{"default_schedule": daily, "additional_schedules": []any{with(hourly, obj{"resync_mode": "normal"})}}},
		{name: "discover", in: obj{"schedule": daily, "discover": true}, older: obj{"schedule": daily, "discover": true}, wrong: "automatically_add_new_objects"},
		{name: "no discover", in: obj{"schedule": daily, "discover": false}, older: obj{"schedule": daily, "discover": false}, newer: obj{"default_schedule": daily}},
	} {
		for version, want := range map[string]obj{version2024: tt.older, version2025: tt.newer} {
			t.Run(tt.name+" in "+version, func(t *testing.T) {
				o := with(obj{"name": "N", "source": obj{"connection": "pg"}, "destination": obj{"connection": "pg"}}, resource.Clone(tt.in))
				body, err := BulkSync.Encode(o, ids, true)
				if err != nil {
					t.Fatal(err)
				}
				if err := BulkSync.Form(version, body); (err != nil) != (want == nil) || err != nil && !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("Form: %v", err)
				}
				if want == nil {
					return
				}
				got := obj{}
				for _, key := range []string{"schedule", "default_schedule", "additional_schedules", "discover"} {
					if body[key] != nil {
						got[key] = body[key]
					}
				}
				if d := cmp.Diff(want, resource.Normalize(got)); d != "" {
					t.Fatalf("body (-want +got):\n%s", d)
				}
				live := BulkSync.Decode(overTheWire(t, body), index)
				BulkSync.Align(live, o)
				w, g := said(BulkSync.Fields, o, o, live)
				if d := cmp.Diff(w, g); d != "" {
					t.Errorf("read back (-want +got):\n%s", d)
				}
			})
		}
	}
}

func with(o obj, more obj) obj {
	out := resource.Clone(o)
	for key, v := range more {
		out[key] = v
	}
	return out
}

// The schemas are changed by a call of their own, which says all of each, for
// what it leaves out would be cleared, and fields that it does not list enabled.
func TestFollowBulkSync(t *testing.T) {
	on := obj{"enabled": true}
	fields := obj{"a": on, "b": obj{"enabled": false}}
	for _, tt := range []struct {
		name          string
		before, after obj // schemas; nil before is a new bulk sync
		want          []any
	}{
		{name: "new", after: obj{"x": on}},
		{name: "new, with a name", after: obj{"x": on, "y": obj{"output_name": "z"}}, want: []any{obj{"id": "y", "enabled": true, "user_output_name": "z"}}},
		{name: "new, with a field's name", after: obj{"y": obj{"fields": obj{"a": obj{"output_name": "z", "obfuscate": true}}}},
			want: []any{obj{"id": "y", "enabled": true, "fields": []any{obj{"id": "a", "enabled": true, "obfuscated": true, "user_output_name": "z"}}}}},
		{name: "nothing changes", before: obj{"x": on, "y": obj{"enabled": true, "fields": fields}}, after: obj{"x": on, "y": obj{"enabled": true, "fields": fields}}},
		{name: "a name is said again", before: obj{"y": obj{"output_name": "z"}}, after: obj{"y": obj{"output_name": "z"}},
			want: []any{obj{"id": "y", "enabled": true, "user_output_name": "z"}}},
		{name: "one changes", before: obj{"x": on, "y": obj{"enabled": true, "fields": fields, "partition_key": "k"}},
			after: obj{"x": on, "y": obj{"enabled": false, "fields": fields, "partition_key": "k", "filters": obj{"f": obj{"field": "a", "function": "IsNull"}}}},
			want: []any{obj{"id": "y", "enabled": false, "partition_key": "k", "fields": []any{obj{"id": "a", "enabled": true}, obj{"id": "b", "enabled": false}},
				"filters": []any{obj{"field_id": "a", "function": "IsNull"}}}}},
		{name: "what nobody knows goes along", before: obj{"y": obj{"enabled": true, "brand_new": obj{"x": int64(1)}, "fields": obj{"a": obj{"enabled": true, "newer": "n"}}}},
			after: obj{"y": obj{"enabled": false, "brand_new": obj{"x": int64(1)}, "fields": obj{"a": obj{"enabled": true, "newer": "n"}}}},
			want:  []any{obj{"id": "y", "enabled": false, "brand_new": obj{"x": int64(1)}, "fields": []any{obj{"id": "a", "enabled": true, "newer": "n"}}}}},
		{name: "nobody says", before: nil, after: nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before obj
			if tt.before != nil {
				before = obj{"schemas": tt.before}
			}
			calls, err := BulkSync.FollowCalls(before, obj{"schemas": tt.after}, ids)
			if err != nil {
				t.Fatal(err)
			}
			var want []resource.Call
			if tt.want != nil {
				want = []resource.Call{{Method: "PATCH", Path: []string{"schemas"}, Body: obj{"schemas": tt.want}}}
			}
			if d := cmp.Diff(want, calls); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// What nobody manages is not asked for; what an update sends back is.
func TestReadBulkSync(t *testing.T) {
	stored := map[string]map[string]any{}
	for id, enabled := range map[string]bool{"a": true, "b": true, "c": false, "d": false} {
		stored[id] = map[string]any{"id": id, "enabled": enabled, "fields": []any{obj{"id": "f", "enabled": true, "obfuscated": false, "output_name": "F"}}, "filters": nil}
	}
	full := obj{"fields": []any{obj{"id": "f", "enabled": true, "obfuscate": false}}}
	managed := func(schemas obj) obj { return obj{"schemas": schemas} }
	for _, tt := range []struct {
		name  string
		whole bool
		known []resource.Object
		asked []string
	}{
		{name: "unmanaged", known: []resource.Object{{}, {}}},
		{name: "unmanaged and to be written", whole: true, asked: []string{"a", "b"}},
		{name: "which", known: []resource.Object{managed(obj{"a": obj{"enabled": true}, "c": obj{"enabled": false}})}, asked: []string{}},
		{name: "which, before", known: []resource.Object{{}, managed(obj{"a": obj{"enabled": true}})}, asked: []string{}},
		{name: "fields", known: []resource.Object{managed(obj{"a": obj{"fields": obj{}}, "c": obj{"filters": obj{}}})}, asked: []string{"a", "c"}},
		{name: "to be turned on", whole: true, known: []resource.Object{managed(obj{"c": obj{"enabled": true}})}, asked: []string{"a", "b", "c"}},
		{name: "of no such schema", known: []resource.Object{managed(obj{"z": obj{"fields": obj{}}})}, asked: []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var (
				mu    sync.Mutex
				asked []string
			)
			answer := map[string]any{"id": "x"}
			err := BulkSync.Read(func(query map[string]string, path ...string) (any, error) {
				mu.Lock()
				defer mu.Unlock()
				if asked == nil {
					asked = []string{}
				}
				if len(path) == 2 {
					asked = append(asked, path[1])
				}
				return getterOf(stored)(query, path...)
			}, answer, tt.whole, tt.known...)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(asked)
			if d := cmp.Diff(tt.asked, asked); d != "" {
				t.Errorf("asked (-want +got):\n%s", d)
			}
			if tt.asked == nil {
				if answer["schemas"] != nil {
					t.Errorf("answer: %v", answer)
				}
				return
			}
			for _, v := range listOf(answer["schemas"]) {
				s := objectOf(v)
				want := obj{"id": s["id"], "enabled": stored[textOf(s["id"])]["enabled"]}
				if slices.Contains(asked, textOf(s["id"])) {
					want = with(want, with(full, obj{"filters": nil}))
				}
				if d := cmp.Diff(want, s); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			}
		})
	}
	broken := errors.New("broken")
	for n := range 3 {
		calls := 0
		var mu sync.Mutex
		err := BulkSync.Read(func(query map[string]string, path ...string) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls > n {
				return nil, broken
			}
			return getterOf(stored)(query, path...)
		}, map[string]any{}, true)
		if !errors.Is(err, broken) {
			t.Errorf("broken after %d: %v", n, err)
		}
	}
	// One that went in between is as the list had it.
	answer := map[string]any{}
	if err := BulkSync.Read(func(_ map[string]string, path ...string) (any, error) {
		if len(path) == 2 {
			return nil, nil
		}
		return []any{obj{"id": "a", "enabled": true, "output_name": "A"}}, nil
	}, answer, true); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{obj{"id": "a", "enabled": true}}, answer["schemas"]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Members of schemas and fields that nobody knows are read, left alone, and sent
// only in the calls that have schemas whole.
func TestUnknownMembersOfSchemas(t *testing.T) {
	answer := map[string]any{"name": "N", "source_connection_id": "a", "destination_connection_id": "b", "schedule": obj{"frequency": "manual"},
		"schemas": []any{obj{"id": "s", "enabled": true, "brand_new": "x", "fields": []any{obj{"id": "f", "enabled": true, "newer": "********"}}}}}
	live := BulkSync.Decode(answer, index)
	s := objectOf(objectOf(live["schemas"])["s"])
	if s["brand_new"] != "x" || s["id"] != nil {
		t.Errorf("decoded as %v", s)
	}
	if _, ok := objectOf(objectOf(s["fields"])["f"])["newer"].(*resource.Secret); !ok {
		t.Errorf("a mask is no secret: %v", s)
	}
	delete(objectOf(objectOf(s["fields"])["f"]), "newer")
	body, err := BulkSync.Encode(live, ids, true)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{obj{"id": "s", "enabled": true, "fields": []any{obj{"id": "f", "enabled": true}}}}
	if d := cmp.Diff(want, body["schemas"]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What is chosen of one source says nothing of another.
func TestAlignOfAnotherSource(t *testing.T) {
	for name, tt := range map[string]struct {
		known []resource.Object
		kept  bool
	}{
		"the same":     {[]resource.Object{{"source": obj{"connection": "pg"}}}, true},
		"another":      {[]resource.Object{{"source": obj{"connection": "hub-spot"}}, {"source": obj{"connection": "pg"}}}, false},
		"nobody knows": {nil, true},
		"not said":     {[]resource.Object{{}}, true},
	} {
		live := obj{"source": obj{"connection": "pg"}, "schemas": obj{"a": obj{"enabled": true}}}
		BulkSync.Align(live, tt.known...)
		if kept := live["schemas"] != nil; kept != tt.kept {
			t.Errorf("%s: kept: %v", name, kept)
		}
	}
}

// API dossier 8.5: examples and text disagree, so both times and words count.
func TestSchemaCache(t *testing.T) {
	at := func(n int) string { return fmt.Sprintf("2024-02-08T00:00:%02dZ", n) }
	for _, tt := range []struct {
		name       string
		answer     obj
		busy, read bool
	}{
		{"refreshing", obj{"cache_status": "refreshing", "last_refresh_started": at(2), "last_refresh_finished": at(1)}, true, false},
		{"refreshing for the first time", obj{"cache_status": "refreshing", "last_refresh_started": at(2), "last_refresh_finished": nil}, true, false},
		{"fresh", obj{"cache_status": "fresh", "last_refresh_started": at(1), "last_refresh_finished": at(2)}, false, true},
		{"cached", obj{"cache_status": "cached", "last_refresh_started": at(1), "last_refresh_finished": at(1)}, false, true},
		{"the word lags behind", obj{"cache_status": "cached", "last_refresh_started": at(2), "last_refresh_finished": at(1)}, true, false},
		{"the times lag behind", obj{"cache_status": "refreshing", "last_refresh_started": at(1), "last_refresh_finished": at(2)}, true, false},
		{"started only", obj{"cache_status": "", "last_refresh_started": at(2)}, true, false},
		{"never", obj{"cache_status": "unknown", "last_refresh_started": nil, "last_refresh_finished": nil}, false, false},
		{"fresh, without times", obj{"cache_status": "fresh"}, false, false},
		{"nothing", nil, false, false},
		{"another zone", obj{"cache_status": "fresh", "last_refresh_started": "2024-02-08T01:00:00+02:00", "last_refresh_finished": "2024-02-07T23:30:00Z"}, false, true},
	} {
		if busy, read := cacheBusy(tt.answer), cacheRead(tt.answer); busy != tt.busy || read != tt.read {
			t.Errorf("%s: busy %v, read %v", tt.name, busy, read)
		}
	}
	ready, err := BulkSync.Readiness(obj{"source": obj{"connection": "pg"}}, ids, func(p resource.Path) bool { return p == "source.connection" })
	if err != nil {
		t.Fatal(err)
	}
	id, _ := ids(resource.Address{Kind: "connection", Name: "pg"})
	if d := cmp.Diff([]string{"connections", id, "schemas", "status"}, ready.Path); d != "" || ready.What != "the service reads the schemas of connection.pg" {
		t.Errorf("%+v", ready)
	}
	fresh := obj{"cache_status": "fresh", "last_refresh_started": at(1), "last_refresh_finished": at(2)}
	for refusal, want := range map[string][2]bool{ // before and after the cache was filled
		"cache refresh in progress":                    {true, true},
		"Schema Cache Refresh In Progress, try again.": {true, true},
		"the source did not provide any schemas":       {true, false},
		"mode not supported":                           {},
		"":                                             {},
	} {
		if got := [2]bool{ready.Early(refusal, nil), ready.Early(refusal, fresh)}; got != want {
			t.Errorf("%q: %v, want %v", refusal, got, want)
		}
	}
	if ready, _ := BulkSync.Readiness(obj{"source": obj{"connection": "pg"}}, ids, func(resource.Path) bool { return false }); ready != nil {
		t.Error("it waits though the source stays")
	}
}

func TestCheckBulkSync(t *testing.T) {
	sound := func(more obj) obj {
		o := with(obj{"source": "hubspot", "destination": "pg", "schedule": "manual"}, more)
		return o
	}
	none := obj{"automatically_add_new_fields": "none"}
	for _, tt := range []struct {
		name string
		with obj
		want []string
	}{
		{name: "sound"},
		{name: "schemas", with: obj{"schemas": obj{"a": true, "b": false}}},
		{name: "fields", with: with(none, obj{"schemas": obj{"a": obj{"fields": obj{"x": true}}}})},
		{name: "no schema", with: obj{"schemas": obj{}}, want: []string{"nothing-selected at schemas"}},
		{name: "no schema on", with: obj{"schemas": obj{"a": false, "b": obj{"enabled": false}}}, want: []string{"nothing-selected at schemas"}},
		{name: "no field on", with: with(none, obj{"schemas": obj{"a": obj{"fields": obj{"x": false}}, "b": obj{"fields": obj{}}}}),
			want: []string{"nothing-selected at schemas.a.fields", "nothing-selected at schemas.b.fields"}},
		{name: "no field of what is off", with: with(none, obj{"schemas": obj{"a": obj{"enabled": false, "fields": obj{"x": false}}, "b": true}})},
		{name: "fields that grow", with: obj{"schemas": obj{"a": obj{"fields": obj{"x": true}}, "b": obj{"fields": obj{"x": true}}}},
			want: []string{"warn fields-may-grow at schemas.a.fields"}},
		{name: "fields that may", with: obj{"automatically_add_new_fields": "all", "schemas": obj{"a": obj{"fields": obj{"x": true}}}}},
		{name: "more of what is off", with: with(none, obj{"schemas": obj{"a": obj{"fields": obj{"x": true, "y": obj{"enabled": false, "obfuscate": true}}}}}),
			want: []string{"warn unused-field at schemas.a.fields.y"}},
		{name: "two limits", with: obj{"schemas": obj{"a.b": obj{"disable_data_cutoff": true, "data_cutoff_timestamp": "2024-01-01T00:00:00Z"}}},
			want: []string{`two-cutoffs at schemas."a.b".disable_data_cutoff`}},
		{name: "unused member", with: obj{"schedule": obj{"frequency": "daily", "month": int64(5)}}, want: []string{"unused-schedule-member at schedule.month"}},
		{name: "no such hour", with: obj{"schedule": obj{"frequency": "daily", "hour": int64(25)}}, want: []string{"bad-time at schedule.hour"}},
		{name: "multi of nothing", with: obj{"schedule": "multi"}, want: []string{"no-schedules at schedule"}},
		{name: "multi", with: obj{"schedule": obj{"frequency": "multi", "multi_type": "x"}, "additional_schedules": obj{"a": "hourly"}}},
		{name: "another's members", with: obj{"additional_schedules": obj{"a": obj{"frequency": "hourly", "hour": int64(3), "selective_mode": "none", "resync_mode": "normal"}, "b": obj{"frequency": "weekly", "day_of_week": int64(9)}}},
			want: []string{"bad-time at additional_schedules.b.day_of_week", "unused-schedule-member at additional_schedules.a.hour"}},
		{name: "another's schemas", with: obj{"schemas": obj{"contacts": true, "deals": false}, "additional_schedules": obj{"a": obj{"frequency": "manual", "schemas": []any{"contacts", "contact", "deals"}}}},
			want: []string{"schema-not-selected at additional_schedules.a.schemas[0]", "schema-not-selected at additional_schedules.a.schemas[2]"}},
		{name: "another's schemas of all", with: obj{"additional_schedules": obj{"a": obj{"frequency": "manual", "schemas": []any{"contacts"}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, check(&BulkSync, sound(tt.with), nil)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
