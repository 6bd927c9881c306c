package sandbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/polyplan/polyplan/pkg/sandbox/postgres"
)

// liveType is the connection type that Options.LiveSources is about.
const liveType = "postgresql"

// live returns where the connection's database is, if the sandbox looks into it.
func (c *call) live(conn *record) (postgres.Config, bool) {
	if !c.s.opts.LiveSources || text(conn.Body, "type") != liveType {
		return postgres.Config{}, false
	}
	return liveConfig(object(conn.Body, "configuration")), true
}

func liveConfig(configuration map[string]any) postgres.Config {
	return postgres.Config{
		Host: text(configuration, "hostname"), Port: number(configuration, "port"), Database: text(configuration, "database"),
		User: text(configuration, "username"), Password: text(configuration, "password"), SSL: flag(configuration, "ssl"),
	}
}

// unreachable says why the database behind a connection of the type does not let the
// sandbox in, or is "".
func (c *call) unreachable(typ string, configuration map[string]any) (string, error) {
	if !c.s.opts.LiveSources || typ != liveType {
		return "", nil
	}
	for _, name := range []string{"ssh", "client_certs"} {
		if flag(configuration, name) {
			return "the sandbox reaches a database without " + name + " only", nil
		}
	}
	config := liveConfig(configuration)
	_, err := c.ask("ping", config, func(ctx context.Context) (any, error) { return nil, postgres.Ping(ctx, config) })
	if err == errAsked {
		return "", err
	}
	if err != nil {
		return err.Error(), nil
	}
	return "", nil
}

// service returns what the connection's service holds: of a real database what is there,
// of everything else what is made up.
func (c *call) service(conn *record) (*service, error) {
	base := c.s.services.of(text(conn.Body, "type"))
	config, live := c.live(conn)
	if !live {
		return base, nil
	}
	v, err := c.ask("tables", config, func(ctx context.Context) (any, error) { return postgres.Tables(ctx, config) })
	if err != nil {
		return nil, fromUpstream(err)
	}
	sv, src, tgt := *base, *base.Source, *base.Target
	src.Objects, tgt.Objects = nil, nil
	tables := v.([]postgres.Table)
	for i := range tables {
		src.Objects = append(src.Objects, sourceTable(&tables[i]))
		if !tables[i].View {
			tgt.Objects = append(tgt.Objects, targetTable(&tables[i]))
		}
	}
	sv.Source, sv.Target = &src, &tgt
	return &sv, nil
}

// fromUpstream is how an operation answers what a database said.
func fromUpstream(err error) error {
	if err == errAsked {
		return err
	}
	p := badRequest("%s", err)
	p.upstream = true
	return p
}

func sourceTable(t *postgres.Table) sourceObject {
	spellings := []string{t.ID()}
	if t.Schema == "public" { // where a name without a schema is looked for
		spellings = append(spellings, t.Name)
	}
	key := "table"
	if t.View {
		key = "view"
	}
	return sourceObject{ID: t.ID(), Name: t.Name, Keys: map[string][]string{key: spellings}, Fields: columnFields(t.Columns), table: t}
}

func columnFields(columns []postgres.Column) []field {
	var fields []field
	for _, col := range columns {
		fields = append(fields, field{Name: col.Name, Type: col.Kind, Remote: col.Type, Unique: col.Unique, Key: col.Key})
	}
	return fields
}

func targetTable(t *postgres.Table) targetObject {
	o := targetObject{ID: t.ID(), Name: t.ID(), NewField: true, Fields: []targetField{}}
	for _, col := range t.Columns {
		o.Fields = append(o.Fields, targetField{
			ID: col.Name, Name: col.Name, Type: col.Kind, Remote: col.Type, Required: col.Must, ReadOnly: col.Given,
			Identity: col.Kind == "string" || col.Kind == "number", Filterable: true,
		})
	}
	return o
}

// lookupLive is lookup in a real database. The fields of a query are those it answers, and
// the examples are the first row's.
func (c *call) lookupLive(src *source, config postgres.Config, configuration map[string]any) (*found, error) {
	objects, _, err := src.narrow(configuration)
	if err != nil {
		return nil, err
	}
	out := &found{}
	if query := text(configuration, "query"); query != "" {
		v, err := c.ask("columns "+query, config, func(ctx context.Context) (any, error) { return postgres.Describe(ctx, config, query) })
		if err != nil {
			return nil, fromUpstream(fmt.Errorf("configuration: query: %w", err))
		}
		out.fields = columnFields(v.([]postgres.Column))
	} else {
		out.fields = slices.Clone(objects[0].Fields)
	}
	rows, err := c.rows(src, config, configuration, 1)
	if err == errAsked {
		return nil, err
	}
	for i := range out.fields {
		if len(rows) > 0 { // else the source is empty, or takes too long
			out.fields[i].Example = rows[0][out.fields[i].Name]
		}
	}
	return out, nil
}

