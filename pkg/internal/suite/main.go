// Command suite runs `go test` with the arguments given and shows what a person
// has to read: a line a package, all that a failed test said, the tests that were
// skipped and why. It fails when a test failed, and when one was skipped that
// does not call itself optional (see pkg/internal/trial).
//
//	go run ./pkg/internal/suite -race ./...
//	go run ./pkg/internal/suite -figures ./pkg/state
//
// With -figures it ends with a table of what was measured.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
)

func main() {
	args := os.Args[1:]
	figures := len(args) > 0 && args[0] == "-figures"
	if figures {
		args = args[1:]
	}
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json"}, args)...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := newReport(os.Stdout)
	readErr := r.read(pipe)
	waitErr := cmd.Wait()
	good := r.finish(figures)
	if readErr != nil {
		fmt.Fprintln(os.Stderr, "reading what go test says:", readErr)
	}
	if !good || readErr != nil || waitErr != nil {
		os.Exit(1)
	}
}
