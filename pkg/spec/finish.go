package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// finish brings all objects to canonical form, once their names are resolved.
func (l *loader) finish() {
	for _, b := range l.builds {
		for _, p := range b.sets {
			b.sortSet(p)
		}
		b.kind.Canonical(b.r.Object)
		b.r.Needs = b.kind.Needs(b.r.Object)
	}
}

func compareText(a, b string) int { return cmp.Compare(a, b) }

// sortSet puts a set in the order of canonical form and keeps the positions of
// its elements with them. What is in it twice is left out.
func (b *build) sortSet(p resource.Path) {
	list, _ := lookup(b.r.Object, p, nil).([]any)
	order := make([]int, len(list))
	texts := make([]string, len(list))
	for i := range list {
		order[i], texts[i] = i, resource.Text(list[i])
	}
	slices.SortStableFunc(order, func(i, j int) int { return strings.Compare(texts[i], texts[j]) })
	var twice []int
	order = slices.CompactFunc(order, func(i, j int) bool {
		_, secret := list[i].(*resource.Secret)
		same := texts[i] == texts[j] && !secret
		if same {
			twice = append(twice, j)
		}
		return same
	})
	for _, i := range twice {
		b.report(diag.Warning, b.r.Where(p.Index(i)), "duplicate-element", fmt.Sprintf("%s has this element twice", p), "it is a set, in which each stands once", "remove one of the two")
	}
	if len(twice) == 0 && slices.IsSorted(order) {
		return
	}
	sorted := make([]any, len(order))
	moved := map[resource.Path]diag.Pos{}
	for to, from := range order {
		sorted[to] = list[from]
		for at, pos := range b.r.At {
			if at.Within(p.Index(from)) {
				moved[p.Index(to)+at[len(p.Index(from)):]] = pos
			}
		}
	}
	for at := range b.r.At {
		if at != p && at.Within(p) {
			delete(b.r.At, at)
		}
	}
	for at, pos := range moved {
		b.r.At[at] = pos
	}
	lookup(b.r.Object, p, func(any) any { return sorted })
}
