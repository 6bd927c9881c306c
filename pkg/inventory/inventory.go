package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Request says what to look for.
type Request struct {
	Client *api.Client
	Kinds  []*resource.Kind // in order: what others are in comes first
	// Organization is the id of the one that all else is in, which is no object of its own.
	Organization string
	Desired      resource.Set // of the manifest
	Recorded     resource.Set // by the addresses of today
	// Env names the environment variables that are used for something. A secret of
	// something new gets one of its own.
	Env map[string]bool
}

// Inventory is what was found.
type Inventory struct {
	// Known are the ids of the objects of which each can be only that of a resource
	// which the manifest has and nobody recorded.
	Known map[resource.Address]string
	// New is all that no address has, as far as a manifest can say it; see Declare.
	New resource.Set
	// Unclear and Unsaid are what was left alone: resources of which several objects
	// may be, and objects that no manifest can declare.
	Unclear []Unclear
	Unsaid  []Unsaid
	// Unread are the kinds that the key may not list, and what the service said.
	Unread map[string]error
	// Kept are the fields of new objects that are not in New, by kind: what no table
	// knows, or what is or sounds like a secret without a table that says so. An update
	// sends them back.
	Kept map[string][]resource.Path
	// Unshown are the fields that the service never shows, by kind: an update clears
	// those that the manifest does not set.
	Unshown map[string][]resource.Path

	taker *taker
}

// Unclear is a resource of the manifest of which several objects may be.
type Unclear struct {
	Address resource.Address
	Name    string
	IDs     []string
}

// Unsaid is an object that no manifest can declare.
type Unsaid struct {
	Kind, ID, Name string
	Err            error
}

// Take lists what the service has and tells whose it is. Nothing is declared yet.
func Take(ctx context.Context, req Request) (*Inventory, error) {
	t := &taker{Request: req, inv: &Inventory{Known: map[resource.Address]string{}, Unread: map[string]error{}},
		objects: map[string][]*object{}, held: map[place]bool{}}
	for a, r := range req.Recorded {
		t.held[place{a.Kind, r.ID}] = true
	}
	for _, k := range req.Kinds {
		if err := t.look(ctx, k); err != nil {
			return nil, err
		}
		if err := t.known(ctx, k); err != nil {
			return nil, err
		}
	}
	t.inv.taker = t
	return t.inv, nil
}

// Leave has the object of a known resource be nobody's, and not declared either.
func (inv *Inventory) Leave(a resource.Address) { delete(inv.Known, a) }

// Declare reads all that nobody has and makes New of it.
func (inv *Inventory) Declare(ctx context.Context) error {
	if err := inv.taker.complete(ctx); err != nil {
		return err
	}
	inv.taker.declare()
	return nil
}

// Exclude makes New anew without some of what is in it, because no manifest can
// declare that, for reasons of which Declare knows nothing.
func (inv *Inventory) Exclude(why map[resource.Address]error) {
	t, at := inv.taker, map[place]error{}
	for a, err := range why {
		at[place{a.Kind, inv.New[a].ID}] = err
	}
	for _, o := range t.rest() {
		if err := at[place{o.kind.Name, o.id}]; err != nil {
			t.unsaid(o, err)
		}
	}
	t.declare()
}

type taker struct {
	Request
	inv     *Inventory
	objects map[string][]*object // by kind
	held    map[place]bool       // what is somebody's, or may be
	names   map[string]bool      // of environment variables that are used
}

// place is where an object is: what is found by its own fields may be where one of
// another kind is.
type place struct{ kind, id string }

// object is one of the service.
type object struct {
	kind   *resource.Kind
	id     string
	answer map[string]any
	full   bool
	snap   *api.Snapshot
	name   string
}

// look lists the objects of a kind.
func (t *taker) look(ctx context.Context, k *resource.Kind) error {
	if k.Placed() {
		return nil // see placed
	}
	var in []api.Collection
	for _, c := range t.collections(k) {
		in = append(in, api.Collection{Kind: k, In: c})
	}
	snap, err := t.Client.Snapshot(ctx, in)
	if transport.IsForbidden(err) {
		t.inv.Unread[k.Name] = err
		return nil
	}
	if err != nil {
		return err
	}
	for _, id := range snap.IDs(k.Name) {
		it, _ := snap.Item(k.Name, id)
		if it.Object["system"] == true || id == t.Organization {
			continue // the service's own
		}
		t.objects[k.Name] = append(t.objects[k.Name], &object{kind: k, id: id, answer: it.Object, full: it.Full, snap: snap, name: nameOf(k, it.Object)})
	}
	return nil
}

// nameOf is the name by which people know an object, as a manifest has it; of what
// there can be but one it is "".
func nameOf(k *resource.Kind, answer map[string]any) string {
	return resource.Text(k.Decode(answer, resource.NewIndex())[nameField(k)])
}

// nameField is the field that it is in.
func nameField(k *resource.Kind) string { return cmp.Or(k.NameField, "name") }

// collections are those in which there may be objects of a kind: that of the key's
// own organisation, and one for each object that there is of what the path names.
func (t *taker) collections(k *resource.Kind) []string {
	in := map[string]bool{}
	if c, ok := t.Client.CollectionOf(k, nil, t.id); ok {
		in[c] = true
	}
	for _, name := range resource.Placeholders(k.Path) {
		f := resource.Lookup(k.Fields, name)
		for _, o := range t.objects[f.To] {
			if c, ok := t.Client.CollectionOf(k, resource.Object{name: resource.Object{"id": o.id}}, t.id); ok {
				in[c] = true
			}
		}
	}
	return resource.Keys(in)
}

