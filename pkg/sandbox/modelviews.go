package sandbox

// modelView is a model as GET, POST and PUT answer it.
func (c *call) modelView(r *record) map[string]any {
	conn := c.get(kindConnection, text(r.Body, "connection_id"))
	labels := []any{}
	for _, id := range words(r.Body, "labels") {
		label := map[string]any{"id": id, "name": "label " + id[:8]}
		if c.s.opts.Switches.LabelIDs {
			label = map[string]any{"label_id": id}
		}
		labels = append(labels, label)
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
	return withRest(view, r.Body)
}

// modelFields lists the selected fields, in the order of the source and all of them
// if none was selected, and behind them the additional ones.
func (c *call) modelFields(r *record) []any {
	selected := words(r.Body, "fields")
	at := c.sourceOf(r)
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
		out = append(out, withRest(fieldView(r, f, true), extra))
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
	fields, chosen := []any{}, []string{}
	for _, f := range objects(e, "fields") {
		chosen = append(chosen, text(f, "name"))
	}
	if conn := c.get(kindConnection, text(e, "connection_id")); conn != nil {
		if known := c.s.services.of(text(conn.Body, "type")).Enrichment; known != nil {
			for _, f := range known.Fields {
				if len(chosen) == 0 || oneOf(f.Name, chosen) {
					fields = append(fields, fieldView(r, f, false))
				}
			}
		}
	}
	view["fields"] = fields
	return view
}

// sampleModel answers records under the ids of what they come from.
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
		rows, err := c.sample(r, conn)
		if err != nil {
			return nil, nil, err
		}
		records := []any{}
		for _, row := range rows {
			records = append(records, map[string]any{r.ID: row})
		}
		if e := object(r.Body, "enricher"); e != nil {
			enriched := map[string]any{}
			for _, f := range c.enricherView(r, e)["fields"].([]any) {
				f := f.(map[string]any)
				enriched[text(f, "name")] = f["example"]
			}
			for _, record := range records {
				record.(map[string]any)[text(e, "enricher_id")] = enriched
			}
		}
		return r, map[string]any{"records": records, "warnings": []any{}}, nil
	})
}

// sampleRows is how many rows of a real database are shown.
const sampleRows = 10

// sample returns rows of the model: one made up of examples, or those of a real database.
func (c *call) sample(model, conn *record) ([]map[string]any, error) {
	found := []map[string]any{{}}
	if config, live := c.live(conn); live {
		sv, err := c.service(conn)
		if err != nil {
			return nil, err
		}
		if found, err = c.rows(sv.Source, config, object(model.Body, "configuration"), sampleRows); err != nil {
			return nil, err
		}
	}
	fields := c.modelFields(model)
	var rows []map[string]any
	for _, from := range found {
		row := map[string]any{}
		for _, f := range fields {
			name := text(f.(map[string]any), "name")
			value, there := from[name]
			if !there {
				value = f.(map[string]any)["example"]
			}
			row[name] = value
		}
		rows = append(rows, row)
	}
	return rows, nil
}
