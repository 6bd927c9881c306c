package resource

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Address
		ok   bool
	}{
		{"model.users", Address{"model", "users"}, true},
		{"bulk_sync.a-b_c1", Address{"bulk_sync", "a-b_c1"}, true},
		{"model", Address{}, false},
		{"model.", Address{}, false},
		{".users", Address{}, false},
		{"model.Users", Address{}, false},
		{"model.users.email", Address{}, false},
		{"model.1st", Address{}, false},
		{"model.us ers", Address{}, false},
		{"", Address{}, false},
	} {
		got, err := ParseAddress(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("ParseAddress(%q) = %v, %v", tt.in, got, err)
		}
		if tt.ok && got.String() != tt.in {
			t.Errorf("String of %q = %q", tt.in, got.String())
		}
	}
}

func TestAddressAsText(t *testing.T) {
	type file struct {
		At    Address
		Needs map[Address]int
	}
	for _, want := range []file{
		{Address{"model", "users"}, map[Address]int{{"connection", "pg"}: 1}},
		{}, // the zero Address is written as "", and read back
	} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got file
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", b, d)
		}
	}
	a := Address{"model", "users"}
	if err := a.UnmarshalText([]byte("nonsense")); err == nil || a.Name != "users" {
		t.Errorf("a wrong text gave %v, %v", a, err)
	}
}

func TestAddressOrder(t *testing.T) {
	want := []Address{{"connection", "z"}, {"model", "a"}, {"model", "b"}, {"sync", "a"}}
	got := Set{want[3]: nil, want[1]: nil, want[0]: nil, want[2]: nil}.Addresses()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Addresses (-want +got):\n%s", d)
	}
	if !slices.IsSortedFunc(got, Address.Compare) {
		t.Error("Compare orders otherwise")
	}
}
