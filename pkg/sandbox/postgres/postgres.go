// Package postgres reads what a PostgreSQL database holds: tables, columns, keys and a
// few rows. The sandbox answers from it where a connection leads to a real database.
//
//	tables, err := postgres.Tables(ctx, postgres.Config{Host: "localhost", Port: 5432, ...})
//
// Every call opens a session of its own, which may only read and must be quick, and closes
// it. Errors say what the server or the network said, and never hold the password.
//
// It opens no SSH tunnel and shows no client certificate.
package postgres

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Limit is how long a call may take.
const Limit = 10 * time.Second

// connectLimit is how long of that the server may take to answer at all.
const connectLimit = 5 * time.Second

// Config says where a database is and as whom to read it.
type Config struct {
	Host     string
	Port     int
	Database string
	User     string
	Password string

	// SSL demands an encrypted session, of a server on this machine only if it offers
	// one. Nobody vouches for the server's certificate.
	SSL bool
}

// Table is a table, or a view, with its columns in order.
type Table struct {
	Schema  string
	Name    string
	View    bool
	Columns []Column
}

// ID is the table's name with its schema.
func (t *Table) ID() string { return t.Schema + "." + t.Name }

// Column is a column of a table or of a query's result.
type Column struct {
	Name    string
	Type    string // as PostgreSQL writes it: "timestamp with time zone"
	Kind    string // one of string, number, boolean, datetime, array, object, binary, unknown
	Comment string
	Key     bool // belongs to the primary key
	Unique  bool // no two rows have the same, by an index over this column alone
	Must    bool // a row without it is refused
	Given   bool // the database fills it, and takes no other value
}

// Ping tells whether the database lets the user in.
func Ping(ctx context.Context, c Config) error {
	return c.session(ctx, func(ctx context.Context, db *pgx.Conn) error { return db.Ping(ctx) })
}

// kind is what a type t of pg_type is to those who do not know PostgreSQL.
const kind = `CASE
	WHEN t.typname IN ('json', 'jsonb') THEN 'object'
	WHEN t.typname = 'bytea' THEN 'binary'
	WHEN t.typname IN ('date', 'timestamp', 'timestamptz') THEN 'datetime'
	ELSE CASE t.typcategory
		WHEN 'B' THEN 'boolean' WHEN 'N' THEN 'number' WHEN 'A' THEN 'array' WHEN 'C' THEN 'object'
		WHEN 'P' THEN 'unknown' WHEN 'X' THEN 'unknown' ELSE 'string' END
	END`

const tablesQuery = `
SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'), a.attname, format_type(a.atttypid, a.atttypmod), ` + kind + `,
	coalesce(col_description(c.oid, a.attnum), ''),
	EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey)),
	EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
	a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
	a.attgenerated <> '' OR a.attidentity = 'a'
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type own ON own.oid = a.atttypid
JOIN pg_type t ON t.oid = CASE own.typtype WHEN 'd' THEN own.typbasetype ELSE own.oid END
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
	AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
	AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum`

// Tables returns all tables and views of which the user may read a column, in order of
// schema and name, with those columns.
func Tables(ctx context.Context, c Config) ([]Table, error) {
	var all []Table
	err := c.session(ctx, func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, tablesQuery)
		if err != nil {
			return err
		}
		var t Table
		var col Column
		_, err = pgx.ForEachRow(rows, []any{&t.Schema, &t.Name, &t.View, &col.Name, &col.Type, &col.Kind, &col.Comment, &col.Key, &col.Unique, &col.Must, &col.Given}, func() error {
			if last := len(all) - 1; last < 0 || all[last].ID() != t.ID() {
				all = append(all, t)
			}
			into := &all[len(all)-1]
			into.Columns = append(into.Columns, col)
			return nil
		})
		return err
	})
	return all, err
}

// Describe returns the columns that a query answers. It does not run the query.
func Describe(ctx context.Context, c Config, query string) ([]Column, error) {
	var all []Column
	err := c.session(ctx, func(ctx context.Context, db *pgx.Conn) error {
		described, err := db.Prepare(ctx, "", query)
		if err != nil {
			return err
		}
		if len(described.Fields) == 0 {
			return errors.New("the query answers no rows")
		}
		if len(described.ParamOIDs) > 0 {
			return errors.New("the query has parameters, and nothing gives them a value")
		}
		types := make([]uint32, len(described.Fields))
		for i, f := range described.Fields {
			types[i] = f.DataTypeOID
		}
		all, err = columns(ctx, db, described.Fields, types)
		return err
	})
	return all, err
}

