package render

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

func TestInline(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want string
	}{
		{nil, "null"}, {true, "true"}, {int64(-7), "-7"}, {1.5, "1.5"}, {json.Number("18446744073709551616"), "18446744073709551616"},
		{"word", "word"}, {"two words", "two words"}, {"users.email", "users.email"}, {"10.0.0.1", "10.0.0.1"}, {"a,b", "a,b"},
		{"a:b", "a:b"}, {"https://example.com/x?a=b#c", "https://example.com/x?a=b#c"}, {"日本語", "日本語"}, {"no", "no"},
		{"", `""`}, {" x", `" x"`}, {"x ", `"x "`}, {"true", `"true"`}, {"Null", `"Null"`}, {"~", `"~"`}, {"12", `"12"`}, {"-1.5e3", `"-1.5e3"`},
		{"0x1f", `"0x1f"`}, {".inf", `".inf"`}, {"2024-02-08", `"2024-02-08"`}, {"08", `"08"`}, {"a: b", `"a: b"`}, {"a #b", `"a #b"`}, {"a:", `"a:"`},
		{"- x", `"- x"`}, {"-x", "-x"}, {"*", `"*"`}, {"@x", `"@x"`}, {`"x"`, `"\"x\""`}, {`a\b`, `a\b`}, {"a\nb", `"a\nb"`}, {"a\tb", `"a\tb"`},
		{`a\nb: c`, `"a\\nb: c"`}, {"a\u00a0b", `"a\u00a0b"`}, {"\xff", `"\xff"`}, {"a → b", `"a → b"`}, {"(secret)", `"(secret)"`},
		{resource.NewSecret("made-up"), "(secret)"},
		{[]any{}, "[]"}, {object{}, "{}"},
		{[]any{"a,b", "c", int64(1), []any{nil}}, `["a,b", c, 1, [null]]`},
		{object{"b": "x", "a b": object{"c": resource.MaskedSecret()}, "1": "y:z"}, `{"1": "y:z", a b: {c: (secret)}, b: x}`},
	} {
		if got := inline(tt.in); got != tt.want {
			t.Errorf("inline(%#v) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// What differs looks different, or a reviewer would be shown "x → x".
func TestInlineTellsApart(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("ab:,[]{}\"\\ \n\t\u00a0\u200b→1-~#nx0")))) // what escapes are made of
	value := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 4), func(b []byte) any { return string(b) }),
		rapid.Map(rapid.Int64Range(-12, 12), func(i int64) any { return i }),
		rapid.Map(rapid.SliceOfN(text, 0, 3), func(l []string) any { return resource.Normalize(l) }),
		rapid.Map(rapid.MapOfN(text, text, 0, 2), func(m map[string]string) any { return resource.Normalize(m) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		a, b := value.Draw(t, "a"), value.Draw(t, "b")
		shown := inline(a)
		if (shown == inline(b)) != cmp.Equal(a, b) {
			t.Fatalf("%#v and %#v are shown as %s", a, b, shown)
		}
		if diag.Visible(shown) != shown {
			t.Fatalf("%q is not harmless", shown)
		}
	})
}

func TestMiddle(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"}, {"0123456789", 10, "0123456789"}, {"0123456789a", 10, "012345…89a"}, {"日本語日本語日本語", 10, "日本語…語"}, {"abcdef", 3, "ab…"},
	} {
		if got := middle(tt.in, tt.width); got != tt.want {
			t.Errorf("middle(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text, width := diag.Visible(rapid.String().Draw(t, "text")), rapid.IntRange(0, 40).Draw(t, "width")
		if got := middle(text, width); Width(got) > width || Width(text) <= width && got != text {
			t.Fatalf("%q, %d columns wide", got, Width(got))
		}
	})
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s", n, got)
		}
	}
}

func TestSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []segment
		p := resource.Path("")
		for i := range rapid.IntRange(1, 4).Draw(t, "depth") {
			if i > 0 && rapid.Bool().Draw(t, "list") {
				n := rapid.IntRange(0, 20).Draw(t, "n")
				p = p.Index(n)
				want = append(want, segment{strings.Trim(string(resource.Path("").Index(n)), "[]"), true})
				continue
			}
			key := rapid.OneOf(rapid.StringMatching(`[a-z_]{1,5}`), rapid.StringMatching(`[a-z."\[\] ]{0,5}`)).Draw(t, "key")
			p = p.Child(key)
			want = append(want, segment{key: key})
		}
		if d := cmp.Diff(want, segments(p), cmp.AllowUnexported(segment{})); d != "" {
			t.Fatalf("%s (-want +got):\n%s", p, d)
		}
	})
	for _, broken := range []resource.Path{`"a`, `a[1`, `a."`, "", ".", "..", "[]"} {
		segments(broken) // ends, and does not panic
	}
}
