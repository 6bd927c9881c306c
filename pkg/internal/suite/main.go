// Command suite runs `go test` with the arguments given and shows what a person
// has to read: a line a package, all that a failed test said, the tests that were
// skipped and why. It fails when a test failed, and when one was skipped that
// does not call itself optional (see pkg/internal/trial).
//
//	go run ./pkg/internal/suite -race -timeout=30m ./...
//	go run ./pkg/internal/suite -figures ./pkg/state
//
// With -race, tests of hundreds of cases try a few of them, and are then run again
// without the race detector, whole: one that is not fails as well. A flag's value
// has to follow an equals sign.
//
// With -figures it ends with a table of what was measured. Tests of times are put off
// until all others are done, and then run one after the other.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

func main() {
	args := os.Args[1:]
	figures := len(args) > 0 && args[0] == "-figures"
	if figures {
		args = args[1:]
	}
	for _, a := range args {
		if !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "./") {
			fmt.Fprintf(os.Stderr, "suite: what is %q? Write packages as ./..., and the value of a flag after an equals sign\n", a)
			os.Exit(2)
		}
	}
	r := newReport(os.Stdout)
	var errs []error
	var first []string // what tests find in the environment that are run again
	if slices.Contains(args, "-race") {
		first = append(first, trial.AgainVar+"=1")
	}
	if figures {
		first = append(first, trial.AloneVar+"=1")
	}
	errs = append(errs, run(r, args, first...))
	if names, packages := r.owe(); len(names) > 0 {
		again := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "-race" || !strings.HasPrefix(a, "-") })
		again = append(again, "-run=^("+strings.Join(names, "|")+")$")
		if figures {
			again = append(again, "-p=1")
		}
		errs = append(errs, run(r, append(again, packages...)))
	}
	good := r.finish(figures)
	for _, err := range errs {
		good = good && err == nil
	}
	if !good {
		os.Exit(1)
	}
}

// run lets a report have what go test says.
func run(r *report, args []string, env ...string) error {
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json"}, args)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return err
	}
	err = r.read(pipe)
	if err != nil {
		fmt.Fprintln(os.Stderr, "reading what go test says:", err)
	}
	if ended := cmd.Wait(); ended != nil {
		return ended
	}
	return err
}
