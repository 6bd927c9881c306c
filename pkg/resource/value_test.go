package resource

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNormalize(t *testing.T) {
	s := NewSecret("made-up")
	for _, tt := range []struct {
		name     string
		in, want any
	}{
		{"nothing", nil, nil},
		{"one", 1.0, int64(1)},
		{"int", 1, int64(1)},
		{"int32", int32(-1), int64(-1)},
		{"fraction", 1.5, 1.5},
		{"large float", 1e17, int64(1e17)},
		{"larger float", 1e300, 1e300},
		{"uint64", uint64(7), int64(7)},
		{"uint64 beyond int64", uint64(18446744073709551615), json.Number("18446744073709551615")},
		{"number one", json.Number("1"), int64(1)},
		{"number one point nought", json.Number("1.0"), int64(1)},
		{"exponent", json.Number("1e3"), int64(1000)},
		{"number fraction", json.Number("1.50"), 1.5},
		{"beyond 53 bits", json.Number("9007199254740993"), int64(9007199254740993)},
		{"beyond int64", json.Number("9223372036854775809"), json.Number("9223372036854775809")},
		{"beyond int64, and a float", json.Number("9300000000000000000"), 9.3e18},
		{"too many digits", json.Number("0.1234567890123456789"), json.Number("0.1234567890123456789")},
		{"beyond float64", json.Number("1e400"), json.Number("1e400")},
		{"nothing with an exponent", json.Number("-0.00e999999999"), int64(0)},
		{"next to nothing", json.Number("1e-400"), json.Number("1e-400")},
		{"the least float", json.Number("5e-324"), 5e-324},
		{"strings", []string{"a"}, []any{"a"}},
		{"map of strings", map[string]string{"a": "b"}, Object{"a": "b"}},
		{"nested", map[string]any{"l": []any{1.0, map[string]any{"n": json.Number("2.0")}}},
			Object{"l": []any{int64(1), Object{"n": int64(2)}}}},
		{"secret", s, s},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Normalize(tt.in)
			if d := cmp.Diff(tt.want, got, secretsByPointer); d != "" {
				t.Errorf("Normalize (-want +got):\n%s", d)
			}
			if d := cmp.Diff(got, Normalize(got), secretsByPointer); d != "" {
				t.Errorf("not idempotent (-once +twice):\n%s", d)
			}
		})
	}
}

var secretsByPointer = cmp.Comparer(func(a, b *Secret) bool { return a == b })

// A number is the same whatever decoder it came through.
func TestNormalizeNumbersAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.OneOf(
			rapid.Map(rapid.Int64(), func(i int64) float64 { return float64(i) }),
			rapid.Float64Range(-1e20, 1e20),
		).Draw(t, "f")
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(Text(Normalize(f)), Text(Normalize(json.Number(b)))); d != "" {
			t.Fatalf("%s as float64 and as text:\n%s", b, d)
		}
		u := rapid.Uint64().Draw(t, "u")
		if d := cmp.Diff(Normalize(u), Normalize(json.Number(Text(Normalize(u))))); d != "" {
			t.Fatalf("%d as uint64 and as text:\n%s", u, d)
		}
	})
}

// Nobody writes a number that takes longer than its text.
func TestNormalizeIsBounded(t *testing.T) {
	for _, n := range []json.Number{"1e999999", "-1e999999999", "1e-999999", "0e-999999999", "0.1e-999999999", json.Number("1" + strings.Repeat("0", 1<<20) + "e-1048576")} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Normalize(n)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 {
			t.Errorf("%.20s takes %d bytes", n, got)
		}
	}
}

func TestNormalizeCopies(t *testing.T) {
	in := map[string]any{"l": []any{map[string]any{"a": "b"}}}
	out := Normalize(in).(Object)
	out["l"].([]any)[0].(Object)["a"] = "changed"
	if in["l"].([]any)[0].(map[string]any)["a"] != "b" {
		t.Error("the result shares a map with its argument")
	}
}

func TestNormalizeRefusesOtherTypes(t *testing.T) {
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "no decoder gives") || strings.Contains(r, "made-up") {
			t.Errorf("panicked with %q", r)
		}
	}()
	Normalize(struct{ A string }{"made-up"})
}

func TestClone(t *testing.T) {
	s := NewSecret("made-up")
	in := Object{"l": []any{Object{"a": "b"}}, "s": s, "n": nil}
	out := Clone(in)
	if d := cmp.Diff(in, out, secretsByPointer); d != "" {
		t.Errorf("Clone (-want +got):\n%s", d)
	}
	out["l"].([]any)[0].(Object)["a"] = "changed"
	if in["l"].([]any)[0].(Object)["a"] != "b" {
		t.Error("the clone shares a map with the original")
	}
	if Clone[Object](nil) != nil || Clone[any](nil) != nil {
		t.Error("a clone of nothing is something")
	}
}

func TestEmpty(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want bool
	}{
		{nil, true}, {"", true}, {[]any{}, true}, {Object{}, true}, {Object{"a": Object{"b": ""}}, true},
		{false, false}, {int64(0), false}, {" ", false}, {[]any{nil}, false}, {Object{"a": false}, false}, {NewSecret(""), false},
	} {
		if got := Empty(tt.in); got != tt.want {
			t.Errorf("Empty(%#v) = %v", tt.in, got)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want string
	}{
		{nil, ""}, {"a", "a"}, {true, "true"}, {int64(8), "8"}, {1.5, "1.5"}, {json.Number("1e400"), "1e400"},
		{Object{"b": []any{int64(1)}, "a": nil}, `{"a":null,"b":[1]}`},
		{Object{"s": NewSecret("made-up")}, `{"s":{"$secret":""}}`},
		{NewSecret("made-up"), "(secret)"},
	} {
		if got := Text(tt.in); got != tt.want {
			t.Errorf("Text(%v) = %s, want %s", tt.in, got, tt.want)
		}
	}
}
