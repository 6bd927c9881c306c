package spec_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// object and list keep the tables below readable.
type (
	object = resource.Object
	list   = []any
)

// revealed compares secrets by what they hide.
var revealed = cmp.Transformer("secret", func(s *resource.Secret) any {
	v, _ := s.Reveal()
	return struct{ Secret any }{v}
})

func secret(v any) *resource.Secret { return resource.NewSecret(v) }

func TestSeed(t *testing.T) {
	m, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{"testdata/seed.yaml"}, Env: env})
	if len(found) > 0 {
		t.Fatalf("findings: %v", found)
	}
	got := map[string]object{}
	for a, r := range m.Set {
		got[a.String()] = r.Object
	}
	want := map[string]object{
		"connection.airtable": {"type": "airtable", "name": "Airtable Connection", "configuration": object{}},
		"connection.hubspot":  {"type": "hubspot", "name": "HubSpot Connection", "configuration": object{}},
		"connection.postgres": {"type": "postgresql", "name": "Postgres Connection", "configuration": object{
			"hostname": "localhost", "port": int64(5432), "database": "postgres", "username": "user", "password": secret("env-canary-1")}},
		"connection.stripe": {"type": "stripe", "name": "Stripe Connection", "configuration": object{"api_key": secret("env-canary-2")}},
		"model.users":       {"name": "User Details", "connection": "postgres", "configuration": object{"table": "users"}},
		"model.customers": {"name": "Customers", "connection": "stripe", "configuration": object{"stream_id": "customers"},
			"fields": list{"balance", "description", "livemode"}, "relations": object{"email": list{"users.email"}}},
		"model.stars": {"name": "Stars Data", "connection": "airtable", "configuration": object{
			"baseobj":  object{"value": "appDVrQJeb9w2F2IL", "label": "User sample"},
			"tableobj": object{"value": "tblOuVBnPKvXjYhqP", "label": "Table 1"}, "viewobj": object{}},
			"fields": list{"fldR3dERuDqosnxFY", "fldah5pg1Q9k3PmEH"}, "relations": object{"fldR3dERuDqosnxFY": list{"users.email"}}},
		"sync.customers_to_hubspot": {"name": "Customer data to HubSpot Sync", "mode": "updateOrCreate", "active": true,
			"schedule": object{"frequency": "continuous"}, "target": object{"connection": "hubspot", "object": "contacts"},
			"identity": object{"source": "users.email", "target": "email", "function": "Equality"},
			"fields": object{"firstname": object{"source": "users.first_name"}, "lastname": object{"source": "users.last_name"},
				"kloutscoregeneral": object{"source": "stars.fldah5pg1Q9k3PmEH"}, "subscription_plan": object{"source": "customers.description"}}},
	}
	if d := cmp.Diff(want, got, revealed); d != "" {
		t.Errorf("objects (-want +got):\n%s", d)
	}
	sync := m.Set[resource.Address{Kind: "sync", Name: "customers_to_hubspot"}]
	if d := cmp.Diff(map[string]string{"stars.fldah5pg1Q9k3PmEH": "stars.klout_score"}, sync.Names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	order, err := m.Graph.Order()
	if err != nil {
		t.Fatal(err)
	}
	var last string
	for _, a := range order {
		last = a.String()
	}
	if len(order) != 8 || last != "sync.customers_to_hubspot" {
		t.Errorf("order: %v", order)
	}
	if got, want := sync.Where("fields.lastname").String(), "testdata/seed.yaml:55:17"; got != want {
		t.Errorf("fields.lastname stands at %s, want %s", got, want)
	}
}

func jsonNumber(s string) json.Number { return json.Number(s) }
