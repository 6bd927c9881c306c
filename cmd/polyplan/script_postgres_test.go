package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polyplan/polyplan/pkg/pgtest"
)

// postgres is the command of that name. Scripts that use it begin with
// [!postgres] skip 'PostgreSQL is not installed'.
//
//	postgres FILE    runs the statements of the file in the script's database
//
// The first one makes the database, and sets PG_HOST, PG_PORT, PG_DATABASE and PG_USER
// so that the password in PG_PASSWORD opens it, and PG_URL to all of that.
func postgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		usageOf(ts, "postgres FILE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w := worldOf(ts)
	fresh := w.database == ""
	if fresh {
		var err error
		w.database, err = pgtest.New()
		ts.Check(err)
	}
	db, err := pgx.Connect(ctx, w.database)
	ts.Check(err)
	defer db.Close(ctx)
	if fresh {
		at, err := url.Parse(w.database)
		ts.Check(err)
		name := strings.TrimPrefix(at.Path, "/")
		// A user of the database's name, so that the scripts' do not meet.
		_, err = db.Exec(ctx, "CREATE ROLE "+name+" SUPERUSER LOGIN PASSWORD '"+strings.ReplaceAll(w.secret("PG_PASSWORD"), "'", "''")+"'")
		ts.Check(err)
		ts.Setenv("PG_HOST", at.Hostname())
		ts.Setenv("PG_PORT", at.Port())
		ts.Setenv("PG_DATABASE", name)
		ts.Setenv("PG_USER", name)
		at.User = url.UserPassword(name, w.secret("PG_PASSWORD"))
		ts.Setenv("PG_URL", at.String())
	}
	_, err = db.Exec(ctx, ts.ReadFile(args[0]))
	ts.Check(err)
}
