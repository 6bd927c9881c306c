package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
)

// UnverifiedJSON is what could not be checked, for programs.
type UnverifiedJSON struct {
	Subject   string   `json:"subject"`
	Why       string   `json:"why"`
	Resources []string `json:"resources"`
}

// Unverified lists what could not be checked, for programs; never nil.
func Unverified(open []check.Unverified) []UnverifiedJSON {
	out := []UnverifiedJSON{}
	for _, u := range open {
		out = append(out, UnverifiedJSON{u.Subject, u.Why, addresses(u)})
	}
	return out
}

func addresses(u check.Unverified) []string {
	var out []string
	for _, a := range u.Resources {
		out = append(out, a.String())
	}
	return out
}

// concerned is how many resources a line names that could not be checked.
const concerned = 4

func unverifiedEntry(u check.Unverified) entry {
	e := entry{Mark: markRisk, Address: diag.Visible(u.Subject), More: diag.Visible(u.Why)}
	all := slices.DeleteFunc(addresses(u), func(a string) bool { return a == u.Subject })
	shown := all[:min(len(all), concerned)]
	if len(all) > 0 {
		for i := range shown {
			shown[i] = diag.Visible(shown[i])
		}
		note := strings.Join(shown, ", ")
		if more := len(all) - len(shown); more > 0 {
			note += fmt.Sprintf(" and %s more", thousands(more))
		}
		e.Notes = []string{"for " + note}
	}
	return e
}

// UnverifiedText writes for people what could not be checked; nothing if there
// is none.
func UnverifiedText(w io.Writer, style Style, open []check.Unverified) error {
	var sh sheet
	for _, u := range open {
		sh.Open = append(sh.Open, unverifiedEntry(u))
	}
	p := NewPrinter(w, style)
	planBody(p, sh)
	return p.Err()
}

// ValidationMarkdown writes what a validation found as a comment for a pull
// request, after a line that sums it up and quotes nothing.
func ValidationMarkdown(w io.Writer, line string, found diag.List, open []check.Unverified) error {
	sh := sheet{}
	for _, u := range open {
		sh.Open = append(sh.Open, unverifiedEntry(u))
	}
	for _, d := range found.Sorted() {
		if d.Severity == diag.Error {
			sh.Errors.Add(d)
		} else {
			sh.Warnings.Add(d)
		}
	}
	return writeMarkdown(w, "**"+line+"**\n", sh.folds())
}
