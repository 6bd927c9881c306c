// Package trial is how a test says what it needs and what it found.
//
// Tests below pkg use it; those of cmd begin the message of such a skip with [Mark]
// themselves, look at [AgainVar], and give their figures as attributes.
//
// A test that takes minutes begins with [Long] and runs under `make reliability`
// only; one that needs what a machine may lack says so with [Program], [Root] or
// [Optional]. Any other skip makes `make check` fail: what every submission has to
// pass must not be passed over in silence (see pkg/internal/suite).
//
// A test of how long something takes begins with [Alone].
//
// A test that tries hundreds of cases asks [Few] whether a few may do, because all
// are tried again without the race detector.
//
// What the program is held to is a figure: [AtMost] fails the test that misses
// it, and lets the table of `make reliability` show what was measured.
package trial

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// LongVar is set where there is time for long tests.
const LongVar = "POLYPLAN_RELIABILITY"

// Mark is what the message of a skip begins with that may be.
const Mark = "optional: "

// AgainVar is set where the race detector makes each case many times slower, and the
// tests that say so are run again without it.
const AgainVar = "POLYPLAN_AGAIN"

// AgainKey is the key of the attribute by which a test asks to be run again.
const AgainKey = "again"

// Few reports whether a test may try a few of its cases, and asks for the whole of
// it, at once or later, without the race detector. It is for cases that differ in
// what happens, not in what happens at one time.
func Few(t testing.TB) bool {
	t.Helper()
	if os.Getenv(AgainVar) == "" {
		return false
	}
	t.Attr(AgainKey, "whole")
	return true
}

// AloneVar is set where other packages are tested at the same time, and the tests that
// want none beside them are run again after that.
const AloneVar = "POLYPLAN_ALONE"

// Alone puts a long test off until no other runs: it measures times. It comes last of
// what a test needs.
func Alone(t testing.TB) {
	t.Helper()
	if os.Getenv(AloneVar) != "" {
		t.Attr(AgainKey, "alone")
		Optional(t, "until nothing else runs")
	}
}

// FigureKey is the key of the attributes that carry figures.
const FigureKey = "figure"

// Long skips a test for which only `make reliability` has the time.
func Long(t testing.TB) {
	t.Helper()
	if !IsLong() {
		Optional(t, "for make reliability")
	}
}

// IsLong reports whether there is time: a test may try more cases then.
func IsLong() bool { return os.Getenv(LongVar) != "" }

// Program skips where a program is not installed, and else gives its path.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Optional(t, "there is no %s on this machine (scripts/deps installs it)", name)
	}
	return path
}

// Root skips for those who may not mount.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Optional(t, "only root may do this")
	}
}

// Optional skips a test that no submission has to pass.
func Optional(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Skip(Mark + fmt.Sprintf(format, args...))
}

// A Figure is a row of the table.
type Figure struct{ Name, Got, Most string }

// AtMost tells what was measured, and fails the test if it is more than may be.
// The unit, if any, follows the numbers: "ms".
func AtMost(t testing.TB, name string, got, most float64, unit string) {
	t.Helper()
	f := Figure{name, number(got, unit), number(most, unit)}
	t.Attr(FigureKey, strings.Join([]string{f.Name, f.Got, f.Most}, "\t"))
	if got > most {
		t.Errorf("%s: %s, want at most %s", f.Name, f.Got, f.Most)
	}
}

// None is AtMost for what must not be at all. The name has to say among how many
// it was looked for.
func None(t testing.TB, name string, got int) {
	t.Helper()
	AtMost(t, name, float64(got), 0, "")
}

// Unfailed is None for a test that stops at the first finding: it found none, or
// one.
func Unfailed(t testing.TB, name string) {
	t.Helper()
	found := 0
	if t.Failed() {
		found = 1
	}
	None(t, name, found)
}

// ParseFigure reads back the value of an attribute.
func ParseFigure(value string) (Figure, bool) {
	parts := strings.Split(value, "\t")
	if len(parts) != 3 {
		return Figure{}, false
	}
	return Figure{parts[0], parts[1], parts[2]}, true
}

func number(v float64, unit string) string {
	text := strconv.FormatFloat(v, 'f', 2, 64)
	text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	if unit != "" {
		text += " " + unit
	}
	return text
}
