package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

func TestArrange(t *testing.T) {
	for _, test := range []struct{ name, in, want, err string }{
		{"nothing", "", "polyplan help", ""},
		{"help of all", "--help", "polyplan help", ""},
		{"help alone", "help", "polyplan help", ""},
		{"help of a command", "help plan", "polyplan plan --help", ""},
		{"help of a command below", "help state mv", "polyplan state mv --help", ""},
		{"help of nothing", "help state mw", "", "unknown command state mw"},
		{"help flag", "state --help", "polyplan state --help", ""},
		{"short help flag", "plan -h", "polyplan plan -h", ""},
		{"version flag", "--version", "polyplan version", ""},
		{"short version flag", "-v --json", "polyplan version --json", ""},
		{"version flag of a command", "plan -v", "", "-v is not a flag of plan"},
		{"flags before the command", "--json plan", "polyplan plan --json", ""},
		{"flags before and after arguments", "fmt --check a.yaml -C dir", "polyplan fmt --check -C=dir -- a.yaml", ""},
		{"flags between commands", "state --json list", "polyplan state list --json", ""},
		{"value apart", "plan -f a.yaml --var x=1", "polyplan plan -f=a.yaml --var=x=1", ""},
		{"value within", "plan --var=x=1", "polyplan plan --var=x=1", ""},
		{"value that looks like a flag", "plan --var --json", "polyplan plan --var=--json", ""},
		{"empty value", "plan --state=", "polyplan plan --state=", ""},
		{"one dash is an argument", "fmt -", "polyplan fmt -- -", ""},
		{"one dash is a value", "plan -f -", "polyplan plan -f=-", ""},
		{"false", "apply --refresh=false", "polyplan apply --refresh=false", ""},
		{"the end of flags", "fmt -- --check", "polyplan fmt -- --check", ""},
		{"the end of commands", "state -- list", "", "lacks its command"},
		{"bundle", "apply -yf a.yaml", "polyplan apply -y -f=a.yaml", ""},
		{"bundle with a value in the middle", "apply -fy a.yaml", "", "unknown flag -fy"},
		{"two dashes are no bundle", "apply --yf a.yaml", "", "unknown flag --yf"},
		{"missing value", "plan --state", "", "lacks its value"},
		{"missing value of a bundle", "apply -yf", "", "lacks its value"},
		{"unknown command", "pla", "", "unknown command pla"},
		{"unknown flag", "plan --chdri x", "", "unknown flag --chdri"},
		{"flag of another command", "validate --prune", "", "--prune is not a flag of validate"},
		{"flag of another command, bundled", "plan -yf a.yaml", "", "-y is not a flag of plan"},
		{"command missing", "state", "", "`polyplan state` lacks its command"},
		{"command missing, with a flag", "state --json", "", "--json is not a flag of state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := arrange(newApp(newTestEnv(t).Env), strings.Fields(test.in))
			switch {
			case test.err == "" && err != nil:
				t.Fatalf("arrange(%q): %v", test.in, err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Fatalf("arrange(%q): %v, want %q", test.in, err, test.err)
			}
			if d := cmp.Diff(test.want, strings.Join(got, " ")); d != "" {
				t.Errorf("arrange(%q) (-want +got):\n%s", test.in, d)
			}
		})
	}
}

// A proposal is for the command that was meant.
func TestNearestFlag(t *testing.T) {
	for _, test := range []struct{ in, fix string }{
		{"plan --detailed-exitcod", "did you mean --detailed-exitcode?"},
		{"plan --traget x", "did you mean --target?"},
		{"fmt --chek", "did you mean --check?"},
		{"appyl", "did you mean apply?"},
		{"state mw", "did you mean state mv?"},
		{"plan --nothing-like-it", "`polyplan COMMAND --help`"},
	} {
		r := newTestEnv(t).run(strings.Fields(test.in)...)
		if r.code != exitError {
			t.Errorf("%s: exit code %d, want %d", test.in, r.code, exitError)
		}
		wants(t, test.in, r.err, "fix: ", test.fix)
	}
}

// Words that are typed may steer a terminal.
func TestUnknownWordsAreHarmless(t *testing.T) {
	for _, word := range []string{"\x1b[31mplan", "--\x1b[31mjson"} {
		if r := newTestEnv(t).run(word); strings.Contains(r.err, "\x1b") {
			t.Errorf("%q is shown as it is: %q", word, r.err)
		}
	}
}

// walk calls f for every command, with its path.
func walk(list []*cli.Command, path []string, f func(path []string, c *cli.Command)) {
	for _, c := range list {
		at := append(append([]string{}, path...), c.Name)
		f(at, c)
		walk(c.Subcommands, at, f)
	}
}

func TestEveryCommandIsDescribed(t *testing.T) {
	e := newTestEnv(t)
	walk(commands(e.Env), nil, func(path []string, c *cli.Command) {
		name := strings.Join(path, " ")
		switch {
		case c.Usage == "":
			t.Errorf("%s has no usage", name)
		case strings.ToLower(c.Usage[:1]) != c.Usage[:1] && !strings.HasPrefix(c.Usage, "JSON"):
			t.Errorf("%s: the usage %q begins in upper case", name, c.Usage)
		case c.Description == "":
			t.Errorf("%s has no description", name)
		case c.Action == nil && len(c.Subcommands) == 0:
			t.Errorf("%s does nothing", name)
		}
		for _, f := range c.Flags {
			if usage := f.(cli.DocGenerationFlag).GetUsage(); usage == "" {
				t.Errorf("%s --%s has no usage", name, f.Names()[0])
			}
		}
		byHelp := e.must(exitDone, append([]string{"help"}, path...)...)
		if name == "help" {
			return
		}
		wants(t, "help "+name, byHelp, "Exit codes: 0 done, 1 error", c.Usage)
		if byFlag := e.must(exitDone, append(path, "--help")...); byFlag != byHelp {
			t.Errorf("%s --help and help %s differ", name, name)
		}
	})
	all := e.must(exitDone)
	for _, c := range commands(e.Env) {
		wants(t, "help", all, "   "+c.Name+" ")
	}
}

// Flags stand before or after everything, so a name must mean the same
// wherever it stands: the gate has to know whether a value follows.
func TestFlagsMeanTheSameEverywhere(t *testing.T) {
	type meaning struct{ arity, names, where string }
	seen := map[string]meaning{}
	walk(commands(newTestEnv(t).Env), nil, func(path []string, c *cli.Command) {
		own := map[string]bool{}
		for _, f := range c.Flags {
			_, isBool := f.(*cli.BoolFlag)
			m := meaning{"a value", strings.Join(f.Names(), " "), strings.Join(path, " ")}
			if isBool {
				m.arity = "no value"
			}
			for _, n := range f.Names() {
				if own[n] {
					t.Errorf("%s declares %s twice", m.where, dashed(n))
				}
				own[n] = true
				if first, ok := seen[n]; ok && (first.arity != m.arity || first.names != m.names) {
					t.Errorf("%s takes %s and is %q in %s, but takes %s and is %q in %s", dashed(n), first.arity, first.names, first.where, m.arity, m.names, m.where)
				}
				seen[n] = m
			}
		}
	})
	for _, reserved := range []string{"help", "h", "version", "v"} {
		if m, ok := seen[reserved]; ok {
			t.Errorf("%s declares %s, which belongs to the program", m.where, dashed(reserved))
		}
	}
}
