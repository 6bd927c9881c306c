package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diag"
)

// defaultURL is the service itself; other deployments have their own.
const defaultURL = "https://app.polytomic.com"

// options are the values of all flags; a command reads those that it declares.
type options struct {
	files        []string
	chdir        string
	state        string
	url          string
	apiVersion   string
	organization string
	sandbox      bool
	helpers      bool
	keyStdin     bool
	keyFile      string
	liveSources  bool // --sandbox looks into real databases
	vars         map[string]string
	varFiles     []string
	approve      bool
	input        bool
	prune        bool
	encryptTo    []string
	maxDeletes   string // "" for no limit
	limitedBy    string // how that was given: "--max-deletes 3"
	listMemory   string // MiB, "" for what is usual
	offline      bool
	online       bool
	updateLock   bool
	tryOut       bool // --test-connections
	targets      []string
	excludes     []string
	refresh      bool
	parallelism  int
	lockTimeout  time.Duration
	lock         bool
	oauthWait    time.Duration
	oauthSet     bool // --oauth-wait was given
	schemaWait   time.Duration
	open         bool
	detailed     bool
	format       string
	noColor      bool
	logLevel     string
	logFormat    string
}

// The flags, by what they are about; a command puts together those it needs.
func inputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "file", Aliases: []string{"f"}, Usage: "the manifest: a `PATH` of a file or a directory, - for standard input; may be repeated (default: polyplan.yaml) [$POLYPLAN_FILE]"},
		&cli.StringFlag{Name: "chdir", Aliases: []string{"C"}, Usage: "work in the directory `DIR`"},
		&cli.BoolFlag{Name: "sandbox", Usage: "run against the embedded sandbox: no key, no network [$POLYPLAN_SANDBOX=1]"},
		&cli.BoolFlag{Name: "live-sources", Usage: "with --sandbox: look into the databases of postgresql connections [$POLYPLAN_LIVE_SOURCES=1]"},
		&cli.StringSliceFlag{Name: "var", Usage: "a variable of the manifest, as `NAME=VALUE`; may be repeated [$POLYPLAN_VAR_NAME]"},
		&cli.StringSliceFlag{Name: "var-file", Usage: "a YAML `FILE` of variables; may be repeated"},
	}
}

// helperFlags are of the commands that can make use of secrets.
func helperFlags(byDefault bool) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "helpers", Value: byDefault, Usage: "run the commands of the manifest's secrets"},
	}
}

func stateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "state", Usage: "the state, a `PATH` or a URL: s3://, gs://, azblob://, postgres://, https:// (default: polyplan.state.json beside the manifest) [$POLYPLAN_STATE]"},
		&cli.StringSliceFlag{Name: "encrypt-to", Usage: "encrypt state and plan to this `RECIPIENT` of age, a public key or a file of them; may be repeated; none: keep them in clear [$POLYPLAN_ENCRYPT_TO]"},
	}
}

func lockFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "lock-timeout", Usage: "how long to wait for the state's lock, as a `DURATION`"},
		&cli.BoolFlag{Name: "lock", Value: true, Usage: "take the state's lock"},
	}
}

func serviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "url", Usage: "the deployment's `URL` (default: " + defaultURL + ") [$POLYTOMIC_DEPLOYMENT_URL]"},
		&cli.StringFlag{Name: "api-version", Usage: "the `VERSION` of the API, 2024-02-08 or 2025-09-18 (default: 2024-02-08) [$POLYTOMIC_API_VERSION]"},
		&cli.StringFlag{Name: "organization", Usage: "the `ID` of the organisation to act in: any with the key of a partner or of a deployment, else the key's own [$POLYPLAN_ORGANIZATION]"},
		&cli.BoolFlag{Name: "api-key-stdin", Usage: "read the API key from standard input"},
		&cli.StringFlag{Name: "api-key-file", Usage: "read the API key from `FILE` [$POLYTOMIC_API_KEY_FILE]"},
		&cli.IntFlag{Name: "parallelism", Value: 10, Usage: "the most requests at once, `N`"},
		&cli.StringFlag{Name: "list-memory", Usage: "refuse lists of the service that need more than `MIB` of memory together (default: 192) [$POLYPLAN_LIST_MEMORY]"},
		&cli.StringFlag{Name: "log-level", Usage: "log to standard error from `LEVEL` on: debug, info, warn, error"},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "the log's `FORMAT`: text or json"},
	}
}

func planFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "prune", Usage: "delete what left the manifest"},
		&cli.StringSliceFlag{Name: "target", Usage: "only this `ADDRESS` and what it depends on; may be repeated"},
		&cli.StringSliceFlag{Name: "exclude", Usage: "all but this `ADDRESS` and what depends on it; may be repeated"},
		&cli.BoolFlag{Name: "refresh", Value: true, Usage: "read live objects; --refresh=false compares with the state only"},
		&cli.BoolFlag{Name: "offline", Usage: "do not check the manifest against what lies behind its connections"},
		testFlag(),
	}
}

func testFlag() cli.Flag {
	return &cli.BoolFlag{Name: "test-connections", Usage: "have the service try out every connection with the manifest's settings"}
}

// guardFlags limit what a run may do.
func guardFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "max-deletes", Usage: "refuse a plan that deletes or replaces more than `N` objects [$POLYPLAN_MAX_DELETES]"},
	}
}

func approveFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "auto-approve", Aliases: []string{"y"}, Usage: "do not ask"},
		&cli.BoolFlag{Name: "input", Value: true, Usage: "ask where a terminal is; --input=false refuses instead"},
	}
}

func oauthFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "oauth-wait", Usage: "how long to wait for people to authorise connections, as a `DURATION`", DefaultText: "with a terminal 30m, else not at all"},
		&cli.BoolFlag{Name: "open", Usage: "open authorisation links in the browser"},
	}
}

func schemaWaitFlag() cli.Flag {
	return &cli.DurationFlag{Name: "schema-wait", Value: 10 * time.Minute, Usage: "how long to wait for the service to read the schemas of a bulk sync's source, as a `DURATION`"}
}

func outputFlags(formats string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Value: "text", Usage: "the `FORMAT` of the result: " + formats},
		&cli.BoolFlag{Name: "json", Usage: "the same as --format json"},
		&cli.BoolFlag{Name: "no-color", Usage: "no colours [$NO_COLOR]"},
	}
}

func with(groups ...[]cli.Flag) []cli.Flag {
	var out []cli.Flag
	for _, g := range groups {
		out = append(out, g...)
	}
	return out
}

// readOptions gathers the flags of a command and the variables behind them.
func readOptions(c *cli.Context, env *Env) (*options, error) {
	o := &options{
		files: c.StringSlice("file"), chdir: c.String("chdir"),
		state:   firstOf(c.String("state"), env.get("POLYPLAN_STATE")),
		url:     firstOf(c.String("url"), env.get("POLYTOMIC_DEPLOYMENT_URL"), defaultURL),
		sandbox: c.Bool("sandbox") || truth(env.get("POLYPLAN_SANDBOX")), helpers: c.Bool("helpers"),
		liveSources: c.Bool("live-sources") || truth(env.get("POLYPLAN_LIVE_SOURCES")), varFiles: c.StringSlice("var-file"),
		approve: c.Bool("auto-approve"), input: c.Bool("input"), prune: c.Bool("prune"), offline: c.Bool("offline"), online: c.Bool("online"),
		updateLock: c.Bool("update-lock"), tryOut: c.Bool("test-connections"),
		encryptTo:  c.StringSlice("encrypt-to"),
		maxDeletes: firstOf(c.String("max-deletes"), env.get("POLYPLAN_MAX_DELETES")),
		targets:    c.StringSlice("target"), excludes: c.StringSlice("exclude"), refresh: !c.IsSet("refresh") || c.Bool("refresh"),
		parallelism: c.Int("parallelism"), lockTimeout: c.Duration("lock-timeout"), lock: c.Bool("lock"),
		oauthWait: c.Duration("oauth-wait"), oauthSet: c.IsSet("oauth-wait"), open: c.Bool("open"), schemaWait: c.Duration("schema-wait"),
		detailed: c.Bool("detailed-exitcode"), format: c.String("format"),
		noColor:  c.Bool("no-color") || env.get("NO_COLOR") != "",
		logLevel: c.String("log-level"), logFormat: c.String("log-format"),
		apiVersion:   firstOf(c.String("api-version"), env.get("POLYTOMIC_API_VERSION"), transport.Version2024),
		organization: firstOf(c.String("organization"), env.get("POLYPLAN_ORGANIZATION")),
		listMemory:   firstOf(c.String("list-memory"), env.get("POLYPLAN_LIST_MEMORY")),
		vars:         map[string]string{},
		keyStdin:     c.Bool("api-key-stdin"),
		keyFile:      c.String("api-key-file"),
	}
	if o.limitedBy = "--max-deletes " + o.maxDeletes; c.String("max-deletes") == "" {
		o.limitedBy = "POLYPLAN_MAX_DELETES=" + o.maxDeletes
	}
	switch lone := "is about the checks against live schemas"; {
	case c.Command.Name == "validate" && o.updateLock && !o.online:
		return nil, usage("--update-lock "+lone, "give --online as well, or leave it out")
	case c.Command.Name == "validate" && o.tryOut && !o.online:
		return nil, usage("--test-connections "+lone, "give --online as well, or leave it out")
	case o.offline && o.tryOut:
		return nil, usage("--test-connections "+lone, "leave --offline out, or this")
	}
	if c.IsSet("live-sources") && !o.sandbox && c.Command.Name != "serve" {
		return nil, usage("--live-sources is about the sandbox", "give --sandbox as well, or leave it out")
	}
	if c.Bool("json") {
		o.format = "json"
	}
	if len(o.encryptTo) == 0 {
		o.encryptTo = recipientsOf(env.get("POLYPLAN_ENCRYPT_TO"))
	}
	if len(o.files) == 0 {
		o.files = []string{env.manifest()}
	}
	for _, v := range c.StringSlice("var") {
		name, value, ok := strings.Cut(v, "=")
		switch {
		case name == "":
			return nil, usage("--var lacks the name of its variable", "write --var NAME=VALUE")
		case !ok:
			return nil, usage(fmt.Sprintf("--var %s lacks its value", diag.Visible(name)), fmt.Sprintf("write --var %s=VALUE", diag.Visible(name)))
		}
		o.vars[name] = value
	}
	return o, o.check()
}

