package sandbox

import "net/http"

// Schedules of bulk syncs one by one, in camelCase. [API dossier 8.15]

// scheduleWords are the members of a schedule in both spellings.
var scheduleWords = map[string]string{
	"dayOfMonth": "day_of_month", "dayOfWeek": "day_of_week", "hour": "hour", "minute": "minute", "month": "month",
}

func (s *Server) bulkScheduleRoutes() {
	const path = "/api/bulk/syncs/{id}/schedules"
	s.handle("GET "+path, listBulkSchedules)
	s.handle("POST "+path, createBulkSchedule)
	s.handle("GET "+path+"/{schedule_id}", getBulkSchedule)
	s.handle("PUT "+path+"/{schedule_id}", updateBulkSchedule)
	s.handle("DELETE "+path+"/{schedule_id}", deleteBulkSchedule)
}

// bulkSchedule returns the bulk sync and the schedule in the path.
func (c *call) bulkSchedule() (r, schedule *record, err error) {
	if r, err = c.findBulkSync(); err != nil {
		return nil, nil, err
	}
	if schedule = byID(c.schedulesOf(r), c.path("schedule_id")); schedule == nil {
		return nil, nil, notFound("schedule")
	}
	return r, schedule, nil
}

func listBulkSchedules(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, s := range c.schedulesOf(r) {
		items = append(items, c.bulkScheduleView(s))
	}
	return data(c.listed(items)), nil
}

func getBulkSchedule(c *call) (*answer, error) {
	_, s, err := c.bulkSchedule()
	if err != nil {
		return nil, err
	}
	return data(c.bulkScheduleView(s)), nil
}

// createBulkSchedule adds a schedule to those that there are.
func createBulkSchedule(c *call) (*answer, error) {
	r, err := c.findBulkSync()
	if err != nil {
		return nil, err
	}
	body, err := c.readBulkSchedule(nil)
	if err != nil {
		return nil, err
	}
	return data(c.bulkScheduleView(c.storeSchedule(r, nil, body))), nil
}

func updateBulkSchedule(c *call) (*answer, error) {
	r, old, err := c.bulkSchedule()
	if err != nil {
		return nil, err
	}
	body, err := c.readBulkSchedule(old)
	if err != nil {
		return nil, err
	}
	return data(c.bulkScheduleView(c.storeSchedule(r, old, body))), nil
}

// deleteBulkSchedule does not stop what runs. The default schedule stays with its bulk sync.
func deleteBulkSchedule(c *call) (*answer, error) {
	_, s, err := c.bulkSchedule()
	if err != nil {
		return nil, err
	}
	if flag(s.State, "default") {
		return nil, forbidden("the default schedule cannot be deleted")
	}
	c.change.delete(s)
	return &answer{}, nil
}

// readBulkSchedule reads the body. What these calls do not speak of, such as the schemas of
// an additional schedule, stays as it is in old.
func (c *call) readBulkSchedule(old *record) (map[string]any, error) {
	in := read(c.body).required("schedule")
	s := in.in("schedule").required("frequency")
	body := map[string]any{"frequency": s.enum("frequency", frequencies)}
	for camel, snake := range scheduleWords {
		if v := s.text(camel); v != "" {
			body[snake] = v
		}
	}
	if mode := s.enum("selectiveMode", selectiveModes); mode != "" {
		body["selective_mode"] = mode
	}
	if old != nil {
		for _, name := range []string{"schemas", "resync_mode"} {
			if old.Body[name] != nil {
				body[name] = old.Body[name]
			}
		}
	}
	if *in.err != nil {
		return nil, *in.err
	}
	if body["frequency"] == "multi" {
		return nil, badRequest("schedule.frequency: multi is for the bulk sync itself")
	}
	return body, declared(http.StatusBadRequest, checkPlainSchedule(body))
}

// bulkScheduleView shows no id unless the switches have it: none is declared.
func (c *call) bulkScheduleView(s *record) map[string]any {
	view := map[string]any{
		"frequency": s.Body["frequency"], "selectiveMode": "none", "isDefault": flag(s.State, "default"),
		"schemas": orEmpty(list(s.Body, "schemas")), "syncId": s.Parent, "syncMode": "normal",
		"createdAt": stamp(s.Created), "createdBy": s.CreatedBy.ID, "updatedAt": stamp(s.Updated), "updatedBy": s.UpdatedBy.ID,
		"deletedAt": nil, "deletedBy": nil,
	}
	for camel, snake := range scheduleWords {
		if v := text(s.Body, snake); v != "" {
			view[camel] = v
		}
	}
	if mode := text(s.Body, "selective_mode"); mode != "" {
		view["selectiveMode"] = mode
	}
	if mode := text(s.Body, "resync_mode"); mode != "" {
		view["syncMode"] = mode
	}
	if c.s.opts.Switches.BulkScheduleIDs {
		view["id"] = s.ID
	}
	return view
}
