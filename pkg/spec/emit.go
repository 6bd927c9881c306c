package spec

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Emit writes a fresh manifest that declares the set: sections in the order of
// kinds, resources by name, fields in the order of their tables, short forms
// where they say the same. What [Load] would fill in is left out, and each
// secret is a ${env.NAME} of the name that [SecretEnv] gives it. Load reads
// back the same set, but for the secrets' values.
//
// References must be in canonical form; that their resources are in the set is
// for the caller to see to. It fails for an object that YAML cannot say.
func Emit(w io.Writer, kinds []*resource.Kind, set resource.Set) error {
	root := &tree{block: true}
	root.put(keyVersion, &tree{text: strconv.Itoa(Version)})
	for _, k := range kinds {
		section := &tree{block: true, spaced: true}
		for _, a := range set.Addresses() {
			if a.Kind != k.Name {
				continue
			}
			e := &emitter{kind: k, r: set[a]}
			whole := e.whole()
			if e.err != nil {
				return fmt.Errorf("writing %s: %w", a, e.err)
			}
			if k.Singleton {
				root.put(k.Section, whole)
			} else {
				section.put(a.Name, whole)
			}
		}
		if len(section.keys) > 0 {
			root.put(k.Section, section)
		}
	}
	root.spaced = true
	_, err := io.WriteString(w, root.layout())
	return err
}

// SecretEnv is the name of the environment variable from which a manifest
// written by [Emit] takes the secret at p of the resource a.
func SecretEnv(a resource.Address, p resource.Path) string {
	words := []string{ownName(a)}
	steps, _ := pathSteps(string(p))
	if len(steps) > 1 && !steps[1].isIndex {
		steps = steps[1:] // "configuration" says nothing
	}
	for _, s := range steps {
		words = append(words, s.text())
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, strings.Join(words, "_"))
	return name
}

// ownName is what tells a resource from others: its name, or its kind where it
// is the only one.
func ownName(a resource.Address) string {
	if a.Name == resource.DefaultName {
		return a.Kind
	}
	return a.Name
}

// emitter turns one resource into a tree.
type emitter struct {
	kind *resource.Kind
	r    *resource.Resource
	err  error
}

func (e *emitter) whole() *tree {
	t := &tree{block: true}
	skip := map[string]bool{}
	for i := range e.kind.Fields {
		if f := &e.kind.Fields[i]; f.Keyed && e.r.Object[f.Name] == e.r.Address.Name {
			skip[f.Name] = true
		}
	}
	e.members(t, e.kind.Fields, e.r.Object, "", skip)
	if e.r.Protect {
		t.put(keyProtect, &tree{text: "true"})
	}
	if len(e.r.Unmanaged) > 0 {
		paths := &tree{isList: true}
		for _, p := range e.r.Unmanaged {
			paths.items = append(paths.items, e.text(string(p), false))
		}
		t.put(keyUnmanaged, paths)
	}
	if len(e.r.Extra) > 0 {
		t.put(keyExtra, e.free(e.r.Extra, keyExtra))
	}
	switch {
	case len(t.keys) == 0:
		t.block = false
	case e.kind.Short != "" && slices.Equal(t.keys, []string{e.kind.Short}):
		return t.values[0]
	}
	return t
}

// members puts the members of o into t: those of the table in its order, then
// the others.
func (e *emitter) members(t *tree, fields []resource.Field, o resource.Object, p resource.Path, skip map[string]bool) {
	for i := range fields {
		f := &fields[i]
		v, ok := o[f.Name]
		if !ok || v == nil || f.Computed || skip[f.Name] || f.Filled != nil && reflect.DeepEqual(v, f.Filled) {
			continue
		}
		t.put(f.Name, e.value(f, v, p.Child(f.Name)))
	}
	for _, key := range resource.Keys(o) {
		if resource.Lookup(fields, key) == nil && o[key] != nil {
			e.put(t, key, e.free(o[key], p.Child(key)))
		}
	}
}

