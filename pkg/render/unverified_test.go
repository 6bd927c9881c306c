package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

func unverified(subject, why string, names ...string) check.Unverified {
	u := check.Unverified{Subject: subject, Why: why}
	for _, n := range names {
		u.Resources = append(u.Resources, resource.Address{Kind: "model", Name: n})
	}
	return u
}

// A line names a few of many and says how many more there are; many with one
// reason share a line.
func TestUnverifiedText(t *testing.T) {
	open := []check.Unverified{
		unverified("connection.a", "it is down\x1b[2J", "a", "b", "c", "d", "e", "f"),
		unverified("model.x", "nobody knows", "x"),
	}
	for i := range 5 {
		open = append(open, unverified(fmt.Sprint("connection.n", i), "it does not exist yet", "a", fmt.Sprint("m", i)))
	}
	var b bytes.Buffer
	if err := UnverifiedText(&b, Style{}, open); err != nil {
		t.Fatal(err)
	}
	want := `Not checked against live schemas:

  ! connection.a (for model.a, model.b, model.c, model.d and 2 more): it is down\x1b[2J
  ! model.x: nobody knows
  ! connection.n0, connection.n1, connection.n2, connection.n3 and 1 more (for 6 resources): it does not exist yet

`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	b.Reset()
	if err := UnverifiedText(&b, Style{}, nil); err != nil || b.Len() > 0 {
		t.Errorf("of nothing: %q, %v", b.String(), err)
	}
	if got := Unverified(open); len(got) != len(open) || len(got[0].Resources) != 6 {
		t.Errorf("for programs: %v", got)
	}
}

func TestValidationMarkdown(t *testing.T) {
	var b bytes.Buffer
	found := diag.List{{What: "wrong ```", Why: "@everyone"}, {Severity: diag.Warning, What: "odd"}}
	if err := ValidationMarkdown(&b, "not valid, 1 error", found, []check.Unverified{unverified("connection.a", "it is down", "a")}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"**not valid, 1 error**\n", "<details open><summary>1 error</summary>\n\n````diff\nerror: wrong ```\n", "1 warning", "1 not checked against live schemas",
		"! connection.a (for model.a): it is down"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it:\n%s", want, text)
		}
	}
}
