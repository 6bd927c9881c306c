package resource

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gadget has a struct within another, a list that only its kind writes, and a
// struct whose table may lag behind.
var gadget = Kind{Name: "gadget", Fields: []Field{
	{Name: "name", Type: String},
	{Name: "timing", API: "schedule", Type: Struct, Fields: []Field{
		{Name: "hour", Type: Int},
		{Name: "after", Type: Struct, Fields: []Field{{Name: "ids", Type: List, Elem: &Field{Type: String}}}},
	}},
	{Name: "sides", Type: Struct, Custom: true},
	{Name: "settings", Type: Struct, Lenient: true},
}}

func TestLayExtra(t *testing.T) {
	token := NewSecret("plain")
	type o = map[string]any
	for _, tt := range []struct {
		name             string
		body, was, extra Object
		want             o
	}{
		{"nothing", o{"name": "x"}, nil, nil, o{"name": "x"}},
		{"at the top", o{"name": "x"}, nil, o{"color": o{"of": []any{token}}}, o{"name": "x", "color": o{"of": []any{"plain"}}}},
		{"within", o{"schedule": o{"hour": 8, "jitter": 1}}, nil, o{"schedule": o{"jitter": 5, "after": o{"any": token}}},
			o{"schedule": o{"hour": 8, "jitter": 5, "after": o{"any": "plain"}}}},
		{"no more", o{"schedule": o{"hour": 8, "jitter": 5, "spread": 1}, "color": "red"}, o{"schedule": o{"jitter": 5, "after": o{"any": 1}}, "color": "red"}, o{"schedule": o{"spread": 2}},
			o{"schedule": o{"hour": 8, "spread": 2}}},
		{"what is no object of the table", o{"sides": o{"a": 1}, "settings": o{"b": 2}}, nil, o{"sides": o{"c": 3}, "settings": 4}, o{"sides": o{"c": 3}, "settings": 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := gadget.LayExtra(tt.body, tt.was, tt.extra); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, tt.body); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	// A mask is no value, and neither is what only has a fingerprint.
	for _, s := range []*Secret{MaskedSecret(), {print: "of-some-run"}} {
		if err := gadget.LayExtra(o{}, nil, o{"schedule": o{"key": s}}); err == nil {
			t.Errorf("%#v was sent", s)
		}
	}
}

func TestUnknownExtra(t *testing.T) {
	got := gadget.UnknownExtra(map[string]any{"id": "1", "name": "x", "color": "red", "key": "********",
		"schedule": map[string]any{"hour": 8, "jitter": 5, "after": map[string]any{"ids": []any{}, "any": true}}, "settings": map[string]any{"a": 1}})
	if _, masked := got["key"].(*Secret); !masked {
		t.Errorf("a mask was taken for a value: %v", got)
	}
	delete(got, "key")
	if d := cmp.Diff(Object{"color": "red", "schedule": Object{"jitter": int64(5), "after": Object{"any": true}}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