// rows returns up to limit rows of what the configuration selects.
func (c *call) rows(src *source, config postgres.Config, configuration map[string]any, limit int) ([]map[string]any, error) {
	query := text(configuration, "query")
	objects, _, err := src.narrow(configuration)
	if err != nil {
		return nil, err
	}
	question := fmt.Sprintf("%d rows %s", limit, query)
	read := func(ctx context.Context) (any, error) { return postgres.SampleQuery(ctx, config, query, limit) }
	if query == "" {
		t := objects[0].table
		question = fmt.Sprintf("%d rows %s", limit, t.ID())
		read = func(ctx context.Context) (any, error) {
			return postgres.SampleTable(ctx, config, t.Schema, t.Name, limit)
		}
	}
	v, err := c.ask(question, config, read)
	if err != nil {
		return nil, fromUpstream(err)
	}
	return v.([]map[string]any), nil
}

// A model remembers in its State under "reads" the fields of a real database as they were
// when it was last written, as the service does. Otherwise every list of models would ask
// every database.

// remember keeps with the model what it reads.
func (c *call) remember(model, conn *record, at *found) error {
	delete(model.State, "reads")
	if _, live := c.live(conn); !live {
		return nil
	}
	kept, err := plainJSON(at.fields)
	model.State["reads"] = kept
	return err
}

// remembered is what the model read when it was last written; false if it never read a
// real database.
func remembered(model *record) (*found, bool) {
	kept, live := model.State["reads"]
	if !live {
		return nil, false
	}
	out := &found{}
	raw, err := encodeJSON(kept)
	if err != nil || decodeJSON(raw, &out.fields) != nil {
		return nil, false
	}
	return out, true
}

// errAsked ends the attempt to serve a call that has to know first what it asked. No
// client ever sees it.
var errAsked error = &problem{status: 500, key: "asked", message: "the answer of the database is awaited"}

// questions are what a call asked of real databases. No database may be waited for while
// the server's lock is held. So a call that asks is given up, its questions are answered
// without the lock, and it is served anew from the start, with the answers.
type questions struct {
	open    map[string]func(context.Context) (any, error)
	answers map[string]fact
}

// fact is what a database answered, or why it did not.
type fact struct {
	value any
	err   error
	at    time.Time
}

// ask returns what the database answers to the question, or errAsked.
func (c *call) ask(question string, config postgres.Config, f func(context.Context) (any, error)) (any, error) {
	key := fmt.Sprintf("%q %+v", question, config)
	if c.asked == nil { // a change made from within: nobody else waits
		return f(context.Background())
	}
	if known, ok := c.asked.answers[key]; ok {
		return known.value, known.err
	}
	c.asked.open[key] = f
	return nil, errAsked
}

// settle answers the questions that are open, and reports whether there were any.
func (s *Server) settle(q *questions) bool {
	if len(q.open) == 0 {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for key, f := range q.open {
		wg.Go(func() {
			known := s.facts.get(ctx, key, s.opts, f)
			mu.Lock()
			defer mu.Unlock()
			q.answers[key] = known
		})
	}
	wg.Wait()
	clear(q.open)
	return true
}

// facts are what databases answered lately: like the service's, the sandbox's view of a
// source is as old as Options.Pace at most.
type facts struct {
	mu    sync.Mutex
	known map[string]fact
}

func (fs *facts) get(ctx context.Context, key string, o Options, ask func(context.Context) (any, error)) fact {
	now := o.Clock()
	fs.mu.Lock()
	known, ok := fs.known[key]
	fs.mu.Unlock()
	if ok && now.Sub(known.at) < o.Pace {
		return known
	}
	fresh := fact{at: now}
	fresh.value, fresh.err = ask(ctx)
	if o.Pace <= 0 || ctx.Err() != nil {
		return fresh
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for key, old := range fs.known {
		if now.Sub(old.at) >= o.Pace {
			delete(fs.known, key)
		}
	}
	fs.known[key] = fresh
	return fresh
}

// forget makes that every database is asked anew.
func (fs *facts) forget() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	clear(fs.known)
}

// refreshes forgets what is known of databases if the query says refresh=true.
func (c *call) refreshes() error {
	refresh, _, err := c.boolQuery("refresh")
	if refresh {
		c.s.facts.forget()
	}
	return err
}
