package sandbox

import (
	"net/http"
	"slices"
	"strings"
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

// deleteModel asks nobody: syncs that use the model break.
func deleteModel(c *call) (*answer, error) {
	r, err := c.find(kindModel, "id", "model")
	if err != nil {
		return nil, err
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
		return r, view, nil
	})
}

// writeModel checks the body and stores it in r. old is nil on create.
func (c *call) writeModel(r, old *record) error {
	in := read(c.body).required("name", "connection_id", "configuration")
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
	})
	in.each("relations", func(rel *reader) {
		rel.required("from", "to").text("from")
		to := rel.in("to").required("model_id", "field")
		to.uuid("model_id")
		to.text("field")
	})
	if *in.err != nil {
		return *in.err
	}
	if strings.TrimSpace(name) == "" {
		return badRequest("name: must not be empty")
	}
	if err := c.ownOrganization(c.body); err != nil {
		return err
	}
	conn := c.get(kindConnection, connID)
	if conn == nil {
		return badRequest("connection_id: no such connection")
	}
	at, err := c.lookup(conn, configuration)
	if err != nil {
		return err
	}
	r.Body = map[string]any{
		"name": name, "connection_id": connID, "configuration": configuration, "identifier": identifier,
		"fields": anys(fields), "tracking_columns": anys(tracking), "labels": anys(labels), "policies": anys(policies),
		"additional_fields": list(c.body, "additional_fields"), "relations": list(c.body, "relations"),
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
	r.Body["enricher"] = map[string]any{
		"enricher_id": id, "connection_id": connID, "configuration": copyMap(configuration), "mappings": copyMap(mappings),
		"fields": list(in.m, "fields"),
	}
	return nil
}

// modelView is a model as GET, POST and PUT answer it.
func (c *call) modelView(r *record) map[string]any {
	conn := c.get(kindConnection, text(r.Body, "connection_id"))
	labels := []any{}
	for _, id := range words(r.Body, "labels") {
		labels = append(labels, map[string]any{"id": id, "name": "label " + id[:8]})
	}
	view := map[string]any{
		"id":               r.ID,
		"name":             r.Body["name"],
		"connection_id":    r.Body["connection_id"],
		"configuration":    c.answerModelConfiguration(conn, r.Body),
		"fields":           c.modelFields(r),
		"relations":        orEmpty(list(r.Body, "relations")),
		"identifier":       text(r.Body, "identifier"),
		"labels":           labels,
		"tracking_columns": orEmpty(list(r.Body, "tracking_columns")),
		"policies":         r.policies(),
		"organization_id":  r.Org,
		"version":          number(r.State, "version"),
	}
	if conn != nil {
		view["type"] = text(conn.Body, "type")
		if e := object(r.Body, "enricher"); e != nil {
			view["enricher"] = c.enricherView(r, e)
		}
	}
	r.stamps(view)
	return view
}

// modelFields lists the selected fields, in the order of the source and all of them
// if none was selected, and behind them the additional ones.
func (c *call) modelFields(r *record) []any {
	selected := words(r.Body, "fields")
	at := &found{open: true}
	if conn := c.get(kindConnection, text(r.Body, "connection_id")); conn != nil {
		if f, err := c.lookup(conn, object(r.Body, "configuration")); err == nil {
			at = f
		}
	}
	out, own := []any{}, map[string]bool{}
	for _, extra := range objects(r.Body, "additional_fields") {
		own[text(extra, "name")] = true
	}
	for _, f := range at.fields {
		if (len(selected) == 0 || oneOf(f.Name, selected)) && !own[f.Name] {
			out = append(out, fieldView(r, f, false))
		}
	}
	for _, name := range selected {
		if at.get(name) == nil && !own[name] {
			out = append(out, fieldView(r, field{Name: name, Type: "string"}, false))
		}
	}
	for _, extra := range objects(r.Body, "additional_fields") {
		f := field{Name: text(extra, "name"), Label: text(extra, "label"), Type: text(extra, "type"), Example: extra["example"]}
		out = append(out, fieldView(r, f, true))
	}
	return out
}

