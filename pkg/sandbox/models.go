package sandbox

import (
	"net/http"
	"slices"
)

func (s *Server) modelRoutes() {
	s.handle("GET /api/models", listModels)
	s.handle("POST /api/models", createModel)
	s.handle("GET /api/models/{id}", getModel)
	s.handle("PUT /api/models/{id}", updateModel)
	s.handle("DELETE /api/models/{id}", deleteModel)
	s.handle("GET /api/models/{id}/sample", sampleModel)
	s.handle("POST /api/model-preview", previewModel)
	s.handle("GET /api/jobs/{type}/{id}", getJob)
	s.sourceRoutes()
}

func listModels(c *call) (*answer, error) {
	records, next, err := c.page(c.list(kindModel), c.s.opts.Switches.ListPaging)
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, r := range records {
		view := c.modelView(r)
		if !c.s.opts.Switches.ModelListFields {
			delete(view, "fields")
		}
		items = append(items, view)
	}
	return c.pageAnswer(items, next), nil
}

func getModel(c *call) (*answer, error) {
	r, err := c.find(kindModel, "id", "model")
	if err != nil {
		return nil, err
	}
	return data(c.modelView(r)), nil
}

func createModel(c *call) (*answer, error) {
	return c.asJob("createmodel", func() (*record, any, error) {
		r := c.create(kindModel)
		if err := c.writeModel(r, nil); err != nil {
			return nil, nil, err
		}
		c.change.put(r)
		return r, c.modelView(r), nil
	})
}

func updateModel(c *call) (*answer, error) {
	old, err := c.find(kindModel, "id", "model")
	if err != nil {
		return nil, err
	}
	return c.asJob("updatemodel", func() (*record, any, error) {
		r, err := c.replaceModel(old)
		if err != nil {
			return nil, nil, err
		}
		c.change.put(r)
		return r, c.modelView(r), nil
	})
}

// replaceModel returns the model as the call's body makes it.
func (c *call) replaceModel(old *record) (*record, error) {
	read(c.body).flag("refresh") // the sandbox always looks anew
	r := c.update(old)
	if err := c.writeModel(r, old); err != nil {
		return nil, err
	}
	return r, nil
}

// deleteModel asks nobody: syncs that use the model break, unless the switches have it
// guarded.
func deleteModel(c *call) (*answer, error) {
	r, err := c.find(kindModel, "id", "model")
	if err != nil {
		return nil, err
	}
	for _, m := range c.list(kindModel) {
		joined := func(rel map[string]any) bool { return text(object(rel, "to"), "model_id") == r.ID }
		relations := objects(m.Body, "relations")
		switch {
		case m.ID == r.ID || !slices.ContainsFunc(relations, joined):
		case c.s.opts.Switches.GuardModels:
			return nil, conflict("model %q is joined to it", text(m.Body, "name"))
		case c.s.opts.Switches.DropDeletedRelations:
			m = m.clone()
			kept := []any{}
			for _, rel := range relations {
				if !joined(rel) {
					kept = append(kept, rel)
				}
			}
			m.Body["relations"] = kept
			c.change.put(m)
		}
	}
	for _, sync := range c.list(kindSync) {
		if c.s.opts.Switches.GuardModels && oneOf(r.ID, modelIDs(sync.Body)) {
			return nil, conflict("sync %q uses it", text(sync.Body, "name"))
		}
	}
	c.remove(r)
	return &answer{}, nil
}

// previewModel answers what a model would be, and stores nothing.
func previewModel(c *call) (*answer, error) {
	return c.asJob("previewmodel", func() (*record, any, error) {
		r := c.create(kindModel)
		if err := c.writeModel(r, nil); err != nil {
			return nil, nil, err
		}
		view := c.modelView(r)
		for _, name := range []string{"id", "version", "created_at", "created_by", "updated_at", "updated_by"} {
			delete(view, name)
		}
		if c.sourceOf(r).open {
			view["fields"] = []any{} // as getSourceFields
		}
		return r, view, nil
	})
}

