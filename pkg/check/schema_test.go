package check_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/discover"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// Whether a field that is there is the source's own the service says since
// 2025-09-18 (API dossier 4); before that, what the state has is ours, as long as it
// is of the same schema. What was known last cannot say.
func TestFieldsThatAreThere(t *testing.T) {
	const ours = `
connections:
  pg: {type: postgresql, configuration: {hostname: h, database: d, username: u, password: "${env.PG_PASSWORD}"}}
schema_fields:
  users: {connection: pg, schema: public.users, fields: {score: {label: Score, type: number}}}
`
	for _, version := range []string{transport.Version2024, transport.Version2025} {
		t.Run(version, func(t *testing.T) {
			r := rig.New(t, rig.Options{Version: version})
			m := r.Manifest(ours)
			r.Apply(m)
			records := r.Load().Resources
			address := r.Address("schema_fields.users")
			elsewhere := maps.Clone(records[address].Object)
			elsewhere["schema"] = "public.orders"
			place := func(a resource.Address) (schema.Connection, string) {
				return schema.Connection{Key: a.String(), ID: records[a].ID}, ""
			}
			said := func(reader schema.Reader, recorded resource.Object) (codes []string) {
				got, err := check.Run(context.Background(), check.Input{Kinds: kinds.All(), Desired: m.Set, Reader: reader, Place: place,
					Recorded: func(a resource.Address) resource.Object {
						if a != address {
							t.Errorf("%s is asked for", a)
						}
						return recorded
					}})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range got.Findings {
					codes = append(codes, d.Code)
				}
				return codes
			}
			var untold []string
			if version == transport.Version2024 {
				untold = []string{"source-field"}
			}
			for name, tt := range map[string]struct {
				recorded resource.Object
				want     []string
			}{
				"recorded":         {records[address].Object, nil},
				"not recorded":     {nil, untold},
				"another schema's": {elsewhere, untold},
			} {
				if d := cmp.Diff(tt.want, said(discover.New(r.Client()), tt.recorded)); d != "" {
					t.Errorf("%s (-want +got):\n%s", name, d)
				}
			}
			service := discover.New(r.Client())
			src, err := service.BulkSource(context.Background(), schema.Connection{ID: r.ID("connection.pg")}, true)
			if err != nil {
				t.Fatal(err)
			}
			fields := src.Schema("public.users").Fields
			if i := slices.IndexFunc(fields, func(f schema.Field) bool { return f.Name == "score" }); i < 0 || (fields[i].Added == schema.Yes) != (version == transport.Version2025) {
				t.Errorf("the service's fields: %+v", fields)
			}
			last := schema.NewLock()
			last.PutBulkSource(schema.Connection{Key: "connection.pg"}, src, []string{"public.users"})
			if got := said(last, nil); len(got) > 0 {
				t.Errorf("with the lock alone: %q", got)
			}
		})
	}
}
