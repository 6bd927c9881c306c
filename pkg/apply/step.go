package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// make makes or changes the object of a step and tells whether a person has to
// authorise it before it can be used.
func (r *runner) make(ctx context.Context, s *diff.Step) (*resource.Waiting, error) {
	switch {
	case s.Action == diff.Create, s.Action == diff.Replace:
		return r.create(ctx, s)
	case s.Writes() && !(r.off[s.Address] && r.onlyTurnsOn(s)):
		return r.update(ctx, s)
	}
	return s.Waiting, nil
}

func (r *runner) create(ctx context.Context, s *diff.Step) (*resource.Waiting, error) {
	k := r.kinds[s.Address.Kind]
	if k.Upsert != "" {
		id, ok := r.Client.PlaceOf(k, s.After, r.id)
		if !ok {
			return nil, fmt.Errorf("what it belongs to has no id yet")
		}
		return r.put(ctx, s, id, false) // over what is there by now
	}
	body, err := k.Encode(s.After, r.id, false)
	if err != nil {
		return nil, err
	}
	if body, err = r.body(k, body, nil, nil, s.Extra); err != nil {
		return nil, err
	}
	calls, err := k.FollowCalls(nil, s.After, r.id)
	if err != nil {
		return nil, err
	}
	collection, ok := r.Client.CollectionOf(k, s.After, r.id)
	if !ok {
		return nil, fmt.Errorf("what it belongs to has no id yet")
	}
	if r.held[s.Address] {
		body["name"] = temporaryName(s.Name, s.ID)
	}
	method, path := api.Made(k, collection)
	in := r.intent(s, state.Create, method, path, body)
	d, resent := r.doubt(s.Address, in.BodyHash)
	if resent {
		// An earlier run sent this very request and saw no answer. Under its key
		// the service gives that answer now, or carries it out once.
		in.Op, in.Key = d.Op, d.Key
	}
	post := func() (api.Answer, error) { return r.Client.Create(ctx, k, collection, body, in.Key, resent) }
	answer, err := r.send(ctx, in, post, s, k, len(calls) > 0)
	if resent && remembered(err) {
		// The object was looked for before the plan was made, so none came of it.
		in, resent = r.intent(s, state.Create, method, path, body), false
		answer, err = r.send(ctx, in, post, s, k, len(calls) > 0)
	}
	if err == nil && len(calls) > 0 && k.Read != nil {
		calls, err = r.followMade(ctx, s, answer.ID)
	}
	if err != nil {
		return nil, err
	}
	return waiting(k, answer), r.follow(ctx, s, answer, calls)
}

// followMade gives the requests that bring the rest of an object which was just
// made. They replace what they speak of, and what the service put there by itself
// goes back with them.
func (r *runner) followMade(ctx context.Context, s *diff.Step, id string) ([]resource.Call, error) {
	k := r.kinds[s.Address.Kind]
	fresh, err := r.Client.GetWhole(ctx, k, id, s.Record)
	if err != nil {
		return nil, fmt.Errorf("reading what was made: %w", err)
	}
	live := r.decode(k, s.Address, fresh)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	after, _ := s.Renew(k, nil, live)
	return k.FollowCalls(nil, after, r.id)
}

// remembered reports whether an error is what the service keeps as the outcome
// of an idempotency key, and so for a day answers to it (API dossier 5).
func remembered(err error) bool {
	var server *transport.Error
	return errors.As(err, &server) && !server.NotSent &&
		(server.Status == http.StatusInternalServerError || !transport.MayHaveEffect(err) && server.Status < 500)
}

func (r *runner) update(ctx context.Context, s *diff.Step) (*resource.Waiting, error) {
	return r.put(ctx, s, s.ID, r.held[s.Address])
}

// put writes an object anew, all but its name if that is held by another.
func (r *runner) put(ctx context.Context, s *diff.Step, id string, nameHeld bool) (*resource.Waiting, error) {
	k := r.kinds[s.Address.Kind]
	// The service has no way to say "only if unchanged". Reading again right
	// before keeps the window small in which another hand's change is lost.
	recorded, known := r.recorded(s), []resource.Object{s.Record}
	if recorded != nil {
		known = append(known, recorded.Object)
	}
	fresh, err := r.Client.GetWhole(ctx, k, id, known...)
	if transport.IsNotFound(err) {
		if s.ID == "" {
			return nil, err // and never was
		}
		return nil, fmt.Errorf("it was deleted since the plan was made; plan again: %w", err)
	}
	if err != nil {
		return nil, err
	}
	live := r.decode(k, s.Address, fresh)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	after, unknown := s.Renew(k, recorded, live)
	body, err := k.EncodeOver(fresh.Object, after, r.id)
	if err != nil {
		return nil, err
	}
	var was resource.Object
	if recorded != nil {
		was = recorded.Extra
	}
	if body, err = r.body(k, body, unknown, was, s.Extra); err != nil {
		return nil, err
	}
	if nameHeld {
		body["name"] = live.Object["name"]
	}
	if s.Asks != "" {
		body[s.Asks] = true
	}
	calls, err := k.FollowCalls(live.Object, after, r.id)
	if err != nil {
		return nil, err
	}
	return r.write(ctx, s, id, body, calls)
}

