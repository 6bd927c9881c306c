package discover

import (
	"context"
	"net/url"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/schema"
)

// Target implements [schema.Reader].
func (s *Service) Target(ctx context.Context, c schema.Connection, object string) (*schema.Target, error) {
	return s.target.get(c.ID+" "+object, func() (*schema.Target, error) {
		o, err := s.object(ctx, c, "/modelsync/target/fields", url.Values{"target": {object}})
		if err != nil {
			return nil, err
		}
		out := &schema.Target{ID: object}
		for _, f := range objects(o["fields"]) {
			if field := targetField(f); field.ID != "" {
				out.Fields = append(out.Fields, field)
			}
		}
		for _, m := range objects(o["modes"]) {
			out.Modes = append(out.Modes, mode(m))
		}
		p, _ := o["properties"].(map[string]any)
		// What is not said is allowed: a service that leaves the member out would
		// refuse nothing that it can do.
		out.NewFields = !denied(p, "supports_field_creation")
		out.NewIdentity = !denied(p, "supports_identity_field_creation")
		out.Loose = p["mappings_not_required"] == true
		if denied(p, "supports_field_encryption") {
			for i := range out.Fields {
				out.Fields[i].NoCipher = true
			}
		}
		return out, nil
	})
}

func denied(o map[string]any, member string) bool { return o[member] == false }

func targetField(o map[string]any) schema.TargetField {
	f := schema.TargetField{ID: text(o["id"]), Name: text(o["name"]), Type: text(o["type"]), Required: o["required"] == true,
		NoCreate: denied(o, "createable"), NoUpdate: denied(o, "updateable"), NoFilter: denied(o, "filterable"),
		NoCipher: denied(o, "encryptable"), Identity: !denied(o, "supports_identity")}
	for _, fn := range objects(o["identity_functions"]) {
		if id := text(fn["id"]); id != "" {
			f.Compare = append(f.Compare, id)
		}
	}
	return f
}

// mode reads a mode, whose members have two sets of names (API dossier 8.9).
func mode(o map[string]any) schema.Mode {
	either := func(a, b string) bool { return o[a] == true || o[b] == true }
	m := schema.Mode{ID: text(o["mode"]), Identity: o["requires_identity"] == true, Filters: o["supports_target_filters"] == true,
		FieldMode: either("supports_field_sync_mode", "supports_per_field_mode")}
	if m.ID == "" {
		m.ID = text(o["id"])
	}
	return m
}

// Targets implements [schema.Reader].
func (s *Service) Targets(ctx context.Context, c schema.Connection) (*schema.Targets, error) {
	return s.targets.get(c.ID, func() (*schema.Targets, error) {
		resp, err := s.behind(ctx, c, "/modelsync/targetobjects", nil)
		if err != nil {
			return nil, err
		}
		all, err := list(resp)
		if err != nil {
			return nil, err
		}
		out := &schema.Targets{}
		for _, o := range all {
			if id := text(o["id"]); id != "" {
				out.Objects = append(out.Objects, schema.TargetName{ID: id, Name: text(o["name"])})
			}
		}
		if raw := resp.Member("target_creation"); raw != nil {
			creation, err := transport.DecodeObject(raw)
			if err != nil {
				return nil, err
			}
			if creation["supported"] == true {
				out.Creation = []schema.Property{}
				for _, p := range objects(creation["properties"]) {
					out.Creation = append(out.Creation, schema.Property{ID: text(p["id"]), Enum: p["enum"] == true})
				}
			}
		}
		return out, nil
	})
}

// Property implements [schema.Reader]. The answer is an object, and a list in
// the prose (API dossier 8.9).
func (s *Service) Property(ctx context.Context, c schema.Connection, property string) ([]string, error) {
	return s.properties.get(c.ID+" "+property, func() ([]string, error) {
		resp, err := s.behind(ctx, c, "/modelsync/targetobjects/properties/"+transport.PathSegment(property), nil)
		if err != nil {
			return nil, err
		}
		all, err := list(resp)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		return choices(all[0]["values"]), nil
	})
}
