package postgres

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/polyplan/polyplan/pkg/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }

// database makes one with what the statements make, and returns where it is.
func database(t *testing.T, statements string) Config {
	t.Helper()
	at := pgtest.URL(t)
	db, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return Config{Host: u.Hostname(), Port: port, Database: strings.TrimPrefix(u.Path, "/"), User: u.User.Username(), Password: password, SSL: true}
}

const shop = `
CREATE DOMAIN price AS numeric(10, 2);
CREATE TYPE plan AS ENUM ('free', 'pro');
CREATE TABLE users (
	id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	email text NOT NULL UNIQUE,
	plan plan NOT NULL DEFAULT 'free',
	joined timestamptz,
	tags text[],
	extra jsonb,
	photo bytea,
	active boolean,
	lunch time,
	gone int
);
ALTER TABLE users DROP COLUMN gone;
COMMENT ON COLUMN users.email IS 'where letters go';
CREATE SCHEMA "Sales";
CREATE TABLE "Sales"."Order Lines" ("order" int, line int, paid price, PRIMARY KEY ("order", line));
CREATE VIEW active AS SELECT id, email FROM users WHERE active;
INSERT INTO users (email, tags, extra, joined) VALUES ('ada@example.com', '{a,b}', '{"n": 12345678901234567890}', '2024-02-08T10:00:00Z'), ('bob@example.com', NULL, NULL, NULL);
`

func TestTables(t *testing.T) {
	got, err := Tables(t.Context(), database(t, shop))
	if err != nil {
		t.Fatal(err)
	}
	want := []Table{
		{Schema: "Sales", Name: "Order Lines", Columns: []Column{
			{Name: "order", Type: "integer", Kind: "number", Key: true, Must: true},
			{Name: "line", Type: "integer", Kind: "number", Key: true, Must: true},
			{Name: "paid", Type: "price", Kind: "number"},
		}},
		{Schema: "public", Name: "active", View: true, Columns: []Column{
			{Name: "id", Type: "integer", Kind: "number"}, {Name: "email", Type: "text", Kind: "string"},
		}},
		{Schema: "public", Name: "users", Columns: []Column{
			{Name: "id", Type: "integer", Kind: "number", Key: true, Unique: true, Given: true},
			{Name: "email", Type: "text", Kind: "string", Unique: true, Must: true, Comment: "where letters go"},
			{Name: "plan", Type: "plan", Kind: "string"},
			{Name: "joined", Type: "timestamp with time zone", Kind: "datetime"},
			{Name: "tags", Type: "text[]", Kind: "array"},
			{Name: "extra", Type: "jsonb", Kind: "object"},
			{Name: "photo", Type: "bytea", Kind: "binary"},
			{Name: "active", Type: "boolean", Kind: "boolean"},
			{Name: "lunch", Type: "time without time zone", Kind: "string"},
		}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Tables (-want +got):\n%s", d)
	}
}

func TestDescribe(t *testing.T) {
	c := database(t, shop)
	got, err := Describe(t.Context(), c, "SELECT email, count(*) AS n, 1.5 AS rate FROM users GROUP BY email;")
	if err != nil {
		t.Fatal(err)
	}
	want := []Column{{Name: "email", Type: "text", Kind: "string"}, {Name: "n", Type: "bigint", Kind: "number"}, {Name: "rate", Type: "numeric", Kind: "number"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Describe (-want +got):\n%s", d)
	}
	for query, want := range map[string]string{
		"SELECT nobody FROM users":          `column "nobody" does not exist`,
		"SELECT 1; SELECT 2":                "multiple commands",
		"DELETE FROM users":                 "no rows",
		"SELECT * FROM users WHERE id = $1": "parameters",
		"SELEKT":                            "syntax error",
	} {
		if _, err := Describe(t.Context(), c, query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

func TestSample(t *testing.T) {
	c := database(t, shop)
	rows, err := SampleTable(t.Context(), c, "public", "users", 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"id": json.Number("1"), "email": "ada@example.com", "plan": "free", "joined": "2024-02-08T10:00:00+00:00", "tags": []any{"a", "b"},
		"extra": map[string]any{"n": json.Number("12345678901234567890")}, "photo": nil, "active": nil, "lunch": nil,
	}}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("SampleTable (-want +got):\n%s", d)
	}
	if rows, err := SampleTable(t.Context(), c, "Sales", "Order Lines", 5); err != nil || len(rows) != 0 {
		t.Errorf("of an empty table: %v, %v", rows, err)
	}
	rows, err = SampleQuery(t.Context(), c, "SELECT email FROM users ORDER BY email DESC -- last\n;", 5)
	if d := cmp.Diff([]map[string]any{{"email": "bob@example.com"}, {"email": "ada@example.com"}}, rows); d != "" || err != nil {
		t.Errorf("SampleQuery: %v (-want +got):\n%s", err, d)
	}
}

// Whatever the query says, the source stays as it is.
func TestNothingIsWritten(t *testing.T) {
	c := database(t, shop+"CREATE FUNCTION drop_in() RETURNS int LANGUAGE sql AS $$ INSERT INTO users (email) VALUES ('eve@example.com') RETURNING id $$;")
	if _, err := SampleQuery(t.Context(), c, "SELECT drop_in()", 1); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("a query that writes: %v", err)
	}
	if rows, err := SampleTable(t.Context(), c, "public", "users", 9); err != nil || len(rows) != 2 {
		t.Errorf("rows afterwards: %v, %v", rows, err)
	}
}

func TestTrouble(t *testing.T) {
	good := database(t, "")
	if err := Ping(t.Context(), good); err != nil {
		t.Fatalf("all is well: %v", err)
	}
	// What this machine's own settings say must not get in.
	t.Setenv("PGPASSWORD", good.Password)
	t.Setenv("PGSSLMODE", "verify-full")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, tt := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"password":    {func(c *Config) { c.Password = "sesame-wrong" }, "password authentication failed"},
		"no password": {func(c *Config) { c.Password = "" }, "password"},
		"database":    {func(c *Config) { c.Database = "nowhere" }, `database "nowhere" does not exist`},
		"port":        {func(c *Config) { c.Port = closed.Addr().(*net.TCPAddr).Port }, "connection refused"},
		"host":        {func(c *Config) { c.Host = "nowhere.invalid" }, "nowhere.invalid"},
	} {
		c := good
		tt.change(&c)
		err := Ping(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
			continue
		}
		for _, secret := range []string{good.Password, "sesame"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the password is in %q", name, err)
			}
		}
	}
}
