package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/polyplan/polyplan/pkg/pgtest"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

var update = flag.Bool("update", false, "write what scripts compare with (cmp) into them; read the diff before committing it")

func TestMain(m *testing.M) {
	testscript.Main(tidyTests{pgtest.Main(m)}, map[string]func(){"polyplan": program})
}

// tidyTests are tests that fail when they leave goroutines behind.
type tidyTests struct{ pgtest.Tests }

func (m tidyTests) Run() int {
	code := m.Tests.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestScripts runs testdata/script/*.txtar, one topic each: the program in a
// process of its own against a sandbox in this one, over HTTP. Beside what
// testscript brings, scripts know the commands below; those of sandbox stand at
// world.sandbox. What the program writes has $WORK in place of the working
// directory, and http://sandbox in place of the sandbox's address.
//
// Whatever a script is about, it also fails when a secret of its environment is
// found in what the program said, in a file that it left or in the command line of
// a process; see canary.
func TestScripts(t *testing.T) {
	t.Cleanup(func() {
		t.Attr("figure", fmt.Sprintf("secrets found in output, files and command lines: %d scripts with %d secrets each\t%d\t0",
			searched.Load(), len(newCanaries()), found.Load()))
	})
	testscript.Run(t, params(nil))
}

// searched counts the scripts after which secrets were looked for, found the places
// where there was one.
var searched, found atomic.Int64

// params are how scripts run where every sandbox has these habits.
func params(habits []string) testscript.Params {
	return testscript.Params{
		Dir:                "../../testdata/script",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup:              func(e *testscript.Env) error { return setUp(e, habits) },
		Condition:          condition(habits),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"examples": examples,
			"exits":    exits,
			"json":     checkJSON,
			"imports":  imports,
			"files":    files,
			"follow":   follow,
			"lock":     lock,
			"postgres": postgres,
			"store":    store,
			"unlock":   unlock,
			"sandbox":  func(ts *testscript.TestScript, neg bool, args []string) { worldOf(ts).sandbox(ts, neg, args) },
			"serve":    func(ts *testscript.TestScript, neg bool, args []string) { worldOf(ts).serve(ts, neg, args) },
		},
	}
}

// setUp gives a script its world: secrets that nobody has seen before, the
// examples, and nothing of the machine's own variables.
func setUp(e *testscript.Env, habits []string) error {
	w := &world{work: e.WorkDir, canaries: newCanaries(), habits: habits}
	e.Values[worldKey{}] = w
	for _, c := range w.canaries {
		e.Setenv(c.name, c.value)
		if public, ok := c.recipient(); ok {
			e.Setenv(strings.Replace(c.name, "IDENTITY", "RECIPIENT", 1), public)
		}
	}
	e.Setenv("USER", "ada")
	e.Setenv("NO_PROXY", "127.0.0.1")
	if e.Getenv("GORACE") == "" {
		e.Setenv("GORACE", "atexit_sleep_ms=0") // else every process of a -race run sleeps for a second
	}
	examples, err := exampleDir()
	if err != nil {
		return err
	}
	e.Setenv("EXAMPLES", examples)
	e.Defer(func() {
		w.close()
		leaks, err := findLeaks(w.work, w.canaries)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			leaks = append(leaks, err.Error())
		}
		leaks = append(leaks, w.leaks.all()...)
		searched.Add(1)
		found.Add(int64(len(leaks)))
		if len(leaks) > 0 {
			e.T().Log("a secret got out: ", leaks)
			e.T().(interface{ Fail() }).Fail()
		}
	})
	return nil
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// exits runs a program and wants exactly this exit code:
//
//	exits 3 polyplan apply -y
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// condition knows [root], under which the system forbids nothing, [postgres], and
// [habit:NAME] or [habit:NAME=VALUE], which holds where all sandboxes have that habit.
func condition(habits []string) func(string) (bool, error) {
	return func(word string) (bool, error) {
		if word, ok := strings.CutPrefix(word, "habit:"); ok {
			known := slices.ContainsFunc(sandbox.Habits(), func(h sandbox.Habit) bool { return h.Name == word })
			if !known && new(sandbox.Switches).Turn(word) != nil {
				return false, fmt.Errorf("unknown habit %q", word)
			}
			return slices.ContainsFunc(habits, func(h string) bool { return h == word || known && strings.HasPrefix(h, word+"=") }), nil
		}
		switch word {
		case "root":
			return os.Geteuid() == 0, nil
		case "postgres":
			return pgtest.Installed(), nil
		}
		return false, fmt.Errorf("unknown condition %q", word)
	}
}

// usageOf ends a script that calls a command wrongly.
func usageOf(ts *testscript.TestScript, format string, args ...any) {
	ts.Fatalf("usage: %s", fmt.Sprintf(format, args...))
}