func (o *options) check() error {
	if o.parallelism < 0 || o.parallelism > 100 {
		return usage("--parallelism takes a number from 1 to 100", "leave it at 10, or choose another")
	}
	if o.apiVersion != transport.Version2024 && o.apiVersion != transport.Version2025 {
		return usage(fmt.Sprintf("unknown API version %q", o.apiVersion),
			"polyplan speaks "+transport.Version2024+" and "+transport.Version2025)
	}
	if o.logLevel != "" && new(slog.Level).UnmarshalText([]byte(o.logLevel)) != nil {
		return usage(fmt.Sprintf("unknown level %q of the log", o.logLevel), "choose one of debug, info, warn, error for --log-level")
	}
	if o.logFormat != "" && o.logFormat != "text" && o.logFormat != "json" {
		return usage(fmt.Sprintf("unknown format %q of the log", o.logFormat), "choose text or json for --log-format")
	}
	if n, err := strconv.Atoi(o.maxDeletes); o.maxDeletes != "" && (err != nil || n < 0) {
		return usage(fmt.Sprintf("%s: that is no number of deletes", diag.Visible(o.limitedBy)), "write --max-deletes N; 0 allows none")
	}
	if n, err := strconv.Atoi(o.listMemory); o.listMemory != "" && (err != nil || n < 1 || n > 1<<20) {
		return usage(fmt.Sprintf("%q is no amount of memory for lists", o.listMemory), "write --list-memory or POLYPLAN_LIST_MEMORY in MiB: 1024")
	}
	if o.keyStdin && (o.keyFile != "" || slices.Contains(o.files, "-")) {
		return usage("standard input cannot give the API key, for another flag says otherwise", "of --api-key-stdin, --api-key-file and --file - give one")
	}
	if o.lockTimeout < 0 || o.oauthWait < 0 || o.schemaWait < 0 {
		return usage("a duration cannot be negative", "write a duration such as 30s or 10m")
	}
	return nil
}

// formatIn checks the format against those that a command has.
func (o *options) formatIn(formats ...string) error {
	for _, f := range formats {
		if o.format == f {
			return nil
		}
	}
	return usage(fmt.Sprintf("unknown format %q", o.format), "choose one of "+strings.Join(formats, ", "))
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func truth(s string) bool { return s != "" && s != "0" && !strings.EqualFold(s, "false") }
