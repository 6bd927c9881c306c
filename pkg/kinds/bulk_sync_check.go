package kinds

import (
	"fmt"
	"strconv"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

func checkBulkSync(c resource.Checker, r *resource.Resource) {
	checkBulkSchedules(c, r)
	schemas := objectOf(r.Object["schemas"])
	if r.Object["schemas"] == nil {
		return
	}
	if !anyOn(schemas) && r.Knows("schemas") {
		c.Error("schemas", "nothing-selected", "no schema is copied", "the service takes an empty list for all of them",
			"name a schema, or set active: false")
	}
	listing := resource.Path("")
	for _, id := range resource.Keys(schemas) {
		p, s := resource.Path("schemas").Child(id), objectOf(schemas[id])
		fields := objectOf(s["fields"])
		if s["fields"] != nil && s["enabled"] != false && !anyOn(fields) && r.Knows(p.Child("fields")) {
			c.Error(p.Child("fields"), "nothing-selected", "no field of "+strconv.Quote(id)+" is copied",
				"the service takes an empty list for all of them", "name a field, or write "+id+": false")
		}
		if s["fields"] != nil && listing == "" {
			listing = p.Child("fields")
		}
		if s["disable_data_cutoff"] == true && s["data_cutoff_timestamp"] != nil {
			c.Error(p.Child("disable_data_cutoff"), "two-cutoffs", "both a limit and none for "+strconv.Quote(id),
				"data_cutoff_timestamp sets what disable_data_cutoff takes away", "remove one of the two")
		}
		filters := objectOf(s["filters"])
		for _, name := range resource.Keys(filters) {
			checkTest(c, p.Child("filters").Child(name), objectOf(filters[name]))
		}
		for _, name := range resource.Keys(fields) {
			if f := objectOf(fields[name]); f["enabled"] == false && (f["obfuscate"] == true || f["output_name"] != nil) {
				c.Warn(p.Child("fields").Child(name), "unused-field", strconv.Quote(name)+" is not copied",
					"what else is said of it has no effect", "")
			}
		}
	}
	if listing != "" && r.Object["automatically_add_new_fields"] == nil && r.Knows("automatically_add_new_fields") {
		c.Warn(listing, "fields-may-grow", "fields that the source gets later are copied too",
			"that is the service's default, whatever fields are listed; the next plan turns them off again",
			"add automatically_add_new_fields: none, or all if that is meant")
	}
}

// anyOn reports whether any element of a choice is turned on.
func anyOn(choice resource.Object) bool {
	for _, v := range choice {
		if objectOf(v)["enabled"] != false {
			return true
		}
	}
	return false
}

func checkBulkSchedules(c resource.Checker, r *resource.Resource) {
	first, more := objectOf(r.Object["schedule"]), objectOf(r.Object["additional_schedules"])
	checkTimes(c, "schedule", first, "multi_type")
	if first["frequency"] == "multi" && len(more) == 0 && r.Knows("additional_schedules") {
		c.Error("schedule", "no-schedules", "frequency multi without a schedule",
			"it says that additional_schedules are all there is, and there are none", "add additional_schedules: {NAME: {frequency: ...}}")
	}
	schemas := objectOf(r.Object["schemas"])
	for _, name := range resource.Keys(more) {
		p, s := resource.Path("additional_schedules").Child(name), objectOf(more[name])
		checkTimes(c, p, s, "selective_mode", "resync_mode", "schemas")
		for i, v := range listOf(s["schemas"]) {
			id := textOf(v)
			selected := schemas[id] != nil && objectOf(schemas[id])["enabled"] != false
			if r.Object["schemas"] == nil || selected || !r.Knows(resource.Path("schemas").Child(id)) {
				continue
			}
			fix := "add it to schemas"
			if near, ok := diag.Nearest(id, resource.Keys(schemas)); ok && near != id {
				fix += ", or did you mean " + strconv.Quote(near) + "?"
			}
			c.Error(p.Child("schemas").Index(i), "schema-not-selected", fmt.Sprintf("the schema %q is not copied", id),
				"a schedule runs schemas that the bulk sync copies", fix)
		}
	}
}
