package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/rig"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

// An editor is another hand that edits what an apply is at work on, before some of
// its requests. It keeps a model of what the objects have to be: of each field what
// was written last, where a request of ours writes what the manifest says, and all
// else as it was when the object was read right before.
type editor struct {
	r      *rig.Rig
	rng    *rand.Rand
	wanted *spec.Manifest
	at     map[int]bool // the requests before which it edits, from 0: before the first
	base   http.RoundTripper

	mu     sync.Mutex
	n      int
	values map[string]map[resource.Path]any // by id; nil: it is gone
	read   map[string]map[resource.Path]any // as an object was read since the plan
	ids    map[string]resource.Address
	theirs map[string]map[string]any // what it made, by id
	edits  int
	lost   int // what it changed between our read of an object and our write of it
	blind  []string
}

// edited are the fields that are edited: ours, which the manifest sets, and others.
var edited = map[string]struct{ ours, others []resource.Path }{
	"connection": {[]resource.Path{"name", "configuration.database"}, []resource.Path{"configuration.publication"}},
	"model":      {[]resource.Path{"name", "identifier"}, []resource.Path{"labels"}},
	"sync":       {[]resource.Path{"name"}, []resource.Path{"only_enrich_updates"}},
}

var editable = []string{"connection.pg", "model.users", "sync.carry"}

func newEditor(r *rig.Rig, rng *rand.Rand, wanted *spec.Manifest) *editor {
	e := &editor{r: r, rng: rng, wanted: wanted, at: map[int]bool{}, values: map[string]map[resource.Path]any{},
		read: map[string]map[resource.Path]any{}, ids: map[string]resource.Address{}, theirs: map[string]map[string]any{}}
	for _, a := range editable {
		e.ids[r.ID(a)] = r.Address(a)
		e.values[r.ID(a)] = e.stored(r.ID(a))
	}
	for range 1 + rng.IntN(3) {
		e.at[rng.IntN(16)] = true
	}
	return e
}

// stored are the fields that are edited as the service has them.
func (e *editor) stored(id string) map[resource.Path]any {
	kind := e.ids[id].Kind
	o, ok := e.r.Server.Object(kind, id)
	if !ok {
		return nil
	}
	out := map[resource.Path]any{}
	for _, p := range append(edited[kind].ours, edited[kind].others...) {
		out[p] = plain(at(o, p))
	}
	return out
}

