package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Digest is a hash of a value in canonical form. Its secrets count by their
// fingerprints.
func Digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // as of a number that is none; equal to nothing, see Stale
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Digests are those of what a manifest says of each resource.
func Digests(set resource.Set) map[resource.Address]string {
	out := make(map[resource.Address]string, len(set))
	for a, r := range set {
		out[a] = Digest([]any{r.Object, r.Extra, r.Protect, r.Unmanaged, r.Needs})
	}
	return out
}

// LiveDigests are those of the objects that a plan writes.
func (p *Plan) LiveDigests(live resource.Set) map[resource.Address]string {
	out := map[resource.Address]string{}
	for i := range p.Steps {
		if l := live[p.Steps[i].Address]; l != nil && p.Steps[i].Writes() {
			out[l.Address] = Digest([]any{l.ID, l.Object})
		}
	}
	return out
}

// Stale lists what moved since s was saved, by what now is there; nothing if s
// may be carried out. What now lacks is not compared: an organisation and a plan
// are known only once the service was asked.
func (s *Saved) Stale(now *Saved) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.Tool != now.Tool {
		add("it was made by %s, and this is %s", s.Tool, now.Tool)
	}
	if s.Deployment != now.Deployment {
		add("it was made for %s, and this run would change %s", s.Deployment, now.Deployment)
	}
	if s.Organization != "" && now.Organization != "" && s.Organization != now.Organization {
		add("it was made for the organisation %q (%s), and the API key is of %q (%s)", s.OrganizationName, s.Organization, now.OrganizationName, now.Organization)
	}
	switch {
	case s.Lineage != now.Lineage:
		add("it was made from another state, of lineage %s", s.Lineage)
	case s.Serial != now.Serial:
		add("it was made from generation %d of the state, which is at %d now: it was applied already, or something else was", s.Serial, now.Serial)
	case s.State != now.State:
		add("the state is not as it was: a run that was cut off has been at work since")
	}
	for _, part := range []struct {
		was, is map[resource.Address]string
		what    string
	}{
		{s.Desired, now.Desired, "the manifest, or a value that it brings in, says something else of"},
		{s.Live, now.Live, "the service has something else of"},
	} {
		if part.is == nil {
			continue
		}
		if differ := differing(part.was, part.is); len(differ) > 0 {
			add("%s %s", part.what, listed(differ))
		}
	}
	if now.Plan != nil && len(out) == 0 {
		if differ := s.Plan.differs(now.Plan); len(differ) > 0 {
			add("made again, it comes out otherwise for %s", listed(differ))
		}
	}
	return out
}

func differing(was, is map[resource.Address]string) []resource.Address {
	var out []resource.Address
	for a := range was {
		if is[a] != was[a] || was[a] == "" {
			out = append(out, a)
		}
	}
	for a := range is {
		if _, ok := was[a]; !ok {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, resource.Address.Compare)
	return out
}

// listed names a few addresses.
func listed(all []resource.Address) string {
	const shown = 5
	var names []string
	for _, a := range all[:min(shown, len(all))] {
		names = append(names, a.String())
	}
	if more := len(all) - shown; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// differs are the addresses at which two plans differ, in what is to be done or
// in its order.
func (p *Plan) differs(q *Plan) []resource.Address {
	return differing(p.digests(), q.digests())
}

// digests are those of what a plan does, each with its place in the order.
// Whether a person has authorised something by now changes nothing in that.
func (p *Plan) digests() map[resource.Address]string {
	out := map[resource.Address]string{}
	for i, s := range p.kept().Steps {
		s.Waiting = nil
		out[s.Address] = Digest([]any{i, s})
	}
	for _, d := range p.Drift {
		out[d.Address] += Digest(d)
	}
	for _, r := range p.Refusals {
		out[r.Address] += Digest(r)
	}
	return out
}
