package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state"
)

// sandboxVar holds the address of a script's sandbox, even while the script
// points the program somewhere else.
const sandboxVar = "SANDBOX_URL"

// world is what a script has beside its files.
type world struct {
	work     string
	canaries []canary
	habits   []string // of every sandbox
	leaks    leaks
	server   *sandbox.Server
	http     *httptest.Server
	echo     atomic.Bool
	hook     *hook
	served   *served
	kept     map[string]string // files keep
	at       map[string]string // where the sandbox of a data file was
	lock     state.Lock
	database string // URL of postgres
	place    *place // of store
}

func (w *world) close() {
	if w.served != nil {
		_ = w.served.cmd.Process.Kill()
		_ = w.served.cmd.Wait()
	}
	w.stop()
	if w.hook != nil {
		w.hook.Close()
	}
}

func (w *world) stop() {
	if w.http == nil {
		return
	}
	_ = w.server.Close() // lets requests go that a fault holds
	w.http.Close()
	w.http = nil
}

func (w *world) secret(name string) string {
	i := slices.IndexFunc(w.canaries, func(c canary) bool { return c.name == name })
	return w.canaries[i].value
}

// sandbox is the command of that name:
//
//	sandbox start [-oauth HOW] [-data FILE] [-catalog FILE] [-pace DURATION] [-rate N] [-habit NAME[=VALUE]]...
//	        starts one with the script's keys and points the program at it
//	sandbox stop
//	sandbox count KIND N            wants N objects of the kind
//	sandbox object KIND NAME        writes what is stored to stdout, unless it is secret
//	sandbox edit KIND NAME JSON     changes an object as somebody in the app would
//	sandbox remove KIND NAME        deletes one, asking nobody
//	sandbox authorise NAME          as a person would behind the link; revoke NAME takes it back
//	sandbox fault [-nth N] [-times N] [-status S] [-after] [-retry-after S] DO [METHOD [PATH]]
//	sandbox faults N                wants N faults not to have run out
//	sandbox interrupt [-nth N] METHOD PATH
//	        interrupts the program once while it waits for an answer
//	sandbox quit [-nth N] METHOD PATH
//	        has it die then, and tell what all its goroutines do
//	sandbox requests N              wants so many requests since the last forget
//	sandbox requests N METHOD PATH  of these; * in the path is any segment
//	sandbox writes N                wants so many that were no GETs
//	sandbox at-most N               wants no more at one time
//	sandbox echo                    from now on refuses what changes something, and repeats all
//	                                that was sent, in every form that it knows
//	sandbox forget                  empties the log of requests
func (w *world) sandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		usageOf(ts, "sandbox WHAT [ARG...]")
	}
	what, args := args[0], args[1:]
	if what == "start" {
		w.start(ts, args)
		return
	}
	if w.http == nil {
		ts.Fatalf("there is no sandbox: sandbox start")
	}
	want := func(n int) {
		if len(args) != n {
			usageOf(ts, "sandbox %s takes %d arguments", what, n)
		}
	}
	equal := func(got int, of string, number string) {
		if n, err := strconv.Atoi(number); err != nil || got != n {
			ts.Fatalf("%s: got %d, want %s", of, got, number)
		}
	}
	switch what {
	case "stop":
		want(0)
		w.stop()
	case "count":
		want(2)
		equal(w.server.Count(args[0]), "objects of kind "+args[0], args[1])
	case "object":
		want(2)
		body, ok := w.server.Object(args[0], args[1])
		if !ok {
			ts.Fatalf("the sandbox has no %s %q", args[0], args[1])
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		ts.Check(enc.Encode(body))
		_, _ = io.WriteString(ts.Stdout(), w.reveal(text.String()))
	case "edit":
		want(3)
		var patch map[string]any
		ts.Check(json.Unmarshal([]byte(args[2]), &patch))
		ts.Check(w.server.Edit(args[0], args[1], patch))
	case "remove":
		want(2)
		ts.Check(w.server.Remove(args[0], args[1]))
	case "authorise":
		want(1)
		ts.Check(w.server.Authorize(args[0]))
	case "revoke":
		want(1)
		ts.Check(w.server.Revoke(args[0]))
	case "echo":
		want(0)
		w.echo.Store(true)
	case "fault":
		w.server.Fault(parseFault(ts, args, ""))
	case "faults":
		want(1)
		equal(w.server.FaultsLeft(), "faults left", args[0])
	case "interrupt":
		w.signal(ts, os.Interrupt, args)
	case "quit":
		w.signal(ts, syscall.SIGQUIT, args)
	case "requests":
		w.requests(ts, args, equal)
	case "writes":
		want(1)
		var sent []string
		for _, r := range w.server.Requests() {
			if r.Method != "GET" {
				sent = append(sent, r.Method+" "+r.Path)
			}
		}
		equal(len(sent), fmt.Sprintf("writes %q", sent), args[0])
	case "at-most":
		want(1)
		if n, err := strconv.Atoi(args[0]); err != nil || w.server.MaxInFlight() > n {
			ts.Fatalf("%d requests were on the way at one time", w.server.MaxInFlight())
		}
	case "forget":
		want(0)
		w.server.ResetRequests()
	default:
		usageOf(ts, "sandbox start|stop|count|object|edit|remove|authorise|revoke|fault|faults|interrupt|quit|requests|writes|at-most|forget")
	}
}