func at(o map[string]any, p resource.Path) any {
	var v any = o
	for _, key := range strings.Split(string(p), ".") {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func (e *editor) round(base http.RoundTripper) http.RoundTripper {
	e.base = base
	return e
}

// RoundTrip lets one request through at a time, so that there is an order to judge by.
func (e *editor) RoundTrip(q *http.Request) (*http.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	if e.at[e.n] {
		e.edit()
	}
	res, err := e.base.RoundTrip(q)
	if err != nil || res.StatusCode >= 300 {
		return res, err
	}
	id := path.Base(q.URL.Path)
	a, known := e.ids[id]
	switch {
	case !known:
	case q.Method == http.MethodGet:
		e.read[id] = e.stored(id)
	case q.Method == http.MethodPut:
		if e.read[id] == nil {
			e.blind = append(e.blind, a.String())
		}
		for _, p := range edited[a.Kind].ours {
			e.values[id][p] = plain(at(e.wanted.Set[a].Object, p))
		}
		for _, p := range edited[a.Kind].others {
			if !cmp.Equal(e.values[id][p], e.read[id][p]) {
				e.lost++
			}
			e.values[id][p] = e.read[id][p]
		}
		e.read[id] = nil
	}
	return res, err
}

// edit does one thing to one object that is there.
func (e *editor) edit() {
	id := e.r.ID(editable[e.rng.IntN(len(editable))])
	a := e.ids[id]
	if e.values[id] == nil {
		return
	}
	field := func(paths []resource.Path) {
		p := paths[e.rng.IntN(len(paths))]
		var v any = fmt.Sprintf("theirs-%d", e.edits)
		switch p {
		case "labels":
			v = []any{fmt.Sprintf("6f1f5f5e-0f5a-4f5c-9d5e-1b2a3c4d5e%02x", e.edits)}
		case "only_enrich_updates":
			v = true
		case "identifier":
			v = "id"
		}
		patch := map[string]any{}
		key, below, nested := strings.Cut(string(p), ".")
		if patch[key] = v; nested {
			patch[key] = map[string]any{below: v}
		}
		if e.r.Server.Edit(a.Kind, id, patch) == nil { // else what it refers to is gone
			e.values[id][p] = plain(v)
			e.edits++
		}
	}
	switch what := e.rng.IntN(8); {
	case what < 3:
		field(edited[a.Kind].ours)
	case what < 6 || a.Kind == "connection": // which is in use
		field(edited[a.Kind].others)
	default:
		old, _ := e.r.Server.Object(a.Kind, id)
		if err := e.r.Server.Remove(a.Kind, id); err != nil {
			e.r.T.Errorf("removing %s: %v", a, err)
		}
		e.values[id] = nil
		e.edits++
		if what == 7 && a.Kind == "model" {
			e.make(old)
		}
	}
}

// make makes a model of the name of one that is gone.
func (e *editor) make(old map[string]any) {
	text := fmt.Sprintf(`{"name":%q,"connection_id":%q,"configuration":{"table":"orders"}}`, old["name"], old["connection_id"])
	q, err := http.NewRequest(http.MethodPost, e.r.URL+"/api/models", strings.NewReader(text))
	if err != nil {
		e.r.T.Error(err)
		return
	}
	q.Header.Set("Authorization", "Bearer "+rig.Key)
	q.Header.Set("Content-Type", "application/json")
	res, err := e.base.RoundTrip(q)
	if err != nil {
		e.r.T.Error(err)
		return
	}
	defer res.Body.Close()
	var made struct{ Data struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.Data.ID == "" {
		e.r.T.Errorf("making a model: %s, %v", res.Status, err)
		return
	}
	e.theirs[made.Data.ID], _ = e.r.Server.Object("model", made.Data.ID)
}

// A second editor is at work on the objects of an apply, at any of its requests and
// between the plan and the first of them: it changes what is ours and what is not,
// deletes, renames, and makes another object of the same name. What each field is in
// the end was written last by whoever wrote it; what is not ours is never written
// without having been read right before; what is gone is not made again behind the
// plan's back; and the next run makes up for it all.
func TestSecondEditor(t *testing.T) {
	rounds := 100
	switch {
	case trial.IsLong():
		rounds = 1000
	case trial.Few(t):
		rounds = 20
	}
	seed := rand.Uint64()
	edits, lost, bad := 0, 0, 0
	for round := range rounds {
		rng := rand.New(rand.NewPCG(seed, uint64(round)))
		r := rig.New(t, rig.Options{Memory: state.NewMemory(), Unchecked: true})
		r.Apply(r.Manifest(small))
		text := small
		for _, change := range [][2]string{{"database: app,", "database: app2,"}, {"    identifier: email", "    name: People\n    identifier: email"},
			{"table: users", "table: public.users"}, {"users.first_name", "users.last_name"}, {"mode: updateOrCreate", "mode: update"}} {
			if rng.IntN(2) == 0 {
				text = rig.Replace(t, text, change[0], change[1])
			}
		}
		wanted := r.Manifest(text)
		e := newEditor(r, rng, wanted)
		ran := r.Do(rig.Run{Manifest: wanted, Parallelism: 1 + rng.IntN(4), Round: e.round, Wanted: func(*apply.Prepared) bool {
			e.read = map[string]map[resource.Path]any{}
			if e.at[0] {
				e.edit()
			}
			return true
		}})
		wrong := func(format string, args ...any) {
			bad++
			t.Errorf("seed %d, round %d: %s (edits before %v, the run ends with %v)", seed, round, fmt.Sprintf(format, args...), e.at, ran.Failure())
		}
		for _, a := range e.blind {
			wrong("%s was written unread", a)
		}
		for id, a := range e.ids {
			if d := cmp.Diff(e.values[id], e.stored(id)); d != "" {
				wrong("%s (-as it was written last +as it is):\n%s", a, d)
			}
		}
		for id, was := range e.theirs {
			if is, _ := r.Server.Object("model", id); !cmp.Equal(was, is) {
				wrong("what another made is not as it was:\n%s", cmp.Diff(was, is))
			}
			if err := r.Server.Remove("model", id); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Do(rig.Run{Manifest: wanted}).Failure(); err != nil {
			wrong("the next run: %v", err)
		}
		for _, s := range r.Unlike(wanted) {
			wrong("after the next run: %s", s)
		}
		edits, lost = edits+e.edits, lost+e.lost
		if bad > 0 {
			break
		}
	}
	t.Logf("%d edits, of which %d came between our read of an object and our write of it, and were lost", edits, lost)
	trial.None(t, fmt.Sprintf("blind writes, fields not as written last: %d runs beside a second editor, %d edits", rounds, edits), bad)
}

// shuffler has the service show the members of objects and the elements of lists in
// another order each time.
type shuffler struct {
	rng  *rand.Rand
	mu   sync.Mutex
	base http.RoundTripper
}

func (s *shuffler) round(base http.RoundTripper) http.RoundTripper {
	s.base = base
	return s
}

func (s *shuffler) RoundTrip(q *http.Request) (*http.Response, error) {
	res, err := s.base.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) == nil {
		var out bytes.Buffer
		s.mu.Lock()
		s.write(&out, v)
		s.mu.Unlock()
		raw = out.Bytes()
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Del("Content-Length")
	return res, nil
}

func (s *shuffler) write(out *bytes.Buffer, v any) {
	switch v := v.(type) {
	case map[string]any:
		keys := resource.Keys(v)
		s.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		for i, key := range keys {
			out.WriteByte("{,"[min(i, 1)])
			s.write(out, key)
			out.WriteByte(':')
			s.write(out, v[key])
		}
		if len(keys) == 0 {
			out.WriteByte('{')
		}
		out.WriteByte('}')
	case []any:
		s.rng.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		out.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			s.write(out, e)
		}
		out.WriteByte(']')
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		out.Write(raw)
	}
}

// The plan of a world that nobody changed is empty, in whatever order the service
// shows it.
func TestUnchangedWorldInAnyOrder(t *testing.T) {
	seed := rand.Uint64()
	plans, bad := 0, 0
	for _, tt := range []struct {
		name   string
		wanted func(*rig.Rig) *spec.Manifest
	}{{"seed", applySeed}, {"circle", applyRing}, {"bulk", applyBulk}} {
		r := (&scenario{name: tt.name}).start(t, rig.Options{Memory: state.NewMemory()})
		wanted := tt.wanted(r)
		r.Apply(wanted)
		for round := range 34 {
			s := &shuffler{rng: rand.New(rand.NewPCG(seed, uint64(round)))}
			run := rig.Run{Manifest: wanted, Round: s.round}
			if round%2 == 0 {
				run.Store = rig.Suspicious(r.Store()) // so that every object is read
			}
			ran := r.Plan(run)
			plans++
			if got := append(ran.Actions(), ran.Drift()...); len(got) > 0 {
				bad++
				t.Errorf("%s, seed %d, round %d: %q", tt.name, seed, round, got)
			}
		}
	}
	trial.None(t, fmt.Sprintf("changes and drift: %d plans of an unchanged world that is shown in random order", plans), bad)
}
