package resource

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// A kind that has a field of every sort.
var thing = &Kind{
	Name: "thing",
	Fields: []Field{
		{Name: "name", Type: String, Keyed: true},
		{Name: "kind", Type: String, OnCreate: true},
		{Name: "reset", Type: Bool, OnUpdate: true},
		{Name: "count", Type: Int},
		{Name: "ratio", Type: Number},
		{Name: "live", Type: Bool},
		{Name: "hour", Type: Numeral},
		{Name: "every", Type: Duration},
		{Name: "seen", Type: String, Computed: true},
		{Name: "odd", Type: String, Custom: true},
		{Name: "secret", Type: String, Sensitive: true},
		{Name: "base", API: "base_id", Type: Ref, To: "model"},
		{Name: "source", Type: SourceRef},
		{Name: "tags", Type: List, Set: true, Elem: &Field{Type: String}},
		{Name: "steps", Type: List, Elem: &Field{Type: String}},
		{Name: "joins", Type: Map, Elem: &Field{Type: List, OneOrList: true, Set: true, Elem: &Field{Type: SourceRef}}},
		{Name: "fields", Type: Map, KeyedBy: "target", Elem: &Field{Type: Struct, Short: "source", Fields: []Field{
			{Name: "source", Type: SourceRef}, {Name: "value", API: "override_value", Type: String}}}},
		{Name: "deep", Type: Struct, Fields: []Field{
			{Name: "connection", API: "connection_id", Type: Ref, To: "connection"},
			{Name: "others", API: "other_ids", Type: List, Elem: &Field{Type: Ref, To: "thing"}}}},
		{Name: "free", Type: Any},
		{Name: "settings", Type: Struct, Lenient: true, Members: func(root Object) ([]Field, bool) {
			if root["kind"] != "known" {
				return nil, false
			}
			return []Field{{Name: "password", Type: String, Sensitive: true}, {Name: "port", Type: Int},
				{Name: "user", Type: String}, {Name: "own", Type: String, Computed: true}}, true
		}},
	},
	Claims: []string{"claimed"},
}

// ids gives every address an id, except those named missing.
func ids(a Address) (string, bool) {
	if a.Name == "missing" {
		return "", false
	}
	return "id-of-" + a.String(), true
}

func index(addresses ...Address) *Index {
	x := NewIndex()
	for _, a := range addresses {
		id, _ := ids(a)
		x.Add(id, a)
	}
	return x
}

var secretValues = cmp.Comparer(func(a, b *Secret) bool {
	va, oka := a.Reveal()
	vb, okb := b.Reveal()
	return oka == okb && va == vb
})

func TestEncode(t *testing.T) {
	in := Object{
		"name": "N", "kind": "known", "reset": true, "count": int64(3), "seen": "server", "odd": "custom", "every": "3h30m",
		"secret": NewSecret("made-up"), "base": "users", "source": "users.a.b",
		"tags": []any{"x"}, "joins": Object{"email": []any{"users.email", Object{"model": Object{"id": "u1"}, "field": "f"}}},
		"fields": Object{"b": Object{"source": "users.b"}, "a": Object{"value": "const"}},
		"deep":   Object{"connection": "pg", "others": []any{"other", Object{"id": "u2"}}},
		"free":   Object{"list": []any{NewSecret(int64(7))}},
		"settings": Object{"password": NewSecret("made-up-too"), "port": int64(5432), "own": "server", "not_known": Object{"x": NewSecret("y")},
			"user": []any{NewSecret("misplaced")}},
		"from_extra": "passed on",
	}
	before := Clone(in)
	want := map[string]any{
		"name": "N", "kind": "known", "count": int64(3), "every": "3h30m", "secret": "made-up", "base_id": "id-of-model.users",
		"source": map[string]any{"model_id": "id-of-model.users", "field": "a.b"},
		"tags":   []any{"x"},
		"joins": map[string]any{"email": []any{
			map[string]any{"model_id": "id-of-model.users", "field": "email"}, map[string]any{"model_id": "u1", "field": "f"}}},
		"fields": []any{
			map[string]any{"target": "a", "override_value": "const"},
			map[string]any{"target": "b", "source": map[string]any{"model_id": "id-of-model.users", "field": "b"}}},
		"deep": map[string]any{"connection_id": "id-of-connection.pg", "other_ids": []any{"id-of-thing.other", "u2"}},
		"free": map[string]any{"list": []any{int64(7)}},
		"settings": map[string]any{"password": "made-up-too", "port": int64(5432), "not_known": map[string]any{"x": "y"},
			"user": []any{"misplaced"}},
		"from_extra": "passed on",
	}
	got, err := thing.Encode(in, ids, false)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("POST (-want +got):\n%s", d)
	}
	delete(want, "kind")
	want["reset"] = true
	got, err = thing.Encode(in, ids, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("PUT (-want +got):\n%s", d)
	}
	if d := cmp.Diff(before, in, secretValues); d != "" {
		t.Errorf("encoding changed the object (-before +after):\n%s", d)
	}
}

