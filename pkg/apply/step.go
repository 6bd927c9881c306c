package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
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
	body, err := r.body(k, s, s.After, false)
	if err != nil {
		return nil, err
	}
	if s.Action == diff.Replace && k.UniqueName {
		// The old object has the name until it is deleted.
		body["name"] = fmt.Sprintf("%s (%s)", s.Name, r.run[:6])
	}
	in := r.intent(s, state.Create, "POST", k.Path, body)
	in.Name, _ = body["name"].(string)
	resent := false
	if d, ok := r.doubt(s.Address); ok && d.BodyHash == in.BodyHash {
		// An earlier run sent this very request and saw no answer. Under its key
		// the service gives that answer now, or carries it out once.
		in.Op, in.Key, resent = d.Op, d.Key, true
	}
	answer, err := r.send(ctx, in, func() (api.Answer, error) { return r.Client.Create(ctx, k, body, in.Key, resent) }, s, k)
	var refused *transport.Error
	if resent && errors.As(err, &refused) {
		// The key is bound to an error for a day (API dossier 5); the object was
		// looked for before the plan was made.
		in = r.intent(s, state.Create, "POST", k.Path, body)
		in.Name, _ = body["name"].(string)
		answer, err = r.send(ctx, in, func() (api.Answer, error) { return r.Client.Create(ctx, k, body, in.Key, false) }, s, k)
	}
	if err != nil {
		return nil, err
	}
	return waiting(k, answer), nil
}

func (r *runner) update(ctx context.Context, s *diff.Step) (*resource.Waiting, error) {
	k := r.kinds[s.Address.Kind]
	// The service has no way to say "only if unchanged". Reading again right
	// before keeps the window small in which another hand's change is lost.
	fresh, err := r.Client.Get(ctx, k, s.ID)
	if transport.IsNotFound(err) {
		return nil, fmt.Errorf("it was deleted since the plan was made; plan again: %w", err)
	}
	if err != nil {
		return nil, err
	}
	recorded, index := r.recorded(s)
	live := decode(k, s.Address, fresh.Object, index)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	after := s.Renew(k, recorded, live)
	body, err := r.body(k, s, after, true)
	if err != nil {
		return nil, err
	}
	in := r.intent(s, string(s.Action), "PUT", k.Path+"/"+s.ID, body)
	answer, err := r.send(ctx, in, func() (api.Answer, error) { return r.Client.Update(ctx, k, s.ID, body) }, s, k)
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
		in.Address = replaced(s.Address)
	}
	if err := r.journal.Intend(ctx, in); err != nil {
		return r.unwritten(err)
	}
	err := r.Client.Delete(ctx, k, s.ID)
	return r.conclude(in, state.Outcome{Op: in.Op, OK: err == nil, Removed: err == nil, MayHaveEffect: api.MayHaveEffect(err)}, inUse(err))
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

// replaced is the address under which the old object of a replacement is kept
// until it is deleted, so that it is not forgotten if that never happens.
func replaced(a resource.Address) resource.Address {
	return resource.Address{Kind: a.Kind, Name: a.Name + "-replaced"}
}

// finish gives a replacement the name that the old object had.
func (r *runner) finish(ctx context.Context, s *diff.Step) error {
	if !r.kinds[s.Address.Kind].UniqueName {
		return nil
	}
	next := *s
	r.mu.Lock()
	next.ID = r.State.Resources[s.Address].ID
	r.mu.Unlock()
	next.Action = diff.Update
	_, err := r.update(ctx, &next)
	return err
}

// body makes the body of a request.
func (r *runner) body(k *resource.Kind, s *diff.Step, o resource.Object, update bool) (map[string]any, error) {
	body, err := k.Encode(o, r.id, update)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(s.Carry)
	if out == nil {
		out = map[string]any{}
	}
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

// recorded is what the state has of a step's address, and an index of all.
func (r *runner) recorded(s *diff.Step) (*resource.Resource, *resource.Index) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.State.Resources[s.Address], resource.NewIndex(r.State.Resources)
}

