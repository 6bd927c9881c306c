package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

func checkSync(c resource.Checker, r *resource.Resource) {
	checkMapping(c, r)
	checkIdentity(c, r)
	checkSchedule(c, r)
	checkLogic(c, r, "filters", "filter_logic")
	checkLogic(c, r, "target_filters", "target_filter_logic")
	if mode := textOf(r.Object["mode"]); len(objectOf(r.Object["target_filters"])) > 0 && mode != "update" && r.Knows("mode") {
		c.Error("target_filters", "target-filters-mode", "target filters need mode update, not "+mode,
			"the service applies them only where records are updated and none is created",
			"set mode: update, or filter the model's records with filters")
	}
	checkJoins(c, r)
	checkSelected(c, r)
}

// checkMapping looks at each mapped field by itself.
func checkMapping(c resource.Checker, r *resource.Resource) {
	identity := textOf(objectOf(r.Object["identity"])["target"])
	fields := objectOf(r.Object["fields"])
	for _, target := range resource.Keys(fields) {
		p, f := resource.Path("fields").Child(target), objectOf(fields[target])
		switch {
		case f["source"] != nil && f["value"] != nil:
			c.Error(p, "source-and-value", "both a source and a value for "+strconv.Quote(target),
				"a field takes either a model's field or a constant", "remove one of the two")
		case f["source"] == nil && f["value"] == nil && r.Knows(p):
			c.Error(p, "no-source", "nothing to write to "+strconv.Quote(target),
				"a mapped field needs a source or a value", "write "+target+": model.field, or "+target+": {value: TEXT}")
		}
		if target == identity {
			c.Error(p, "identity-mapped", strconv.Quote(target)+" is mapped and is the identity's target too",
				"the service keeps only one of the two", "remove the mapping: the identity writes the field")
		}
	}
	if len(fields) == 0 && r.Knows("fields") {
		c.Warn("fields", "no-fields", "no field is mapped", "such a sync writes nothing but the identity", "")
	}
	for _, member := range []string{"filters", "overrides"} {
		entries := objectOf(r.Object[member])
		for _, name := range resource.Keys(entries) {
			p := resource.Path(member).Child(name)
			checkTest(c, p, objectOf(entries[name]))
			if e := objectOf(entries[name]); (e["source"] == nil) == (e["field_id"] == nil) && r.Knows(p.Child("source")) && r.Knows(p.Child("field_id")) {
				c.Error(p, "no-source", "it is not said which field "+strconv.Quote(name)+" tests",
					"it needs exactly one of source and field_id", "write source: model.field")
			}
		}
	}
	filters := objectOf(r.Object["target_filters"])
	for _, name := range resource.Keys(filters) {
		checkTest(c, resource.Path("target_filters").Child(name), objectOf(filters[name]))
	}
	t := objectOf(r.Object["target"])
	lacks := func(member string) bool { return t[member] == nil && r.Knows(resource.Path("target").Child(member)) }
	if lacks("object") && lacks("create") && lacks("new_name") {
		c.Error("target", "no-target-object", "the target names no object", "a sync writes to one object of the connection",
			"add object: ID, or create: {...} to make one")
	} else if t["object"] != nil && t["create"] != nil {
		c.Error("target.create", "object-and-create", "the target both names an object and makes one",
			"create makes a new object, whose id the service gives", "remove object or create")
	}
}

// checkTest tells of a test against nothing. What a value has to look like is not
// documented, but all others that were seen have one (API dossier 8.10).
func checkTest(c resource.Checker, p resource.Path, test resource.Object) {
	if function := textOf(test["function"]); function != "" && test["value"] == nil && !slices.Contains(loneFunctions, function) {
		c.Error(p.Child("value"), "no-value", function+" has nothing to test against", "of the functions only "+strings.Join(loneFunctions, ", ")+" look at the field alone",
			"add value:")
	}
}

// checkIdentity: API dossier 8.10, of the modes that find records again.
func checkIdentity(c resource.Checker, r *resource.Resource) {
	mode := textOf(r.Object["mode"])
	if r.Object["identity"] == nil && r.Knows("identity") && (mode == "update" || mode == "updateOrCreate") {
		c.Error("mode", "identity-missing", "mode "+mode+" needs an identity",
			"without one no record of the target can be found again", "add identity: {source: model.field, target: FIELD}")
	}
}

func checkSchedule(c resource.Checker, r *resource.Resource) {
	schedule := objectOf(r.Object["schedule"])
	frequency := textOf(schedule["frequency"])
	checkTimes(c, "schedule", schedule)
	after := objectOf(schedule["run_after"])
	if i := slices.Index(listOf(after["syncs"]), any(r.Address.Name)); i >= 0 {
		c.Error(resource.Path("schedule.run_after.syncs").Index(i), "runs-after-itself", "this sync runs after itself",
			"the service refuses that", "remove it")
	}
	if frequency == "runafter" && len(listOf(after["syncs"]))+len(listOf(after["bulk_syncs"])) == 0 && r.Knows("schedule.run_after") {
		c.Error("schedule", "run-after-missing", "frequency runafter does not say what to run after",
			"it needs at least one sync or bulk sync", "add run_after: {syncs: [NAME]}")
	}
	if frequency == "dbtcloud" && (schedule["connection"] == nil || schedule["job_id"] == nil) && r.Knows("schedule") {
		c.Error("schedule", "dbt-job-missing", "frequency dbtcloud does not say which job to follow",
			"it needs a dbt Cloud connection and a job", "add connection: NAME and job_id: NUMBER")
	}
}

