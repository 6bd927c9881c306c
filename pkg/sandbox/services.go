package sandbox

import (
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/sandbox/postgres"
)

//go:embed services.json
var builtinServices []byte

var parseBuiltin = sync.OnceValues(func() (services, error) {
	var all services
	err := decodeJSON(builtinServices, &all)
	return all, err
})

// services is what the world behind Polytomic holds: what a connection of each type
// would find there. Discovery answers from it, and writes are checked against it.
// A type that is not in it has everything: any configuration, object and field.
type services map[string]*service

type service struct {
	Name         string         `json:"name"`
	Replace      bool           `json:"replace"` // in a file of the user's: forget what is built in
	Capabilities *capabilities  `json:"capabilities"`
	Source       *source        `json:"source"`
	Target       *target        `json:"target"`
	Enrichment   *enrichment    `json:"enrichment"`
	Bulk         *bulk          `json:"bulk"`
	Parameters   map[string]any `json:"parameters"` // completions: configuration field to a list of {label, value}
}

type capabilities struct {
	Source        bool `json:"source"`
	Destination   bool `json:"destination"`
	Enrichment    bool `json:"enrichment"`
	Orchestration bool `json:"orchestration"`
}

// source is what models read.
type source struct {
	Keys          []sourceKey    `json:"keys"` // of a model's configuration
	RequiresOneOf []string       `json:"requires_one_of"`
	Objects       []sourceObject `json:"objects"`
}

// sourceKey is a member of a model's configuration. One that is Free, such as a query,
// is not looked at: it yields the fields of all objects, each name once.
type sourceKey struct {
	Key    string `json:"key"`
	Free   bool   `json:"free"`
	Picker bool   `json:"picker"` // its values are objects {value, label}
}

// sourceObject is a table, a stream, ...: the configuration that selects it, the first
// of several spellings being the one that discovery offers, and its fields.
type sourceObject struct {
	ID     string              `json:"id"`
	Name   string              `json:"name"`
	Keys   map[string][]string `json:"keys"`
	Labels map[string]string   `json:"labels"` // of pickers
	Fields []field             `json:"fields"`
	table  *postgres.Table     // of a real database
}

type field struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Type    string `json:"type"`
	Remote  string `json:"remote_type"`
	Example any    `json:"example"`
	Unique  bool   `json:"unique"`
	Key     bool   `json:"key"` // of the primary key; where no field says so, the first that is unique
}

// target is where syncs write.
type target struct {
	Modes    []mode            `json:"modes"`
	Objects  []targetObject    `json:"objects"`
	Creation []property        `json:"creation"` // what makes a new object; nil if none can be made
	Search   map[string]string `json:"search"`   // search_values derived from an object: key to "schema", "table" or "object"
}

type mode struct {
	ID               string `json:"id"`
	Label            string `json:"label"`
	RequiresIdentity bool   `json:"requires_identity"`
	FieldMode        bool   `json:"field_mode"`
	Filters          bool   `json:"filters"`
}

type targetObject struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	NewField bool          `json:"new_field"` // syncs may make fields
	Fields   []targetField `json:"fields"`
}

type targetField struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Type       string `json:"type"`
	Required   bool   `json:"required"`
	Identity   bool   `json:"identity"`
	Filterable bool   `json:"filterable"`
	ReadOnly   bool   `json:"read_only"`
	Remote     string `json:"remote_type"` // Type if empty
}

type property struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Values []string `json:"values"`
}

type enrichment struct {
	Key     string     `json:"key"` // of the enrichment's configuration
	Objects []string   `json:"objects"`
	Inputs  [][]string `json:"inputs"` // sets of inputs that do
	Fields  []field    `json:"fields"`
}

// allModes are those of a target that nothing is known of.
var allModes = []mode{
	{ID: "create", Label: "Create"},
	{ID: "update", Label: "Update", RequiresIdentity: true, FieldMode: true, Filters: true},
	{ID: "updateOrCreate", Label: "Update or create", RequiresIdentity: true, FieldMode: true},
	{ID: "replace", Label: "Replace"},
	{ID: "append", Label: "Append"},
	{ID: "remove", Label: "Remove", RequiresIdentity: true},
	{ID: "snapshot", Label: "Snapshot"},
}

