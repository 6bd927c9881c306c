package trial

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is a test that only remembers.
type recorder struct {
	testing.TB
	attrs  []string
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Attr(_, value string)  { r.attrs = append(r.attrs, value) }
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestAtMost(t *testing.T) {
	for _, tt := range []struct {
		got, most float64
		unit      string
		want      Figure
		failed    bool
	}{
		{0, 0, "", Figure{"x", "0", "0"}, false},
		{1, 0, "", Figure{"x", "1", "0"}, true},
		{1.0666, 1.1, "", Figure{"x", "1.07", "1.1"}, false},
		{120, 100, "ms", Figure{"x", "120 ms", "100 ms"}, true},
	} {
		r := &recorder{}
		AtMost(r, "x", tt.got, tt.most, tt.unit)
		f, ok := ParseFigure(r.attrs[0])
		if d := cmp.Diff(tt.want, f); d != "" || !ok || r.failed != tt.failed {
			t.Errorf("%v of %v: failed %v, figure (-want +got):\n%s", tt.got, tt.most, r.failed, d)
		}
	}
	if _, ok := ParseFigure("no figure"); ok {
		t.Error("what is no figure reads as one")
	}
}
