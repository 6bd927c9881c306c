package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

func sandboxCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:        "sandbox",
		Usage:       "a local server that speaks the Polytomic API",
		Description: "A sandbox answers as the service does and moves no data. `--sandbox` on other commands starts one of their own.",
		Subcommands: []*cli.Command{{
			Name:  "serve",
			Usage: "serve the API until interrupted",
			Description: "Prints its URL as the first line of standard output and serves both versions of the API, for any client, until\n" +
				"it is interrupted; that is its ordinary end, with 0. What it is given lasts in the file --data, else until the end.\n\n" +
				"Any client may use it:\n\n" +
				"  polyplan sandbox serve --addr 127.0.0.1:8765 --data sandbox.data &\n" +
				"  export POLYTOMIC_DEPLOYMENT_URL=http://127.0.0.1:8765 POLYTOMIC_API_KEY=sandbox\n" +
				"  polyplan apply\n\n" +
				"It has no encryption and is meant for this machine alone; --allow-remote opens it to others. The data file holds\n" +
				"the secrets that were sent, in clear.\n\n" +
				"What nobody has documented it can do in more ways than one. --habit chooses another, to see whether a client\n" +
				"gets along with that, too:\n\n" + habitList(),
			Flags: with(chdirFlag(), []cli.Flag{
				&cli.StringFlag{Name: "addr", Value: "127.0.0.1:0", Usage: "listen on `HOST:PORT`; port 0 takes a free one"},
				&cli.BoolFlag{Name: "allow-remote", Usage: "allow an address that other machines can reach"},
				&cli.StringFlag{Name: "api-key", Value: "sandbox", Usage: "the `KEY` that clients have to send"},
				&cli.StringFlag{Name: "partner-key", Usage: "one more `KEY`, that of a partner: it manages organisations, and acts in any of them"},
				&cli.StringFlag{Name: "data", Usage: "keep objects in `FILE`"},
				&cli.StringFlag{Name: "catalog", Usage: "a JSON `FILE` of what the services behind connections hold, added to what is built in"},
				&cli.BoolFlag{Name: "live-sources", Usage: "look into the databases that postgresql connections lead to, on whatever hosts clients name; it only reads"},
				&cli.StringFlag{Name: "oauth", Value: sandbox.OAuthAuto, Usage: "how connections come to be authorised, `HOW`: auto, immediate, manual (a page with a button) or never"},
				&cli.StringSliceFlag{Name: "habit", Usage: "have one of the habits above, as `NAME[=VALUE]`; may be repeated"},
				&cli.DurationFlag{Name: "latency", Usage: "let a `DURATION` pass before every request"},
				&cli.IntFlag{Name: "rate-limit", Usage: "answer 429 beyond `N` requests a second; 0 sets no limit"},
				&cli.DurationFlag{Name: "pace", Value: 2 * time.Second, Usage: "how long work in the background takes, as a `DURATION`"},
				&cli.StringFlag{Name: "base-url", Usage: "the `URL` at which browsers reach it (default: as they asked for it)"},
				&cli.BoolFlag{Name: "control", Usage: "open the control API under /sandbox/, which orders faults and shows what was stored, to all who can reach it"},
				&cli.BoolFlag{Name: "keep-bodies", Usage: "keep the bodies of requests, secrets included, for the control API"},
			}),
			Action: action(env, runSandboxServe),
		}},
	}
}

// habitList has a line for each habit of the sandbox.
func habitList() string {
	habits := sandbox.Habits()
	var names []string
	width := 0
	for _, h := range habits {
		name := h.Name
		switch {
		case len(h.Values) > 0:
			name += "=" + strings.Join(h.Values, "|")
		case h.Try[0] != "":
			name += "=VALUE"
		}
		names, width = append(names, name), max(width, len(name))
	}
	var b strings.Builder
	for i, h := range habits {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, names[i], h.Doc)
	}
	return strings.TrimRight(b.String(), "\n")
}

// graceful is how long requests may take to finish after an interrupt.
const graceful = 5 * time.Second

