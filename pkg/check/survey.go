package check

import (
	"context"
	"errors"
	"slices"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// survey is the [resource.Surveyor] of one resource.
type survey struct {
	ctx  context.Context
	in   *Input
	r    *resource.Resource
	seen *schema.Lock

	found diag.List
	open  map[note]bool
}

// Get implements [resource.Checker].
func (s *survey) Get(a resource.Address) *resource.Resource { return s.in.Desired[a] }

// Error implements [resource.Checker].
func (s *survey) Error(p resource.Path, code, what, why, fix string) {
	s.report(diag.Error, p, code, what, why, fix)
}

// Warn implements [resource.Checker].
func (s *survey) Warn(p resource.Path, code, what, why, fix string) {
	s.report(diag.Warning, p, code, what, why, fix)
}

func (s *survey) report(severity diag.Severity, p resource.Path, code, what, why, fix string) {
	if slices.ContainsFunc(s.r.Unmanaged, p.Within) {
		return // what the manifest says there is not what will be
	}
	text := func(t string) string {
		if s.in.Unquoted == nil {
			return t
		}
		return s.in.Unquoted(s.r.Address, t)
	}
	s.found.Add(diag.Diagnostic{Severity: severity, Pos: s.r.Where(p), Address: s.r.Address.String(), Code: code,
		What: text(what), Why: text(why), Fix: text(fix)})
}

// Unverified implements [resource.Surveyor].
func (s *survey) Unverified(subject, why string) { s.open[note{subject, why}] = true }

// All implements [resource.Surveyor].
func (s *survey) All(kind string) []*resource.Resource {
	var out []*resource.Resource
	for _, a := range s.in.Desired.Addresses() {
		if a.Kind == kind {
			out = append(out, s.in.Desired[a])
		}
	}
	return out
}

// Recorded implements [resource.Surveyor].
func (s *survey) Recorded() resource.Object {
	if s.in.Recorded == nil {
		return nil
	}
	return s.in.Recorded(s.r.Address)
}

// settled tells answers from failures to ask, which it notes.
func settled[T any](s *survey, subject string, v T, err error) (T, error) {
	var none T
	var missing *schema.Missing
	var refused *schema.Refused
	switch {
	case err == nil:
		return v, nil
	case errors.As(err, &missing), errors.As(err, &refused):
		return none, err
	}
	s.Unverified(subject, err.Error())
	return none, nil
}

// about asks what lies behind a connection.
func about[T any](s *survey, ref resource.Reference, ask func(schema.Connection) (T, error)) (T, error) {
	c := schema.Connection{Key: ref.ID, ID: ref.ID}
	if ref.ID == "" {
		var why string
		if c, why = s.in.Place(ref.Address); why != "" {
			s.Unverified(ref.Address.String(), why)
			var none T
			return none, nil
		}
	}
	v, err := ask(c)
	return settled(s, c.Key, v, err)
}

// key is how a lock calls a connection.
func key(ref resource.Reference) schema.Connection {
	if ref.ID != "" {
		return schema.Connection{Key: ref.ID}
	}
	return schema.Connection{Key: ref.Address.String()}
}

// Type implements [resource.Surveyor].
func (s *survey) Type(id string) (schema.Document, error) {
	doc, err := s.in.Reader.Type(s.ctx, id)
	doc, err = settled(s, "connection type "+id, doc, err)
	switch {
	case doc != nil:
		s.seen.PutType(id, doc)
	case err == nil && s.in.Last != nil:
		if doc, err := s.in.Last.Type(s.ctx, id); err == nil {
			s.seen.PutType(id, doc)
		}
	}
	return doc, err
}

// secret reports whether a configuration holds a secret, and notes that nothing is
// asked for then.
func (s *survey) secret(configuration resource.Object) bool {
	found := false
	resource.Secrets(configuration, func(*resource.Secret) { found = true })
	if found {
		s.Unverified(s.r.Address.String(), "the configuration of a model holds a secret, which no question may carry")
	}
	return found
}

// Source implements [resource.Surveyor].
func (s *survey) Source(connection resource.Reference, configuration resource.Object) (*schema.Source, error) {
	if s.secret(configuration) {
		return nil, nil
	}
	src, err := about(s, connection, func(c schema.Connection) (*schema.Source, error) {
		return s.in.Reader.Source(s.ctx, c, configuration)
	})
	c := key(connection)
	switch {
	case src != nil:
		s.seen.PutSource(c, configuration, src)
	case err == nil && s.in.Last != nil:
		if src, err := s.in.Last.Source(s.ctx, c, configuration); err == nil {
			s.seen.PutSource(c, configuration, src)
		}
	}
	return src, err
}

// Keys implements [resource.Surveyor].
func (s *survey) Keys(connection resource.Reference) (*schema.Keys, error) {
	return about(s, connection, func(c schema.Connection) (*schema.Keys, error) { return s.in.Reader.Keys(s.ctx, c) })
}

// Enrichment implements [resource.Surveyor].
func (s *survey) Enrichment(connection resource.Reference) (*schema.Keys, error) {
	return about(s, connection, func(c schema.Connection) (*schema.Keys, error) { return s.in.Reader.Enrichment(s.ctx, c) })
}

// Inputs implements [resource.Surveyor].
func (s *survey) Inputs(connection resource.Reference, configuration resource.Object) ([][]string, error) {
	if s.secret(configuration) {
		return nil, nil
	}
	sets, err := about(s, connection, func(c schema.Connection) ([][]string, error) {
		return s.in.Reader.Inputs(s.ctx, c, configuration)
	})
	c := key(connection)
	switch {
	case sets != nil:
		s.seen.PutInputs(c, configuration, sets)
	case err == nil && s.in.Last != nil:
		if sets, err := s.in.Last.Inputs(s.ctx, c, configuration); err == nil {
			s.seen.PutInputs(c, configuration, sets)
		}
	}
	return sets, err
}

// Target implements [resource.Surveyor].
func (s *survey) Target(connection resource.Reference, object string) (*schema.Target, error) {
	t, err := about(s, connection, func(c schema.Connection) (*schema.Target, error) {
		return s.in.Reader.Target(s.ctx, c, object)
	})
	c := key(connection)
	switch {
	case t != nil:
		s.seen.PutTarget(c, t)
	case err == nil && s.in.Last != nil:
		if t, err := s.in.Last.Target(s.ctx, c, object); err == nil {
			s.seen.PutTarget(c, t)
		}
	}
	return t, err
}

// Targets implements [resource.Surveyor].
func (s *survey) Targets(connection resource.Reference) (*schema.Targets, error) {
	return about(s, connection, func(c schema.Connection) (*schema.Targets, error) { return s.in.Reader.Targets(s.ctx, c) })
}

// Property implements [resource.Surveyor].
func (s *survey) Property(connection resource.Reference, property string) ([]string, error) {
	return about(s, connection, func(c schema.Connection) ([]string, error) {
		return s.in.Reader.Property(s.ctx, c, property)
	})
}

// BulkSource implements [resource.Surveyor].
func (s *survey) BulkSource(connection resource.Reference, ids []string, fields bool) (*schema.BulkSource, error) {
	src, err := about(s, connection, func(c schema.Connection) (*schema.BulkSource, error) {
		return s.in.Reader.BulkSource(s.ctx, c, fields)
	})
	c := key(connection)
	switch {
	case src != nil:
		s.seen.PutBulkSource(c, src, ids)
	case err == nil && s.in.Last != nil:
		if src, err := s.in.Last.BulkSource(s.ctx, c, fields); err == nil {
			s.seen.PutBulkSource(c, src, ids)
		}
	}
	return src, err
}

// BulkTarget implements [resource.Surveyor].
func (s *survey) BulkTarget(connection resource.Reference) (*schema.BulkTarget, error) {
	t, err := about(s, connection, func(c schema.Connection) (*schema.BulkTarget, error) { return s.in.Reader.BulkTarget(s.ctx, c) })
	c := key(connection)
	switch {
	case t != nil:
		s.seen.PutBulkTarget(c, t)
	case err == nil && s.in.Last != nil:
		if t, err := s.in.Last.BulkTarget(s.ctx, c); err == nil {
			s.seen.PutBulkTarget(c, t)
		}
	}
	return t, err
}

// Model implements [resource.Surveyor].
func (s *survey) Model(id string) (*schema.Model, error) {
	m, err := s.in.Reader.Model(s.ctx, id)
	return settled(s, id, m, err)
}
