package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

func TestWording(t *testing.T) {
	names := map[string]string{"fld1": "klout_score", "stars.fld1": "stars.klout_score"}
	for _, tt := range []struct {
		kind      *resource.Kind
		path      resource.Path
		in        any
		called    resource.Path
		want      any
		immutable bool
	}{
		{&kinds.Model, "connection", "postgres", "connection", "connection.postgres", false},
		{&kinds.Model, "connection", object{"id": "x"}, "connection", object{"id": "x"}, false},
		{&kinds.Model, "connection", "not a name", "connection", "not a name", false},
		{&kinds.Model, "fields", []any{"fld1", "b"}, "fields", object{"klout_score": "fld1", "b": "b"}, false},
		{&kinds.Model, "identifier", "fld1", "identifier", "klout_score", false},
		{&kinds.Model, "name", "fld1", "name", "fld1", false}, // text, whatever it looks like
		{&kinds.Model, "relations.fld1", []any{"stars.fld1", "users.email"}, "relations.klout_score", []any{"stars.klout_score", "users.email"}, false},
		{&kinds.Model, "relations", object{"fld1": []any{"stars.fld1"}}, "relations", object{"klout_score": []any{"stars.klout_score"}}, false},
		{&kinds.Model, `configuration."a.b".connection`, "stars.fld1", `configuration."a.b".connection`, "stars.fld1", false},
		{&kinds.Model, "unknown.connection", "x", "unknown.connection", "x", false},
		{&kinds.Sync, "fields.lastname.source", "stars.fld1", "fields.lastname.source", "stars.klout_score", false},
		{&kinds.Sync, "fields.lastname", object{"source": "stars.fld1"}, "fields.lastname", object{"source": "stars.klout_score"}, false},
		{&kinds.Sync, "target.connection", "hubspot", "target.connection", "connection.hubspot", false},
		{&kinds.Sync, "target.create.name", "x", "target.create.name", "x", true},
		{nil, "fields", []any{"stars.fld1", "fld1", object{"a": "stars.fld1"}}, "fields", []any{"stars.klout_score", "fld1", object{"a": "stars.klout_score"}}, false},
	} {
		w := wording{kind: tt.kind, names: names}
		f, called, immutable := w.at(tt.path)
		if called != tt.called || immutable != tt.immutable {
			t.Errorf("%s is called %s, immutable %v", tt.path, called, immutable)
		}
		if d := cmp.Diff(tt.want, w.value(f, tt.in)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, d)
		}
	}
}
