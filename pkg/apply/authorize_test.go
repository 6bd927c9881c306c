package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/spec"
)

const toAuthorize = `
connections:
  hubspot: {type: hubspot}
  salesforce: {type: salesforce, configuration: {domain: "https://example.my.salesforce.com"}}
  postgres:
    type: postgresql
    configuration: {hostname: localhost, port: 5432, database: d, username: u, password: "${env.PG_PASSWORD}"}
`

// authorize plans and asks for links as the program does.
func authorize(r *rig.Rig, m *spec.Manifest, stop context.Context, between func(), tell func(apply.Event), addresses ...string) (*apply.Result, error) {
	r.T.Helper()
	ran := r.Plan(rig.Run{Manifest: m})
	t, err := transport.New(transport.Options{BaseURL: r.URL, Key: rig.Key, Version: transport.Version2024, Parallelism: 4})
	if err != nil {
		r.T.Fatal(err)
	}
	r.T.Cleanup(t.Close)
	var list []resource.Address
	for _, a := range addresses {
		list = append(list, r.Address(a))
	}
	if between != nil {
		between()
	}
	return apply.Authorize(context.Background(), apply.Options{Client: api.New(t, transport.Version2024), Kinds: kinds.All(),
		Store: r.Store(), State: ran.State, Fingerprints: resource.NewFingerprinter("rig", ran.State.Lineage),
		Prepared: ran.Prepared, Parallelism: 4, Wait: time.Minute, Stop: stop, Poll: time.Millisecond, Notify: tell}, list)
}

func TestAuthorize(t *testing.T) {
	r := rig.New(t, rig.Options{Sandbox: sandbox.Options{OAuth: sandbox.OAuthManual, KeepBodies: true}})
	m := r.Manifest(toAuthorize)
	r.Do(rig.Run{Manifest: m, NoWait: true})
	r.Server.ResetRequests()

	// Two links; the person follows one of them and then has enough of waiting.
	stop, enough := context.WithCancel(context.Background())
	defer enough()
	var told []string
	tell := func(e apply.Event) {
		told = append(told, string(e.Kind)+" "+e.Address.String())
		if e.Kind == apply.Authorised {
			enough()
		}
		if e.Kind != apply.Waiting {
			return
		}
		if !strings.HasPrefix(e.Link, r.URL) {
			t.Errorf("the link of %s is %q", e.Address, e.Link)
		}
		if e.Address.Name == "salesforce" {
			if err := r.Server.Authorize("salesforce"); err != nil {
				t.Error(err)
			}
		}
	}
	result, err := authorize(r, m, stop, nil, tell, "connection.salesforce", "connection.hubspot")
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Waiting) != 1 || result.Waiting[0].Address.Name != "hubspot" || result.Done.Changed() != 0 || len(result.Failed) != 0 {
		t.Errorf("the result is %+v", result)
	}
	for _, want := range []string{"waiting connection.hubspot", "waiting connection.salesforce", "authorised connection.salesforce"} {
		if !strings.Contains(strings.Join(told, "\n"), want) {
			t.Errorf("nothing tells %q: %q", want, told)
		}
	}
	if len(told) != 3 {
		t.Errorf("told %q, want three events", told)
	}
	puts := 0
	for _, q := range r.Server.Requests() {
		if q.Method == "GET" {
			continue
		}
		puts++
		if body := string(q.Body); q.Method != "PUT" || !strings.Contains(body, `"reconnect":true`) || !strings.Contains(body, `"configuration":`) {
			t.Errorf("sent %s %s %s", q.Method, q.Path, body)
		}
	}
	if puts != 2 {
		t.Errorf("%d requests that change something, want 2", puts)
	}
	if body := r.Live("connection.salesforce"); body["configuration"].(map[string]any)["domain"] != "https://example.my.salesforce.com" {
		t.Errorf("the update lost the configuration: %v", body)
	}
	st := r.Load()
	if st.Resources[r.Address("connection.salesforce")].Waiting != nil || st.Resources[r.Address("connection.hubspot")].Waiting == nil {
		t.Error("the state does not have who waits")
	}
}

// Whoever authorised since the plan was made must not be sent back to the start.
func TestAuthorizeOfTheAuthorised(t *testing.T) {
	r := rig.New(t, rig.Options{Sandbox: sandbox.Options{OAuth: sandbox.OAuthManual}})
	m := r.Manifest(toAuthorize)
	r.Do(rig.Run{Manifest: m, NoWait: true})
	r.Server.ResetRequests()
	consent := func() {
		if err := r.Server.Authorize("hubspot"); err != nil {
			t.Fatal(err)
		}
	}
	var told []apply.EventKind
	result, err := authorize(r, m, nil, consent, func(e apply.Event) { told = append(told, e.Kind) }, "connection.hubspot")
	if err != nil || !result.Complete() {
		t.Fatalf("%+v, %v", result, err)
	}
	if d := cmp.Diff([]apply.EventKind{apply.Authorised}, told); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	for _, q := range r.Server.Requests() {
		if q.Method != "GET" {
			t.Errorf("sent %s %s", q.Method, q.Path)
		}
	}
}

func TestAuthorizable(t *testing.T) {
	r := rig.New(t, rig.Options{Sandbox: sandbox.Options{OAuth: sandbox.OAuthManual}})
	m := r.Manifest(toAuthorize + "models:\n  users: {connection: postgres, configuration: {table: users}}\n")
	r.Do(rig.Run{Manifest: m, NoWait: true})
	changed := r.Manifest(rig.Replace(t, toAuthorize, "example.my", "other.my", "  hubspot: {type: hubspot}", "  another: {type: hubspot}") +
		"models:\n  users: {connection: postgres, configuration: {table: users}}\n")
	p := r.Plan(rig.Run{Manifest: changed}).Prepared
	for _, test := range []struct{ address, what string }{
		{"connection.postgres", "nobody has to authorise it"},
		{"model.users", "nobody has to authorise it"},
		{"connection.hubspot", "it is not in the manifest"},
		{"connection.another", "it does not exist yet"},
		{"connection.salesforce", "it has changes that are not applied"},
	} {
		found := apply.Authorizable(p, kinds.All(), []resource.Address{r.Address(test.address)})
		if len(found) != 1 || found[0].What != test.what || found[0].Address != test.address {
			t.Errorf("%s: %+v, want %q", test.address, found, test.what)
		}
	}
	if _, err := authorize(r, changed, nil, nil, nil, "connection.postgres"); err == nil {
		t.Error("Authorize of what needs nobody is no error")
	}
	found := apply.Authorizable(r.Plan(rig.Run{Manifest: m}).Prepared, kinds.All(), []resource.Address{r.Address("connection.hubspot")})
	if len(found) != 0 {
		t.Errorf("connection.hubspot can be authorised, but: %+v", found)
	}
}
