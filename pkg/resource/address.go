package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Address names one resource within a manifest and its state, as in
// "model.users". It is the resource's identity; a display name is not.
type Address struct {
	Kind string // a Kind's Name: "model"
	Name string // the key under which the manifest declares it: "users"
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// ValidName reports whether s may be a resource's key: a lower-case letter,
// then letters, digits, "_" and "-". Without dots, a source "model.field" can
// be split at its first dot whatever the field is called.
func ValidName(s string) bool { return nameForm.MatchString(s) }

// ParseAddress reads "kind.name".
func ParseAddress(s string) (Address, error) {
	kind, name, ok := strings.Cut(s, ".")
	if !ok || !ValidName(kind) || !ValidName(name) {
		return Address{}, fmt.Errorf("%q is not an address: write kind.name, as in model.users", s)
	}
	return Address{kind, name}, nil
}

// String is "kind.name", or "" for the zero Address.
func (a Address) String() string {
	if a == (Address{}) {
		return ""
	}
	return a.Kind + "." + a.Name
}

// MarshalText writes the form of String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Address) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Address{}
		return nil
	}
	got, err := ParseAddress(string(b))
	if err == nil {
		*a = got
	}
	return err
}

// Compare orders addresses by kind, then by name.
func (a Address) Compare(b Address) int {
	if a.Kind != b.Kind {
		return strings.Compare(a.Kind, b.Kind)
	}
	return strings.Compare(a.Name, b.Name)
}

// UnionOf are the addresses of all lists, sorted, each once.
func UnionOf(lists ...[]Address) []Address {
	out := slices.Concat(lists...)
	slices.SortFunc(out, Address.Compare)
	return slices.Compact(out)
}
