package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

type (
	object = resource.Object
	list   = []any
)

var (
	pg    = resource.Address{Kind: "connection", Name: "pg"}
	users = resource.Address{Kind: "model", Name: "users"}
	carry = resource.Address{Kind: "sync", Name: "carry"}
)

// A world is what a plan is made of, with one resource of each kind that is in
// place; tests change what they are about.
type world struct{ Input }

func newWorld() *world {
	w := &world{Input{Kinds: kinds.All(), Desired: resource.Set{}, Recorded: resource.Set{}, Live: resource.Set{}}}
	w.place(pg, object{"name": "pg", "type": "postgresql", "configuration": object{"hostname": "db.example.com", "port": int64(5432),
		"database": "app", "username": "polyplan"}})
	w.place(users, object{"name": "users", "connection": "pg", "configuration": object{"table": "users"}})
	w.place(carry, object{"name": "carry", "mode": "updateOrCreate", "active": true, "schedule": object{"frequency": "manual"},
		"target": object{"connection": "pg", "object": "public.users"}, "identity": object{"source": "users.email", "target": "email", "function": "Equality"},
		"fields": object{"name": object{"source": "users.name"}}})
	return w
}

// place makes an object that is desired, recorded and live.
func (w *world) place(a resource.Address, o object) {
	k := w.kind(a)
	w.Desired[a] = &resource.Resource{Address: a, Object: resource.Clone(o), Needs: k.Needs(o)}
	w.Recorded[a] = &resource.Resource{Address: a, ID: "id-" + a.Name, Object: resource.Clone(o), Needs: k.Needs(o)}
	w.Live[a] = &resource.Resource{Address: a, ID: "id-" + a.Name, Object: resource.Clone(o), Raw: map[string]any{"id": "id-" + a.Name}}
}

func (w *world) kind(a resource.Address) *resource.Kind {
	for _, k := range w.Kinds {
		if k.Name == a.Kind {
			return k
		}
	}
	panic("no kind " + a.Kind)
}

// set changes the value at a path of member names in each of the objects.
func set(path string, v any, objects ...object) {
	keys := strings.Split(path, ".")
	for _, o := range objects {
		for _, key := range keys[:len(keys)-1] {
			next, ok := o[key].(object)
			if !ok {
				next = object{}
				o[key] = next
			}
			o = next
		}
		if last := keys[len(keys)-1]; v == nil {
			delete(o, last)
		} else {
			o[last] = v
		}
	}
}

// outline is a plan in a few words a line.
func outline(p *Plan) []string {
	out := []string{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Action == NoOp {
			continue
		}
		line := string(s.Action) + " " + s.Address.String()
		for _, c := range s.Changes {
			if s.Action != Delete { // what goes is all that was there
				line += " " + change(c)
			}
		}
		out = append(out, line)
	}
	for _, d := range p.Drift {
		line := "drift " + d.Address.String()
		if d.Gone {
			line += " gone"
		}
		for _, c := range d.Changes {
			line += " " + change(c)
		}
		out = append(out, line)
	}
	for _, r := range p.Refusals {
		out = append(out, "refused "+r.What)
	}
	return out
}

func change(c Change) string {
	text := func(v any) string {
		if v == nil {
			return "-"
		}
		return resource.Text(v)
	}
	s := fmt.Sprintf("%s:%s>%s", c.Path, text(c.Before), text(c.After))
	if c.Rekeyed {
		s += "(rekeyed)"
	}
	return s
}

