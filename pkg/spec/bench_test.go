package spec_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/spec"
)

// groups writes a manifest of n copies of the seed scenario: four connections,
// three models and a sync each.
func groups(n int) []byte {
	var b bytes.Buffer
	b.WriteString("polyplan: 1\n")
	each := func(section, text string) {
		b.WriteString(section + ":\n")
		for i := range n {
			b.WriteString(strings.ReplaceAll(text, "#", fmt.Sprint(i)))
		}
	}
	each("connections", `  airtable_#: {type: airtable, name: Airtable Connection #}
  hubspot_#: {type: hubspot, name: HubSpot Connection #}
  postgres_#:
    type: postgresql
    name: Postgres Connection #
    configuration:
      hostname: localhost
      port: 5432
      database: postgres
      username: user
      password: ${env.PG_PASSWORD}
  stripe_#:
    type: stripe
    name: Stripe Connection #
    configuration:
      api_key: ${env.STRIPE_API_KEY}
`)
	each("models", `  users_#:
    name: User Details #
    connection: postgres_#
    configuration: {table: users}
  customers_#:
    name: Customers #
    connection: stripe_#
    configuration: {stream_id: customers}
    fields: [balance, description, livemode]
    relations:
      email: users_#.email
  stars_#:
    name: Stars Data #
    connection: airtable_#
    configuration:
      baseobj: {value: appDVrQJeb9w2F2IL, label: User sample}
      tableobj: {value: tblOuVBnPKvXjYhqP, label: Table 1}
      viewobj: {}
    fields:
      email: fldR3dERuDqosnxFY
      klout_score: fldah5pg1Q9k3PmEH
    relations:
      email: users_#.email
`)
	each("syncs", `  customers_to_hubspot_#:
    name: Customer data to HubSpot Sync #
    mode: updateOrCreate
    schedule: continuous
    target: {connection: hubspot_#, object: contacts}
    identity: {source: users_#.email, target: email, function: Equality}
    fields:
      firstname: users_#.first_name
      lastname: users_#.last_name
      kloutscoregeneral: stars_#.klout_score
      subscription_plan: customers_#.description
`)
	return b.Bytes()
}

// BenchmarkLoad10k loads ten thousand resources from one file. It reports the
// memory that was taken from the system for the first load, and what one
// allocates.
func BenchmarkLoad10k(b *testing.B) {
	file := filepath.Join(b.TempDir(), "polyplan.yaml")
	if err := os.WriteFile(file, groups(1250), 0o600); err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		m, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{file}, Env: always})
		if len(found) > 0 || len(m.Set) != 10_000 {
			b.Fatalf("%d resources, findings: %v", len(m.Set), found)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1e6, "MB/op")
	b.ReportMetric(float64(after.Sys)/1e6, "MB-sys")
}

func always(name string) (string, bool) { return "value of " + name, true }

// BenchmarkFormat10k formats a file of ten thousand resources that needs it.
func BenchmarkFormat10k(b *testing.B) {
	text := bytes.ReplaceAll(groups(1250), []byte("    name:"), []byte("    name:  "))
	for b.Loop() {
		if out, found := spec.Format("x", text, kinds.All()); len(found) > 0 || len(out) >= len(text) {
			b.Fatal(found)
		}
	}
}
