package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const passing = `{"Action":"start","Package":"github.com/polyplan/polyplan/pkg/a"}
{"Action":"run","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestOne"}
{"Action":"output","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestOne","Output":"    a_test.go:1: not for you\n"}
{"Action":"attr","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestOne","Key":"figure","Value":"lost\t0\t0"}
{"Action":"pass","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestOne","Elapsed":0.1}
{"Action":"output","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestTwo","Output":"    a_test.go:9: optional: there is no strace\n"}
{"Action":"output","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestTwo","Output":"--- SKIP: TestTwo (0.00s)\n"}
{"Action":"skip","Package":"github.com/polyplan/polyplan/pkg/a","Test":"TestTwo","Elapsed":0}
{"Action":"pass","Package":"github.com/polyplan/polyplan/pkg/a","Elapsed":1.25}
`

func TestReport(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		figures, good  bool
	}{
		{"all is well", passing, `ok    pkg/a  1.2s

skipped:
  pkg/a TestTwo: there is no strace

1 passed, 0 failed, 1 skipped
`, false, true},
		{"figures", passing, `ok    pkg/a  1.2s

skipped:
  pkg/a TestTwo: there is no strace

FIGURE   MEASURED   AT MOST
lost     0          0

1 passed, 0 failed, 1 skipped
`, true, true},
		{"a skip that must not be", strings.ReplaceAll(passing, "optional: ", ""), `ok    pkg/a  1.2s

skipped:
  pkg/a TestTwo: there is no strace  <-- every submission has to pass this

1 of those skipped are not optional: let the machine have what they need, or see pkg/internal/trial

1 passed, 0 failed, 1 skipped
`, false, false},
		{"a failure", `{"Action":"build-output","ImportPath":"x","Output":"x.go:1: no\n"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"fine\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"    b_test.go:1: got 1, want 2\n"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"fail","Package":"p","Elapsed":2}
`, `x.go:1: no
FAIL  p  2.0s
          b_test.go:1: got 1, want 2
      FAIL

1 passed, 1 failed, 0 skipped
`, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			r := newReport(&b)
			if err := r.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			good := r.finish(tt.figures)
			if d := cmp.Diff(tt.want, b.String()); d != "" || good != tt.good {
				t.Errorf("good is %v, want %v; report (-want +got):\n%s", good, tt.good, d)
			}
		})
	}
}

// A test that asks to be run again has to pass then: it is no matter that it passed,
// or was skipped, at first.
func TestAgain(t *testing.T) {
	const asks = `{"Action":"attr","Package":"p","Test":"TestMany","Key":"again","Value":"whole"}
{"Action":"pass","Package":"p","Test":"TestMany"}
{"Action":"attr","Package":"p","Test":"TestPlain","Key":"again","Value":"whole"}
{"Action":"output","Package":"p","Test":"TestPlain","Output":"    p_test.go:9: optional: later\n"}
{"Action":"skip","Package":"p","Test":"TestPlain"}
{"Action":"attr","Package":"q","Test":"TestMany","Key":"again","Value":"whole"}
{"Action":"pass","Package":"q","Test":"TestMany"}
`
	for _, tt := range []struct {
		name, again, want string
		good              bool
	}{
		{"passes", `{"Action":"pass","Package":"p","Test":"TestMany"}
{"Action":"pass","Package":"p","Test":"TestPlain"}
{"Action":"pass","Package":"q","Test":"TestMany"}
`, `
5 passed, 0 failed, 0 skipped
`, true},
		{"is skipped, or not there", `{"Action":"pass","Package":"p","Test":"TestMany"}
{"Action":"skip","Package":"p","Test":"TestPlain"}
`, `
skipped:
  p TestPlain: it does not say why  <-- every submission has to pass this
p TestPlain did not pass when run again
q TestMany did not pass when run again

1 of those skipped are not optional: let the machine have what they need, or see pkg/internal/trial

3 passed, 0 failed, 1 skipped
`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			r := newReport(&b)
			if err := r.read(strings.NewReader(asks)); err != nil {
				t.Fatal(err)
			}
			names, packages := r.owe()
			if d := cmp.Diff([][]string{{"TestMany", "TestPlain"}, {"p", "q"}}, [][]string{names, packages}); d != "" {
				t.Errorf("to be run again (-want +got):\n%s", d)
			}
			if err := r.read(strings.NewReader(tt.again)); err != nil {
				t.Fatal(err)
			}
			good := r.finish(false)
			if d := cmp.Diff(tt.want, b.String()); d != "" || good != tt.good {
				t.Errorf("good is %v, want %v; report (-want +got):\n%s", good, tt.good, d)
			}
		})
	}
}
