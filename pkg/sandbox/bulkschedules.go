package sandbox

import "reflect"

// The schedules of a bulk sync are records below it: the default one, which its State
// marks, and additional ones. Three forms show them:
//
//	2024-02-08   schedule {frequency, multi {type, schedules [{item, schedule}]}}
//	2025-09-18   default_schedule, additional_schedules [{..., selective_mode, schemas, resync_mode}]
//	/schedules   one by one and in camelCase; see bulkscheduleitems.go
//
// The first shows additional schedules only if the frequency is multi. Nobody documented
// how the forms go together; this way none loses what another has set.

var (
	selectiveModes    = []string{"none", "incrementalFields", "nonincrementalFields"}
	scheduleSyncModes = []string{"normal", "refetch", "resync", "rebuild"}
)

// bulkSchedules are schedules as a request has them.
type bulkSchedules struct {
	first map[string]any
	more  []map[string]any
	older bool // in the form of 2024-02-08
}

// readPlainSchedule reads the members that every schedule has.
func readPlainSchedule(in *reader) map[string]any {
	out := in.rest(map[string]any{"frequency": in.required("frequency").enum("frequency", frequencies)})
	for _, name := range scheduleMembers {
		if v := in.text(name); v != "" {
			out[name] = v
		}
	}
	return out
}

// readSchedules reads the schedules in the form of the version.
func (c *call) readSchedules(in *reader) *bulkSchedules {
	if c.version == Version2025 {
		out := &bulkSchedules{first: readPlainSchedule(in.in("default_schedule"))}
		in.each("additional_schedules", func(s *reader) {
			one := readPlainSchedule(s)
			if id := s.text("id"); id != "" {
				one["id"] = id
			}
			if mode := s.enum("selective_mode", selectiveModes); mode != "" {
				one["selective_mode"] = mode
			}
			if mode := s.enum("resync_mode", scheduleSyncModes); mode != "" {
				one["resync_mode"] = mode
			}
			if ids := s.words("schemas"); len(ids) > 0 {
				one["schemas"] = anys(ids)
			}
			out.more = append(out.more, one)
		})
		return out
	}
	schedule := in.in("schedule")
	out := &bulkSchedules{first: readPlainSchedule(schedule), older: true}
	if schedule.has("multi") {
		multi := schedule.in("multi")
		if typ := multi.text("type"); typ != "" {
			out.first["multi_type"] = typ
		}
		multi.each("schedules", func(s *reader) {
			item := s.enum("item", selectiveModes)
			one := readPlainSchedule(s.required("schedule").in("schedule"))
			if item != "" {
				one["selective_mode"] = item
			}
			out.more = append(out.more, one)
		})
	}
	return out
}

// check refuses schedules that a bulk sync cannot have. What an hour or a day may be is not
// documented and passes through.
func (b *bulkSchedules) check() error {
	multi := b.first["frequency"] == "multi"
	switch {
	case b.older && multi && len(b.more) == 0:
		return invalid("schedule.multi.schedules: name at least one schedule")
	case b.older && !multi && len(b.more) > 0:
		return invalid("schedule.multi: goes with frequency multi only")
	}
	for _, one := range b.more {
		if one["frequency"] == "multi" {
			return invalid("schedule: multi cannot stand inside another")
		}
		if err := checkPlainSchedule(one); err != nil {
			return err
		}
	}
	return checkPlainSchedule(b.first)
}

func checkPlainSchedule(one map[string]any) error {
	if f := text(one, "frequency"); f == "runafter" || f == "dbtcloud" {
		return invalid("schedule.frequency: %s is not for bulk syncs", f)
	}
	return nil
}

// schedulesOf are the schedules of a bulk sync, the default one first.
func (c *call) schedulesOf(r *record) []*record { return c.s.store.children(kindBulkSchedule, r.ID) }

// storeSchedules stages what makes the schedules of r those of a request, and returns them
// as they then are. Records that stay as they were are left alone; an additional schedule
// is known again by its id or, where it has none, by its place.
func (c *call) storeSchedules(r *record, want *bulkSchedules) []*record {
	before := c.schedulesOf(r)
	var first *record
	if len(before) > 0 {
		first, before = before[0], before[1:]
	}
	wasMulti := first != nil && first.Body["frequency"] == "multi"
	if wasMulti && !want.older && want.first["frequency"] == "multi" && first.Body["multi_type"] != nil {
		want.first["multi_type"] = first.Body["multi_type"] // the later form has no word for it
	}
	out := []*record{c.storeSchedule(r, first, want.first)}
	out[0].State["default"] = true
	if want.older && !wasMulti && want.first["frequency"] != "multi" {
		return append(out, before...) // that form does not speak of them
	}
	for i, body := range want.more {
		var old *record
		if want.older && i < len(before) {
			old = before[i]
		} else if !want.older {
			old = byID(before, text(body, "id"))
		}
		delete(body, "id")
		out = append(out, c.storeSchedule(r, old, body))
	}
	for _, old := range before {
		if byID(out, old.ID) == nil {
			c.change.delete(old)
		}
	}
	return out
}

// storeSchedule stages one schedule of r, a new one if old is nil.
func (c *call) storeSchedule(r, old *record, body map[string]any) *record {
	if old != nil && reflect.DeepEqual(old.Body, body) {
		return old.clone()
	}
	one := c.create
	if old != nil {
		one = func(string) *record { return c.update(old) }
	}
	s := one(kindBulkSchedule)
	s.Parent, s.Body = r.ID, body
	c.change.put(s)
	return s
}

// schedulesView is the form of 2025-09-18.
func (c *call) schedulesView(schedules []*record) (first map[string]any, more []any) {
	more = []any{}
	for i, s := range schedules {
		view := copyMap(s.Body)
		delete(view, "multi_type")
		view["id"] = s.ID
		c.fillSchedule(view)
		s.stamps(view)
		if i == 0 {
			first = view
		} else {
			more = append(more, view)
		}
	}
	return first, more
}

// multiView is the form of 2024-02-08.
func (c *call) multiView(schedules []*record) map[string]any {
	if len(schedules) == 0 {
		return nil
	}
	view := c.plainSchedule(schedules[0].Body)
	if view["frequency"] == "multi" {
		items := []any{}
		for _, s := range schedules[1:] {
			item := text(s.Body, "selective_mode")
			if item == "" {
				item = "none"
			}
			items = append(items, map[string]any{"item": item, "schedule": c.plainSchedule(s.Body)})
		}
		view["multi"] = map[string]any{"type": text(schedules[0].Body, "multi_type"), "schedules": items}
	}
	return view
}

func (c *call) plainSchedule(body map[string]any) map[string]any {
	view := withRest(map[string]any{"frequency": body["frequency"]}, body)
	for _, name := range scheduleMembers {
		if v := text(body, name); v != "" {
			view[name] = v
		}
	}
	c.fillSchedule(view)
	return view
}
