package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
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
	case s.Writes():
		return r.update(ctx, s)
	}
	return s.Waiting, nil
}

func (r *runner) create(ctx context.Context, s *diff.Step) (*resource.Waiting, error) {
	k := r.kinds[s.Address.Kind]
	body, err := r.body(k, s.After, s.Extra, false)
	if err != nil {
		return nil, err
	}
	if r.held[s.Address] {
		body["name"] = temporaryName(s.Name, s.ID)
	}
	in := r.intent(s, state.Create, "POST", k.Path, body)
	d, resent := r.doubt(s.Address, in.BodyHash)
	if resent {
		// An earlier run sent this very request and saw no answer. Under its key
		// the service gives that answer now, or carries it out once.
		in.Op, in.Key = d.Op, d.Key
	}
	post := func() (api.Answer, error) { return r.Client.Create(ctx, k, body, in.Key, resent) }
	answer, err := r.send(ctx, in, post, s, k)
	if resent && remembered(err) {
		// The object was looked for before the plan was made, so none came of it.
		in, resent = r.intent(s, state.Create, "POST", k.Path, body), false
		answer, err = r.send(ctx, in, post, s, k)
	}
	if err != nil {
		return nil, err
	}
	return waiting(k, answer), nil
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
	fresh, err := r.Client.Get(ctx, k, id)
	if transport.IsNotFound(err) {
		return nil, fmt.Errorf("it was deleted since the plan was made; plan again: %w", err)
	}
	if err != nil {
		return nil, err
	}
	recorded, live := r.recorded(s), r.decode(k, s.Address, fresh)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	after, unknown := s.Renew(k, recorded, live)
	body, err := r.body(k, after, unknown, true)
	if err != nil {
		return nil, err
	}
	if nameHeld {
		body["name"] = live.Object["name"]
	}
	if s.Asks != "" {
		body[s.Asks] = true
	}
	in := r.intent(s, string(diff.Update), "PUT", k.Path+"/"+id, body)
	answer, err := r.send(ctx, in, func() (api.Answer, error) { return r.Client.Update(ctx, k, id, body) }, s, k)
	if err != nil {
		return nil, err
	}
	return waiting(k, answer), nil
}

// drop deletes the object of a step: for a replacement the old one.
func (r *runner) drop(ctx context.Context, s *diff.Step) error {
	k := r.kinds[s.Address.Kind]
	in := r.intent(s, string(diff.Delete), "DELETE", k.Path+"/"+s.ID, nil)
	if s.Action == diff.Replace {
		in.Address = oldAddress(s.Address, s.ID)
	}
	if err := r.intend(ctx, in); err != nil {
		return err
	}
	err := inUse(r.Client.Delete(ctx, k, s.ID))
	if err != nil && s.Action == diff.Replace {
		err = fmt.Errorf("the new object is made, but the old one could not be deleted: %w", err)
	}
	return r.conclude(in, state.Outcome{Op: in.Op, OK: err == nil, Removed: err == nil, MayHaveEffect: api.MayHaveEffect(err)}, err)
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

// body makes the body of a request of an object and members that no table
// knows.
func (r *runner) body(k *resource.Kind, o resource.Object, unknown map[string]any, update bool) (map[string]any, error) {
	body, err := k.Encode(o, r.id, update)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(body)+len(unknown))
	maps.Copy(out, unknown)
	maps.Copy(out, body)
	return out, nil
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
	r.index.Add(answer.ID(), a)
	return decode(k, a, answer.Object, r.index)
}

// record is what to remember of an object that was just written.
func (r *runner) record(k *resource.Kind, s *diff.Step, answer api.Answer) *resource.Resource {
	live := r.decode(k, s.Address, answer)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	rec := &resource.Resource{Address: s.Address, ID: answer.ID(), Object: s.Record, Needs: s.Needs, Protect: s.Protect, Extra: s.Extra,
		Waiting: live.Waiting, Kept: kept(k, live.Object)}
	if rec.ID == "" {
		rec.ID = s.ID
	}
	if unlike := s.Settled(k, live.Object); len(unlike) == 0 {
		// Only what came out as wanted may be passed over unread next time.
		rec.Marks = marks(k, answer.Object)
	} else {
		for _, c := range unlike {
			if r.held[s.Address] && c.Path == "name" {
				continue // for now
			}
			text := fmt.Sprintf("the service keeps %s as %s", c.Path, shown(c.Before))
			r.tell(Event{Kind: Warned, Address: s.Address, Name: s.Name, Action: s.Action, Text: text})
		}
	}
	return rec
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

func waiting(k *resource.Kind, answer api.Answer) *resource.Waiting {
	if k.Waiting == nil {
		return nil
	}
	return k.Waiting(answer.Object)
}
