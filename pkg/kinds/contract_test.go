package kinds

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/resource"
)

// The tables against the published contract: names, types, enums, and that no
// member of a request was forgotten.

// side is what the contract has for a kind: the bodies of POST and PUT, and the
// shapes of answers.
type side struct{ create, update, answers []string }

var contract = map[string]side{
	"organization":      {[]string{"OrganizationWrite"}, []string{"OrganizationWrite"}, []string{"Organization"}},
	"user":              {[]string{"UserWrite"}, []string{"UserWrite"}, []string{"User"}},
	"primary_keys":      {[]string{"PrimaryKeys"}, []string{"PrimaryKeys"}, []string{"Schema"}},
	"schema_fields":     {[]string{"UserFields"}, []string{"UserFields"}, []string{"Schema"}},
	"webhook":           {[]string{"WebhookWrite"}, []string{"WebhookWrite"}, []string{"Webhook"}},
	"error_subscribers": {[]string{"GlobalErrorSubscribers"}, []string{"GlobalErrorSubscribers"}, []string{"GlobalErrorSubscribers"}},
	"role":              {[]string{"RoleWrite"}, []string{"RoleWrite"}, []string{"Role"}},
	"policy":            {[]string{"PolicyWrite"}, []string{"PolicyWrite"}, []string{"Policy"}},
	"connection":        {[]string{"ConnectionCreate"}, []string{"ConnectionUpdate"}, []string{"Connection", "ConnectionWriteResult"}},
	"model":             {[]string{"ModelCreate"}, []string{"ModelUpdate"}, []string{"Model"}},
	"bulk_sync":         {[]string{"BulkSyncWrite"}, []string{"BulkSyncWrite"}, []string{"BulkSync"}},
	"sync":              {[]string{"SyncWrite"}, []string{"SyncWrite"}, []string{"Sync"}},
}

// apart are the members of requests that no row stands for, with the reason.
var apart = map[string]string{
	"connection.reconnect":         "asks for a new authorisation: an act, not a setting",
	"sync.target.filter_logic":     "row target_filter_logic",
	"sync.target.search_values":    "derived by the server, never sent",
	"sync.fields.target":           "the key of the map",
	"model.additional_fields.name": "the key of the map",
	"sync.override_fields":         "rows of fields with a value",
	"bulk_sync.schedule.multi":     "rows of additional_schedules",
	"bulk_sync.schemas.id":         "the key of the map",
	"bulk_sync.schemas.fields.id":  "the key of the map",
}

// elsewhere are the rows that stand for something in another place.
var elsewhere = []string{"sync.target_filters", "sync.target_filter_logic", "webhook.enabled",
	// TestBulkSchemasAgainstContract and TestSchedulesOfVersions have these.
	"bulk_sync.source", "bulk_sync.destination", "bulk_sync.additional_schedules", "bulk_sync.schedule.multi_type",
	"bulk_sync.schemas.filters", "bulk_sync.schemas.output_name", "bulk_sync.schemas.fields.output_name"}

// docsOnly are the rows whose enum the contract has in words.
var docsOnly = []string{"user.role", "sync.fields.sync_mode", "model.additional_fields.type", "bulk_sync.schedule.frequency"}

func schemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../testdata/contract/polytomic-openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

// properties are the members of the named schemas together.
func properties(all openapi3.Schemas, names []string) openapi3.Schemas {
	out := openapi3.Schemas{}
	for _, name := range names {
		for key, s := range all[name].Value.Properties {
			out[key] = s
		}
	}
	return out
}

