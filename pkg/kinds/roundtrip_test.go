package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/internal/gen"
	"github.com/polyplan/polyplan/pkg/resource"
)

// The property that every kind keeps: what is written reads back as the same,
// whatever forms the service gives to it.
func TestDecodeOfEncode(t *testing.T) {
	for _, k := range All() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := gen.Object(k, gen.Small).Draw(t, k.Name)
				before := show(want)
				body, err := k.Encode(want, gen.Small.IDs, false)
				if err != nil {
					t.Fatal(err)
				}
				if after := show(want); after != before {
					t.Fatalf("Encode changed its argument:\n%s", cmp.Diff(before, after))
				}
				calls, err := k.FollowCalls(nil, want, gen.Small.IDs)
				if err != nil {
					t.Fatal(err)
				}
				answer := answerTo(t, k, want, body, calls)
				got := k.Decode(answer, index)
				if k.Align != nil {
					k.Align(got, want)
				}
				w, g := said(k.Fields, want, want, got)
				if d := cmp.Diff(w, g); d != "" {
					t.Fatalf("(-want +got):\n%s\nbody: %s\nanswer: %s", d, show(body), show(answer))
				}
				again := resource.Clone(got)
				k.Canonical(again)
				if d := cmp.Diff(show(got), show(again)); d != "" {
					t.Fatalf("what Decode gives is not canonical:\n%s", d)
				}
				// Reading is repeatable, and leaves nothing to send back.
				if d := cmp.Diff(show(k.Decode(answer, index)), show(k.Decode(answer, index))); d != "" {
					t.Fatalf("decoded twice:\n%s", d)
				}
				if rest := k.Unknown(answer); len(rest) > 0 {
					t.Fatalf("the table does not know %v", rest)
				}
			})
		})
	}
}

// An answer sent back as it was read says the same: what an update carries
// along for others is not changed by being carried.
func TestEncodeOfDecode(t *testing.T) {
	for _, k := range All() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				made := gen.Object(k, gen.Small).Draw(t, k.Name)
				body, err := k.Encode(made, gen.Small.IDs, false)
				if err != nil {
					t.Fatal(err)
				}
				live := k.Decode(answerTo(t, k, made, body, nil), index)
				// Where a secret is set, the manifest has to say it again.
				reveal(live)
				put, err := k.Encode(live, ids, true)
				if err != nil {
					t.Fatal(err)
				}
				got := k.Decode(answerTo(t, k, live, put, nil), index)
				if k.Align != nil {
					k.Align(got, live)
				}
				if d := cmp.Diff(show(live), show(got)); d != "" {
					// What the service adds, it may add in another form.
					w, g := said(k.Fields, live, live, got)
					if d := cmp.Diff(w, g); d != "" {
						t.Fatalf("(-read +read again):\n%s\nput: %s", d, show(put))
					}
				}
			})
		})
	}
}

// reveal puts values in the place of masks.
func reveal(v any) {
	switch v := v.(type) {
	case resource.Object:
		for key, x := range v {
			if _, ok := x.(*resource.Secret); ok {
				v[key] = resource.NewSecret("made-up")
			}
			reveal(x)
		}
	case []any:
		for i, x := range v {
			if _, ok := x.(*resource.Secret); ok {
				v[i] = resource.NewSecret("made-up")
			}
			reveal(x)
		}
	}
}