func (e *emitter) value(f *resource.Field, v any, p resource.Path) *tree {
	if s, ok := v.(*resource.Secret); ok {
		return e.secret(s, p)
	}
	switch v := v.(type) {
	case resource.Object:
		switch f.Type {
		case resource.Struct:
			fields, _ := f.Below(e.r.Object)
			t := &tree{}
			if f.Keeps {
				v = maps.Clone(v)
				maps.DeleteFunc(v, func(key string, _ any) bool { return resource.Lookup(fields, key) == nil })
			}
			e.members(t, fields, v, p, nil)
			if _, isList := v[f.Short].([]any); f.Short != "" && !isList && slices.Equal(t.keys, []string{f.Short}) && t.values[0].isScalar() {
				return t.values[0]
			}
			return t
		case resource.Map:
			if keys, ok := allOn(f, v); ok {
				t := &tree{isList: true}
				for _, key := range keys {
					e.key(key)
					t.items = append(t.items, e.text(key, false))
				}
				return t
			}
			t := &tree{block: true}
			for _, key := range resource.Keys(v) {
				if v[key] != nil {
					e.put(t, key, e.value(f.Elem, unsaid(f, v[key]), p.Child(key)))
				}
			}
			return t
		}
	case []any:
		if f.Type != resource.List {
			break
		}
		t := &tree{isList: true}
		for i, x := range v {
			t.items = append(t.items, e.value(f.Elem, x, p.Index(i)))
		}
		if f.OneOrList && len(t.items) == 1 && !t.items[0].isList {
			return t.items[0]
		}
		return t
	}
	if s, ok := v.(string); ok && f.Type == resource.Numeral {
		if _, isInt := plain(s).(int64); isInt && !strings.HasPrefix(s, "0") {
			return &tree{text: s}
		}
	}
	return e.free(v, p)
}

// allOn are the keys of a map that says no more of them than that they are on.
func allOn(f *resource.Field, o resource.Object) ([]string, bool) {
	for _, v := range o {
		if e, ok := v.(resource.Object); f.Off == "" || !ok || len(e) != 1 || e[f.Off] != true {
			return nil, false
		}
	}
	return resource.Keys(o), f.Off != "" && len(o) > 0
}

// unsaid is an element of a map without the word that it is on, where it says
// more than that: to name it is to turn it on.
func unsaid(f *resource.Field, v any) any {
	o, ok := v.(resource.Object)
	if !ok || f.Off == "" || len(o) < 2 || o[f.Off] != true {
		return v
	}
	o = maps.Clone(o)
	delete(o, f.Off)
	return o
}

// secret stands for a secret: its value is nobody's to write down.
func (e *emitter) secret(_ *resource.Secret, p resource.Path) *tree {
	return &tree{text: "${env." + SecretEnv(e.r.Address, p) + "}", token: true}
}

// free is a value without a table.
func (e *emitter) free(v any, p resource.Path) *tree {
	switch v := v.(type) {
	case nil:
		return &tree{text: "null"}
	case *resource.Secret:
		return e.secret(v, p)
	case string:
		return e.text(v, true)
	case float64:
		return &tree{text: strconv.FormatFloat(v, 'g', -1, 64)}
	case json.Number:
		if !isNumber(plain(v.String())) {
			e.err = fmt.Errorf("%s: the number is too long", p)
		}
		return &tree{text: v.String()}
	case bool, int64:
		return &tree{text: resource.Text(v)}
	case []any:
		t := &tree{isList: true}
		for i, x := range v {
			t.items = append(t.items, e.free(x, p.Index(i)))
		}
		return t
	case resource.Object:
		t := &tree{}
		for _, key := range resource.Keys(v) {
			if v[key] != nil {
				e.put(t, key, e.free(v[key], p.Child(key)))
			}
		}
		return t
	}
	e.err = fmt.Errorf("%s: a value of a type that no manifest has", p)
	return &tree{text: "null"}
}

// put adds a member whose key no table knows.
func (e *emitter) put(t *tree, key string, v *tree) {
	e.key(key)
	t.put(key, v)
}

// key refuses what no manifest may have for a key.
func (e *emitter) key(key string) {
	if r, bad := control(key); bad {
		e.err = fmt.Errorf("a key holds the control character U+%04X", r)
	} else if key == "" || key == resource.SecretKey || strings.Contains(key, "${") {
		e.err = fmt.Errorf("%q cannot be a key", key)
	}
}

// text is a string. Of what comes back as a value, ${ is escaped.
func (e *emitter) text(s string, escape bool) *tree {
	if r, bad := control(s); bad {
		e.err = fmt.Errorf("a text holds the control character U+%04X", r)
	}
	if escape {
		s = strings.ReplaceAll(s, "${", "$${")
	}
	return &tree{text: s, isText: true}
}