// loadServices returns what is built in with what the file at path adds: a type of the
// file adds its objects to those of the built-in one, an object replacing its namesake.
func loadServices(path string) (services, error) {
	builtin, err := parseBuiltin()
	if err != nil {
		return nil, fmt.Errorf("services.json: %w", err)
	}
	all := services{}
	for id, sv := range builtin {
		all[id] = sv
	}
	if path == "" {
		return all, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var more services
	if err := decodeJSON(data, &more); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for id, add := range more {
		if add == nil {
			delete(all, id)
			continue
		}
		if base := all[id]; base != nil && !add.Replace {
			add = base.with(add)
		}
		all[id] = add
	}
	return all, nil
}

// with returns the service with what another adds to it; both stay as they are.
func (sv *service) with(add *service) *service {
	out := *sv
	if add.Name != "" {
		out.Name = add.Name
	}
	if add.Capabilities != nil {
		out.Capabilities = add.Capabilities
	}
	if add.Enrichment != nil {
		out.Enrichment = add.Enrichment
	}
	if add.Bulk != nil {
		out.Bulk = add.Bulk
	}
	if add.Parameters != nil {
		out.Parameters = add.Parameters
	}
	if src := add.Source; src != nil {
		merged := *src
		if sv.Source != nil {
			merged = *sv.Source
			merged.Objects = replaceByID(merged.Objects, src.Objects, func(o sourceObject) string { return o.ID })
			if src.Keys != nil {
				merged.Keys, merged.RequiresOneOf = src.Keys, src.RequiresOneOf
			}
		}
		out.Source = &merged
	}
	if tgt := add.Target; tgt != nil {
		merged := *tgt
		if sv.Target != nil {
			merged = *sv.Target
			merged.Objects = replaceByID(merged.Objects, tgt.Objects, func(o targetObject) string { return o.ID })
			if tgt.Modes != nil {
				merged.Modes = tgt.Modes
			}
			if tgt.Creation != nil {
				merged.Creation = tgt.Creation
			}
		}
		out.Target = &merged
	}
	return &out
}

func replaceByID[T any](old, more []T, id func(T) string) []T {
	out := slices.Clone(old)
	for _, m := range more {
		if i := slices.IndexFunc(out, func(o T) bool { return id(o) == id(m) }); i >= 0 {
			out[i] = m
		} else {
			out = append(out, m)
		}
	}
	return out
}

// of returns the service of a type, never nil.
func (ss services) of(typ string) *service {
	if sv := ss[typ]; sv != nil {
		return sv
	}
	return &service{}
}

// title is how the service is called.
func (sv *service) title(typ string) string {
	if sv.Name != "" {
		return sv.Name
	}
	words := strings.Split(typ, "_")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// can returns what connections of the type can do. Without better knowledge they read and
// write.
func (sv *service) can() capabilities {
	if sv.Capabilities != nil {
		return *sv.Capabilities
	}
	return capabilities{Source: true, Destination: true, Enrichment: sv.Enrichment != nil}
}

// typeRef is how a connection's type is answered.
func (ss services) typeRef(typ string) map[string]any {
	sv := ss.of(typ)
	can := sv.can()
	operations := []any{}
	for _, op := range []struct {
		can  bool
		name string
	}{
		{can.Source, "modelsyncsource"}, {can.Destination, "modelsynctarget"}, {can.Enrichment, "enrichment"},
		{sv.canBulk(true), "bulksyncsource"}, {sv.canBulk(false), "bulksyncdestination"},
	} {
		if op.can {
			operations = append(operations, op.name)
		}
	}
	return map[string]any{"id": typ, "name": sv.title(typ), "logo_url": logoURL(typ), "operations": operations}
}

func logoURL(typ string) string { return "https://logos.example.com/" + typ + ".svg" }

// typeOf returns the catalog's type of a connection; one it does not know has no
// fields.
func typeOf(id string) *catalog.Type {
	if t, ok := catalog.Lookup(id); ok {
		return t
	}
	return &catalog.Type{ID: id, Fields: map[string]*catalog.Field{}}
}
