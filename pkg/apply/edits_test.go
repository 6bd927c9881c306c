package apply_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// stamped lets answers about models tell another actor and time.
type stamped struct {
	base http.RoundTripper
	by   any
	at   any
}

func (s *stamped) RoundTrip(q *http.Request) (*http.Response, error) {
	resp, err := s.base.RoundTrip(q)
	if ok, _ := path.Match("/api/models/*", q.URL.Path); err != nil || !ok || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	defer resp.Body.Close()
	var doc map[string]map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return nil, err
	}
	doc["data"]["updated_by"], doc["data"]["updated_at"] = s.by, s.at
	text, err := json.Marshal(doc)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return resp, err
}

// Who changed an object is told by name, by the e-mail address where the service
// leaves the name out and lists its people, and else by id.
func TestEdits(t *testing.T) {
	const stamp, nobody = "2026-01-02T04:04:05+01:00", "5f0e5a52-8c1d-4b7e-9a44-0c6de4a1b2f7"
	for _, partnerOnly := range []bool{false, true} {
		r := rig.New(t, rig.Options{Sandbox: sandbox.Options{Switches: sandbox.Switches{PartnerOnly: partnerOnly}}})
		manifest := `
connections:
  pg: {type: postgresql, configuration: {hostname: h, database: d, username: u, password: p}}
models:
  users: {connection: pg, configuration: {table: users}}
  gone: {connection: pg, configuration: {table: orders}}
`
		ada := nobody
		if !partnerOnly {
			manifest += "users:\n  ada: {email: ada@example.com}\n"
		}
		r.Apply(r.Manifest(manifest))
		if !partnerOnly {
			ada = path.Base(r.ID("user.ada"))
		}
		r.Edit("model.users", map[string]any{"name": "People"})
		r.Remove("model.gone")
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		for _, c := range []struct {
			name   string
			by, at any
			want   *apply.Edit
			asks   bool
		}{
			{"a name", map[string]any{"id": ada, "name": "Grace", "type": "user"}, stamp, &apply.Edit{By: "Grace", At: at}, false},
			{"no name", map[string]any{"id": ada, "type": "user"}, stamp, &apply.Edit{By: map[bool]string{false: "ada@example.com", true: ada}[partnerOnly], At: at}, true},
			{"no name, and nobody's id", map[string]any{"id": nobody, "name": ""}, stamp, &apply.Edit{By: nobody, At: at}, true},
			{"no time", map[string]any{"name": "Grace"}, "yesterday", &apply.Edit{By: "Grace"}, false},
			{"nobody", nil, stamp, &apply.Edit{At: at}, false},
			{"nothing", nil, nil, nil, false},
			{"something else", "Grace", 7, nil, false},
		} {
			ran := r.Plan(rig.Run{Round: func(base http.RoundTripper) http.RoundTripper { return &stamped{base, c.by, c.at} }})
			client := r.Client()
			client.Within(sandbox.OrganizationID("Sandbox"))
			before := len(r.Server.Requests())
			got, err := ran.Prepared.Edits(context.Background(), client, &kinds.User)
			if forbidden := transport.IsForbidden(err); forbidden != (partnerOnly && c.asks) || err != nil && !forbidden {
				t.Errorf("%s: %v", c.name, err)
			}
			if asked := len(r.Server.Requests()) > before; asked != c.asks {
				t.Errorf("%s: the service was asked for people: %v", c.name, asked)
			}
			want := map[resource.Address]apply.Edit{}
			if c.want != nil {
				want[r.Address("model.users")] = *c.want
			}
			for a, e := range got {
				e.At = e.At.UTC()
				got[a] = e
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, d)
			}
		}
	}
}
