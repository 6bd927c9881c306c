package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

// store is the command of that name.
//
//	store s3                 starts a server of buckets and sets BUCKET to a place in one
//	store spoil NAME         damages an object there
//	store lock               leaves a lock there, as a run does that is killed
func store(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	switch {
	case !neg && len(args) == 1 && args[0] == "s3":
		backend := s3mem.New()
		ts.Check(backend.CreateBucket("states"))
		server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
		ts.Defer(server.Close)
		w.bucket = server.URL + "/states/team/"
		ts.Setenv("BUCKET", "s3://states/team?endpoint="+url.QueryEscape(server.URL))
		ts.Setenv("AWS_ACCESS_KEY_ID", "made-up")
		ts.Setenv("AWS_SECRET_ACCESS_KEY", w.secret("ACME_CLIENT_SECRET"))
	case !neg && len(args) == 2 && args[0] == "spoil":
		w.putObject(ts, args[1], "")
	case !neg && len(args) == 1 && args[0] == "lock":
		w.putObject(ts, "lock/000000900000", `{"format_version":1,"id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8","lease_seconds":60,`+
			`"holder":{"who":"grace","host":"build-3","pid":71,"command":"polyplan apply"}}`)
	default:
		usageOf(ts, "store s3 | store spoil NAME | store lock")
	}
}

// putObject writes into the bucket behind the program's back.
func (w *world) putObject(ts *testscript.TestScript, name, content string) {
	req, err := http.NewRequest(http.MethodPut, w.bucket+name, strings.NewReader(content))
	ts.Check(err)
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(res.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("writing %s: %s", name, res.Status)
	}
}