// writeModel checks the body and stores it in r. old is nil on create.
func (c *call) writeModel(r, old *record) error {
	in := c.readInto(r).required("name", "connection_id", "configuration")
	name := in.text("name")
	connID := in.uuid("connection_id")
	configuration := in.object("configuration")
	fields := in.words("fields")
	tracking := in.words("tracking_columns")
	identifier := in.text("identifier")
	labels := in.uuids("labels")
	policies := in.uuids("policies")
	in.each("additional_fields", func(f *reader) {
		f.required("name", "label", "type")
		f.text("name")
		f.text("label")
		f.text("type")
		f.rest(f.m)
	})
	in.each("relations", func(rel *reader) {
		rel.required("from", "to").text("from")
		to := rel.in("to").required("model_id", "field")
		to.uuid("model_id")
		to.text("field")
		rel.rest(rel.m)
		to.rest(to.m)
	})
	if *in.err != nil {
		return *in.err
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	if err := c.newName(r, name, c.list(kindModel)); err != nil {
		return err
	}
	if err := c.checkPolicies(r, policies); err != nil {
		return declared(http.StatusBadRequest, err)
	}
	conn := c.get(kindConnection, connID)
	if conn == nil {
		return badRequest("connection_id: no such connection")
	}
	at, err := c.lookup(conn, configuration)
	if err != nil {
		return err
	}
	r.Body = in.rest(map[string]any{
		"name": name, "connection_id": connID, "configuration": configuration, "identifier": identifier,
		"fields": anys(fields), "tracking_columns": anys(tracking), "labels": anys(labels), "policies": anys(policies),
		"additional_fields": list(c.body, "additional_fields"), "relations": list(c.body, "relations"),
	})
	if err := c.remember(r, conn, at); err != nil {
		return err
	}
	if err := c.checkModelFields(r, at); err != nil {
		return err
	}
	if err := c.checkRelations(r, at); err != nil {
		return err
	}
	if in.has("enricher") {
		if err := c.writeEnricher(r, in.in("enricher")); err != nil {
			return err
		}
	}
	r.State["version"] = jsonNumber(1)
	if old != nil {
		r.State["version"] = jsonNumber(number(old.State, "version") + 1)
	}
	return nil
}

// checkModelFields refuses names that the source does not have.
func (c *call) checkModelFields(r *record, at *found) error {
	unknown := func(where, name string) error {
		p := badRequest("%s: the source has no field %q", where, name)
		p.upstream = true
		return p
	}
	own := map[string]bool{}
	for _, extra := range objects(r.Body, "additional_fields") {
		if own[text(extra, "name")] {
			return badRequest("additional_fields: %q stands there twice", text(extra, "name"))
		}
		own[text(extra, "name")] = true
	}
	for _, name := range words(r.Body, "fields") {
		if !at.has(name) && !own[name] {
			return unknown("fields", name)
		}
	}
	for _, name := range words(r.Body, "tracking_columns") {
		if !at.has(name) && !own[name] {
			return unknown("tracking_columns", name)
		}
	}
	if name := text(r.Body, "identifier"); name != "" && !at.has(name) && !own[name] {
		return unknown("identifier", name)
	}
	return nil
}

// checkRelations refuses relations that lead nowhere. A join key need not be among the
// selected fields. [API dossier 19]
func (c *call) checkRelations(r *record, at *found) error {
	for _, rel := range objects(r.Body, "relations") {
		from, to := text(rel, "from"), object(rel, "to")
		own := slices.ContainsFunc(objects(r.Body, "additional_fields"), func(f map[string]any) bool { return text(f, "name") == from })
		if !at.has(from) && !own {
			p := badRequest("relations: the source has no field %q", from)
			p.upstream = true
			return p
		}
		other := c.get(kindModel, text(to, "model_id"))
		if other == nil {
			return badRequest("relations: no such model")
		}
		if name := text(to, "field"); !c.reads(other).has(name) {
			return badRequest("relations: model %q has no field %q", text(other.Body, "name"), name)
		}
	}
	return nil
}

// writeEnricher checks and stores the model's enrichment. One without its id is a new
// one, even if the model had one before.
func (c *call) writeEnricher(r *record, in *reader) error {
	in.required("connection_id")
	id, configuration := in.uuid("enricher_id"), in.object("configuration")
	connID, mappings := in.uuid("connection_id"), in.object("mappings")
	if *in.err != nil {
		return *in.err
	}
	conn := c.get(kindConnection, connID)
	if conn == nil {
		return badRequest("enricher.connection_id: no such connection")
	}
	if c.s.services.of(text(conn.Body, "type")).Enrichment == nil {
		return badRequest("enricher.connection_id: this connection does not enrich")
	}
	if id == "" {
		id = c.s.opts.NewID()
	}
	r.Body["enricher"] = in.rest(map[string]any{
		"enricher_id": id, "connection_id": connID, "configuration": copyMap(configuration), "mappings": copyMap(mappings),
		"fields": list(in.m, "fields"),
	})
	return nil
}
