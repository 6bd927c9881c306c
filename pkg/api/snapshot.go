package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Item is one object of a snapshot.
type Item struct {
	Object map[string]any
	// Full says that Object is all that a GET would answer.
	Full bool
	// plain says that it would be, but for what the kind's Read adds.
	plain bool
}

// Ref names an object of the service, with what the manifest and the state have
// of it.
type Ref struct {
	Kind  *resource.Kind
	ID    string
	Known []resource.Object
	// Whole asks for all that an update sends back, whoever speaks of it.
	Whole bool
	// Unsure says that the service may refuse to tell, as it does of schemas that
	// it has not read yet. The object is then in the snapshot, and not Full.
	Unsure bool
}

// Collection names a collection of a kind: see [Client.CollectionOf].
type Collection struct {
	Kind *resource.Kind
	In   string
}

// Snapshot is what the service has, as far as it was read.
type Snapshot struct {
	items map[string]map[string]Item // kind -> id
	order map[string][]string        // ids as they were listed
}

// Snapshot lists the objects of the collections, all at once, one request a
// collection where the service does not page. Kinds that the service does not
// list, since their objects are found by their own fields, are passed over.
func (c *Client) Snapshot(ctx context.Context, collections []Collection) (*Snapshot, error) {
	s := &Snapshot{items: map[string]map[string]Item{}, order: map[string][]string{}}
	collections = slices.DeleteFunc(slices.Clone(collections), func(x Collection) bool { return x.Kind.Placed() })
	lists := make([][]map[string]any, len(collections))
	err := each(len(collections), func(i int) (err error) {
		lists[i], err = c.t.List(ctx, collectionPath(collections[i].Kind, collections[i].In), nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what the service has: %w", err)
	}
	for i, x := range collections {
		k := x.Kind
		if s.items[k.Name] == nil {
			s.items[k.Name] = make(map[string]Item, len(lists[i]))
		}
		for _, o := range lists[i] {
			full := k.ListIsFull == nil || k.ListIsFull(c.version, o)
			if id := IDIn(x.In, idOf(o)); id != "" {
				s.items[k.Name][id] = Item{Object: located(k, id, o), Full: full && k.Read == nil, plain: full && k.Read != nil}
				s.order[k.Name] = append(s.order[k.Name], id)
			}
		}
	}
	return s, nil
}

// Item is the object with that id, false if the service has none.
func (s *Snapshot) Item(kind, id string) (Item, bool) {
	it, ok := s.items[kind][id]
	return it, ok
}

// IDs are the ids of a kind as they were listed.
func (s *Snapshot) IDs(kind string) []string { return s.order[kind] }

// Complete reads the objects that refs name and adds them to the snapshot,
// those too that no list had: a list may lag behind. What the service does not
// have is taken out.
func (c *Client) Complete(ctx context.Context, s *Snapshot, refs []Ref) error {
	answers := make([]Answer, len(refs))
	gone, untold := make([]bool, len(refs)), make([]bool, len(refs))
	err := each(len(refs), func(i int) (err error) {
		answers[i], err = c.complete(ctx, s, refs[i])
		gone[i] = transport.IsNotFound(err)
		untold[i] = refs[i].Unsure && transport.IsBadRequest(err)
		if gone[i] || untold[i] {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading what the service has: %w", err)
	}
	for i, r := range refs {
		if s.items[r.Kind.Name] == nil {
			s.items[r.Kind.Name] = map[string]Item{}
		}
		switch {
		case gone[i]:
			delete(s.items[r.Kind.Name], r.ID)
			s.order[r.Kind.Name] = slices.DeleteFunc(s.order[r.Kind.Name], func(id string) bool { return id == r.ID })
		case untold[i]:
			s.items[r.Kind.Name][r.ID] = Item{}
		default:
			s.items[r.Kind.Name][r.ID] = Item{Object: answers[i].Object, Full: true}
		}
	}
	return nil
}

// complete reads an object, as far as the list did not answer it.
func (c *Client) complete(ctx context.Context, s *Snapshot, r Ref) (Answer, error) {
	it, ok := s.Item(r.Kind.Name, r.ID)
	if !ok || !it.plain {
		return c.get(ctx, r.Kind, r.ID, r.Whole, r.Known)
	}
	a := Answer{ID: r.ID, Object: maps.Clone(it.Object)}
	return a, r.Kind.Read(c.getter(ctx, r.Kind, r.ID), a.Object, r.Whole, r.Known...)
}

// each calls f for every index below n at once and gathers the failures, each
// text once: how many requests are under way is for the transport to limit.
func each(n int, f func(int) error) error {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		errs *multierror.Error
		seen = map[string]bool{}
	)
	for i := range n {
		wg.Go(func() {
			if err := f(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if !seen[err.Error()] {
					seen[err.Error()] = true
					errs = multierror.Append(errs, err)
					errs.ErrorFormat = oneLine
				}
			}
		})
	}
	wg.Wait()
	if errs != nil && len(errs.Errors) == 1 {
		return errs.Errors[0]
	}
	return errs.ErrorOrNil()
}

// oneLine is several errors as one sentence.
func oneLine(errs []error) string {
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}