func checkLogic(c resource.Checker, r *resource.Resource, member, logicMember string) {
	p, filters := resource.Path(logicMember), objectOf(r.Object[member])
	for _, name := range resource.Keys(filters) {
		if l, err := parseLogic(name); err != nil || l.name != name {
			c.Error(resource.Path(member).Child(name), "bad-filter-name", strconv.Quote(name)+" cannot be the name of a filter",
				"a filter logic could not speak of it", "use one word other than AND, OR and NOT")
			return
		}
	}
	s := textOf(r.Object[logicMember])
	if s == "" {
		return
	}
	l, err := parseLogic(s)
	if err != nil {
		c.Error(p, "bad-logic", "this logic cannot be read", err.Error(), "combine names of "+member+" with AND, OR, NOT and parentheses")
		return
	}
	used := map[string]bool{}
	l.each(func(name *string) {
		if filters[*name] == nil && !used[*name] && r.Knows(resource.Path(member).Child(*name)) {
			fix := "declare it under " + member
			if near, ok := diag.Nearest(*name, resource.Keys(filters)); ok {
				fix = "did you mean " + strconv.Quote(near) + "?"
			}
			c.Error(p, "unknown-filter", "unknown filter "+strconv.Quote(*name), member+" has no filter of that name", fix)
		}
		used[*name] = true
	})
	for _, name := range resource.Keys(filters) {
		if !used[name] {
			c.Warn(resource.Path(member).Child(name), "unused-filter", "the filter "+strconv.Quote(name)+" is not used",
				logicMember+" does not name it", "")
		}
	}
}

// sources lists the model fields that a sync uses, with their places.
func sources(o resource.Object, visit func(p resource.Path, model any, field string)) {
	at := func(p resource.Path, v any) {
		if model, field, ok := resource.SplitSource(v); ok {
			visit(p, model, field)
		}
	}
	at("identity.source", objectOf(o["identity"])["source"])
	for _, member := range []string{"fields", "filters", "overrides"} {
		entries := objectOf(o[member])
		for _, name := range resource.Keys(entries) {
			p := resource.Path(member).Child(name)
			at(p.Child("source"), objectOf(entries[name])["source"])
		}
	}
}

// checkJoins: the models of one sync have to be joined (API dossier 8.6.1).
func checkJoins(c resource.Checker, r *resource.Resource) {
	first := map[string]resource.Path{}
	var order []string
	foreign := false
	sources(r.Object, func(p resource.Path, model any, _ string) {
		name, ok := model.(string)
		if !ok {
			foreign = true // nothing is known of its relations
		} else if _, seen := first[name]; !seen {
			first[name] = p
			order = append(order, name)
		}
	})
	if foreign || len(order) < 2 {
		return
	}
	// What joins may lie on the way: a relation to a third model joins too.
	group := map[string]string{}
	var find func(string) string
	find = func(m string) string {
		if g, ok := group[m]; ok && g != m {
			return find(g)
		}
		return m
	}
	queue, seen := slices.Clone(order), map[string]bool{}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		res := c.Get(resource.Address{Kind: resource.SourceKind, Name: m})
		if res == nil {
			return // it was not wholly read, and may join them
		}
		if seen[m] {
			continue
		}
		seen[m] = true
		for _, list := range objectOf(res.Object["relations"]) {
			for _, to := range listOf(list) {
				if base, _, ok := resource.SplitSource(to); ok {
					if name, ok := base.(string); ok {
						group[find(m)] = find(name)
						queue = append(queue, name)
					}
				}
			}
		}
	}
	for _, m := range order[1:] {
		if find(m) != find(order[0]) {
			c.Error(first[m], "models-not-joined", fmt.Sprintf("nothing joins the models %q and %q", m, order[0]),
				"a sync mixes fields of several models only where relations join them",
				fmt.Sprintf("add to the model %s: relations: {FIELD: %s.FIELD}", m, order[0]))
		}
	}
}

// checkSelected warns of fields that their model does not select: the service
// may allow it (API dossier 19, point 4).
func checkSelected(c resource.Checker, r *resource.Resource) {
	sources(r.Object, func(p resource.Path, model any, field string) {
		name, _ := model.(string)
		m := c.Get(resource.Address{Kind: resource.SourceKind, Name: name})
		if m == nil {
			return
		}
		selected := listOf(m.Object["fields"])
		if len(selected) == 0 || slices.Contains(selected, any(field)) || objectOf(m.Object["additional_fields"])[field] != nil {
			return
		}
		names := make([]string, len(selected))
		for i, s := range selected {
			names[i] = textOf(s)
		}
		fix := "add it to the fields of the model"
		if near, ok := diag.Nearest(field, names); ok {
			fix += ", or did you mean " + strconv.Quote(near) + "?"
		}
		c.Warn(p, "field-not-selected", fmt.Sprintf("the model %q does not select %q", name, field),
			"the service may refuse the mapping, or write nothing", fix)
	})
}
