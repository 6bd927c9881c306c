package kinds

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/resource"
)

func TestLogic(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a", "a"},
		{"a AND b", "a AND b"},
		{"a and b or c", "a AND b OR c"},
		{"a OR b AND c", "a OR b AND c"},
		{"(a OR b) AND c", "(a OR b) AND c"},
		{"a AND (b AND c)", "a AND b AND c"},
		{"(a AND b) OR (c AND d)", "a AND b OR c AND d"},
		{"NOT a AND b", "NOT a AND b"},
		{"NOT (a AND b)", "NOT (a AND b)"},
		{"NOT (a)", "NOT a"},
		{"not not a", "NOT NOT a"},
		{"NOT NOT (a OR b)", "NOT NOT (a OR b)"},
		{"(((a)))", "a"},
		{"(a)AND(b)", "a AND b"},
		{"android AND ordered", "android AND ordered"}, // operators are whole words
		{"  a \n AND\tb ", "a AND b"},
	} {
		l, err := parseLogic(tt.in)
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		if l.String() != tt.want {
			t.Errorf("%q is %q, want %q", tt.in, l, tt.want)
		}
	}
}

func TestLogicMistakes(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "a filter's name is missing at the end"},
		{"a AND", "a filter's name is missing at the end"},
		{"AND a", `a filter's name is missing before "AND"`},
		{"a OR OR b", `a filter's name is missing before "OR"`},
		{"a b", `"b" is not expected here`},
		{"a NOT b", `"NOT" is not expected here`},
		{"(a", "a closing parenthesis is missing"},
		{"a)", `")" is not expected here`},
		{"()", `a filter's name is missing before ")"`},
		{"NOT", "a filter's name is missing at the end"},
		{strings.Repeat("(", 51) + "a" + strings.Repeat(")", 51), "it is nested more than 50 deep"},
		{strings.Repeat("NOT ", 1e5) + "a", "it is nested more than 50 deep"},
	} {
		l, err := parseLogic(tt.in)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%.40q is %v, error %v; want the error %q", tt.in, l, err, tt.want)
		}
	}
	deep := strings.Repeat("(", 49) + "a" + strings.Repeat(")", 49)
	if l, err := parseLogic(deep); err != nil || l.name != "a" {
		t.Errorf("49 deep: %v, %v", l, err)
	}
	long := "f0" + strings.Repeat(" AND f1", 10_000)
	if l, err := parseLogic(long); err != nil || l.String() != long {
		t.Errorf("a long chain: %v", err)
	}
}

// logics generates what the parser can give: no chain stands directly in a
// chain of its own operator.
func logics(depth int) *rapid.Generator[*logic] {
	name := rapid.Map(rapid.SampledFrom([]string{"a", "b", "paying", "android", "x-1", "Z", "AA"}), func(n string) *logic { return &logic{name: n} })
	if depth == 0 {
		return name
	}
	return rapid.Custom(func(t *rapid.T) *logic {
		switch op := rapid.SampledFrom([]string{"", "NOT", "AND", "OR"}).Draw(t, "op"); op {
		case "":
			return name.Draw(t, "name")
		case "NOT":
			return &logic{op: op, args: []*logic{logics(depth-1).Draw(t, "arg")}}
		default:
			other := logics(depth - 1).Filter(func(l *logic) bool { return l.op != op })
			return &logic{op: op, args: rapid.SliceOfN(other, 2, 4).Draw(t, "args")}
		}
	})
}

func TestLogicReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := logics(5).Draw(t, "logic")
		text := want.String()
		got, err := parseLogic(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(logic{})); d != "" {
			t.Fatalf("%s (-want +got):\n%s", text, d)
		}
	})
}

// What a logic says does not change by being written in another way.
func TestLogicKeepsItsMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.Custom(func(t *rapid.T) *logic { return wordy(t, 3) }).Draw(t, "logic")
		text := said.brackets()
		l, err := parseLogic(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for bits := range 8 {
			holds := func(n string) bool { return bits>>(n[0]-'a')&1 == 1 }
			if said.holds(holds) != l.holds(holds) {
				t.Fatalf("%q is read as %q", text, l)
			}
		}
	})
}

