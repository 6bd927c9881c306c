package apply

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/fault"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// intent says what is about to be sent.
func (r *runner) intent(s *diff.Step, action, method, path string, body map[string]any) state.Intent {
	r.mu.Lock()
	r.counter++
	op := r.run + "-" + strconv.Itoa(r.counter)
	what := strings.Join([]string{s.Address.String(), method, path}, " ")
	r.attempts[what]++
	attempt := r.attempts[what]
	r.mu.Unlock()
	in := state.Intent{Op: op, Address: s.Address, Action: action, Method: method, Path: path, Serial: r.State.Serial,
		Name: s.Name, Time: r.Client.Now().UTC()}
	if name, ok := body[r.kinds[s.Address.Kind].NameMember()].(string); ok {
		in.Name = name
	}
	if method == "POST" {
		in.Key = idempotencyKey(r.Prepared.ID, r.State.Lineage, what, attempt)
	}
	in.BodyHash = r.hash(body, s)
	return in
}

// idempotencyKey is that of the n-th attempt to send a request of a plan. It is
// derived, so that a saved plan sends the same keys when it is applied once more,
// though nothing is left of the run before: the service then carries out nothing
// twice. No other plan has them, nor this one for another state.
func idempotencyKey(plan, lineage, what string, attempt int) string {
	mac := hmac.New(sha256.New, []byte(plan))
	fmt.Fprintf(mac, "%s\x00%s\x00%d", lineage, what, attempt) // never fails
	return "polyplan-" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// hash tells two bodies apart without giving away what is secret in them: each
// secret of the step counts by its fingerprint, which is slow to make and made
// once, and all else as it is, for the state holds that in clear anyway.
func (r *runner) hash(body map[string]any, s *diff.Step) string {
	if body == nil || r.Fingerprints == nil {
		return ""
	}
	prints := map[string]string{}
	resource.Secrets(s.Record, func(s *resource.Secret) {
		if v, ok := s.Reveal(); ok {
			prints[resource.Text(v)] = r.Fingerprints.Print(resource.Text(v))
		}
	})
	raw, err := transport.Encode(hide(body, prints))
	if err != nil {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(r.State.Lineage))
	mac.Write(raw)
	return "hmac:" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// hide is v with every value that is a key of prints replaced.
func hide(v any, prints map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, e := range v {
			out[key] = hide(e, prints)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = hide(e, prints)
		}
		return out
	}
	if print, ok := prints[resource.Text(v)]; ok {
		return map[string]any{resource.SecretKey: print}
	}
	return v
}

// doubt is the create of that body that an earlier run sent for the address and
// saw no answer to.
func (r *runner) doubt(a resource.Address, bodyHash string) (state.Intent, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.State.Doubts {
		if d.Address == a && d.BodyHash == bodyHash && bodyHash != "" {
			return d, true
		}
	}
	return state.Intent{}, false
}

func (r *runner) doubted(op string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.State.Doubt(op)
	return ok
}

// send writes the intent, sends, and writes the outcome with what is to be
// remembered of the object. Partly says that further requests follow for it.
func (r *runner) send(ctx context.Context, in state.Intent, request func() (api.Answer, error), s *diff.Step, k *resource.Kind, partly bool) (api.Answer, error) {
	if err := r.intend(ctx, in); err != nil {
		return api.Answer{}, err
	}
	answer, err := request()
	out := state.Outcome{Op: in.Op, OK: err == nil, MayHaveEffect: api.MayHaveEffect(err)}
	if err == nil {
		out.Resource = r.record(k, s, answer, partly)
	} else if remembered(err) && r.doubted(in.Op) {
		out.MayHaveEffect = false // it was looked for, and is not there
	}
	return answer, r.conclude(in, out, err)
}

// intend writes down what is about to be sent.
func (r *runner) intend(ctx context.Context, in state.Intent) error {
	err := fault.Around("intent", func() error { return r.journal.Intend(ctx, in) })
	switch {
	case err != nil && ctx.Err() != nil:
		return errUnsent
	case err != nil:
		return r.unwritten(err)
	}
	r.mu.Lock()
	r.open[in.Op] = in
	r.mu.Unlock()
	return nil
}

// unconcluded brings into the state what was intended and has no outcome, for a bug
// ended its step in between. It is in doubt, as if the whole process had died.
func (r *runner) unconcluded() {
	for _, op := range slices.Sorted(maps.Keys(r.open)) {
		r.State.Record(r.open[op], nil)
		r.changed = true
	}
}

// conclude writes an outcome and gives back the error that the step ends with.
func (r *runner) conclude(in state.Intent, out state.Outcome, err error) error {
	var server *transport.Error
	if errors.As(err, &server) {
		out.Status = server.Status
	}
	written := fault.Around("outcome", func() error { return r.journal.Outcome(context.Background(), out) })
	r.mu.Lock()
	r.changed = true
	delete(r.open, in.Op)
	r.State.Record(in, &out)
	if out.OK && in.Action == state.Create {
		// The address has its object; older creates for it have come to nothing.
		r.State.Doubts = slices.DeleteFunc(r.State.Doubts, func(d state.Intent) bool { return d.Address == in.Address })
	}
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