// write writes an object whole, and then what calls of its own carry.
func (r *runner) write(ctx context.Context, s *diff.Step, id string, body map[string]any, calls []resource.Call) (*resource.Waiting, error) {
	k := r.kinds[s.Address.Kind]
	method, path := api.Written(k, id)
	in := r.intent(s, string(diff.Update), method, path, body)
	put := func() (api.Answer, error) { return r.Client.Update(ctx, k, id, body, in.Key) }
	answer, err := r.send(ctx, in, put, s, k, len(calls) > 0)
	if err != nil {
		return nil, err
	}
	return waiting(k, answer), r.follow(ctx, s, answer, calls)
}

// follow sends the requests that bring the rest of an object. With the last of
// them the object counts as written.
func (r *runner) follow(ctx context.Context, s *diff.Step, answer api.Answer, calls []resource.Call) error {
	return r.calls(ctx, s, diff.Update, s.Address, answer.ID, calls, func(out *state.Outcome) {
		out.Resource = r.record(r.kinds[s.Address.Kind], s, answer, false)
	})
}

// calls sends requests about the object of an address, one after the other. When
// the last of them is done, done says what to remember.
func (r *runner) calls(ctx context.Context, s *diff.Step, action diff.Action, a resource.Address, id string, calls []resource.Call, done func(*state.Outcome)) error {
	k := r.kinds[s.Address.Kind]
	for i, call := range calls {
		method, path := api.Called(k, id, call)
		body, _ := call.Body.(map[string]any)
		in := r.intent(s, string(action), method, path, body)
		in.Address = a
		if err := r.intend(ctx, in); err != nil {
			return err
		}
		err := r.Client.Call(ctx, k, id, call, in.Key)
		out := state.Outcome{Op: in.Op, OK: err == nil, MayHaveEffect: api.MayHaveEffect(err)}
		if err == nil && i == len(calls)-1 {
			done(&out)
		}
		if err := r.conclude(in, out, err); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes the object of a step: for a replacement the old one.
func (r *runner) drop(ctx context.Context, s *diff.Step) error {
	before, a := s.After, s.Address
	if live := r.Prepared.Live[s.Address]; live != nil {
		before = live.Object
	}
	if s.Action == diff.Replace {
		a = oldAddress(s.Address, s.ID)
	}
	calls, err := r.kinds[s.Address.Kind].RemovalCalls(before, r.id)
	if err != nil {
		return err
	}
	remove := func() error {
		return r.calls(ctx, s, diff.Delete, a, s.ID, calls, func(out *state.Outcome) { out.Removed = true })
	}
	if err = remove(); transport.IsConflict(err) && r.kinds[a.Kind].Cancel != "" {
		err = r.halted(ctx, s, a, err, remove)
	}
	err = inUse(err)
	if err != nil && s.Action == diff.Replace {
		err = fmt.Errorf("the new object is made, but the old one could not be deleted: %w", err)
	}
	if err == nil && len(calls) == 0 { // there is nothing of it any more
		r.mu.Lock()
		delete(r.State.Resources, a)
		r.changed = true
		r.mu.Unlock()
	}
	return err
}

// inUse says who keeps an object from being deleted (API dossier 12).
func inUse(err error) error {
	users := transport.UsedBy(err)
	if len(users) == 0 {
		return err
	}
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = fmt.Sprintf("%s %q (%s)", u.Type, u.Name, u.ID)
	}
	return fmt.Errorf("%w; in use by %s", err, strings.Join(names, ", "))
}

// finish gives an object the name that another had until now.
func (r *runner) finish(ctx context.Context, s *diff.Step) error {
	id, _ := r.id(s.Address)
	if _, err := r.put(ctx, s, id, false); err != nil {
		return fmt.Errorf("giving it the name of the object that it replaces: %w", err)
	}
	return nil
}

// body finishes the body of a request: with the members that no table knows, those
// of the live object and those of the manifest's extra in place of the one that was
// applied, and in the form of the version.
func (r *runner) body(k *resource.Kind, body, unknown map[string]any, was, extra resource.Object) (map[string]any, error) {
	out := make(map[string]any, len(body)+len(unknown))
	maps.Copy(out, unknown)
	maps.Copy(out, body)
	if err := k.LayExtra(out, was, extra); err != nil || k.Form == nil {
		return out, err
	}
	return out, k.Form(r.Client.Version(), out)
}

func (r *runner) id(a resource.Address) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := r.State.Resources[a]
	if rec == nil {
		return "", false
	}
	return rec.ID, rec.ID != ""
}

