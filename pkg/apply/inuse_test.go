package apply_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/spec"
)

// used is what everything in it depends on something else of it.
const used = base + `
roles:
  analyst: {}
policies:
  marketing: {actions: {edit: [analyst]}}
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
			{"everything goes", "role.analyst policy.marketing model.users model.orders sync.first sync.second connection.pg", "", nil},
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