func TestEncodeErrors(t *testing.T) {
	restored := RestoreSecrets(Object{SecretKey: "hmac:00"})
	for _, tt := range []struct {
		name string
		in   Object
		want []string // all of it, in the order of the paths
	}{
		{"masked secret", Object{"secret": MaskedSecret()}, []string{"secret: the value of this secret is not known here"}},
		{"recorded secret", Object{"secret": restored}, []string{"secret: the value of this secret is not known here"}},
		{"secret in settings", Object{"kind": "known", "settings": Object{"password": MaskedSecret()}}, []string{"settings.password: the value"}},
		{"secret where nothing is known", Object{"settings": Object{"a.b": []any{Object{"c": MaskedSecret()}}}}, []string{`settings."a.b"[0].c: the value`}},
		{"mask as value", Object{"secret": NewSecret("********")}, []string{"secret: this secret's value is a mask"}},
		{"no id yet", Object{"base": "missing"}, []string{"base: model.missing has no id yet"}},
		{"no id in a list", Object{"deep": Object{"others": []any{"a", "missing"}}}, []string{"deep.others[1]: thing.missing has no id yet"}},
		{"no id of a source", Object{"fields": Object{"x": Object{"source": "missing.f"}}}, []string{"fields.x.source: model.missing has no id yet"}},
		{"no reference", Object{"base": int64(7)}, []string{"base: this is not a reference to a model"}},
		{"empty reference", Object{"base": Object{"id": ""}}, []string{"base: this is not a reference to a model"}},
		{"no source", Object{"source": "users"}, []string{"source: this is not a source field"}},
		{"all at once", Object{"base": "missing", "secret": MaskedSecret(), "source": "made-up-value"},
			[]string{"base: model.missing", "secret: the value", "source: this is not"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in["free"] = NewSecret("made-up")
			body, err := thing.Encode(tt.in, ids, false)
			if err == nil {
				t.Fatalf("no error, but %v", body)
			}
			rest := err.Error()
			for _, w := range tt.want {
				_, after, ok := strings.Cut(rest, w)
				if !ok {
					t.Fatalf("%q lacks %q", err, w)
				}
				rest = after
			}
			if strings.Contains(err.Error(), "made-up") || strings.Contains(err.Error(), "****") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	answer := map[string]any{
		"id": "t1", "created_at": "now", "name": "N", "kind": "known", "count": 3.0, "live": nil, "hour": "08",
		"seen": "server", "odd": "custom", "secret": Mask,
		"base_id": "id-of-model.users", "source": map[string]any{"model_id": "other", "field": "a.b"},
		"tags": []any{"b", "a", "b"}, "steps": []any{"b", "a", "b"},
		"joins": map[string]any{"email": []any{
			map[string]any{"model_id": "id-of-model.users", "field": "z"}, map[string]any{"model_id": "id-of-model.users", "field": "a"}}},
		"fields": []any{
			map[string]any{"target": "a", "override_value": "const", "source": nil, "added": "server"},
			map[string]any{"target": "b", "source": map[string]any{"model_id": "id-of-model.users", "field": "b"}}},
		// An id of another kind than the place asks for is none of ours.
		"deep":     map[string]any{"connection_id": "id-of-model.users", "other_ids": []any{"id-of-thing.other"}, "added": "server"},
		"free":     map[string]any{"token": "****"},
		"settings": map[string]any{"password": "********", "port": "5432", "user": "***", "own": "server", "not_known": map[string]any{"x": "[REDACTED]", "y": "z"}},
		"claimed":  "c", "brand_new": []any{1.0},
	}
	b, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	m := MaskedSecret()
	want := Object{
		"name": "N", "kind": "known", "count": int64(3), "hour": "8", "secret": m,
		"base": "users", "source": Object{"model": Object{"id": "other"}, "field": "a.b"},
		"tags": []any{"a", "b"}, "steps": []any{"b", "a", "b"},
		"joins":    Object{"email": []any{"users.a", "users.z"}},
		"fields":   Object{"a": Object{"value": "const"}, "b": Object{"source": "users.b"}},
		"deep":     Object{"connection": Object{"id": "id-of-model.users"}, "others": []any{"other"}},
		"free":     Object{"token": m},
		"settings": Object{"password": m, "port": int64(5432), "user": m, "not_known": Object{"x": m, "y": "z"}},
	}
	got := thing.Decode(answer, index(Address{"model", "users"}, Address{"thing", "other"}))
	if d := cmp.Diff(want, got, secretValues); d != "" {
		t.Errorf("Decode (-want +got):\n%s", d)
	}
	after, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != string(after) {
		t.Errorf("decoding changed the answer:\n%s\n%s", b, after)
	}
	if d := cmp.Diff(map[string]any{"brand_new": []any{1.0}}, thing.Unknown(answer)); d != "" {
		t.Errorf("Unknown (-want +got):\n%s", d)
	}
}

// What has not the expected shape is kept, so that it shows.
func TestDecodeOddShapes(t *testing.T) {
	want := Object{"name": []any{"N"}, "base": int64(7), "source": "text", "tags": "one", "fields": "f", "deep": []any{}, "settings": "s"}
	got := thing.Decode(map[string]any{"name": []any{"N"}, "base_id": 7, "source": "text", "tags": "one", "fields": "f", "deep": []any{},
		"settings": "s", "joins": nil}, index())
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Decode (-want +got):\n%s", d)
	}
	if got := thing.Decode(map[string]any{"base_id": "", "secret": ""}, index()); len(got) != 0 {
		t.Errorf("empty members give %v", got)
	}
}

func TestHide(t *testing.T) {
	f := &Field{Type: Any, Sensitive: true}
	got := (&Decoder{}).Value(f, Object{"a": "x", "b": []any{int64(1), "***"}, "c": ""})
	want := Object{"a": NewSecret("x"), "b": []any{NewSecret(int64(1)), MaskedSecret()}, "c": nil}
	if d := cmp.Diff(want, got, secretValues); d != "" {
		t.Errorf("hidden (-want +got):\n%s", d)
	}
}

func TestRefs(t *testing.T) {
	o := Object{
		"base": "users", "source": Object{"model": Object{"id": "u9"}, "field": "x"},
		"joins":  Object{"b": []any{"orders.b", "users.b"}, "a": "users.a"},
		"fields": Object{"t": Object{"source": "users.t"}, "v": Object{"value": "v"}},
		"deep":   Object{"connection": "pg", "others": []any{Object{"id": "u1"}, "later"}},
		"free":   Object{"base": "no reference"},
	}
	model := func(n string) Address { return Address{"model", n} }
	want := []Reference{
		{Path: "base", Address: model("users")},
		{Path: "deep.connection", Address: Address{"connection", "pg"}},
		{Path: "deep.others[0]", ID: "u1"},
		{Path: "deep.others[1]", Address: Address{"thing", "later"}},
		{Path: "fields.t.source", Address: model("users")},
		{Path: "joins.b[0]", Address: model("orders")},
		{Path: "joins.b[1]", Address: model("users")},
		{Path: "source", ID: "u9"},
	}
	if d := cmp.Diff(want, thing.Refs(o)); d != "" {
		t.Errorf("Refs (-want +got):\n%s", d)
	}
	needs := []Address{{"connection", "pg"}, model("orders"), model("users"), {"thing", "later"}}
	if d := cmp.Diff(needs, thing.Needs(o)); d != "" {
		t.Errorf("Needs (-want +got):\n%s", d)
	}
}

func TestIndex(t *testing.T) {
	a, b := Address{"model", "a"}, Address{"model", "b"}
	x := NewIndex(Set{a: {ID: "1"}, b: {}}, Set{b: {ID: "1"}})
	if got, ok := x.Address("model", "1"); got != a || !ok {
		t.Errorf("the first to name an id does not win: %v", got)
	}
	for kind, id := range map[string]string{"connection": "1", "model": ""} {
		if got, ok := x.Address(kind, id); ok {
			t.Errorf("%s %q is %v", kind, id, got)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in, want Object
	}{
		{"nulls", Object{"name": nil, "deep": Object{"connection": nil}}, Object{"deep": Object{}}},
		{"numerals", Object{"hour": int64(8)}, Object{"hour": "8"}},
		{"names are trimmed", Object{"name": " N\n", "kind": " k "}, Object{"name": "N", "kind": " k "}},
		{"leading zeros", Object{"hour": "008"}, Object{"hour": "8"}},
		{"nought", Object{"hour": "00"}, Object{"hour": "0"}},
		{"weekday", Object{"hour": "monday"}, Object{"hour": "monday"}},
		{"cron", Object{"hour": "*/05"}, Object{"hour": "*/05"}},
		{"empty numeral", Object{"hour": ""}, Object{}},
		{"text of scalars", Object{"name": int64(42), "every": 1.5}, Object{"name": "42", "every": "1.5"}},
		{"integer out of text", Object{"count": "5432"}, Object{"count": int64(5432)}},
		{"no integer", Object{"count": "1.5"}, Object{"count": "1.5"}},
		{"not a number", Object{"count": "Inf", "ratio": "0x1p4"}, Object{"count": "Inf", "ratio": "0x1p4"}},
		{"number out of text", Object{"ratio": "1.5"}, Object{"ratio": 1.5}},
		{"boolean out of text", Object{"live": "true"}, Object{"live": true}},
		{"other words are no booleans", Object{"live": "yes"}, Object{"live": "yes"}},
		{"set", Object{"tags": []any{"b", "a", "b"}}, Object{"tags": []any{"a", "b"}}},
		{"list", Object{"steps": []any{"b", "a"}}, Object{"steps": []any{"b", "a"}}},
		{"one for a list", Object{"joins": Object{"e": "users.e"}}, Object{"joins": Object{"e": []any{"users.e"}}}},
		{"short form", Object{"fields": Object{"f": "users.f"}}, Object{"fields": Object{"f": Object{"source": "users.f"}}}},
		{"long source", Object{"source": Object{"model": "users", "field": "a.b"}}, Object{"source": "users.a.b"}},
		{"source by id", Object{"source": Object{"model": Object{"id": "1"}, "field": "f"}}, Object{"source": Object{"model": Object{"id": "1"}, "field": "f"}}},
		{"unknown keys", Object{"else": "08"}, Object{"else": "08"}},
		{"by the type", Object{"kind": "known", "settings": Object{"port": "1", "more": "1"}}, Object{"kind": "known", "settings": Object{"port": int64(1), "more": "1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			thing.Canonical(tt.in)
			if d := cmp.Diff(tt.want, tt.in); d != "" {
				t.Errorf("Canonical (-want +got):\n%s", d)
			}
		})
	}
	s := NewSecret("007")
	o := Object{"hour": s, "name": s, "count": s, "tags": s, "fields": Object{"f": s}}
	thing.Canonical(o)
	if o["hour"] != any(s) || o["name"] != any(s) || o["count"] != any(s) || o["fields"].(Object)["f"].(Object)["source"] != any(s) {
		t.Errorf("a secret did not stay one: %#v", o)
	}
}

func TestCanonicalIsIdempotent(t *testing.T) {
	scalar := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(rapid.Float64(), func(f float64) any { return Normalize(f) }),
		rapid.Map(rapid.OneOf(rapid.StringMatching(`[0-9.eE+-]{0,5}`), rapid.StringMatching(`[a-z]{1,3}\.[a-z]{1,3}`), rapid.String()),
			func(s string) any { return s }))
	keys := []string{"source", "model", "field", "id", "value", "connection", "port", "password", "else"}
	for i := range thing.Fields {
		keys = append(keys, thing.Fields[i].Name)
	}
	var value func(depth int) *rapid.Generator[any]
	object := func(depth int) *rapid.Generator[Object] {
		return rapid.MapOfN(rapid.SampledFrom(keys), value(depth), 0, 8)
	}
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return scalar
		}
		return rapid.OneOf(scalar,
			rapid.Map(object(depth-1), func(o Object) any { return o }),
			rapid.Map(rapid.SliceOfN(value(depth-1), 0, 4), func(l []any) any { return l }))
	}
	rapid.Check(t, func(t *rapid.T) {
		o := object(3).Draw(t, "o")
		if rapid.Bool().Draw(t, "known") {
			o["kind"] = "known"
		}
		thing.Canonical(o)
		once := Clone(o)
		thing.Canonical(o)
		if d := cmp.Diff(once, o, cmpopts.EquateNaNs()); d != "" {
			t.Fatalf("Canonical twice (-once +twice):\n%s", d)
		}
	})
}
