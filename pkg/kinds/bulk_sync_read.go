package kinds

import (
	"strings"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/polyplan/polyplan/pkg/resource"
)

// readBulkSync adds to an answer the schemas, which have calls of their own: the
// list of them, and each by itself of which fields or filters matter, for lists
// have neither (API dossier 8.14). Of the rest the answer then says nothing.
func readBulkSync(get resource.Getter, answer map[string]any, whole bool, known ...resource.Object) error {
	if !whole && !speaksOf(known, func(o resource.Object) bool { return o["schemas"] != nil }) {
		return nil
	}
	got, err := get(nil, "schemas")
	if err != nil {
		return err
	}
	list := listOf(resource.Normalize(got))
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs *multierror.Error
	)
	for i, v := range list {
		s := objectOf(v)
		id := textOf(s["id"])
		listed := speaksOf(known, func(o resource.Object) bool { return objectOf(o["schemas"])[id] != nil })
		managed := speaksOf(known, func(o resource.Object) bool {
			m := objectOf(objectOf(o["schemas"])[id])
			return m["fields"] != nil || m["filters"] != nil
		})
		delete(s, "fields")
		delete(s, "filters")
		if !managed && !(whole && (listed || s["enabled"] == true)) {
			continue
		}
		wg.Go(func() {
			one, err := get(nil, "schemas", id)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = multierror.Append(errs, err)
			} else if o := objectOf(resource.Normalize(one)); o != nil {
				list[i] = o
			}
		})
	}
	wg.Wait()
	for _, v := range list {
		readSchema(objectOf(v))
	}
	answer["schemas"] = list
	if errs != nil && len(errs.Errors) == 1 {
		return errs.Errors[0]
	}
	return errs.ErrorOrNil()
}

func speaksOf(known []resource.Object, says func(resource.Object) bool) bool {
	for _, o := range known {
		if says(o) {
			return true
		}
	}
	return false
}

// readSchema brings a schema, in place, to the form that creating a bulk sync
// has for it: without what the service makes of names, and with names for the
// filters until Align.
func readSchema(s resource.Object) {
	delete(s, "output_name")
	for _, v := range listOf(s["fields"]) {
		f := objectOf(v)
		delete(f, "output_name")
		if f["obfuscated"] != nil {
			f["obfuscate"] = f["obfuscated"]
			delete(f, "obfuscated")
		}
	}
	if list := listOf(s["filters"]); list != nil {
		filters := resource.Object{}
		for i, f := range list {
			filters[strings.ToLower(letter(i))] = f
		}
		s["filters"] = filters
	}
}
