package sandbox

import (
	"regexp"
	"slices"
	"strings"
)

var filterFunctions = strings.Fields(`Equality Inequality IsNull IsNotNull True False OnOrAfter OnOrBefore GreaterThan
	GreaterThanEqual LessThan LessThanEqual StringContains StringStartsWith StringEndsWith StringDoesNotContain
	StringDoesNotStartWith StringDoesNotEndWith StringOneOf StringNotOneOf Between ArrayContains ArrayDoesNotContain
	InTheLast RelativeOnOrBefore RelativeOnOrAfter StringLike StringNotLike StringMatchesTrimmed`)

// readFilters reads the filters. Labels that the client sends are ignored: the
// service gives its own. [API dossier 14]
func readFilters(in *reader) []any {
	all := []any{}
	in.each("filters", func(f *reader) {
		f.required("function")
		out := f.rest(map[string]any{
			"function":   f.enum("function", filterFunctions),
			"field_type": f.enum("field_type", []string{"Model", "Target"}),
			"field_id":   f.text("field_id"),
		})
		if out["field_type"] == "" {
			out["field_type"] = "Model"
		}
		if f.has("field") {
			out["field"] = readSource(f.in("field"))
		}
		if v, sent := f.m["value"]; sent {
			out["value"] = v
		}
		all = append(all, out)
	})
	return all
}

// readOverrides reads the conditional replacements.
func readOverrides(in *reader) []any {
	all := []any{}
	in.each("overrides", func(o *reader) {
		out := o.rest(map[string]any{"field_id": o.text("field_id"), "function": o.enum("function", filterFunctions)})
		if o.has("field") {
			out["field"] = readSource(o.in("field"))
		}
		for _, name := range []string{"value", "override"} {
			if v, sent := o.m[name]; sent {
				out[name] = v
			}
		}
		all = append(all, out)
	})
	return all
}

// checkFilters resolves what filters and overrides speak of, both ways: a field gets
// its id, an id its field. In a filter the field wins, in an override the id.
func (c *call) checkFilters(r *record, into *destination) error {
	models, targets := []string{}, []string{}
	for i, f := range objects(r.Body, "filters") {
		label := labelOf(i)
		if c.s.opts.Switches.LabelsByFieldType {
			label = labelOf(len(models))
			if f["field_type"] == "Target" {
				label = labelOf(len(targets))
			}
		}
		f["label"] = label
		if err := c.inOwnForm(f); err != nil {
			return err
		}
		if f["field_type"] == "Target" {
			targets = append(targets, label)
			if into.mode.ID != "update" {
				return invalid("filters: target filters work in mode update only")
			}
			id := text(f, "field_id")
			if id == "" {
				return invalid("filters: a target filter needs field_id")
			}
			delete(f, "field")
			tf, err := into.field("filters", id, false)
			if err != nil {
				return err
			}
			if !tf.Filterable && !into.open {
				return invalid("filters: target field %q cannot be filtered by", id)
			}
			continue
		}
		models = append(models, label)
		if object(f, "field") == nil {
			f["field"] = c.fieldByID(r.Body, text(f, "field_id"))
		}
		if err := c.resolve(f, "filters"); err != nil {
			return err
		}
	}
	for _, o := range objects(r.Body, "overrides") {
		if id := text(o, "field_id"); id != "" {
			o["field"] = c.fieldByID(r.Body, id)
		}
		if err := c.resolve(o, "overrides"); err != nil {
			return err
		}
	}
	if err := checkLogic("filter_logic", text(r.Body, "filter_logic"), models); err != nil {
		return err
	}
	return checkLogic("target.filter_logic", text(object(r.Body, "target"), "filter_logic"), targets)
}

// resolve fills in the id of the model field that part speaks of.
func (c *call) resolve(part map[string]any, where string) error {
	source := object(part, "field")
	if source == nil {
		return invalid("%s: want a field of a model, by field or by a known field_id", where)
	}
	if err := c.checkSource(where, source); err != nil {
		return err
	}
	part["field_id"] = fieldID(text(source, "model_id"), text(source, "field"))
	return nil
}

// fieldByID finds the model field with this id among the models of the organisation, or
// returns nil.
func (c *call) fieldByID(body map[string]any, id string) map[string]any {
	if id == "" {
		return nil
	}
	for _, m := range c.list(kindModel) {
		for _, f := range c.reads(m).fields {
			if fieldID(m.ID, f.Name) == id {
				return map[string]any{"model_id": m.ID, "field": f.Name}
			}
		}
	}
	return nil
}

// labelOf is the label of the n-th filter: A to Z, then AA.
func labelOf(n int) string {
	label := string(rune('A' + n%26))
	if n >= 26 {
		return labelOf(n/26-1) + label
	}
	return label
}

var logicWord = regexp.MustCompile(`[A-Za-z]+|[()]|\S`)

// checkLogic refuses logic that is no expression over these labels.
func checkLogic(where, logic string, labels []string) error {
	depth, operand := 0, true // whether an operand comes next
	for _, w := range logicWord.FindAllString(logic, -1) {
		switch {
		case w == "(" && operand:
			depth++
		case w == ")" && !operand && depth > 0:
			depth--
		case w == "NOT" && operand:
		case (w == "AND" || w == "OR") && !operand:
			operand = true
		case slices.Contains(labels, w) && operand:
			operand = false
		default:
			return invalid("%s: %q does not belong there; labels are %q", where, w, labels)
		}
	}
	if strings.TrimSpace(logic) != "" && (operand || depth > 0) {
		return invalid("%s: ends too early", where)
	}
	return nil
}

// conditions shows the filters, with their labels, and the overrides. Where empty lists
// are null, these are not there: the contract has no null for them.
func (c *call) conditions(view, body map[string]any) {
	for _, name := range []string{"filters", "overrides"} {
		if all := orEmpty(list(body, name)); len(all) > 0 || !c.s.opts.Switches.NullLists {
			view[name] = all
		}
	}
}

// inOwnForm brings a filter's value to the form that the service has for it, if the
// switches give it one: {from, to} for a range and {amount, unit} for a span of time.
// Nobody documented any.
func (c *call) inOwnForm(f map[string]any) error {
	var own map[string]any
	switch value := f["value"]; text(f, "function") {
	case "Between":
		if ends, ok := value.([]any); ok && len(ends) == 2 {
			own = map[string]any{"from": ends[0], "to": ends[1]}
		}
	case "InTheLast", "RelativeOnOrBefore", "RelativeOnOrAfter":
		span, _ := value.(string)
		if amount, unit, ok := strings.Cut(span, " "); ok {
			own = map[string]any{"amount": amount, "unit": unit}
		}
	}
	switch {
	case own == nil:
	case c.s.opts.Switches.FilterForms == "answered":
		f["value"] = own
	case c.s.opts.Switches.FilterForms == "refused":
		return invalid("filters: the value of %s has the members %q", f["function"], sortedKeys(own))
	}
	return nil
}
