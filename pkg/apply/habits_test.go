package apply_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// aLife is a manifest over all kinds, and below what becomes of it.
//
// Names are small: where the service makes them so, what else they were would never be
// reached, see TestServiceKeepsOtherwise.
const aLife = `
roles:
  analyst: {name: analyst}
policies:
  marketing: {name: marketing, actions: {edit: [analyst], trigger: [analyst]}}
connections:
  airtable: {type: airtable, name: airtable}
  hubspot: {type: hubspot, name: hubspot}
  postgres:
    type: postgresql
    name: postgres
    policies: [marketing]
    configuration: {hostname: localhost, database: shop, username: ada, password: '${env.PG_PASSWORD}'}
  stripe: {type: stripe, name: stripe, configuration: {api_key: '${env.STRIPE_API_KEY}'}}
  lake: {type: postgresql, name: lake, configuration: {hostname: lake, database: lake, username: ada, password: '${env.PG_PASSWORD}'}}
  archive: {type: postgresql, name: archive, configuration: {hostname: archive, database: archive, username: ada, password: '${env.PG_PASSWORD}'}}
schema_fields:
  events: {connection: lake, schema: public.events, fields: {properties.plan: {label: Plan, type: string}}}
primary_keys:
  events: {connection: lake, schema: public.events, fields: [user_id, occurred_at]}
bulk_syncs:
  copy:
    name: copy
    source: lake
    destination: {connection: archive, configuration: {schema: events}}
    schedule: {frequency: custom, hour: 4, minute: 0}
    automatically_add_new_fields: none
    schemas:
      public.events:
        fields: {id: true, user_id: true, occurred_at: true, properties.plan: {output_name: plan}}
      public.users: true
    policies: [marketing]
users:
  ada: {email: Ada@example.com, roles: [analyst]}
  eve: {email: eve@example.com, organization: acme}
  joan: {email: joan@example.com, organization: beta}
webhook:
  endpoint: https://hooks.example.com/polytomic
  secret: ${env.WEBHOOK_SECRET}
organizations:
  acme: {name: acme, sso_domain: acme.example.com, issuer: https://login.example.com, client_id: polytomic, client_secret: '${env.ACME_SECRET}'}
  beta: {name: beta}
error_subscribers: [data@example.com]
models:
  users:
    name: users
    connection: postgres
    configuration: {table: users}
    identifier: email
  customers:
    name: customers
    connection: stripe
    configuration: {stream_id: customers}
    fields: [balance, description]
    additional_fields: {metadata.plan: {label: Plan, type: string}}
    tracking_columns: [balance]
    labels: [5e0f31f0-1111-4b43-9a02-5d2f7a9b1c22]
    relations: {email: users.email}
    policies: [marketing]
  stars:
    name: stars
    connection: airtable
    configuration:
      baseobj: {value: appDVrQJeb9w2F2IL, label: User sample}
      tableobj: {value: tblOuVBnPKvXjYhqP, label: Table 1}
      viewobj: {}
    fields: {email: fldR3dERuDqosnxFY, klout_score: fldah5pg1Q9k3PmEH}
    relations: {email: users.email}
syncs:
  carry:
    name: carry
    mode: updateOrCreate
    schedule: {frequency: daily, hour: 8, minute: 30}
    target: {connection: hubspot, object: contacts}
    identity: {source: users.email, target: email}
    fields:
      firstname: users.first_name
      kloutscoregeneral: stars.klout_score
      subscription_plan: {source: customers.description, sync_mode: create}
      company: {value: Example}
    filters:
      paying: {source: customers.balance, function: GreaterThan, value: 0}
      gone: {source: users.created_at, function: IsNull}
    filter_logic: paying AND NOT gone
    overrides: {nameless: {source: users.first_name, function: IsNull, override: Nobody}}
    policies: [marketing]
  touch:
    name: touch
    mode: update
    schedule: {frequency: runafter, run_after: {syncs: [carry]}}
    target: {connection: hubspot, object: contacts}
    identity: {source: users.email, target: email}
    fields: {lastname: users.last_name}
    filters: {here: {source: users.country, function: Equality, value: GB}}
    target_filters:
      lead: {target: lifecyclestage, function: Equality, value: lead}
      none: {target: lifecyclestage, function: IsNull}
    target_filter_logic: lead OR none
    active: false
`

