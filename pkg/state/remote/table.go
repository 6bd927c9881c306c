package remote

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/polyplan/polyplan/pkg/state"
)

// table keeps objects as rows of a table, which it makes when it first writes.
type table struct {
	pool *pgxpool.Pool
	name string // of the state; a table has room for many
}

const maxConns = 4

// Names are compared byte by byte, so that those with a prefix stand in a row.
const makeTable = `CREATE TABLE IF NOT EXISTS polyplan_objects (
	state text NOT NULL,
	name text COLLATE "C" NOT NULL,
	content bytea NOT NULL,
	made timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (state, name))`

func openTable(ctx context.Context, u *url.URL) (state.Objects, error) {
	at := *u
	q := u.Query()
	name := q.Get("state")
	if name == "" {
		name = "default"
	}
	q.Del("state")
	at.RawQuery = q.Encode()
	config, err := pgxpool.ParseConfig(at.String())
	if err != nil {
		return nil, errors.New("it is not an address of PostgreSQL's: write it as in postgres://user@host/database?sslmode=verify-full")
	}
	config.MaxConns = maxConns
	// What is acknowledged must be durable, whatever the server's default.
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	config.ConnConfig.RuntimeParams["application_name"] = "polyplan"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &table{pool, name}, nil
}

func (t *table) Create(ctx context.Context, name string, content []byte) error {
	done, err := t.insert(ctx, name, content)
	if missing(err) {
		// Of two that make it at once, one may be told that it is there.
		if _, err := t.pool.Exec(ctx, makeTable); err != nil && !isCode(err, "23505", "42P07") {
			return err
		}
		done, err = t.insert(ctx, name, content)
	}
	if err == nil && done.RowsAffected() == 0 {
		return fs.ErrExist
	}
	return err
}

func (t *table) insert(ctx context.Context, name string, content []byte) (pgconn.CommandTag, error) {
	if content == nil {
		content = []byte{}
	}
	return t.pool.Exec(ctx, "INSERT INTO polyplan_objects (state, name, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", t.name, name, content)
}

func (t *table) Get(ctx context.Context, name string) (content []byte, err error) {
	err = again(ctx, func() error {
		return t.pool.QueryRow(ctx, "SELECT content FROM polyplan_objects WHERE state = $1 AND name = $2", t.name, name).Scan(&content)
	})
	if errors.Is(err, pgx.ErrNoRows) || missing(err) {
		return nil, fs.ErrNotExist
	}
	return content, err
}

func (t *table) List(ctx context.Context, prefix string) (out []state.Item, err error) {
	err = again(ctx, func() error {
		rows, err := t.pool.Query(ctx, "SELECT name, made FROM polyplan_objects WHERE state = $1 AND name >= $2 AND name < $3", t.name, prefix, after(prefix))
		if err == nil {
			out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[state.Item])
		}
		return err
	})
	if missing(err) {
		return nil, nil
	}
	return out, err
}

// after is the first name behind all that begin with prefix, which ends in a
// slash.
func after(prefix string) string { return strings.TrimSuffix(prefix, "/") + "0" }

func (t *table) Delete(ctx context.Context, names ...string) error {
	err := again(ctx, func() error {
		_, err := t.pool.Exec(ctx, "DELETE FROM polyplan_objects WHERE state = $1 AND name = ANY($2)", t.name, names)
		return err
	})
	if missing(err) {
		return nil
	}
	return err
}

func (t *table) Close() error {
	t.pool.Close()
	return nil
}

// again repeats what does no harm when it is done twice: a server that was
// restarted has ended every connection of the pool.
func again(ctx context.Context, do func() error) (err error) {
	for range maxConns + 1 {
		if err = do(); err == nil || ctx.Err() != nil || !ended(err) {
			return err
		}
	}
	return err
}

// ended says that the connection was lost, and nothing of the statement.
func ended(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return strings.HasPrefix(e.Code, "57P") || strings.HasPrefix(e.Code, "08")
	}
	var c *pgconn.ConnectError
	return !errors.Is(err, pgx.ErrNoRows) && !errors.As(err, &c)
}

// missing says that the table is not there yet.
func missing(err error) bool { return isCode(err, "42P01") }

func isCode(err error, codes ...string) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code == code {
			return true
		}
	}
	return false
}
