// Package rows holds section 14 of the API dossier as data: what the service
// makes of an object, row by row, and whether that says the same as the
// manifest. The tests of kinds decode the answers, those of diff compare them.
package rows

import (
	"maps"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Row is one row of the section, for one kind.
type Row struct {
	Kind  string
	Name  string // the object and its member, as the dossier calls them
	Cites string // what it says to do
	Cases []Case
}

// Case is an answer beside a manifest. Both say only what is of interest, over
// [Answer] and [Manifest].
type Case struct {
	Name     string
	Answer   resource.Object // nil members are null
	Manifest resource.Object // in canonical form; nil members are not there
	// Recorded is what was applied before, if that is not what the manifest
	// says now.
	Recorded resource.Object
	// Differs says that the two do not say the same.
	Differs bool
	// Compared says that the difference between the two remains when the answer
	// is decoded: whether it counts is for the comparison to say.
	Compared bool
}

type (
	obj  = resource.Object
	list = []any
)

// groups are the kinds that a row which names no single one is about.
var groups = map[string][]string{
	"all":      {"role", "policy", "connection", "model", "bulk_sync", "sync"},
	"governed": {"connection", "model", "bulk_sync", "sync"}, // by policies
}

// All are the rows that concern the kinds here, each for one kind.
func All() []Row {
	var all []Row
	for _, rows := range [][]Row{policies, people, schemas, connections, models, bulkSyncs, syncs} {
		for _, r := range rows {
			kinds, ok := groups[r.Kind]
			if !ok {
				kinds = []string{r.Kind}
			}
			for _, kind := range kinds {
				r.Kind = kind
				all = append(all, r)
			}
		}
	}
	return all
}

// Answer is a whole answer about an object of the kind, with the members of
// with in it.
func Answer(kind string, with resource.Object) map[string]any {
	return over(answers[kind], with, false)
}

// Manifest is a whole object of the kind, as a manifest says it, with the
// members of with in it.
func Manifest(kind string, with resource.Object) resource.Object {
	return over(manifests[kind], with, true)
}

func over(base, with resource.Object, drop bool) resource.Object {
	out := resource.Clone(base)
	maps.Copy(out, resource.Clone(with))
	if drop {
		maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	}
	return out
}

// ids of what is referred to; Index knows them.
const (
	PG, HubSpot, Users, Other = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002",
		"22222222-0000-4000-8000-000000000001", "33333333-0000-4000-8000-000000000001"
	system, ours, theirs = "44444444-0000-4000-8000-000000000001", "44444444-0000-4000-8000-000000000002", "44444444-0000-4000-8000-000000000003"
	label                = "55555555-0000-4000-8000-000000000001"
	Analyst              = "66666666-0000-4000-8000-000000000001"
	Acme                 = "77777777-0000-4000-8000-000000000001"
	zero                 = "00000000-0000-0000-0000-000000000000"
)

// Index knows the resources that the rows refer to.
func Index() *resource.Index {
	x := resource.NewIndex()
	x.Add(PG, resource.Address{Kind: "connection", Name: "pg"})
	x.Add(HubSpot, resource.Address{Kind: "connection", Name: "hubspot"})
	x.Add(Users, resource.Address{Kind: "model", Name: "users"})
	x.Add(Other, resource.Address{Kind: "sync", Name: "other"})
	x.Add(Acme, resource.Address{Kind: "organization", Name: "acme"})
	x.Add(Analyst, resource.Address{Kind: "role", Name: "analyst"})
	return x
}

var answers = map[string]obj{
	"primary_keys":      {"id": "public.users", "name": "users", "connection": PG, "schema": "public.users", "fields": list{column("id", true), column("email", false)}},
	"schema_fields":     {"id": "public.users", "name": "users", "connection": PG, "schema": "public.users", "fields": list{declared("plan", "Plan", "string")}},
	"organization":      {"id": "o", "name": "N", "sso_domain": "", "sso_org_id": "", "issuer": ""},
	"user":              {"id": "u", "email": "ada@example.com", "organization_id": theirs, "role": "user", "role_ids": list{Analyst}},
	"webhook":           {"id": "w", "endpoint": "https://hooks.example.com", "secret": resource.Mask, "disabled": false, "created_at": "2024-02-08T00:00:00Z"},
	"error_subscribers": {"emails": list{"a@example.com", "b@example.com"}},
	"role":              {"id": "r", "name": "N", "system": false},
	"policy":            {"id": "p", "name": "N", "system": false, "policy_actions": list{action("edit", list{Analyst})}},
	"connection":        {"id": "c", "name": "N", "type": obj{"id": "postgresql", "name": "PostgreSQL"}, "configuration": obj{"hostname": "h", "database": "d", "username": "u", "password": resource.Mask, "port": 5432}},
	"model":             {"id": "m", "name": "N", "connection_id": PG, "configuration": obj{"table": "t"}, "fields": list{field("email")}},
	"bulk_sync": {"id": "b", "name": "N", "mode": "replicate", "active": true, "source_connection_id": HubSpot, "destination_connection_id": PG,
		"schedule": obj{"frequency": "manual"}},
	"sync": {"id": "s", "name": "N", "mode": "update", "active": true, "schedule": obj{"frequency": "manual"},
		"target": obj{"connection_id": HubSpot, "object": "contacts"}, "fields": list{mapped("a")}},
}

var manifests = map[string]obj{
	"primary_keys":      {"connection": "pg", "schema": "public.users", "fields": list{"id"}},
	"schema_fields":     {"connection": "pg", "schema": "public.users", "fields": obj{"plan": obj{"label": "Plan", "type": "string"}}},
	"organization":      {"name": "N"},
	"user":              {"email": "ada@example.com", "roles": list{"analyst"}},
	"webhook":           {"endpoint": "https://hooks.example.com", "secret": resource.NewSecret("made-up"), "enabled": true},
	"error_subscribers": {"emails": list{"a@example.com", "b@example.com"}},
	"role":              {"name": "N"},
	"policy":            {"name": "N", "actions": obj{"edit": list{"analyst"}}},
	"connection":        {"name": "N", "type": "postgresql", "configuration": obj{"hostname": "h", "database": "d", "username": "u", "password": resource.NewSecret("made-up"), "port": int64(5432)}},
	"model":             {"name": "N", "connection": "pg", "configuration": obj{"table": "t"}, "fields": list{"email"}},
	"bulk_sync": {"name": "N", "mode": "replicate", "active": true, "source": obj{"connection": "hubspot"}, "destination": obj{"connection": "pg"},
		"schedule": obj{"frequency": "manual"}},
	"sync": {"name": "N", "mode": "update", "active": true, "schedule": obj{"frequency": "manual"},
		"target": obj{"connection": "hubspot", "object": "contacts"}, "fields": obj{"a": obj{"source": "users.a"}}},
}

// field is a model's field, mapped a sync's, as answers have them.
func field(name string) obj { return obj{"name": name, "user_added": false} }

func added(name, label, typ string) obj {
	return obj{"name": name, "label": label, "type": typ, "user_added": true}
}

func mapped(target string) obj { return obj{"target": target, "source": source(target)} }

func source(name string) obj { return obj{"model_id": Users, "field": name} }

// with is o and more.
func with(o obj, more obj) obj { return over(o, more, false) }
