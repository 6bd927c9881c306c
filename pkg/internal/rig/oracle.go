package rig

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// Converged fails the test unless the service has exactly what the manifest
// says and the state knows it. It asks
//
//   - a new process for its plan, which must be empty, without drift, doubt or
//     anything that waits, also when it reads every object and trusts no mark;
//   - the sandbox for its objects: one for each address, under the id that the
//     state has, none else, and each stored as the manifest wants it, its
//     secrets real;
//   - the requests, if their bodies are kept: none may hold a mask;
//   - the state, which must have these addresses and no other, no doubt, and
//     leave no journal behind.
func (r *Rig) Converged(m *spec.Manifest) {
	r.T.Helper()
	for _, s := range r.Unlike(m) {
		r.T.Error(s)
	}
}

// Unlike lists what keeps the world from being converged, see Converged.
func (r *Rig) Unlike(m *spec.Manifest) []string {
	r.T.Helper()
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }

	for _, trusting := range []bool{true, false} {
		run := Run{Manifest: m}
		if !trusting {
			run.Store = Suspicious(r.Store())
		}
		ran := r.Plan(run)
		for _, a := range ran.Actions() {
			s := ran.Step(a[strings.Index(a, " ")+1:])
			say("the next plan (trusting marks: %v) is not empty: %s %v %s", trusting, a, Paths(s), s.Reason)
		}
		for _, d := range ran.Drift() {
			say("the next plan (trusting marks: %v) shows drift: %s", trusting, d)
		}
		for _, f := range ran.Prepared.Plan.Refusals {
			say("the next plan is refused: %s", f.What)
		}
		for _, w := range ran.Prepared.Plan.Waits() {
			say("%s waits for a person", w.Address)
		}
	}

	// As a command that has the state alone compares it.
	for _, d := range r.Plan(Run{Store: Suspicious(r.Store())}).Drift() {
		say("the state alone shows drift: %s", d)
	}

	st := r.Load()
	if len(st.Doubts) > 0 {
		say("the state has doubts: %v", st.Doubts)
	}
	for a := range st.Resources {
		if m.Set[a] == nil {
			say("the state has %s, the manifest does not", a)
		}
	}
	id := func(a resource.Address) (string, bool) {
		if rec := st.Resources[a]; rec != nil {
			return rec.ID, true
		}
		return "", false
	}
	for _, k := range kinds.All() {
		if k.Placed() {
			continue // it has no id to ask for: that the plan is empty has to do
		}
		want := r.planted[k.Name]
		for _, a := range m.Set.Addresses() {
			if a.Kind != k.Name {
				continue
			}
			want++
			rec := st.Resources[a]
			if rec == nil {
				say("the state does not have %s", a)
				continue
			}
			if rec.Waiting != nil {
				say("the state says that %s waits", a)
			}
			stored, ok := r.Server.Object(k.Name, path.Base(rec.ID))
			if !ok {
				say("the service has no %s", a)
				continue
			}
			body, err := k.Encode(m.Set[a].Object, id, true)
			if err != nil {
				say("%s: %v", a, err)
				continue
			}
			if k.Form != nil { // what is stored is in the form of the later version
				if err := k.Form(transport.Version2025, body); err != nil {
					say("%s: %v", a, err)
				}
			}
			for _, directive := range []string{"validate", "refresh"} {
				delete(body, directive)
			}
			missing("", resource.Normalize(body), resource.Normalize(stored), func(p, what string) {
				say("%s is not stored as wanted: %s: %s", a, p, what)
			})
		}
		if got := r.Server.Count(k.Name); got != want {
			say("the service has %d of kind %s, want %d", got, k.Name, want)
		}
	}
	for _, q := range r.Server.Requests() {
		if masked(q.Body) {
			say("%s %s was sent a mask", q.Method, q.Path)
		}
	}
	if r.opt.Memory == nil {
		out = append(out, r.litter()...)
	}
	return out
}

// masked reports whether a mask stands anywhere in a request's body.
func masked(body []byte) bool {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return false
	}
	var search func(any) bool
	search = func(v any) bool {
		switch v := v.(type) {
		case string:
			return resource.IsMask(v)
		case map[string]any:
			return slices.ContainsFunc(slices.Collect(maps.Values(v)), search)
		case []any:
			return slices.ContainsFunc(v, search)
		}
		return false
	}
	return search(v)
}

// Sent are the bodies of the requests with that method and path, the latter as
// in a fault: * is one segment. The sandbox has to keep bodies.
func (r *Rig) Sent(method, pattern string) []map[string]any {
	r.T.Helper()
	var out []map[string]any
	for _, q := range r.Server.Requests() {
		if ok, _ := path.Match(pattern, q.Path); !ok || q.Method != method {
			continue
		}
		var body map[string]any
		if len(q.Body) > 0 {
			if err := json.Unmarshal(q.Body, &body); err != nil {
				r.T.Fatal(err)
			}
		}
		out = append(out, body)
	}
	return out
}

// Writes are the requests that change something, as "METHOD path".
func (r *Rig) Writes() []string {
	out := []string{}
	for _, q := range r.Server.Requests() {
		if q.Method != "GET" {
			out = append(out, q.Method+" "+q.Path)
		}
	}
	return out
}

// litter lists files that no run should leave.
func (r *Rig) litter() []string {
	var out []string
	_ = filepath.WalkDir(filepath.Dir(r.Path), func(file string, _ os.DirEntry, err error) error {
		if name := filepath.Base(file); err == nil && (name == "journal" || strings.HasSuffix(name, ".tmp")) {
			out = append(out, "a file is left: "+name)
		}
		return nil
	})
	return out
}

// missing tells where got does not hold what want does. Lists may have more
// elements, and in another order: policies of others, sorted sets.
func missing(p resource.Path, want, got any, say func(path, what string)) {
	switch want := want.(type) {
	case resource.Object:
		o, ok := got.(resource.Object)
		if !ok && len(want) > 0 {
			say(string(p), fmt.Sprintf("is %v", got))
			return
		}
		for _, key := range resource.Keys(want) {
			missing(p.Child(key), want[key], o[key], say)
		}
	case []any:
		l, _ := got.([]any)
		for i, e := range want {
			if !slices.ContainsFunc(l, func(x any) bool {
				found := true
				missing("", e, x, func(string, string) { found = false })
				return found
			}) {
				say(string(p.Index(i)), fmt.Sprintf("is not in the list of %d", len(l)))
			}
		}
	default:
		if !resource.Empty(want) && resource.Text(want) != resource.Text(got) {
			say(string(p), "has another value") // which might be a secret
		}
	}
}
