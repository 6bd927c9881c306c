package inventory_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/inventory"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

const made = `
roles:
  analyst: {name: Analyst}
connections:
  pg: &pg {type: postgresql, name: "PG: main", configuration: {hostname: db, database: d, username: u, password: "${env.PG_PASSWORD}"}}
  second: {<<: *pg, name: "pg -- MAIN!"}
  nameless: {<<: *pg, name: "***"}
  numbered: {<<: *pg, name: "2024"}
models:
  users: {name: Users, connection: pg, configuration: {table: users}, fields: [id]}
  again: {name: Users, connection: pg, configuration: {table: users}, fields: [email]}
`

func take(t *testing.T, r *rig.Rig, change func(*inventory.Request)) *inventory.Inventory {
	t.Helper()
	c := r.Client()
	c.Within(sandbox.OrganizationID("Sandbox"))
	req := inventory.Request{Client: c, Kinds: kinds.All(), Organization: sandbox.OrganizationID("Sandbox"), Env: map[string]bool{}}
	if change != nil {
		change(&req)
	}
	inv, err := inventory.Take(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	if err := inv.Declare(context.Background()); err != nil {
		t.Fatal(err)
	}
	return inv
}

func addresses(inv *inventory.Inventory) []string {
	out := []string{}
	for _, a := range inv.New.Addresses() {
		out = append(out, a.String())
	}
	return out
}

// Addresses come of names, each once, in whatever order the service lists; what is
// its own has none.
func TestAddresses(t *testing.T) {
	r := rig.New(t, rig.Options{})
	m := r.Manifest(made)
	r.Apply(m)
	inv := take(t, r, nil)
	want := []string{"connection.connection", "connection.connection_2024", "connection.pg_main", "connection.pg_main_2", "model.users", "model.users_2", "role.analyst"}
	if d := cmp.Diff(want, addresses(inv)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"CONNECTION_2024_PASSWORD", "CONNECTION_PASSWORD", "PG_MAIN_2_PASSWORD", "PG_MAIN_PASSWORD"}, inv.Variables()); d != "" {
		t.Errorf("variables (-want +got):\n%s", d)
	}
	if len(inv.Known)+len(inv.Unclear)+len(inv.Unsaid) > 0 {
		t.Errorf("of no manifest there is %v, %v, %v", inv.Known, inv.Unclear, inv.Unsaid)
	}

	// A variable that is used is none for another secret, and an address that is used
	// is none for another object.
	inv = take(t, r, func(req *inventory.Request) {
		req.Env["PG_MAIN_PASSWORD"] = true
		req.Desired = resource.Set{}
		for name, to := range map[string]string{"pg_main_2": "elsewhere", "users": "elsewhere too"} {
			for _, kind := range []string{"connection", "model"} {
				a := resource.Address{Kind: kind, Name: name}
				req.Desired[a] = &resource.Resource{Address: a, Object: resource.Object{"name": to}}
			}
		}
	})
	want = []string{"connection.connection", "connection.connection_2024", "connection.pg_main_3", "connection.pg_main_4", "model.users_2", "model.users_3", "role.analyst"}
	if d := cmp.Diff(want, addresses(inv)); d != "" {
		t.Errorf("with others (-want +got):\n%s", d)
	}
}

// What is recorded is nobody else's; what has one name of several is unclear and
// left alone; the rest of the manifest is known by its name.
func TestKnown(t *testing.T) {
	r := rig.New(t, rig.Options{})
	m := r.Manifest(made)
	r.Apply(m)
	pg := r.Address("connection.pg")
	inv := take(t, r, func(req *inventory.Request) {
		req.Desired, req.Recorded = m.Set, resource.Set{pg: r.Load().Resources[pg]}
	})
	if d := cmp.Diff([]string{}, addresses(inv)); d != "" {
		t.Errorf("new (-want +got):\n%s", d)
	}
	for a := range m.Set {
		id, known := inv.Known[a]
		if want := a != pg && a.Kind != "model"; known != want || known && id != r.ID(a.String()) {
			t.Errorf("%s is known: %v %s", a, known, id)
		}
	}
	if len(inv.Unclear) != 2 || len(inv.Unclear[0].IDs) != 2 {
		t.Errorf("unclear: %v", inv.Unclear)
	}
}

// A kind that the key may not list is passed over, and told.
func TestUnread(t *testing.T) {
	r := rig.New(t, rig.Options{Sandbox: sandbox.Options{Switches: sandbox.Switches{PartnerOnly: true}}})
	r.Apply(r.Manifest("roles: {analyst: {name: Analyst}}"))
	inv := take(t, r, func(req *inventory.Request) {
		req.Kinds = []*resource.Kind{&kinds.Role, &kinds.User}
	})
	if d := cmp.Diff([]string{"role.analyst"}, addresses(inv)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"user"}, resource.Keys(inv.Unread)); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}