// id is the id of a resource of the manifest, as far as it is known by now.
func (t *taker) id(a resource.Address) (string, bool) {
	if r := t.Recorded[a]; r != nil {
		return r.ID, r.ID != ""
	}
	id, ok := t.inv.Known[a]
	return id, ok
}

// known finds the objects of those resources of a kind of which nothing is recorded.
func (t *taker) known(ctx context.Context, k *resource.Kind) error {
	if k.Placed() {
		return t.placed(ctx, k)
	}
	type sign struct{ collection, name string } // by which an object is found
	wanted, there := map[sign][]resource.Address{}, map[sign][]string{}
	for _, a := range t.Desired.Addresses() {
		if a.Kind != k.Name || t.Recorded[a] != nil {
			continue
		}
		o := t.Desired[a].Object
		if c, ok := t.Client.CollectionOf(k, o, t.id); ok {
			by := sign{c, resource.Text(o[nameField(k)])}
			wanted[by] = append(wanted[by], a)
		}
	}
	for _, o := range t.objects[k.Name] {
		if !t.held[place{k.Name, o.id}] {
			by := sign{api.CollectionIn(k, o.id), o.name}
			there[by] = append(there[by], o.id)
		}
	}
	for by, addresses := range wanted {
		ids := there[by]
		slices.Sort(ids)
		if len(ids) == 1 && len(addresses) == 1 {
			t.inv.Known[addresses[0]] = ids[0]
		} else if len(ids) > 0 {
			for _, a := range addresses {
				t.inv.Unclear = append(t.inv.Unclear, Unclear{Address: a, Name: by.name, IDs: ids})
			}
		}
		for _, id := range ids {
			t.held[place{k.Name, id}] = true
		}
	}
	slices.SortStableFunc(t.inv.Unclear, func(a, b Unclear) int { return a.Address.Compare(b.Address) })
	return nil
}

// placed looks where objects are that are found by their own fields: where the
// manifest says, and where there can be but one.
func (t *taker) placed(ctx context.Context, k *resource.Kind) error {
	at := map[string]resource.Address{}
	var refs []api.Ref
	for _, a := range t.Desired.Addresses() {
		if a.Kind != k.Name || t.Recorded[a] != nil {
			continue
		}
		if id, ok := t.Client.PlaceOf(k, t.Desired[a].Object, t.id); ok && !t.held[place{k.Name, id}] {
			at[id] = a
			refs = append(refs, api.Ref{Kind: k, ID: id, Known: []resource.Object{t.Desired[a].Object}, Unsure: true})
		}
	}
	if id, ok := t.Client.PlaceOf(k, nil, t.id); ok && !t.held[place{k.Name, id}] && at[id] == (resource.Address{}) {
		refs = append(refs, api.Ref{Kind: k, ID: id, Unsure: true})
	}
	snap, err := t.Client.Snapshot(ctx, nil)
	if err == nil {
		err = t.Client.Complete(ctx, snap, refs)
	}
	if transport.IsForbidden(err) {
		t.inv.Unread[k.Name] = err
		return nil
	}
	if err != nil {
		return err
	}
	for _, ref := range refs {
		it, there := snap.Item(k.Name, ref.ID)
		if !there || !it.Full || !k.Says(k.Decode(it.Object, resource.NewIndex())) {
			continue
		}
		if a, ok := at[ref.ID]; ok {
			t.inv.Known[a] = ref.ID
			t.held[place{k.Name, ref.ID}] = true
		} else {
			t.objects[k.Name] = append(t.objects[k.Name], &object{kind: k, id: ref.ID, answer: it.Object, full: true, name: k.Name})
		}
	}
	return nil
}

// rest are the objects that nobody has, in the order of kinds.
func (t *taker) rest() []*object {
	var out []*object
	for _, k := range t.Kinds {
		out = append(out, slices.DeleteFunc(slices.Clone(t.objects[k.Name]), func(o *object) bool { return t.held[place{o.kind.Name, o.id}] })...)
	}
	return out
}

// complete reads what lists did not show of those objects.
func (t *taker) complete(ctx context.Context) error {
	refs := map[*api.Snapshot][]api.Ref{}
	for _, o := range t.rest() {
		if !o.full {
			refs[o.snap] = append(refs[o.snap], api.Ref{Kind: o.kind, ID: o.id, Whole: true})
		}
	}
	for snap := range maps.Keys(refs) {
		if err := t.Client.Complete(ctx, snap, refs[snap]); err != nil {
			return err
		}
	}
	for _, o := range t.rest() {
		if o.full {
			continue
		}
		it, there := o.snap.Item(o.kind.Name, o.id)
		if !there { // deleted since
			t.held[place{o.kind.Name, o.id}] = true
			continue
		}
		o.answer = it.Object
	}
	return nil
}

// unsaid leaves an object out that no manifest can declare.
func (t *taker) unsaid(o *object, err error) {
	t.held[place{o.kind.Name, o.id}] = true
	t.inv.Unsaid = append(t.inv.Unsaid, Unsaid{Kind: o.kind.Name, ID: o.id, Name: o.name, Err: err})
}
