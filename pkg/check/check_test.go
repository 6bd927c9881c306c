package check_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/discover"
	"github.com/polyplan/polyplan/pkg/internal/fixture"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/schema"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// load reads a fixture, in which there must be no mistake that shows without the
// service.
func load(t *testing.T, r *rig.Rig, file string) *spec.Manifest {
	t.Helper()
	m, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{file}, Env: func(name string) (string, bool) {
		v, ok := r.Env[name]
		return v, ok
	}})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

// connected makes the connections of a manifest and tells where they are.
func connected(r *rig.Rig, m *spec.Manifest) func(resource.Address) (schema.Connection, string) {
	r.T.Helper()
	alone := *m
	alone.Set = resource.Set{}
	for a, res := range m.Set {
		if _, known := res.Object["configuration"]; a.Kind == "connection" && known && res.Object["type"] != "hubspott" {
			alone.Set[a] = res
		}
	}
	r.Apply(&alone)
	ids := r.Load().Resources
	return func(a resource.Address) (schema.Connection, string) {
		rec := ids[a]
		if rec == nil {
			return schema.Connection{Key: a.String()}, "it does not exist yet"
		}
		return schema.Connection{Key: a.String(), ID: rec.ID}, ""
	}
}

// Each mistake is found on its line, with the nearest right name, in both
// versions of the API; and once more from the lock file, as far as that knows.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, version := range []string{transport.Version2024, transport.Version2025} {
		for _, file := range files {
			t.Run(version+"/"+strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
				r := rig.New(t, rig.Options{Version: version, Memory: state.NewMemory(),
					Sandbox: sandbox.Options{OAuth: sandbox.OAuthAuto, Catalog: "testdata/services.json"}})
				m := load(t, r, file)
				service := discover.New(r.Client())
				service.Previews = true
				in := check.Input{Kinds: kinds.All(), Desired: m.Set, Reader: service, Place: connected(r, m), Unquoted: m.Unquoted}
				got, err := check.Run(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				fixture.Check(t, file, m.Sources.Annotate(got.Findings))

				// What the lock says is what the service said, where it says something.
				data, err := got.Seen.Marshal()
				if err != nil {
					t.Fatal(err)
				}
				lock, err := schema.ParseLock(data)
				if err != nil {
					t.Fatal(err)
				}
				again, err := lock.Marshal()
				if d := cmp.Diff(string(data), string(again)); d != "" || err != nil {
					t.Errorf("the lock, read and written again (-want +got), %v:\n%s", err, d)
				}
				if changes := lock.Changes(got.Seen); len(changes) > 0 {
					t.Errorf("the lock differs from itself: %q", changes)
				}
				in.Reader = lock
				in.Place = func(a resource.Address) (schema.Connection, string) { return schema.Connection{Key: a.String()}, "" }
				offline, err := check.Run(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				online := map[string]bool{}
				for _, d := range got.Findings {
					online[d.Pos.String()+d.What] = true
				}
				for _, d := range offline.Findings {
					if !online[d.Pos.String()+d.What] {
						t.Errorf("found with the lock alone: %s", d.Text())
					}
				}
			})
		}
	}
}
