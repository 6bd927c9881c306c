package apply

import (
	"context"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// find looks for objects that the manifest declares, that nobody recorded, and
// of which there can be only one: they are adopted, for a second could not be
// made, and to write them unread would be to write over what others set.
func (p *preparer) find(ctx context.Context) error {
	places := map[resource.Address]string{}
	var refs []api.Ref
	for _, a := range p.req.Desired.Addresses() {
		k, d, rec := p.kinds[a.Kind], p.req.Desired[a], p.recorded[a]
		switch {
		case p.req.Only != nil && !p.req.Only[a]:
		case k.Singleton && !k.Placed():
			if ids := p.snap.IDs(k.Name); len(ids) == 1 && (rec == nil || rec.ID != ids[0]) {
				p.take(a, ids[0])
			}
		case k.Placed() && rec == nil:
			if id, ok := p.c.PlaceOf(k, d.Object, p.id); ok {
				places[a] = id
				refs = append(refs, api.Ref{Kind: k, ID: id, Known: []resource.Object{d.Object}, Unsure: true})
			}
		}
	}
	if err := p.c.Complete(ctx, p.snap, refs); err != nil {
		return err
	}
	index := resource.NewIndex(p.named(p.recorded))
	for _, a := range p.req.Desired.Addresses() {
		id, looked := places[a]
		k := p.kinds[a.Kind]
		it, there := p.snap.Item(a.Kind, id)
		if !looked || !there || !it.Full {
			continue
		}
		live := decode(k, a, api.Answer{ID: id, Object: it.Object}, index)
		if k.Align != nil {
			k.Align(live.Object, p.req.Desired[a].Object)
		}
		if k.Says(live.Object) {
			p.take(a, id)
		}
	}
	return nil
}

// take has the object with that id adopted.
func (p *preparer) take(a resource.Address, id string) {
	r := &resource.Resource{Address: a, ID: id, Object: resource.Object{}}
	p.recorded[a], p.adopt[a] = r, true
	p.found = append(p.found, r)
}

// keepFound records what was found, so that a run which ends in between knows
// it. What is not to be adopted after all is left alone.
func (r *runner) keepFound() {
	for _, f := range r.Prepared.found {
		if s := r.steps[f.Address]; s != nil && s.Action == diff.Adopt {
			r.State.Resources[f.Address] = f
			r.changed = true
		}
	}
}
