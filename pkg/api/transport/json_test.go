package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want any
	}{
		{`null`, nil},
		{` true `, true},
		{`false`, false},
		{`""`, ""},
		{`"a\"\\\/\b\f\n\r\tä\u00e4\ud83d\ude00"`, "a\"\\/\b\f\n\r\tää😀"},
		{`0`, json.Number("0")},
		{`-0.10e+007`, json.Number("-0.10e+007")},
		{`9007199254740993`, json.Number("9007199254740993")},
		{`1e99999`, json.Number("1e99999")},
		{`[]`, []any{}},
		{`[1,[],{}]`, []any{json.Number("1"), []any{}, map[string]any{}}},
		{`{"id":1,"ID":2,"":{"a":null}}`, map[string]any{
			"id": json.Number("1"), "ID": json.Number("2"), "": map[string]any{"a": nil},
		}},
	} {
		got, err := Decode(json.RawMessage(tt.in))
		if err != nil {
			t.Errorf("Decode(%s): %v", tt.in, err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("Decode(%s) (-want +got):\n%s", tt.in, d)
		}
	}
}

// TestDecodeDeep stays away from go-cmp, whose time doubles with each level.
func TestDecodeDeep(t *testing.T) {
	for _, tt := range []struct {
		n  int
		ok bool
	}{{maxDepth, true}, {maxDepth + 1, false}, {1_000_000, false}} {
		_, err := Decode(json.RawMessage(strings.Repeat("[", tt.n) + strings.Repeat("]", tt.n)))
		if (err == nil) != tt.ok {
			t.Errorf("Decode of depth %d: %v", tt.n, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%d":0,`, i)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	for _, tt := range []struct {
		name, in, want string
		cut            bool
	}{
		{"empty", ``, "byte 0: the text ends where a value is due", true},
		{"cut object", `{"a":1`, "byte 6: the text ends where ',' or '}' is due", true},
		{"cut word", `[tru`, "byte 4: the text ends where true is due", true},
		{"cut text", `"abc`, "byte 4: the text ends where the end of a string is due", true},
		{"cut escape", `"\u00`, "byte 5: the text ends where a hexadecimal digit is due", true},
		{"cut after backslash", `"\`, "byte 2: the text ends where an escape is due", true},
		{"cut pair", `"\ud83d`, "byte 7: the text ends where the other half of a pair is due", true},
		{"wrong word", `trUe`, "byte 0: true is due", false},
		{"comma at the end", `[1,]`, "byte 3: a value is due", false},
		{"comma in an object", `{"a":1,}`, "byte 7: the name of a member is due", false},
		{"no colon", `{"a" 1}`, "byte 5: ':' is due", false},
		{"name without quotes", `{a:1}`, "byte 1: the name of a member is due", false},
		{"leading zero", `[01]`, "byte 2: ',' or ']' is due", false},
		{"plus", `+1`, "byte 0: a value is due", false},
		{"no fraction", `[1.]`, "byte 3: a digit is due", false},
		{"no exponent", `[1e]`, "byte 3: a digit is due", false},
		{"minus", `[-]`, "byte 2: a digit is due", false},
		{"Infinity", `Infinity`, "byte 0: a value is due", false},
		{"twice", `{"a":1,"b":2,"a":3}`, `byte 13: the member "a" stands twice`, false},
		{"twice, escaped", `{"a":1,"\u0061":3}`, `byte 7: the member "a" stands twice`, false},
		{"twice, among many", many(50)[:len(many(50))-1] + `,"7":1}`, `the member "7" stands twice`, false},
		{"twice, deep", `[{"x":{"a":1,"a":1}}]`, `byte 13: the member "a" stands twice`, false},
		{"too many", many(maxMembers + 1), "more than 100000 members", false},
		{"control", "\"a\nb\"", "byte 2: a control character", false},
		{"control after escape", "\"\\n\x1f\"", "byte 3: a control character", false},
		{"bad escape", `"\x"`, "byte 2: an escape is due", false},
		{"bad digit", `"\u00g0"`, "byte 5: a hexadecimal digit is due", false},
		{"high half", `"\ud83d"`, "byte 1: half of a surrogate pair", false},
		{"low half", `"a\ude00"`, "byte 2: half of a surrogate pair", false},
		{"two high halves", `"\ud83d\ud83d"`, "byte 1: half of a surrogate pair", false},
		{"not UTF-8", "[\"\xc3\"]", "byte 1: a string that is not UTF-8", false},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", "byte 0: a string that is not UTF-8", false},
		{"not UTF-8 after escape", "\"\\n\xff\"", "byte 0: a string that is not UTF-8", false},
		{"deep", strings.Repeat(`{"a":`, 101), "nested deeper than 100", false},
		{"trailing", `1 2`, "byte 2: something follows", false},
		{"NUL", "\x00", "byte 0: a value is due", false},
		{"wide space", "\u00a01", "byte 0: a value is due", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(json.RawMessage(tt.in))
			var e *JSONError
			if !errors.As(err, &e) || !strings.Contains(e.Error(), tt.want) || e.Cut != tt.cut {
				t.Errorf("Decode: %v, want %q", err, tt.want)
			}
			if _, err := members([]byte(tt.in)); err == nil {
				t.Error("members takes it")
			}
		})
	}
	if _, err := DecodeObject(json.RawMessage(`[]`)); err == nil {
		t.Error("DecodeObject takes a list")
	}
}

// TestDecodeMemory: what is made of the most wasteful texts ends in time.
func TestDecodeMemory(t *testing.T) {
	for _, piece := range []string{"0,", "{},", `{"":0},`} {
		text := "[" + strings.Repeat(piece, (18<<20)/len(piece)) + "0]"
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v, err := Decode(json.RawMessage(text))
		runtime.ReadMemStats(&after)
		if err == nil || v != nil {
			t.Errorf("%q: %v", piece, err)
		}
		// All that was allocated, garbage included: growing a list doubles it.
		if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 1200 {
			t.Errorf("%q: allocated %d MiB", piece, got)
		}
	}
}

func TestMembers(t *testing.T) {
	got, err := members([]byte(` { "data" : [ {"data": 1} ] , "job":null}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]json.RawMessage{"data": json.RawMessage(`[ {"data": 1} ]`), "job": json.RawMessage("null")}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("members (-want +got):\n%s", d)
	}
	if got, err := members([]byte(`[{"data":1}]`)); got != nil || err != nil {
		t.Errorf("members of a list: %v, %v", got, err)
	}
}

func TestEncode(t *testing.T) {
	got, err := Encode(map[string]any{"b": "<&>\u2028", "a": json.Number("1.0"), "c": json.RawMessage(`{"x":1}`)})
	if want := `{"a":1.0,"b":"<&>\u2028","c":{"x":1}}`; string(got) != want || err != nil {
		t.Errorf("Encode: %s, %v; want %s", got, err, want)
	}
	if _, err := Encode(func() {}); err == nil {
		t.Error("Encode takes a function")
	}
}

// FuzzDecode compares with encoding/json: what we take it takes, and reads
// the same, and what only it takes is among the things that we refuse.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5e-3,"x\u00e4\ud83d\ude00",true,null,{"b":{}}]}`, `{"a":1,"a":2}`, "\"\xff\"", `[01]`, ` 1 `, `"\ud800"`, `{"":-0}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := Decode(src)
		if _, only := members(src); (only == nil) != (err == nil) {
			t.Fatalf("Decode: %v; members: %v", err, only)
		}
		d := json.NewDecoder(bytes.NewReader(src))
		d.UseNumber()
		var want any
		if err != nil {
			var e *JSONError
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(src) {
				t.Fatalf("error: %#v", err)
			}
			strict := !strings.Contains(e.Reason, "twice") && !strings.Contains(e.Reason, "surrogate") &&
				!strings.Contains(e.Reason, "UTF-8") && !strings.Contains(e.Reason, "deeper")
			if strict && json.Valid(src) {
				t.Fatalf("refused, but valid: %v", err)
			}
			return
		}
		if err := d.Decode(&want); err != nil || !json.Valid(src) {
			t.Fatalf("taken, but invalid: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
	})
}
