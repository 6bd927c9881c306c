package diag

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// List gathers findings. The zero List is empty and ready; it is not safe for
// concurrent use.
type List []Diagnostic

// Add appends the findings as they are.
func (l *List) Add(ds ...Diagnostic) { *l = append(*l, ds...) }

// Errorf appends an error whose What is the formatted text.
func (l *List) Errorf(pos Pos, code, format string, args ...any) {
	l.Add(Diagnostic{Severity: Error, Pos: pos, Code: code, What: fmt.Sprintf(format, args...)})
}

// Warnf appends a warning whose What is the formatted text.
func (l *List) Warnf(pos Pos, code, format string, args ...any) {
	l.Add(Diagnostic{Severity: Warning, Pos: pos, Code: code, What: fmt.Sprintf(format, args...)})
}

// HasErrors reports whether any finding is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Count returns how many findings are errors and how many are not.
func (l List) Count() (errors, warnings int) {
	for _, d := range l {
		if d.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// Sorted returns the findings by place, errors before warnings in one place,
// without repeats and without those that merely follow from another (see
// [Diagnostic.Root]). l itself stays as it is.
func (l List) Sorted() List {
	out := l.withoutFollowers()
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			a.Pos.compare(b.Pos),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Address, b.Address),
			cmp.Compare(a.What, b.What),
		)
	})
	// The words alone make a repeat: two passes may find the same thing and
	// explain it differently.
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Pos.compare(b.Pos) == 0 && a.Severity == b.Severity && a.Address == b.Address && a.What == b.What
	})
}

// withoutFollowers copies l without the findings whose root is in the list. A
// follower's follower goes too. Two that name each other both stay: were both
// dropped, nobody would hear of either. An error never yields to a warning.
func (l List) withoutFollowers() List {
	present := make(names, 2*len(l))
	for _, d := range l {
		present.add(d)
	}
	settled := make(names, 2*len(l)) // leads back to a finding that stays
	var waiting []int
	for i, d := range l {
		if present.yields(d) {
			waiting = append(waiting, i)
		} else {
			settled.add(d)
		}
	}
	dropped := make(map[int]bool)
	for again := true; again; {
		again = false
		waiting = slices.DeleteFunc(waiting, func(i int) bool {
			if !settled.yields(l[i]) {
				return false
			}
			dropped[i] = true
			again = settled.add(l[i]) || again
			return true
		})
	}

	out := make(List, 0, len(l))
	for i, d := range l {
		if !dropped[i] {
			out = append(out, d)
		}
	}
	return out
}

// names holds what a Root can name, addresses and places, each with the
// gravest severity found there.
type names map[string]Severity

// add reports whether it changed anything.
func (n names) add(d Diagnostic) (changed bool) {
	for _, name := range []string{d.Address, d.Pos.String()} {
		if old, ok := n[name]; name != "" && (!ok || d.Severity < old) {
			n[name] = d.Severity
			changed = true
		}
	}
	return changed
}

// yields reports whether d follows from one of n that is at least as grave.
func (n names) yields(d Diagnostic) bool {
	s, ok := n[d.Root]
	return d.Root != "" && ok && s <= d.Severity
}

// Err returns nil when no finding is an error, else a *multierror.Error that
// holds each error, sorted as by [List.Sorted]. Warnings are left out.
func (l List) Err() error {
	var errs *multierror.Error
	for _, d := range l.Sorted() {
		if d.Severity == Error {
			errs = multierror.Append(errs, d)
		}
	}
	if errs != nil {
		errs.ErrorFormat = firstLines
	}
	return errs.ErrorOrNil()
}

// firstLines replaces the library's bullets: a line an error, for editors and grep.
func firstLines(errs []error) string {
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// MarshalJSON writes an array, empty rather than null for a nil list.
func (l List) MarshalJSON() ([]byte, error) {
	raw := make([]json.RawMessage, len(l))
	for i, d := range l {
		b, err := d.MarshalJSON()
		if err != nil {
			return nil, err
		}
		raw[i] = b
	}
	// Written by hand: json.Marshal would escape < and > for good.
	var b strings.Builder
	b.WriteByte('[')
	for i, r := range raw {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(r)
	}
	b.WriteByte(']')
	return []byte(b.String()), nil
}