func (w *world) start(ts *testscript.TestScript, args []string) {
	w.stop()
	o := sandbox.Options{Pace: -1, JobPolls: -1, Keys: []sandbox.Key{
		{Value: w.secret("POLYTOMIC_API_KEY")},
		{Value: w.secret("OTHER_API_KEY"), Organization: "Other"},
		{Value: w.secret("READONLY_API_KEY"), ReadOnly: true},
		{Value: w.secret("PARTNER_API_KEY"), Organization: "Partner", Partner: true},
		{Value: w.secret("DEPLOYMENT_API_KEY"), Organization: "Operator", Deployment: true},
	}}
	var ids atomic.Int64
	o.NewID = func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids.Add(1)) }
	for _, word := range w.habits {
		ts.Check(o.Switches.Turn(word))
	}
	f := newFlags("sandbox start")
	f.StringVar(&o.OAuth, "oauth", sandbox.OAuthImmediate, "")
	f.StringVar(&o.Data, "data", "", "")
	f.DurationVar(&o.Pace, "pace", o.Pace, "")
	f.StringVar(&o.Catalog, "catalog", "", "")
	f.IntVar(&o.RateLimit, "rate", 0, "")
	f.Func("habit", "", o.Switches.Turn)
	ts.Check(f.Parse(args))
	if o.Data != "" {
		o.Data = ts.MkAbs(o.Data)
	}
	if o.Catalog != "" {
		o.Catalog = ts.MkAbs(o.Catalog)
	}
	var err error
	w.server, err = sandbox.New(o)
	ts.Check(err)
	w.echo.Store(false)
	w.http = httptest.NewUnstartedServer(w.watching(echoing(&w.echo, w.server)))
	if at := w.at[o.Data]; at != "" && o.Data != "" { // the same service as before
		w.http.Listener.Close()
		w.http.Listener, err = net.Listen("tcp", at)
		ts.Check(err)
	}
	w.http.Start()
	w.at = map[string]string{o.Data: w.http.Listener.Addr().String()}
	ts.Setenv("POLYTOMIC_DEPLOYMENT_URL", w.http.URL)
	ts.Setenv(sandboxVar, w.http.URL)
}

// reveal names the canaries in a stored object, so that a script can tell that
// the right secret arrived without having it in a file.
func (w *world) reveal(text string) string {
	for _, c := range w.canaries {
		var quoted strings.Builder
		enc := json.NewEncoder(&quoted)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(c.value) // a string always can be
		text = strings.ReplaceAll(text, strings.TrimSpace(quoted.String()), `"the value of `+c.name+`"`)
	}
	return text
}