// wordy is a logic as people write it: chains within chains.
func wordy(t *rapid.T, depth int) *logic {
	op := ""
	if depth > 0 {
		op = rapid.SampledFrom([]string{"", "NOT", "AND", "OR", "and", "or", "Not"}).Draw(t, "op")
	}
	l := &logic{op: op}
	switch strings.ToUpper(op) {
	case "":
		l.name = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	case "NOT":
		l.args = []*logic{wordy(t, depth-1)}
	default:
		l.args = []*logic{wordy(t, depth-1), wordy(t, depth-1)}
	}
	return l
}

// brackets writes the logic with all of its parentheses.
func (l *logic) brackets() string {
	switch len(l.args) {
	case 0:
		return l.name
	case 1:
		return l.op + " (" + l.args[0].brackets() + ")"
	}
	return "(" + l.args[0].brackets() + ") " + l.op + " (" + l.args[1].brackets() + ")"
}

func (l *logic) holds(name func(string) bool) bool {
	op := strings.ToUpper(l.op)
	switch op {
	case "":
		return name(l.name)
	case "NOT":
		return !l.args[0].holds(name)
	}
	for _, a := range l.args {
		if a.holds(name) == (op == "OR") {
			return op == "OR"
		}
	}
	return op == "AND"
}

func TestRenameLogic(t *testing.T) {
	names := map[string]string{"A": "B", "B": "A", "AA": "long-name"} // at once, not one after the other
	for _, tt := range []struct{ in, want string }{
		{"A AND B", "B AND A"},
		{"a OR AA", "a OR long-name"},
		{"A AND", "A AND"}, // as it came
		{"", ""},
	} {
		if got := renameLogic(tt.in, names); got != tt.want {
			t.Errorf("renameLogic(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestLetter(t *testing.T) {
	for n, want := range map[int]string{0: "A", 1: "B", 25: "Z", 26: "AA", 27: "AB", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := letter(n); got != want {
			t.Errorf("letter(%d) = %s, want %s", n, got, want)
		}
	}
}

// A logic that says what its absence does is dropped, and only such a one.
func TestNormalLogic(t *testing.T) {
	filters := obj{"a": obj{"function": "IsNull"}, "b": obj{"function": "IsNull"}}
	for _, tt := range []struct {
		in      any
		filters obj
		want    any
	}{
		{"a AND b", filters, nil},
		{"b and (a)", filters, nil},
		{"a AND b AND a", filters, nil},
		{"a OR b", filters, "a OR b"},
		{"a", filters, "a"},
		{"a", obj{"a": filters["a"]}, nil},
		{"NOT a", obj{"a": filters["a"]}, "NOT a"},
		{"a and not b", filters, "a AND NOT b"},
		{"a AND", filters, "a AND"},
		{"", filters, nil},
	} {
		for logicMember, member := range map[string]string{"filter_logic": "filters", "target_filter_logic": "target_filters"} {
			o := obj{logicMember: tt.in, member: resource.Clone(tt.filters)}
			Sync.Canonical(o)
			if o[logicMember] != tt.want {
				t.Errorf("%s %v over %v is %v, want %v", logicMember, tt.in, resource.Keys(tt.filters), o[logicMember], tt.want)
			}
		}
	}
}

// More filters than letters: the labels go on with AA, and come back.
func TestManyFilters(t *testing.T) {
	filters, names := obj{}, []string{}
	for i := range 60 {
		name := fmt.Sprintf("f%02d", i)
		names = append(names, name)
		filters[name] = obj{"source": "users." + name, "function": "IsNotNull"}
	}
	o := sound(obj{"filters": filters, "filter_logic": strings.Join(names, " OR ")})
	Sync.Canonical(o)
	body, err := Sync.Encode(o, ids, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(body["filter_logic"]); !strings.HasPrefix(got, "A OR B OR ") || !strings.HasSuffix(got, " OR BG OR BH") {
		t.Errorf("filter_logic = %s", got)
	}
	live := Sync.Decode(overTheWire(t, body), index)
	Sync.Align(live, o)
	if d := cmp.Diff(o["filter_logic"], live["filter_logic"]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(o["filters"], live["filters"]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
