package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/internal/gen"
	"github.com/polyplan/polyplan/pkg/internal/golden"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

const savedLineage = "11111111-2222-4333-8444-555555555555"

var (
	unkeyed = resource.NewFingerprinter("", savedLineage)
	keyed   = resource.NewFingerprinter("a key", savedLineage)
)

func toSave(p *Plan) *Saved {
	return &Saved{Tool: "polyplan 1", Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Deployment: "https://app.example.com",
		Organization: "o1", OrganizationName: "Org", Lineage: savedLineage, Serial: 7, State: "s", Files: []string{"polyplan.yaml"},
		Desired: map[resource.Address]string{}, Live: map[resource.Address]string{}, Plan: p}
}

// onePlan is a plan with something of everything in it.
func onePlan() *Plan {
	secret := resource.NewSecret("hush-hush")
	secret.Seal(keyed)
	users, pg := resource.Address{Kind: "model", Name: "users"}, resource.Address{Kind: "connection", Name: "pg"}
	return &Plan{Steps: []Step{
		{Address: pg, Name: "PG", Action: Update, ID: "1", Risks: []string{"a risk"}, After: resource.Object{"type": "postgresql", "configuration": resource.Object{"password": secret, "port": int64(5432), "ratio": 0.5}},
			Record: resource.Object{"type": "postgresql"}, Extra: resource.Object{"x": []any{}}, Names: map[string]string{"a": "b"}, Unmanaged: []resource.Path{"policies"},
			Waiting: &resource.Waiting{Status: "pending", Link: "https://let.me.in", Code: "1234"},
			Changes: []Change{{Path: "configuration.password", Before: resource.MaskedSecret(), After: secret, Sensitive: true, Rekeyed: true}}},
		{Address: users, Name: "Users", Action: Delete, ID: "2", Needs: []resource.Address{pg}, Reason: "because", Changes: []Change{{Path: "name", Before: "Users"}}},
		{Address: resource.Address{Kind: "model", Name: "rest"}, Action: NoOp, After: resource.Object{"of": "others"}, Record: resource.Object{"name": "rest"}},
	}, Drift: []Drift{{Address: users, Name: "Users", Changes: []Change{{Path: "name", Before: "A", After: "B"}}}}}
}

func mustEncode(t testing.TB, s *Saved, f *resource.Fingerprinter) []byte {
	t.Helper()
	b, err := s.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A saved plan reads back the same: as bytes, and in all that is shown of it.
func TestSavedReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := worldOf(gen.Set(kinds.All(), 6).Draw(t, "set"))
		for _, a := range in.Desired.Addresses() {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				delete(in.Recorded, a)
				delete(in.Live, a)
			case 1:
				delete(in.Desired, a)
			case 2:
				in.Desired[a].Object["name"] = "another name"
			}
		}
		in.Prune = true
		for _, r := range in.Desired {
			resource.Secrets(r.Object, func(s *resource.Secret) { s.Seal(keyed) })
		}
		saved := toSave(Compute(in))
		saved.Desired, saved.Live = Digests(in.Desired), saved.Plan.LiveDigests(in.Live)
		b, err := saved.Encode(keyed)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeSaved(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := got.Encode(keyed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, again) {
			t.Fatalf("it reads back otherwise:\n%s\n%s", b, again)
		}
		if moved := got.Stale(saved); len(moved) > 0 {
			t.Fatalf("it is stale at once: %q", moved)
		}
		if d := cmp.Diff(saved.Plan.Summary(), got.Plan.Summary()); d != "" {
			t.Fatal(d)
		}
	})
}

// The plans that every released format has saved can be read. The fixture of the
// current format is written by -update, those of older ones never again.
func TestSavedFixtures(t *testing.T) {
	path := func(format int) string { return fmt.Sprintf("testdata/plan-%d", format) }
	golden.Check(t, path(SavedFormat), mustEncode(t, toSave(onePlan()), keyed))
	for format := 1; format <= SavedFormat; format++ {
		b, err := os.ReadFile(path(format))
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeSaved(b)
		if err != nil {
			t.Fatalf("format %d: %v", format, err)
		}
		if err := got.Verify(keyed); err != nil {
			t.Errorf("format %d: %v", format, err)
		}
		if moved := got.Stale(toSave(onePlan())); len(moved) > 0 {
			t.Errorf("format %d: it is stale: %q", format, moved)
		}
	}
}

