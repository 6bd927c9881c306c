package spec

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// sideBySide calls do with every number below n, on all processors. What one of
// them panics with it panics with itself, where somebody can tell of it.
func sideBySide(n int, do func(i int)) {
	var (
		all   sync.WaitGroup
		next  atomic.Int64
		first sync.Once
		bug   string
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					first.Do(func() { bug = fmt.Sprintf("%v\n%s", r, debug.Stack()) })
				}
			}()
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				do(i - 1)
			}
		})
	}
	all.Wait()
	if bug != "" {
		panic(bug)
	}
}

// perShare is how many resources are worth a goroutine.
const perShare = 500

// each calls f for every resource, on all processors. Each share of them has a
// loader of its own to report to; what these got is put together in the order of
// the resources, as if there had been but one. What f changes beyond that must be
// the resource's own.
func (l *loader) each(f func(*build)) {
	shares := make([]*loader, (len(l.builds)+perShare-1)/perShare)
	sideBySide(len(shares), func(i int) {
		own := *l
		own.found, own.refs, own.uses, own.hidden = nil, nil, nil, map[string]string{}
		for _, b := range l.builds[i*perShare : min((i+1)*perShare, len(l.builds))] {
			b.loader = &own
			f(b)
			b.loader = l
		}
		shares[i] = &own
	})
	refs := 0
	for _, own := range shares {
		refs += len(own.refs)
	}
	l.refs = slices.Grow(l.refs, refs)
	for _, own := range shares {
		l.found.Add(own.found...)
		l.refs = append(l.refs, own.refs...)
		l.uses = append(l.uses, own.uses...)
		for token, of := range own.hidden {
			if l.hidden[token] == "" {
				l.hidden[token] = of
			}
		}
	}
}

// common is what all shares have together.
type common struct {
	sync.Mutex // held for whatever one of them changes outside of its own resources
	fileText   map[string]fileResult
}
