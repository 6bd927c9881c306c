package spec

import "testing"

func TestLook(t *testing.T) {
	for _, tt := range []struct {
		a, b  string
		alike bool
	}{
		{"HubSpot", "Hubspot", true},
		{"Hub Spot", "HubSpot ", true},
		{"HubSpot", "Hub\u00a0Spot", true},
		{"HubSpot", "Hub\u200bSpot", true},
		{"HubSpot", "Hubsp\u043et", true},
		{"HubSpot", "\u041d\u03c5bSpot", false}, // Greek upsilon is drawn like no u
		{"PACE", "\u0420\u0410\u0421\u0415", true},
		{"Caf\u00e9", "Cafe\u0301", true},
		{"Caf\u00e9", "Cafe", false},
		{"\ufb01le", "file", true},
		{"\uff21\uff22", "ab", true},
		{"Region 1", "Region l", false},
		{"\u0414\u0430\u043d\u043d\u044b\u0435", "\u0434\u0430\u043d\u043d\u044b\u0435", true},
		{"", " ", true},
	} {
		if got := look(tt.a) == look(tt.b); got != tt.alike {
			t.Errorf("%+q and %+q: alike %v, not %v", tt.a, tt.b, got, tt.alike)
		}
	}
}
