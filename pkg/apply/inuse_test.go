package apply_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
)

// used is what everything in it depends on something else of it.
const used = base + `
roles:
  analyst: {}
  ops: {}
policies:
  marketing: {actions: {edit: [analyst]}}
users:
  ada: {email: ada@example.com, roles: [ops]}
  eve: {email: eve@example.com}
models:
  users: {connection: pg, configuration: {table: users}, relations: {id: orders.user_id}}
  orders: {connection: pg, configuration: {table: orders}}
syncs:
  first:
    mode: create
    policies: [marketing]
    schedule: manual
    target: {connection: pg, object: public.orders}
    fields: {id: users.id}
  second:
    mode: create
    schedule: {frequency: runafter, run_after: {syncs: [first]}}
    target: {connection: pg, object: public.orders}
    fields: {id: orders.id}
`

// What the service deletes without asking who refers to it (API dossier 12) is
// not deleted as long as somebody does, whoever made that.
func TestDeleteOfWhatIsUsed(t *testing.T) {
	both(t, func(t *testing.T, version string) {
		r := rig.New(t, rig.Options{Version: version})
		r.Apply(r.Manifest(used))
		for _, tt := range []struct {
			name      string
			gone      string // left the manifest
			forgotten string // nobody manages these any more
			want      []string
		}{
			{"nothing goes", "", "", nil},
			{"everything goes", "role.analyst role.ops user.ada user.eve policy.marketing model.users model.orders sync.first sync.second connection.pg", "", nil},
			{"with its users", "model.users sync.first sync.second", "", nil},
			{"a model that a sync uses", "model.users", "sync.first",
				[]string{`model.users is in use and would be deleted: sync.first uses it`}},
			{"a model that a model and a sync use", "model.orders", "model.users sync.second",
				[]string{`model.orders is in use and would be deleted: model.users, sync.second use it`}},
			{"a sync that another runs after", "sync.first", "sync.second",
				[]string{`sync.first is in use and would be deleted: sync.second uses it`}},
			{"a policy that a sync names", "policy.marketing", "sync.first",
				[]string{`policy.marketing is in use and would be deleted: sync.first uses it`}},
			{"a role that a policy names", "role.analyst", "policy.marketing",
				[]string{`role.analyst is in use and would be deleted: policy.marketing uses it`}},
			{"a role that a user has", "role.ops", "user.ada",
				[]string{`role.ops is in use and would be deleted: user.ada uses it`}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				m := r.Manifest(used)
				for _, a := range strings.Fields(tt.gone) {
					delete(m.Set, r.Address(a))
				}
				for _, a := range strings.Fields(tt.forgotten) {
					delete(m.Set, r.Address(a))
					m.Removed = append(m.Removed, spec.Removal{Address: r.Address(a)})
				}
				var got []string
				for _, f := range r.Plan(rig.Run{Manifest: m, Prune: true}).Prepared.Plan.Refusals {
					if !f.Policy {
						t.Errorf("%s: that is no refusal of a protection", f.What)
					}
					why, _, _ := strings.Cut(f.Why, ", and would break")
					got = append(got, f.What+": "+why)
				}
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("refusals (-want +got):\n%s", d)
				}
			})
		}
		// Of what was never ours, or is no more, people are told the name and the id.
		foreign := r.ID("sync.second")
		m := r.Manifest(used)
		delete(m.Set, r.Address("sync.second"))
		m.Removed = []spec.Removal{{Address: r.Address("sync.second")}}
		r.Run(rig.Run{Manifest: m})
		delete(m.Set, r.Address("sync.first"))
		refused := r.Plan(rig.Run{Manifest: m, Prune: true}).Prepared.Plan.Refusals
		if len(refused) != 1 || !strings.HasPrefix(refused[0].Why, fmt.Sprintf("the sync %q (%s) uses it,", "second", foreign)) {
			t.Errorf("refusals: %v", refused)
		}
		if err := r.Server.Remove("sync", foreign); err != nil {
			t.Fatal(err)
		}
		// What is pointed elsewhere in the same run uses it no more.
		elsewhere := r.Manifest(rig.Replace(t, used, ", relations: {id: orders.user_id}", "", "  orders: {connection: pg, configuration: {table: orders}}\n", "",
			"orders.id", "users.id"))
		r.Run(rig.Run{Manifest: elsewhere, Prune: true})
		r.Converged(elsewhere)
	})
}