func TestCompute(t *testing.T) {
	prints, other := resource.NewFingerprinter("key", "lineage"), resource.NewFingerprinter("another", "lineage")
	secret := func(v string, f *resource.Fingerprinter) *resource.Secret {
		s := resource.NewSecret(v)
		s.Seal(f)
		return s
	}
	for _, tt := range []struct {
		name  string
		world func(w *world)
		want  []string
	}{
		{"nothing differs", func(*world) {}, []string{}},
		{"a value changes", func(w *world) { set("configuration.database", "app2", w.Desired[pg].Object) },
			[]string{"update connection.pg configuration.database:app>app2"}},
		{"another hand changed ours: drift, and changed back", func(w *world) { set("mode", "update", w.Live[carry].Object) },
			[]string{"update sync.carry mode:update>updateOrCreate", "drift sync.carry mode:updateOrCreate>update"}},
		{"another hand did what we want now", func(w *world) { set("mode", "update", w.Live[carry].Object, w.Desired[carry].Object) },
			[]string{"drift sync.carry mode:updateOrCreate>update"}},
		{"another hand set what nobody of us mentions", func(w *world) { set("policies", list{"p1"}, w.Live[users].Object) }, []string{}},
		{"what was ours and left the manifest is removed", func(w *world) {
			set("identifier", "email", w.Recorded[users].Object, w.Live[users].Object)
		}, []string{"update model.users identifier:email>-"}},
		{"what was ours and is gone already is no change", func(w *world) { set("identifier", "email", w.Recorded[users].Object) },
			[]string{"drift model.users identifier:email>-"}},
		{"an unmanaged path is left, whatever we once said", func(w *world) {
			set("schedule", object{"frequency": "hourly", "minute": "15"}, w.Live[carry].Object)
			w.Desired[carry].Unmanaged = []resource.Path{"schedule"}
		}, []string{}},
		{"a default is no change where nothing is said", func(w *world) { set("sync_all_records", false, w.Live[carry].Object) }, []string{}},
		{"labels of a picker are cosmetic", func(w *world) {
			set("configuration.base", object{"value": "b1", "label": "Base"}, w.Desired[users].Object, w.Recorded[users].Object)
			set("configuration.base", object{"value": "b1", "label": "Renamed"}, w.Live[users].Object)
		}, []string{}},
		{"a mapping is ours whole", func(w *world) { set("fields.extra", object{"source": "users.x"}, w.Live[carry].Object) },
			[]string{"update sync.carry fields.extra:users.x>-", "drift sync.carry fields.extra:->users.x"}},
		{"a new object shows all that is said, defaults too", func(w *world) { delete(w.Recorded, pg); delete(w.Live, pg) },
			[]string{"create connection.pg configuration.database:->app configuration.hostname:->db.example.com configuration.port:->5432 " +
				"configuration.username:->polyplan name:->pg type:->postgresql"}},
		{"a new object with false and zero", func(w *world) {
			delete(w.Recorded, carry)
			delete(w.Live, carry)
			set("sync_all_records", false, w.Desired[carry].Object)
			w.Only = map[resource.Address]bool{carry: true}
		}, []string{"create sync.carry active:->true fields.name:->users.name identity.function:->Equality identity.source:->users.email " +
			"identity.target:->email mode:->updateOrCreate name:->carry schedule:->manual sync_all_records:->false " +
			"target.connection:->pg target.object:->public.users"}},
		{"another type is another object, and dependents follow", func(w *world) { set("type", "azuresql", w.Desired[pg].Object) },
			[]string{"replace connection.pg type:postgresql>azuresql", `update model.users connection:{"id":"id-pg"}>pg`,
				`update sync.carry target.connection:{"id":"id-pg"}>pg`}},
		{"a protected one is not replaced", func(w *world) {
			set("type", "azuresql", w.Desired[pg].Object)
			w.Desired[pg].Protect = true
			w.Only = map[resource.Address]bool{pg: true}
		}, []string{"replace connection.pg type:postgresql>azuresql", "refused connection.pg is protected and would be replaced"}},
		{"what is gone is made again, and dependents follow", func(w *world) {
			delete(w.Live, users)
			w.Only = map[resource.Address]bool{users: true, carry: true}
		}, []string{"create model.users configuration.table:->users connection:->pg name:->users",
			`update sync.carry fields.name.source:{"id":""}>users identity.source:{"id":""}>users`, "drift model.users gone"}},
		{"what left the manifest is an orphan", func(w *world) { delete(w.Desired, carry) }, []string{"orphan sync.carry"}},
		{"orphans are deleted with prune, last first", func(w *world) { w.Desired = resource.Set{}; w.Prune = true },
			[]string{"delete sync.carry", "delete model.users", "delete connection.pg"}},
		{"a removed entry deletes without prune", func(w *world) { delete(w.Desired, carry); w.Delete = map[resource.Address]bool{carry: true} },
			[]string{"delete sync.carry"}},
		{"a removed entry forgets", func(w *world) { delete(w.Desired, carry); w.Forget = map[resource.Address]bool{carry: true} },
			[]string{"forget sync.carry"}},
		{"a protected one is not deleted", func(w *world) { delete(w.Desired, carry); w.Recorded[carry].Protect = true; w.Prune = true },
			[]string{"delete sync.carry", "refused sync.carry is protected and would be deleted"}},
		{"a protection that is lifted changes no object", func(w *world) { w.Recorded[pg].Protect = true }, []string{}},
		{"a protection that is lifted holds until that is applied", func(w *world) {
			set("type", "azuresql", w.Desired[pg].Object)
			w.Recorded[pg].Protect = true
			w.Only = map[resource.Address]bool{pg: true}
		}, []string{"replace connection.pg type:postgresql>azuresql", "refused connection.pg is protected and would be replaced"}},
		{"what left the manifest and the service is forgotten", func(w *world) { delete(w.Desired, carry); delete(w.Live, carry) },
			[]string{"forget sync.carry", "drift sync.carry gone"}},
		{"a new address", func(w *world) { w.From = map[resource.Address]resource.Address{carry: {Kind: "sync", Name: "old"}} },
			[]string{"move sync.carry"}},
		{"a new address and a change", func(w *world) {
			w.From = map[resource.Address]resource.Address{carry: {Kind: "sync", Name: "old"}}
			set("mode", "update", w.Desired[carry].Object)
		}, []string{"move sync.carry mode:updateOrCreate>update"}},
		{"adoption", func(w *world) {
			delete(w.Recorded, carry)
			w.Adopt = map[resource.Address]bool{carry: true}
			set("mode", "update", w.Live[carry].Object)
		}, []string{"adopt sync.carry mode:update>updateOrCreate"}},
		{"only what was asked for", func(w *world) {
			set("mode", "update", w.Desired[carry].Object)
			set("identifier", "id", w.Desired[users].Object)
			w.Only = map[resource.Address]bool{users: true}
		}, []string{"update model.users identifier:->id"}},
		{"a secret that is the same", func(w *world) {
			set("configuration.password", secret("p", prints), w.Desired[pg].Object, w.Recorded[pg].Object)
			set("configuration.password", resource.MaskedSecret(), w.Live[pg].Object)
		}, []string{}},
		{"a secret that was rotated", func(w *world) {
			set("configuration.password", secret("p2", prints), w.Desired[pg].Object)
			set("configuration.password", secret("p", prints), w.Recorded[pg].Object)
			set("configuration.password", resource.MaskedSecret(), w.Live[pg].Object)
		}, []string{"update connection.pg configuration.password:(secret)>(secret)"}},
		{"a secret under another key of fingerprints", func(w *world) {
			set("configuration.password", secret("p", other), w.Desired[pg].Object)
			set("configuration.password", resource.RestoreSecrets(object{resource.SecretKey: prints.Print("p")}), w.Recorded[pg].Object)
			set("configuration.password", resource.MaskedSecret(), w.Live[pg].Object)
		}, []string{"update connection.pg configuration.password:(secret)>(secret)(rekeyed)"}},
		{"a secret that only the service knows, nothing to do", func(w *world) {
			set("configuration.ssh_private_key", resource.MaskedSecret(), w.Live[pg].Object)
		}, []string{}},
		{"a secret that only the service knows, and an update", func(w *world) {
			set("configuration.ssh_private_key", resource.MaskedSecret(), w.Live[pg].Object)
			set("name", "PG", w.Desired[pg].Object)
		}, []string{"update connection.pg name:pg>PG",
			"refused connection.pg cannot be updated: the value of configuration.ssh_private_key is not known"}},
		{"a mask without a secret, and an update", func(w *world) {
			set("configuration.ssh_private_key", resource.MaskedSecret(), w.Live[pg].Object)
			w.Recorded[pg].Kept = object{"configuration": object{"ssh_private_key": resource.MaskedSecret()}}
			set("name", "PG", w.Desired[pg].Object)
		}, []string{"update connection.pg name:pg>PG"}},
		{"a mask in a member that nobody knows, and an update", func(w *world) {
			w.Live[pg].Raw["vault"] = map[string]any{"token": "********"}
			set("name", "PG", w.Desired[pg].Object)
		}, []string{"update connection.pg name:pg>PG", "refused connection.pg cannot be updated: the value of extra.vault.token is not known"}},
		{"extra members", func(w *world) {
			w.Desired[pg].Extra = object{"region": "eu", "same": "x"}
			w.Live[pg].Raw["region"], w.Live[pg].Raw["same"] = "us", "x"
		}, []string{"update connection.pg extra.region:us>eu"}},
		{"a filter of another name", func(w *world) {
			set("filters.paying", object{"source": "users.plan", "function": "IsNotNull"}, w.Recorded[carry].Object)
			set("filters.customers", object{"source": "users.plan", "function": "IsNotNull"}, w.Desired[carry].Object, w.Live[carry].Object)
		}, []string{}},
		{"a write-only value is compared with the state", func(w *world) {
			set("healthcheck_interval", "1h", w.Desired[pg].Object)
			set("healthcheck_interval", "2h", w.Recorded[pg].Object)
		}, []string{"update connection.pg healthcheck_interval:2h>1h"}},
		{"a write-only value of others is carried along", func(w *world) {
			w.Recorded[pg].Kept = object{"healthcheck_interval": "2h"}
		}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			tt.world(w)
			if d := cmp.Diff(tt.want, outline(Compute(w.Input))); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
		})
	}
}

// What an update sends is the live object with ours laid over it.
func TestAfter(t *testing.T) {
	w := newWorld()
	set("policies", list{"mine", "theirs"}, w.Live[users].Object)
	set("policies", list{"mine", "old"}, w.Recorded[users].Object)
	set("policies", list{"mine"}, w.Desired[users].Object)
	set("labels", list{"l1", "ours"}, w.Live[users].Object)
	set("labels", list{"ours"}, w.Recorded[users].Object) // and no longer in the manifest
	set("configuration.limit", int64(10), w.Live[users].Object)
	set("enricher", object{"connection": "pg", "enricher_id": "e1"}, w.Live[users].Object)
	set("identifier", "email", w.Desired[users].Object)
	plan := Compute(w.Input)
	i := slices.IndexFunc(plan.Steps, func(s Step) bool { return s.Address == users })
	want := object{"name": "users", "connection": "pg", "configuration": object{"table": "users", "limit": int64(10)}, "identifier": "email",
		"policies": list{"mine", "theirs"}, "labels": list{"l1"}, "enricher": object{"connection": "pg", "enricher_id": "e1"}}
	if d := cmp.Diff(want, plan.Steps[i].After); d != "" {
		t.Errorf("After (-want +got):\n%s", d)
	}
}
