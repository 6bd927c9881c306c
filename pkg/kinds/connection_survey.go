package kinds

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// surveyConnection holds a configuration against the schema that the service has
// for its type today. Values are quoted nowhere: any may be a secret.
func surveyConnection(s resource.Surveyor, r *resource.Resource) {
	id := textOf(r.Object["type"])
	doc, err := s.Type(id)
	if err != nil {
		s.Error("type", "unknown-connection-type", "unknown connection type "+strconv.Quote(id),
			"the service has no connections of this type", didYouMean("", id, catalog.Types()))
		return
	}
	if doc == nil {
		return
	}
	t, known := catalog.Lookup(id)
	st := settings{s: s, doc: doc, at: "configuration", of: "connections of type " + id, v: objectOf(r.Object["configuration"])}
	st.missing = func(at resource.Path, p schema.Problem) { missingSetting(s, doc, t, at, p) }
	// What polyplan's own list lacks too was told without the network.
	st.told = func(key string) bool { return known && t.Fields[key] == nil }
	st.survey("connection type " + id)
}

// settings is a configuration that is to fit a schema of the service's.
type settings struct {
	s   resource.Surveyor
	doc schema.Document
	at  resource.Path
	of  string // whose settings they are
	v   resource.Object
	// missing tells of what is required; told says of which unknown keys nothing is
	// to be said.
	missing func(at resource.Path, p schema.Problem)
	told    func(key string) bool
}

// survey holds them against the schema, which is called subject.
func (st settings) survey(subject string) {
	hidden := map[string]bool{}
	value, _ := veiled(st.v, nil, hidden).(resource.Object)
	if value == nil {
		value = resource.Object{}
	}
	problems, err := st.doc.Check(value)
	if err != nil {
		st.s.Unverified(subject, err.Error())
		return
	}
	for _, p := range problems {
		at := pathTo(st.at, st.v, p.Path)
		switch {
		case p.Missing != "":
			st.missing(at, p)
		case p.Unknown != "":
			st.s.Error(at.Child(p.Unknown), "unknown-key", "unknown key "+strconv.Quote(p.Unknown), st.of+" have no such setting",
				didYouMean("", p.Unknown, st.doc.Names()))
		case hidden[strings.Join(p.Path, "\x00")]:
			// Not the secret was checked, but what stands in for it.
		default:
			fix := ""
			if len(p.Allowed) > 0 {
				fix = "choose one of " + strings.Join(p.Allowed, ", ")
			}
			st.s.Error(at, "wrong-value", "this value does not fit the service's schema of "+st.of, p.What, fix)
		}
	}
	for _, key := range resource.Keys(st.v) {
		if len(st.doc.Names()) > 0 && !slices.Contains(st.doc.Names(), key) && !st.told(key) {
			st.s.Warn(st.at.Child(key), "unknown-key", "unknown key "+strconv.Quote(key), "the service's schema of "+st.of+" does not have it",
				didYouMean("", key, st.doc.Names()))
		}
	}
}

// missingSetting tells of what the service requires. Its lists of required
// fields know nothing of OAuth and of the choice between ways to authenticate
// (API dossier 9.3, 18), and what polyplan's own list requires was told without
// the network.
func missingSetting(s resource.Surveyor, doc schema.Document, t *catalog.Type, at resource.Path, p schema.Problem) {
	const why = "the service's schema requires it"
	top := len(p.Path) == 0
	switch {
	case top && doc.HasDefault(p.Missing), t != nil && t.OAuth:
	case t != nil && (top && t.Fields[p.Missing] != nil && t.Fields[p.Missing].Required || slices.Contains(t.RequiredButUndescribed, p.Missing)):
	case t == nil || t.AuthSelector() != "":
		s.Warn(at, "missing-configuration", strconv.Quote(p.Missing)+" may be missing", why, "")
	default:
		s.Error(at, "missing-key", strconv.Quote(p.Missing)+" is missing", why, "add "+p.Missing+":")
	}
}

// veiled is v with something else in the place of each secret; hidden gets their
// places.
func veiled(v any, at []string, hidden map[string]bool) any {
	switch v := v.(type) {
	case *resource.Secret:
		hidden[strings.Join(at, "\x00")] = true
		return ""
	case resource.Object:
		out := make(resource.Object, len(v))
		for key, e := range v {
			out[key] = veiled(e, append(slices.Clip(at), key), hidden)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = veiled(e, append(slices.Clip(at), strconv.Itoa(i)), hidden)
		}
		return out
	}
	return v
}

// pathTo writes a way into o, which stands at p, as a path.
func pathTo(p resource.Path, v any, way []string) resource.Path {
	for _, word := range way {
		if l, isList := v.([]any); isList {
			i, err := strconv.Atoi(word)
			if err != nil || i < 0 || i >= len(l) {
				return p
			}
			p, v = p.Index(i), l[i]
			continue
		}
		p, v = p.Child(word), objectOf(v)[word]
	}
	return p
}

// didYouMean is a fix that names the nearest of the candidates, else the other
// fix.
func didYouMean(other, word string, candidates []string) string {
	if near, ok := diag.Nearest(word, candidates); ok {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return other
}

// meantWhole is the fix for a name that nobody may shorten: users may have been
// meant for public.users.
func meantWhole(word string, names []string) string {
	whole := map[string]string{}
	for _, name := range names {
		whole[name[strings.LastIndexByte(name, '.')+1:]] = name
	}
	other := ""
	if near, ok := diag.Nearest(word, resource.Keys(whole)); ok {
		other = "did you mean " + strconv.Quote(whole[near]) + "?"
	}
	return didYouMean(other, word, names)
}

// listed are words as a sentence can hold them: not too many.
func listed(words []string) string {
	const most = 12
	if len(words) > most {
		return strings.Join(words[:most], ", ") + " and " + strconv.Itoa(len(words)-most) + " more"
	}
	return strings.Join(words, ", ")
}

// refusal is what the service said when it refused.
func refusal(err error) string {
	var refused *schema.Refused
	if errors.As(err, &refused) {
		return refused.Message
	}
	return err.Error()
}
