package gen

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/resource"
)

// What the tables do not say. Kinds without an entry need none.

// values makes the values at some places.
var values = map[string]func(g *generator) any{
	"user.email":                 func(g *generator) any { return g.email() },
	"error_subscribers.emails[]": func(g *generator) any { return g.email() },
	"webhook.endpoint":           func(g *generator) any { return "https://hooks.example.com/" + Name().Draw(g.T, "endpoint") },
	"webhook.enabled":            func(g *generator) any { return true }, // a call of its own says otherwise
	"connection.type":            func(g *generator) any { return rapid.SampledFrom(catalog.Types()).Draw(g.T, "type") },
	"model.labels[]":             func(g *generator) any { return g.uuid("label") },
	"model.enricher.enricher_id": func(g *generator) any { return g.uuid("enricher") },
	"sync.schedule.job_id":       func(g *generator) any { return rapid.Int64Range(1, 1e6).Draw(g.T, "job") },
}

func (g *generator) email() string { return Name().Draw(g.T, "who") + "@example.com" }

// keysOf generates the keys of the map at a place. Those that are names of the
// user's own making stand in a logic; actions are the service's.
func keysOf(what string) *rapid.Generator[string] {
	switch what {
	case "sync.filters", "sync.target_filters", "sync.overrides":
		return Name().Filter(func(s string) bool { return s != "and" && s != "or" && s != "not" })
	case "policy.actions":
		return rapid.SampledFrom([]string{"apply_policy", "create", "delete", "edit", "sync_to", "trigger"})
	}
	return Text()
}

// rules put right, kind by kind, what the members of an object are to each other.
var rules = map[string]func(g *generator, o resource.Object){
	"user": func(g *generator, o resource.Object) {
		if o["roles"] != nil {
			delete(o, "role") // the older word for it
		}
	},
	"model": func(g *generator, o resource.Object) {
		// A field is selected or of the user's own making.
		own, _ := o["additional_fields"].(resource.Object)
		fields, _ := o["fields"].([]any)
		var selected []any
		for _, f := range fields {
			if own[f.(string)] == nil {
				selected = append(selected, f)
			}
		}
		if o["fields"] = selected; len(selected) == 0 {
			delete(o, "fields")
		}
	},
	"bulk_sync": func(g *generator, o resource.Object) {
		first := o["schedule"].(resource.Object)
		more, _ := o["additional_schedules"].(resource.Object)
		if first["frequency"] == "multi" && len(more) == 0 {
			first["frequency"] = "manual"
		}
		schedule(g, first)
		for _, name := range resource.Keys(more) {
			s := more[name].(resource.Object)
			schedule(g, s, "selective_mode", "resync_mode", "schemas")
			if s["resync_mode"] != nil || s["schemas"] != nil {
				delete(o, "discover") // no version has them all
				delete(first, "multi_type")
			}
		}
		schemas, _ := o["schemas"].(resource.Object)
		for _, id := range resource.Keys(schemas) {
			fields, _ := schemas[id].(resource.Object)["fields"].(resource.Object)
			someOn(fields)
		}
		someOn(schemas)
	},
	"sync": func(g *generator, o resource.Object) {
		schedule(g, o["schedule"].(resource.Object))
		target := o["target"].(resource.Object)
		if target["create"] != nil {
			delete(target, "object")
		} else if target["object"] == nil {
			target["object"] = Text().Draw(g.T, "object")
		}
		fields := o["fields"].(resource.Object)
		for _, key := range resource.Keys(fields) { // in order, or a failure could not be repeated
			f := fields[key].(resource.Object)
			if f["source"] != nil {
				delete(f, "value")
			} else if f["value"] == nil {
				f["source"] = g.value(&resource.Field{Type: resource.SourceRef}, "source")
			}
			if f["value"] != nil {
				delete(f, "encryption_enabled") // ignored for constants
			}
		}
		if identity, ok := o["identity"].(resource.Object); ok {
			delete(fields, identity["target"].(string))
		}
		for _, member := range []string{"filters", "overrides"} {
			entries, _ := o[member].(resource.Object)
			for _, name := range resource.Keys(entries) {
				if f := entries[name].(resource.Object); f["source"] != nil {
					delete(f, "field_id")
				} else if f["field_id"] == nil {
					f["field_id"] = g.uuid("field")
				}
			}
		}
		o["filter_logic"] = logic(g, o["filters"])
		if o["mode"] != "update" {
			delete(o, "target_filters")
		}
		o["target_filter_logic"] = logic(g, o["target_filters"])
	},
}

// frequencies are the members that each frequency uses; all of a row's, or
// those that are drawn (API dossier 8.11).
var frequencies = map[string]string{
	"manual": "", "continuous": "", "hourly": "minute", "daily": "hour minute", "weekly": "day_of_week hour minute",
	"custom": "minute hour day_of_month month day_of_week", "runafter": "run_after run_after_success_only",
	"dbtcloud": "connection job_id", "builder": "minute hour day_of_month month day_of_week", "multi": "multi_type",
}

// someOn turns one of a choice on, if there is any: none would be all.
func someOn(choice resource.Object) {
	keys := resource.Keys(choice)
	for _, key := range keys {
		if choice[key].(resource.Object)["enabled"] != false {
			return
		}
	}
	if len(keys) > 0 {
		delete(choice[keys[0]].(resource.Object), "enabled")
	}
}

func schedule(g *generator, s resource.Object, also ...string) {
	frequency := s["frequency"].(string)
	used := " " + frequencies[frequency] + " " + strings.Join(also, " ") + " "
	for key := range s {
		if key != "frequency" && !strings.Contains(used, " "+key+" ") {
			delete(s, key)
		}
	}
	switch frequency {
	case "runafter":
		if s["run_after"] == nil {
			s["run_after"] = resource.Object{"syncs": []any{g.ref("sync", "run_after")}}
		}
	case "dbtcloud":
		s["connection"] = g.ref("connection", "dbt connection")
		s["job_id"] = rapid.Int64Range(1, 1e6).Draw(g.T, "job")
	}
}

// logic is text over the names of filters, or nil.
func logic(g *generator, filters any) any {
	o, _ := filters.(resource.Object)
	if len(o) == 0 || g.coin("no logic?") {
		return nil
	}
	return logicOf(g, resource.Keys(o), 3)
}

func logicOf(g *generator, names []string, depth int) string {
	op := "name"
	if depth > 0 {
		op = rapid.SampledFrom([]string{"name", "NOT", " AND ", " OR "}).Draw(g.T, "operator")
	}
	switch op {
	case "name":
		return rapid.SampledFrom(names).Draw(g.T, "filter")
	case "NOT":
		return "NOT (" + logicOf(g, names, depth-1) + ")"
	}
	parts := make([]string, rapid.IntRange(2, 3).Draw(g.T, "operands"))
	for i := range parts {
		parts[i] = "(" + logicOf(g, names, depth-1) + ")"
	}
	return strings.Join(parts, op)
}
