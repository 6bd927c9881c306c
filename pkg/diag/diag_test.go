package diag

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-multierror"
)

func TestPosString(t *testing.T) {
	for _, tt := range []struct {
		in   Pos
		want string
	}{
		{Pos{}, ""},
		{Pos{File: "a.yaml"}, "a.yaml"},
		{Pos{File: "a.yaml", Line: 3}, "a.yaml:3"},
		{Pos{File: "a.yaml", Line: 3, Col: 7, End: 9}, "a.yaml:3:7"},
		{Pos{File: "a.yaml", Col: 7}, "a.yaml"},
		{Pos{Line: 3, Col: 7}, "3:7"},
	} {
		if got := tt.in.String(); got != tt.want {
			t.Errorf("%#v.String() = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestPosBefore(t *testing.T) {
	inOrder := []Pos{
		{},
		{File: "a", Line: 1, Col: 9},
		{File: "a", Line: 2, Col: 1},
		{File: "a", Line: 2, Col: 10},
		{File: "b", Line: 1, Col: 1},
	}
	for i, p := range inOrder {
		for j, q := range inOrder {
			if got := p.Before(q); got != (i < j) {
				t.Errorf("%v.Before(%v) = %v", p, q, got)
			}
		}
	}
	if !(Pos{}).IsZero() || (Pos{File: "a"}).IsZero() {
		t.Error("IsZero holds for the zero Pos and no other")
	}
}

func TestDiagnosticError(t *testing.T) {
	at := Pos{File: "m.yaml", Line: 2, Col: 3}
	for _, tt := range []struct {
		name string
		in   Diagnostic
		want string
	}{
		{"place", Diagnostic{Pos: at, What: "unknown key"}, "m.yaml:2:3: error: unknown key"},
		{"warning", Diagnostic{Severity: Warning, Pos: at, What: "unused"}, "m.yaml:2:3: warning: unused"},
		{"place beats address", Diagnostic{Pos: at, Address: "model.a", What: "x"}, "m.yaml:2:3: error: x"},
		{"address", Diagnostic{Address: "model.a", What: "x"}, "model.a: error: x"},
		{"nowhere", Diagnostic{What: "x"}, "error: x"},
		{"one harmless line", Diagnostic{What: "a\nb\x1b[2J"}, `error: a\nb\x1b[2J`},
	} {
		if got := tt.in.Error(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSorted(t *testing.T) {
	at := func(line int) Pos { return Pos{File: "m.yaml", Line: line, Col: 1} }
	for _, tt := range []struct {
		name string
		in   List
		want []string
	}{
		{"by place", List{
			{Pos: at(3), What: "c"}, {Pos: at(1), What: "a"}, {What: "nowhere"}, {Pos: Pos{File: "l.yaml", Line: 9, Col: 1}, What: "other"},
		}, []string{"nowhere", "other", "a", "c"}},
		{"errors before warnings", List{
			{Severity: Warning, Pos: at(1), What: "a"}, {Pos: at(1), What: "b"},
		}, []string{"b", "a"}},
		{"repeats", List{
			{Pos: at(1), What: "a", Why: "one"}, {Pos: at(1), What: "b"}, {Pos: at(1), What: "a", Why: "two"}, {Pos: at(2), What: "a"},
		}, []string{"a", "b", "a"}},
		{"follower by address", List{
			{Pos: at(1), What: "follows", Root: "model.a"}, {Pos: at(5), What: "root", Address: "model.a"},
		}, []string{"root"}},
		{"follower by place", List{
			{Pos: at(1), What: "follows", Root: "m.yaml:5:1"}, {Pos: at(5), What: "root"},
		}, []string{"root"}},
		{"follower of a follower", List{
			{What: "third", Root: "model.b"}, {What: "second", Address: "model.b", Root: "model.a"}, {What: "first", Address: "model.a"},
		}, []string{"first"}},
		{"root absent", List{
			{What: "second", Address: "model.b", Root: "model.a"}, {What: "third", Root: "model.b"},
		}, []string{"second"}},
		{"a circle keeps both", List{
			{What: "a", Address: "model.a", Root: "model.b"}, {What: "b", Address: "model.b", Root: "model.a"},
		}, []string{"a", "b"}},
		{"an error does not yield to a warning", List{
			{What: "error", Address: "model.b", Root: "model.a"}, {Severity: Warning, What: "warning", Address: "model.a"},
		}, []string{"error", "warning"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := fmt.Sprint(tt.in)
			var got []string
			for _, d := range tt.in.Sorted() {
				got = append(got, d.What)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Sorted (-want +got):\n%s", d)
			}
			if after := fmt.Sprint(tt.in); after != before {
				t.Errorf("Sorted changed its receiver to %s", after)
			}
		})
	}
}

func TestErr(t *testing.T) {
	var l List
	l.Warnf(Pos{}, "loose", "only a warning")
	if err := l.Err(); err != nil || l.HasErrors() {
		t.Fatalf("warnings alone: Err = %v, HasErrors = %v", err, l.HasErrors())
	}
	if err := List(nil).Err(); err != nil {
		t.Fatalf("nil list: %v", err)
	}
	l.Errorf(Pos{File: "m.yaml", Line: 2, Col: 1}, "b", "second %d", 2)
	l.Errorf(Pos{File: "m.yaml", Line: 1, Col: 1}, "a", "first")
	if e, w := l.Count(); e != 2 || w != 1 || !l.HasErrors() {
		t.Errorf("Count = %d, %d; HasErrors = %v", e, w, l.HasErrors())
	}

	err := fmt.Errorf("reading: %w", l.Err())
	if want := "reading: m.yaml:1:1: error: first\nm.yaml:2:1: error: second 2"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	var errs *multierror.Error
	if !errors.As(err, &errs) || len(errs.Errors) != 2 {
		t.Errorf("no *multierror.Error of two in %#v", err)
	}
	var d Diagnostic
	if !errors.As(err, &d) || d.Code != "a" {
		t.Errorf("errors.As gave %#v", d)
	}
	if !errors.Is(err, l[1]) {
		t.Error("errors.Is does not find the second error")
	}
}

func TestJSON(t *testing.T) {
	l := List{
		{Pos: Pos{File: "m.yaml", Line: 2, Col: 3, End: 5}, What: `a <b> "c"`, Why: "w", Fix: "f", Address: "model.a", Code: "unknown-key", Snippet: "s", Root: "r"},
		{Severity: Warning, What: "loose"},
	}
	got, err := l.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"severity":"error","file":"m.yaml","line":2,"column":3,"what":"a <b> \"c\"","why":"w","fix":"f","address":"model.a","code":"unknown-key"},` +
		`{"severity":"warning","what":"loose"}]`
	if d := cmp.Diff(want, strings.ReplaceAll(string(got), "\n", "")); d != "" {
		t.Errorf("MarshalJSON (-want +got):\n%s", d)
	}
	in := struct{ L List }{}
	if b, err := json.Marshal(in); err != nil || string(b) != `{"L":[]}` {
		t.Errorf("a nil list marshals as %s, %v", b, err)
	}
}
