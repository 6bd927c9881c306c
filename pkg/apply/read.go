package apply

import (
	"maps"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// stale are the recorded objects that the lists do not show as they are: those
// missing from them, and those whose marks moved or whose desired form is not
// what was applied.
func (p *preparer) stale() []api.Ref {
	var refs []api.Ref
	for _, a := range p.recorded.Addresses() {
		k, r := p.kinds[a.Kind], p.recorded[a]
		if k == nil || r.ID == "" {
			continue
		}
		it, ok := p.snap.Item(a.Kind, r.ID)
		if ok && (it.Full || p.unmoved(k, r, it) && p.same(k, a, r)) {
			continue
		}
		refs = append(refs, api.Ref{Kind: k, ID: r.ID, Known: p.known(a, r), Unsure: k.Placed()})
	}
	return refs
}

func (p *preparer) same(k *resource.Kind, a resource.Address, r *resource.Resource) bool {
	d := p.req.Desired[a]
	return d == nil || diff.Same(k, d, r)
}

// unmoved reports whether the marks of a listed object are those recorded, so
// that it is still as it was written.
func (p *preparer) unmoved(k *resource.Kind, r *resource.Resource, it api.Item) bool {
	now := marks(k, it.Object)
	if len(now) == 0 || len(now) != len(r.Marks) {
		return false
	}
	for key, v := range now {
		if r.Marks[key] != v {
			return false
		}
	}
	return true
}

// marks are the members of an answer that move when the object changes.
func marks(k *resource.Kind, answer map[string]any) map[string]string {
	out := map[string]string{}
	for _, key := range k.Marks {
		if v := resource.Text(resource.Normalize(answer[key])); v != "" {
			out[key] = v
		}
	}
	return out
}

// unread is a live object that was not read because it did not change.
func unread(r *resource.Resource) *resource.Resource {
	return &resource.Resource{Address: r.Address, ID: r.ID, Object: r.Object, Waiting: r.Waiting}
}

// live decodes what the service has of ours.
func (p *preparer) live() resource.Set {
	there := resource.Set{}
	for a, r := range p.recorded {
		if _, ok := p.snap.Item(a.Kind, r.ID); ok {
			there[a] = r
		}
	}
	index := resource.NewIndex(p.named(there))
	live := resource.Set{}
	for a, r := range there {
		k := p.kinds[a.Kind]
		if k == nil {
			continue
		}
		it, _ := p.snap.Item(a.Kind, r.ID)
		if !it.Full {
			live[a] = unread(r)
			continue
		}
		l := decode(k, a, api.Answer{ID: r.ID, Object: it.Object}, index)
		known := p.known(a, r)
		if k.Align != nil {
			k.Align(l.Object, known...)
		}
		for _, o := range known {
			resource.Conceal(l.Object, o)
		}
		resource.Secrets(l.Object, func(x *resource.Secret) { x.Seal(p.req.Fingerprints) })
		live[a] = l
	}
	return live
}

// named are those that others refer to by name: not what is to be forgotten.
func (p *preparer) named(set resource.Set) resource.Set {
	out := maps.Clone(set)
	for a := range p.req.Forget {
		delete(out, a)
	}
	return out
}

// known are the objects whose names a live one is aligned with. The desired
// comes first, so that to give a filter another name changes nothing.
func (p *preparer) known(a resource.Address, r *resource.Resource) []resource.Object {
	out := []resource.Object{r.Object}
	if d := p.req.Desired[a]; d != nil {
		out = append([]resource.Object{d.Object}, out...)
	}
	return out
}

func decode(k *resource.Kind, a resource.Address, answer api.Answer, index *resource.Index) *resource.Resource {
	r := &resource.Resource{Address: a, ID: answer.ID, Raw: answer.Object, Object: k.Decode(answer.Object, index)}
	if k.Waiting != nil {
		r.Waiting = k.Waiting(answer.Object)
	}
	return r
}
