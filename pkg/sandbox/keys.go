package sandbox

import (
	"net/http"
	"strings"
)

// caller is whom a request comes from, and where it acts.
type caller struct {
	key   Key
	org   string // id of the organisation it acts in
	roams bool   // a body may name another: a key of a partner that was not told where to stay
	actor actor
}

// manages reports whether the key may do what partners may.
func (k Key) manages() bool { return k.Partner || k.Deployment }

// home is the id of the key's own organisation.
func (k Key) home() string { return OrganizationID(k.Organization) }

// authenticate returns whom the request's key speaks for. Bearer is for all keys; Basic
// names the organisation to act in as its user: partners may name any, others their own.
// [API dossier 2]
func (s *Server) authenticate(r *http.Request) (caller, bool) {
	org, value, basic := r.BasicAuth()
	if !basic {
		scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return caller{}, false
		}
		value = strings.TrimSpace(rest)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.holder(value)
	if !ok {
		return caller{}, false
	}
	if org != "" {
		if org != who.org && !who.key.manages() {
			return caller{}, false
		}
		who.org, who.roams = org, false
	}
	return who, s.store.records[kindOrganization][who.org] != nil
}

// holder finds whose key it is: one of the options, or one that was made for a user.
func (s *Server) holder(value string) (caller, bool) {
	if key, ok := s.keys[value]; ok {
		return caller{key: key, org: key.home(), roams: key.manages(), actor: actorOf(key)}, true
	}
	for _, u := range s.store.records[kindUser] {
		if value != "" && text(u.State, "key") == value {
			email := text(u.Body, "email")
			return caller{key: Key{Value: value, User: email}, org: u.Org, actor: actor{ID: u.ID, Name: email, Type: "user"}}, true
		}
	}
	return caller{}, false
}

func actorOf(k Key) actor {
	switch {
	case k.manages():
		return actor{ID: derivedID("partner key", k.Organization, k.Value), Name: "API key", Type: "partner"}
	case k.User != "":
		return actor{ID: derivedID("user", k.Organization, k.User), Name: k.User, Type: "user"}
	}
	return actor{ID: derivedID("organization key", k.Organization, k.Value), Name: "API key", Type: "organization"}
}

// roam lets a partner's request act in the organisation that its body names.
func (c *call) roam() error {
	id := text(c.body, "organization_id")
	if !c.roams || id == "" {
		return nil
	}
	if c.s.store.records[kindOrganization][id] == nil {
		return forbidden("organization_id: no organization of this partner")
	}
	c.org = id
	return nil
}

// partner refuses everybody but partners.
func (c *call) partner() error {
	if c.key.manages() {
		return nil
	}
	return forbidden("this needs the key of a partner")
}

// plant stores the organisations and users that the options' keys speak of. Each is
// planted once ever: one that was deleted stays away, and one that was changed as it is.
func (s *Server) plant() error {
	var changes change
	now := s.opts.Clock().UTC()
	planted := map[string]bool{}
	plant := func(kind, id, org string, body map[string]any) {
		if planted[id] || s.store.records[kindPlanted][id] != nil {
			return
		}
		planted[id] = true
		r := &record{Kind: kind, ID: id, Org: org, Seq: s.store.nextSeq(), Body: body, Created: now, Updated: now}
		changes.put(r)
		changes.put(&record{Kind: kindPlanted, ID: id, Org: org, Seq: s.store.nextSeq(), Created: now, Updated: now})
	}
	for _, k := range s.opts.Keys {
		plant(kindOrganization, k.home(), k.home(), map[string]any{"name": k.Organization})
		if k.User != "" && !k.manages() {
			admin := roleID(k.home(), "Admin")
			plant(kindUser, actorOf(k).ID, k.home(), map[string]any{"email": strings.ToLower(k.User), "role_ids": []any{admin}})
		}
	}
	return s.store.commit(&changes)
}
