package discover

import (
	"context"
	"net/url"
	"strconv"

	"github.com/polyplan/polyplan/pkg/schema"
)

// BulkSource implements [schema.Reader].
func (s *Service) BulkSource(ctx context.Context, c schema.Connection, fields bool) (*schema.BulkSource, error) {
	include := strconv.FormatBool(fields)
	return s.bulkSource.get(c.ID+" "+include, func() (*schema.BulkSource, error) {
		o, err := s.object(ctx, c, "/bulksync/source", url.Values{"include_fields": {include}})
		if err != nil {
			return nil, err
		}
		out := &schema.BulkSource{Configuration: document(o["configuration"])}
		for _, e := range objects(o["schemas"]) {
			one := schema.BulkSchema{ID: text(e["id"])}
			for _, f := range objects(e["fields"]) {
				if id := text(f["id"]); id != "" && fields {
					one.Fields = append(one.Fields, schema.Field{Name: id, Label: text(f["name"]), Type: text(f["type"]), Added: answer(f["user_managed"])})
				}
			}
			if one.ID != "" {
				out.Schemas = append(out.Schemas, one)
			}
		}
		can, _ := o["capabilities"].(map[string]any)
		out.Tracking = !denied(can, "supports_tracking_fields")
		return out, nil
	})
}

// BulkTarget implements [schema.Reader].
func (s *Service) BulkTarget(ctx context.Context, c schema.Connection) (*schema.BulkTarget, error) {
	return s.bulkTarget.get(c.ID, func() (*schema.BulkTarget, error) {
		o, err := s.object(ctx, c, "/bulksync/target", nil)
		if err != nil {
			return nil, err
		}
		out := &schema.BulkTarget{Configuration: document(o["configuration"])}
		for _, m := range objects(o["modes"]) {
			out.Modes = append(out.Modes, mode(m).ID)
		}
		return out, nil
	})
}

func answer(v any) schema.Answer {
	switch v {
	case true:
		return schema.Yes
	case false:
		return schema.No
	}
	return ""
}

func document(v any) schema.Document {
	o, _ := v.(map[string]any)
	return o
}