func (r *runner) doubt(a resource.Address) (state.Intent, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.State.Doubts {
		if d.Address == a {
			return d, true
		}
	}
	return state.Intent{}, false
}

func (r *runner) intent(s *diff.Step, action, method, path string, body map[string]any) state.Intent {
	r.mu.Lock()
	r.counter++
	op := r.run + "-" + strconv.Itoa(r.counter)
	r.mu.Unlock()
	sum := sha256.Sum256([]byte(op + "\x00" + s.Address.String()))
	in := state.Intent{Op: op, Address: s.Address, Action: action, Method: method, Path: path, Serial: r.State.Serial,
		Name: s.Name, Time: r.Now().UTC()}
	if method == "POST" {
		in.Key = "polyplan-" + hex.EncodeToString(sum[:16])
	}
	if raw, err := transport.Encode(body); err == nil && body != nil && r.Fingerprints != nil {
		in.BodyHash = r.Fingerprints.Print(string(raw))
	}
	return in
}

// send writes the intent, sends, and writes the outcome with what is to be
// remembered of the object.
func (r *runner) send(ctx context.Context, in state.Intent, request func() (api.Answer, error), s *diff.Step, k *resource.Kind) (api.Answer, error) {
	if err := r.journal.Intend(ctx, in); err != nil {
		return api.Answer{}, r.unwritten(err)
	}
	answer, err := request()
	out := state.Outcome{Op: in.Op, OK: err == nil, MayHaveEffect: api.MayHaveEffect(err)}
	if err == nil {
		out.Resource = r.record(k, s, answer)
	}
	if s.Action == diff.Replace && in.Action == state.Create && err == nil {
		r.keepReplaced(s)
	}
	return answer, r.conclude(in, out, err)
}

// keepReplaced remembers the old object of a replacement under an address of
// its own.
func (r *runner) keepReplaced(s *diff.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.State.Resources[s.Address]; old != nil {
		kept := *old
		kept.Address = replaced(s.Address)
		r.State.Resources[kept.Address] = &kept
	}
}

// conclude writes an outcome and gives back the error that the step ends with.
func (r *runner) conclude(in state.Intent, out state.Outcome, err error) error {
	var server *transport.Error
	if errors.As(err, &server) {
		out.Status = server.Status
	}
	written := r.journal.Outcome(context.Background(), out)
	r.mu.Lock()
	r.changed = true
	if s := r.steps[in.Address]; s != nil && s.Action == diff.Move && out.OK {
		delete(r.State.Resources, s.From)
	}
	r.State.Record(in, &out)
	r.mu.Unlock()
	if written != nil {
		return errors.Join(err, r.unwritten(written))
	}
	return err
}

// unwritten ends the run: what cannot be remembered must not be done.
func (r *runner) unwritten(err error) error {
	err = fmt.Errorf("writing the journal: %w", err)
	r.fail(err)
	return err
}

// record is what to remember of an object that was just written.
func (r *runner) record(k *resource.Kind, s *diff.Step, answer api.Answer) *resource.Resource {
	r.mu.Lock()
	index := resource.NewIndex(r.State.Resources)
	r.mu.Unlock()
	index.Add(answer.ID(), s.Address)
	live := decode(k, s.Address, answer.Object, index)
	if k.Align != nil {
		k.Align(live.Object, s.Record)
	}
	rec := &resource.Resource{Address: s.Address, ID: answer.ID(), Object: s.Record, Needs: s.Needs, Protect: s.Protect,
		Waiting: live.Waiting, Kept: kept(k, live.Object)}
	if rec.ID == "" {
		rec.ID = s.ID
	}
	if unlike := s.Settled(k, live.Object); len(unlike) == 0 {
		// Only what came out as wanted may be passed over unread next time.
		rec.Marks = marks(k, answer.Object)
	} else if s.Action != diff.Replace || unlike[0].Path != "name" {
		for _, c := range unlike {
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
		if v := live[f.Name]; f.WriteOnly && !f.Sensitive && v != nil {
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
