package check

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// Input is what is to be checked, and against what.
type Input struct {
	Kinds   []*resource.Kind
	Desired resource.Set
	// Only limits the check to these addresses; nil means all.
	Only   map[resource.Address]bool
	Reader schema.Reader
	// Place tells how the reader knows the object at an address, and why it cannot
	// be asked about it, if so.
	Place func(resource.Address) (c schema.Connection, why string)
	// Recorded tells of an object as it was last written, nil if that is not known;
	// nil knows none.
	Recorded func(resource.Address) resource.Object
	// Last is what was known before; what cannot be asked is kept of it. May be nil.
	Last *schema.Lock
	// Trial tries out an object, see [resource.Kind.Trial]; nil tries none.
	Trial func(ctx context.Context, path string, body map[string]any) error
	// Unquoted takes out of a text about a resource what the manifest has from
	// outside; nil leaves texts as they are.
	Unquoted func(a resource.Address, text string) string
}

// Unverified says what could not be asked.
type Unverified struct {
	Subject string // "connection.hubspot"
	Why     string
	// Resources are those that are not checked, or not wholly, for it.
	Resources []resource.Address
}

// Result is what came of it.
type Result struct {
	Findings   diag.List
	Unverified []Unverified
	// Checked counts the resources that were looked at.
	Checked int
	// Seen holds all that was read, and of Last what could not be.
	Seen *schema.Lock
}

// Run checks all resources at once. Its error is that of a context which ended.
func Run(ctx context.Context, in Input) (*Result, error) {
	kinds := map[string]*resource.Kind{}
	for _, k := range in.Kinds {
		kinds[k.Name] = k
	}
	out := &Result{Seen: schema.NewLock()}
	var surveys []*survey
	var wg sync.WaitGroup
	for _, a := range in.Desired.Addresses() {
		k := kinds[a.Kind]
		if k == nil || k.Survey == nil || in.Only != nil && !in.Only[a] {
			continue
		}
		s := &survey{ctx: ctx, in: &in, r: in.Desired[a], seen: out.Seen, open: map[note]bool{}}
		surveys = append(surveys, s)
		wg.Go(func() {
			k.Survey(s, s.r)
			if in.Trial != nil && k.Trial != nil {
				s.try(k)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	open := map[note][]resource.Address{}
	for _, s := range surveys {
		out.Findings.Add(s.found...)
		for n := range s.open {
			open[n] = append(open[n], s.r.Address)
		}
	}
	for _, n := range slices.SortedFunc(maps.Keys(open), note.compare) {
		out.Unverified = append(out.Unverified, Unverified{n.subject, n.why, open[n]})
	}
	out.Checked = len(surveys)
	out.Findings = out.Findings.Sorted()
	return out, nil
}

// note is why something could not be asked.
type note struct{ subject, why string }

func (n note) compare(o note) int {
	return cmp.Or(strings.Compare(n.subject, o.subject), strings.Compare(n.why, o.why))
}