func TestTablesAgainstContract(t *testing.T) {
	all := schemas(t)
	for _, k := range All() {
		t.Run(k.Name, func(t *testing.T) {
			c := contract[k.Name]
			create, update, answers := properties(all, c.create), properties(all, c.update), properties(all, c.answers)
			for i := range k.Fields {
				f := &k.Fields[i]
				at := k.Name + "." + f.Name
				if slices.Contains(elsewhere, at) || k.InPath(f.Name) {
					continue
				}
				if (create[f.APIName()] != nil) == f.OnUpdate && !f.Computed {
					t.Errorf("%s: in POST %v, OnUpdate %v", at, create[f.APIName()] != nil, f.OnUpdate)
				}
				// A connection's type may stand in a PUT, but what it does there is unknown.
				if (update[f.APIName()] != nil) == f.OnCreate && !f.Computed && at != "connection.type" {
					t.Errorf("%s: in PUT %v, OnCreate %v", at, update[f.APIName()] != nil, f.OnCreate)
				}
				s := create[f.APIName()]
				if s == nil {
					s = update[f.APIName()]
				}
				if s == nil && f.Computed {
					s = answers[f.APIName()]
				}
				if s == nil {
					t.Errorf("%s: the contract has no %s", at, f.APIName())
					continue
				}
				if hidden := answers[f.APIName()] == nil; hidden && !f.WriteOnly && !f.Directive && !f.Apart && f.Name != "additional_fields" {
					t.Errorf("%s: no answer has it, yet it is compared with answers", at)
				}
				if !f.Custom {
					against(t, at, f, s.Value)
				}
			}
			for _, name := range append(c.create, c.update...) {
				covered(t, k.Name, k.Fields, k.Claims, all[name].Value)
			}
			// An update would send a member of answers back that it does not know.
			answer := map[string]any{}
			for key := range answers {
				answer[key] = "x"
			}
			if rest := k.Unknown(answer); len(rest) > 0 {
				t.Errorf("the table does not know %v of the answers", resource.Keys(rest))
			}
		})
	}
}

// against compares a row with the schema of its member.
func against(t *testing.T, at string, f *resource.Field, s *openapi3.Schema) {
	t.Helper()
	want := map[resource.Type]string{resource.String: "string", resource.Bool: "boolean", resource.Int: "integer", resource.Number: "number",
		resource.Numeral: "string", resource.Duration: "string", resource.Time: "string", resource.Struct: "object", resource.List: "array", resource.Map: "object",
		resource.Ref: "string", resource.SourceRef: "object"}[f.Type]
	if f.KeyedBy != "" {
		want = "array"
	}
	if f.Type != resource.Any && !s.Type.Is(want) {
		t.Errorf("%s is a %s, the contract has %v", at, f.Type, s.Type)
	}
	if len(f.Enum) > 0 && !slices.Contains(docsOnly, at) {
		var enum []string
		for _, v := range s.Enum {
			if v != "multi" { // of bulk syncs alone (API dossier 8.11)
				enum = append(enum, v.(string))
			}
		}
		if d := cmp.Diff(enum, f.Enum); d != "" {
			t.Errorf("%s (-contract +table):\n%s", at, d)
		}
	}
	below, inner := s, f
	switch {
	case f.Type == resource.List && s.Items != nil:
		against(t, at+"[]", f.Elem, s.Items.Value)
		return
	case f.KeyedBy != "":
		below, inner = s.Items.Value, f.Elem
		for _, form := range below.OneOf { // a lone id, or more
			if form.Value.Type.Is("object") {
				below = form.Value
			}
		}
		if below.Properties[f.KeyedBy] == nil {
			t.Errorf("%s: the contract has no %s", at, f.KeyedBy)
		}
	}
	for i := range inner.Fields {
		g := &inner.Fields[i]
		if slices.Contains(elsewhere, at+"."+g.Name) {
			continue
		}
		p := below.Properties[g.APIName()]
		if p == nil {
			t.Errorf("%s.%s: the contract has no %s", at, g.Name, g.APIName())
			continue
		}
		against(t, at+"."+g.Name, g, p.Value)
	}
	if inner.Type == resource.Struct && inner.Members == nil && len(inner.Fields) > 0 && below.Properties != nil && !slices.Contains([]string{"model.enricher.fields[]"}, at) {
		covered(t, at, inner.Fields, nil, below)
	}
}

// covered looks for a row for each member of a request.
func covered(t *testing.T, at string, fields []resource.Field, claims []string, s *openapi3.Schema) {
	t.Helper()
	for name, p := range s.Properties {
		if p.Value.ReadOnly || apart[at+"."+name] != "" {
			continue
		}
		i := slices.IndexFunc(fields, func(f resource.Field) bool { return f.APIName() == name })
		if i < 0 {
			if !slices.Contains(claims, name) {
				t.Errorf("%s: no row for %s", at, name)
			}
			continue
		}
		f := &fields[i]
		if slices.Contains(s.Required, name) && !f.Required && !f.Keyed && f.Filled == nil {
			t.Errorf("%s.%s: the contract requires it, the table lets it be missing", at, f.Name)
		}
	}
}

