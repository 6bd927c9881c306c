package sandbox

// frequencies that a schedule may have. multi is for bulk syncs.
var frequencies = []string{"manual", "continuous", "hourly", "daily", "weekly", "custom", "builder", "runafter", "multi", "dbtcloud"}

// scheduleMembers are the plain members of a schedule; all are strings.
var scheduleMembers = []string{"day_of_week", "day_of_month", "month", "hour", "minute"}

func readSchedule(in *reader) map[string]any {
	out := in.rest(map[string]any{"frequency": in.enum("frequency", frequencies)})
	for _, name := range scheduleMembers {
		if v := in.text(name); v != "" {
			out[name] = v
		}
	}
	if in.has("run_after") {
		after := in.in("run_after")
		out["run_after"] = after.rest(map[string]any{
			"sync_ids": anys(after.uuids("sync_ids")), "bulk_sync_ids": anys(after.uuids("bulk_sync_ids")),
		})
	}
	if in.has("run_after_success_only") {
		out["run_after_success_only"] = in.flag("run_after_success_only")
	}
	if id := in.uuid("connection_id"); id != "" {
		out["connection_id"] = id
	}
	if in.whole("job_id"); in.has("job_id") {
		out["job_id"] = in.m["job_id"]
	}
	return out
}

// checkSchedule refuses a schedule that cannot be kept. What an hour or a day may be is
// not documented and passes through.
func (c *call) checkSchedule(r *record) error {
	schedule := object(r.Body, "schedule")
	switch text(schedule, "frequency") {
	case "multi":
		return invalid("schedule.frequency: multi is for bulk syncs")
	case "runafter":
		after := object(schedule, "run_after")
		if len(list(after, "sync_ids"))+len(list(after, "bulk_sync_ids")) == 0 {
			return invalid("schedule.run_after: name at least one sync")
		}
		for _, id := range words(after, "sync_ids") {
			if id == r.ID {
				return invalid("schedule.run_after: a sync cannot run after itself")
			}
			if c.get(kindSync, id) == nil {
				return invalid("schedule.run_after: no such sync")
			}
		}
		for _, id := range words(after, "bulk_sync_ids") {
			if c.get(kindBulkSync, id) == nil {
				return invalid("schedule.run_after: no such bulk sync")
			}
		}
	case "dbtcloud":
		if text(schedule, "connection_id") == "" || schedule["job_id"] == nil {
			return invalid("schedule: dbtcloud needs connection_id and job_id")
		}
		if c.get(kindConnection, text(schedule, "connection_id")) == nil {
			return invalid("schedule.connection_id: no such connection")
		}
	}
	return nil
}

// scheduleView shows a schedule with all plain members, null where unset.
func (c *call) scheduleView(schedule map[string]any) map[string]any {
	view := copyMap(schedule)
	c.fillSchedule(view)
	for _, name := range append([]string{"run_after_success_only", "job_id"}, scheduleMembers...) {
		if view[name] == nil {
			view[name] = nil
		}
	}
	if schedule["frequency"] == "runafter" && view["run_after_success_only"] == nil {
		view["run_after_success_only"] = false
	}
	return view
}

// fillSchedule completes, if the switches have it so, a schedule whose members nobody
// documented.
func (c *call) fillSchedule(view map[string]any) {
	if f := view["frequency"]; !c.s.opts.Switches.FillSchedules || f != "custom" && f != "builder" {
		return
	}
	for _, name := range scheduleMembers {
		if view[name] == nil {
			view[name] = "*"
		}
	}
}

// listSchedules describes the schedules that there are.
func listSchedules(c *call) (*answer, error) {
	options := []any{}
	add := func(frequency, label, description string, required ...string) {
		properties := map[string]any{}
		for _, name := range required {
			properties[name] = map[string]any{"type": "string"}
		}
		switch frequency {
		case "runafter":
			ids := map[string]any{"type": "array", "items": map[string]any{"type": "string", "format": "uuid"}}
			properties["run_after"] = map[string]any{"type": "object", "properties": map[string]any{"sync_ids": ids, "bulk_sync_ids": ids}}
			properties["run_after_success_only"] = map[string]any{"type": "boolean"}
		case "dbtcloud":
			properties["connection_id"] = map[string]any{"type": "string", "format": "uuid"}
			properties["job_id"] = map[string]any{"type": "integer"}
		}
		schema := map[string]any{"type": "object", "properties": properties}
		if len(required) > 0 {
			schema["required"] = anys(required)
		}
		options = append(options, map[string]any{"frequency": frequency, "label": label, "description": description, "configuration": schema})
	}
	add("manual", "Manual", "Runs when started")
	add("continuous", "Continuous", "Runs again and again, at most every five minutes")
	add("hourly", "Hourly", "Runs every hour", "minute")
	add("daily", "Daily", "Runs every day", "hour", "minute")
	add("weekly", "Weekly", "Runs every week", "day_of_week", "hour", "minute")
	add("custom", "Custom", "Runs at the times that match", "minute", "hour", "day_of_month", "month", "day_of_week")
	add("runafter", "Run after", "Runs after other syncs")
	add("dbtcloud", "dbt Cloud", "Runs after a dbt Cloud job")
	return data(map[string]any{"schedule_options": options}), nil
}