func parseFault(ts *testscript.TestScript, args []string, do sandbox.Action) sandbox.Fault {
	fault := sandbox.Fault{Do: do}
	f := newFlags("sandbox fault")
	f.IntVar(&fault.Nth, "nth", 0, "")
	f.IntVar(&fault.Times, "times", 0, "")
	f.IntVar(&fault.Status, "status", 0, "")
	f.IntVar(&fault.RetryAfter, "retry-after", 0, "")
	f.BoolVar(&fault.After, "after", false, "")
	ts.Check(f.Parse(args))
	rest := f.Args()
	if do == "" {
		if len(rest) == 0 {
			usageOf(ts, "sandbox fault [FLAGS] DO [METHOD [PATH]]")
		}
		fault.Do, rest = sandbox.Action(rest[0]), rest[1:]
	}
	if len(rest) > 0 {
		fault.Method, rest = strings.TrimPrefix(rest[0], "*"), rest[1:]
	}
	if len(rest) > 0 {
		fault.Path = rest[0]
	}
	return fault
}

func (w *world) requests(ts *testscript.TestScript, args []string, equal func(int, string, string)) {
	if len(args) != 1 && len(args) != 3 {
		usageOf(ts, "sandbox requests N [METHOD PATH]")
	}
	var sent []string
	for _, r := range w.server.Requests() {
		if len(args) == 1 || r.Method == args[1] && matches(ts, args[2], r.Path) {
			sent = append(sent, r.Method+" "+r.Path)
		}
	}
	equal(len(sent), fmt.Sprintf("requests %q", sent), args[0])
}

// matches reports whether a path is the one of a pattern, in which * stands for
// one segment.
func matches(ts *testscript.TestScript, pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	ts.Check(err)
	return ok
}

func newFlags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

// exampleDir is where the examples of the repository are.
func exampleDir() (string, error) {
	dir, err := filepath.Abs("../../examples")
	if err != nil {
		return "", err
	}
	_, err = os.Stat(dir)
	return dir, err
}

// examples applies every file of examples, each in a world of its own, and
// wants nothing left to do.
func examples(ts *testscript.TestScript, neg bool, args []string) {
	eachExample(ts, neg, args, func(polyplan func(...string), f, state string) {
		polyplan("validate", "-f", f)
		polyplan("apply", "-y", "-f", f, "--state", state)
		polyplan("plan", "--detailed-exitcode", "-f", f, "--state", state)
		polyplan("drift", "--detailed-exitcode", "--state", state)
	})
}

// eachExample does the same with every file of examples in both versions of the
// API, each time in a world of its own. Organisations are for the key of a partner.
func eachExample(ts *testscript.TestScript, neg bool, args []string, do func(polyplan func(...string), file, state string)) {
	w := worldOf(ts)
	files, err := filepath.Glob(filepath.Join(ts.Getenv("EXAMPLES"), "*.yaml"))
	ts.Check(err)
	if neg || len(args) != 0 || len(files) == 0 {
		usageOf(ts, "it takes no arguments, and examples")
	}
	polyplan := func(words ...string) {
		if err := ts.Exec("polyplan", words...); err != nil {
			ts.Fatalf("polyplan %s: %v", strings.Join(words, " "), err)
		}
	}
	for _, version := range []string{sandbox.Version2024, sandbox.Version2025} {
		for _, f := range files {
			w.start(ts, nil)
			text, err := os.ReadFile(f)
			ts.Check(err)
			key, partner, organization := w.secret("POLYTOMIC_API_KEY"), "", ""
			switch {
			case bytes.Contains(text, []byte("\norganizations:")):
				key, partner = "", w.secret("PARTNER_API_KEY")
			case bytes.Contains(text, []byte("\nusers:")) && slices.Contains(w.habits, "partner-only"):
				key, partner, organization = "", w.secret("PARTNER_API_KEY"), sandbox.OrganizationID("Sandbox")
			}
			ts.Setenv("POLYPLAN_ORGANIZATION", organization)
			ts.Setenv("POLYTOMIC_API_KEY", key)
			ts.Setenv("POLYTOMIC_PARTNER_KEY", partner)
			ts.Setenv("POLYTOMIC_API_VERSION", version)
			do(polyplan, f, filepath.Base(f)+"."+version+".state.json")
		}
	}
}