// The enums of what Encoded and Decoded carry.
func TestEnumsAgainstContract(t *testing.T) {
	all := schemas(t)
	for name, table := range map[string][]string{"FilterFunction": filterFunctions, "FieldType": fieldTypes} {
		var want []string
		for _, v := range all[name].Value.Enum {
			want = append(want, v.(string))
		}
		if d := cmp.Diff(want, table); d != "" {
			t.Errorf("%s (-contract +table):\n%s", name, d)
		}
	}
	// Every frequency of the table is known, or known to be unknown.
	for _, frequency := range resource.Lookup(scheduleRows, "frequency").Enum {
		if _, ok := frequencyMembers[frequency]; !ok && frequency != "builder" {
			t.Errorf("nobody says what %s uses", frequency)
		}
	}
	for frequency, members := range frequencyMembers {
		for _, m := range members {
			if resource.Lookup(scheduleRows, m) == nil {
				t.Errorf("%s uses %s, which is no row", frequency, m)
			}
		}
	}
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

func TestTablesAreWellFormed(t *testing.T) {
	sections := map[string]bool{}
	for _, k := range All() {
		section := plural(k.Name)
		if k.Singleton {
			section = k.Name
		}
		if !resource.ValidName(k.Name) || k.Section != section || sections[k.Section] || !strings.HasPrefix(k.ObjectPath(), "/api/") {
			t.Errorf("kind %q, section %q, path %q", k.Name, k.Section, k.ObjectPath())
		}
		sections[k.Section] = true
		if s := k.Summary(); s == "" || strings.HasSuffix(s, ".") || len(s) > 90 {
			t.Errorf("%s: summary %q", k.Name, s)
		}
		if strings.Count(k.Doc, "\n\n") == 0 || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: the documentation is %q", k.Name, k.Doc)
		}
		wellFormed(t, k.Name, k.Fields)
	}
}

func plural(s string) string {
	if stem, ok := strings.CutSuffix(s, "y"); ok {
		return stem + "ies"
	}
	return strings.TrimSuffix(s, "s") + "s"
}

func wellFormed(t *testing.T, at string, fields []resource.Field) {
	t.Helper()
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		at := at + "." + f.Name
		if !snake.MatchString(f.Name) || seen[f.Name] {
			t.Errorf("%s: a name that is not snake_case, or twice", at)
		}
		seen[f.Name] = true
		if !strings.HasSuffix(f.Doc, ".") || strings.TrimSpace(f.Doc) != f.Doc {
			t.Errorf("%s: the documentation is %q", at, f.Doc)
		}
		if f.API == f.Name {
			t.Errorf("%s: API says the same as Name", at)
		}
		if f.Required && (f.Computed || f.Filled != nil || f.Default != nil || f.Keyed) {
			t.Errorf("%s is required and has a value without being set", at)
		}
		if f.OnCreate && f.OnUpdate || f.Computed && f.Directive {
			t.Errorf("%s is never sent", at)
		}
		for e := f; e != nil; e = e.Elem {
			if (e.Type == resource.Ref) != (e.To != "") || (e.Type == resource.List || e.Type == resource.Map) != (e.Elem != nil) ||
				(e.Type == resource.Struct) != (e.Fields != nil || e.Members != nil) || len(e.Enum) > 0 && e.Type != resource.String ||
				e.Short != "" && resource.Lookup(e.Fields, e.Short) == nil || e.KeyedBy != "" && e.Type != resource.Map ||
				e.OneOrList && e.Type != resource.List || e.Set && e.Type != resource.List || e.Shared && !e.Set ||
				e.Labelled && e.Type != resource.Any {
				t.Errorf("%s: traits that do not fit the type %s", at, e.Type)
			}
			if e.Fields != nil {
				wellFormed(t, at, e.Fields)
			}
		}
	}
}

