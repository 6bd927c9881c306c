package kinds

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// alignSync gives the service's filters and overrides, which have no names
// there, the names under which known objects hold the same.
func alignSync(live resource.Object, known ...resource.Object) {
	alignTimes(live, known)
	filters := alignMember(live, "filters", known)
	onTarget := alignMember(live, "target_filters", known)
	alignMember(live, "overrides", known)
	if s := textOf(live["filter_logic"]); s != "" {
		live["filter_logic"] = renameLogic(s, filters)
	}
	if s := textOf(live["target_filter_logic"]); s != "" {
		live["target_filter_logic"] = renameLogic(s, onTarget)
	}
	normalSync(live)
}

// alignMember renames the entries of one member: first to names under which a
// known object holds an equal entry, then to names whose entry differs in the
// value alone, in function and value, and in the field; or that are alike in the
// ways that are given. It returns old to new.
func alignMember(live resource.Object, member string, known []resource.Object, alike ...func(a, b resource.Object) bool) map[string]string {
	from := objectOf(live[member])
	if len(from) == 0 {
		return nil
	}
	renamed, taken := map[string]string{}, map[string]bool{}
	if alike == nil {
		alike = []func(a, b resource.Object) bool{sameTest, sameFunction, sameField, sameCondition}
	}
	for _, like := range alike {
		for _, k := range known {
			names := objectOf(k[member])
			for _, old := range inOrder(from) {
				if _, done := renamed[old]; done {
					continue
				}
				for _, name := range resource.Keys(names) {
					if !taken[name] && like(objectOf(from[old]), objectOf(names[name])) {
						renamed[old], taken[name] = name, true
						break
					}
				}
			}
		}
	}
	out := resource.Object{}
	for old, name := range renamed {
		out[name] = from[old]
	}
	for _, old := range inOrder(from) { // the rest keep theirs, if it is free
		if _, done := renamed[old]; !done {
			name := old
			for taken[name] {
				name += "_"
			}
			renamed[old], taken[name] = name, true
			out[name] = from[old]
		}
	}
	live[member] = out
	return renamed
}

// inOrder are the names that decoding gave, in the order of the service: "z"
// comes before "aa", and "override_9" before "override_10".
func inOrder(o resource.Object) []string {
	return slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
}

func sameTest(a, b resource.Object) bool { return sameField(a, b) && sameCondition(a, b) }

func sameCondition(a, b resource.Object) bool {
	return a["function"] == b["function"] && resource.Text(a["value"]) == resource.Text(b["value"]) &&
		resource.Text(a["override"]) == resource.Text(b["override"])
}

// alignTimes drops from a schedule what stands for every hour or day where the
// known objects, which are asked in order, say nothing of it: the service may fill
// in what a custom or builder schedule leaves out (API dossier 20).
func alignTimes(live resource.Object, known []resource.Object) {
	schedule := objectOf(live["schedule"])
	for _, k := range known {
		says := objectOf(k["schedule"])
		if says == nil {
			continue
		}
		for key := range timeRanges {
			if schedule[key] == "*" && says[key] == nil {
				delete(schedule, key)
			}
		}
		return
	}
}

func sameFunction(a, b resource.Object) bool {
	return sameField(a, b) && a["function"] == b["function"]
}

func sameField(a, b resource.Object) bool {
	for _, member := range []string{"source", "field_id", "target", "field"} {
		if resource.Text(a[member]) != resource.Text(b[member]) {
			return false
		}
	}
	return true
}
