package render

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

type object = resource.Object

func address(s string) resource.Address {
	a, err := resource.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

const oldQuery = `select u.id, u.email,
	count(*) as orders
from users u
join orders o on o.user_id = u.id
where u.deleted_at is null
group by u.id, u.email
having count(*) > 1
order by u.id
limit 100
`

const newQuery = `select u.id, u.email,
	count(*) as orders, max(o.placed_at) as last_order
from users u
join orders o on o.user_id = u.id
where u.deleted_at is null
group by u.id, u.email
having count(*) > 1
order by u.id
`

// fullView is a plan with a bit of everything.
func fullView() PlanView {
	sealed := resource.NewSecret("made-up")
	sealed.Seal(resource.NewFingerprinter("k", "l"))
	other := resource.NewSecret("made-up")
	other.Seal(resource.NewFingerprinter("k2", "l"))
	steps := []diff.Step{
		{Address: address("connection.stripe"), Name: "Stripe Connection", Action: diff.Create, Changes: []diff.Change{
			{Path: "configuration.api_key", After: sealed, Sensitive: true},
			{Path: "name", After: "Stripe Connection"},
			{Path: "type", After: "stripe"},
		}, After: object{"type": "stripe"}},
		{Address: address("connection.airtable"), Name: "Airtable", Action: diff.NoOp, ID: "id-airtable",
			Waiting: &resource.Waiting{Status: "needs_auth", Detail: "consent was withdrawn"}},
		{Address: address("connection.postgres"), Name: "Postgres", Action: diff.Update, ID: "id-postgres", Changes: []diff.Change{
			{Path: "configuration.password", Before: resource.MaskedSecret(), After: sealed, Sensitive: true},
			{Path: "configuration.port", Before: int64(5432), After: json.Number("18446744073709551616")},
			{Path: "configuration.ssh_private_key", Before: sealed, Sensitive: true},
			{Path: "configuration.ssl_key", Before: other, After: sealed, Sensitive: true, Rekeyed: true},
		}, Reason: "asked for", Protect: true},
		{Address: address("model.users"), Name: "User Details", Action: diff.Update, ID: "id-users", Changes: []diff.Change{
			{Path: "configuration.query", Before: oldQuery, After: newQuery},
			{Path: "connection", Before: object{"id": "id-old"}, After: "postgres"},
			{Path: "fields", Before: []any{"email", "fld1"}, After: []any{"email", "fld1", "id"}},
			{Path: "relations.fld1", After: []any{"stars.fld2", "users.null"}},
			{Path: "identifier", Before: "id"},
		}, Names: map[string]string{"fld1": "klout_score", "stars.fld2": "stars.email"}, Risks: []string{"extra.beta is sent unchecked"}},
		{Address: address("model.events"), Name: "events", Action: diff.Create, Changes: []diff.Change{
			{Path: "configuration", After: object{}},
			{Path: "configuration.query", After: "select *\nfrom events\n"},
			{Path: "name", After: "true"},
		}},
		{Address: address("sync.out"), Name: "Out", Action: diff.Replace, ID: "id-out", Changes: []diff.Change{
			{Path: "fields.first.source", Before: "users.a", After: "users.b"},
			{Path: "fields.second.value", Before: longValue("a"), After: longValue("b")},
			{Path: "target.create", Before: object{"a": "1"}, After: object{"a": "2", "list": []any{true, nil, 1.5}}},
		}, Risks: []string{"a new object takes its place; the old one and its history are deleted"}},
		{Address: address("model.adopted"), Name: "Adopted", Action: diff.Adopt, ID: "id-adopted"},
		{Address: address("model.people"), Name: "People", Action: diff.Move, From: address("model.persons"), ID: "id-people", Changes: []diff.Change{
			{Path: "name", Before: "Persons", After: "People"}}},
		{Address: address("role.same"), Name: "Same", Action: diff.NoOp, ID: "id-same"},
		{Address: address("sync.forgotten"), Name: "Forgotten", Action: diff.Forget, ID: "id-forgotten", Reason: "the object no longer exists", Gone: true},
		{Address: address("sync.orphan"), Name: "Orphan", Action: diff.Orphan, ID: "id-orphan", Reason: "no longer in the manifest; kept without --prune"},
		{Address: address("sync.gone"), Name: "Gone", Action: diff.Delete, ID: "id-gone", Changes: []diff.Change{
			{Path: "mode", Before: "update"}, {Path: "target.object", Before: "contacts"}}},
	}
	return PlanView{
		Kinds: kinds.All(),
		Plan: &diff.Plan{Steps: steps,
			Drift: []diff.Drift{
				{Address: address("model.people"), Name: "Persons", Changes: []diff.Change{{Path: "configuration.table", Before: "a", After: "b"}}},
				{Address: address("sync.forgotten"), Name: "Forgotten", Gone: true},
			},
			Refusals: []diff.Refusal{{Address: address("sync.out"), Policy: true, What: "sync.out is protected and would be replaced",
				Why: "target.create cannot be changed in place", Fix: "undo the change, or apply once with protect: false",
				Pos: diag.Pos{File: "m.yaml", Line: 2, Col: 3}}}},
		Settled: []apply.Settlement{
			{Intent: state.Intent{Address: address("model.events"), Name: "events"}},
			{Intent: state.Intent{Address: address("model.adopted"), Name: "Adopted"}, ID: "id-adopted"},
		},
		Sources: diag.Sources{"m.yaml": []byte("syncs:\n  out: {mode: update}\n")},
	}
}

func longValue(s string) string {
	out := ""
	for range 12 {
		out += "the same words again and again, "
	}
	return out + "but " + s + " at the end of it"
}

// busyResult is a run in which all happened that can.
func busyResult() *apply.Result {
	return &apply.Result{
		Done: diff.Summary{Create: 3, Update: 1, Adopt: 1},
		Failed: []apply.Failure{
			{Address: address("model.events"), Action: diff.Create, Err: hinted{errors.New("POST /api/models: 403 not allowed\nsecond line")}},
			{Address: address("sync.out"), Action: diff.Delete, Err: errors.New("DELETE /api/syncs/id: 422 in use")},
		},
		Skipped:     []apply.Failure{{Address: address("sync.events"), Action: diff.Create, Because: address("model.events")}},
		Deferred:    []apply.Failure{{Address: address("model.stars"), Action: diff.Create, Because: address("connection.airtable")}},
		Waiting:     []apply.Failure{{Address: address("connection.airtable"), Action: diff.Create}, {Address: address("connection.hubspot"), Action: diff.Create}},
		NotStarted:  2,
		Interrupted: true,
		Err:         errors.New("the state could not be saved"),
	}
}

type hinted struct{ error }

func (hinted) Hint() string { return "the user of this API key lacks a role for it" }

// events are one of every kind.
func events() []apply.Event {
	return []apply.Event{
		{Kind: apply.Started, Address: address("connection.airtable"), Name: "Airtable", Action: diff.Create},
		{Kind: apply.Done, Address: address("connection.airtable"), Name: "Airtable", Action: diff.Create, ID: "id-airtable", Took: 1240 * time.Millisecond},
		{Kind: apply.Done, Address: address("sync.gone"), Name: "Gone", Action: diff.Delete, ID: "id-gone", Took: 65 * time.Second},
		{Kind: apply.Failed, Address: address("model.events"), Name: "events", Action: diff.Create, Err: hinted{errors.New("POST /api/models: 403\nno")}, Took: time.Second},
		{Kind: apply.Skipped, Address: address("sync.events"), Name: "Events", Action: diff.Create, Because: address("model.events")},
		{Kind: apply.Deferred, Address: address("model.stars"), Name: "Stars", Action: diff.Create, Because: address("connection.airtable")},
		{Kind: apply.Waiting, Address: address("connection.airtable"), Name: "Airtable", Action: diff.Create,
			Link: "https://app.example.com/oauth/start?a=b&c=d", Code: "ABC-123", Text: "sign in as the owner"},
		{Kind: apply.Waiting, Address: address("connection.hubspot"), Name: "HubSpot", Action: diff.NoOp},
		{Kind: apply.Authorised, Address: address("connection.airtable"), Name: "Airtable", Action: diff.Create},
		{Kind: apply.Preparing, Address: address("model.users"), Name: "Users", Action: diff.Create, Text: "the service reads the schemas of connection.pg"},
		{Kind: apply.Warned, Address: address("model.users"), Name: "Users", Action: diff.Update, Text: `the service keeps configuration.table as "people"`},
	}
}
