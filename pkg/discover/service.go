package discover

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// Service reads schemas from the service.
type Service struct {
	c *api.Client
	// Previews allows questions that are POSTs. Set it before the first question.
	Previews bool
	// Last answers what cannot be asked without a preview; may be nil.
	Last *schema.Lock

	types      memo[schema.Document]
	sources    memo[*schema.Source]
	enrichment memo[*schema.Keys]
	inputs     memo[[][]string]
	keys       memo[*schema.Keys]
	target     memo[*schema.Target]
	targets    memo[*schema.Targets]
	properties memo[[]string]
	models     memo[*schema.Model]
	bulkSource memo[*schema.BulkSource]
	bulkTarget memo[*schema.BulkTarget]
	gates      memo[*gate]
}

// New reads through c.
func New(c *api.Client) *Service { return &Service{c: c} }

// memo remembers answers, and errors, by question; a question that is being
// asked is waited for.
type memo[T any] struct {
	mu   sync.Mutex
	asks map[string]func() (T, error)
}

func (m *memo[T]) get(key string, ask func() (T, error)) (T, error) {
	m.mu.Lock()
	f, ok := m.asks[key]
	if !ok {
		if m.asks == nil {
			m.asks = map[string]func() (T, error){}
		}
		f = sync.OnceValues(ask)
		m.asks[key] = f
	}
	m.mu.Unlock()
	return f()
}

// gate lets the first question about a connection go alone.
type gate struct {
	mu   sync.Mutex
	open bool
	shut error
}

func (g *gate) pass(ask func() error) error {
	g.mu.Lock()
	if g.open {
		g.mu.Unlock()
		return ask()
	}
	defer g.mu.Unlock()
	if g.shut != nil {
		return g.shut
	}
	err := ask()
	if g.open = err == nil || settled(err); !g.open {
		g.shut = err
	}
	return err
}

// behind asks a GET about what lies behind a connection.
func (s *Service) behind(ctx context.Context, c schema.Connection, rest string, q url.Values) (resp *transport.Response, err error) {
	err = s.gate(c).pass(func() error {
		resp, err = s.get(ctx, connection(c, rest), q)
		return err
	})
	return resp, err
}

func (s *Service) gate(c schema.Connection) *gate {
	g, _ := s.gates.get(c.ID, func() (*gate, error) { return &gate{}, nil })
	return g
}

func (s *Service) get(ctx context.Context, path string, q url.Values) (*transport.Response, error) {
	resp, err := s.c.Ask(ctx, transport.Request{Method: http.MethodGet, Path: path, Query: q})
	return resp, settle(err)
}

// list are the objects in the data of an answer, which may be null.
func list(resp *transport.Response) ([]map[string]any, error) {
	if len(resp.Data) == 0 {
		return nil, nil
	}
	v, err := transport.Decode(resp.Data)
	if o, single := v.(map[string]any); single {
		return []map[string]any{o}, err
	}
	return objects(v), err
}

// settle tells a question that was answered with no from one that was not
// answered. Which is which only the status says (API dossier 6): 500 and its
// kin, 401, 403, 429 and a lost connection tell nothing of what was asked for.
func settle(err error) error {
	var job *transport.JobError
	if errors.As(err, &job) && !job.Pending {
		return &schema.Refused{Message: job.Message, Err: err}
	}
	var e *transport.Error
	if !errors.As(err, &e) || e.NotSent {
		return err
	}
	switch e.Status {
	case http.StatusNotFound:
		return &schema.Missing{Err: err}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return &schema.Refused{Message: cmp.Or(e.Message, http.StatusText(e.Status)), Err: err}
	}
	return err
}

func settled(err error) bool {
	var missing *schema.Missing
	var refused *schema.Refused
	return errors.As(err, &missing) || errors.As(err, &refused)
}

func connection(c schema.Connection, rest string) string {
	return "/api/connections/" + transport.PathSegment(c.ID) + rest
}

// Type implements [schema.Reader]. Its answer has no envelope (API dossier 8.2).
func (s *Service) Type(ctx context.Context, id string) (schema.Document, error) {
	return s.types.get(id, func() (schema.Document, error) {
		resp, err := s.get(ctx, "/api/connection_types/"+transport.PathSegment(id), nil)
		if err != nil {
			return nil, err
		}
		doc, err := transport.DecodeObject(resp.Raw)
		if err != nil {
			return nil, fmt.Errorf("the schema of %s: %w", id, err)
		}
		return doc, nil
	})
}

// longest is how long a configuration may be as a part of an address: servers
// refuse longer ones.
const longest = 2000

// errNoGet says that a configuration cannot be asked for by a GET.
var errNoGet = errors.New("only a preview tells what its models read; `polyplan validate --online` makes one")

// params are a model's configuration as parameters of a GET, if it fits: texts
// alone have a documented form (API dossier 8.8).
func params(configuration map[string]any) (url.Values, bool) {
	q := url.Values{}
	for _, key := range resource.Keys(configuration) {
		switch v := configuration[key].(type) {
		case string:
			if v != "" {
				q.Set("params["+key+"]", v)
			}
		case nil:
		default:
			return nil, false
		}
	}
	return q, len(q.Encode()) <= longest
}

