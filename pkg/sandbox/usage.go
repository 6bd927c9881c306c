package sandbox

import (
	"net/http"
	"slices"
)

// dependant is something that uses a connection.
type dependant struct {
	what string // as used_by calls it
	r    *record
}

// dependants finds what uses a connection: its models, syncs into it, syncs that
// carry one of its models, syncs that it schedules, and bulk syncs from and into it.
func (c *call) dependants(id string) []dependant {
	var found []dependant
	models := map[string]bool{}
	for _, m := range c.list(kindModel) {
		if text(m.Body, "connection_id") == id || text(object(m.Body, "enricher"), "connection_id") == id {
			models[m.ID] = true
			found = append(found, dependant{"model", m})
		}
	}
	for _, sy := range c.list(kindSync) {
		switch {
		case text(object(sy.Body, "target"), "connection_id") == id,
			slices.ContainsFunc(modelIDs(sy.Body), func(m string) bool { return models[m] }):
			found = append(found, dependant{"sync", sy})
		case text(object(sy.Body, "schedule"), "connection_id") == id:
			found = append(found, dependant{"schedule", sy})
		}
	}
	for _, b := range c.list(kindBulkSync) {
		if text(b.Body, "source_connection_id") == id || text(b.Body, "destination_connection_id") == id {
			found = append(found, dependant{"bulk_sync", b})
		}
	}
	return found
}

// deleteConnection refuses while the connection is in use, unless it is forced: then
// it deletes the users first. [API dossier 12]
func deleteConnection(c *call) (*answer, error) {
	r, err := c.find(kindConnection, "id", "connection")
	if err != nil {
		return nil, err
	}
	force, _, err := c.boolQuery("force")
	if err != nil {
		return nil, invalid("force: want true or false") // it declares no 400
	}
	used := c.dependants(r.ID)
	if len(used) > 0 && !force {
		usedBy := []any{}
		for _, d := range used {
			usedBy = append(usedBy, map[string]any{"type": d.what, "name": d.r.Body["name"], "id": d.r.ID})
		}
		return nil, &problem{
			status: http.StatusUnprocessableEntity, key: "connection_in_use",
			message: "connection in use", metadata: map[string]any{"used_by": usedBy},
		}
	}
	for _, d := range used {
		c.remove(d.r)
	}
	c.remove(r)
	return &answer{}, nil
}

// remove stages the end of a record and of all that belongs to it.
func (c *call) remove(r *record) {
	for _, kind := range []string{kindExecution, kindBulkExecution, kindBulkSchedule, kindJob} {
		for _, child := range c.s.store.children(kind, r.ID) {
			c.change.delete(child)
		}
	}
	c.change.delete(r)
}