// recorded is what the state has of a step's address.
func (r *runner) recorded(s *diff.Step) *resource.Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.State.Resources[s.Address]
}

// decode decodes an answer about the object of an address, which from now on is
// known by that.
func (r *runner) decode(k *resource.Kind, a resource.Address, answer api.Answer) *resource.Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index.Add(answer.ID, a)
	return decode(k, a, answer, r.index)
}

// record is what to remember of an object that was just written. Partly says
// that what calls of their own carry is still as it was.
func (r *runner) record(k *resource.Kind, s *diff.Step, answer api.Answer, partly bool) *resource.Resource {
	rec := &resource.Resource{Address: s.Address, ID: cmp.Or(answer.ID, s.ID), Object: s.Record, Needs: s.Needs, Protect: s.Protect, Extra: s.Extra,
		Unmanaged: r.steps[s.Address].Unmanaged} // what a part of the step leaves alone for now is ours all the same
	if partly {
		rec.Object = withoutApart(k, s.Record, r.recorded(s))
	}
	if answer.Object == nil {
		return rec // nothing was answered
	}
	live := r.decode(k, s.Address, answer)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	rec.Waiting, rec.Kept = live.Waiting, kept(k, live.Object)
	if before := r.recorded(s); answer.ID != "" && answer.ID != s.ID {
		rec.Kept = withBlank(rec.Kept, blank(s.After, live.Object))
	} else if before != nil {
		rec.Kept = withBlank(rec.Kept, blank(s.After, before.Kept))
	}
	unlike := slices.DeleteFunc(s.Settled(k, live.Object), func(c diff.Change) bool { return apart(k, c.Path) })
	if len(unlike) == 0 && !partly {
		// Only what came out as wanted may be passed over unread next time.
		rec.Marks = marks(k, answer.Object)
	}
	for _, c := range unlike {
		if r.held[s.Address] && c.Path == "name" {
			continue // for now
		}
		text := fmt.Sprintf("the service keeps %s as %s", c.Path, shown(c.Before))
		r.tell(Event{Kind: Warned, Address: s.Address, Name: s.Name, Action: s.Action, Text: text})
	}
	return rec
}

// apart reports whether p is in a field that answers to writes do not show.
func apart(k *resource.Kind, p resource.Path) bool {
	return slices.ContainsFunc(k.Fields, func(f resource.Field) bool {
		return f.Apart && p.Within(resource.Path("").Child(f.Name))
	})
}

// withoutApart is o with what calls of their own carry as it was recorded.
func withoutApart(k *resource.Kind, o resource.Object, recorded *resource.Resource) resource.Object {
	out := maps.Clone(o)
	for i := range k.Fields {
		f := &k.Fields[i]
		if !f.Apart {
			continue
		}
		delete(out, f.Name)
		if recorded != nil && recorded.Object[f.Name] != nil {
			out[f.Name] = recorded.Object[f.Name]
		}
	}
	return out
}

func shown(v any) string {
	if v == nil {
		return "unset"
	}
	return strconv.Quote(resource.Text(v))
}

// kept are the write-only fields that an answer to a write shows and GET never
// does: they have to go along with the next update (API dossier 11).
func kept(k *resource.Kind, live resource.Object) resource.Object {
	out := resource.Object{}
	for i := range k.Fields {
		f := &k.Fields[i]
		if v := live[f.Name]; f.WriteOnly && !f.Sensitive && !resource.Empty(v) {
			out[f.Name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// blank is what shown has as masks and sent does not have at all. Shown by the
// answer to a create, such masks have nothing behind them: some service may mask
// what nobody set (API dossier 20).
func blank(sent, shown resource.Object) resource.Object {
	out := resource.Object{}
	for key, v := range shown {
		switch v := v.(type) {
		case *resource.Secret:
			if sent[key] == nil && !v.Known() {
				out[key] = resource.MaskedSecret()
			}
		case resource.Object:
			of, _ := sent[key].(resource.Object)
			if below := blank(of, v); below != nil {
				out[key] = below
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// withBlank adds to what is kept the masks that have nothing behind them.
func withBlank(kept, blank resource.Object) resource.Object {
	if kept == nil {
		return blank
	}
	maps.Copy(kept, blank) // of other fields: what is kept of one is no secret
	return kept
}

func waiting(k *resource.Kind, answer api.Answer) *resource.Waiting {
	if k.Waiting == nil {
		return nil
	}
	return k.Waiting(answer.Object)
}
