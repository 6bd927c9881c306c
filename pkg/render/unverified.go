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

// concerned is how many resources, or subjects, a line names.
const concerned = 4

// unverifiedEntries are what could not be checked, for people. Where many have
// one reason they share a line: the JSON has them all.
func unverifiedEntries(open []check.Unverified) []entry {
	var out []entry
	done := map[string]bool{}
	for _, u := range open {
		if done[u.Why] {
			continue
		}
		alike := slices.DeleteFunc(slices.Clone(open), func(o check.Unverified) bool { return o.Why != u.Why })
		if len(alike) <= concerned {
			out = append(out, unverifiedEntry(u))
			continue
		}
		done[u.Why] = true
		var subjects, resources []string
		for _, o := range alike {
			subjects, resources = append(subjects, o.Subject), append(resources, addresses(o)...)
		}
		slices.Sort(resources)
		out = append(out, entry{Mark: markRisk, Address: some(subjects), More: diag.Visible(u.Why),
			Notes: []string{"for " + Count(len(slices.Compact(resources)), "resource")}})
	}
	return out
}

func unverifiedEntry(u check.Unverified) entry {
	e := entry{Mark: markRisk, Address: diag.Visible(u.Subject), More: diag.Visible(u.Why)}
	if all := slices.DeleteFunc(addresses(u), func(a string) bool { return a == u.Subject }); len(all) > 0 {
		e.Notes = []string{"for " + some(all)}
	}
	return e
}

// some names a few of many.
func some(all []string) string {
	shown := slices.Clone(all[:min(len(all), concerned)])
	for i := range shown {
		shown[i] = diag.Visible(shown[i])
	}
	text := strings.Join(shown, ", ")
	if more := len(all) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %s more", thousands(more))
	}
	return text
}

// UnverifiedText writes for people what could not be checked; nothing if there
// is none.
func UnverifiedText(w io.Writer, style Style, open []check.Unverified) error {
	p := NewPrinter(w, style)
	planBody(p, sheet{Open: unverifiedEntries(open)})
	return p.Err()
}

// ValidationMarkdown writes what a validation found as a comment for a pull
// request, after a line that sums it up and quotes nothing.
func ValidationMarkdown(w io.Writer, line string, found diag.List, open []check.Unverified) error {
	sh := sheet{Open: unverifiedEntries(open)}
	for _, d := range found.Sorted() {
		if d.Severity == diag.Error {
			sh.Errors.Add(d)
		} else {
			sh.Warnings.Add(d)
		}
	}
	return writeMarkdown(w, "**"+line+"**\n", sh.folds())
}
