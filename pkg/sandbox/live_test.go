package sandbox

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/polyplan/polyplan/pkg/pgtest"
)

// database is a real one, with what a test does to it.
type database struct {
	t  *testing.T
	at *url.URL
}

func newDatabase(t *testing.T) database {
	t.Helper()
	at, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	d := database{t: t, at: at}
	d.exec(`
CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, first_name text, born date);
CREATE TABLE lines (order_id int, line int, paid numeric, PRIMARY KEY (order_id, line));
CREATE VIEW adults AS SELECT id, email FROM users WHERE born < '2006-01-01';
INSERT INTO users (email, first_name, born) VALUES ('ada@example.com', 'Ada', '1815-12-10'), ('bob@example.com', NULL, NULL)`)
	return d
}

func (d database) exec(statements string) {
	d.t.Helper()
	db, err := pgx.Connect(d.t.Context(), d.at.String())
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(d.t.Context(), statements); err != nil {
		d.t.Fatal(err)
	}
}

// body is that of a connection which leads to the database.
func (d database) body(changes m) m {
	d.t.Helper()
	port, err := strconv.Atoi(d.at.Port())
	if err != nil {
		d.t.Fatal(err)
	}
	configuration := m{
		"hostname": d.at.Hostname(), "port": port, "database": strings.TrimPrefix(d.at.Path, "/"),
		"username": pgtest.User, "password": pgtest.Password,
	}
	return m{"name": "Real", "type": "postgresql", "configuration": patched(configuration, changes)}
}

func TestLiveSources(t *testing.T) {
	db := newDatabase(t)
	c := start(t, Options{LiveSources: true, Pace: -1})
	conn := id(c.post("/api/connections", db.body(nil)))
	at := "/api/connections/" + conn
	equal(t, "status", "healthy", c.get(at)["status"])
	equal(t, "password", mask, c.get(at)["configuration"].(m)["password"])

	items := c.get(at + "/modelsync/source")["items"].(m)
	equal(t, "tables", []any{"public.lines", "public.users"}, items["table"].(m)["items"])
	equal(t, "views", []any{"public.adults"}, items["view"].(m)["items"])

	fields := func(query string) (all []string) {
		t.Helper()
		for _, f := range c.items(at + "/modelsync/source/fields?" + query) {
			f := f.(m)
			all = append(all, f["name"].(string)+" "+f["type"].(string)+" "+f["remote_type"].(string))
		}
		return all
	}
	equal(t, "fields of a table", []string{"id number integer", "email string text", "first_name string text", "born datetime date"}, fields("params[table]=users"))
	equal(t, "fields of a view", []string{"id number integer", "email string text"}, fields("params[view]=public.adults"))
	equal(t, "fields of a query", []string{"email string text", "n number bigint"},
		fields(url.Values{"params[query]": {"SELECT email, count(*) AS n FROM users GROUP BY email"}}.Encode()))
	c.refuse(400, `table "nobody" does not exist`, "GET", at+"/modelsync/source/fields?params[table]=nobody", nil)
	c.refuse(400, `relation "nobody" does not exist`, "POST", "/api/model-preview", m{"name": "M", "connection_id": conn, "configuration": m{"query": "SELECT * FROM nobody"}})

	model := c.post("/api/models", m{"name": "Users", "connection_id": conn, "configuration": m{"table": "users"}, "fields": []string{"email", "first_name"}, "identifier": "email"})
	equal(t, "example", "ada@example.com", model["fields"].([]any)[0].(m)["example"])
	equal(t, "sample", []any{
		m{id(model): m{"email": "ada@example.com", "first_name": "Ada"}},
		m{id(model): m{"email": "bob@example.com", "first_name": nil}},
	}, c.get("/api/models/" + id(model) + "/sample")["records"])
	c.refuse(400, `no field "nickname"`, "POST", "/api/models", m{"name": "M", "connection_id": conn, "configuration": m{"table": "users"}, "fields": []string{"nickname"}})

	lines := c.get(at + "/schemas/public.lines")["fields"].([]any)
	var keys []any
	for _, f := range lines {
		keys = append(keys, f.(m)["is_primary_key"])
	}
	equal(t, "keys", []any{true, true, false}, keys)
	records := c.items(at + "/schemas/public.users/records")
	if len(records) != 2 || records[0].(m)["born"] != "1815-12-10" {
		t.Errorf("records = %v", records)
	}
	if schemas := c.get(at + "/bulksync/source")["schemas"].([]any); len(schemas) != 3 {
		t.Errorf("schemas = %v", schemas)
	}

	target := c.get(at + "/modelsync/target/fields?target=public.users")["fields"].([]any)
	equal(t, "id", []any{false, false, "integer"}, []any{target[0].(m)["required"], target[0].(m)["createable"], target[0].(m)["source_type"]})
	equal(t, "email", []any{true, true}, []any{target[1].(m)["required"], target[1].(m)["createable"]})
	body := m{
		"name": "Back", "mode": "update", "schedule": m{"frequency": "manual"}, "target": m{"connection_id": conn, "object": "public.users"},
		"identity": m{"source": m{"model_id": id(model), "field": "email"}, "target": "email", "function": "Equality"},
		"fields":   []m{{"source": m{"model_id": id(model), "field": "first_name"}, "target": "first_name"}},
	}
	c.post("/api/syncs", body)
	c.refuse(422, `has no object "public.nobody"`, "POST", "/api/syncs", patched(body, m{"target": m{"connection_id": conn, "object": "public.nobody"}}))
}