// lifeWithout is the manifest without the blocks of these names.
func lifeWithout(text string, names ...string) string {
	var kept []string
	leaving := false
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") {
			name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			leaving = false
			for _, n := range names {
				leaving = leaving || n == name
			}
		} else if !strings.HasPrefix(line, "   ") {
			leaving = false
		}
		if !leaving {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// live goes through everything that can become of a manifest. Whatever the service's
// habits, each step reaches what it says and leaves nothing to do.
func live(t *testing.T, r *rig.Rig, aLife string) {
	reach := func(what, text string, run rig.Run) {
		t.Helper()
		run.Manifest = r.Manifest(text)
		if err := r.Do(run).Failure(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, s := range r.Unlike(r.Manifest(text)) {
			t.Fatalf("%s: %s", what, s)
		}
	}
	reach("create", aLife, rig.Run{})

	r.Env["STRIPE_API_KEY"] = "another-stripe-key"
	changed := rig.Replace(t, aLife, "name: users\n", "name: all users\n", "first_name\n", "last_name\n", "edit: [analyst]", "create: [analyst]",
		"hour: 8", "hour: 09", "value: 0}", "value: 100}", "fields: [balance, description]", "fields: [balance, description, livemode]",
		"identifier: email", "identifier: id", "hour: 4", "hour: 5", "occurred_at: true", "name: true", "[user_id, occurred_at]", "[user_id]",
		"label: Plan, type: string}}}", "label: The plan, type: number}}}", "https://hooks.example.com/polytomic", "https://hooks.example.com/all",
		"[data@example.com]", "[data@example.com, oncall@example.com]", "database: shop", "database: store", "lead OR none", "NOT lead",
		"sso_domain: acme.example.com", "sso_domain: acme.example.org", "name: beta}", "name: gamma}")
	reach("update", changed, rig.Run{})

	// Another hand.
	r.Edit("sync.carry", map[string]any{"name": "carry on", "schedule": map[string]any{"frequency": "continuous"}})
	r.Edit("bulk_sync.copy", map[string]any{"name": "copy it"})
	r.Edit("model.users", map[string]any{"identifier": "phone"})
	r.Edit("policy.marketing", map[string]any{"policy_actions": []any{}})
	r.Edit("organization.acme", map[string]any{"issuer": "https://elsewhere.example.com"})
	want := []string{"bulk_sync.copy name", "model.users identifier", "organization.acme issuer", "policy.marketing actions", "sync.carry name", "sync.carry schedule"}
	drift := map[string]bool{}
	for _, d := range r.Plan(rig.Run{Manifest: r.Manifest(changed)}).Drift() {
		for _, w := range want {
			if strings.HasPrefix(d, w) {
				drift[w] = true
				d = ""
			}
		}
		if d != "" {
			t.Errorf("drift that nobody made: %s", d)
		}
	}
	if len(drift) != len(want) {
		t.Errorf("drift: saw %v, want %v", drift, want)
	}
	r.Remove("sync.touch")
	reach("repair", changed, rig.Run{})

	replaced := rig.Replace(t, changed, "type: postgresql\n", "type: mysql\n",
		"{hostname: localhost, database: store, username: ada, password: '${env.PG_PASSWORD}'}",
		"{hostname: localhost, dbname: store, account: ada, passwd: '${env.PG_PASSWORD}'}")
	reach("replace", replaced, rig.Run{})

	less := rig.Replace(t, lifeWithout(replaced, "touch", "stars", "airtable", "copy", "events", "beta", "joan"), "      kloutscoregeneral: stars.klout_score\n", "")
	reach("prune", less, rig.Run{Prune: true})

	reach("destroy", "polyplan: 1\n", rig.Run{Prune: true})
	left := map[string]int{}
	for _, kind := range []string{"connection", "model", "sync", "bulk_sync", "policy", "role", "webhook", "user", "organization"} {
		if n := r.Server.Count(kind); n > 0 && (kind != "organization" || n > 1) { // the partner's own stays
			left[kind] = n
		}
	}
	if d := cmp.Diff(map[string]int{}, left); d != "" {
		t.Errorf("left after destroy (-want +got):\n%s", d)
	}
}

// Questions that nobody has answered (API dossier 20): whichever way each is answered,
// polyplan gets along.
func TestHabits(t *testing.T) {
	world := func(t *testing.T, version string, o sandbox.Options) *rig.Rig {
		o.Pace, o.Keys = -1, []sandbox.Key{{Value: rig.Key, Partner: true}} // others make no organisations
		return rig.New(t, rig.Options{Version: version, Sandbox: o, Unchecked: o.Switches != sandbox.Switches{},
			Env: map[string]string{"WEBHOOK_SECRET": "webhook-secret", "ACME_SECRET": "acme-secret"}})
	}
	t.Run("none", func(t *testing.T) {
		both(t, func(t *testing.T, version string) { live(t, world(t, version, sandbox.Options{}), aLife) })
	})
	if trial.Few(t) {
		return
	}
	for i, h := range sandbox.Habits() {
		version := []string{transport.Version2024, transport.Version2025}[i%2]
		for _, value := range h.Try {
			word := h.Name
			if value != "" {
				word += "=" + value
			}
			t.Run(word, func(t *testing.T) {
				t.Parallel()
				var o sandbox.Options
				if err := o.Switches.Turn(word); err != nil {
					t.Fatal(err)
				}
				live(t, world(t, version, o), aLife)
			})
		}
	}
}

// bothLogics is what a sync says that filters by source and target, not each by all.
const bothLogics = `filters: {here: {source: users.country, function: IsNull}}
    filter_logic: NOT here
    target_filters: {lead: {target: lifecyclestage, function: Equality, value: lead}, none: {target: lifecyclestage, function: IsNull}}
    target_filter_logic: lead OR none`

// What the service keeps otherwise than it was sent is not reached by sending it again.
// The run and the next plan say so, until the manifest says it as the service does; and
// so they do of what it refuses.
func TestServiceKeepsOtherwise(t *testing.T) {
	for _, tt := range []struct {
		habit       string
		said        string // of the sync
		told, shown string // by the run, and by the plan after it
		mended      string
	}{
		{"lower-names", "name: Carry", `the service keeps name as "carry"`, "update sync.carry name", "name: carry"},
		{"filter-forms=answered", "filters: {new: {source: users.created_at, function: InTheLast, value: 7 days}}",
			`the service keeps filters.new.value as "{\"amount\":\"7\",\"unit\":\"days\"}"`, "update sync.carry filters.new.value", "filters: {new: {source: users.created_at, function: InTheLast, value: {amount: '7', unit: days}}}"},
		{"filter-forms=refused", "filters: {few: {source: users.id, function: Between, value: [1, 9]}}",
			`the value of Between has the members ["from" "to"]`, "create sync.carry", "filters: {few: {source: users.id, function: Between, value: {from: 1, to: 9}}}"},
		// Which letters the second of two logics speaks of is not known beforehand.
		{"labels-by-field-type", bothLogics, `target.filter_logic: "C" does not belong there`, "create sync.carry",
			strings.Replace(bothLogics, "lead OR none", "lead AND none", 1)},
	} {
		t.Run(tt.habit, func(t *testing.T) {
			var o sandbox.Options
			if err := o.Switches.Turn(tt.habit); err != nil {
				t.Fatal(err)
			}
			r := rig.New(t, rig.Options{Sandbox: o, Unchecked: true})
			text := rig.Replace(t, small, "mode: updateOrCreate", "mode: update") + "    " + tt.said + "\n"
			ran := r.Do(rig.Run{Manifest: r.Manifest(text)})
			var told []string
			for _, e := range ran.Events {
				told = append(told, e.Text)
			}
			if err := ran.Failure(); err != nil {
				told = append(told, err.Error())
			}
			if got := strings.Join(told, "\n"); !strings.Contains(got, tt.told) {
				t.Errorf("told %s, want %s", got, tt.told)
			}
			next := r.Plan(rig.Run{Manifest: r.Manifest(text)})
			var shown []string
			for _, action := range next.Actions() {
				shown = append(shown, strings.TrimSpace(action+" "+strings.Join(rig.Paths(next.Step("sync.carry")), " ")))
			}
			if len(shown) != 1 || !strings.HasPrefix(shown[0], tt.shown) {
				t.Errorf("the next plan shows %q, want %q", shown, tt.shown)
			}
			mended := r.Manifest(rig.Replace(t, text, tt.said, tt.mended))
			r.Apply(mended)
			r.Converged(mended)
		})
	}
}
