package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/internal/golden"
)

func TestEvents(t *testing.T) {
	var lines, coloured strings.Builder
	var js bytes.Buffer
	if err := VersionJSON(&js, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	for _, e := range events() {
		lines.WriteString(EventLine(Style{}, e) + "\n")
		coloured.WriteString(tags.Replace(EventLine(NewStyle(true), e)) + "\n")
		if err := EventJSON(&js, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []*apply.Result{busyResult(), {}} {
		if err := ResultJSON(&js, r); err != nil {
			t.Fatal(err)
		}
	}
	golden.Check(t, "testdata/events/lines.txt", []byte(lines.String()))
	golden.Check(t, "testdata/events/colour.txt", []byte(coloured.String()))
	golden.Check(t, "testdata/events/lines.json", js.Bytes())
}

func TestApplied(t *testing.T) {
	var b bytes.Buffer
	if err := Applied(&b, Style{}, busyResult(), events()...); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/events/applied.txt", b.Bytes())
	b.Reset()
	if err := Applied(&b, Style{}, &apply.Result{}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "Apply: 0 created, 0 updated, 0 replaced, 0 deleted.\n" {
		t.Errorf("nothing done: %q", got)
	}
}
