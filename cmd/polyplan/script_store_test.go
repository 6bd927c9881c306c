package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polyplan/polyplan/pkg/state/placetest"
)

// store is the command of that name.
//
//	store s3                 starts a server of buckets and sets PLACE to the address of a state in one
//	store http|gitlab        starts a server of Terraform's HTTP backend protocol and sets PLACE to that of a state on it
//	store lock               leaves a lock there, as a run does that is killed
//	store spoil [NAME]       damages what is there, in a bucket the object of that name
//	store refuse NAME        lets nothing more be written into the bucket, from the object of that name on
//	store accept             and again
func store(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	switch {
	case !neg && len(args) == 1 && w.place == nil && (args[0] == "s3" || args[0] == "http" || args[0] == "gitlab"):
		w.place = newPlace(ts, args[0])
	case !neg && len(args) == 1 && w.place != nil && args[0] == "lock":
		w.place.leave(ts)
	case !neg && len(args) <= 2 && w.place != nil && args[0] == "spoil":
		w.place.spoil(ts, args[1:])
	case !neg && len(args) == 2 && w.place != nil && args[0] == "refuse":
		w.place.refuse(args[1])
	case !neg && len(args) == 1 && w.place != nil && args[0] == "accept":
		w.place.refuse("")
	default:
		usageOf(ts, "store s3|http|gitlab, once, then store lock|spoil [NAME]|refuse NAME|accept")
	}
}

// place is a server that keeps a state.
type place struct {
	bucket   string              // URL of what is kept in a bucket, or
	document *placetest.Document // the one that is kept

	mu      sync.Mutex
	refused string // an object from which on nothing can be written
	refuses bool
}

func newPlace(ts *testscript.TestScript, what string) *place {
	w, p := worldOf(ts), &place{}
	service := placetest.Bucket()
	if what != "s3" {
		p.document = &placetest.Document{GitLab: what == "gitlab", Password: w.secret("ACME_CLIENT_SECRET")}
		service = p.document
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if p.forbids(r) {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		service.ServeHTTP(rw, r)
	}))
	ts.Defer(server.Close)
	if p.document != nil {
		ts.Setenv("PLACE", server.URL+p.document.Path())
		ts.Setenv("TF_HTTP_USERNAME", placetest.User)
		ts.Setenv("TF_HTTP_PASSWORD", w.secret("ACME_CLIENT_SECRET"))
		return p
	}
	p.bucket = server.URL + "/states/team/"
	ts.Setenv("PLACE", "s3://states/team?endpoint="+url.QueryEscape(server.URL))
	ts.Setenv("AWS_ACCESS_KEY_ID", "made-up")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", w.secret("ACME_CLIENT_SECRET"))
	return p
}

func (p *place) refuse(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused, p.refuses = name, false
}

func (p *place) forbids(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method != http.MethodPut || p.refused == "" {
		return false
	}
	p.refuses = p.refuses || strings.HasSuffix(r.URL.Path, "/"+p.refused)
	return p.refuses
}

const leftLock = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

func (p *place) leave(ts *testscript.TestScript) {
	if p.document != nil {
		p.document.Leave(fmt.Sprintf(`{"ID":%q,"Operation":"polyplan apply","Who":"grace@build-3","Info":"pid 71","Created":"2026-01-02T03:04:05Z"}`, leftLock))
		return
	}
	p.put(ts, "lock/000000900000", fmt.Sprintf(`{"format_version":1,"id":%q,"lease_seconds":60,`+
		`"holder":{"who":"grace","host":"build-3","pid":71,"command":"polyplan apply"}}`, leftLock))
}

func (p *place) spoil(ts *testscript.TestScript, name []string) {
	switch {
	case p.document != nil && len(name) == 0:
		p.document.Put("{}")
	case p.document == nil && len(name) == 1:
		p.put(ts, name[0], "")
	default:
		usageOf(ts, "store spoil NAME of a bucket's, store spoil of a document")
	}
}

// put writes into the bucket behind the program's back.
func (p *place) put(ts *testscript.TestScript, name, content string) {
	req, err := http.NewRequest(http.MethodPut, p.bucket+name, strings.NewReader(content))
	ts.Check(err)
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(res.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("writing %s: %s", name, res.Status)
	}
}

// follow runs a command that an error told, as a shell does:
//
//	follow 0 stderr polyplan state push    wants exit code 0 of that which begins with these words
func follow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		usageOf(ts, "follow CODE FILE WORD...")
	}
	words := regexp.QuoteMeta(strings.Join(args[2:], " "))
	told := regexp.MustCompile(words + `(?:'[^']*'|[^;,'\n])*`).FindString(ts.ReadFile(args[1]))
	if told == "" {
		ts.Fatalf("%s tells no such command", args[1])
	}
	exits(ts, false, []string{args[0], "sh", "-c", strings.ReplaceAll(told, "$WORK", worldOf(ts).work)})
}
