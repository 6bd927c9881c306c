package state

import (
	"fmt"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Move gives a resource another address of the same kind. What refers to it
// follows, in objects and in what they need, and so do its doubts. The kinds
// must include those of all resources. On an error nothing has changed.
func (s *State) Move(from, to resource.Address, kinds []*resource.Kind) error {
	r := s.Resources[from]
	switch {
	case r == nil:
		return fmt.Errorf("moving %s: the state has no such resource", from)
	case from.Kind != to.Kind:
		return fmt.Errorf("moving %s to %s: a resource cannot become one of another kind", from, to)
	case !resource.ValidName(to.Name):
		return fmt.Errorf("moving %s: %q is not a name: write a lower-case letter, then letters, digits, \"_\" and \"-\"", from, to.Name)
	case s.Resources[to] != nil:
		return fmt.Errorf("moving %s to %s: that address is taken", from, to)
	}
	err := s.rewrite(kinds, func(k *resource.Kind, o resource.Object) { k.Rename(o, from, to) })
	if err != nil {
		return fmt.Errorf("moving %s: %w", from, err)
	}
	delete(s.Resources, from)
	r.Address = to
	s.Resources[to] = r
	for _, other := range s.Resources {
		if i := slices.Index(other.Needs, from); i >= 0 {
			other.Needs[i] = to
			slices.SortFunc(other.Needs, resource.Address.Compare)
			other.Needs = slices.Compact(other.Needs)
		}
	}
	for i := range s.Doubts {
		if s.Doubts[i].Address == from {
			s.Doubts[i].Address = to
		}
	}
	return nil
}

// Remove forgets a resource, whose object stays in the service. What refers to
// it does so by its id from then on, as to anything that is not managed here.
// The kinds must include those of all resources. On an error nothing has
// changed.
func (s *State) Remove(a resource.Address, kinds []*resource.Kind) error {
	r := s.Resources[a]
	if r == nil {
		return fmt.Errorf("removing %s: the state has no such resource", a)
	}
	err := s.rewrite(kinds, func(k *resource.Kind, o resource.Object) {
		if r.ID != "" {
			k.Release(o, a, r.ID)
		}
	})
	if err != nil {
		return fmt.Errorf("removing %s: %w", a, err)
	}
	delete(s.Resources, a)
	for _, other := range s.Resources {
		other.Needs = slices.DeleteFunc(other.Needs, func(need resource.Address) bool { return need == a })
	}
	return nil
}

// rewrite calls change for every object, what was kept of it included, once it
// is sure to know the kinds of all.
func (s *State) rewrite(kinds []*resource.Kind, change func(*resource.Kind, resource.Object)) error {
	byName := map[string]*resource.Kind{}
	for _, k := range kinds {
		byName[k.Name] = k
	}
	for _, a := range s.Resources.Addresses() {
		if byName[a.Kind] == nil {
			return fmt.Errorf("%s is of a kind that this version does not know", a)
		}
	}
	for a, r := range s.Resources {
		change(byName[a.Kind], r.Object)
		change(byName[a.Kind], r.Kept)
	}
	return nil
}