func columns(ctx context.Context, db *pgx.Conn, fields []pgconn.FieldDescription, types []uint32) ([]Column, error) {
	rows, err := db.Query(ctx, `
SELECT own.oid, format_type(own.oid, NULL), `+kind+`
FROM pg_type own
JOIN pg_type t ON t.oid = CASE own.typtype WHEN 'd' THEN own.typbasetype ELSE own.oid END
WHERE own.oid = ANY($1)`, types)
	if err != nil {
		return nil, err
	}
	known := map[uint32]Column{}
	var oid uint32
	var col Column
	if _, err := pgx.ForEachRow(rows, []any{&oid, &col.Type, &col.Kind}, func() error { known[oid] = col; return nil }); err != nil {
		return nil, err
	}
	all := make([]Column, len(fields))
	for i, f := range fields {
		all[i] = known[f.DataTypeOID]
		all[i].Name = f.Name
	}
	return all, nil
}

// SampleTable returns up to limit rows of a table, SampleQuery of a query's result, each
// as the JSON object that PostgreSQL makes of it.
func SampleTable(ctx context.Context, c Config, schema, name string, limit int) ([]map[string]any, error) {
	return sample(ctx, c, pgx.Identifier{schema, name}.Sanitize(), limit)
}

// SampleQuery is SampleTable for the result of a query.
func SampleQuery(ctx context.Context, c Config, query string, limit int) ([]map[string]any, error) {
	return sample(ctx, c, "("+strings.TrimRight(query, "; \t\r\n")+"\n)", limit)
}

func sample(ctx context.Context, c Config, from string, limit int) ([]map[string]any, error) {
	all := []map[string]any{}
	err := c.session(ctx, func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, "SELECT row_to_json(s)::text FROM (SELECT * FROM "+from+" AS t LIMIT "+strconv.Itoa(limit)+") AS s")
		if err != nil {
			return err
		}
		var text string
		_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
			row := map[string]any{}
			dec := json.NewDecoder(strings.NewReader(text))
			dec.UseNumber()
			all = append(all, row)
			return dec.Decode(&row)
		})
		return err
	})
	return all, err
}

// session runs f in a session that may only read.
func (c Config) session(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	ways, trouble := c.ways()
	for _, config := range ways {
		db, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			trouble = err
			continue
		}
		defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
		return plain(f(ctx, db))
	}
	return fmt.Errorf("cannot connect to %s: %w", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), plain(trouble))
}

// ways are the ways to try, in order.
func (c Config) ways() ([]*pgx.ConnConfig, error) {
	// Nothing of this machine's own settings may come in: the password of another
	// server, or a name that leads to one.
	config, err := pgx.ParseConfig("host=localhost user=none password=none sslmode=disable passfile=/dev/null servicefile=/dev/null")
	if err != nil {
		return nil, err
	}
	config.Host, config.Port, config.Database = c.Host, uint16(c.Port), c.Database
	config.User, config.Password = c.User, c.Password
	config.TLSConfig, config.Fallbacks, config.ConnectTimeout = nil, nil, connectLimit
	config.RuntimeParams = map[string]string{
		"application_name":              "polyplan sandbox",
		"default_transaction_read_only": "on",
		"statement_timeout":             strconv.Itoa(int(Limit.Milliseconds())),
		"lock_timeout":                  "2000",
	}
	if !c.SSL {
		return []*pgx.ConnConfig{config}, nil
	}
	secure := config.Copy()
	secure.TLSConfig = &tls.Config{ServerName: c.Host, InsecureSkipVerify: true} //nolint:gosec // as sslmode=require has it
	ways := []*pgx.ConnConfig{secure}
	if c.local() {
		ways = append(ways, config)
	}
	return ways, nil
}

func (c Config) local() bool {
	ip := net.ParseIP(c.Host)
	return c.Host == "localhost" || ip != nil && ip.IsLoopback()
}

// plain returns what the server or the network says, without the library's words around
// it. Those of an error while connecting show all settings but the password, which is
// one more than is wanted.
func plain(err error) error {
	var server *pgconn.PgError
	var dns *net.DNSError
	var network *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		return errors.New(server.Message)
	case errors.As(err, &dns):
		return errors.New(dns.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &network):
		return innermost(network)
	}
	// What is left comes from the library, in one of its wrappings or in several.
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return innermost(connecting)
	}
	return err
}

// innermost is the cause of all causes, of several the first.
func innermost(err error) error {
	for {
		switch inner := err.(type) {
		case interface{ Unwrap() []error }:
			err = inner.Unwrap()[0]
		case interface{ Unwrap() error }:
			if inner.Unwrap() == nil {
				return err
			}
			err = inner.Unwrap()
		default:
			return err
		}
	}
}
