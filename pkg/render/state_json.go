package render

import (
	"io"
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

type resourceJSON struct {
	Address   string       `json:"address"`
	Kind      string       `json:"kind"`
	Name      string       `json:"name"`
	ID        string       `json:"id"`
	Needs     []string     `json:"needs"`
	Protect   bool         `json:"protect"`
	Waiting   *waitingJSON `json:"waiting,omitempty"`
	Object    any          `json:"object"`    // secrets are null
	Sensitive []string     `json:"sensitive"` // the paths of the secrets
}

func newResourceJSON(r *resource.Resource) resourceJSON {
	out := resourceJSON{Address: r.Address.String(), Kind: r.Address.Kind, Name: r.DisplayName(), ID: r.ID, Needs: []string{},
		Protect: r.Protect, Object: plainJSON(r.Object), Sensitive: secretPaths([]string{}, "", r.Object)}
	for _, n := range r.Needs {
		out.Needs = append(out.Needs, n.String())
	}
	if w := r.Waiting; w != nil {
		out.Waiting = &waitingJSON{Status: w.Status, Detail: w.Detail}
	}
	return out
}

func secretPaths(out []string, p resource.Path, v any) []string {
	switch v := v.(type) {
	case *resource.Secret:
		return append(out, string(p))
	case resource.Object:
		for _, key := range resource.Keys(v) {
			out = secretPaths(out, p.Child(key), v[key])
		}
	case []any:
		for i, e := range v {
			out = secretPaths(out, p.Index(i), e)
		}
	}
	return out
}

type doubtJSON struct {
	Address string    `json:"address"`
	Name    string    `json:"name"`
	Time    time.Time `json:"time"`
}

// StateJSON writes what a state holds for programs, as one document. It is not
// the state's own form: there are no fingerprints of secrets in it.
func StateJSON(w io.Writer, s *state.State) error {
	doc := struct {
		FormatVersion string            `json:"format_version"`
		Lineage       string            `json:"lineage"`
		Serial        int64             `json:"serial"`
		Deployment    string            `json:"deployment"`
		Organization  map[string]string `json:"organization"`
		Resources     []resourceJSON    `json:"resources"`
		Doubts        []doubtJSON       `json:"doubts"`
	}{FormatVersion, s.Lineage, s.Serial, s.Deployment, map[string]string{"id": s.Organization, "name": s.OrganizationName},
		[]resourceJSON{}, []doubtJSON{}}
	for _, a := range s.Resources.Addresses() {
		doc.Resources = append(doc.Resources, newResourceJSON(s.Resources[a]))
	}
	for _, d := range s.Doubts {
		doc.Doubts = append(doc.Doubts, doubtJSON{d.Address.String(), d.Name, d.Time})
	}
	return writeJSON(w, doc, "  ")
}
