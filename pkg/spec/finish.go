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

// finish brings all objects to canonical form, once their names are resolved.
func (l *loader) finish() {
	l.each(func(b *build) {
		for _, p := range b.sets {
			b.sortSet(p)
		}
		for _, p := range b.lost {
			b.r.Lose(p)
		}
		b.kind.Canonical(b.r.Object)
		b.r.Needs = b.kind.Needs(b.r.Object)
	})
	for a, first := range resource.Precede(l.opts.Kinds, l.m.Set) {
		r := l.m.Set[a]
		r.Needs = resource.UnionOf(r.Needs, first)
		for _, b := range first {
			l.m.Graph.Edge(a, b)
		}
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
	goes := make(map[int]int, len(order)) // from its index to its new one
	for to, from := range order {
		sorted[to] = list[from]
		goes[from] = to
	}
	moved := map[resource.Path]diag.Pos{}
	for at, pos := range b.r.At {
		i, rest, ok := element(at, p)
		if !ok {
			continue
		}
		delete(b.r.At, at)
		if to, kept := goes[i]; kept {
			moved[p.Index(to)+rest] = pos
		}
	}
	maps.Copy(b.r.At, moved)
	for n, at := range b.lost {
		if i, rest, ok := element(at, p); ok {
			if to, kept := goes[i]; kept {
				b.lost[n] = p.Index(to) + rest
			}
		}
	}
	lookup(b.r.Object, p, func(any) any { return sorted })
}

// element takes the path of something in the list at p apart: the element's
// index, and the way from there.
func element(at, p resource.Path) (i int, rest resource.Path, ok bool) {
	if at == p || !at.Within(p) {
		return 0, "", false
	}
	digits, after, ok := strings.Cut(string(at[len(p):]), "]")
	i, err := strconv.Atoi(strings.TrimPrefix(digits, "["))
	return i, resource.Path(after), ok && err == nil
}
