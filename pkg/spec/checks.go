package spec

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// check runs the kinds' own checks. Of a broken resource they see what could be
// read, and what they find where the rest would be follows from its being lost.
func (l *loader) check() {
	all := l.m.Set.Addresses()
	for _, a := range all {
		if b := l.built[a]; b.kind.Check != nil {
			b.kind.Check(checker{b}, b.r)
		}
	}
	l.checkNames(all)
	l.checkPlaces(all)
}

// checkPlaces looks for resources that are one object of the service, because what
// they say of where it is, is the same.
func (l *loader) checkPlaces(all []resource.Address) {
	type place struct{ kind, at string }
	first := map[place]*build{}
	for _, a := range all {
		b := l.built[a]
		if !b.kind.Placed() || b.kind.Singleton {
			continue
		}
		fields := resource.Placeholders(b.kind.ObjectPath())
		if slices.ContainsFunc(fields, func(f string) bool { return b.r.Object[f] == nil }) {
			continue // which is told already
		}
		key := place{kind: a.Kind}
		for _, f := range fields {
			key.at += strconv.Quote(resource.Text(b.r.Object[f]))
		}
		other := first[key]
		if other == nil {
			first[key] = b
			continue
		}
		b.report(diag.Error, b.r.Where(resource.Path(fields[len(fields)-1])), "same-place", fmt.Sprintf("%s and %s are one object of the service", other.r.Address, a),
			fmt.Sprintf("they have the same %s, and each would undo what the other says", strings.Join(fields, " and ")),
			fmt.Sprintf("say all in one of them and remove the other; %s stands at %s", other.r.Address, other.r.Pos))
	}
}

// checkNames looks for display names that two resources of a kind share, or that
// look alike. Some kinds take a name only once; of the others nobody could tell two
// apart in the app.
func (l *loader) checkNames(all []resource.Address) {
	type shown struct{ kind, name string }
	first, looks := make(map[shown]*build, len(all)), make(map[shown]*build, len(all))
	for _, a := range all {
		b := l.built[a]
		name, ok := b.r.Object["name"].(string)
		if !b.r.Knows("name") || !ok {
			continue
		}
		key := shown{a.Kind, name}
		other := first[key]
		if other == nil {
			first[key] = b
			key.name = look(name)
			if other = looks[key]; other == nil {
				looks[key] = b
			} else {
				b.report(diag.Warning, b.r.Where("name"), "alike-name", fmt.Sprintf("%s and %s have names that look alike", other.r.Address, a),
					"they differ in case, spaces or letters of another script only", fmt.Sprintf("give one of them another name; %s stands at %s", other.r.Address, other.r.Pos))
			}
			continue
		}
		what := fmt.Sprintf("%s and %s have the same name", other.r.Address, a)
		if o := l.m.Origins[a]["name"]; o == "" || o == FromKey {
			what += fmt.Sprintf(" %q", name) // what comes from outside is not quoted
		}
		fix := fmt.Sprintf("give one of them another name; %s stands at %s", other.r.Address, other.r.Pos)
		if b.kind.UniqueName {
			b.report(diag.Error, b.r.Where("name"), "same-name", what, "the service takes the name of a "+a.Kind+" only once", fix)
		} else {
			b.report(diag.Warning, b.r.Where("name"), "same-name", what, "in the app nobody can tell them apart", fix)
		}
	}
}

// checker is the [resource.Checker] for one resource.
type checker struct{ b *build }

// Get gives a sound resource of the manifest.
func (c checker) Get(a resource.Address) *resource.Resource {
	if b := c.b.built[a]; b != nil && !b.broken {
		return b.r
	}
	return nil
}

func (c checker) Error(p resource.Path, code, what, why, fix string) {
	c.report(diag.Error, p, code, what, why, fix)
}

func (c checker) Warn(p resource.Path, code, what, why, fix string) {
	c.report(diag.Warning, p, code, what, why, fix)
}

func (c checker) report(s diag.Severity, p resource.Path, code, what, why, fix string) {
	if c.b.r.Lost(p) {
		return
	}
	c.b.report(s, c.b.r.Where(p), code, c.unquoted(what), c.unquoted(why), c.unquoted(fix))
}

func (c checker) unquoted(text string) string { return c.b.m.Unquoted(c.b.r.Address, text) }

// Unquoted puts what the manifest says in the place of texts from outside, in a
// text about the resource at a: a kind sees values and not where they come from.
// Bare ones shorter than a handful of characters occur in words by chance.
func (m *Manifest) Unquoted(a resource.Address, text string) string {
	brought := m.brought[a]
	for _, s := range slices.Backward(slices.SortedFunc(maps.Keys(brought), byLength)) {
		text = strings.ReplaceAll(text, strconv.Quote(s), brought[s])
		if len(s) >= 6 {
			text = strings.ReplaceAll(text, s, brought[s])
		}
	}
	return text
}

func byLength(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