// The rows that are made out of the catalogue: types fit, names are unique,
// and what is secret there is secret here.
func TestConfigurationTables(t *testing.T) {
	secrets := 0
	for _, id := range catalog.Types() {
		fields, ok := configurationOf(resource.Object{"type": id})
		if !ok {
			t.Fatalf("no table for %s", id)
		}
		typ, _ := catalog.Lookup(id)
		if len(fields) != len(typ.Fields)+len(typ.RequiredButUndescribed) {
			t.Errorf("%s has %d rows for %d fields", id, len(fields), len(typ.Fields))
		}
		secrets += comparedWith(t, id, fields, typ.At)
	}
	if secrets < 360 {
		t.Errorf("only %d secrets", secrets)
	}
	if _, ok := configurationOf(resource.Object{"type": "no-such-type"}); ok {
		t.Error("a table for an unknown type")
	}
}

func comparedWith(t *testing.T, at string, fields []resource.Field, find func(...string) *catalog.Field) (secrets int) {
	t.Helper()
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		at, c := at+"."+f.Name, find(f.Name)
		if seen[f.Name] {
			t.Errorf("%s stands twice", at)
		}
		seen[f.Name] = true
		if c == nil {
			continue // undescribed
		}
		if c.Secret != f.Sensitive || f.Computed != (c.ReadOnly || c.Internal()) || f.Computed && f.Required {
			t.Errorf("%s: %+v for %+v", at, f, c)
		}
		if f.Default != nil && resource.Text(f.Default) != resource.Text(resource.Normalize(c.Default)) {
			t.Errorf("%s: default %v", at, f.Default)
		}
		if c.Secret {
			secrets++
		}
		for e, ce := f, c; e != nil && ce != nil; e, ce = e.Elem, ce.Items {
			if (e.Type == resource.List || e.Type == resource.Map) != (e.Elem != nil) {
				t.Errorf("%s: a %s of nothing", at, e.Type)
			}
			secrets += comparedWith(t, at, e.Fields, ce.At)
		}
	}
	return secrets
}

// The examples are manifests of fields that exist, and mistakes there would be
// copied.
func TestExamples(t *testing.T) {
	for _, k := range All() {
		var manifest map[string]any
		if err := yaml.Unmarshal([]byte(k.Example), &manifest); err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		if d := cmp.Diff([]string{k.Section}, resource.Keys(manifest)); d != "" {
			t.Errorf("%s (-want +got):\n%s", k.Name, d)
		}
		section := manifest[k.Section]
		if k.Singleton {
			section = map[string]any{resource.DefaultName: section}
		}
		for name, r := range section.(map[string]any) {
			a := resource.Address{Kind: k.Name, Name: name}
			if _, long := r.(map[string]any); !long {
				r = map[string]any{k.Short: r}
			}
			o := resource.Normalize(r).(resource.Object)
			delete(o, "protect")
			k.Canonical(o)
			known(t, a.String(), k.Fields, o, o)
			for i := range k.Fields {
				if f := &k.Fields[i]; f.Required && o[f.Name] == nil {
					t.Errorf("%s has no %s", a, f.Name)
				}
			}
			if _, err := k.Encode(o, ids, false); err != nil {
				t.Errorf("%s: %v", a, err)
			}
			if k.Check != nil {
				if d := cmp.Diff([]string(nil), check(k, o, nil)); d != "" {
					t.Errorf("%s (-want +got):\n%s", a, d)
				}
			}
		}
	}
}

func known(t *testing.T, at string, fields []resource.Field, root, o resource.Object) {
	t.Helper()
	for _, key := range resource.Keys(o) {
		f := resource.Lookup(fields, key)
		if f == nil {
			t.Errorf("%s.%s is no field", at, key)
			continue
		}
		if len(f.Enum) > 0 && !slices.Contains(f.Enum, textOf(o[key])) {
			t.Errorf("%s.%s = %v", at, key, o[key])
		}
		switch f.Type {
		case resource.Struct:
			below, _ := f.Below(root)
			known(t, at+"."+key, below, root, objectOf(o[key]))
		case resource.Map:
			for _, v := range objectOf(o[key]) {
				if f.Elem.Type == resource.Struct {
					known(t, at+"."+key, f.Elem.Fields, root, objectOf(v))
				}
			}
		}
	}
}
