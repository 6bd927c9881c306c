package render

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/state"
)

func TestHistory(t *testing.T) {
	kept := []state.Generation{
		{Serial: 12, Err: errors.New("cut off \x1b[1m")},
		{Serial: 9, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Tool: "polyplan 1.0", Resources: 1},
	}
	var b strings.Builder
	if err := History(&b, Style{}, kept); err != nil {
		t.Fatal(err)
	}
	want := "12                           damaged     cut off \\x1b[1m\n9   2026-01-02 03:04:05 UTC  1 resource  polyplan 1.0\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	b.Reset()
	if err := HistoryJSON(&b, kept[1:]); err != nil {
		t.Fatal(err)
	}
	want = `{
  "format_version": "1.0",
  "generations": [
    {
      "serial": 9,
      "time": "2026-01-02T03:04:05Z",
      "tool": "polyplan 1.0",
      "resources": 1
    }
  ]
}
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