// Whatever a plan holds is in the file: a field added to a step is saved too,
// unless it is here that somebody decided otherwise.
func TestSavedWhole(t *testing.T) {
	for _, v := range []any{&Step{}, &Change{}, &Drift{}} {
		typ := reflect.TypeOf(v).Elem()
		for i := range typ.NumField() {
			if f := typ.Field(i); !f.IsExported() || f.Tag.Get("json") == "-" {
				t.Errorf("%s.%s is not saved", typ.Name(), f.Name)
			}
		}
	}
}

// Links, codes and secrets let whoever has them in.
func TestSavedHoldsNothingSecret(t *testing.T) {
	b := mustEncode(t, toSave(onePlan()), keyed)
	for _, secret := range []string{"hush", "let.me.in", "1234", "others"} {
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%q is in the file:\n%s", secret, b)
		}
	}
	if want := keyed.Print("hush-hush"); !bytes.Contains(b, []byte(want)) {
		t.Errorf("the fingerprint %s is not in the file:\n%s", want, b)
	}
}

// refused reports whether nobody can apply what b holds.
func refused(b []byte, f *resource.Fingerprinter) error {
	s, err := DecodeSaved(b)
	if err == nil {
		err = s.Verify(f)
	}
	var bad *BadPlanError
	if err != nil && !errors.As(err, &bad) {
		return errors.New("an error of another type: " + err.Error())
	}
	return err
}

// 2,000 flipped bits, and the file cut at every byte, with and without a key.
func TestSavedDamaged(t *testing.T) {
	for name, f := range map[string]*resource.Fingerprinter{"signed": keyed, "unsigned": unkeyed} {
		good := mustEncode(t, toSave(onePlan()), f)
		if err := refused(good, f); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			b := bytes.Clone(good)
			at, bit := r.IntN(len(b)), r.IntN(8)
			b[at] ^= 1 << bit
			if refused(b, f) == nil {
				t.Errorf("%s: bit %d of byte %d flipped: accepted", name, bit, at)
			}
		}
		for at := range good {
			if refused(good[:at], f) == nil {
				t.Errorf("%s: cut at byte %d: accepted", name, at)
			}
		}
	}
	trial.Unfailed(t, "damaged plans accepted: 2000 flipped bits and every cut, of a signed and an unsigned one")
}

// forged is a plan file whose body was edited by somebody who knows how to
// compute a checksum.
func forged(good []byte, edit func(body string) string) []byte {
	lines := strings.SplitAfterN(string(good), "\n", 4)
	signature := strings.TrimSuffix(strings.TrimPrefix(lines[2], savedSigned), "\n")
	head, body := savedHead(SavedFormat, signature), edit(lines[3])
	return []byte(head[0] + savedChecksum + savedSum(head, []byte(body)) + "\n" + head[1] + body)
}

