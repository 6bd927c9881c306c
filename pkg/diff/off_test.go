package diff

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
)

// choice is a kind whose parts are never gone, only turned off.
var choice = resource.Kind{Name: "choice", Section: "choices", Path: "/api/choices", Fields: []resource.Field{
	{Name: "grow", Type: resource.Bool},
	{Name: "parts", Type: resource.Map, KeyedBy: "id", Whole: true, Off: "enabled", Stays: true,
		Open: func(root resource.Object) bool { return root["grow"] == true },
		Elem: &resource.Field{Type: resource.Struct, Short: "enabled", Fields: []resource.Field{
			{Name: "enabled", Type: resource.Bool, Default: true},
			{Name: "label", Type: resource.String},
		}}},
}}

func TestPartsThatAreTurnedOff(t *testing.T) {
	live := object{"parts": object{"a": object{"enabled": true, "label": "A"}, "b": object{"enabled": true}, "c": object{"enabled": false}}}
	on, off := object{"enabled": true}, object{"enabled": false}
	for _, tt := range []struct {
		name              string
		desired, recorded object
		unmanaged         []resource.Path
		want              []string // changes
		after             object
	}{
		{name: "all that is on is listed", desired: object{"parts": object{"a": on, "b": object{}}}, after: live},
		{name: "and what is off", desired: object{"parts": object{"a": on, "b": on, "c": off}}, after: live},
		{name: "what nobody has is off", desired: object{"parts": object{"a": on, "b": on, "d": off}},
			after: object{"parts": object{"a": object{"enabled": true, "label": "A"}, "b": on, "c": off, "d": off}}},
		{name: "left out", desired: object{"parts": object{"b": on}}, want: []string{"parts.a.enabled: true -> false"},
			after: object{"parts": object{"a": object{"enabled": false, "label": "A"}, "b": on, "c": off}}},
		{name: "off by name", desired: object{"parts": object{"a": on, "b": off}}, want: []string{"parts.b: true -> false"},
			after: object{"parts": object{"a": object{"enabled": true, "label": "A"}, "b": off, "c": off}}},
		{name: "on again", desired: object{"parts": object{"a": on, "b": on, "c": on}}, want: []string{"parts.c: false -> true"},
			after: object{"parts": object{"a": object{"enabled": true, "label": "A"}, "b": on, "c": on}}},
		{name: "one that nobody has", desired: object{"parts": object{"a": on, "b": on, "d": on}}, want: []string{"parts.d: <nil> -> true"},
			after: object{"parts": object{"a": object{"enabled": true, "label": "A"}, "b": on, "c": off, "d": on}}},
		{name: "others may turn on", desired: object{"grow": true, "parts": object{"b": on}}, want: []string{"grow: <nil> -> true"},
			after: object{"grow": true, "parts": live["parts"]}},
		{name: "but not what was ours", desired: object{"grow": true, "parts": object{"b": on}}, recorded: object{"parts": object{"a": on, "b": on}},
			want: []string{"grow: <nil> -> true", "parts.a.enabled: true -> false"}, after: object{"grow": true,
				"parts": object{"a": object{"enabled": false, "label": "A"}, "b": on, "c": off}}},
		{name: "left to people", desired: object{"parts": object{"b": on}}, unmanaged: []resource.Path{"parts.a"}, after: live},
		{name: "nothing is said", desired: object{}, after: live},
		{name: "nothing is said any more", desired: object{}, recorded: object{"parts": object{"a": on, "b": on}}, after: live},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := merge(&choice, tt.desired, tt.recorded, live, tt.unmanaged)
			var got []string
			for _, ch := range compare(&choice, tt.desired, m.before, m.after) {
				got = append(got, fmt.Sprintf("%s: %v -> %v", ch.Path, ch.Before, ch.After))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("changes (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.after, m.after); d != "" {
				t.Errorf("after (-want +got):\n%s", d)
			}
		})
	}
}
