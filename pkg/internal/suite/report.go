package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output
	Test       string
	Elapsed    float64
	Output     string
	Key, Value string // of attr
}

// test is a name that go test has: a test of a package, or the package.
type test struct{ pkg, name string }

func compareTests(a, b test) int {
	return strings.Compare(a.pkg+" "+a.name, b.pkg+" "+b.name)
}

type report struct {
	out     io.Writer
	said    map[test]*strings.Builder // by those that have not passed yet
	order   []test                    // in which they began to say something
	skips   map[test]string           // why
	again   []test                    // ask to be run again, whole
	owed    map[test]bool             // of those, which have not passed yet
	figures []trial.Figure
	passed  int
	failed  map[string]int // tests, by package; a package that failed by itself counts as one
}

func newReport(out io.Writer) *report {
	return &report{out: out, said: map[test]*strings.Builder{}, skips: map[test]string{}, failed: map[string]int{}}
}

func (r *report) read(from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line) // what go itself says
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.say(t, e.Output)
	case "attr":
		if f, ok := trial.ParseFigure(e.Value); ok && e.Key == trial.FigureKey {
			r.figures = append(r.figures, f)
		}
		if e.Key == trial.AgainKey {
			r.again = append(r.again, t)
		}
	case "skip":
		if e.Test != "" {
			r.skips[t] = reason(r.text(t))
		}
		r.forget(t)
	case "pass":
		delete(r.owed, t)
		delete(r.skips, t)
		if e.Test != "" {
			r.passed++
		} else {
			fmt.Fprintf(r.out, "ok    %s  %.1fs\n", short(e.Package), e.Elapsed)
		}
		r.forget(t)
	case "fail":
		if e.Test != "" {
			r.failed[e.Package]++
		} else {
			r.failed[e.Package] = max(r.failed[e.Package], 1)
			r.show(e)
		}
	}
}

func (r *report) say(t test, text string) {
	b := r.said[t]
	if b == nil {
		b = &strings.Builder{}
		r.said[t] = b
		r.order = append(r.order, t)
	}
	b.WriteString(text)
}

func (r *report) text(t test) string {
	if b := r.said[t]; b != nil {
		return b.String()
	}
	return ""
}

func (r *report) forget(t test) {
	if r.said[t] != nil {
		delete(r.said, t)
		r.order = slices.DeleteFunc(r.order, func(o test) bool { return o == t })
	}
}

// owe makes the report want to see those pass that ask to be run again: the names, and
// the packages that they are in.
func (r *report) owe() (names, packages []string) {
	r.owed = map[test]bool{}
	for _, t := range r.again {
		r.owed[t] = true
		names, packages = append(names, t.name), append(packages, t.pkg)
	}
	r.again = nil
	return unique(names), unique(packages)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// show writes all that was said in a failed package by what did not pass.
func (r *report) show(e event) {
	fmt.Fprintf(r.out, "FAIL  %s  %.1fs\n", short(e.Package), e.Elapsed)
	for _, t := range slices.Clone(r.order) {
		if t.pkg != e.Package {
			continue
		}
		for line := range strings.Lines(r.text(t)) {
			if !strings.HasPrefix(line, "=== ") {
				fmt.Fprint(r.out, "      "+line)
			}
		}
		r.forget(t)
	}
}

// reason is why a test was skipped: the last that it said, without the place.
func reason(said string) string {
	why := "it does not say why"
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		why = line
		if place, text, ok := strings.Cut(line, ": "); ok && strings.Contains(place, ".go:") {
			why = text
		}
	}
	return why
}

func short(pkg string) string {
	if _, rest, ok := strings.Cut(pkg, "/polyplan/polyplan/"); ok {
		return rest
	}
	return pkg
}

// finish writes what remains to be said, and reports whether all is well.
func (r *report) finish(figures bool) bool {
	must := 0
	if len(r.skips) > 0 {
		fmt.Fprintf(r.out, "\nskipped:\n")
	}
	for _, t := range slices.SortedFunc(maps.Keys(r.skips), compareTests) {
		why, optional := strings.CutPrefix(r.skips[t], trial.Mark)
		if !optional {
			must++
			why += "  <-- every submission has to pass this"
		}
		fmt.Fprintf(r.out, "  %s %s: %s\n", short(t.pkg), t.name, why)
	}
	if figures {
		r.table()
	}
	for _, t := range slices.SortedFunc(maps.Keys(r.owed), compareTests) {
		fmt.Fprintf(r.out, "%s %s did not pass when run again\n", short(t.pkg), t.name)
	}
	if must > 0 {
		fmt.Fprintf(r.out, "\n%d of those skipped are not optional: let the machine have what they need, or see pkg/internal/trial\n", must)
	}
	failed := 0
	for _, n := range r.failed {
		failed += n
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, failed, len(r.skips))
	return must == 0 && failed == 0 && len(r.owed) == 0
}

func (r *report) table() {
	fmt.Fprintln(r.out)
	w := tabwriter.NewWriter(r.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tMEASURED\tAT MOST")
	for _, f := range r.figures {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, f.Got, f.Most)
	}
	_ = w.Flush() // to where all else went
}