func TestSavedForged(t *testing.T) {
	good := mustEncode(t, toSave(onePlan()), keyed)
	replace := func(old, new string) func(string) string {
		return func(body string) string {
			if !strings.Contains(body, old) {
				t.Fatalf("there is no %s in %s", old, body)
			}
			return strings.Replace(body, old, new, 1)
		}
	}
	signature := string(bytes.SplitN(good, []byte("\n"), 4)[2])
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"as it was", forged(good, func(s string) string { return s }), ""},
		{"empty", nil, "it is empty"},
		{"not a plan", []byte("polyplan: 1\n"), "it is no plan"},
		{"a state", []byte("{\n  \"format_version\": 1,\n"), "it is no plan"},
		{"cut in its head", good[:len(savedMagic)+2], "it is cut off"},
		{"a newer format", bytes.Replace(good, []byte("format 1"), []byte("format 2"), 1), "newer than format 1"},
		{"another action", forged(good, replace(`"update"`, `"delete"`)), "its signature is wrong"},
		{"another serial", forged(good, replace(`"serial":7`, `"serial":8`)), "its signature is wrong"},
		{"a step less", forged(good, func(s string) string {
			var v map[string]any
			_ = json.Unmarshal([]byte(s), &v)
			plan := v["plan"].(map[string]any)
			plan["Steps"] = plan["Steps"].([]any)[1:]
			out, _ := json.Marshal(v)
			return string(out) + "\n"
		}), "is no plan of this version's"}, // in another order of members
		{"an unknown member", forged(good, replace(`"serial":7`, `"serial":7,"more":1`)), "is no plan of this version's"},
		{"a member twice", forged(good, replace(`"serial":7`, `"serial":8,"serial":7`)), "is no plan of this version's"},
		{"a member in another spelling", forged(good, replace(`"serial"`, `"SERIAL"`)), "is no plan of this version's"},
		{"something after it", forged(good, func(s string) string { return s + "{}" }), "is no plan of this version's"},
		{"nested too deeply", forged(good, func(string) string { return strings.Repeat(`{"plan":`, 1_000_000) }), "is no plan of this version's"},
		{"the signature taken off", []byte(strings.Replace(string(good), signature, "signed: no", 1)), "its checksum does not match"},
		{"unsigned", mustEncode(t, toSave(onePlan()), unkeyed), "it is not signed"},
		{"of another key", mustEncode(t, toSave(onePlan()), resource.NewFingerprinter("another", savedLineage)), "signed with another key"},
		{"of another lineage", mustEncode(t, toSave(onePlan()), resource.NewFingerprinter("a key", "of another")), "its signature is wrong"},
	} {
		err := refused(tt.b, keyed)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if err := refused(good, unkeyed); err == nil || !strings.Contains(err.Error(), "there is no key") {
		t.Errorf("a signed plan without a key: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestSavedHuge(t *testing.T) {
	if _, err := ReadSaved(endless{}); err == nil || !strings.Contains(err.Error(), "larger than 256 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestStale(t *testing.T) {
	pg, users := resource.Address{Kind: "connection", Name: "pg"}, resource.Address{Kind: "model", Name: "users"}
	base := func() *Saved {
		s := toSave(onePlan())
		s.Desired, s.Live = map[resource.Address]string{pg: "d"}, map[resource.Address]string{pg: "l"}
		return s
	}
	for _, tt := range []struct {
		name string
		edit func(now *Saved)
		want string // "" for not stale
	}{
		{"nothing", func(*Saved) {}, ""},
		{"made another day", func(now *Saved) { now.Made = now.Made.AddDate(0, 0, 30) }, ""},
		{"authorised since", func(now *Saved) { now.Plan.Steps[0].Waiting = nil }, ""},
		{"what others keep in an object that is left alone", func(now *Saved) { now.Plan.Steps[2].After["of"] = "nobody" }, ""},
		{"the service was not asked yet", func(now *Saved) { now.Organization, now.Live, now.Plan = "", nil, nil }, ""},
		{"tool", func(now *Saved) { now.Tool = "polyplan 2" }, "made by polyplan 1"},
		{"deployment", func(now *Saved) { now.Deployment = "https://eu.example.com" }, "made for https://app.example.com"},
		{"organisation", func(now *Saved) { now.Organization = "o2" }, `made for the organisation "Org"`},
		{"lineage", func(now *Saved) { now.Lineage = "other" }, "another state"},
		{"serial", func(now *Saved) { now.Serial++ }, "generation 7 of the state, which is at 8"},
		{"journal", func(now *Saved) { now.State = "other" }, "has been at work since"},
		{"manifest", func(now *Saved) { now.Desired[pg] = "other" }, "something else of connection.pg"},
		{"manifest has more", func(now *Saved) { now.Desired[users] = "new" }, "something else of model.users"},
		{"manifest has less", func(now *Saved) { delete(now.Desired, pg) }, "something else of connection.pg"},
		{"live", func(now *Saved) { now.Live[pg] = "other" }, "the service has something else of connection.pg"},
		{"live gone", func(now *Saved) { delete(now.Live, pg) }, "the service has something else of connection.pg"},
		{"a step", func(now *Saved) { now.Plan.Steps[1].Action = Orphan }, "comes out otherwise for model.users"},
		{"order", func(now *Saved) {
			s := now.Plan.Steps
			s[0], s[1] = s[1], s[0]
		}, "comes out otherwise for connection.pg, model.users"},
		{"drift", func(now *Saved) { now.Plan.Drift = nil }, "comes out otherwise for model.users"},
		{"a refusal", func(now *Saved) { now.Plan.Refusals = []Refusal{{Address: pg}} }, "comes out otherwise for connection.pg"},
	} {
		now := base()
		tt.edit(now)
		got := strings.Join(base().Stale(now), "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzDecodeSaved(f *testing.F) {
	b, err := toSave(onePlan()).Encode(unkeyed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(strings.SplitAfterN(string(b), "\n", 4)[3])
	f.Fuzz(func(t *testing.T, body string) {
		s, err := DecodeSaved(forged(b, func(string) string { return body }))
		if err != nil {
			return
		}
		again, err := s.Encode(unkeyed)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.SplitAfterN(string(again), "\n", 4)[3]; got != body {
			t.Errorf("read as %s, was %s", got, body)
		}
	})
}

// asked are the members of a saved plan that say how it was asked for, or describe
// it: whoever applies it makes the plan again by them, and compares that.
var asked = []string{"id", "made", "organization_name", "files", "var_files", "targets", "excludes", "prune", "offline"}

// Nobody who edits a plan that is not signed, and computes its checksum, gets
// anything carried out that does not come out again of manifest, state and service:
// whatever is edited, the plan is refused, or stale. A signed one is refused at once.
func TestSavedEdited(t *testing.T) {
	saved := toSave(onePlan())
	saved.Desired, saved.Live = map[resource.Address]string{{Kind: "model", Name: "users"}: "d"}, map[resource.Address]string{{Kind: "model", Name: "users"}: "l"}
	saved.ID = "0123"
	saved.Plan.Steps[0].Waiting = nil
	good := mustEncode(t, saved, unkeyed)
	edits := 0
	try := func(what string, b []byte, member string) {
		t.Helper()
		edits++
		s, err := DecodeSaved(b)
		if err == nil {
			err = s.Verify(unkeyed)
		}
		if err == nil && len(s.Stale(saved)) == 0 && !slices.Contains(asked, member) {
			t.Errorf("%s: accepted, and not stale", what)
		}
	}
	body := strings.SplitAfterN(string(good), "\n", 4)[3]
	for _, p := range scalars(t, body) {
		old := body[p.start:p.end]
		if before := body[:p.start]; strings.HasSuffix(before, `"Waiting":`) || strings.HasSuffix(before, `"Refusals":`) {
			continue // what a person has authorised by now does not count, and a list without elements is none
		}
		for _, with := range []string{`"x"`, "7", "true", "null", "{}", "[]", `"` + strings.Trim(old, `"`) + `x"`} {
			if with != old {
				try(fmt.Sprintf("byte %d, %s for %s", p.start, with, old), forged(good, func(s string) string { return s[:p.start] + with + s[p.end:] }), p.member)
			}
		}
	}
	for what, edit := range map[string]func(steps []Step) []Step{
		"a step added": func(s []Step) []Step {
			return append(s, Step{Address: resource.Address{Kind: "model", Name: "new"}, Action: Create})
		},
		"a step twice":        func(s []Step) []Step { return append(s, s[0]) },
		"a step less":         func(s []Step) []Step { return s[1:] },
		"no step":             func([]Step) []Step { return nil },
		"in another order":    func(s []Step) []Step { s[0], s[1] = s[1], s[0]; return s },
		"a reference more":    func(s []Step) []Step { s[0].Needs = append(s[0].Needs, s[1].Address); return s },
		"a protection lifted": func(s []Step) []Step { s[0].Protect = !s[0].Protect; return s },
	} {
		other := *saved
		plan := *saved.Plan
		plan.Steps = edit(slices.Clone(saved.Plan.Steps))
		other.Plan = &plan
		try(what, mustEncode(t, &other, unkeyed), "")
	}
	if edits < 300 {
		t.Errorf("only %d edits", edits)
	}
}

// scalar is a value or a name in a text of JSON, with the member at the top that it
// belongs to.
type scalar struct {
	start, end int
	member     string
}

func scalars(t *testing.T, text string) []scalar {
	t.Helper()
	var out []scalar
	member, depth, name := "", 0, false // name: what comes next at the top is one
	dec := json.NewDecoder(strings.NewReader(text))
	for {
		from := int(dec.InputOffset())
		token, err := dec.Token()
		if err != nil {
			return out
		}
		end := int(dec.InputOffset())
		if d, ok := token.(json.Delim); ok {
			if d == '{' || d == '[' {
				depth++
			} else {
				depth--
			}
			name = depth == 1
			continue
		}
		start := from + len(text[from:end]) - len(strings.TrimLeft(text[from:end], " ,:"))
		if depth == 1 {
			if name {
				member = token.(string)
			}
			isName := name
			name = !name
			if isName {
				out = append(out, scalar{start, end, ""}) // no name may be changed
				continue
			}
		}
		out = append(out, scalar{start, end, member})
	}
}