// What the source is now shows at once; what a model read when it was written stays.
func TestLiveSourceChanges(t *testing.T) {
	db := newDatabase(t)
	c := start(t, Options{LiveSources: true, Pace: -1})
	conn := id(c.post("/api/connections", db.body(nil)))
	body := m{"name": "Users", "connection_id": conn, "configuration": m{"table": "users"}}
	model := c.post("/api/models", body)
	names := func(fields any) string {
		var all []string
		for _, f := range fields.([]any) {
			all = append(all, f.(m)["name"].(string))
		}
		return strings.Join(all, " ")
	}
	db.exec("ALTER TABLE users RENAME COLUMN first_name TO given_name")
	equal(t, "source", "id email given_name born", names(c.items("/api/connections/"+conn+"/modelsync/source/fields?params[table]=users")))
	equal(t, "model", "id email first_name born", names(c.get("/api/models/" + id(model))["fields"]))
	equal(t, "model written again", "id email given_name born", names(c.put("/api/models/"+id(model), body)["fields"]))
}

// Between two looks at a source its clock must have moved on, unless a client says so.
func TestLiveSourcesAreCached(t *testing.T) {
	db := newDatabase(t)
	at := newClock()
	c := start(t, Options{LiveSources: true, Clock: at.now})
	conn := "/api/connections/" + id(c.post("/api/connections", db.body(nil)))
	tables := func() int {
		t.Helper()
		return len(c.items(conn + "/modelsync/targetobjects"))
	}
	equal(t, "at first", 2, tables())
	db.exec("CREATE TABLE more (id int)")
	equal(t, "at once", 2, tables())
	at.advance(c.s.opts.Pace)
	equal(t, "later", 3, tables())
	db.exec("CREATE TABLE even_more (id int)")
	c.get(conn + "/modelsync/target/fields?target=public.users&refresh=true")
	equal(t, "after refresh=true", 4, tables())
	db.exec("CREATE TABLE most (id int)")
	c.post(conn+"/schemas/refresh", nil)
	equal(t, "after a refresh of the schemas", 5, tables())
}

func TestLiveSourceOutOfReach(t *testing.T) {
	db := newDatabase(t)
	c := start(t, Options{LiveSources: true, Pace: -1})
	password := "sesame-" + t.Name()
	for name, tt := range map[string]struct {
		changes m
		want    string
	}{
		"password":     {m{"password": password}, "password authentication failed"},
		"database":     {m{"database": "nowhere"}, `database "nowhere" does not exist`},
		"port":         {m{"port": 1, "password": password}, "connection refused"},
		"tunnel":       {m{"ssh": true, "ssh_host": "h"}, "ssh"},
		"certificates": {m{"client_certs": true}, "client_certs"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, answer := range []m{
				c.refuse(422, tt.want, "POST", "/api/connections", db.body(tt.changes)),
				c.refuse(400, tt.want, "POST", "/api/connections/test", patched(db.body(tt.changes), m{"name": nil})),
			} {
				if strings.Contains(answer["message"].(string), password) {
					t.Errorf("the password is in %v", answer)
				}
			}
		})
	}
	// Unchecked it is kept, and of no use.
	conn := c.post("/api/connections", patched(db.body(m{"password": password}), m{"validate": false}))
	equal(t, "status", "error", c.get("/api/connections/" + id(conn))["status"])
	at := "/api/connections/" + id(conn)
	for _, path := range []string{"/modelsync/source", "/modelsync/source/fields?params[table]=users", "/modelsync/targetobjects", "/schemas/public.users"} {
		c.refuse(400, "password authentication failed", "GET", at+path, nil)
	}
	c.refuse(400, "password authentication failed", "POST", "/api/models", m{"name": "M", "connection_id": id(conn), "configuration": m{"table": "users"}})
	c.refuse(422, "password authentication failed", "POST", "/api/bulk/syncs", m{
		"name": "B", "source_connection_id": id(conn), "destination_connection_id": id(conn), "destination_configuration": m{"schema": "s"}, "schedule": m{"frequency": "manual"},
	})
	job := c.do("POST", "/api/models?async=true", m{"name": "M", "connection_id": id(conn), "configuration": m{"table": "users"}})["job"].(m)
	path := "/api/jobs/createmodel/" + job["job_id"].(string)
	c.get(path) // still running
	equal(t, "job", "failed", c.get(path)["status"])
}

// While a database is asked, others are served.
func TestLiveSourcesHoldNobodyUp(t *testing.T) {
	db := newDatabase(t)
	c := start(t, Options{LiveSources: true, Pace: -1})
	conn := id(c.post("/api/connections", db.body(nil)))
	lock, err := pgx.Connect(t.Context(), db.at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close(context.Background())
	if _, err := lock.Exec(t.Context(), "BEGIN; LOCK TABLE users"); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan m)
	go func() {
		_, got := c.send(c.request("GET", "/api/connections/"+conn+"/schemas/public.users/records", nil))
		waiting <- got
	}()
	for waits := 0; waits == 0; {
		if err := lock.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass").Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.items("/api/connections"); len(got) != 1 {
		t.Errorf("connections = %v", got)
	}
	if _, err := lock.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if got := <-waiting; len(got["data"].([]any)) != 2 {
		t.Errorf("records = %v", got)
	}
}

// What has not to do with PostgreSQL stays made up.
func TestLiveSourcesLeaveTheRestAlone(t *testing.T) {
	c := start(t, Options{LiveSources: true})
	stripe := id(c.post("/api/connections", m{"name": "Stripe", "type": "stripe", "configuration": m{"api_key": "made-up-key"}}))
	if fields := c.items("/api/connections/" + stripe + "/modelsync/source/fields?params[stream_id]=customers"); len(fields) == 0 {
		t.Error("customers have no fields")
	}
}