// A role that users have is kept, though the manifest manages no users, or none of
// their roles. Where a key may not see users, the plan says that it did not look.
func TestDeleteOfRolesThatUsersHave(t *testing.T) {
	const roles, ada = "roles: {analyst: {}, ops: {}}\n", "users: {ada: {email: ada@example.com}}\n"
	both(t, func(t *testing.T, version string) {
		plan := func(r *rig.Rig, manifest string) (refused, risks []string) {
			p := r.Plan(rig.Run{Manifest: r.Manifest(manifest), Prune: true}).Prepared.Plan
			for _, f := range p.Refusals {
				refused = append(refused, f.What+": "+f.Why)
			}
			for _, s := range p.Steps {
				risks = append(risks, s.Risks...)
			}
			return refused, risks
		}
		r := rig.New(t, rig.Options{Version: version})
		r.Apply(r.Manifest(roles + ada))
		if err := r.Server.Edit("user", "ada@example.com", map[string]any{"role_ids": []any{r.ID("role.ops")}}); err != nil {
			t.Fatal(err)
		}
		without := strings.Replace(roles, ", ops: {}", "", 1)
		got, _ := plan(r, without+ada)
		if want := "role.ops is in use and would be deleted: user.ada uses it"; len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("a user whose roles the app decides: %q, want %s", got, want)
		}
		if got, _ := plan(r, without); len(got) > 0 { // the user goes as well
			t.Errorf("a user who goes too: %q", got)
		}

		r = rig.New(t, rig.Options{Version: version})
		r.Apply(r.Manifest(roles))
		other := *r
		other.Path += ".other"
		other.Apply(other.Manifest("users: {eve: {email: eve@example.com, roles: [{id: " + r.ID("role.ops") + "}]}}\n"))
		got, risks := plan(r, without)
		if want := `role.ops is in use and would be deleted: the user "eve@example.com" (`; len(got) != 1 || !strings.HasPrefix(got[0], want) || len(risks) > 0 {
			t.Errorf("somebody else's user: %q, %q, want %s", got, risks, want)
		}
		for _, status := range []int{403, 404} {
			r.Server.Fault(sandbox.Fault{Method: "GET", Path: "/api/organizations/*/users", Do: sandbox.Status, Status: status, Times: -1})
			got, risks = plan(r, without)
			if want := "it is not known whether a user still has it: this key may not see them"; len(got) > 0 || len(risks) != 1 || risks[0] != want {
				t.Errorf("users that answer %d: %q, %q, want %s", status, got, risks, want)
			}
			r.Server.ResetFaults()
		}
		r.Server.Fault(sandbox.Fault{Method: "GET", Path: "/api/organizations/*/users", Do: sandbox.Status, Status: 500, Times: -1})
		if ran := r.Do(rig.Run{Manifest: r.Manifest(without), Prune: true}); ran.Failure() == nil {
			t.Error("users that cannot be listed pass for none")
		}
		if _, ok := r.Server.Object("role", "ops"); !ok {
			t.Error("the role is gone")
		}
	})
}

// Other kinds are listed for that only when something is deleted, and a list that
// does not tell is completed.
func TestRequestsOfTheGuard(t *testing.T) {
	r := rig.New(t, rig.Options{Version: transport.Version2025})
	m := "roles: {analyst: {}}\n"
	text := m + "policies: {marketing: {actions: {edit: [analyst]}}}\n"
	r.Apply(r.Manifest(text))
	requests := func(manifest string) int {
		r.Server.ResetRequests()
		r.Plan(rig.Run{Manifest: r.Manifest(manifest), Prune: true})
		return len(r.Server.Requests())
	}
	before := requests(text)
	if got := requests(m); got <= before {
		t.Errorf("%d requests to plan, and %d when the policy goes", before, got)
	}
}
