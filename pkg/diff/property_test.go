package diff

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/internal/gen"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

// copyOf is the set as another source would have it.
func copyOf(set resource.Set) resource.Set {
	out := resource.Set{}
	for a, r := range set {
		c := *r
		c.Object = resource.Clone(r.Object)
		c.Raw = map[string]any{"id": r.ID}
		out[a] = &c
	}
	return out
}

func worldOf(set resource.Set) Input {
	return Input{Kinds: kinds.All(), Desired: copyOf(set), Recorded: copyOf(set), Live: copyOf(set)}
}

// Equal sets make an empty plan.
func TestEqualSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := Compute(worldOf(gen.Set(kinds.All(), 6).Draw(t, "set")))
		if got := outline(plan); len(got) > 0 {
			t.Fatalf("plan of equal sets: %q", got)
		}
	})
}

// shuffled is the set with all its maps built in another order.
func shuffled(set resource.Set, r *rand.Rand) resource.Set {
	out := resource.Set{}
	as := set.Addresses()
	r.Shuffle(len(as), func(i, j int) { as[i], as[j] = as[j], as[i] })
	for _, a := range as {
		c := *set[a]
		c.Object, _ = shuffle(c.Object, r).(resource.Object)
		out[a] = &c
	}
	return out
}

func shuffle(v any, r *rand.Rand) any {
	switch v := v.(type) {
	case resource.Object:
		keys := slices.Collect(maps.Keys(v))
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		out := resource.Object{}
		for _, key := range keys {
			out[key] = shuffle(v[key], r)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = shuffle(e, r)
		}
		return out
	}
	return v
}

// mixed is a world of three sets that have little to do with each other.
func mixed(t *rapid.T) Input {
	in := Input{Kinds: kinds.All(), Desired: gen.Set(kinds.All(), 6).Draw(t, "desired"),
		Recorded: gen.Set(kinds.All(), 6).Draw(t, "recorded"), Live: resource.Set{}, Prune: rapid.Bool().Draw(t, "prune")}
	other := gen.Set(kinds.All(), 6).Draw(t, "live")
	for _, a := range in.Recorded.Addresses() {
		switch from := rapid.IntRange(0, 2).Draw(t, "live from"); {
		case from == 0: // gone
		case from == 1 && other[a] != nil:
			in.Live[a] = other[a]
		default:
			in.Live[a] = in.Recorded[a]
		}
	}
	in.Live = copyOf(in.Live)
	return in
}

// The same sets make the same plan, to the byte, however their maps lie in
// memory.
func TestDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := mixed(t)
		want, err := json.Marshal(Compute(in))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, uint64(len(want))))
		for range 3 {
			again := in
			again.Desired, again.Recorded, again.Live = shuffled(in.Desired, r), shuffled(in.Recorded, r), shuffled(in.Live, r)
			got, err := json.Marshal(Compute(again))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Fatalf("another plan of the same sets (-first +then):\n%s", d)
			}
		}
	})
}

// Every step comes after those that it needs, and deletes come last, in reverse.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := Compute(mixed(t))
		at := map[resource.Address]int{}
		for i, s := range plan.Steps {
			at[s.Address] = i
		}
		for i, s := range plan.Steps {
			for _, need := range s.Needs {
				j, ok := at[need]
				if !ok || need == s.Address {
					continue
				}
				// What left the manifest comes after all that is in it, its users first.
				gone := func(s Step) bool { return s.Action == Delete || s.Action == Orphan || s.Action == Forget }
				if !gone(s) && !gone(plan.Steps[j]) && j > i {
					t.Fatalf("%s comes before %s, which it needs", s.Address, need)
				}
				if gone(s) && gone(plan.Steps[j]) && j < i {
					t.Fatalf("%s goes after %s, which it needs", s.Address, need)
				}
			}
		}
	})
}

// After what a plan says was done, there is nothing left to do.
func TestPlanIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := mixed(t)
		plan := Compute(in)
		next := Input{Kinds: in.Kinds, Desired: in.Desired, Recorded: resource.Set{}, Live: resource.Set{}, Prune: true}
		for i := range plan.Steps {
			s := &plan.Steps[i]
			if in.Desired[s.Address] == nil {
				continue
			}
			id := s.ID
			if id == "" || s.Action == Replace {
				id = "new-" + s.Address.String()
			}
			after := s.After
			if !s.Writes() {
				after = in.Live[s.Address].Object
			}
			next.Recorded[s.Address] = &resource.Resource{Address: s.Address, ID: id, Object: s.Record, Needs: s.Needs}
			next.Live[s.Address] = &resource.Resource{Address: s.Address, ID: id, Object: resource.Clone(after), Raw: map[string]any{"id": id}}
		}
		if got := outline(Compute(next)); len(got) > 0 {
			t.Fatalf("after the plan was carried out: %q", got)
		}
	})
}

// An update never loses what is not ours: every live value outside of what the
// manifest or the state sets is in the object that is sent.
func TestForeignValuesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds.All()).Draw(t, "kind")
		desired := gen.Object(k, gen.Small).Draw(t, "desired")
		recorded := resource.Clone(desired)
		live := resource.Clone(gen.Object(k, gen.Small).Draw(t, "live"))
		m := merge(k, desired, recorded, live, nil)
		for _, key := range resource.Keys(live) {
			f := resource.Lookup(k.Fields, key)
			if desired[key] != nil || f != nil && (f.Implicit || f.Computed || f.Directive) {
				continue
			}
			if d := cmp.Diff(live[key], m.after[key], cmp.Comparer(sameSecret)); d != "" {
				t.Fatalf("%s, which nobody of us sets (-live +sent):\n%s", key, d)
			}
		}
	})
}

// Merging changes none of its arguments.
func TestMergeIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds.All()).Draw(t, "kind")
		sets := map[string]resource.Object{}
		before := map[string]resource.Object{}
		for _, name := range []string{"desired", "recorded", "live"} {
			sets[name] = gen.Object(k, gen.Small).Draw(t, name)
			before[name] = resource.Clone(sets[name])
		}
		m := merge(k, sets["desired"], sets["recorded"], sets["live"], nil)
		ruin(m.after)
		ruin(m.before)
		if d := cmp.Diff(before, sets, cmp.Comparer(sameSecret)); d != "" {
			t.Fatalf("arguments (-before +after):\n%s", d)
		}
	})
}

// ruin writes over everything below v.
func ruin(v any) {
	switch v := v.(type) {
	case resource.Object:
		for key, e := range v {
			ruin(e)
			v[key] = "ruined"
		}
	case []any:
		for i, e := range v {
			ruin(e)
			v[i] = "ruined"
		}
	}
}