// fieldView is one field of what owner reads. Its id goes with owner and name.
func fieldView(owner *record, f field, added bool) map[string]any {
	label, remote := f.Label, f.Remote
	if label == "" {
		label = f.Name
	}
	if remote == "" {
		remote = f.Type
	}
	return map[string]any{
		"id": fieldID(owner.ID, f.Name), "name": f.Name, "label": label, "type": f.Type, "remote_type": remote,
		"description": "", "example": f.Example, "unique": f.Unique, "user_added": added,
		"created_at": stamp(owner.Created), "created_by": owner.CreatedBy, "updated_at": stamp(owner.Updated),
	}
}

func fieldID(owner, name string) string { return derivedID("field", owner, name) }

func (c *call) enricherView(r *record, e map[string]any) map[string]any {
	view := copyMap(e)
	fields := []any{}
	if conn := c.get(kindConnection, text(e, "connection_id")); conn != nil {
		if known := c.s.services.of(text(conn.Body, "type")).Enrichment; known != nil {
			for _, f := range known.Fields {
				fields = append(fields, fieldView(r, f, false))
			}
		}
	}
	view["fields"] = fields
	return view
}

// sampleModel answers made-up records under the ids of what they come from.
func sampleModel(c *call) (*answer, error) {
	r, err := c.find(kindModel, "id", "model")
	if err != nil {
		return nil, err
	}
	return c.asJob("samplemodel", func() (*record, any, error) {
		conn := c.get(kindConnection, text(r.Body, "connection_id"))
		if conn == nil {
			return nil, nil, badRequest("the model's connection no longer exists")
		}
		if err := c.usable(conn); err != nil {
			return nil, nil, err
		}
		row := map[string]any{}
		for _, f := range c.modelFields(r) {
			f := f.(map[string]any)
			row[text(f, "name")] = f["example"]
		}
		record := map[string]any{r.ID: row}
		if e := object(r.Body, "enricher"); e != nil {
			enriched := map[string]any{}
			for _, f := range c.enricherView(r, e)["fields"].([]any) {
				f := f.(map[string]any)
				enriched[text(f, "name")] = f["example"]
			}
			record[text(e, "enricher_id")] = enriched
		}
		return r, map[string]any{"records": []any{record}, "warnings": []any{}}, nil
	})
}

func orEmpty(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

// getJob tells how an asynchronous job stands.
func getJob(c *call) (*answer, error) {
	switch typ := c.path("type"); typ {
	case "createmodel", "updatemodel", "previewmodel", "samplemodel", "exportlogs":
		r, err := c.find(kindJob, "id", "job")
		if err != nil {
			return nil, err
		}
		if text(r.Body, "type") != typ {
			return nil, notFound("job")
		}
		left := number(r.State, "polls")
		if left > 0 {
			r = r.clone()
			r.State["polls"] = jsonNumber(left - 1)
			c.change.put(r)
			return data(map[string]any{"job_id": r.ID, "type": typ, "status": "running"}), nil
		}
		return data(map[string]any{
			"job_id": r.ID, "type": typ, "status": r.State["status"], "result": r.State["result"], "error": r.State["error"],
		}), nil
	default:
		return nil, &problem{status: http.StatusBadRequest, key: "bad_request", message: "unknown job type"}
	}
}

// asJob does work and answers with its result or, if the query says async=true, with
// a job that will tell. What only the upstream service could object to then fails the
// job and not the request.
func (c *call) asJob(typ string, work func() (*record, any, error)) (*answer, error) {
	async, _, err := c.boolQuery("async")
	if err != nil {
		return nil, err
	}
	r, result, err := work()
	if !async {
		if err != nil {
			return nil, err
		}
		return data(result), nil
	}
	job := c.create(kindJob)
	job.Body["type"] = typ
	job.State["polls"] = jsonNumber(max(c.s.opts.JobPolls, 0))
	job.State["status"], job.State["error"] = "done", nil
	if err != nil {
		p, ok := err.(*problem)
		if !ok || !p.upstream {
			return nil, err
		}
		c.change = change{}
		job.State["status"], job.State["error"] = "failed", p.message
	} else {
		job.Parent = r.ID
		job.State["result"] = result
	}
	c.change.put(job)
	return &answer{body: map[string]any{"job": map[string]any{"job_id": job.ID, "type": typ, "status": "created"}}}, nil
}