func runSandboxServe(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	addr, err := s.listenAddress(c.String("addr"), c.Bool("allow-remote"))
	if err != nil {
		return err
	}
	o := sandbox.Options{APIKey: c.String("api-key"), OAuth: c.String("oauth"), Latency: c.Duration("latency"),
		RateLimit: c.Int("rate-limit"), Pace: c.Duration("pace"), BaseURL: c.String("base-url"),
		LiveSources: c.Bool("live-sources"), Control: c.Bool("control"), KeepBodies: c.Bool("keep-bodies")}
	if o.Pace == 0 {
		o.Pace = -1 // 0 is what the options take for silence
	}
	if err := checkServe(o); err != nil {
		return err
	}
	for _, word := range c.StringSlice("habit") {
		if err := o.Switches.Turn(word); err != nil {
			return usage(err.Error(), "polyplan sandbox serve --help lists the habits")
		}
	}
	if key := c.String("partner-key"); key != "" {
		o.Keys = append(o.Keys, sandbox.Key{Value: key, Partner: true})
	}
	if f := c.String("data"); f != "" {
		o.Data = s.path(f)
	}
	if f := c.String("catalog"); f != "" {
		o.Catalog = s.path(f)
	}
	handler, err := sandbox.New(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		_ = handler.Close()
		return &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("cannot listen on %s", diag.Visible(addr)), Why: reason(err),
			Fix: "choose another --addr; port 0 takes a free one"}, Err: err}
	}
	return s.serve(listener, handler)
}

// serve serves until the session is stopped, and closes everything in order.
func (s *session) serve(l net.Listener, handler *sandbox.Server) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	url := "http://" + l.Addr().String()
	if _, err := fmt.Fprintln(s.env.Stdout, url); err != nil {
		_ = server.Close()
		_ = handler.Close()
		return outcome(s.env.Stdout, exitDone, err)
	}
	s.note("the sandbox serves %s until it is interrupted", url)
	var served error
	select {
	case served = <-failed:
	case <-s.stop.Done():
		ctx, cancel := context.WithTimeout(s.ctx, graceful)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close() // they had their time
		}
	}
	if errors.Is(served, http.ErrServerClosed) {
		served = nil
	}
	if served != nil {
		served = fmt.Errorf("serving the sandbox: %w", served)
	}
	return errors.Join(served, handler.Close())
}

func checkServe(o sandbox.Options) error {
	switch o.OAuth {
	case sandbox.OAuthAuto, sandbox.OAuthImmediate, sandbox.OAuthManual, sandbox.OAuthNever:
	default:
		return usage(fmt.Sprintf("unknown way to authorise %q", o.OAuth), "choose one of auto, immediate, manual, never for --oauth")
	}
	switch {
	case o.APIKey == "":
		return usage("the API key of the sandbox is empty", "give --api-key a value; clients have to send it")
	case o.Latency < 0 || o.RateLimit < 0:
		return usage("--latency and --rate-limit cannot be negative", "leave them out, or write for example --latency 200ms --rate-limit 5")
	}
	return nil
}

// listenAddress checks that only this machine can reach the address, unless
// that is not asked for.
func (s *session) listenAddress(addr string, remote bool) (string, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return "", &problem{Diagnostic: diag.Diagnostic{What: fmt.Sprintf("%q is no address to listen on", diag.Visible(addr)), Why: reason(err),
			Fix: "write HOST:PORT, as in 127.0.0.1:8765"}, Err: err}
	}
	switch {
	case tcp.IP != nil && tcp.IP.IsLoopback():
	case !remote:
		return "", usage(fmt.Sprintf("other machines could reach %s", diag.Visible(addr)),
			"listen on 127.0.0.1, or give --allow-remote if that is wanted: the sandbox has no encryption")
	default:
		s.note("warning: other machines can reach the sandbox at %s, and it has no encryption", addr)
	}
	return tcp.String(), nil
}

// reason is the innermost cause of a network error, without the addresses that
// the words around it say already.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