// Source implements [schema.Reader].
func (s *Service) Source(ctx context.Context, c schema.Connection, configuration map[string]any) (*schema.Source, error) {
	key, err := json.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	return s.sources.get(c.ID+" "+string(key), func() (*schema.Source, error) {
		if q, ok := params(configuration); ok {
			resp, err := s.behind(ctx, c, "/modelsync/source/fields", q)
			if err != nil {
				return nil, err
			}
			fields, err := list(resp)
			return sourceOf(fields), err
		}
		if !s.Previews {
			if s.Last != nil {
				if src, err := s.Last.Source(ctx, c, configuration); err == nil {
					return src, nil
				}
			}
			return nil, errNoGet
		}
		var fields []map[string]any
		err := s.gate(c).pass(func() error {
			o, err := s.c.AskObject(ctx, transport.Request{Method: http.MethodPost, Path: "/api/model-preview", Slow: true,
				Body: map[string]any{"name": "preview", "connection_id": c.ID, "configuration": configuration}})
			fields = objects(o["fields"])
			return settle(err)
		})
		return sourceOf(fields), err
	})
}

func sourceOf(fields []map[string]any) *schema.Source {
	out := &schema.Source{}
	for _, f := range fields {
		if name := text(f["name"]); name != "" {
			out.Fields = append(out.Fields, schema.Field{Name: name, Label: text(f["label"]), Type: text(f["type"])})
		}
	}
	return out
}

// Keys implements [schema.Reader].
func (s *Service) Keys(ctx context.Context, c schema.Connection) (*schema.Keys, error) {
	return s.keys.get(c.ID, func() (*schema.Keys, error) {
		o, err := s.object(ctx, c, "/modelsync/source", nil)
		return keysOf(o), err
	})
}

func keysOf(o map[string]any) *schema.Keys {
	if o == nil {
		return nil
	}
	out := &schema.Keys{Values: map[string][]string{}, OneOf: texts(o["requires_one_of"])}
	for _, member := range []string{"items", "configuration"} {
		keys, _ := o[member].(map[string]any)
		for key, v := range keys {
			item, _ := v.(map[string]any)
			out.Values[key] = choices(item["items"])
		}
	}
	return out
}

// Enrichment implements [schema.Reader].
func (s *Service) Enrichment(ctx context.Context, c schema.Connection) (*schema.Keys, error) {
	return s.enrichment.get(c.ID, func() (*schema.Keys, error) {
		o, err := s.object(ctx, c, "/modelsync/enrichment-source", nil)
		return keysOf(o), err
	})
}

// errNoInputs says that only a POST asks for the inputs of an enrichment.
var errNoInputs = errors.New("no GET tells the inputs of an enrichment; `polyplan validate --online` asks for them")

// Inputs implements [schema.Reader]. The question is a POST that saves nothing, and
// so needs the leave that previews need.
func (s *Service) Inputs(ctx context.Context, c schema.Connection, configuration map[string]any) ([][]string, error) {
	key, err := json.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	return s.inputs.get(c.ID+" "+string(key), func() (sets [][]string, err error) {
		if !s.Previews {
			if s.Last != nil {
				if sets, err := s.Last.Inputs(ctx, c, configuration); err == nil {
					return sets, nil
				}
			}
			return nil, errNoInputs
		}
		err = s.gate(c).pass(func() error {
			resp, err := s.c.Ask(ctx, transport.Request{Method: http.MethodPost, Path: "/api/enrichment/" + transport.PathSegment(c.ID) + "/inputfields",
				Body: map[string]any{"configuration": configuration}})
			if err != nil {
				return settle(err)
			}
			sets = [][]string{}
			if len(resp.Data) == 0 {
				return nil
			}
			v, err := transport.Decode(resp.Data)
			all, _ := v.([]any)
			for _, set := range all {
				sets = append(sets, texts(set))
			}
			return err
		})
		return sets, err
	})
}

// object asks for an object behind a connection.
func (s *Service) object(ctx context.Context, c schema.Connection, rest string, q url.Values) (map[string]any, error) {
	resp, err := s.behind(ctx, c, rest, q)
	if err != nil {
		return nil, err
	}
	return resp.Object()
}

// Model implements [schema.Reader].
func (s *Service) Model(ctx context.Context, id string) (*schema.Model, error) {
	return s.models.get(id, func() (*schema.Model, error) {
		resp, err := s.get(ctx, "/api/models/"+transport.PathSegment(id), nil)
		if err != nil {
			return nil, err
		}
		o, err := resp.Object()
		if err != nil {
			return nil, err
		}
		out := &schema.Model{Name: text(o["name"]), Configuration: map[string]any{}}
		out.Connection.ID = text(o["connection_id"])
		out.Connection.Key = out.Connection.ID
		configuration, _ := o["configuration"].(map[string]any)
		for key, v := range configuration {
			if v = resource.Normalize(v); key != "tracking_columns" && !resource.Empty(v) { // the server's additions (API dossier 14)
				out.Configuration[key] = v
			}
		}
		for _, f := range objects(o["fields"]) {
			if own, _ := f["user_added"].(bool); own {
				out.Own = append(out.Own, schema.Field{Name: text(f["name"]), Type: text(f["type"])})
			}
		}
		out.Enriched = !resource.Empty(resource.Normalize(o["enricher"]))
		return out, nil
	})
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s := text(e); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// choices are values to choose from: plain, or {value, label} of a picker; nil
// if they are not told.
func choices(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			e = o["value"]
		}
		if s := resource.Text(resource.Normalize(e)); s != "" && !strings.ContainsAny(s, "{[") {
			out = append(out, s)
		}
	}
	return out
}

// Trial has an object tried out. An empty answer is a good one.
func (s *Service) Trial(ctx context.Context, path string, body map[string]any) error {
	_, err := s.c.Ask(ctx, transport.Request{Method: http.MethodPost, Path: path, Body: body, Slow: true, EmptyOK: true})
	return settle(err)
}
